"""Who sits at a desk, and which incident each has open. In memory only: no event, no table, gone after a restart.

An account is present while it has a stream, and for a minute more; so a browser that died shows within that minute, and
a reload does not. It says nothing about how long anybody worked: nothing is kept.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.core.permissions import Actor, Hierarchy, Permission, scope
from markaz.programmes.incidents.picture import JSON

P = Permission
MOST_PRESENT = 5_000  # desks of a country; beyond it the longest unseen are dropped

Item = tuple[frozenset[int], JSON]  # the territories whose desks may know, and what


@dataclass(slots=True)
class _Seen:
    actor: Actor
    at: datetime
    incident_id: UUID | None = None
    territory_id: int | None = None


class Presence:
    """The desks that are there now. `territories` returns the tree as it is now."""

    def __init__(self, territories: Callable[[], Hierarchy], now: Callable[[], datetime], away_after_s: float) -> None:
        self._territories = territories
        self._now = now
        self.away_after = timedelta(seconds=away_after_s)
        self._seen: dict[UUID, _Seen] = {}
        self._unsent: list[Item] = []

    def beat(self, actor: Actor, incident_id: UUID | None, territory_id: int | None) -> None:
        """Note that an account is at its desk and has this incident open, or none; `territory_id` is where that lies now."""
        before = self._seen.get(actor.id)
        if before is None or (before.incident_id, before.territory_id) != (incident_id, territory_id):
            if before is not None:
                self._tell_open(before, is_open=False)
            elif len(self._seen) >= MOST_PRESENT:
                self._drop(min(self._seen, key=lambda one: self._seen[one].at))
            now = _Seen(actor, self._now(), incident_id, territory_id)
            self._seen[actor.id] = now
            if before is None:
                self._unsent.append((self._scope(actor), _item(actor.id, is_here=True)))
            self._tell_open(now, is_open=True)
        else:
            before.at, before.actor = self._now(), actor

    def look(self, streaming: Iterable[UUID]) -> list[Item]:
        """Keep those whose stream is open, let those go who are away, and return what changed since the last look."""
        now = self._now()
        for account_id in streaming:
            if account_id in self._seen:
                self._seen[account_id].at = now
        for account_id in [one for one, seen in self._seen.items() if now - seen.at > self.away_after]:
            self._drop(account_id)
        unsent, self._unsent = self._unsent, []
        return unsent

    def leave(self, account_id: UUID) -> None:
        """Let an account go at once: it signed out."""
        if account_id in self._seen:
            self._drop(account_id)

    async def view(self, _connection: Connection, actor: Actor) -> list[JSON]:
        """Return who is here and what they have open, as far as this actor may see: their part of the snapshot."""
        if not actor.roots(P.CREW_READ):
            return []
        mine = scope(actor.roots(P.CREW_READ), self._territories())
        items = []
        for account_id, seen in self._seen.items():
            if not mine.isdisjoint(self._scope(seen.actor)):
                is_seen = seen.incident_id is not None and seen.territory_id in mine
                items.append(_item(account_id, is_here=True, incident_id=seen.incident_id if is_seen else None))
        return items

    def _scope(self, actor: Actor) -> frozenset[int]:
        return scope(actor.roots(P.CREW_READ), self._territories())

    def _tell_open(self, seen: _Seen, *, is_open: bool) -> None:
        if seen.incident_id is not None and seen.territory_id is not None:
            item = _item(seen.actor.id, is_here=True, incident_id=seen.incident_id if is_open else None)
            self._unsent.append((frozenset({seen.territory_id}), item))

    def _drop(self, account_id: UUID) -> None:
        seen = self._seen.pop(account_id)
        self._unsent.append((self._scope(seen.actor), _item(account_id, is_here=False)))


def _item(account_id: UUID, *, is_here: bool, incident_id: UUID | None = None) -> JSON:
    return {
        "account_id": str(account_id),
        "here": is_here,
        "incident_id": None if incident_id is None else str(incident_id),
    }
