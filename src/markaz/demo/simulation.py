"""The synthetic world in motion: calls arrive, units drive, work and clear. Pure: no clock, database or network.

`step` moves the world on and says what happened; driving.py tells the duty desk. What the desk refuses, because people
act there too, comes back through `drop` and `set_unit`. The same seed and the same answers give the same world.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from markaz.contracts.incidents import Stage
from markaz.demo.calls import TO_HOSPITAL, Call, draw_call, seeded
from markaz.demo.ground import Ground, Place
from markaz.kit.geometry import Point, distance_m

MAX_STEP_S = 10.0  # after a pause of the process the world goes on from where it was, without a leap
MOVING_FIX_S = 5.0
SILENT_SHARE = 0.1  # units whose device falls silent now and then, so that stale positions are seen
SILENT_CYCLE_S = 900.0
SILENT_S = 540.0
NO_UNIT_RETRY_S = 15.0
SECOND_UNIT_SHARE = 0.5  # of the calls with danger to life

# Metres a second: a car in a town and on a country road, a walk.
SPEEDS = {"patrol_foot": 1.6, "neighbourhood_post": 6.0, "patrol_car": 13.0, "road_patrol": 15.0}
OTHER_SPEED = 11.0
MAX_SPEED_MPS = max(*SPEEDS.values(), OTHER_SPEED)
ROVING = frozenset({"patrol_car", "road_patrol"})
ROVING_SLOWNESS = 0.5  # a patrol that looks around drives at half its speed
ACCURACIES_M = (4.0, 6.0, 9.0, 15.0)


class Shift(StrEnum):
    """Whether the world may use a unit."""

    FREE = "free"
    HELD = "held"  # a person sent it: it is shown, and left alone
    OFF = "off"  # no shift, no position


@dataclass(frozen=True, slots=True)
class TrafficShape:
    """How much happens. `most_open` bounds the incidents of this world that are open at once."""

    calls_per_min: float
    most_open: int
    resting_fix_s: float


@dataclass(frozen=True, slots=True)
class UnitStart:
    """A unit as the world finds it."""

    id: UUID
    kind: str
    place: Place
    shift: Shift = Shift.FREE


@dataclass(frozen=True, slots=True)
class Opened:
    """A call came in."""

    key: int
    call: Call


@dataclass(frozen=True, slots=True)
class Sent:
    """A unit was sent."""

    key: int
    unit_id: UUID


@dataclass(frozen=True, slots=True)
class Reached:
    """A unit reached a stage."""

    key: int
    unit_id: UUID
    stage: Stage


@dataclass(frozen=True, slots=True)
class Closed:
    """An incident ended."""

    key: int
    outcome: str


Happening = Opened | Sent | Reached | Closed


@dataclass(frozen=True, slots=True)
class UnitFix:
    """A position that a unit's device reports."""

    unit_id: UUID
    point: Point
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Step:
    """What one step brought, in its order."""

    happenings: tuple[Happening, ...]
    fixes: tuple[UnitFix, ...]


@dataclass(slots=True)
class _Unit:
    id: UUID
    kind: str
    place: Place
    shift: Shift
    next_fix_s: float
    silent_from_s: float | None
    way: deque[Place] = field(default_factory=deque)
    job: "_Incident | None" = None
    stage: Stage | None = None
    due_s: float = 0.0  # when standing still ends

    @property
    def speed_mps(self) -> float:
        speed = SPEEDS.get(self.kind, OTHER_SPEED)
        return speed if self.job is not None or self.shift is Shift.HELD else speed * ROVING_SLOWNESS

    def is_silent(self, now_s: float) -> bool:
        return self.silent_from_s is not None and (now_s - self.silent_from_s) % SILENT_CYCLE_S < SILENT_S


@dataclass(slots=True)
class _Incident:
    key: int
    call: Call
    wanted: int
    due_s: float  # when the next unit is sent, or, when all are done, when it is closed
    units: list[_Unit] = field(default_factory=list)
    is_done: bool = False

    def working(self) -> list[_Unit]:
        """The units that have not cleared; one that has may work for another incident by now."""
        return [unit for unit in self.units if unit.job is self]


class World:
    """Units and incidents of one ground. `now_s` counts seconds since the world began."""

    def __init__(self, ground: Ground, units: Iterable[UnitStart], shape: TrafficShape, seed: int) -> None:
        self._ground = ground
        self._shape = shape
        self._random = seeded("traffic", seed)
        self.now_s = 0.0
        self._next_key = 1
        self._incidents: dict[int, _Incident] = {}
        self._units: dict[UUID, _Unit] = {}
        for unit in units:
            is_silent = self._random.random() < SILENT_SHARE
            self._units[unit.id] = _Unit(
                id=unit.id,
                kind=unit.kind,
                place=unit.place,
                shift=unit.shift,
                next_fix_s=self._random.uniform(0, shape.resting_fix_s),
                silent_from_s=self._random.uniform(0, SILENT_CYCLE_S) if is_silent else None,
                due_s=self._random.uniform(0, 120),
            )
        self._hospitals = [ground.point_in(cell, self._random) for cell in range(0, len(ground), 20)]
        self._next_call_s = self._until_next_call()

    @property
    def open_keys(self) -> tuple[int, ...]:
        """The incidents of this world that are not closed."""
        return tuple(self._incidents)

    def assignments(self) -> Iterator[tuple[int, UUID]]:
        """Yield which unit works for which incident of this world now."""
        for incident in self._incidents.values():
            for unit in incident.working():
                yield incident.key, unit.id

    def place_of(self, unit_id: UUID) -> Place:
        """Return where a unit truly is, whether or not its device says so."""
        return self._units[unit_id].place

    def knows(self, unit_id: UUID) -> bool:
        """Say whether the unit is one of this world."""
        return unit_id in self._units

    def job_of(self, unit_id: UUID) -> int | None:
        """Return the incident of this world a unit works for."""
        job = self._units[unit_id].job
        return job.key if job is not None else None

    def adopt(self, call: Call, sent: Iterable[tuple[UUID, Stage]], *, is_done: bool = False) -> int:
        """Take over an incident that is open already, with the units that work for it; return its key.

        `is_done` says that its units have all cleared, so that only closing is left.
        """
        due_s = self.now_s + self._random.uniform(5, 60)
        incident = _Incident(self._take_key(), call, wanted=1, due_s=due_s, is_done=is_done)
        self._incidents[incident.key] = incident
        for unit_id, stage in sent:
            unit = self._units[unit_id]
            unit.shift, unit.job, unit.stage = Shift.FREE, incident, stage
            unit.way.clear()
            unit.due_s = self.now_s + self._random.uniform(10, 240)
            incident.units.append(unit)
            if stage is Stage.EN_ROUTE:
                self._drive(unit, call.place)
            elif stage is Stage.TRANSPORTING:
                self._drive(unit, self._hospital(unit.place))
        return incident.key

    def drop(self, key: int) -> tuple[UUID, ...]:
        """Leave an incident to the people at the desk; return its units, held until `set_unit` says otherwise."""
        incident = self._incidents.pop(key, None)
        if incident is None:
            return ()
        working = incident.working()
        for unit in working:
            self._rest(unit, 0.0)
            unit.shift = Shift.HELD
        return tuple(unit.id for unit in working)

    def recall(self, key: int, unit_id: UUID) -> None:
        """Take back that a unit was sent, because the desk refused it; another one is tried for the incident."""
        unit, incident = self._units[unit_id], self._incidents[key]
        if unit.job is incident:
            incident.units.remove(unit)
            incident.due_s = self.now_s + NO_UNIT_RETRY_S
            self._rest(unit, 0.0)
            unit.shift = Shift.HELD

    def set_unit(self, unit_id: UUID, shift: Shift, goal: Place | None = None) -> None:
        """Say what people did with a unit that works for nothing here; with a goal it drives there."""
        unit = self._units[unit_id]
        if unit.job is not None:
            raise ValueError("drop its incident first")
        self._rest(unit, 60.0)
        unit.shift = shift
        if goal is not None and shift is not Shift.OFF:
            self._drive(unit, goal)

    def step(self, elapsed_s: float) -> Step:
        """Move the world on by `elapsed_s` seconds, at most MAX_STEP_S, and return what happened."""
        elapsed_s = min(max(elapsed_s, 0.0), MAX_STEP_S)
        self.now_s += elapsed_s
        happenings: list[Happening] = list(self._calls())
        for incident in list(self._incidents.values()):
            happenings += self._dispatch(incident)
        fixes = []
        for unit in self._units.values():
            if unit.shift is Shift.OFF:
                continue
            if unit.way:
                self._move(unit, elapsed_s)
            happenings += self._work(unit)
            if self.now_s >= unit.next_fix_s:
                unit.next_fix_s = self.now_s + (MOVING_FIX_S if unit.way else self._shape.resting_fix_s)
                if not unit.is_silent(self.now_s):
                    fixes.append(UnitFix(unit.id, unit.place.point, self._random.choice(ACCURACIES_M)))
        return Step(tuple(happenings), tuple(fixes))

    # --- calls and incidents ---

    def _until_next_call(self) -> float:
        return self.now_s + self._random.expovariate(self._shape.calls_per_min / 60.0)

    def _take_key(self) -> int:
        self._next_key += 1
        return self._next_key - 1

    def _calls(self) -> Iterator[Opened]:
        while self.now_s >= self._next_call_s:
            self._next_call_s = self._until_next_call()
            if len(self._incidents) >= self._shape.most_open:
                continue
            call = draw_call(self._ground, self._random)
            wanted = 2 if call.priority == "1" and self._random.random() < SECOND_UNIT_SHARE else 1
            incident = _Incident(self._take_key(), call, wanted, due_s=self.now_s + self._random.uniform(8, 75))
            self._incidents[incident.key] = incident
            yield Opened(incident.key, call)

    def _dispatch(self, incident: _Incident) -> Iterator[Happening]:
        if self.now_s < incident.due_s:
            return
        if incident.is_done:
            del self._incidents[incident.key]
            yield Closed(incident.key, incident.call.outcome)
        elif len(incident.units) < incident.wanted:
            unit = self._nearest_free(incident.call.place)
            incident.due_s = self.now_s + (NO_UNIT_RETRY_S if unit is None else self._random.uniform(5, 20))
            if unit is not None:
                unit.job, unit.stage = incident, Stage.ASSIGNED
                unit.way.clear()
                unit.due_s = self.now_s + self._random.uniform(10, 50)
                incident.units.append(unit)
                yield Sent(incident.key, unit.id)

    def _nearest_free(self, place: Place) -> _Unit | None:
        districts = self._ground.district_ids
        near = [
            unit
            for unit in self._units.values()
            if unit.shift is Shift.FREE and unit.job is None and districts[unit.place.cell] == districts[place.cell]
        ]
        return min(near, key=lambda unit: distance_m(unit.place.point, place.point), default=None)

    # --- units ---

    def _drive(self, unit: _Unit, goal: Place) -> None:
        unit.way = deque(self._ground.way(unit.place, goal) or ())

    def _rest(self, unit: _Unit, at_most_s: float) -> None:
        unit.job, unit.stage = None, None
        unit.way.clear()
        unit.due_s = self.now_s + self._random.uniform(0, at_most_s)

    def _hospital(self, place: Place) -> Place:
        return min(self._hospitals, key=lambda hospital: distance_m(hospital.point, place.point))

    def _move(self, unit: _Unit, elapsed_s: float) -> None:
        left_m = unit.speed_mps * elapsed_s
        while unit.way and left_m > 0:
            corner, here = unit.way[0], unit.place
            leg_m = distance_m(here.point, corner.point)
            if leg_m <= left_m:
                unit.place = unit.way.popleft()
                left_m -= leg_m
            else:
                share = left_m / leg_m
                lon = here.point.lon_deg + (corner.point.lon_deg - here.point.lon_deg) * share
                lat = here.point.lat_deg + (corner.point.lat_deg - here.point.lat_deg) * share
                unit.place = Place(here.cell, Point(lon, lat))
                left_m = 0.0

    def _work(self, unit: _Unit) -> Iterator[Reached]:
        """Yield the next stage of a unit when its time has come; let a patrol rove."""
        if unit.way or self.now_s < unit.due_s:
            return
        job = unit.job
        if job is None:
            if unit.kind in ROVING and unit.shift is Shift.FREE:
                cell = self._random.choice((unit.place.cell, *self._ground.neighbours(unit.place.cell)))
                self._drive(unit, self._ground.point_in(cell, self._random))
                unit.due_s = self.now_s + self._random.uniform(30, 240)
            return
        stage = self._next_stage(unit, job)
        unit.stage = stage
        match stage:
            case Stage.EN_ROUTE:
                self._drive(unit, job.call.place)
                unit.due_s = self.now_s
            case Stage.ON_SCENE:
                unit.due_s = self.now_s + self._random.uniform(90, 360)
            case Stage.TRANSPORTING:
                self._drive(unit, self._hospital(unit.place))
                unit.due_s = self.now_s
            case Stage.AT_HOSPITAL:
                unit.due_s = self.now_s + self._random.uniform(90, 240)
            case _:
                self._rest(unit, 60.0)
                if not job.working() and len(job.units) >= job.wanted:
                    job.is_done = True
                    job.due_s = self.now_s + self._random.uniform(5, 40)
        yield Reached(job.key, unit.id, stage)

    def _next_stage(self, unit: _Unit, job: _Incident) -> Stage:
        match unit.stage:
            case Stage.ASSIGNED:
                return Stage.EN_ROUTE
            case Stage.EN_ROUTE:
                return Stage.ON_SCENE
            case Stage.ON_SCENE if job.call.outcome == TO_HOSPITAL and job.units[0] is unit:
                return Stage.TRANSPORTING
            case Stage.TRANSPORTING:
                return Stage.AT_HOSPITAL
            case _:
                return Stage.CLEARED
