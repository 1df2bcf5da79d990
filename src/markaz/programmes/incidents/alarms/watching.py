"""The watcher: every two seconds one process of the centre looks at the clocks, and acts on what it finds as the centre.

A look is one act, so what it raises, moves, sends up and clears commits with its events or not at all. It keeps nothing
between looks: after a restart, a kill or a jump of the clock the next look finds the same.
"""

from datetime import datetime, timedelta

from markaz.contracts.incidents import AlarmEvent, AlarmKind, AlarmLevel, ClearReason
from markaz.core.acts import Act, Answer, Request
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.permissions import Actor
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.alarms import store
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
            for row in routine:
                await self._follow(act, row, places, clocks)
            open_causes = frozenset(row["cause"] for row in routine)
            for clock in to_raise(clocks.values(), open_causes, act.now):
                await raise_for(act, clock, places[clock.incident_id])
            for row in known:
                await self._send_up(act, row)
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

    async def _follow(self, act: Act, row: Record, places: dict[object, int], clocks: dict[str, RunningClock]) -> None:
        """End an alarm whose cause has gone; let the others follow their incident to where it is now."""
        place = places.get(row["incident_id"])
        if place is None:
            await end(act, row, ClearReason.INCIDENT_CLOSED)
        elif has_ended(clocks.get(row["cause"]), row["due_at"], act.now):
            await end(act, row, ClearReason.CAUSE_GONE)
        elif place != row["territory_id"]:
            moved = await store.move(act.connection, row["id"], place)
            if moved is not None:
                view = {"view": store.alarm_view(moved)}
                act.events.append(
                    alarm_event(act, AlarmEvent.MOVED, moved, view, from_territory_id=row["territory_id"])
                )

    async def _send_up(self, act: Act, row: Record) -> None:
        """Call the supervisor of the territory above when nobody has acknowledged an alarm in time."""
        if row["level"] != AlarmLevel.RED or row["by_ids"] or act.now < self._patience_ends(row):
            return
        territory_id = row["territory_id"]
        above = self._spine.territories().parent(territory_id) or territory_id
        escalated = await store.escalate(act.connection, row["id"], act.now, above)
        if escalated is not None:
            view = {"view": store.alarm_view(escalated)}
            act.events.append(alarm_event(act, AlarmEvent.ESCALATED, escalated, view))

    def _patience_ends(self, row: Record) -> datetime:
        norms = self._norms.norms
        is_emergency = row["kind"] == AlarmKind.EMERGENCY
        seconds = norms.escalate_emergency_after_s if is_emergency else norms.escalate_after_s
        raised_at: datetime = row["raised_at"]
        return raised_at + timedelta(seconds=seconds)
