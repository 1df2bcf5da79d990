"""The order in which units are recommended, why, and what is never claimed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markaz.contracts.incidents import UnitStatus
from markaz.core.codes import load_codes
from markaz.core.dispatch_rules import Need, load_dispatch_rules
from markaz.core.settings import Profile
from markaz.programmes.incidents.dispatch.domain import Candidate, Choice, Group, Why, overridden, recommend
from markaz.programmes.incidents.dispatch.travel import Estimate, Source

RULES = load_dispatch_rules()
HERE, ELSEWHERE = UUID(int=1), UUID(int=2)
URGENT, ROUTINE = 0, 2


def unit(number: int, mid_s: float | None = 300.0, **changes: object) -> Candidate:
    travel = None if mid_s is None else Estimate(mid_s * 0.6, mid_s, mid_s * 1.7, mid_s * 10, Source.STRAIGHT_LINE)
    values: dict[str, object] = {
        "unit_id": UUID(int=100 + number),
        "call_sign": f"U{number}",
        "kind": "patrol_car",
        "status": UnitStatus.AVAILABLE,
        "version": 1,
        "skills": (),
        "crew_size": 0,
        "district_id": 7,
        "incident_id": None,
        "other_rank": None,
        "position_age_s": 10.0,
        "is_stale": False,
        "travel": travel,
    }
    return Candidate(**(values | changes))  # type: ignore[arg-type]


def order(category: str, *units: Candidate, rank: int = URGENT) -> list[Choice]:
    return recommend(HERE, rank, RULES.need(category), RULES.allowances, units)


def signs(choices: Sequence[Choice]) -> list[str]:
    return [choice.candidate.call_sign for choice in choices]


def codes(choice: Choice) -> set[str]:
    return {str(part["code"]) for part in choice.parts}


def test_the_nearest_free_unit_of_the_needed_kind_is_suggested() -> None:
    choices = order("theft", unit(1, 600), unit(2, 200), unit(3, 100, kind="road_patrol"))
    assert signs(choices) == ["U2", "U1", "U3"]
    assert [c.is_suggested for c in choices] == [True, False, False]
    assert choices[2].group is Group.POSSIBLE
    assert Why.KIND_OTHER in codes(choices[2])


def test_a_crash_goes_to_the_road_patrol_first_unless_another_is_minutes_nearer() -> None:
    near, far = unit(1, 300), unit(2, 400, kind="road_patrol")
    assert signs(order("road_crash", near, far, unit(3, 900), unit(4, 900, kind="road_patrol")))[0] == "U2"
    assert signs(order("road_crash", unit(1, 200), far, unit(3, 900), unit(4, 900, kind="road_patrol")))[0] == "U1"


def test_violence_in_a_family_brings_a_patrol_and_the_inspector_for_women() -> None:
    choices = order("family_violence", unit(1, 100), unit(2, 200), unit(3, 900, kind="women_inspector"))
    assert signs(choices)[:2] == ["U1", "U3"]
    assert [c.is_suggested for c in choices] == [True, True, False]


def test_the_last_free_unit_of_its_kind_in_a_district_counts_like_minutes_and_says_so() -> None:
    last = unit(1, 300, district_id=1)
    others = [unit(2, 350, district_id=2), unit(3, 2000, district_id=2)]
    choices = order("theft", last, *others)
    assert signs(choices)[0] == "U2"
    by_sign = {c.candidate.call_sign: c for c in choices}
    assert (by_sign["U1"].cover_left, by_sign["U2"].cover_left) == (0, 1)
    assert {"code": "cover_last", "territory_id": 1, "added_s": RULES.allowances.cover_last} in by_sign["U1"].parts


def test_what_counted_is_the_travel_time_and_every_named_allowance() -> None:
    for choice in order("road_crash", unit(1, 300, skills=("dog",), is_stale=True), unit(2, 100)):
        assert choice.candidate.travel is not None
        added = sum(part.get("added_s", 0) for part in choice.parts)
        assert choice.counted_s == choice.candidate.travel.mid_s + added


def test_an_unknown_position_is_said_and_stands_last_of_its_group_not_at_no_distance() -> None:
    lost = unit(1, None, position_age_s=None)
    choices = order("theft", lost, unit(2, 5000))
    assert signs(choices) == ["U2", "U1"]
    assert choices[1].counted_s is None
    assert Why.POSITION_UNKNOWN in codes(choices[1])


def test_skills_and_crews_that_were_never_recorded_are_not_held_against_a_unit() -> None:
    unknown, without, with_it = unit(1), unit(2, skills=("dog",)), unit(3, skills=("medical_aid",))
    by_sign = {c.candidate.call_sign: codes(c) for c in order("road_crash", unknown, without, with_it)}
    assert not {Why.SKILL_MISSING, Why.SKILL_HAS} & by_sign["U1"]
    assert Why.SKILL_MISSING in by_sign["U2"]
    assert Why.SKILL_HAS in by_sign["U3"]
    crews = {c.candidate.call_sign: codes(c) for c in order("robbery", unit(1), unit(2, crew_size=1))}
    assert Why.CREW_SMALL not in crews["U1"]
    assert Why.CREW_SMALL in crews["U2"]


@pytest.mark.parametrize("status", [UnitStatus.ASSIGNED, UnitStatus.EN_ROUTE])
def test_only_a_unit_driving_to_something_less_urgent_is_divertible(status: UnitStatus) -> None:
    def group(**changes: Any) -> Group:
        return order("theft", unit(1, incident_id=ELSEWHERE, **changes), rank=1)[0].group

    assert group(status=status, other_rank=2) is Group.DIVERTIBLE
    assert group(status=status, other_rank=1) is Group.NOT_NOW
    assert group(status=status, other_rank=None) is Group.NOT_NOW
    assert group(status=UnitStatus.ON_SCENE, other_rank=3) is Group.NOT_NOW
    assert order("theft", unit(1, incident_id=HERE, status=status))[0].group is Group.HERE


def test_a_unit_that_is_not_free_is_shown_with_the_reason_and_never_suggested() -> None:
    choices = order("theft", unit(1, status=UnitStatus.BUSY), unit(2, status=UnitStatus.OUT_OF_SERVICE))
    assert not any(c.is_suggested for c in choices)
    assert [c.parts[-1] for c in choices] == [
        {"code": "not_now", "status": "busy"},
        {"code": "not_now", "status": "out_of_service"},
    ]


def test_a_crew_that_calls_for_help_itself_is_never_suggested_and_covers_nobody() -> None:
    near, far = unit(1, 10, is_in_danger=True, district_id=1), unit(2, 900, district_id=1)
    choices = order("theft", near, far)
    assert signs(choices) == ["U2", "U1"]
    assert (choices[1].group, choices[1].is_suggested) == (Group.NOT_NOW, False)
    assert choices[1].parts[0] == {"code": "in_danger"}  # before all that speaks for it
    assert choices[0].cover_left == 0
    assert order("theft", unit(1, is_in_danger=True, incident_id=HERE))[0].group is Group.HERE


some_units = st.lists(
    st.builds(
        unit,
        st.integers(0, 10_000),
        st.one_of(st.none(), st.floats(0, 1e5)),
        kind=st.sampled_from(["patrol_car", "patrol_foot", "women_inspector", "other"]),
        status=st.sampled_from(list(UnitStatus)),
        other_rank=st.one_of(st.none(), st.integers(0, 4)),
        district_id=st.integers(1, 3),
    ),
    max_size=12,
    unique_by=lambda u: u.unit_id,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(units=some_units, seed=st.randoms(use_true_random=False))
def test_every_candidate_is_considered_and_the_order_does_not_hang_on_the_order_asked(
    units: list[Candidate], seed: object
) -> None:
    first = order("family_violence", *units)
    shuffled = list(units)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert order("family_violence", *shuffled) == first
    assert {c.candidate.unit_id for c in first} == {u.unit_id for u in units}
    assert all(c.group is Group.RECOMMENDED for c in first if c.is_suggested)


def test_taking_only_suggested_units_overrides_nothing() -> None:
    a, b, c = (UUID(int=n) for n in range(3))
    assert overridden([a, b], [a]) == []
    assert overridden([a, b], [a, b]) == []
    assert overridden([a, b], [c, b]) == [a]
    assert overridden([], [c]) == []


@pytest.mark.parametrize("profile", list(Profile))
def test_the_needs_name_categories_and_kinds_that_there_are(profile: Profile) -> None:
    tables = load_codes(profile)
    every_kind = {code.code for known in Profile for code in load_codes(known).unit_kinds.codes}
    for category, need in RULES.needs.items():
        assert category == "default" or category in tables.categories
        assert {*need.kinds, *need.also} <= every_kind
        assert isinstance(need, Need)
        assert any(kind in tables.unit_kinds for kind in need.kinds), category


def test_every_skill_a_category_wishes_for_is_one_a_crew_can_have() -> None:
    wished = {skill for need in RULES.needs.values() for skill in need.skills}
    assert wished
    assert wished <= {code.code for code in load_codes(Profile.UZ).skills.codes}
