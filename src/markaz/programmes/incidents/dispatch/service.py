"""Sending several units in one act, swapping, diverting and withdrawing them.

Locks: incidents in the order of their ids, then units in the order of theirs, so no two acts wait for each other.
All of it happens or none: half a sending at four in the morning is worse than a refusal that names who was faster.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import EnteredVia, IncidentEvent, Stage, UnitStatus
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow, VersionConflict
from markaz.core.permissions import Permission
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import domain as rules
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents import waiting
from markaz.programmes.incidents.acting import (
    Spine,
    conflict,
    differs,
    event,
    lock_incident,
    lock_open_incident,
    lock_unit,
    said,
    set_unit,
    unit_versions,
)
from markaz.programmes.incidents.dispatch import commands, store
from markaz.programmes.incidents.dispatch.domain import DIVERTIBLE, overridden
from markaz.programmes.incidents.dispatch.recommending import Recommending
from markaz.programmes.incidents.past_work import check_free_then

P = Permission


class Dispatching:
    """The acts by which units are sent and taken back."""

    def __init__(self, spine: Spine, recommending: Recommending) -> None:
        self._spine = spine
        self._recommending = recommending

    async def dispatch(self, request: Request, incident_id: UUID, command: commands.Dispatch) -> Answer:
        """Send all these units or none. Raises VersionConflict naming who was faster, for each unit that is taken."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_DISPATCH, command.version)
            units = await self._lock_units(act, command.unit_ids)
            await _require_free(act, units)
            at = _sending_time(act, incident, command.occurred_at)
            if command.occurred_at is not None:
                for unit in units:
                    await check_free_then(act, self._spine, unit, at, None)
            version = await _send(act, incident, units, at, command.via)
            await self._decide(act, incident, command, version)
            return Answer(201, {"version": version, "unit_versions": unit_versions(act)})

        return await self._spine.acts.run(request, work)

    async def withdraw(self, request: Request, incident_id: UUID, command: commands.Withdraw) -> Answer:
        """Take a unit back before it arrives. Raises NotPossibleNow afterwards: then it is cleared."""

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_DISPATCH, command.version)
            unit = await lock_unit(act, self._spine, command.unit_id, P.INCIDENT_DISPATCH)
            version = await _withdraw(act, incident, unit, command.reason)
            await set_unit(act, unit["id"], UnitStatus.AVAILABLE, act.now, None)
            return Answer(200, {"version": version, "unit_versions": unit_versions(act)})

        return await self._spine.acts.run(request, work)

    async def swap(self, request: Request, incident_id: UUID, command: commands.Swap) -> Answer:
        """Send one unit instead of another that has not arrived."""
        if command.in_unit_id == command.out_unit_id:
            raise InvalidInput("A unit cannot stand in for itself.", field="in_unit_id")

        async def work(act: Act) -> Answer:
            incident = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_DISPATCH, command.version)
            units = await self._lock_units(act, (command.out_unit_id, command.in_unit_id))
            out, into = sorted(units, key=lambda unit: unit["id"] == command.in_unit_id)
            await _require_free(act, [into])
            await _withdraw(act, incident, out, commands.Withdrawn.SWAPPED)
            await set_unit(act, out["id"], UnitStatus.AVAILABLE, act.now, None)
            version = await _send(act, incident, [into], _sending_time(act, incident, None))
            return Answer(201, {"version": version, "unit_versions": unit_versions(act)})

        return await self._spine.acts.run(request, work)

    async def divert(self, request: Request, incident_id: UUID, command: commands.Divert) -> Answer:
        """Take a unit from what it drives to and send it here; both incidents say so.

        Raises VersionConflict when the unit or this incident changed, NotPossibleNow once the unit has arrived there.
        """

        async def work(act: Act) -> Answer:
            other_id = await store.unit_incident(act.connection, command.unit_id)
            here, other = await self._lock_pair(act, incident_id, other_id, command.version)
            unit = await lock_unit(act, self._spine, command.unit_id, P.INCIDENT_DISPATCH)
            if differs(command.unit_version, unit["version"]) or unit["incident_id"] != other_id:
                raise await conflict(act.connection, unit, f"Unit {unit['call_sign']}")
            if other is None:
                raise NotPossibleNow(f"Unit {unit['call_sign']} works for nothing else: send it.")
            if UnitStatus(unit["status"]) not in DIVERTIBLE:
                raise NotPossibleNow(f"Unit {unit['call_sign']} is {unit['status']}: clear it there first.")
            at = _sending_time(act, here, None)
            await _withdraw(act, other, unit, commands.Withdrawn.DIVERTED)
            version = await _send(act, here, [unit], at)
            return Answer(201, {"version": version, "unit_versions": unit_versions(act)})

        return await self._spine.acts.run(request, work)

    async def _lock_units(self, act: Act, unit_ids: Sequence[UUID]) -> list[base.Record]:
        return [await lock_unit(act, self._spine, unit_id, P.INCIDENT_DISPATCH) for unit_id in sorted(set(unit_ids))]

    async def _lock_pair(
        self, act: Act, here_id: UUID, other_id: UUID | None, version: int
    ) -> tuple[base.Record, base.Record | None]:
        """Lock this incident and the other one in the order of their ids."""
        if other_id == here_id:
            raise NotPossibleNow("This unit works for this incident already.")
        if other_id is None or here_id < other_id:
            here = await lock_open_incident(act, self._spine, here_id, P.INCIDENT_DISPATCH, version)
            other = None if other_id is None else await self._other(act, other_id)
            return here, other
        other = await self._other(act, other_id)
        return await lock_open_incident(act, self._spine, here_id, P.INCIDENT_DISPATCH, version), other

    async def _other(self, act: Act, other_id: UUID) -> base.Record:
        return await lock_incident(act, self._spine, other_id, P.INCIDENT_DISPATCH, None)

    async def _decide(self, act: Act, incident: base.Record, command: commands.Dispatch, version: int) -> None:
        """Keep what was recommended, taken and overridden: ids, codes and minutes, no positions."""
        shown = self._recommending.shown(command.recommendation_id, incident["id"], act.actor.id)
        passed_over = [] if shown is None else overridden(shown.suggested, command.unit_ids)
        reason = command.override_reason.value if command.override_reason and passed_over else None
        decision_id = uuid7()
        kept = None if shown is None else list(shown.kept)
        await store.insert_decision(
            act.connection,
            decision_id=decision_id,
            incident_id=incident["id"],
            at=act.now,
            by=act.actor.id,
            considered=None if shown is None else shown.considered,
            recommended=kept,
            taken=command.unit_ids,
            overridden=passed_over,
            reason=reason,
        )
        payload = {
            "decision_id": str(decision_id),
            "considered": None if shown is None else shown.considered,
            "recommended": kept,
            "taken": [str(unit_id) for unit_id in command.unit_ids],
            "overridden": [str(unit_id) for unit_id in passed_over],
            "override_reason": reason,
            "version": version,
        }
        territory_id = incident["territory_id"]
        act.events.append(event(act, IncidentEvent.DISPATCH_DECIDED, incident["id"], territory_id, act.now, payload))


async def _require_free(act: Act, units: Sequence[base.Record]) -> None:
    """Raise VersionConflict that names, for each unit that is not free, who took it, when and for what it is now."""
    taken = [u for u in units if u["incident_id"] is not None or UnitStatus(u["status"]) not in rules.SENDABLE]
    if not taken:
        return
    facts = []
    for unit in taken:
        facts.append(
            {
                "unit_id": str(unit["id"]),
                "call_sign": unit["call_sign"],
                "status": unit["status"],
                "by": await base.who(act.connection, unit["updated_by"]),
                "at": iso(unit["updated_at"]),
                "what": await base.last_act(act.connection, unit["id"]),
            }
        )
    names = "; ".join(f"{f['call_sign']} is {f['status']}, by {f['by']} at {f['at']}" for f in facts)
    first = {name: facts[0][name] for name in ("by", "at", "what")}
    raise VersionConflict(f"Nothing was sent. Not free any more: {names}. Choose others.", **first, units=facts)


def _sending_time(act: Act, incident: base.Record, stated: datetime | None) -> datetime:
    at = rules.check_time(stated or act.now, act.now)
    rules.check_between(rules.Assignment(0, {}), Stage.ASSIGNED, at, incident["received_at"])
    return at


async def _send(
    act: Act,
    incident: base.Record,
    units: Sequence[base.Record],
    at: datetime,
    via: EnteredVia = EnteredVia.CONSOLE,
) -> int:
    """Write the sending of locked units to a locked incident with its events; return the incident's version."""
    ordinals = [await base.insert_assignment(act.connection, incident["id"], unit["id"], at) for unit in units]
    version = await base.touch_incident(act.connection, incident["id"], act.actor.id)
    for unit, ordinal in zip(units, ordinals, strict=True):
        payload = {
            "unit_id": str(unit["id"]),
            "call_sign": unit["call_sign"],
            "ordinal": ordinal,
            "at": iso(at),
            "version": version,
        }
        territory_id = incident["territory_id"]
        assigned = event(act, IncidentEvent.UNIT_ASSIGNED, incident["id"], territory_id, at, payload, source=said(via))
        act.events.append(assigned)
    for unit in units:
        await set_unit(act, unit["id"], UnitStatus.ASSIGNED, at, incident["id"])
    await waiting.units_were_sent(act, incident)
    return version


async def _withdraw(act: Act, incident: base.Record, unit: base.Record, reason: commands.Withdrawn) -> int:
    """End a sending before arrival and return the incident's version; the unit's own status is the caller's to set."""
    row = await base.lock_assignment(act.connection, incident["id"], unit["id"])
    if row is None or unit["incident_id"] != incident["id"]:
        raise NotFound("This unit was not sent to this incident.", what="assignment")
    assignment = base.assignment_of(row)
    if UnitStatus(unit["status"]) not in DIVERTIBLE:
        raise NotPossibleNow(f"Unit {unit['call_sign']} is {unit['status']}: clear it instead.")
    await store.withdraw(act.connection, incident["id"], unit["id"], assignment.ordinal, act.now, reason.value)
    version = await base.touch_incident(act.connection, incident["id"], act.actor.id)
    payload = {
        "unit_id": str(unit["id"]),
        "call_sign": unit["call_sign"],
        "ordinal": assignment.ordinal,
        "at": iso(act.now),
        "withdrawn": reason.value,
        "version": version,
    }
    territory_id = incident["territory_id"]
    act.events.append(event(act, IncidentEvent.UNIT_WITHDRAWN, incident["id"], territory_id, act.now, payload))
    return version
