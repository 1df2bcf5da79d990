"""Waiting on purpose: the held queue, and asking for backup."""

from datetime import timedelta
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import InvalidInput, NotPossibleNow
from markaz.core.permissions import Permission
from markaz.kit.clock import iso
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents import waiting
from markaz.programmes.incidents.acting import Spine, event, fresh_view, lock_open_incident
from markaz.programmes.incidents.dispatch import commands, store

P = Permission
LONGEST_HOLD = timedelta(days=7)  # an appointment within the week; what waits longer is a task, not a call


class Holding:
    """The acts by which an incident waits, or asks for more."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def hold(self, request: Request, incident_id: UUID, command: commands.Hold) -> Answer:
        """Let an incident wait until a time; then it is overdue by itself. Raises NotPossibleNow while units work on it."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_DISPATCH, command.version)
            if not act.now < command.until <= act.now + LONGEST_HOLD:
                raise InvalidInput("Hold until a time within the next seven days.", field="until")
            working = await base.uncleared(act.connection, incident_id)
            if working:
                raise NotPossibleNow(f"Units are on it: {', '.join(working)}. It cannot wait.", units=working)
            await store.hold(act.connection, incident_id, act.now, command.until, command.reason.value)
            held = {"until": iso(command.until), "reason": command.reason.value}
            return await _done(act, incident, IncidentEvent.HELD, {"held": held})

        return await self._spine.acts.run(request, work)

    async def release(self, request: Request, incident_id: UUID, version: int) -> Answer:
        """Let a held incident wait no more."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_DISPATCH, version)
            if incident["held_until"] is None:
                raise NotPossibleNow(f"Incident {incident['number']} is not held.")
            await waiting.end_hold(act.connection, incident_id, act.now)
            return await _done(act, incident, IncidentEvent.RELEASED, {"because": "released"})

        return await self._spine.acts.run(request, work)

    async def ask_backup(self, request: Request, incident_id: UUID, command: commands.AskBackup) -> Answer:
        """Raise the flag that more units are needed; it goes when units are sent or when it is withdrawn."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_DISPATCH, command.version)
            await store.ask_backup(act.connection, incident_id, act.now, act.actor.id, command.count, command.kind)
            asked = {"count": command.count, "kind": command.kind}
            return await _done(act, incident, IncidentEvent.BACKUP_ASKED, {"backup": asked})

        return await self._spine.acts.run(request, work)

    async def end_backup(self, request: Request, incident_id: UUID, version: int) -> Answer:
        """Take the flag down."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_DISPATCH, version)
            if incident["backup_asked_at"] is None:
                raise NotPossibleNow(f"No backup is asked for incident {incident['number']}.")
            await waiting.end_backup(act.connection, incident_id)
            return await _done(act, incident, IncidentEvent.BACKUP_ENDED, {"because": "withdrawn"})

        return await self._spine.acts.run(request, work)


async def _done(act: Act, incident: base.Record, type_: IncidentEvent, payload: dict[str, object]) -> Answer:
    await base.touch_incident(act.connection, incident["id"], act.actor.id)
    view = await fresh_view(act, incident["id"])
    whole = payload | {"view": view, "version": view["version"]}
    act.events.append(event(act, type_, incident["id"], incident["territory_id"], act.now, whole))
    return Answer(200, {"version": view["version"]})
