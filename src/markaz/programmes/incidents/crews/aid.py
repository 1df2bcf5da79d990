"""Mutual aid: a territory asks its neighbour for units, the neighbour lends them until a time or says why not.

A lent unit belongs to the borrower's picture until it returns: by hand, or by itself when its time has ended and it works
for nothing. Its call sign stays its home's; two units of one call sign are told apart by the home that lent ones show.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent, UnitStatus
from markaz.core.acts import Act, Answer, Request
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow, VersionConflict
from markaz.core.events import append
from markaz.core.permissions import Actor, Permission, holds, require, territory_filter
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import Spine, conflict, event, moved_from
from markaz.programmes.incidents.crews.logons import CENTRE
from markaz.programmes.incidents.crews.store import aid as store
from markaz.programmes.incidents.picture import JSON

P = Permission
LONGEST_LOAN = timedelta(days=7)  # longer is a posting, which is a change of the register
SHOWN_FOR = timedelta(hours=24)
BATCH = 200
UNKNOWN_UNIT = "There is no such unit in your territory."


@dataclass(frozen=True, slots=True)
class Ask:
    """A territory asks another for units of a kind."""

    territory_id: int
    from_territory: int
    kind: str
    count: int
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Lend:
    """A unit goes to a neighbour. `version` is the unit's as seen."""

    to_territory: int
    until: datetime
    version: int
    request_id: UUID | None


class Aid:
    """Requests and loans."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def ask(self, request: Request, command: Ask) -> Answer:
        """Ask a neighbour. Raises InvalidInput for an own or unknown territory, or a time that cannot be."""

        async def work(act: Act) -> Answer:
            require(act.actor, P.UNIT_LEND, command.territory_id, self._tree)
            self._check_other(command.from_territory, command.territory_id, "from_territory")
            _check_until(command.until, act.now)
            request_id = uuid7()
            values: JSON = {"id": request_id, "territory_id": command.territory_id, "at": act.now, "by": act.actor.id}
            values |= {"from_territory_id": command.from_territory, "kind": command.kind, "count": command.count}
            values |= {"until": command.until, "reason": command.reason}
            await store.insert_request(act.connection, values)
            _changed(act, request_id, command.territory_id, "open", kind=command.kind, count=command.count)
            return Answer(201, {"id": str(request_id), "version": 1})

        return await self._spine.acts.run(request, work)

    async def refuse(self, request: Request, request_id: UUID, version: int, reason: str) -> Answer:
        """Say no to a request, as the one who was asked."""
        return await self._end(request, request_id, version, "refused", reason)

    async def withdraw(self, request: Request, request_id: UUID, version: int) -> Answer:
        """Take a request back, as the one who asked."""
        return await self._end(request, request_id, version, "withdrawn", None)

    async def lend(self, request: Request, unit_id: UUID, command: Lend) -> Answer:
        """Lend a free unit. Raises NotPossibleNow when it works, is off duty or is lent already; VersionConflict."""

        async def work(act: Act) -> Answer:
            asked = None if command.request_id is None else await self._asked(act, command)
            unit = await self._lock(act, unit_id)
            if unit["version"] != command.version:
                raise await conflict(act.connection, unit, f"Unit {unit['call_sign']}")
            if unit["home_territory_id"] is not None:
                raise NotPossibleNow(f"Unit {unit['call_sign']} is lent already until {iso(unit['lent_until'])}.")
            if unit["incident_id"] is not None or unit["status"] == UnitStatus.OFF_DUTY:
                raise NotPossibleNow(f"Unit {unit['call_sign']} is {unit['status']}: lend one that is free.")
            self._check_other(command.to_territory, unit["territory_id"], "to_territory")
            _check_until(command.until, act.now)
            if asked is not None:
                await self._count(act, asked, unit)
            values: JSON = {"unit_id": unit_id, "to": command.to_territory, "until": command.until, "by": act.actor.id}
            values |= {"id": uuid7(), "request_id": command.request_id, "at": act.now}
            view = await store.move_out(act.connection, values)
            payload = {"view": view, "until": iso(command.until)}
            lent = event(act, IncidentEvent.UNIT_LENT, unit_id, command.to_territory, act.now, payload)
            act.events.append(moved_from(lent, unit["territory_id"]))
            return Answer(200, {"version": view["version"]})

        return await self._spine.acts.run(request, work)

    async def bring_back(self, request: Request, unit_id: UUID, version: int) -> Answer:
        """Send a lent unit home: the borrower, or the home calls it back. Not while it works for an incident."""

        async def work(act: Act) -> Answer:
            unit = await self._lock(act, unit_id)
            if unit["version"] != version:
                raise await conflict(act.connection, unit, f"Unit {unit['call_sign']}")
            if unit["home_territory_id"] is None:
                raise NotPossibleNow(f"Unit {unit['call_sign']} is not lent.")
            if unit["incident_id"] is not None:
                raise NotPossibleNow(f"Unit {unit['call_sign']} is working for an incident: clear it there first.")
            return Answer(200, {"version": await _home(act, unit_id, unit["territory_id"], "by_hand")})

        return await self._spine.acts.run(request, work)

    async def overview(self, actor: Actor) -> JSON:
        """Return requests and loans of the actor's territories; `is_overdue` says that a loan's time has ended.

        `neighbours` names the territories beside one's own and beside those above, and every other one spoken of here.
        """
        now = self._spine.clock.now()
        territories = territory_filter(actor, P.UNIT_LEND, self._tree)
        async with self._spine.database.snapshot() as connection:
            rows = await store.requests_of(connection, territories, now - SHOWN_FOR)
            units = await store.lent_units(connection, territories)
        for unit in units:
            unit["is_overdue"] = datetime.fromisoformat(unit["lent"]["until"]) < now
        named = self._neighbours(actor) | {row[side] for row in rows for side in ("territory_id", "from_territory_id")}
        named |= {unit["lent"]["home_territory_id"] for unit in units} | {unit["territory_id"] for unit in units}
        return {
            "requests": [_request_view(row) for row in rows],
            "lent": units,
            "neighbours": [self._named(one) for one in sorted(named)],
        }

    # --- what these share ---

    @property
    def _tree(self) -> TerritoryTree:
        return self._spine.territories()

    def _neighbours(self, actor: Actor) -> set[int]:
        own = set(territory_filter(actor, P.UNIT_LEND, self._tree))
        above = {one for root in actor.roots(P.UNIT_LEND) for one in self._tree.path(root)[:-1]}
        return {int(child) for one in above for child in self._tree.children(one)} - own

    def _named(self, territory_id: int) -> JSON:
        territory = self._tree.get(territory_id)
        return {"id": territory_id, "parent_id": self._tree.parent(territory_id), "names": dict(territory.names)}

    def _check_other(self, territory_id: int, own_id: int, field: str) -> None:
        if self._tree.current(territory_id) is None or territory_id == own_id:
            raise InvalidInput("Name another territory of this centre.", field=field)

    async def _lock(self, act: Act, unit_id: UUID) -> base.Record:
        unit = await base.lock_unit(act.connection, unit_id)
        places = [] if unit is None else [unit["territory_id"], unit["home_territory_id"]]
        if unit is None or not any(one and holds(act.actor, P.UNIT_LEND, one, self._tree) for one in places):
            raise NotFound(UNKNOWN_UNIT, what="unit")
        return unit

    async def _locked_request(self, act: Act, request_id: UUID, side: str) -> base.Record:
        row = await store.lock_request(act.connection, request_id)
        if row is None or not holds(act.actor, P.UNIT_LEND, row[side], self._tree):
            raise NotFound("There is no such request of your territory.", what="aid_request")
        if row["state"] != "open":
            raise NotPossibleNow(f"This request is {row['state']}.")
        return row

    async def _asked(self, act: Act, command: Lend) -> base.Record:
        assert command.request_id is not None
        row = await self._locked_request(act, command.request_id, "from_territory_id")
        if row["territory_id"] != command.to_territory:
            raise InvalidInput("This request comes from another territory.", field="request_id")
        return row

    async def _count(self, act: Act, asked: base.Record, unit: base.Record) -> None:
        if unit["territory_id"] not in self._tree.subtree(asked["from_territory_id"]):
            raise InvalidInput("This unit is not of the territory that was asked.", field="request_id")
        lent = asked["lent"] + 1
        state = "met" if lent >= asked["count"] else "open"
        await store.set_state(act.connection, asked["id"], state, None, lent)
        _changed(act, asked["id"], asked["territory_id"], state, lent=lent)

    async def _end(self, request: Request, request_id: UUID, version: int, state: str, reason: str | None) -> Answer:
        side = "from_territory_id" if state == "refused" else "territory_id"

        async def work(act: Act) -> Answer:
            row = await self._locked_request(act, request_id, side)
            if row["version"] != version:
                raise VersionConflict(
                    "Somebody answered this request first: look again.", current_version=row["version"]
                )
            new = await store.set_state(act.connection, request_id, state, reason, row["lent"])
            _changed(act, request_id, row["territory_id"], state, reason=reason)
            return Answer(200, {"version": new})

        return await self._spine.acts.run(request, work)


async def bring_home(connection: Connection, now: datetime) -> int:
    """Return lent units whose time has ended and who work for nothing, and let old requests expire; say how many."""
    act = Act(connection, Request(CENTRE, "job"), now)
    for row in await store.expired(connection, now, BATCH):
        await store.set_state(connection, row["id"], "expired", None, row["lent"])
        _changed(act, row["id"], row["territory_id"], "expired")
    for unit in await store.due_home(connection, now, BATCH):
        await _home(act, unit["id"], unit["territory_id"], "time_ended")
    if act.events:
        await append(connection, act.events)
    return len(act.events)


async def _home(act: Act, unit_id: UUID, from_territory_id: int, why: str) -> int:
    view = await store.move_home(act.connection, unit_id, act.actor.id, act.now)
    source = "system" if act.actor is CENTRE else "officer"
    payload = {"view": view, "why": why}
    came = event(act, IncidentEvent.UNIT_RETURNED, unit_id, view["territory_id"], act.now, payload, source=source)
    act.events.append(moved_from(came, from_territory_id))
    return int(view["version"])


def _check_until(until: datetime, now: datetime) -> None:
    if not now < until <= now + LONGEST_LOAN:
        raise InvalidInput("until must lie ahead, and within seven days.", field="until")


def _changed(act: Act, request_id: UUID, territory_id: int, state: str, **more: object) -> None:
    payload = {"state": state, **{name: value for name, value in more.items() if value is not None}}
    source = "system" if act.actor is CENTRE else "officer"
    happened = event(act, IncidentEvent.AID_CHANGED, request_id, territory_id, act.now, payload, source=source)
    act.events.append(happened)


def _request_view(row: base.Record) -> JSON:
    return {
        "id": str(row["id"]),
        "territory_id": row["territory_id"],
        "from_territory_id": row["from_territory_id"],
        "kind": row["kind"],
        "count": row["count"],
        "lent": row["lent"],
        "until": iso(row["until"]),
        "reason": row["reason"],
        "state": row["state"],
        "refusal": row["refusal"],
        "asked_at": iso(row["asked_at"]),
        "asked_by": str(row["asked_by"]),
        "version": row["version"],
    }
