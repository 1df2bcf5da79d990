"""What every act on alarms shares: raising one for a clock or an emergency, ending one, and their events.

`raise_emergency` is one function for the desk, for devices and for whoever carries a phone; each checks its own right first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import AlarmEvent, AlarmKind, ClearReason
from markaz.core.acts import Act
from markaz.core.events import Event
from markaz.kit.clock import iso
from markaz.kit.geometry import Point
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.acting import OFFICER
from markaz.programmes.incidents.alarms import store
from markaz.programmes.incidents.alarms.domain import RunningClock
from markaz.programmes.incidents.store import Record

CENTRE = "centre"  # what the centre itself states


class About(StrEnum):
    """Which incident a press is of."""

    WORK = "work"  # not said: the one the unit had been sent to by then, if it still is
    STATED = "stated"  # the one it names; None for one that the unit never had
    NONE = "none"  # none: the phone showed none


@dataclass(frozen=True, slots=True)
class Emergency:
    """A press of the emergency button, or the same said over the radio. Everything about it may be unknown.

    `incident_id` is what a press that states its incident states; whoever took it in has seen to it that the unit had it.
    """

    place: Point | None = None
    accuracy_m: float | None = None
    occurred_at: datetime | None = None
    about: About = About.WORK
    incident_id: UUID | None = None


async def raise_emergency(act: Act, unit: Record, press: Emergency) -> tuple[Record, bool]:
    """Raise the emergency of a unit whose row is locked; return it and whether it is new.

    While one is open a further press goes to that one, whoever pressed: there is one emergency, not two. Nothing refuses
    it: no version, no status, no wrong clock of a device (a time ahead of ours becomes ours). It is tied to the
    incident it was pressed at, never to one the unit was sent to since; without one it stands for itself and none is made up.
    """
    at = min(press.occurred_at or act.now, act.now)
    known = await _standing(act, unit["id"])
    if known is not None:
        return await _press_again(act, known, unit, press, at), False
    values = {
        "id": uuid7(),
        "kind": AlarmKind.EMERGENCY.value,
        "cause": f"{AlarmKind.EMERGENCY.value}:{unit['id']}",
        "incident_id": await _incident(act, unit, press, at),
        "unit_id": unit["id"],
        "territory_id": unit["territory_id"],
        "due_at": None,
        "raised_at": act.now,
        "raised_by": act.actor.id,
        "occurred_at": at,
        **await _place(act, unit["id"], press, at),
    }
    row = await store.insert_alarm(act.connection, values)
    if row is None:
        raise RuntimeError("a unit that was locked in this transaction has an emergency all the same")
    act.events.append(alarm_event(act, AlarmEvent.RAISED, row, {"view": store.alarm_view(row)}, at=at, source=OFFICER))
    return row, True


async def _incident(
    act: Act, unit: Record, press: Emergency, at: datetime, standing: UUID | None = None
) -> UUID | None:
    """Return the incident a press is of, `standing` where it says nothing of any."""
    if press.about is About.STATED:
        return press.incident_id
    works_for: UUID | None = unit["incident_id"]
    if press.about is About.NONE or works_for is None:
        return standing
    had_begun = press.occurred_at is None or await store.was_sent_by(act.connection, works_for, unit["id"], at)
    return works_for if had_begun else standing


async def _standing(act: Act, unit_id: UUID) -> Record | None:
    """Return the emergency of a unit that has not ended, locked against who acknowledges, ends or sends it up."""
    found = await store.open_emergency(act.connection, unit_id)
    row = None if found is None else await store.lock_alarm(act.connection, found["id"])
    return None if row is None or row["cleared_at"] is not None else row


async def _press_again(act: Act, known: Record, unit: Record, press: Emergency, at: datetime) -> Record:
    """Let a further press be the one that is shown: its time, its place, and nobody has noticed it yet.

    Two ways of telling of one press are one press. One that is older than what is shown, because it waited on a phone,
    is kept in the history and wakes nobody; of places the newest fix stands, whichever press brought it.
    """
    if at == known["occurred_at"]:
        return known
    is_newest = at > known["occurred_at"]
    place = await _place(act, unit["id"], press, at)
    if not place or (known["fix_at"] is not None and place["fix_at"] <= known["fix_at"]):
        place = {name: known[name] for name in ("lon", "lat", "fix_at", "accuracy_m")}
    incident_id = known["incident_id"]
    values = {
        "further": int(is_newest),
        "occurred_at": max(at, known["occurred_at"]),
        "incident_id": await _incident(act, unit, press, at, incident_id) if is_newest else incident_id,
        **place,
    }
    row = await store.press_again(act.connection, known["id"], values)
    if row is None:
        raise RuntimeError("an emergency that was locked in this transaction has gone")
    payload = {"view": store.alarm_view(row), "was_at": iso(known["occurred_at"]), "is_newest": is_newest}
    act.events.append(alarm_event(act, AlarmEvent.PRESSED_AGAIN, row, payload, at=at, source=OFFICER))
    return row


async def _place(act: Act, unit_id: UUID, press: Emergency, at: datetime) -> Mapping[str, Any]:
    """Return the place stated, else the unit's last known one with its own time: it may be old, and says so."""
    if press.place is not None:
        point = press.place
        return {"lon": point.lon_deg, "lat": point.lat_deg, "fix_at": at, "accuracy_m": press.accuracy_m}
    fix = await store.last_fix(act.connection, unit_id, act.now)
    return {} if fix is None else dict(fix)


async def raise_for(act: Act, clock: RunningClock, territory_id: int) -> None:
    """Raise the alarm of a red clock, unless it has one."""
    row = await store.insert_alarm(
        act.connection,
        {
            "id": uuid7(),
            "kind": clock.kind.value,
            "cause": clock.cause,
            "incident_id": clock.incident_id,
            "unit_id": clock.unit_id,
            "territory_id": territory_id,
            "due_at": clock.red_at,
            "raised_at": act.now,
            "raised_by": act.actor.id,
            "occurred_at": clock.red_at,
        },
    )
    if row is not None:
        view = {"view": store.alarm_view(row)}
        act.events.append(alarm_event(act, AlarmEvent.RAISED, row, view, at=clock.red_at))


async def raise_glass(act: Act, incident_id: UUID, territory_id: int, glass_id: UUID) -> UUID:
    """Raise the alarm of a broken glass; it stands until that is judged. It goes to supervisors and to nobody else."""
    row = await store.insert_alarm(
        act.connection,
        {
            "id": uuid7(),
            "kind": AlarmKind.BREAK_GLASS.value,
            "cause": f"{AlarmKind.BREAK_GLASS.value}:{glass_id}",
            "incident_id": incident_id,
            "unit_id": None,
            "territory_id": territory_id,
            "due_at": None,
            "raised_at": act.now,
            "raised_by": act.actor.id,
            "occurred_at": act.now,
        },
    )
    if row is None:
        raise RuntimeError("a new glass has an alarm already")
    view = {"view": store.alarm_view(row)}
    act.events.append(alarm_event(act, AlarmEvent.GLASS_BROKEN, row, view, source=OFFICER))
    alarm_id: UUID = row["id"]
    return alarm_id


async def end(act: Act, row: Record, reason: ClearReason, *, source: str = CENTRE) -> None:
    """End an alarm, unless it has ended."""
    if await store.clear(act.connection, row["id"], act.now, act.actor.id, reason.value):
        payload = {"reason": reason.value, "at": iso(act.now), "kind": row["kind"]}
        act.events.append(alarm_event(act, AlarmEvent.CLEARED, row, payload, source=source))


def alarm_event(
    act: Act,
    type_: AlarmEvent,
    row: Record,
    payload: Mapping[str, Any],
    *,
    at: datetime | None = None,
    source: str = CENTRE,
    from_territory_id: int | None = None,
) -> Event:
    """Return an event of an alarm, in the alarm's territory."""
    return Event(
        type=type_.value,
        aggregate_id=row["id"],
        territory_id=row["territory_id"],
        from_territory_id=from_territory_id,
        actor_id=act.actor.id,
        occurred_at=at or act.now,
        occurred_source=source,
        payload=payload,
        request_id=act.request.request_id,
    )
