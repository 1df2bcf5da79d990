"""The ways between neighbourhoods, and the incidents that are open when the demo opens."""

from functools import lru_cache
from random import Random

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from markaz.contracts.incidents import Stage
from markaz.core.codes import load_codes
from markaz.core.settings import DemoScale, Profile
from markaz.core.territories import ROOT_ID
from markaz.demo import calls
from markaz.demo.ground import Place
from markaz.demo.opening import Opening, make_opening
from markaz.demo.places import make_places
from markaz.demo.plan import Plan, make_plan


@lru_cache
def plan(seed: int = 102) -> Plan:
    return make_plan(DemoScale.SMALL, seed)


@lru_cache
def opening(seed: int = 102) -> Opening:
    return make_opening(plan(seed))


@given(st.integers(0, 2**32))
def test_way_stays_inside_and_crosses_from_neighbour_to_neighbour(seed: int) -> None:
    random = Random(seed)
    ground = plan().ground
    start, goal = (ground.point_in(random.randrange(len(ground)), random) for _ in range(2))
    way = ground.way(start, goal)
    assert way is not None
    assert way[-1] == goal
    at: Place = start
    country = plan().boundaries[ROOT_ID].buffer(1e-9)  # a middle of a border is rounded to either side of it
    for corner in way:
        assert corner.cell == at.cell or corner.cell in ground.neighbours(at.cell)
        leg = shapely.LineString([(p.lon_deg, p.lat_deg) for p in (at.point, corner.point)])
        assert country.covers(leg)
        at = corner


@given(st.integers(0, 2**32))
def test_random_points_lie_in_their_neighbourhood(seed: int) -> None:
    ground = plan().ground
    place = ground.point_in(seed % len(ground), Random(seed))
    assert ground.locate(place.point) == place


@pytest.mark.parametrize("seed", [102, 1, 2])
def test_opening_has_every_stage_and_no_unit_twice(seed: int) -> None:
    sent = [incident.sending for incident in opening(seed).incidents if incident.sending is not None]
    assert len(opening(seed).incidents) == 25
    assert 5 <= len(sent) <= 24
    assert len({sending.unit.id for sending in sent}) == len(sent)
    for incident in opening(seed).incidents:
        ages = [ago_s for _, ago_s in incident.sending.stages] if incident.sending is not None else []
        assert [incident.age_s, *ages, 0.0] == sorted([incident.age_s, *ages, 0.0], reverse=True)
    stages = {sending.stages[-1][0] for sending in sent}
    assert {Stage.ASSIGNED, Stage.EN_ROUTE, Stage.ON_SCENE} <= stages
    assert make_opening(plan(seed)) == opening(seed)


@pytest.mark.parametrize("profile", Profile)
def test_synthetic_calls_use_only_codes_of_the_tables(profile: Profile) -> None:
    tables = load_codes(profile)
    for category, (_, priorities, outcomes) in calls.CALLS.items():
        assert category in tables.categories
        assert all(priority in tables.priorities for priority, _ in priorities)
        assert all(outcome in tables.outcomes for outcome, _ in outcomes)
    assert all(channel in tables.channels for channel, _ in calls.CHANNELS)


def test_kinds_of_units_are_codes_of_the_uzbek_profile() -> None:
    assert {unit.kind for unit in plan().units} <= {code.code for code in load_codes(Profile.UZ).unit_kinds.codes}


def test_streets_and_landmarks_lie_in_their_district() -> None:
    places = make_places(plan().tree, plan().ground, 102)
    assert len(places.landmarks) == 12
    assert len(places.streets) > 6
    for mark in places.landmarks:
        assert plan().tree.is_within(plan().tree.locate(mark.point) or 0, mark.district_id)
    for street in places.streets:
        assert all(plan().tree.is_within(plan().tree.locate(p) or 0, street.district_id) for p in street.line)
