"""The duty desk's commands: load, decide, write, add the event; one transaction each, through core.acts.

Every command names the version seen. Locks are taken incident first, then unit, so two acts never wait for each other.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import EnteredVia, IncidentEvent, Stage, UnitStatus
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow
from markaz.core.permissions import Permission, require
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import commands, domain, store, waiting
from markaz.programmes.incidents.acting import (
    Spine,
    check_not_to_shut_out,
    conflict,
    corrected_ordinal,
    differs,
    event,
    fresh_view,
    insert_unit,
    lock_incident,
    lock_open_incident,
    lock_unit,
    moved_from,
    said,
    set_unit,
    unit_versions,
)
from markaz.programmes.incidents.opening import open_incident, place_values, store_note, territory_for
from markaz.programmes.incidents.past_work import check_free_then


class Desk:
    """The commands of live officers."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def open_incident(self, request: Request, command: commands.OpenIncident) -> Answer:
        """Register a call and open its incident, as `opening.open_incident` says."""
        return await self._spine.acts.run(request, lambda act: open_incident(act, self._spine, command))

    async def assign_unit(self, request: Request, incident_id: UUID, command: commands.AssignUnit) -> Answer:
        """Send a unit. Raises VersionConflict naming who was faster, with the incident or with the unit."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(
                act, self._spine, incident_id, Permission.INCIDENT_DISPATCH, command.version
            )
            unit = await lock_unit(act, self._spine, command.unit_id, Permission.INCIDENT_DISPATCH)
            if unit["incident_id"] is not None or differs(command.unit_version, unit["version"]):
                raise await conflict(act.connection, unit, f"Unit {unit['call_sign']}")
            if UnitStatus(unit["status"]) not in domain.SENDABLE:
                raise NotPossibleNow(f"Unit {unit['call_sign']} is {unit['status']}: choose another.")
            at = domain.check_time(command.occurred_at or act.now, act.now)
            domain.check_between(domain.Assignment(0, {}), Stage.ASSIGNED, at, incident["received_at"])
            if command.occurred_at is not None:
                await check_free_then(act, self._spine, unit, at, None)
            ordinal = await store.insert_assignment(act.connection, incident_id, command.unit_id, at)
            version = await store.touch_incident(act.connection, incident_id, act.actor.id)
            payload = {
                "unit_id": str(command.unit_id),
                "call_sign": unit["call_sign"],
                "ordinal": ordinal,
                "at": iso(at),
                "version": version,
            }
            territory_id = incident["territory_id"]
            source = said(command.via)
            assigned = event(act, IncidentEvent.UNIT_ASSIGNED, incident_id, territory_id, at, payload, source=source)
            act.events.append(assigned)
            await waiting.units_were_sent(act, incident)
            await set_unit(act, command.unit_id, UnitStatus.ASSIGNED, at, incident_id)
            return Answer(201, {"version": version, "unit_versions": unit_versions(act)})

        return await self._spine.acts.run(request, work)

    async def report_stage(self, request: Request, incident_id: UUID, command: commands.ReportStage) -> Answer:
        """Record that a unit reached a stage. Raises StageOrder when it breaks the order."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(
                act, self._spine, incident_id, Permission.INCIDENT_DISPATCH, command.version
            )
            row, assignment = await self._assignment(act, incident_id, command.unit_id)
            at = domain.check_time(command.occurred_at or act.now, act.now)
            domain.check_stage(assignment, command.stage, at, incident["received_at"])
            await store.set_stage(act.connection, incident_id, command.unit_id, assignment.ordinal, command.stage, at)
            version = await store.touch_incident(act.connection, incident_id, act.actor.id)
            payload = {
                "unit_id": str(command.unit_id),
                "stage": command.stage.value,
                "at": iso(at),
                "ordinal": assignment.ordinal,
                "version": version,
            }
            territory_id = incident["territory_id"]
            reached = event(
                act, IncidentEvent.STAGE_REACHED, incident_id, territory_id, at, payload, source=said(command.via)
            )
            act.events.append(reached)
            if row["unit_incident_id"] == incident_id:
                status = domain.status_after({**assignment.stages, command.stage: at})
                target = None if command.stage is Stage.CLEARED else incident_id
                await set_unit(act, command.unit_id, status, at, target)
            return Answer(200, {"version": version, "unit_versions": unit_versions(act)})

        return await self._spine.acts.run(request, work)

    async def correct_stage(self, request: Request, incident_id: UUID, command: commands.CorrectStage) -> Answer:
        """Add a correction of an earlier report; the report itself stays in the log."""

        async def work(act: Act) -> Answer:
            incident = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CORRECT, command.version)
            ordinal = await corrected_ordinal(act.connection, incident_id, command)
            row, assignment = await self._assignment(act, incident_id, command.unit_id, ordinal)
            if command.occurred_at is not None:
                domain.check_time(command.occurred_at, act.now)
            stages = domain.corrected(assignment, command.stage, command.occurred_at, incident["received_at"])
            reason_id = uuid7()
            await self._spine.sealer.store(act.connection, reason_id, {"reason": command.reason})
            await store.set_stage(
                act.connection,
                incident_id,
                command.unit_id,
                assignment.ordinal,
                command.stage,
                command.occurred_at,
            )
            if not stages:
                await store.drop_assignment(act.connection, incident_id, command.unit_id, assignment.ordinal)
            version = await store.touch_incident(act.connection, incident_id, act.actor.id)
            payload = {
                "corrects": command.corrects_seq,
                "unit_id": str(command.unit_id),
                "stage": command.stage.value,
                "was": None if command.stage not in assignment.stages else iso(assignment.stages[command.stage]),
                "at": None if command.occurred_at is None else iso(command.occurred_at),
                "ordinal": assignment.ordinal,
                "is_current": bool(stages),
                "is_past": not row["is_current"],
                "reason_id": str(reason_id),
                "version": version,
            }
            territory_id = incident["territory_id"]
            act.events.append(event(act, IncidentEvent.STAGE_CORRECTED, incident_id, territory_id, act.now, payload))
            await self._unit_follows(act, incident, row, stages, assignment)
            return Answer(200, {"version": version})

        return await self._spine.acts.run(request, work)

    async def change_incident(self, request: Request, incident_id: UUID, command: commands.ChangeIncident) -> Answer:
        """Change category, priority, place or territory; the event keeps what it was."""

        async def work(act: Act) -> Answer:
            row = await lock_open_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, command.version)
            values = await self._changed_values(act, row, command)
            changes = {k: {"from": row[k], "to": v} for k, v in values.items() if row[k] != v}
            if not changes:
                raise InvalidInput("Nothing would change: give another category, priority, place or territory.")
            if values["territory_id"] != row["territory_id"]:
                require(act.actor, Permission.INCIDENT_CHANGE, values["territory_id"], self._tree)
            reason_id = uuid7()
            await self._spine.sealer.store(act.connection, reason_id, {"reason": command.reason})
            await store.change_incident(act.connection, incident_id, act.actor.id, values)
            # What was put off was put off as it was: made more urgent, it waits for nobody's hour any more.
            is_released = row["held_until"] is not None and domain.is_more_urgent(values["priority"], row["priority"])
            if is_released:
                await waiting.end_hold(act.connection, incident_id, act.now)
            view = await fresh_view(act, incident_id)
            payload = {"changes": changes, "reason_id": str(reason_id), "version": view["version"], "view": view}
            changed = event(act, IncidentEvent.CHANGED, incident_id, values["territory_id"], act.now, payload)
            act.events.append(moved_from(changed, row["territory_id"]))
            if is_released:
                waiting.released(act, incident_id, values["territory_id"], view, "raised")
            return Answer(200, {"version": view["version"]})

        return await self._spine.acts.run(request, work)

    async def close_incident(self, request: Request, incident_id: UUID, command: commands.CloseIncident) -> Answer:
        """Close with an outcome. Raises NotPossibleNow while a unit is still working for it."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(
                act, self._spine, incident_id, Permission.INCIDENT_CLOSE, command.version
            )
            working = await store.uncleared(act.connection, incident_id)
            if working:
                raise NotPossibleNow(f"Still working: {', '.join(working)}. Clear these units first.", units=working)
            at = domain.check_time(command.occurred_at or act.now, act.now)
            if at < incident["received_at"]:
                raise InvalidInput("An incident cannot end before its call was received.", field="occurred_at")
            last = None if command.occurred_at is None else await store.last_cleared(act.connection, incident_id)
            if last is not None and at < last["cleared_at"]:
                raise InvalidInput(
                    f"Unit {last['call_sign']} was cleared at {iso(last['cleared_at'])}: it cannot end before.",
                    field="occurred_at",
                )
            version = await store.close_incident(act.connection, incident_id, act.actor.id, command, at)
            payload = {"outcome": command.outcome, "at": iso(at), "version": version}
            payload |= {"report_number": command.report_number, "outcome_reason": command.reason_code}
            territory_id = incident["territory_id"]
            closed = event(act, IncidentEvent.CLOSED, incident_id, territory_id, at, payload, source=said(command.via))
            act.events.append(closed)
            return Answer(200, {"version": version})

        return await self._spine.acts.run(request, work)

    async def add_note(
        self,
        request: Request,
        incident_id: UUID,
        text: str,
        *,
        occurred_at: datetime | None = None,
        via: EnteredVia = EnteredVia.CONSOLE,
    ) -> Answer:
        """Add a note; its text is sealed. A note needs no version: it takes nothing away."""

        async def work(act: Act) -> Answer:
            incident = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, None)
            at = domain.check_time(occurred_at or act.now, act.now)
            note_id = await store_note(act, self._spine, incident_id, text, at, via)
            version = await store.touch_incident(act.connection, incident_id, act.actor.id)
            payload = {"note_id": str(note_id), "version": version}
            territory_id = incident["territory_id"]
            noted = event(act, IncidentEvent.NOTE_ADDED, incident_id, territory_id, at, payload, source=said(via))
            act.events.append(noted)
            return Answer(201, {"id": str(note_id), "version": version})

        return await self._spine.acts.run(request, work)

    async def register_unit(self, request: Request, command: commands.RegisterUnit) -> Answer:
        """Add a unit to a territory. Raises InvalidInput when the call sign is taken there."""

        async def work(act: Act) -> Answer:
            require(act.actor, Permission.UNIT_REGISTER, command.territory_id, self._tree)
            view = await insert_unit(act, uuid7(), command, source=None)
            if view is None:
                raise InvalidInput("This call sign is taken in that territory.", field="call_sign")
            return Answer(201, {"id": view["id"], "version": view["version"]})

        return await self._spine.acts.run(request, work)

    async def set_unit_status(self, request: Request, unit_id: UUID, command: commands.SetUnitStatus) -> Answer:
        """Set what a unit does, between incidents."""

        async def work(act: Act) -> Answer:
            unit = await lock_unit(act, self._spine, unit_id, Permission.UNIT_STATUS)
            if command.version != unit["version"]:
                raise await conflict(act.connection, unit, f"Unit {unit['call_sign']}")
            if command.status not in domain.SETTABLE:
                raise InvalidInput(f"{command.status.value} follows from an incident.", field="status")
            if unit["incident_id"] is not None:
                raise NotPossibleNow(f"Unit {unit['call_sign']} is working for an incident: clear it there.")
            at = domain.check_time(command.occurred_at or act.now, act.now)
            view = await set_unit(act, unit_id, command.status, at, None, command.reason)
            return Answer(200, {"version": view["version"]})

        return await self._spine.acts.run(request, work)

    # --- what the commands share ---

    @property
    def _tree(self) -> TerritoryTree:
        return self._spine.territories()

    async def _changed_values(self, act: Act, row: store.Record, command: commands.ChangeIncident) -> dict[str, Any]:
        place = command.place
        values = {
            "category": command.category or row["category"],
            "priority": command.priority or row["priority"],
            "lon": None if command.place_unknown else row["lon"] if place is None else place.lon_deg,
            "lat": None if command.place_unknown else row["lat"] if place is None else place.lat_deg,
            "territory_id": row["territory_id"],
            "place_label": row["place_label"],
            "place_confidence": row["place_confidence"],
            "place_accuracy_m": row["place_accuracy_m"],
        }
        if place is not None or command.place_unknown:
            # The name and the accuracy of the old place would send a unit to the wrong door.
            values |= place_values(command)
        if place is not None or command.territory_id is not None:
            values["territory_id"] = territory_for(act, self._tree, place, command.territory_id)
        await check_not_to_shut_out(act.connection, self._tree, row["id"], values["territory_id"])
        if self._tree.current(values["territory_id"]) is None:
            raise InvalidInput("There is no such territory.", field="territory_id")
        return values

    async def _assignment(
        self, act: Act, incident_id: UUID, unit_id: UUID, ordinal: int | None = None
    ) -> tuple[store.Record, domain.Assignment]:
        row = await store.lock_assignment(act.connection, incident_id, unit_id, ordinal)
        if row is None:
            raise NotFound("This unit was not sent to this incident.", what="assignment")
        return row, store.assignment_of(row)

    async def _unit_follows(
        self,
        act: Act,
        incident: store.Record,
        row: store.Record,
        stages: Any,
        before: domain.Assignment,
    ) -> None:
        """Let the unit's status follow a correction, unless it has gone on to something else."""
        is_here = row["is_current"] and row["unit_incident_id"] == incident["id"]
        was_cleared = Stage.CLEARED in before.stages
        if was_cleared and Stage.CLEARED not in stages:
            is_free = row["is_current"] and row["unit_status"] == UnitStatus.AVAILABLE
            if incident["status"] != "open" or not is_free:
                raise NotPossibleNow(f"Unit {row['call_sign']} has gone on to something else.")
            is_here = True
        if not is_here:
            return
        status = domain.status_after(stages)
        since = max(stages.values(), default=act.now)
        if (status.value, since) != (row["unit_status"], row["since"]):
            target = None if status is UnitStatus.AVAILABLE else incident["id"]
            await set_unit(act, row["unit_id"], status, since, target)
