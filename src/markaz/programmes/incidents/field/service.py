"""The commands and reads of a unit's phone. It knows one unit, its own, and one incident, the one it is sent to.

A report names no version: it adds what the crew saw and never takes away what the desk wrote (domain.py). Each report is
an act of its own and is taken once, however often the phone sends it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent, Stage, UnitStatus
from markaz.core import reach
from markaz.core.access.looking import Found, Look, Opened
from markaz.core.access.model import DataClass
from markaz.core.access.standing import Standing
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound, NotPossibleNow, NotSignedIn
from markaz.core.events import Event
from markaz.core.log.entry import EntryKind
from markaz.core.sealing import Restricted
from markaz.kit.clock import Precision, iso
from markaz.kit.geometry import Point
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import domain as desk_domain
from markaz.programmes.incidents import picture_store, queries, store
from markaz.programmes.incidents.acting import Spine, check_not_shut_out, event, set_unit
from markaz.programmes.incidents.field import domain, following
from markaz.programmes.incidents.field import store as field_store
from markaz.programmes.incidents.field.domain import Kept, Named, Why
from markaz.programmes.incidents.field.following import Followed
from markaz.programmes.incidents.looks import standing_of
from markaz.programmes.incidents.positions import Fix, Positions

SOURCE = "unit_phone"
LATE_ACTION = "field.emergency_after_session"
NOTES_SHOWN = 20

JSON = dict[str, Any]


class Kind(StrEnum):
    """What a phone reports."""

    STAGE = "stage"
    NOTE = "note"
    PHOTO = "photo"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `key` is the phone's, new for each; `at` and the batch's `device_now` are by the phone's clock.

    `names_incident`: whether the phone said which incident it showed. One of before says nothing of it with an emergency.
    """

    key: UUID
    kind: Kind
    unit_id: UUID
    at: datetime
    device_now: datetime
    incident_id: UUID | None = None
    stage: Stage | None = None
    ordinal: int | None = None
    assigned_at: datetime | None = None
    text: str | None = None
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    names_incident: bool = True


@dataclass(frozen=True, slots=True)
class Ports:
    """What the phone needs of other rooms of the desk; wired by the web floor.

    `own_unit`: the unit an account is logged on to now. `crewed_lately`: whether it was in that unit's crew since a time.
    `raise_emergency`: add a unit's emergency to the act under way, with the incident it was pressed at. `clean_photo`: draw a photo anew; raises InvalidInput
    for what is none. `store_photo`: add a cleaned photo to a locked incident. `hazards`: the hazard notes that stand now
    where a place is (longitude, latitude, how wrong it may be in metres), each with its `row`; `hazard_view`: one with its
    text opened.
    """

    own_unit: Callable[[Connection, UUID], Awaitable[UUID | None]]
    crewed_lately: Callable[[Connection, UUID, UUID, datetime], Awaitable[bool]]
    raise_emergency: Callable[[Act, Report, datetime, UUID | None], Awaitable[None]]
    clean_photo: Callable[[bytes], Awaitable[Any]]
    store_photo: Callable[[Act, Spine, store.Record, Any, datetime], Awaitable[None]]
    hazards: Callable[[Connection, Spine, Point, float, datetime], Awaitable[Sequence[Any]]]
    hazard_view: Callable[[Any, Opened], JSON]


class UnitPhone:
    """What the phone of a crew may do."""

    def __init__(self, spine: Spine, positions: Positions, ports: Ports) -> None:
        self._spine = spine
        self._positions = positions
        self._ports = ports

    async def now(
        self, request: Request, *, incident_id: UUID | None, version: int | None, hazards: str | None = None
    ) -> JSON:
        """Return the unit of this officer and the incident it works for, `null` for what there is not.

        `incident_id`, `version` and `hazards` are what the phone holds: when they are current its sealed fields are not
        read again, and the look leaves no second trace; `held` says so.
        """
        async with self._spine.looking.look(request) as look:
            connection = look.connection
            unit_id = await self._ports.own_unit(connection, request.actor.id)
            view = None if unit_id is None else await field_store.unit(connection, unit_id)
            answer: JSON = {"unit": view, "incident": None, "now": iso(self._spine.clock.now())}
            if view is None or view["incident_id"] is None:
                return answer
            row = await store.incident(connection, UUID(view["incident_id"]))
            if row is None or await queries.is_shut_out(connection, row["id"], request.actor.id):
                return answer
            near = await self._hazards(look, row)
            known = domain.mark_of(one.row["id"] for one in near)
            if (row["id"], row["version"], known) == (incident_id, version, hazards or ""):
                return answer | {"incident": {"id": str(row["id"]), "version": row["version"], "held": True}}
            shown = await self._incident(look, row, view, near)
            return answer | {"incident": shown | {"hazards_mark": known}}

    async def report(self, request: Request, report: Report, data: bytes = b"", *, is_late: bool = False) -> Answer:
        """Take one report in and answer what became of it: taken, same or beside. `data` is the photo of a photo.

        `is_late`: the session is over. Then it must be an emergency of the unit the officer is still logged on to, else it
        raises NotSignedIn; that it was taken is an entry of the log. Raises NotFound when the officer was not in that unit's crew, or the unit was never sent to that incident,
        or had left it twelve hours before what is reported.
        """
        async with self._spine.database.connection() as connection:
            if is_late:
                await self._check_late(connection, request.actor.id, report)
            await self._check_crew(connection, request.actor.id, report.unit_id)
        photo = await self._ports.clean_photo(data) if report.kind is Kind.PHOTO else None

        async def work(act: Act) -> Answer:
            account_id = act.actor.id
            await self._check_crew(act.connection, account_id, report.unit_id)
            if not await field_store.claim_report(act.connection, account_id, report.key, report.unit_id, act.now):
                known = await field_store.known_result(act.connection, account_id, report.key)
                return Answer(200, known or {})
            if is_late:
                reason = "session_ended"
                act.entries.append(
                    entry_of(request, EntryKind.ADMINISTRATION, LATE_ACTION, "unit", report.unit_id, reason)
                )
            at, flags = domain.stated_time(report.at, report.device_now, act.now)
            result = await self._take(act, report, at, flags, photo)
            await field_store.keep_result(act.connection, account_id, report.key, result)
            return Answer(200, result)

        return await self._spine.acts.run(request, work)

    async def position(self, request: Request, point: Point, accuracy_m: float | None, age_s: float) -> None:
        """Take the position of the officer's own unit. Raises NotFound for who is not logged on: then nothing is kept."""
        async with self._spine.database.connection() as connection:
            unit_id = await self._ports.own_unit(connection, request.actor.id)
        if unit_id is None:
            raise NotFound("You are not logged on to a unit: no position is kept.", what="unit")
        now = self._spine.clock.now()
        await self._positions.learn([unit_id])
        self._positions.take([Fix(unit_id, point, now - timedelta(seconds=age_s), now, accuracy_m)])

    async def _check_crew(self, connection: Connection, account_id: UUID, unit_id: UUID) -> None:
        since = self._spine.clock.now() - domain.OLDEST
        if not await self._ports.crewed_lately(connection, account_id, unit_id, since):
            raise NotFound("You are not in the crew of this unit: log on to it first.", what="unit")

    async def _check_late(self, connection: Connection, account_id: UUID, report: Report) -> None:
        is_own = await self._ports.own_unit(connection, account_id) == report.unit_id
        if report.kind is not Kind.EMERGENCY or not is_own:
            raise NotSignedIn("Your session has ended: sign in again.")

    async def _take(self, act: Act, report: Report, at: datetime, flags: tuple[str, ...], photo: Any) -> JSON:
        if report.kind is Kind.EMERGENCY:
            incident_id = await following.incident_in_trouble(act, report.incident_id, report.unit_id)
            await self._ports.raise_emergency(act, report, at, incident_id)
            return {"kept": Kept.TAKEN.value, "at": iso(at)}
        # Judged by when it happened: what a crew wrote down in time may come in a day later, when there is network.
        since = at - domain.SPEAKS_AFTER
        if report.kind is Kind.STAGE:
            named = Named(report.ordinal, report.assigned_at)
            place = await following.sending_of(act, report.incident_id, report.unit_id, since, named, at)
        else:
            place = await following.place_of(act, report.incident_id, report.unit_id, since)
        await check_not_shut_out(act.connection, act.actor, place.incident["id"])
        if place.told_of is None:
            return await self._write(act, report, place, at, flags, photo)
        # The incident that goes on may be one that the unit was not sent to, of a place that is not the crew's own.
        async with reach.beyond(act.connection, following.WHY):
            return await self._write(act, report, place, at, flags, photo)

    async def _write(
        self, act: Act, report: Report, place: Followed, at: datetime, flags: tuple[str, ...], photo: Any
    ) -> JSON:
        """Write what a crew reports to where it belongs, mark it there, and answer what became of it."""
        incident = place.incident
        kept, why = Kept.TAKEN, None
        answer: JSON = {"at": iso(at)}
        if report.kind is Kind.PHOTO:
            await self._ports.store_photo(act, self._spine, incident, photo, at)
        else:
            if report.kind is Kind.STAGE:
                kept, why = await self._stage(act, report, place, at, flags)
            else:
                await self._note(act, report, incident, at, flags)
            answer["version"] = await store.touch_incident(act.connection, incident["id"], act.actor.id)
        marks = {name: answer[name] for name in ("version",) if name in answer}
        marks |= {} if place.told_of is None else {"told_of": place.told_of}
        for written in act.events:
            if written.aggregate_id == incident["id"]:
                written.payload.update(marks)  # type: ignore[attr-defined]
        answer |= {} if why is None else {"why": why.value}
        answer |= {} if place.told_of is None else {"into": incident["number"]}
        return answer | {"kept": kept.value}

    async def _stage(
        self, act: Act, report: Report, place: Followed, at: datetime, flags: tuple[str, ...]
    ) -> tuple[Kept, Why | None]:
        if report.stage is None or report.stage is Stage.ASSIGNED:
            raise NotPossibleNow("A crew reports en route and what follows; the desk sends it.")
        incident, sending, row = place.incident, place.sending, None
        if sending is not None:
            row = await store.lock_assignment(act.connection, incident["id"], report.unit_id, sending.ordinal)
        assignment = None if row is None else store.assignment_of(row)
        merge = domain.merge_stage(sending, assignment, report.stage, at, place.received_at)
        flags = (*flags, *merge.flags)
        payload: JSON = {
            "unit_id": str(report.unit_id),
            "stage": report.stage.value,
            "at": iso(at),
            "flags": list(flags),
        }
        payload |= {} if merge.why is None else {"why": merge.why.value}
        payload |= {} if sending is None else {"ordinal": sending.ordinal}
        if sending is None or row is None or merge.kept is not Kept.TAKEN:
            unit = await field_store.unit(act.connection, report.unit_id)
            payload["call_sign"] = None if unit is None else unit["call_sign"]
            act.events.append(self._event(act, IncidentEvent.FIELD_REPORTED, incident, at, payload))
            return merge.kept, merge.why
        key = (incident["id"], report.unit_id, sending.ordinal)
        await store.report_stage(act.connection, key, report.stage, at, Precision.SECOND.value, flags)
        payload |= {"call_sign": row["call_sign"]} | ({} if sending.is_current else {"is_past": True})
        act.events.append(self._event(act, IncidentEvent.STAGE_REACHED, incident, at, payload))
        if sending.is_current and row["unit_incident_id"] == incident["id"]:
            stages = {**store.assignment_of(row).stages, report.stage: at}
            status = desk_domain.status_after(stages)
            target = None if status is UnitStatus.AVAILABLE else incident["id"]
            await set_unit(act, report.unit_id, status, at, target)
        return Kept.TAKEN, merge.why

    async def _note(
        self, act: Act, report: Report, incident: store.Record, at: datetime, flags: tuple[str, ...]
    ) -> None:
        if not report.text:
            raise NotPossibleNow("The note is empty.")
        note_id, sealed_id = uuid7(), uuid7()
        await self._spine.sealer.store(act.connection, sealed_id, {"note": report.text})
        await store.insert_note(act.connection, note_id, incident["id"], at, act.actor.id, sealed_id)
        payload = {"note_id": str(note_id), "unit_id": str(report.unit_id), "flags": list(flags)}
        act.events.append(self._event(act, IncidentEvent.NOTE_ADDED, incident, at, payload))

    async def _hazards(self, look: Look, row: store.Record) -> Sequence[Any]:
        """Return what endangers whoever goes to the place of an incident, without its text."""
        if row["lon"] is None:
            return ()
        async with reach.beyond(
            look.connection, "hazards where the own unit is sent, which may be no place of one's own"
        ):
            place = Point(row["lon"], row["lat"])
            return await self._ports.hazards(
                look.connection, self._spine, place, row["place_accuracy_m"] or 0.0, look.now
            )

    async def _opened_hazards(
        self, look: Look, standing: Standing, near: Sequence[Any]
    ) -> tuple[list[Found], list[JSON]]:
        """Return the notes with their text, and what they rest on: an entry of their own, as at the desk."""
        found = await look.may(standing, DataClass.HAZARD)
        if not near or not found.allowed:
            return [], []
        async with reach.beyond(look.connection, "the text of hazards where the own unit is sent"):
            opened = await look.read([found], "hazard.read", [one.row["sealed_id"] for one in near])
        return [found], [self._ports.hazard_view(one, opened) for one in near]

    async def _incident(self, look: Look, row: store.Record, unit: JSON, near: Sequence[Any]) -> JSON:
        view = await picture_store.view_of(look.connection, row)
        rules = domain.contact_rules(row["safe_contact"], await field_store.party_rules(look.connection, row["id"]))
        standing = await standing_of(look.connection, look.request.actor, row, look.now)
        found = [await look.need(standing, one) for one in (DataClass.CALLER, DataClass.NOTE)]
        calls = await queries.sealed_calls(look.connection, row["id"])
        notes = (await queries.notes(look.connection, row["id"]))[-NOTES_SHOWN:]
        wanted = [*calls, *(note["sealed_id"] for note in notes)]
        opened = await look.read(found, "incident.read_sealed", wanted)
        rest, hazards = await self._opened_hazards(look, standing, near)
        sealed: JSON = {}
        for call in calls:
            sealed |= opened[call] or {}
        return {
            "id": str(row["id"]),
            "version": row["version"],
            "held": False,
            "access": look.mark([*found, *rest]),
            "hazards": hazards,
            "view": view | {"units": {unit["id"]: view["units"].get(unit["id"], {})}, "safe_contact": rules},
            "sealed": {name: sealed.get(name) for name in ("caller_name", "caller_phone", "address")},
            "restricted": any(isinstance(opened[call], Restricted) for call in calls),
            "notes": [
                {"at": iso(note["at"]), "by": note["by"], "text": (opened[note["sealed_id"]] or {}).get("note")}
                for note in notes
            ],
        }

    def _event(self, act: Act, type_: IncidentEvent, incident: store.Record, at: datetime, payload: JSON) -> Event:
        return event(act, type_, incident["id"], incident["territory_id"], at, payload, source=SOURCE)
