"""Shifts, who stands in them, and swaps: one asks, a colleague accepts, the supervisor confirms.

Ten minutes after its start a shift shows who is not logged on yet, so that the desk can call them. Nothing adds that up:
no lateness is counted, kept or compared.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from markaz.contracts.incidents import IncidentEvent
from markaz.core.acts import Act, Answer, Request
from markaz.core.codes import CodeTables
from markaz.core.errors import Forbidden, InvalidInput, NotFound, NotPossibleNow, VersionConflict
from markaz.core.permissions import Actor, Permission, Role, holds, require, territory_filter
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import Spine, event
from markaz.programmes.incidents.crews.store import logons
from markaz.programmes.incidents.crews.store import roster as store
from markaz.programmes.incidents.picture import JSON

P = Permission
MISSING_AFTER = timedelta(minutes=10)
SHOWN_FOR = timedelta(hours=12)  # a shift that has ended is still looked at by the next one
PLAN_AHEAD = timedelta(days=62)
NEXT_STEPS = {"asked": {"accepted", "declined", "withdrawn"}, "accepted": {"confirmed", "rejected", "withdrawn"}}


class Rosters:
    """Planning shifts and swapping them."""

    def __init__(self, spine: Spine, codes: CodeTables, zone: ZoneInfo) -> None:
        self._spine = spine
        self._codes = codes
        self._zone = zone

    async def plan(self, request: Request, territory_id: int, name: str, day: date) -> Answer:
        """Plan a shift of the profile on a day, local time. Raises InvalidInput for one that is there or is past."""
        self._codes.shifts.check(name)
        template = self._codes.shift_templates[name]
        starts_at = datetime.combine(day, template.starts, self._zone)
        ends_at = starts_at + timedelta(hours=template.hours)

        async def work(act: Act) -> Answer:
            require(act.actor, P.ROSTER_PLAN, territory_id, self._tree)
            if not act.now < ends_at <= act.now + PLAN_AHEAD:
                raise InvalidInput("Plan a shift of the next two months.", field="day")
            values: JSON = {"id": uuid7(), "territory_id": territory_id, "name": name}
            if not await store.insert_shift(act.connection, values | {"starts_at": starts_at, "ends_at": ends_at}):
                raise InvalidInput("This territory has a shift that begins then.", field="day")
            payload = {"name": name, "starts_at": iso(starts_at), "ends_at": iso(ends_at)}
            happened = IncidentEvent.SHIFT_PLANNED
            act.events.append(event(act, happened, values["id"], territory_id, act.now, payload))
            return Answer(201, {"id": str(values["id"]), "version": 1})

        return await self._spine.acts.run(request, work)

    async def put(self, request: Request, shift_id: UUID, version: int, entries: Sequence[tuple[UUID, UUID]]) -> Answer:
        """Replace the roster of a shift by (unit, account). Raises InvalidInput for strangers, VersionConflict."""

        async def work(act: Act) -> Answer:
            shift = await self._locked(act, shift_id)
            if shift["version"] != version:
                raise VersionConflict(
                    "Somebody changed this roster first: look again.", current_version=shift["version"]
                )
            await self._check(act, shift, entries)
            await store.put_roster(act.connection, shift_id, entries)
            new = await store.touch_shift(act.connection, shift_id)
            payload = {"entries": len(entries), "version": new}
            happened = IncidentEvent.ROSTER_CHANGED
            act.events.append(event(act, happened, shift_id, shift["territory_id"], act.now, payload))
            return Answer(200, {"version": new})

        return await self._spine.acts.run(request, work)

    async def shifts(self, actor: Actor) -> JSON:
        """Return the shifts of the actor's territories that run, come, or have just ended."""
        territories = territory_filter(actor, P.CREW_READ, self._tree)
        async with self._spine.database.connection() as connection:
            rows = await store.shifts_in(connection, territories, self._spine.clock.now() - SHOWN_FOR)
        return {"items": [_shift_view(row) for row in rows]}

    async def shift(self, actor: Actor, shift_id: UUID) -> JSON:
        """Return a shift with who stands in it; `is_missing` from ten minutes after its start until its end."""
        now = self._spine.clock.now()
        async with self._spine.database.snapshot() as connection:
            row = await logons.shift(connection, shift_id)
            if row is None or not holds(actor, P.CREW_READ, row["territory_id"], self._tree):
                raise NotFound("There is no such shift in your territory.", what="shift")
            entries = await store.entries_of(connection, shift_id)
            places = sorted(self._around(row["territory_id"]))
            officers = await store.officers_in(connection, places, Role.UNIT_OFFICER.value)
        runs = row["starts_at"] + MISSING_AFTER <= now < row["ends_at"]
        return {
            "shift": _shift_view(row),
            "entries": [
                {
                    "unit_id": str(one["unit_id"]),
                    "call_sign": one["call_sign"],
                    "account_id": str(one["account_id"]),
                    "display_name": one["display_name"],
                    "is_missing": runs and not one["is_here"],
                }
                for one in entries
            ],
            "officers": [{"id": str(one["id"]), "display_name": one["display_name"]} for one in officers],
        }

    async def mine(self, actor: Actor) -> JSON:
        """Return the coming shifts of the actor, and the swaps that are under way."""
        now = self._spine.clock.now()
        async with self._spine.database.snapshot() as connection:
            shifts = await store.shifts_of(connection, actor.id, now)
            swaps = await store.swaps_of(connection, actor.id, now)
        items = [_shift_view(row) | {"call_sign": row["call_sign"]} for row in shifts]
        return {"shifts": items, "swaps": [_swap_view(row) for row in swaps]}

    async def swaps(self, actor: Actor) -> JSON:
        """Return the swaps of the actor's territories."""
        territories = territory_filter(actor, P.ROSTER_PLAN, self._tree)
        async with self._spine.database.connection() as connection:
            rows = await store.swaps_in(connection, territories, self._spine.clock.now())
        return {"items": [_swap_view(row) for row in rows]}

    async def ask_swap(self, request: Request, shift_id: UUID, to: UUID) -> Answer:
        """Ask a colleague to stand in for the one who asks."""

        async def work(act: Act) -> Answer:
            shift = await store.lock_shift(act.connection, shift_id)
            if shift is None or not await store.stands_in(act.connection, shift_id, act.actor.id):
                raise NotFound("You do not stand in this shift.", what="shift")
            if act.now >= shift["starts_at"]:
                raise NotPossibleNow("This shift has begun: call the supervisor.")
            known = await logons.officers_among(act.connection, [to], sorted(self._around(shift["territory_id"])))
            if to not in known or await store.stands_in(act.connection, shift_id, to):
                raise InvalidInput("Name an officer of this territory who does not stand in this shift.", field="to")
            if await store.has_open_swap(act.connection, shift_id, act.actor.id):
                raise NotPossibleNow("You have asked somebody already: withdraw that first.")
            swap_id = uuid7()
            await store.insert_swap(act.connection, swap_id, shift_id, act.actor.id, to, act.now)
            _swap_event(act, swap_id, shift["territory_id"], "asked")
            return Answer(201, {"id": str(swap_id), "version": 1})

        return await self._spine.acts.run(request, work)

    async def step(self, request: Request, swap_id: UUID, version: int, step: str) -> Answer:
        """Accept or decline as the one who was asked, withdraw as the one who asks, confirm or reject as supervisor."""

        async def work(act: Act) -> Answer:
            row = await store.lock_swap(act.connection, swap_id)
            is_planner = row is not None and holds(act.actor, P.ROSTER_PLAN, row["territory_id"], self._tree)
            if row is None or not (is_planner or act.actor.id in {row["from_id"], row["to_id"]}):
                raise NotFound("There is no such swap of yours.", what="swap")
            if row["version"] != version:
                raise VersionConflict("Somebody was faster: look again.", current_version=row["version"])
            if step not in NEXT_STEPS.get(row["state"], set()):
                raise NotPossibleNow(f"This swap is {row['state']}.")
            if not _may(step, act.actor.id, row, is_planner=is_planner):
                raise Forbidden("This step is not yours.")
            if step == "confirmed" and not await store.stand_in(
                act.connection, row["shift_id"], row["from_id"], row["to_id"]
            ):
                raise NotPossibleNow("The roster has changed since: reject this swap and plan anew.")
            if step == "confirmed":
                await store.touch_shift(act.connection, row["shift_id"])
            new = await store.set_swap(act.connection, swap_id, step)
            _swap_event(act, swap_id, row["territory_id"], step)
            return Answer(200, {"version": new})

        return await self._spine.acts.run(request, work)

    # --- what these share ---

    @property
    def _tree(self) -> TerritoryTree:
        return self._spine.territories()

    def _around(self, territory_id: int) -> set[int]:
        """Return a territory with everything in it and above it: where its officers may hold their role."""
        return {*self._tree.subtree(territory_id), *self._tree.path(territory_id)}

    async def _locked(self, act: Act, shift_id: UUID) -> base.Record:
        shift = await store.lock_shift(act.connection, shift_id)
        if shift is None or not holds(act.actor, P.ROSTER_PLAN, shift["territory_id"], self._tree):
            raise NotFound("There is no such shift in your territory.", what="shift")
        if act.now >= shift["ends_at"]:
            raise NotPossibleNow("This shift has ended.")
        return shift

    async def _check(self, act: Act, shift: base.Record, entries: Sequence[tuple[UUID, UUID]]) -> None:
        people = [account_id for _, account_id in entries]
        if len(set(people)) != len(people):
            raise InvalidInput("Somebody stands in this shift twice.", field="entries")
        units = {unit_id for unit_id, _ in entries}
        places = sorted(self._tree.subtree(shift["territory_id"]))
        if units - await store.units_among(act.connection, sorted(units), places):
            raise InvalidInput("Name units of this shift's territory.", field="entries")
        known = await logons.officers_among(act.connection, people, sorted(self._around(shift["territory_id"])))
        if set(people) - known:
            raise InvalidInput("Name officers of this shift's territory.", field="entries")


def _may(step: str, actor_id: UUID, row: base.Record, *, is_planner: bool) -> bool:
    match step:
        case "accepted" | "declined":
            return bool(actor_id == row["to_id"])
        case "withdrawn":
            return bool(actor_id == row["from_id"])
        case _:
            # Nobody confirms a swap of their own.
            return is_planner and actor_id not in {row["from_id"], row["to_id"]}


def _swap_event(act: Act, swap_id: UUID, territory_id: int, state: str) -> None:
    act.events.append(event(act, IncidentEvent.SWAP_CHANGED, swap_id, territory_id, act.now, {"state": state}))


def _shift_view(row: base.Record) -> JSON:
    return {
        "id": str(row["id"]),
        "territory_id": row["territory_id"],
        "name": row["name"],
        "starts_at": iso(row["starts_at"]),
        "ends_at": iso(row["ends_at"]),
        "version": row["version"],
    }


def _swap_view(row: base.Record) -> JSON:
    return {
        "id": str(row["id"]),
        "shift": {"id": str(row["shift_id"]), "name": row["name"], "starts_at": iso(row["starts_at"])},
        "from": {"id": str(row["from_id"]), "display_name": row["from_name"]},
        "to": {"id": str(row["to_id"]), "display_name": row["to_name"]},
        "state": row["state"],
        "asked_at": iso(row["asked_at"]),
        "version": row["version"],
    }
