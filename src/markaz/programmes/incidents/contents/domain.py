"""The rules of what an incident holds. Pure: values in, values or refusals out; no clock, database or network."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from markaz.core.errors import InvalidInput, NotPossibleNow
from markaz.core.permissions import ROLE_PERMISSIONS, Permission, Role

# More than any incident that was ever entered by hand; a list that long is another system's and comes by import.
PARTIES_MAX = 50
VEHICLES_MAX = 50
ATTACHMENTS_MAX = 20
LINKS_MAX = 50
MOVES_MAX = 50  # of one call or other part, so that whoever asks who looked is told of a bounded number of incidents


def check_room(count: int, most: int, what: str) -> None:
    """Raise NotPossibleNow when an incident holds as many as it may."""
    if count >= most:
        raise NotPossibleNow(f"This incident holds {most} {what} already: that is the most.")


def check_party(is_unknown: bool, sealed: Mapping[str, str]) -> None:
    """Raise InvalidInput when a party is neither said to be unknown nor described by anything, or is both known and not."""
    if not is_unknown and not sealed:
        raise InvalidInput("Say who this is, or that it is not known.", field="is_unknown")
    if is_unknown and "name" in sealed:
        raise InvalidInput("A person with a name is not unknown.", field="is_unknown")


def check_merge(one: Any, into: Any) -> None:
    """Raise NotPossibleNow, saying what to do instead, unless the incident `one` can be merged into `into`.

    Both are rows with number, status, merged_into_number.
    """
    if one["merged_into_number"] is not None:
        raise NotPossibleNow(f"Incident {one['number']} was merged into {one['merged_into_number']} already.")
    if into["merged_into_number"] is not None:
        raise NotPossibleNow(
            f"Incident {into['number']} was itself merged into {into['merged_into_number']}: merge into that one."
        )
    for row in (one, into):
        if row["status"] != "open":
            raise NotPossibleNow(f"Incident {row['number']} is closed: link them as duplicates, or reopen it first.")


def check_moves(most_moved: int) -> None:
    """Raise NotPossibleNow when a part of an incident was moved more often than it may."""
    if most_moved > MOVES_MAX:
        raise NotPossibleNow(
            f"A part of this incident was moved between incidents {MOVES_MAX} times already: link them instead."
        )


def check_split(chosen: Mapping[str, Collection[UUID]]) -> None:
    """Raise InvalidInput when nothing is chosen: that would be a new call, not a part of this one."""
    if not any(chosen.values()):
        raise InvalidInput("Choose what belongs to the other incident.", field="calls")


def territory_without(
    path: Iterable[int],
    post: int,
    named: Collection[UUID],
    grants: Iterable[tuple[UUID, str, int]],
    scopes: Mapping[int, frozenset[int]],
) -> int:
    """Return the lowest territory above `post` whose desk can take an incident that is closed to the post and `named`.

    `path` leads from the top down to the post; `grants` are (account, role, territory) of active people and `scopes`
    what lies below each territory. Nobody of `named` may see the incident there, and somebody else must be able to work
    on it. Raises NotPossibleNow when there is no such territory: then only another centre can take it.
    """
    above = list(path)
    above = above[: above.index(post)]
    people = [(account, role, territory) for account, role, territory in grants if role in set(Role)]
    for candidate in reversed(above):
        here = [
            (account, Role(role))
            for account, role, territory in people
            if candidate in scopes.get(territory, frozenset())
        ]
        seen_by = {account for account, role in here if Permission.INCIDENT_READ in ROLE_PERMISSIONS[role]}
        worked_by = {account for account, role in here if Permission.INCIDENT_DISPATCH in ROLE_PERMISSIONS[role]}
        if not seen_by & set(named) and worked_by:
            return candidate
    raise NotPossibleNow(
        "There is no post above this one that could take the incident without those who are shut out: call the centre above."
    )
