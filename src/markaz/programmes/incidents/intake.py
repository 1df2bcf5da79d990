"""Calls from other systems: what they say is kept in their own words and order, and flagged where it is odd.

Ids follow from the source and its keys, so sending a row twice finds what is there, and a file import of the same rows
meets the same records. The same territory and permission checks hold as for an officer.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import Flag, IncidentEvent, Stage, UnitStatus
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import NotFound, NotPossibleNow
from markaz.core.permissions import Permission, holds, require
from markaz.kit.clock import Precision, StatedTime, iso
from markaz.kit.ids import import_id, uuid7
from markaz.programmes.incidents import commands, domain, store
from markaz.programmes.incidents.acting import Spine, event, insert_unit, set_unit
from markaz.programmes.incidents.picture import incident_view


class Intake:
    """The commands of importers and interfaces."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def call(self, request: Request, command: commands.IntakeCall) -> Answer:
        """Register a call of another system as an open incident; answers 200 when it is there already."""

        async def work(act: Act) -> Answer:
            incident_id = import_id("incident", command.source, command.call_key)
            territory_id = self._territory(act, command)
            require(act.actor, Permission.INTAKE, territory_id, self._spine.territories())
            known = await store.lock_incident(act.connection, incident_id)
            if known is not None:
                require(act.actor, Permission.INTAKE, known["territory_id"], self._spine.territories())
                return Answer(200, {"id": str(incident_id), "number": known["number"], "version": known["version"]})
            values = self._values(act, command, incident_id, territory_id)
            if command.address:
                values["sealed_id"] = uuid7()
                await self._spine.sealer.store(act.connection, values["sealed_id"], {"address": command.address})
            await store.insert_incident(act.connection, values)
            view = incident_view(values | {"status": "open", "outcome": None, "version": 1}, {})
            act.events.append(
                event(
                    act,
                    IncidentEvent.OPENED,
                    incident_id,
                    territory_id,
                    command.received.at,
                    {"view": view, "arrived": None if command.arrived is None else iso(command.arrived.at)},
                    source=command.source,
                    precision=command.received.precision,
                )
            )
            return Answer(201, {"id": str(incident_id), "number": command.number, "version": 1})

        return await self._spine.acts.run(request, work)

    async def stage(self, request: Request, command: commands.IntakeStage) -> Answer:
        """Record a stage of a unit; a unit not seen before is registered, an odd time is kept and flagged."""

        async def work(act: Act) -> Answer:
            incident = await self._incident(act, command.source, command.call_key)
            unit_id = import_id("unit", command.source, command.call_sign)
            unit = await self._unit(act, unit_id, command, incident["territory_id"])
            row = await store.lock_assignment(act.connection, incident["id"], unit_id)
            if row is None:
                await store.note_import_row(act.connection, command.source, command.row_key)
                flags = await self._assign(act, incident, unit, command)
            elif row[f"{command.stage.value}_at"] == command.at.at:
                # Known from an earlier sending under another key, or from a file: said twice, recorded once.
                return Answer(200, {"id": str(incident["id"]), "unit_id": str(unit_id), "flags": []})
            else:
                flags = await self._reach(act, incident, row, command)
            version = await store.touch_incident(act.connection, incident["id"], act.actor.id)
            for written in act.events:
                if written.aggregate_id == incident["id"]:
                    written.payload["version"] = version  # type: ignore[index]
            return Answer(201, {"id": str(incident["id"]), "unit_id": str(unit_id), "flags": flags})

        return await self._spine.acts.run(request, work)

    async def close(self, request: Request, command: commands.IntakeClose) -> Answer:
        """Close a call as the other system did; one that is closed already stays as it is."""

        async def work(act: Act) -> Answer:
            incident = await self._incident(act, command.source, command.call_key)
            if incident["status"] != "open":
                return Answer(200, {"id": str(incident["id"]), "version": incident["version"]})
            at = command.at.at
            closing = commands.CloseIncident(incident["version"], command.outcome)
            version = await store.close_incident(act.connection, incident["id"], act.actor.id, closing, at)
            payload = {"outcome": command.outcome, "at": iso(at), "version": version}
            act.events.append(
                event(
                    act,
                    IncidentEvent.CLOSED,
                    incident["id"],
                    incident["territory_id"],
                    at,
                    payload,
                    source=command.source,
                    precision=command.at.precision,
                )
            )
            return Answer(200, {"id": str(incident["id"]), "version": version})

        return await self._spine.acts.run(request, work)

    def _territory(self, act: Act, command: commands.IntakeCall) -> int:
        tree = self._spine.territories()
        located = tree.locate(command.place) if command.place is not None else None
        return located if located is not None else min(act.actor.roots(Permission.INTAKE), default=0)

    def _values(self, act: Act, command: commands.IntakeCall, incident_id: UUID, territory_id: int) -> dict[str, Any]:
        times = {"received": command.received, "entered": command.entered, "arrived": command.arrived}
        stated = {name: time for name, time in times.items() if time is not None}
        precisions = {n: t.precision.value for n, t in stated.items() if t.precision is not Precision.SECOND}
        return {
            "id": incident_id,
            "number": command.number,
            "source": command.source,
            "source_key": command.call_key,
            "category": command.category,
            "priority": command.priority,
            "initial_priority": command.initial_priority,
            "channel": command.channel,
            "territory_id": territory_id,
            "lon": None if command.place is None else command.place.lon_deg,
            "lat": None if command.place is None else command.place.lat_deg,
            "received_at": command.received.at,
            "entered_at": None if command.entered is None else command.entered.at,
            "arrived_at": None if command.arrived is None else command.arrived.at,
            "precisions": precisions,
            "flags": _with_future(command.flags, command.received, act),
            "actor_id": act.actor.id,
            "opened_by": act.actor.id,
            "call_id": import_id("call", command.source, command.call_key),
            "sealed_id": None,
        }

    async def _incident(self, act: Act, source: str, call_key: str) -> store.Record:
        row = await store.lock_incident(act.connection, import_id("incident", source, call_key))
        if row is None or not holds(act.actor, Permission.INTAKE, row["territory_id"], self._spine.territories()):
            raise NotFound("There is no such call yet: send the call first.", what="call")
        return row

    async def _unit(self, act: Act, unit_id: UUID, command: commands.IntakeStage, territory_id: int) -> store.Record:
        row = await store.lock_unit(act.connection, unit_id)
        if row is None:
            # A unit of another system belongs where its importer is at home; its call may lie in one neighbourhood only.
            home = min(act.actor.roots(Permission.INTAKE), default=territory_id)
            new = commands.RegisterUnit(command.call_sign, command.unit_kind, home)
            await insert_unit(act, unit_id, new, source=command.source)
            row = await store.lock_unit(act.connection, unit_id)
        if row is None:
            raise NotPossibleNow(f"The call sign {command.call_sign} is taken by a unit that is not of this source.")
        require(act.actor, Permission.INTAKE, row["territory_id"], self._spine.territories())
        return row

    async def _assign(
        self, act: Act, incident: store.Record, unit: store.Record, command: commands.IntakeStage
    ) -> list[str]:
        at = command.at.at
        empty = domain.Assignment(0, {})
        odd = domain.stage_flags(empty, command.stage, at, incident["received_at"])
        flags = [*_with_future(command.flags, command.at, act), *odd]
        if unit["incident_id"] is not None:
            flags.append(Flag.UNIT_OVERLAP.value)
        flags = list(dict.fromkeys(flags))
        ordinal = await store.insert_assignment(act.connection, incident["id"], unit["id"], at)
        if command.stage is not Stage.ASSIGNED:
            await store.set_stage(act.connection, incident["id"], unit["id"], ordinal, Stage.ASSIGNED, None)
        await self._write(act, incident, unit["id"], ordinal, command, flags)
        payload = {"unit_id": str(unit["id"]), "call_sign": unit["call_sign"], "ordinal": ordinal, "at": iso(at)}
        payload |= {"flags": flags, "precision": command.at.precision.value, "row_key": command.row_key}
        if command.stage is Stage.ASSIGNED:
            act.events.append(self._event(act, IncidentEvent.UNIT_ASSIGNED, incident, command, payload))
        else:
            payload["stage"] = command.stage.value
            act.events.append(self._event(act, IncidentEvent.STAGE_REACHED, incident, command, payload))
        await self._follow(act, incident, unit["id"], {command.stage: at})
        return flags

    async def _reach(
        self, act: Act, incident: store.Record, row: store.Record, command: commands.IntakeStage
    ) -> list[str]:
        at = command.at.at
        assignment = store.assignment_of(row)
        odd = domain.stage_flags(assignment, command.stage, at, incident["received_at"])
        flags = list(dict.fromkeys([*_with_future(command.flags, command.at, act), *odd]))
        await self._write(act, incident, row["unit_id"], assignment.ordinal, command, flags)
        payload = {
            "unit_id": str(row["unit_id"]),
            "call_sign": row["call_sign"],
            "stage": command.stage.value,
            "at": iso(at),
            "precision": command.at.precision.value,
            "ordinal": assignment.ordinal,
            "flags": flags,
            "row_key": command.row_key,
        }
        act.events.append(self._event(act, IncidentEvent.STAGE_REACHED, incident, command, payload))
        if row["unit_incident_id"] == incident["id"]:
            await self._follow(act, incident, row["unit_id"], {**assignment.stages, command.stage: at})
        return flags

    async def _write(
        self,
        act: Act,
        incident: store.Record,
        unit_id: UUID,
        ordinal: int,
        command: commands.IntakeStage,
        flags: list[str],
    ) -> None:
        stated: StatedTime = command.at
        key = (incident["id"], unit_id, ordinal)
        await store.report_stage(act.connection, key, command.stage, stated.at, stated.precision.value, flags)

    async def _follow(self, act: Act, incident: store.Record, unit_id: UUID, stages: Any) -> None:
        if incident["status"] != "open":
            return  # history: what the unit does now is not told by it
        status = domain.status_after(stages)
        target = None if status is UnitStatus.AVAILABLE else incident["id"]
        await set_unit(act, unit_id, status, max(stages.values()), target)

    def _event(
        self,
        act: Act,
        type_: IncidentEvent,
        incident: store.Record,
        command: commands.IntakeStage,
        payload: dict[str, Any],
    ) -> Any:
        return event(
            act,
            type_,
            incident["id"],
            incident["territory_id"],
            command.at.at,
            payload,
            source=command.source,
            precision=command.at.precision,
        )


def _with_future(stated: Sequence[str], at: StatedTime, act: Act) -> list[str]:
    """Return what the sender found odd, and whether the time lies ahead of our clock, which is ours to say."""
    found = [Flag.TIME_IN_FUTURE.value] if at.at > act.now + domain.CLOCK_TOLERANCE else []
    return list(dict.fromkeys([*stated, *found]))
