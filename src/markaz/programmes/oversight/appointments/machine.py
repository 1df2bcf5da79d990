"""Where two people can give and take an office in the console, the command line of the machine does neither alone."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.core.errors import NotPossibleNow
from markaz.core.permissions import OFFICES, ROLE_PERMISSIONS, Grant, Permission, Role, office_beside_others
from markaz.core.territories import TerritoryTree
from markaz.programmes.oversight.appointments import store

APPOINTING = tuple(role for role in Role if Permission.APPOINTMENT_MAKE in ROLE_PERMISSIONS[role])
TWO = 2


async def check_may_take(
    connection: Connection, account_id: UUID, held: Sequence[Grant], territories: TerritoryTree
) -> None:
    """Raise NotPossibleNow when `held` has an office that two others could take away in the console.

    An office that is held beside another role ends here: such a centre does not start, so nobody could in the console.
    """
    if office_beside_others(grant.role for grant in held) is not None:
        return
    appointers = await _appointers(connection)
    for grant in held:
        if grant.role in OFFICES and two_can(appointers, grant.territory_id, territories, but=account_id):
            raise NotPossibleNow(
                f"This account holds the office {grant.role.value}: two people take it away, under Oversight, "
                "Appointments; then close the account. To shut it out at once give it a new password."
            )


async def check_may_give(connection: Connection, grants: Iterable[Grant], territories: TerritoryTree) -> None:
    """Raise NotPossibleNow for an office that somebody holds there and that two people can give in the console."""
    appointers = await _appointers(connection)
    for grant in grants:
        if grant.role not in OFFICES or not two_can(appointers, grant.territory_id, territories):
            continue
        if await store.holders(connection, [grant.role.value], [grant.territory_id]):
            raise NotPossibleNow(
                f"Somebody holds the office {grant.role.value} there: two people give it to another, under Oversight, "
                "Appointments. Make the account there, or here as observer."
            )


def two_can(
    appointers: Mapping[UUID, Sequence[int]], territory_id: int, territories: TerritoryTree, but: UUID | None = None
) -> bool:
    """Say whether two people other than `but` can appoint there; `appointers` says at the top of which territories."""
    able = [
        account_id
        for account_id, roots in appointers.items()
        if account_id != but and any(territory_id in territories.subtree(root) for root in roots)
    ]
    return len(able) >= TWO


async def _appointers(connection: Connection) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = {}
    for row in await store.appointers(connection, [role.value for role in APPOINTING]):
        found.setdefault(row["account_id"], []).append(row["territory_id"])
    return found
