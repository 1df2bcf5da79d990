"""Entering a sending that is over: paper of an outage, or a radio log written up when it was quiet again.

It says what a unit did and changes nothing of what it does now, so its status, free or not, does not matter. Nobody is
alarmed by it: whatever was late then is over.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent, Stage
from markaz.core.acts import Act, Answer, Request
from markaz.core.permissions import Permission
from markaz.kit.clock import iso
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import Spine, event, lock_open_incident, lock_unit, said
from markaz.programmes.incidents.dispatch import commands, store
from markaz.programmes.incidents.dispatch.domain import finished
from markaz.programmes.incidents.past_work import began_here, check_free_then

P = Permission


class Entering:
    """The act by which a finished sending is entered."""

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
