"""Drives the synthetic world inside the server: tells the duty desk what happens, and reports the units' positions.

It acts as one service account under every check, and gives way to people: an incident or unit that somebody else has
taken in hand is left to them. Nothing here decides what happens in the world; that is simulation.py.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from markaz.contracts.incidents import UnitStatus
from markaz.core.acts import Answer, Request
from markaz.core.errors import MarkazError, Unavailable, VersionConflict
from markaz.core.permissions import Actor, Hierarchy
from markaz.demo import logins, reading
from markaz.demo.calls import Call, closing_of
from markaz.demo.ground import Ground, Place
from markaz.demo.plan import SEED
from markaz.demo.simulation import (
    Closed,
    Happening,
    Opened,
    Reached,
    Sent,
    Shift,
    TrafficShape,
    World,
)
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import commands
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.positions import Fix

log = logging.getLogger(__name__)

STEP_S = 1.0
LOOK_S = 5.0  # how often to see what people did with the units
OVERLAP = timedelta(seconds=2)  # an act is stamped a little before it can be seen
RETRY_S = 1.0  # a database that is away is asked again, under the same key
STALE_VERSION_TRIES = 3
FIXES_AT_ONCE = 1_000
SEEN_WITHIN = timedelta(days=1)  # where a unit was before that says nothing of where it is

RESTING_FIX_S = 30.0
RESTING_FIX_MANY_S = 75.0  # just below stale: 10,000 resting units would fill a disk for nothing
MANY_NEIGHBOURHOODS = 1_000
CALLS_PER_MIN = 2.0  # enough for a small region to look alive
CALLS_PER_MIN_AND_NEIGHBOURHOOD = 0.000_528  # 6,852 incidents a day over 9,008 neighbourhoods (figures.py)
OPEN_PER_CALL_PER_MIN = 60  # an hour's calls may be open at once
LEAST_OPEN = 40


class DeskCommands(Protocol):
    """The duty desk, as far as synthetic officers use it (programmes.incidents.service.Desk)."""

    async def open_incident(self, request: Request, command: commands.OpenIncident) -> Answer:
        """Open an incident; answers id and version."""
        ...

    async def assign_unit(self, request: Request, incident_id: UUID, command: commands.AssignUnit) -> Answer:
        """Send a unit; answers the version."""
        ...

    async def report_stage(self, request: Request, incident_id: UUID, command: commands.ReportStage) -> Answer:
        """Report a stage; answers the version."""
        ...

    async def close_incident(self, request: Request, incident_id: UUID, command: commands.CloseIncident) -> Answer:
        """Close; answers the version."""
        ...


class PositionSink(Protocol):
    """Where positions are reported to (programmes.incidents.positions.Positions)."""

    def report(self, actor: Actor, fixes: Sequence[Fix], hierarchy: Hierarchy, now: datetime) -> int:
        """Take fixes in."""
        ...


@dataclass(slots=True)
class _Open:
    """An incident of the world as the desk knows it."""

    id: UUID
    version: int


async def run_traffic(spine: Spine, desk: DeskCommands, positions: PositionSink, *, seed: int = SEED) -> None:
    """Let calls arrive and units move until cancelled. Ends at once, with a line in the log, where no demo is built."""
    try:
        driver = await Driver.start(spine, desk, positions, seed)
    except LookupError:
        log.warning("no synthetic traffic: this centre holds no demo")
        return
    while True:
        await asyncio.sleep(STEP_S)
        try:
            await driver.step()
        except Unavailable:
            log.warning("the synthetic traffic waits for the database")
        except Exception:  # a fault of the demo must not take the server with it, nor end the traffic without a word
            log.exception("the synthetic traffic has stopped")
            return


def shape_of(ground: Ground) -> TrafficShape:
    """Return how much happens on a ground of that size."""
    calls_per_min = max(CALLS_PER_MIN, len(ground) * CALLS_PER_MIN_AND_NEIGHBOURHOOD)
    return TrafficShape(
        calls_per_min=calls_per_min,
        most_open=max(LEAST_OPEN, round(calls_per_min * OPEN_PER_CALL_PER_MIN)),
        resting_fix_s=RESTING_FIX_MANY_S if len(ground) > MANY_NEIGHBOURHOODS else RESTING_FIX_S,
    )


@dataclass(slots=True)
class Driver:
    """One world and the desk it is told to."""

    spine: Spine
    desk: DeskCommands
    positions: PositionSink
    actor: Actor
    ground: Ground
    world: World
    last_step: datetime
    last_look: datetime
    seen_until: datetime  # by the database's clock, which stamps the rows
    run: str = field(default_factory=lambda: uuid7().hex)
    _acts: int = 0
    _open: dict[int, _Open] = field(default_factory=dict)

    @classmethod
    async def start(cls, spine: Spine, desk: DeskCommands, positions: PositionSink, seed: int = SEED) -> "Driver":
        """Read the centre as it is and take over the incidents that synthetic officers left open.

        Raises LookupError when no demo is built here.
        """
        now = spine.clock.now()
        async with spine.database.snapshot() as connection:
            actor = await logins.traffic_actor(connection)
            ground = Ground(spine.territories())
            units = await reading.units(connection, ground, now - SEEN_WITHIN)
            left_open = await reading.left_open(connection, actor.id)
            seen = await reading.database_time(connection)
        world = World(ground, units, shape_of(ground), seed)
        driver = cls(spine, desk, positions, actor, ground, world, now, now, seen)
        for incident in left_open:
            call = reading.call_of(incident, ground, seed)
            sent = [(unit_id, stage) for unit_id, stage in incident.working if world.knows(unit_id)]
            key = world.adopt(call, sent, is_done=incident.is_done)
            driver._open[key] = _Open(incident.id, incident.version)
        return driver

    async def step(self) -> None:
        """Move the world on to the clock's time and tell what happened."""
        now = self.spine.clock.now()
        step = self.world.step((now - self.last_step).total_seconds())
        self.last_step = now
        for happening in step.happenings:
            await self._tell(happening)
        for at in range(0, len(step.fixes), FIXES_AT_ONCE):
            fixes = [
                Fix(fix.unit_id, fix.point, now, now, fix.accuracy_m) for fix in step.fixes[at : at + FIXES_AT_ONCE]
            ]
            try:
                self.positions.report(self.actor, fixes, self.spine.territories(), now)
            except MarkazError as error:
                # At the start the positions may not have read the units yet; the next fixes come soon.
                log.warning("positions were refused: %s", error.message)
        if (now - self.last_look).total_seconds() >= LOOK_S:
            self.last_look = now
            async with self.spine.database.snapshot() as connection:
                seen = await reading.database_time(connection)
                states = await reading.changed_by_people(connection, self.actor.id, self.seen_until - OVERLAP)
            self.seen_until = seen
            self._take_over(states)

    async def _tell(self, happening: Happening) -> None:
        """Tell the desk; what it refuses is in other hands and is dropped from the world."""
        known = self._open.get(happening.key)
        try:
            match happening:
                case Opened(key, call):
                    answer = await self._act(
                        lambda request: self.desk.open_incident(request, _opening(call, self.ground))
                    )
                    self._open[key] = _Open(UUID(answer.body["id"]), int(answer.body["version"]))
                case _ if known is None:
                    return  # dropped by an earlier refusal in the same step
                case Sent(_, unit_id):
                    await self._change(
                        known,
                        lambda request, version: self.desk.assign_unit(
                            request, known.id, commands.AssignUnit(unit_id, version)
                        ),
                    )
                case Reached(_, unit_id, stage):
                    await self._change(
                        known,
                        lambda request, version: self.desk.report_stage(
                            request, known.id, commands.ReportStage(unit_id, stage, version)
                        ),
                    )
                case Closed(key, outcome):
                    await self._change(
                        known,
                        lambda request, version: self.desk.close_incident(
                            request, known.id, closing_of(version, outcome, known.id)
                        ),
                    )
                    del self._open[key]
        except Unavailable:
            raise
        except MarkazError as error:
            log.info("synthetic traffic gives way: %s", error.message)
            await self._give_way(happening)

    async def _act(self, send: Callable[[Request], Awaitable[Answer]]) -> Answer:
        """Send one command, again and again under one key while the database is away: it is done once."""
        self._acts += 1
        key = f"traffic {self.run} {self._acts}"
        request = Request(self.actor, key, idempotency_key=key, body_hash=b"traffic")
        while True:
            try:
                return await send(request)
            except Unavailable:
                await asyncio.sleep(RETRY_S)

    async def _change(self, known: _Open, send: Callable[[Request, int], Awaitable[Answer]]) -> None:
        """Send a command that names a version; a note written meanwhile by somebody else does not stop it."""
        for left in reversed(range(STALE_VERSION_TRIES)):
            version = known.version
            try:
                answer = await self._act(lambda request, version=version: send(request, version))  # type: ignore[misc]
            except VersionConflict:
                async with self.spine.database.connection() as connection:
                    known.version = await reading.version_of(connection, known.id)
                if left == 0 or known.version == version:
                    raise
            else:
                known.version = int(answer.body["version"])
                return

    async def _give_way(self, happening: Happening) -> None:
        """Leave to people what they have in hand: the unit that could not be sent, or else the whole incident."""
        known = self._open.get(happening.key)
        async with self.spine.database.connection() as connection:
            is_open = known is not None and await reading.is_open(connection, known.id)
            if isinstance(happening, Sent) and is_open:
                self.world.recall(happening.key, happening.unit_id)
                unit_ids: tuple[UUID, ...] = (happening.unit_id,)
            else:
                self._open.pop(happening.key, None)
                unit_ids = self.world.drop(happening.key)
            states = await reading.states_of(connection, unit_ids)
        self._take_over(states)

    def _take_over(self, states: Sequence[reading.UnitState]) -> None:
        """Bring the world's units in line with what people did with them."""
        for state in states:
            if not self.world.knows(state.unit_id):
                continue
            key = self.world.job_of(state.unit_id)
            if key is not None:
                known = self._open.pop(key, None)
                if known is not None and known.id == state.incident_id:
                    self._open[key] = known
                    continue
                self.world.drop(key)
            goal = self._place(state) if state.status is UnitStatus.EN_ROUTE else None
            self.world.set_unit(state.unit_id, _shift_of(state), goal)

    def _place(self, state: reading.UnitState) -> Place | None:
        return self.ground.locate(state.goal) if state.goal is not None else None


def _shift_of(state: reading.UnitState) -> Shift:
    match state.status:
        case UnitStatus.OFF_DUTY | UnitStatus.OUT_OF_SERVICE:
            return Shift.OFF
        case UnitStatus.AVAILABLE if state.incident_id is None:
            return Shift.FREE
        case _:
            return Shift.HELD


def _opening(call: Call, ground: Ground) -> commands.OpenIncident:
    return commands.OpenIncident(
        category=call.category,
        priority=call.priority,
        channel=call.channel,
        place=call.place.point,
        territory_id=ground.territory_ids[call.place.cell],
    )
