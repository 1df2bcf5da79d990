"""The incidents that are open when the demo opens its doors, at every stage, so that the first picture is alive.

Pure: ages are seconds before the opening. building.py tells the duty desk, which checks and records them like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from markaz.contracts.incidents import Stage, UnitStatus
from markaz.demo.calls import TO_HOSPITAL, Call, draw_call, pick, seeded
from markaz.demo.ground import Ground, Place
from markaz.demo.plan import SCALES, Plan, PlannedUnit
from markaz.kit.geometry import Point, distance_m
from markaz.kit.ids import UnitId

DRIVE_MPS = 9.0
UNKNOWN_PLACE_SHARE = 0.06  # callers who cannot say where they are
CALLER_SHARE = 0.7

# How far an incident has come; None has no unit yet.
REACHED: tuple[tuple[Stage | None, float], ...] = (
    (None, 28.0),
    (Stage.ASSIGNED, 12.0),
    (Stage.EN_ROUTE, 24.0),
    (Stage.ON_SCENE, 30.0),
    (Stage.CLEARED, 6.0),
)


@dataclass(frozen=True, slots=True)
class Sending:
    """A unit sent, and how many seconds ago it reached each stage, oldest first."""

    unit: PlannedUnit
    stages: tuple[tuple[Stage, float], ...]


@dataclass(frozen=True, slots=True)
class OpenIncidentPlan:
    """One incident that is open at the opening. `place` is None where the caller could not say it."""

    number: int
    call: Call
    place: Point | None
    age_s: float
    sending: Sending | None
    has_caller: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """The open incidents, and where the units that work for them are (the others are where the plan says)."""

    incidents: tuple[OpenIncidentPlan, ...]
    moved: Mapping[UnitId, Place]


def make_opening(plan: Plan) -> Opening:
    """Return the opening of a plan, the same at every call."""
    random = seeded("opening", plan.seed)
    free = _free_units(plan)
    incidents, moved = [], {}
    for number in range(1, SCALES[plan.scale].open_incidents + 1):
        call = draw_call(plan.ground, random)
        reached = pick(random, REACHED)
        unit = _take_nearest(free, call.place, plan.ground) if reached is not None else None
        sending, age_s, at = _sending(unit, reached, call, plan.ground, random)
        if sending is not None and at is not None:
            moved[sending.unit.id] = at
        is_known = random.random() >= UNKNOWN_PLACE_SHARE
        place = call.place.point if is_known else None
        incidents.append(
            OpenIncidentPlan(number, call, place, age_s, sending, has_caller=random.random() < CALLER_SHARE)
        )
    return Opening(tuple(incidents), moved)


def _free_units(plan: Plan) -> dict[int, list[PlannedUnit]]:
    """Return the available units by the district in which they are."""
    free: dict[int, list[PlannedUnit]] = {}
    for unit in plan.units:
        if unit.status is UnitStatus.AVAILABLE and not unit.is_silent:
            free.setdefault(plan.ground.district_ids[unit.place.cell], []).append(unit)
    return free


def _take_nearest(free: dict[int, list[PlannedUnit]], place: Place, ground: Ground) -> PlannedUnit | None:
    nearby = free.get(ground.district_ids[place.cell])
    if not nearby:
        return None
    unit = min(nearby, key=lambda unit: (distance_m(unit.place.point, place.point), unit.call_sign))
    nearby.remove(unit)
    return unit


def _sending(
    unit: PlannedUnit | None, reached: Stage | None, call: Call, ground: Ground, random: Random
) -> tuple[Sending | None, float, Place | None]:
    """Return what a unit did so far, the age of the call, and where the unit is now."""
    way = ground.way(unit.place, call.place) if unit is not None else None
    if unit is None or reached is None or way is None:
        return None, random.uniform(15, 300), None
    drive_s = distance_m(unit.place.point, call.place.point) * 1.3 / DRIVE_MPS
    elapsed = {Stage.ASSIGNED: 0.0, Stage.EN_ROUTE: random.uniform(15, 70)}
    elapsed[Stage.ON_SCENE] = elapsed[Stage.EN_ROUTE] + drive_s
    at_scene_s = random.uniform(240, 1_500)
    if call.outcome == TO_HOSPITAL:
        elapsed[Stage.TRANSPORTING] = elapsed[Stage.ON_SCENE] + at_scene_s / 2
    elapsed[Stage.CLEARED] = elapsed[Stage.ON_SCENE] + at_scene_s
    if reached is Stage.ON_SCENE and call.outcome == TO_HOSPITAL and random.random() < 0.5:
        reached = Stage.TRANSPORTING
    kept = [(stage, at_s) for stage, at_s in elapsed.items() if at_s <= elapsed[reached]]
    next_s = min((at_s for at_s in elapsed.values() if at_s > elapsed[reached]), default=elapsed[reached] + 90)
    now_s = elapsed[reached] + random.uniform(0.1, 0.9) * (next_s - elapsed[reached])
    stages = tuple((stage, now_s - at_s) for stage, at_s in kept)
    at = _position(unit, way, reached, now_s - elapsed[Stage.EN_ROUTE], drive_s)
    return Sending(unit, stages), now_s + random.uniform(20, 120), at


def _position(unit: PlannedUnit, way: tuple[Place, ...], reached: Stage, driven_s: float, drive_s: float) -> Place:
    """Return where the unit is: still at its place, at a corner of its way, or at the scene."""
    if reached is Stage.ASSIGNED:
        return unit.place
    if reached is Stage.EN_ROUTE:
        return way[min(len(way) - 1, int(len(way) * driven_s / max(drive_s, 1.0)))]
    return way[-1]
