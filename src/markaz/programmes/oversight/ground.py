"""What the rooms of oversight stand on: the spine, the words for its days, and what other programmes give them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from markaz.contracts.reviews import LookedAt, Purposes, Roots
from markaz.contracts.rights import PersonRecords
from markaz.core.acts import Act, Acts, Request, officer_event
from markaz.core.db.pool import Database
from markaz.core.events import SYSTEM_ACTOR_ID, Event
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor
from markaz.core.sealing import Sealer
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import Clock

CENTRE = Request(Actor(SYSTEM_ACTOR_ID, "centre", "Centre", True, (), 1), "oversight")  # who draws and ends by itself

# Every way of learning something of a person. Reviews themselves are entries too, and not looks.
LOOKS = tuple(
    kind.value
    for kind in (EntryKind.LOOK_UP, EntryKind.VIEW, EntryKind.DISCLOSURE, EntryKind.EXPORT, EntryKind.BREAK_GLASS)
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What oversight stands on. `territories` returns the tree as it is now; `zone` says when a day begins."""

    database: Database
    acts: Acts
    sealer: Sealer
    clock: Clock
    territories: Callable[[], TerritoryTree]
    zone: ZoneInfo
    looked_at: LookedAt
    persons: PersonRecords
    purposes: Purposes
    roots: Roots

    def top(self) -> int:
        """Return the territory at the top, to which belongs what belongs to no other."""
        return int(self.territories().root_id or 0)


def event(act: Act, type_: str, aggregate_id: UUID, territory_id: int, payload: Mapping[str, object]) -> Event:
    """Return an event of this act, the centre's own or an officer's; `payload` holds ids, numbers and codes only."""
    told = officer_event(act, type_, aggregate_id, territory_id, payload)
    return replace(told, occurred_source="system") if act.actor.id == SYSTEM_ACTOR_ID else told
