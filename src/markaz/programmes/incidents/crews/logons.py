"""Logging crews on and off: load, decide, write, add the event; one transaction each, through core.acts.

The event says that a unit is on duty, with how many and what they can do. Who they are stands in a table that desk
roles may read while they are on the unit; it is in no event, so no history of a person can be made of the log.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent, UnitStatus
from markaz.core.acts import Act, Answer, Request
from markaz.core.db.pool import Connection
from markaz.core.errors import Forbidden, InvalidInput, NotFound, NotPossibleNow
from markaz.core.events import SYSTEM_ACTOR_ID, append
from markaz.core.permissions import Actor, Permission, holds, territory_filter
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import queries
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import Spine, event
from markaz.programmes.incidents.crews import domain
from markaz.programmes.incidents.crews.store import logons as store
from markaz.programmes.incidents.picture import JSON, unit_view

P = Permission
END_BATCH = 200
CENTRE = Actor(SYSTEM_ACTOR_ID, "markaz", "Markaz", is_service=True, grants=(), access_version=0)
UNKNOWN_UNIT = "There is no such unit in your territory."


class Crews:
    """Log-ons, and what people may read of them."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def log_on(self, request: Request, unit_id: UUID, command: domain.LogOn) -> Answer:
        """Log a crew on to a unit: an officer himself, or the desk for it by radio. Answers the log-on's id and version.

        Raises NotPossibleNow when another crew is on the unit (unless it is taken over), or somebody on another unit.
        """

        async def work(act: Act) -> Answer:
            unit = await self._lock(act, unit_id)
            is_desk = self._is_desk(act.actor, unit)
            crew = domain.full_crew(command, act.actor.id, is_desk=is_desk)
            size = domain.crew_size(command, crew)
            before = await store.open_logon(act.connection, unit_id)
            if before is not None and before["crew_size"] > 0 and not command.takes_over:
                raise NotPossibleNow(
                    f"Unit {unit['call_sign']} has a crew since {iso(before['logged_on_at'])}: log it off, or take it over."
                )
            await self._check_crew(act, unit, crew)
            ends_at = await self._ends_at(act, unit, command, crew)
            await store.close_logon(act.connection, unit_id, act.actor.id, act.now)
            values: JSON = {"id": uuid7(), "unit_id": unit_id, "shift_id": command.shift_id, "crew_size": size}
            values |= {"crew": crew, "vehicle": command.vehicle, "skills": list(command.skills), "ends_at": ends_at}
            await store.insert_logon(act.connection, values | {"at": act.now, "by": act.actor.id})
            came = unit["status"] == UnitStatus.OFF_DUTY
            status = UnitStatus.AVAILABLE if came else UnitStatus(unit["status"])
            since = act.now if came else unit["since"]
            view = await store.set_crew(
                act.connection, unit_id, act.actor.id, status, since, sorted(command.skills), size
            )
            payload = {"view": view, "logon_id": str(values["id"]), "crew_size": size}
            happened = IncidentEvent.UNIT_LOGGED_ON
            act.events.append(event(act, happened, unit_id, unit["territory_id"], act.now, payload))
            return Answer(201, {"id": str(values["id"]), "version": view["version"]})

        return await self._spine.acts.run(request, work)

    async def log_off(self, request: Request, unit_id: UUID) -> Answer:
        """Log a unit off: its crew, or the desk. Raises NotPossibleNow while it works for an incident."""

        async def work(act: Act) -> Answer:
            unit = await self._lock(act, unit_id)
            logon = await store.open_logon(act.connection, unit_id)
            if logon is None:
                raise NotPossibleNow(f"Unit {unit['call_sign']} is not logged on.")
            is_desk = self._is_desk(act.actor, unit)
            if not is_desk and act.actor.id not in logon["crew"]:
                raise Forbidden("Only its crew or the desk logs a unit off.")
            if unit["incident_id"] is not None:
                raise NotPossibleNow(
                    f"Unit {unit['call_sign']} is working for an incident: clear it there, or let the next crew take over."
                )
            version = await _off(act, unit_id, unit["territory_id"])
            return Answer(200, {"version": version})

        return await self._spine.acts.run(request, work)

    async def own_unit(self, actor: Actor) -> JSON:
        """Return the unit this account is logged on to, its log-on and the incident it works for; nulls when to none."""
        async with self._spine.database.snapshot() as connection:
            unit = await store.unit_of(connection, actor.id)
            if unit is None:
                return {"unit": None, "log_on": None, "incident_id": None}
            logon = await store.open_logon(connection, unit["id"])
            described = await _described(connection, [] if logon is None else [logon])
        view = unit_view(unit)
        return {"unit": view, "log_on": described[0] if described else None, "incident_id": view["incident_id"]}

    async def own_position(self, actor: Actor) -> JSON:
        """Return what others see of where this account's unit is: its last position while logged on, and nothing else."""
        async with self._spine.database.snapshot() as connection:
            unit = await store.unit_of(connection, actor.id)
            logon = None if unit is None else await store.open_logon(connection, unit["id"])
            if unit is None or logon is None:
                return {"sharing": "off", "unit_id": None, "position": None}
            fix = await store.last_position(connection, unit["id"], logon["logged_on_at"])
        position = None
        if fix is not None:
            position = {
                "lon": fix["lon"],
                "lat": fix["lat"],
                "fix_at": iso(fix["fix_at"]),
                "accuracy_m": fix["accuracy_m"],
            }
        return {"sharing": "on_shift", "unit_id": str(unit["id"]), "position": position}

    async def loggable(self, actor: Actor) -> JSON:
        """Return the units of the own territory that wait for a crew."""
        territories = territory_filter(actor, P.UNIT_LOG_ON, self._tree)
        async with self._spine.database.connection() as connection:
            return {"items": await store.loggable(connection, territories)}

    async def crews(self, actor: Actor) -> JSON:
        """Return the crews on duty in the desk's territories, with names; `is_over` says that the turn has ended."""
        territories = territory_filter(actor, P.CREW_READ, self._tree)
        now = self._spine.clock.now()
        async with self._spine.database.snapshot() as connection:
            rows = await store.crews_in(connection, territories)
            described = await _described(connection, rows)
        over = [row["ends_at"] is not None and row["ends_at"] < now for row in rows]
        return {"items": [one | {"is_over": is_over} for one, is_over in zip(described, over, strict=True)]}

    async def crew(self, actor: Actor, unit_id: UUID) -> JSON:
        """Return who is on a unit now. Raises NotFound outside the desk's territories."""
        async with self._spine.database.snapshot() as connection:
            unit = await connection.fetchrow("SELECT territory_id, home_territory_id FROM units WHERE id = $1", unit_id)
            places = _territories_of(unit) if unit is not None else []
            if not any(holds(actor, P.CREW_READ, one, self._tree) for one in places):
                raise NotFound(UNKNOWN_UNIT, what="unit")
            logon = await store.open_logon(connection, unit_id)
            described = await _described(connection, [] if logon is None else [logon])
        return {"log_on": described[0] if described else None}

    # --- what these share ---

    @property
    def _tree(self) -> TerritoryTree:
        return self._spine.territories()

    def _is_desk(self, actor: Actor, unit: base.Record) -> bool:
        return any(holds(actor, P.UNIT_STATUS, one, self._tree) for one in _territories_of(unit))

    async def _lock(self, act: Act, unit_id: UUID) -> base.Record:
        unit = await base.lock_unit(act.connection, unit_id)
        if unit is None or not any(holds(act.actor, P.UNIT_LOG_ON, one, self._tree) for one in _territories_of(unit)):
            raise NotFound(UNKNOWN_UNIT, what="unit")
        return unit

    async def _check_crew(self, act: Act, unit: base.Record, crew: Sequence[UUID]) -> None:
        """Raise InvalidInput for a stranger in the crew, NotPossibleNow for somebody who is on another unit."""
        above = {parent for place in _territories_of(unit) for parent in self._tree.path(place)}
        known = await store.officers_among(act.connection, crew, sorted(above))
        if set(crew) - known:
            raise InvalidInput("crew: name officers of this unit's territory.", field="crew")
        elsewhere = await store.busy_elsewhere(act.connection, crew, unit["id"])
        if elsewhere:
            signs = sorted({row["call_sign"] for row in elsewhere})
            raise NotPossibleNow(
                f"Already logged on to {', '.join(signs)}: log off there first.",
                units=[{"id": str(row["unit_id"]), "call_sign": row["call_sign"]} for row in elsewhere],
            )

    async def _ends_at(
        self, act: Act, unit: base.Record, command: domain.LogOn, crew: Sequence[UUID]
    ) -> datetime | None:
        if command.shift_id is None:
            return domain.ends_at(act.now, None, crew)
        shift = await store.shift(act.connection, command.shift_id)
        above = {parent for place in _territories_of(unit) for parent in self._tree.path(place)}
        if shift is None or shift["territory_id"] not in above:
            raise InvalidInput("There is no such shift of this unit's territory.", field="shift_id")
        domain.check_shift(shift["starts_at"], shift["ends_at"], act.now)
        return domain.ends_at(act.now, shift["ends_at"], crew)


async def log_off_ended(connection: Connection, now: datetime) -> int:
    """Log off every unit whose turn ended half an hour ago, but never one that works for an incident; return how many.

    One that works on stays on duty and stands in the list of crews as over its time.
    """
    act = Act(connection, Request(CENTRE, "job"), now)
    for unit in await store.ended_logons(connection, now - domain.GRACE, END_BATCH):
        await _off(act, unit["id"], unit["territory_id"], reason="turn_ended")
    if act.events:
        await append(connection, act.events)
    return len(act.events)


async def _off(act: Act, unit_id: UUID, territory_id: int, *, reason: str = "logged_off") -> int:
    view = await base.set_unit(act.connection, unit_id, act.actor.id, UnitStatus.OFF_DUTY.value, act.now, None)
    payload = {"view": view, "reason": reason}
    source = "system" if act.actor is CENTRE else "officer"
    happened = event(act, IncidentEvent.UNIT_LOGGED_OFF, unit_id, territory_id, act.now, payload, source=source)
    act.events.append(happened)
    return int(view["version"])


def _territories_of(unit: base.Record) -> list[int]:
    """Return where a unit is and, when it is lent, where it is at home."""
    return [unit["territory_id"], *([] if unit["home_territory_id"] is None else [unit["home_territory_id"]])]


async def _described(connection: Connection, logons: Sequence[base.Record]) -> list[JSON]:
    names = await queries.names(connection, [account for one in logons for account in one["crew"]])
    return [
        {
            "id": str(one["id"]),
            "unit_id": str(one["unit_id"]),
            "crew": [{"id": str(account), "display_name": names.get(account, "")} for account in one["crew"]],
            "crew_size": one["crew_size"],
            "vehicle": one["vehicle"],
            "skills": sorted(one["skills"]),
            "logged_on_at": iso(one["logged_on_at"]),
            "ends_at": None if one["ends_at"] is None else iso(one["ends_at"]),
            "shift": None if one["shift_id"] is None else {"id": str(one["shift_id"]), "name": one["shift_name"]},
        }
        for one in logons
    ]
