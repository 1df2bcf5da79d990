"""A duty desk in memory: the same rules, event types and effects as the real one, with ids and times that never vary.

It serves the property test of the stream and the shared vectors. That its events have the shapes of the real desk's is
tested against a database (tests/integration/test_stream_history.py).
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.contract.desk_state import OFFICER, Incident, Scopes, Sending, copied, index_of, within

from markaz.contracts.incidents import AlarmEvent, AlarmKind, AlarmLevel, IncidentEvent, SafeContact, Stage, UnitStatus
from markaz.core.events import Event, Recorded
from markaz.core.permissions import Permission
from markaz.kit.clock import iso
from markaz.programmes.incidents import domain
from markaz.programmes.incidents.alarms.store import alarm_view
from markaz.programmes.incidents.picture import JSON, unit_view

BEGAN = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)


class DeskModel:
    """The desk. Every method is one act; `log` holds its events and `states` the whole picture after each act."""

    def __init__(self) -> None:
        self.log: list[Recorded] = []
        self.incidents: dict[UUID, Incident] = {}
        self.units: dict[UUID, dict[str, Any]] = {}
        self.alarms: dict[UUID, dict[str, Any]] = {}
        self.states: dict[int, tuple[list[JSON], list[JSON], list[JSON]]] = {0: ([], [], [])}
        self._ids = 0
        self._now = BEGAN

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return len(self.log)

    def snapshot(self, scopes: Scopes, seq: int | None = None) -> dict[str, Any]:
        """Return the picture after the act that ended at `seq`, as somebody with `scopes` may see it."""
        at = self.seq if seq is None else seq
        incidents, units, alarms = self.states[at]
        return {
            "incidents": within(incidents, scopes.get(Permission.INCIDENT_READ, frozenset())),
            "units": within(units, scopes.get(Permission.UNIT_READ, frozenset())),
            "alarms": within(alarms, scopes.get(Permission.ALARM_READ, frozenset())),
            "seq": at,
        }

    # --- acts ---

    def register_unit(self, territory_id: int) -> UUID:
        """Add a unit, available."""
        now, id_ = self._tick(), self._new_id(2)
        self.units[id_] = {
            "id": id_,
            "call_sign": f"N-{self._ids}",
            "kind": "patrol",
            "territory_id": territory_id,
            "status": UnitStatus.AVAILABLE.value,
            "since": now,
            "incident_id": None,
            "version": 1,
        }
        view = unit_view(self.units[id_])
        self._done([self._event(IncidentEvent.UNIT_REGISTERED, id_, territory_id, {"view": view})])
        return id_

    def set_status(self, unit_id: UUID, status: UnitStatus) -> None:
        """Set what an idle unit does."""
        if self.units[unit_id]["incident_id"] is None:
            self._tick()
            self._done([self._unit_event(unit_id, status, None)])

    def open(self, territory_id: int, *, with_place: bool) -> UUID:
        """Open an incident."""
        now, id_ = self._tick(), self._new_id(1)
        row = {
            "id": id_,
            "number": str(self._ids),
            "status": "open",
            "category": "theft",
            "priority": "2",
            "channel": "phone_102",
            "territory_id": territory_id,
            "lon": 69.24 if with_place else None,
            "lat": 41.31 if with_place else None,
            "received_at": now,
            "precisions": {},
            "opened_by": OFFICER,
            "outcome": None,
            "flags": [],
            "source": None,
            "version": 1,
        }
        self.incidents[id_] = Incident(row)
        payload = {"view": self.incidents[id_].view()}
        self._done([self._event(IncidentEvent.OPENED, id_, territory_id, payload)])
        return id_

    def assign(self, incident_id: UUID, unit_id: UUID) -> None:
        """Send an available unit."""
        incident, unit = self._opened(incident_id), self.units[unit_id]
        if incident is None or UnitStatus(unit["status"]) not in domain.SENDABLE or unit["incident_id"] is not None:
            return
        now = self._tick()
        if unit_id in incident.units:
            incident.past[unit_id] = incident.units[unit_id]
        ordinal = incident.ordinals[unit_id] = incident.ordinals.get(unit_id, 0) + 1
        incident.units[unit_id] = Sending(unit["call_sign"], ordinal, {Stage.ASSIGNED: now})
        payload = {"unit_id": str(unit_id), "call_sign": unit["call_sign"], "ordinal": ordinal, "at": iso(now)}
        assigned = self._of(incident, IncidentEvent.UNIT_ASSIGNED, payload)
        self._done([assigned, self._unit_event(unit_id, UnitStatus.ASSIGNED, incident_id)])

    def reach(self, incident_id: UUID, unit_id: UUID, stage: Stage) -> None:
        """Report a stage, in its order."""
        incident = self._opened(incident_id)
        sending = None if incident is None else incident.units.get(unit_id)
        if incident is None or sending is None or index_of(stage) <= max(map(index_of, sending.stages), default=-1):
            return
        now = self._tick()
        sending.stages[stage] = now
        payload = {"unit_id": str(unit_id), "stage": stage.value, "at": iso(now), "ordinal": sending.ordinal}
        events = [self._of(incident, IncidentEvent.STAGE_REACHED, payload)]
        if self.units[unit_id]["incident_id"] == incident_id:
            target = None if stage is Stage.CLEARED else incident_id
            events.append(self._unit_event(unit_id, domain.status_after(sending.stages), target))
        self._done(events)

    def correct(self, incident_id: UUID, unit_id: UUID, *, void: bool) -> None:
        """Correct the last stage of a unit: some seconds later, or it did not happen."""
        incident = self.incidents[incident_id]
        sending = incident.units.get(unit_id)
        if sending is None or not sending.stages:
            return
        stage = max(sending.stages, key=index_of)
        if void and stage is Stage.CLEARED:
            return  # the real desk asks first whether the unit has gone on to something else
        now, was = self._tick(), sending.stages[stage]
        at = None if void else was + timedelta(seconds=3)
        if at is None:
            del sending.stages[stage]
        else:
            sending.stages[stage] = at
        is_current = bool(sending.stages)
        if not is_current:
            del incident.units[unit_id]
        payload: JSON = {
            "corrects": self.seq,
            "unit_id": str(unit_id),
            "stage": stage.value,
            "was": iso(was),
            "at": None if at is None else iso(at),
            "ordinal": sending.ordinal,
            "is_current": is_current,
            "is_past": False,
            "reason_id": str(self._new_id(9)),
        }
        events = [self._of(incident, IncidentEvent.STAGE_CORRECTED, payload)]
        status = domain.status_after(sending.stages)
        unit = self.units[unit_id]
        if unit["incident_id"] == incident_id and status.value != unit["status"]:
            target = None if status is UnitStatus.AVAILABLE else incident_id
            events.append(self._unit_event(unit_id, status, target))
        assert now >= was
        self._done(events)

    def correct_past(self, incident_id: UUID, unit_id: UUID) -> None:
        """Correct the end of a sending before the current one."""
        incident = self.incidents[incident_id]
        sending = incident.past.get(unit_id)
        if sending is None:
            return
        self._tick()
        was = sending.stages[Stage.CLEARED]
        sending.stages[Stage.CLEARED] = at = was + timedelta(seconds=3)
        payload: JSON = {
            "corrects": self.seq,
            "unit_id": str(unit_id),
            "stage": Stage.CLEARED.value,
            "was": iso(was),
            "at": iso(at),
            "ordinal": sending.ordinal,
            "is_current": True,
            "is_past": True,
            "reason_id": str(self._new_id(9)),
        }
        self._done([self._of(incident, IncidentEvent.STAGE_CORRECTED, payload)])

    def change(
        self, incident_id: UUID, *, territory_id: int | None = None, priority: str | None = None, forget: bool = False
    ) -> None:
        """Move an incident to another territory, change its priority, or take its place away."""
        incident = self._opened(incident_id)
        if incident is None:
            return
        row = incident.row
        was = row["territory_id"]
        wanted = {"territory_id": territory_id or was, "priority": priority or row["priority"]}
        wanted |= {"lon": None, "lat": None} if forget else {}
        changes = {name: {"from": row[name], "to": to} for name, to in wanted.items() if row[name] != to}
        if not changes:
            return
        self._tick()
        row.update(wanted)
        row["version"] += 1
        payload = {
            "changes": changes,
            "reason_id": str(self._new_id(9)),
            "version": row["version"],
            "view": incident.view(),
        }
        moved_from = was if wanted["territory_id"] != was else None
        event = self._event(IncidentEvent.CHANGED, incident_id, row["territory_id"], payload, moved_from)
        self._done([event])

    def withdraw(self, incident_id: UUID, unit_id: UUID) -> None:
        """Take a unit back that has not arrived."""
        incident = self._opened(incident_id)
        sending = None if incident is None else incident.units.get(unit_id)
        if incident is None or sending is None or not set(sending.stages) <= {Stage.ASSIGNED, Stage.EN_ROUTE}:
            return
        now = self._tick()
        del incident.units[unit_id]
        payload = {"unit_id": str(unit_id), "ordinal": sending.ordinal, "at": iso(now), "withdrawn": "not_needed"}
        events = [self._of(incident, IncidentEvent.UNIT_WITHDRAWN, payload)]
        self._done([*events, self._unit_event(unit_id, UnitStatus.AVAILABLE, None)])

    def note(self, incident_id: UUID) -> None:
        """Add a note; also to a closed incident."""
        self._tick()
        incident = self.incidents[incident_id]
        self._done([self._of(incident, IncidentEvent.NOTE_ADDED, {"note_id": str(self._new_id(8))})])

    def close(self, incident_id: UUID, type_: IncidentEvent = IncidentEvent.CLOSED) -> None:
        """Close, when no unit is working for it; by whatever event takes an incident off the desk."""
        incident = self._opened(incident_id)
        if incident is None or any(Stage.CLEARED not in sending.stages for sending in incident.units.values()):
            return
        now = self._tick()
        incident.row |= {"status": "closed", "outcome": "resolved"}
        payload: JSON = {"outcome": "resolved", "at": iso(now), "report_number": None, "outcome_reason": None}
        self._done([self._of(incident, type_, payload)])

    def review(self, incident_id: UUID, type_: IncidentEvent, *, also_closed: bool = False) -> None:
        """Do anything whose event carries the whole view: here the owner changes, which every view shows."""
        incident = self.incidents[incident_id] if also_closed else self._opened(incident_id)
        if incident is None:
            return
        self._tick()
        incident.row |= {"owner_id": self._new_id(6), "version": incident.row["version"] + 1}
        payload = {"view": incident.view(), "version": incident.row["version"]}
        self._done([self._event(type_, incident_id, incident.row["territory_id"], payload)])

    def bind(self, incident_id: UUID, type_: IncidentEvent, rules: int) -> None:
        """Do anything that changes what the parties of an incident bind the desk to; also to a closed incident."""
        self._tick()
        incident = self.incidents[incident_id]
        incident.party_rules = tuple(rule.value for bit, rule in enumerate(SafeContact) if rules >> bit & 1)
        incident.row["version"] += 1
        payload = {"view": incident.view(), "version": incident.row["version"]}
        self._done([self._event(type_, incident_id, incident.row["territory_id"], payload)])

    def mention(self, incident_id: UUID, type_: IncidentEvent) -> None:
        """Do anything that only moves the version on; also to a closed incident."""
        self._tick()
        self._done([self._of(self.incidents[incident_id], type_, {})])

    def review_unit(self, unit_id: UUID, type_: IncidentEvent) -> None:
        """Do anything to a unit whose event carries its whole view: here it is crewed."""
        self._tick()
        unit = self.units[unit_id]
        unit |= {"crew_size": unit.get("crew_size", 0) % 4 + 1, "version": unit["version"] + 1}
        self._done([self._event(type_, unit_id, unit["territory_id"], {"view": unit_view(unit)})])

    def hear_from(self, unit_id: UUID) -> None:
        """Hear from a crew; its version stays."""
        unit = self.units[unit_id]
        unit["last_word_at"] = self._tick()
        view = {"view": unit_view(unit)}
        self._done([self._event(IncidentEvent.UNIT_WORD, unit_id, unit["territory_id"], view)])

    def raise_emergency(self, unit_id: UUID) -> UUID | None:
        """Raise a unit's emergency, unless one is open."""
        if any(row["unit_id"] == unit_id for row in self.alarms.values()):
            return None
        now, id_, unit = self._tick(), self._new_id(3), self.units[unit_id]
        incident = self.incidents.get(unit["incident_id"])
        self.alarms[id_] = {
            "id": id_,
            "kind": AlarmKind.EMERGENCY.value,
            "level": AlarmLevel.RED.value,
            "incident_id": unit["incident_id"],
            "number": None if incident is None else incident.row["number"],
            "unit_id": unit_id,
            "call_sign": unit["call_sign"],
            "territory_id": unit["territory_id"],
            "due_at": None,
            "occurred_at": now,
            "raised_at": now,
            "raised_by": OFFICER,
            "is_named": True,
            "escalated_to": None,
            "lon": 69.2,
            "lat": 41.3,
            "fix_at": now,
            "accuracy_m": None,
            "by_ids": [],
            "by_times": [],
            "presses": 1,
        }
        self._done([self._alarm_event(AlarmEvent.RAISED, id_, {"view": alarm_view(self.alarms[id_])})])
        return id_

    def press_again(self, alarm_id: UUID) -> None:
        """Press the button of an emergency again: nobody has noticed that."""
        row, now = self.alarms[alarm_id], self._tick()
        row |= {"presses": row["presses"] + 1, "occurred_at": now, "lon": 69.3, "fix_at": now}
        row |= {"by_ids": [], "by_times": []}
        self._done([self._alarm_event(AlarmEvent.PRESSED_AGAIN, alarm_id, {"view": alarm_view(row)})])

    def acknowledge(self, alarm_id: UUID, account_id: UUID) -> None:
        """Let one person notice an alarm, once."""
        row = self.alarms[alarm_id]
        if account_id not in row["by_ids"]:
            row["by_times"] = [*row["by_times"], self._tick()]
            row["by_ids"] = [*row["by_ids"], account_id]
            payload = {"account_id": str(account_id), "at": iso(self._now)}
            self._done([self._alarm_event(AlarmEvent.ACKNOWLEDGED, alarm_id, payload)])

    def escalate(self, alarm_id: UUID) -> None:
        """Call the supervisor above, unless somebody has noticed the alarm."""
        row = self.alarms[alarm_id]
        if row["level"] == AlarmLevel.RED and not row["by_ids"]:
            self._tick()
            row |= {"level": AlarmLevel.ESCALATED.value, "escalated_to": 1}
            self._done([self._alarm_event(AlarmEvent.ESCALATED, alarm_id, {"view": alarm_view(row)})])

    def move_alarm(self, alarm_id: UUID, territory_id: int) -> None:
        """Let an alarm follow its cause to another territory."""
        row = self.alarms[alarm_id]
        was = row["territory_id"]
        if was != territory_id:
            self._tick()
            row["territory_id"] = territory_id
            self._done([self._alarm_event(AlarmEvent.MOVED, alarm_id, {"view": alarm_view(row)}, was)])

    def end_alarm(self, alarm_id: UUID) -> None:
        """End an alarm."""
        now = self._tick()
        payload = {"reason": "safe", "at": iso(now), "kind": self.alarms[alarm_id]["kind"]}
        ended = self._alarm_event(AlarmEvent.CLEARED, alarm_id, payload)
        del self.alarms[alarm_id]
        self._done([ended])

    def unruled(self, type_: str, territory_id: int) -> None:
        """Append an event that no rule shows to anybody."""
        self._tick()
        self._done([self._event(type_, self._new_id(7), territory_id, {"view": {"secret": True}})])

    # --- what the acts share ---

    def _opened(self, incident_id: UUID) -> Incident | None:
        incident = self.incidents[incident_id]
        return incident if incident.row["status"] == "open" else None

    def _tick(self) -> datetime:
        self._now += timedelta(seconds=10)
        return self._now

    def _new_id(self, kind: int) -> UUID:
        self._ids += 1
        return UUID(f"{kind:08d}-0000-7000-8000-{self._ids:012d}")

    def _of(self, incident: Incident, type_: IncidentEvent, payload: JSON) -> Event:
        incident.row["version"] += 1
        payload = payload | {"version": incident.row["version"]}
        return self._event(type_, incident.row["id"], incident.row["territory_id"], payload)

    def _unit_event(self, unit_id: UUID, status: UnitStatus, incident_id: UUID | None) -> Event:
        unit = self.units[unit_id]
        unit |= {"status": status.value, "since": self._now, "incident_id": incident_id, "version": unit["version"] + 1}
        return self._event(IncidentEvent.UNIT_STATUS, unit_id, unit["territory_id"], {"view": unit_view(unit)})

    def _alarm_event(self, type_: AlarmEvent, alarm_id: UUID, payload: JSON, moved_from: int | None = None) -> Event:
        return self._event(type_, alarm_id, self.alarms[alarm_id]["territory_id"], payload, moved_from)

    def _event(
        self, type_: str, aggregate_id: UUID, territory_id: int, payload: JSON, moved_from: int | None = None
    ) -> Event:
        return Event(
            type=str(type_),
            aggregate_id=aggregate_id,
            territory_id=territory_id,
            actor_id=OFFICER,
            occurred_at=self._now,
            occurred_source="officer",
            payload=copied(payload),
            from_territory_id=moved_from,
        )

    def _done(self, events: Iterable[Event]) -> None:
        for event in events:
            self.log.append(Recorded(self.seq + 1, self._now + timedelta(milliseconds=5), event))
        incidents = [i.view() for i in self.incidents.values() if i.row["status"] == "open"]
        units, alarms = map(unit_view, self.units.values()), map(alarm_view, self.alarms.values())
        self.states[self.seq] = (copied(incidents), list(units), list(alarms))
