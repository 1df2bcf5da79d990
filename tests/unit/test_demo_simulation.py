"""The synthetic world keeps its rules for any seed, any rhythm of steps and any interference of people."""

from functools import lru_cache
from itertools import pairwise
from random import Random
from uuid import UUID

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from markaz.contracts.incidents import Stage
from markaz.core.settings import DemoScale
from markaz.core.territories import ROOT_ID
from markaz.demo.plan import Plan, make_plan
from markaz.demo.simulation import (
    MAX_SPEED_MPS,
    MAX_STEP_S,
    Closed,
    Happening,
    Opened,
    Reached,
    Sent,
    Shift,
    TrafficShape,
    UnitStart,
    World,
)
from markaz.kit.geometry import Point, distance_m

BUSY = TrafficShape(calls_per_min=6.0, most_open=20, resting_fix_s=30.0)
ORDER = tuple(Stage)


@lru_cache
def plan() -> Plan:
    return make_plan(DemoScale.SMALL)


@lru_cache
def land() -> shapely.Geometry:
    shape = plan().boundaries[ROOT_ID].buffer(1e-9)  # a position on an outer border is rounded to either side of it
    shapely.prepare(shape)
    return shape


def world(seed: int, shape: TrafficShape = BUSY) -> World:
    return World(plan().ground, [UnitStart(u.id, u.kind, u.place) for u in plan().units], shape, seed)


class Watcher:
    """Follows a world from outside and asserts its rules at every step."""

    def __init__(self, watched: World) -> None:
        self.world = watched
        self.open: set[int] = set()
        self.stages: dict[tuple[int, UUID], list[Stage]] = {}
        self.seen: dict[UUID, tuple[float, Point]] = {}
        self.happened: list[Happening] = []

    def step(self, elapsed_s: float) -> None:
        before = self.world.now_s
        where = {unit.id: self.world.place_of(unit.id).point for unit in plan().units}
        step = self.world.step(elapsed_s)
        took_s = self.world.now_s - before
        assert took_s <= MAX_STEP_S + 1e-6
        for happening in step.happenings:
            self.follow(happening)
        self.happened += step.happenings
        working = [unit_id for _, unit_id in self.world.assignments()]
        assert len(working) == len(set(working))
        assert len(self.world.open_keys) <= BUSY.most_open
        places = {unit_id: self.world.place_of(unit_id).point for unit_id in where}
        corners = np.array([(point.lon_deg, point.lat_deg) for point in places.values()])
        assert shapely.intersects_xy(land(), corners).all()
        for unit_id, was in where.items():
            assert distance_m(was, places[unit_id]) <= MAX_SPEED_MPS * took_s * 1.001 + 0.01
        for fix in step.fixes:
            at, point = self.seen.get(fix.unit_id, (-1e9, fix.point))
            assert distance_m(point, fix.point) <= MAX_SPEED_MPS * (self.world.now_s - at) * 1.001 + 0.01
            self.seen[fix.unit_id] = (self.world.now_s, fix.point)

    def follow(self, happening: Happening) -> None:
        match happening:
            case Opened(key, _):
                assert key not in self.open
                self.open.add(key)
            case Sent(key, unit_id):
                assert key in self.open
                working = {unit for (_, unit), reached in self.stages.items() if reached[-1] is not Stage.CLEARED}
                assert unit_id not in working
                assert (key, unit_id) not in self.stages
                self.stages[key, unit_id] = [Stage.ASSIGNED]
            case Reached(key, unit_id, stage):
                self.stages[key, unit_id].append(stage)
                reached = [ORDER.index(one) for one in self.stages[key, unit_id]]
                assert all(a < b for a, b in pairwise(reached))
            case Closed(key, _):
                sent = [reached for (other, _), reached in self.stages.items() if other == key]
                assert sent
                assert all(reached[-1] is Stage.CLEARED for reached in sent)
                self.open.remove(key)

    def people_take(self, key: int) -> None:
        """People take an incident in hand: its units are theirs until they are set free."""
        for unit_id in self.world.drop(key):
            self.world.set_unit(unit_id, Shift.FREE)
        self.open.discard(key)
        self.stages = {pair: stages for pair, stages in self.stages.items() if pair[0] != key}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), rhythm=st.lists(st.floats(0.0, 12.0), min_size=5, max_size=30), takes=st.data())
def test_rules_hold_for_any_seed_rhythm_and_interference(seed: int, rhythm: list[float], takes: st.DataObject) -> None:
    watcher = Watcher(world(seed))
    for elapsed_s in rhythm * 3:
        watcher.step(elapsed_s)
        if watcher.world.open_keys and takes.draw(st.integers(0, 19)) == 0:
            watcher.people_take(takes.draw(st.sampled_from(watcher.world.open_keys)))


def test_an_hour_brings_whole_incidents_and_stale_units() -> None:
    watcher = Watcher(world(102))
    last_fix: dict[UUID, float] = {}
    stale = 0
    for _ in range(1_800):
        watcher.step(2.0)
        last_fix |= {unit_id: at for unit_id, (at, _) in watcher.seen.items()}
        stale = max(stale, sum(1 for at in last_fix.values() if watcher.world.now_s - at > 90))
    kinds = [type(happening) for happening in watcher.happened]
    reached = {happening.stage for happening in watcher.happened if isinstance(happening, Reached)}
    assert kinds.count(Closed) > 60
    assert reached == set(Stage) - {Stage.ASSIGNED}
    assert 1 <= stale <= 12


def test_same_seed_gives_the_same_world() -> None:
    def run(seed: int) -> list[object]:
        one = world(seed)
        return [one.step(3.0) for _ in range(200)]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_unit_off_its_shift_has_no_position_and_no_work() -> None:
    one = world(5)
    off = [unit.id for unit in plan().units][:30]
    for unit_id in off:
        one.set_unit(unit_id, Shift.OFF)
    steps = [one.step(5.0) for _ in range(200)]
    assert not {fix.unit_id for step in steps for fix in step.fixes} & set(off)
    assert not {h.unit_id for step in steps for h in step.happenings if isinstance(h, Sent)} & set(off)


def test_unit_sent_by_people_drives_to_their_incident_and_stays() -> None:
    one = world(5, TrafficShape(0.001, 1, 30.0))
    ground, unit = plan().ground, plan().units[-1]
    goal = ground.point_in(0, Random(1))
    one.set_unit(unit.id, Shift.HELD, goal)
    steps = [one.step(10.0) for _ in range(400)]
    assert one.place_of(unit.id) == goal
    assert not [h for step in steps for h in step.happenings if isinstance(h, Sent) and h.unit_id == unit.id]


def test_unit_that_the_desk_refuses_is_left_alone_and_another_is_sent() -> None:
    one = world(4)
    refused = next(h for h in (h for _ in range(500) for h in one.step(5.0).happenings) if isinstance(h, Sent))
    one.recall(refused.key, refused.unit_id)
    assert one.job_of(refused.unit_id) is None
    happened = [h for _ in range(200) for h in one.step(5.0).happenings if isinstance(h, Sent)]
    assert [h for h in happened if h.key == refused.key]
    assert not [h for h in happened if h.unit_id == refused.unit_id]


def test_adopted_incident_is_finished_from_where_it_stood() -> None:
    one = world(9, TrafficShape(0.001, 5, 30.0))
    first = next(h for h in (h for _ in range(500) for h in world(3).step(10.0).happenings) if isinstance(h, Opened))
    unit_id = plan().units[-1].id
    on_scene = one.adopt(first.call, [(unit_id, Stage.ON_SCENE)])
    done = one.adopt(first.call, [], is_done=True)
    waiting = one.adopt(first.call, [])
    happened = [h for _ in range(600) for h in one.step(5.0).happenings]
    stages = [h.stage for h in happened if isinstance(h, Reached) and h.key == on_scene]
    assert stages[-1] is Stage.CLEARED
    assert Stage.EN_ROUTE not in stages
    assert [h for h in happened if h.key == done] == [Closed(done, first.call.outcome)]
    assert isinstance(next(h for h in happened if h.key == waiting), Sent)
    assert one.open_keys == ()
