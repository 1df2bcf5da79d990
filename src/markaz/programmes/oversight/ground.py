"""What the rooms of oversight stand on: the spine, the words for its days, and what other programmes give them."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from markaz.contracts.reviews import LookedAt, Purposes, Roots
from markaz.contracts.rights import PersonRecords
from markaz.core.acts import Act, Acts, Request
from markaz.core.db.pool import Database
from markaz.core.events import SYSTEM_ACTOR_ID, Event
from markaz.core.permissions import Actor
from markaz.core.sealing import Sealer
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import Clock

CENTRE = Request(Actor(SYSTEM_ACTOR_ID, "centre", "Centre", True, (), 1), "oversight")  # who draws and ends by itself


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


def event(act: Act, type_: str, aggregate_id: UUID, territory_id: int, payload: dict[str, object]) -> Event:
    """Return an event of this act; `payload` holds ids, numbers and codes only."""
    return Event(
        type=type_,
        aggregate_id=aggregate_id,
        territory_id=territory_id,
        actor_id=act.actor.id,
        occurred_at=act.now,
        occurred_source="system" if act.actor.id == SYSTEM_ACTOR_ID else "officer",
        payload=payload,
        request_id=act.request.request_id,
    )
