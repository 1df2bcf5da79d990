"""The watcher: every two seconds one process of the centre looks at the clocks, and acts on what it finds as the centre.

A look is one act, so what it raises, moves, sends up and clears commits with its events or not at all. It keeps nothing
between looks: after a restart, a kill or a jump of the clock the next look finds the same.
"""

from markaz.contracts.incidents import AlarmEvent, AlarmKind, ClearReason
from markaz.core.acts import Act, Answer, Request
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.permissions import Actor
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.alarms import store
from markaz.programmes.incidents.alarms.climbing import (
    Standing,
    goes_up_at,
    is_in_hand,
    level_called,
    levels_above,
    next_level,
)
from markaz.programmes.incidents.alarms.domain import RunningClock, clocks_of, has_ended, to_raise
from markaz.programmes.incidents.alarms.raising import alarm_event, end, raise_for
from markaz.programmes.incidents.norms import NormsInForce
from markaz.programmes.incidents.store import Record

LOOK_S = 2.0  # how late an alarm may come; the shortest norm is a minute
LOCK = "alarms.watch"

WATCHER = Request(Actor(SYSTEM_ACTOR_ID, "centre", "Centre", True, (), 1), "watch")


class Watcher:
    """Looks at the clocks of one centre."""

    def __init__(self, spine: Spine, norms: NormsInForce) -> None:
        self._spine = spine
        self._norms = norms

    async def look(self) -> int:
        """Look once; return how many alarms changed, 0 also when another process is looking at this moment."""
        answer = await self._spine.acts.run(WATCHER, self._work)
        return int(answer.body["changed"])

    async def _work(self, act: Act) -> Answer:
        if await act.connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 102))", LOCK):
            # A broken glass runs by no clock and goes to every supervisor above at once.
            known = [r for r in await store.open_alarms(act.connection) if r["kind"] != AlarmKind.BREAK_GLASS]
            routine = [row for row in known if row["kind"] != AlarmKind.EMERGENCY]
            places, clocks = await self._clocks(act, routine)
            standing = [row for row in known if row["kind"] == AlarmKind.EMERGENCY]
            for row in routine:
                if await self._follow(act, row, places, clocks):
                    standing.append(row)
            open_causes = frozenset(row["cause"] for row in routine)
            for clock in to_raise(clocks.values(), open_causes, act.now):
                await raise_for(act, clock, places[clock.incident_id])
            await self._send_up(act, standing)
        return Answer(200, {"changed": len(act.events)})

    async def _clocks(self, act: Act, routine: list[Record]) -> tuple[dict[object, int], dict[str, RunningClock]]:
        """Return the territory of each incident that matters now, and its clocks by their cause."""
        norms = self._norms
        ids = {row["incident_id"] for row in routine}
        ids.update(await store.maybe_due(act.connection, norms.norms, act.now))
        waiting = await store.waiting(act.connection, ids)
        sent = await store.sent(act.connection, waiting)
        places: dict[object, int] = {}
        clocks: dict[str, RunningClock] = {}
        for id_, (row, incident) in waiting.items():
            places[id_] = row["territory_id"]
            norm = norms.of(row["priority"], row["territory_id"])
            running = clocks_of(incident, sent.get(id_, []), norm, norms.norms.amber_share)
            clocks.update((clock.cause, clock) for clock in running)
        return places, clocks

    async def _follow(self, act: Act, row: Record, places: dict[object, int], clocks: dict[str, RunningClock]) -> bool:
        """End an alarm whose cause has gone; let the others follow their incident to where it is now.

        Return whether it stands where it stood: one that was moved is looked at again in the next look.
        """
        place = places.get(row["incident_id"])
        if place is None:
            await end(act, row, ClearReason.INCIDENT_CLOSED)
            return False
        if has_ended(clocks.get(row["cause"]), row["due_at"], act.now):
            await end(act, row, ClearReason.CAUSE_GONE)
            return False
        if place == row["territory_id"]:
            return True
        moved = await store.move(act.connection, row["id"], place)
        if moved is not None:
            view = {"view": store.alarm_view(moved)}
            act.events.append(alarm_event(act, AlarmEvent.MOVED, moved, view, from_territory_id=row["territory_id"]))
        return False

    async def _send_up(self, act: Act, rows: list[Record]) -> None:
        """Call the supervisor of the next level above for each alarm whose time at its level has run out."""
        due = [row for row in rows if act.now >= goes_up_at(_standing(row), self._norms.norms)]
        if not due:
            return
        tree = self._spine.territories()
        supervised = {tree.current(id_) for id_ in await store.supervised(act.connection)}
        emergencies = [row["id"] for row in due if row["kind"] == AlarmKind.EMERGENCY]
        noticed = await store.noticed_from(act.connection, emergencies)
        for row in due:
            above = levels_above(tree, row["territory_id"])
            following = next_level(above, row["escalated_to"], supervised)
            if following is None:
                continue
            called = level_called(above, row["escalated_to"], following)
            if is_in_hand(above, called, {tree.current(id_) for id_ in noticed.get(row["id"], ())}):
                continue
            escalated = await store.escalate(act.connection, row, act.now, following)
            if escalated is not None:
                view = {"view": store.alarm_view(escalated)}
                act.events.append(alarm_event(act, AlarmEvent.ESCALATED, escalated, view))


def _standing(row: Record) -> Standing:
    return Standing(
        is_emergency=row["kind"] == AlarmKind.EMERGENCY,
        raised_at=row["raised_at"],
        escalated_at=row["escalated_at"],
        noticed_at=row["by_times"],
    )
