"""What the command line of the machine does not do alone: give or take an office where two people can in the console, and
make those who may appoint fewer than two.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.core.errors import NotPossibleNow
from markaz.core.identity.appointers import TWO, able, appointers, needed_of
from markaz.core.live import NEEDED
from markaz.core.log.entry import roles_of
from markaz.core.permissions import OFFICES, Grant, office_beside_others
from markaz.core.stated import is_named
from markaz.core.territories import TerritoryTree
from markaz.programmes.oversight.appointments import store


async def check_may_take(
    connection: Connection, account_id: UUID, held: Sequence[Grant], territories: TerritoryTree
) -> None:
    """Raise NotPossibleNow for an office that two others could take away in the console, and for the last two who appoint.

    An office that is held beside another role ends here: such a centre does not start, so nobody could in the console.
    Call lock_appointers first.
    """
    if office_beside_others(grant.role for grant in held) is not None:
        return
    needed = await needed_of(connection, account_id, held, (), territories)
    if needed:
        raise NotPossibleNow(
            f"Only two people may appoint where this account holds {', '.join(roles_of(needed))}: first make or appoint "
            "another, or ask under Oversight, Appointments that it ends, to which its holder must agree. To shut it out "
            "at once give it a new password."
        )
    found = await appointers(connection)
    for grant in held:
        if grant.role in OFFICES and able(found, grant.territory_id, territories, but=account_id) >= TWO:
            raise NotPossibleNow(
                f"This account holds the office {grant.role.value}: two people take it away, under Oversight, "
                "Appointments; then close the account. To shut it out at once give it a new password."
            )


async def check_may_give(connection: Connection, grants: Iterable[Grant], territories: TerritoryTree) -> None:
    """Raise NotPossibleNow for an office that somebody holds there and that two people can give in the console."""
    found = await appointers(connection)
    for grant in grants:
        if grant.role not in OFFICES or able(found, grant.territory_id, territories) < TWO:
            continue
        holders = await store.holders(connection, [grant.role.value], [grant.territory_id])
        # A centre in which nobody is named for an office that it needs does not start: nobody could give it in the console.
        is_needed = grant.role in NEEDED and grant.territory_id == territories.root_id
        if any(not is_needed or is_named(row["login"], row["display_name"]) for row in holders):
            raise NotPossibleNow(
                f"Somebody holds the office {grant.role.value} there: two people give it to another, under Oversight, "
                "Appointments. Make the account there, or here as observer."
            )
