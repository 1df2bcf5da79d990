"""Who may appoint: nobody alone makes them fewer than two where there were two.

Every way by which an account loses rights asks here: the console, the machine of the centre, the provider's claims. With
fewer than two no office could be given or taken in the console any more, and the machine would do it by one person.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.core.permissions import APPOINTING, Grant, Hierarchy
from markaz.kit.ids import plain_id

TWO = 2
Appointers = Mapping[UUID, Sequence[int]]


async def lock_appointers(connection: Connection) -> None:
    """Let one act at a time end rights, until it ends: two who end each other's at once would both count both.

    It comes before any lock of an account, always.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('accounts.appointers', 119))")


async def appointers(connection: Connection) -> dict[UUID, list[int]]:
    """Return the people who may appoint, each with the territories at whose top they may."""
    found: dict[UUID, list[int]] = {}
    rows = await connection.fetch(
        "SELECT g.account_id, g.territory_id FROM grants g JOIN accounts a ON a.id = g.account_id "
        "WHERE a.is_active AND a.kind = 'person' AND g.role = ANY($1::text[])",
        [role.value for role in sorted(APPOINTING)],
    )
    for row in rows:
        found.setdefault(plain_id(row["account_id"]), []).append(row["territory_id"])
    return found


async def needed_of(
    connection: Connection, account_id: UUID, held: Iterable[Grant], wanted: Iterable[Grant], territories: Hierarchy
) -> tuple[Grant, ...]:
    """Return which grants of `held` that are not `wanted` no one person may end: with them two could appoint, without one.

    Call lock_appointers first. A place where only one could appoint before is no hindrance: so a centre is set up.
    """
    stated = tuple(wanted)
    going = [grant for grant in held if grant not in stated and grant.role in APPOINTING]
    if not going:
        return ()
    others = await appointers(connection)
    if others.pop(account_id, None) is None:
        return ()  # a service or a closed account, which is none of the two
    needed: list[Grant] = []
    for at, grant in enumerate(going):
        rest = [one for one in (*stated, *needed, *going[at + 1 :]) if one.role in APPOINTING]
        if _is_needed(grant, rest, others, territories):
            needed.append(grant)
    return tuple(needed)


def able(found: Appointers, territory_id: int, territories: Hierarchy, but: UUID | None = None) -> int:
    """Return how many people other than `but` can appoint in a territory."""
    return sum(
        any(territory_id in territories.subtree(root) for root in roots)
        for account_id, roots in found.items()
        if account_id != but
    )


def _is_needed(grant: Grant, rest: Sequence[Grant], others: Appointers, territories: Hierarchy) -> bool:
    """Say whether without `grant`, with the `rest` of its holder, one person alone could appoint where two could.

    Who can appoint changes only at the top of what somebody has, so those places tell for all between them.
    """
    below = territories.subtree(grant.territory_id)
    places = {grant.territory_id, *(root for roots in others.values() for root in roots if root in below)}
    left = {place for place in places if not any(place in territories.subtree(one.territory_id) for one in rest)}
    return any(able(others, place, territories) == TWO - 1 for place in left)
