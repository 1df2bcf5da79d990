"""How somebody stands to an incident: what makes it theirs, and what makes a look at it worth a second look.

An incident is somebody's own work while they own it, opened it or took a call of it in which something was said, dispatched
for it, are in the crew of a unit that works for it, or have taken an alarm of it; the first three a short while beyond its
closing. It decides nothing: core.access does.

A look is marked *edited before* when the last half hour holds an act of the viewer's own that may have served it:

1. they merged another incident into it or reopened it: always;
2. they changed what it is about: always, but for whoever took its first call, in the half hour from its opening. They are
   writing the call down then, and what they could aim by a change they could have aimed by opening it so;
3. they did anything else on it but add a note, took an alarm of it, or joined a crew that works for it: unless it was theirs
   without that, because they took its first call, a colleague or a handover made them its owner, or somebody else sent
   their unit to it.

*Its first call* is one from outside with a caller's number or another service's reference, opened by the viewer, and not
split off something. A kind of event that is new here falls under 3 until somebody says otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.access.model import RecordKind
from markaz.core.access.standing import Relation, Standing
from markaz.core.db.pool import Connection
from markaz.core.permissions import Actor, Hierarchy, Permission, territory_filter
from markaz.kit.clock import Clock
from markaz.programmes.incidents import standing_store as facts
from markaz.programmes.incidents.store import Record, incident

LOG_KIND = "incident"
WRAP_UP = timedelta(hours=1)  # to write down what is left, or to mend a closing
JUST_BEFORE = timedelta(minutes=30)  # as long as a purpose lives
MINE_SHOWN = 50

# What somebody does who works an incident. Adding a note is not among them: it must not open an incident by itself.
DISPATCHING = (
    IncidentEvent.UNIT_ASSIGNED,
    IncidentEvent.STAGE_REACHED,
    IncidentEvent.UNIT_WITHDRAWN,
    IncidentEvent.DISPATCH_DECIDED,
    IncidentEvent.HELD,
    IncidentEvent.RELEASED,
    IncidentEvent.BACKUP_ASKED,
    IncidentEvent.BACKUP_ENDED,
    IncidentEvent.REOPENED,
    IncidentEvent.ABSORBED,
)
# What changes what an incident is about. Whoever did that just before looking may have done it to look.
EDITS = (
    IncidentEvent.CHANGED,
    IncidentEvent.CALLER_ADDED,
    IncidentEvent.PARTY_ADDED,
    IncidentEvent.PARTY_CORRECTED,
    IncidentEvent.VEHICLE_ADDED,
    IncidentEvent.VEHICLE_CORRECTED,
)
# What brings in what somebody else wrote, of another incident or of one that was over.
DRAWS_IN = (IncidentEvent.ABSORBED, IncidentEvent.REOPENED)
# Ways in which a call reaches the centre from outside; the others are the word of whoever writes the incident.
INBOUND = frozenset({"phone", "emergency_112", "app", "button", "automatic", "walk_in"})
_WORDS = facts.Words(
    dispatching=[one.value for one in DISPATCHING],
    inbound=sorted(INBOUND),
    edits=[one.value for one in EDITS],
    draws_in=[one.value for one in DRAWS_IN],
    opens_nothing=[IncidentEvent.NOTE_ADDED.value],
    sending=IncidentEvent.UNIT_ASSIGNED.value,
    giving=IncidentEvent.OWNER_CHANGED.value,
)


async def standing_of(connection: Connection, actor: Actor, row: Record, now: datetime) -> Standing:
    """Return how this actor stands to an incident whose row was read in this transaction."""
    return (await standings_of(connection, actor, [row], now))[0]


async def standings_of(connection: Connection, actor: Actor, rows: Sequence[Record], now: datetime) -> list[Standing]:
    """Return the same of several incidents, in their order, by one query."""
    found = await facts.facts(connection, [row["id"] for row in rows], actor.id, now - JUST_BEFORE, _WORDS)
    return [_standing(row, found[row["id"]], actor, now) for row in rows]


def _standing(row: Record, found: Record, actor: Actor, now: datetime) -> Standing:
    is_open = row["status"] == "open"
    worked = [
        relation
        for relation, holds in (
            (Relation.OWNER, row["owner_id"] == actor.id),
            (Relation.OPENED, row["opened_by"] == actor.id or found["took_call"]),
            (Relation.DISPATCHER, found["dispatched"]),
        )
        if holds
    ]
    relations: list[Relation] = []
    if is_open:
        relations += worked
    elif worked and row["closed_at"] is not None and now < row["closed_at"] + WRAP_UP:
        relations.append(Relation.WRAP_UP)
    if is_open and found["is_crew"]:
        relations.append(Relation.CREW)
    if is_open and found["has_alarm"]:
        relations.append(Relation.ALARM)
    heard = row["channel"] in INBOUND and found["was_heard_of"]
    return Standing(
        kind=RecordKind.INCIDENT,
        log_kind=LOG_KIND,
        id=row["id"],
        territory_id=row["territory_id"],
        label=f"incident {row['number']}",
        reference=row["number"],
        is_open=is_open,
        recorded_at=row["received_at"],
        relations=() if found["is_shut_out"] else tuple(relations),
        is_shut_out=found["is_shut_out"],
        self_opened=row["opened_by"] == actor.id and row["source"] is None and not heard,
        edited_before=_edited_before(row, found, actor),
    )


def _edited_before(row: Record, found: Record, actor: Actor) -> bool:
    """Return whether an act of the viewer's own may have served this look: the rule of this module's docstring."""
    if found["drawn_in_lately"]:
        return True
    took_first_call = row["opened_by"] == actor.id and row["source"] is None and found["first_was_heard"]
    edited_at = found["edited_at"]
    if edited_at is not None and not (took_first_call and edited_at <= row["entered_at"] + JUST_BEFORE):
        return True
    is_by_others = found["was_sent"] or (row["owner_id"] == actor.id and found["was_given"])
    return bool(found["worked_lately"]) and not (took_first_call or is_by_others)


@dataclass(frozen=True, slots=True)
class IncidentStandings:
    """The incidents as core.access asks for them; what the actor may not see is not there."""

    territories: Callable[[], Hierarchy]
    clock: Clock

    async def by_id(self, connection: Connection, actor: Actor, incident_id: UUID) -> Standing | None:
        """Return an incident as this actor stands to it, None when they may not see it or are shut out of it."""
        row = await incident(connection, incident_id)
        if row is None or row["territory_id"] not in self._seen(actor):
            return None
        return next(iter(await self._shown(connection, actor, [row])), None)

    async def by_number(self, connection: Connection, actor: Actor, number: str) -> Sequence[Standing]:
        """Return the incidents of a number that this actor may see, the newest first."""
        return await self._shown(
            connection, actor, await facts.by_number(connection, number, sorted(self._seen(actor)))
        )

    async def mine(self, connection: Connection, actor: Actor) -> Sequence[Standing]:
        """Return open incidents this actor owns, opened, took a call of or crews, the newest first, at most 50."""
        rows = await facts.worked_on(connection, actor.id, sorted(self._seen(actor)), MINE_SHOWN)
        return [one for one in await self._shown(connection, actor, rows) if one.relations]

    async def _shown(self, connection: Connection, actor: Actor, rows: Sequence[Record]) -> list[Standing]:
        """Return how this actor stands to these incidents, without those they are shut out of."""
        found = await standings_of(connection, actor, rows, self.clock.now())
        return [one for one in found if not one.is_shut_out]

    def _seen(self, actor: Actor) -> frozenset[int]:
        return frozenset(territory_filter(actor, Permission.INCIDENT_READ, self.territories()))
