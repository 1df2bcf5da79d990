"""Entering a sending that is over: paper of an outage, or a radio log written up when it was quiet again.

It says what a unit did and changes nothing of what it does now, so its status, free or not, does not matter. Nobody is
alarmed by it: whatever was late then is over. Entered for the wrong unit, it is struck out as a whole in the same way.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent, Stage
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import NotFound, NotPossibleNow
from markaz.core.permissions import Permission
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import (
    Spine,
    event,
    fresh_view,
    lock_incident,
    lock_open_incident,
    lock_unit,
    said,
)
from markaz.programmes.incidents.dispatch import commands, store
from markaz.programmes.incidents.dispatch.domain import finished
from markaz.programmes.incidents.past_work import began_here, check_free_then

P = Permission


class Entering:
    """The acts by which a finished sending is entered, and struck out when that was wrong."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def enter(self, request: Request, incident_id: UUID, command: commands.EnterFinished) -> Answer:
        """Enter what a unit did for an incident, from its sending to its clearing.

        Raises StageOrder or InvalidInput when the times cannot be, NotPossibleNow when the unit is recorded at other
        work in that time.
        """

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_DISPATCH, command.version)
            unit = await lock_unit(act, self._spine, command.unit_id, P.INCIDENT_DISPATCH)
            stages = finished(command.stages, incident["received_at"], act.now)
            await check_free_then(act, self._spine, unit, stages[Stage.ASSIGNED], stages[Stage.CLEARED])
            began_at = await began_here(act.connection, incident_id, unit["id"])
            # Of two sendings here the picture shows the later one.
            is_past = began_at is not None and began_at >= stages[Stage.CLEARED]
            ordinal = await store.insert_finished(
                act.connection, incident_id, unit["id"], stages, is_current=not is_past
            )
            version = await base.touch_incident(act.connection, incident_id, act.actor.id)
            told = {"unit_id": str(unit["id"]), "ordinal": ordinal, "version": version}
            told |= {"is_finished": True, "is_past": is_past}
            _tell(act, incident, unit, stages, command, told)
            return Answer(201, {"version": version})

        return await self._spine.acts.run(request, work)

    async def strike(self, request: Request, incident_id: UUID, command: commands.StrikeFinished) -> Answer:
        """Strike out a finished sending that was entered wrongly; what was entered stays in the log, and why it went.

        What the unit does now does not matter here either. Raises NotPossibleNow when the sending was taken away
        before, or when a correction made it one that is not over.
        """

        async def work(act: Act) -> Answer:
            incident = await lock_incident(act, self._spine, incident_id, P.INCIDENT_CORRECT, command.version)
            row = await store.lock_finished(act.connection, incident_id, command.seq)
            if row is None:
                raise NotFound("This incident has no such finished sending.", what="finished sending")
            stages = base.assignment_of(row).stages
            if not stages:
                raise NotPossibleNow(f"This sending of {row['call_sign']} was taken away already.")
            if Stage.CLEARED not in stages:
                raise NotPossibleNow(f"Unit {row['call_sign']} is at work here again: clear it first.")
            reason_id = uuid7()
            await self._spine.sealer.store(act.connection, reason_id, {"reason": command.reason})
            await store.strike(act.connection, incident_id, row["unit_id"], row["ordinal"])
            await base.touch_incident(act.connection, incident_id, act.actor.id)
            view = await fresh_view(act, incident_id)
            payload = {
                "corrects": command.seq,
                "unit_id": str(row["unit_id"]),
                "call_sign": row["call_sign"],
                "ordinal": row["ordinal"],
                "stages": {stage.value: iso(at) for stage, at in stages.items()},
                "reason_id": str(reason_id),
                "version": view["version"],
                "view": view,
            }
            territory_id = incident["territory_id"]
            act.events.append(event(act, IncidentEvent.SENDING_STRUCK, incident_id, territory_id, act.now, payload))
            return Answer(200, {"version": view["version"]})

        return await self._spine.acts.run(request, work)


def _tell(
    act: Act,
    incident: base.Record,
    unit: base.Record,
    stages: Mapping[Stage, datetime],
    command: commands.EnterFinished,
    told: Mapping[str, object],
) -> None:
    """Add the events of an ordinary sending and its stages, each with its own stated time."""
    for stage, at in stages.items():
        type_, detail = IncidentEvent.STAGE_REACHED, {"stage": stage.value}
        if stage is Stage.ASSIGNED:
            type_, detail = IncidentEvent.UNIT_ASSIGNED, {"call_sign": unit["call_sign"]}
        payload = {**told, **detail, "at": iso(at)}
        act.events.append(
            event(act, type_, incident["id"], incident["territory_id"], at, payload, source=said(command.via))
        )
