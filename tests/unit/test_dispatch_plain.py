"""The recommendation shares reasons between units; here every unit is weighed by itself, and nothing may differ."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from markaz.contracts.incidents import UnitStatus
from markaz.core.dispatch_rules import Allowances, Need, load_dispatch_rules
from markaz.programmes.incidents.dispatch.domain import DIVERTIBLE, Candidate, Choice, Group, Part, recommend
from markaz.programmes.incidents.dispatch.travel import Estimate, Source
from markaz.programmes.incidents.domain import SENDABLE

RULES = load_dispatch_rules()
HERE, ELSEWHERE = UUID(int=1), UUID(int=2)
KINDS = ("patrol_car", "road_patrol", "women_inspector", "neighbourhood_post")
NEEDS = (
    RULES.need("family_violence"),
    RULES.need("road_crash"),
    Need(("patrol_car", "road_patrol"), skills=("language", "negotiation"), min_crew=2),
)
GROUPS = list(Group)


def plain_group(one: Candidate, rank: int, fits: bool) -> Group:
    if one.incident_id == HERE:
        return Group.HERE
    if one.status in SENDABLE:
        return Group.RECOMMENDED if fits else Group.POSSIBLE
    takes_over = one.status in DIVERTIBLE and one.other_rank is not None and one.other_rank > rank
    return Group.DIVERTIBLE if takes_over else Group.NOT_NOW


def plain_kind(one: Candidate, need: Need, costs: Allowances) -> Part:
    if one.kind == need.kinds[0]:
        return {"code": "kind_first"}
    if one.kind in need.kinds:
        return {"code": "kind_next", "added_s": costs.kind_next}
    return {"code": "kind_also", "added_s": costs.kind_also} if one.kind in need.also else {"code": "kind_other"}


def plain_ability(one: Candidate, need: Need, costs: Allowances) -> list[Part]:
    parts: list[Part] = []
    has = [skill for skill in need.skills if skill in one.skills]
    if has:
        parts.append({"code": "skill_has", "skills": has})
    elif need.skills and one.skills:
        parts.append({"code": "skill_missing", "skills": list(need.skills), "added_s": costs.skill_missing})
    if 0 < one.crew_size < need.min_crew:
        parts.append({"code": "crew_small", "n": one.crew_size, "added_s": costs.crew_small})
    if one.position_age_s is None:
        parts.append({"code": "position_unknown"})
    elif one.is_stale:
        parts.append({"code": "position_stale", "added_s": costs.position_stale})
    return parts


def plain_choice(one: Candidate, rank: int, need: Need, everyone: Sequence[Candidate]) -> Choice:
    costs = RULES.allowances
    group = plain_group(one, rank, one.kind in (*need.kinds, *need.also))
    parts = [plain_kind(one, need, costs)]
    if group in (Group.RECOMMENDED, Group.POSSIBLE, Group.DIVERTIBLE):
        parts += plain_ability(one, need, costs)
    left = None
    if one.status in SENDABLE:
        same = [u for u in everyone if (u.district_id, u.kind) == (one.district_id, one.kind) and u.status in SENDABLE]
        left = len(same) - 1
        last = {"code": "cover_last", "territory_id": one.district_id, "added_s": costs.cover_last}
        parts.append({"code": "cover_left", "territory_id": one.district_id, "n": left} if left else last)
    if group is Group.NOT_NOW:
        parts.append({"code": "not_now", "status": one.status.value})
    elif group is Group.DIVERTIBLE:
        parts.append({"code": "diverts"})
    elif group is Group.HERE:
        parts.append({"code": "here"})
    counted = None if one.travel is None else one.travel.mid_s + sum(part.get("added_s", 0) for part in parts)
    return Choice(one, group, False, counted, left, tuple(parts))


def plain_order(rank: int, need: Need, everyone: Sequence[Candidate]) -> list[Choice]:
    rest = sorted(
        (plain_choice(one, rank, need, everyone) for one in everyone),
        key=lambda c: (
            GROUPS.index(c.group),
            c.counted_s is None,
            c.counted_s or 0.0,
            c.candidate.call_sign,
            c.candidate.unit_id.int,
        ),
    )
    best: list[Choice] = []
    for kinds in (need.kinds, need.also):
        fitting = [c for c in rest if c.group is Group.RECOMMENDED and c.candidate.kind in kinds]
        best += [c for c in fitting[:1] if c not in best]
    return [c._replace(is_suggested=True) for c in best] + [c for c in rest if c not in best]


def made(number: int, drawn: tuple[object, ...]) -> Candidate:
    kind, status, skills, crew, district, at, rank, age_s, mid_s = drawn
    travel = None if mid_s is None else Estimate(mid_s * 0.6, mid_s, mid_s * 2, mid_s * 9, Source.STRAIGHT_LINE)  # type: ignore[arg-type, operator]
    is_stale = age_s is not None and age_s > 90  # type: ignore[operator]
    return Candidate(
        UUID(int=100 + number), f"U{number % 7}", kind, status, 1, skills, crew, district, at, rank, age_s, is_stale, travel  # type: ignore[arg-type]
    )  # fmt: skip


UNITS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from([s for s in UnitStatus if s is not UnitStatus.OFF_DUTY]),
        st.sampled_from([(), ("language",), ("first_aid",), ("negotiation", "language")]),
        st.integers(0, 3),
        st.integers(1, 3),
        st.sampled_from([None, HERE, ELSEWHERE]),
        st.sampled_from([None, 0, 1, 2]),
        st.sampled_from([None, 5.0, 400.0]),
        st.sampled_from([None, 60.0, 300.0, 301.5, 900.0]),
    ),
    max_size=25,
).map(lambda drawn: [made(number, one) for number, one in enumerate(drawn)])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(UNITS, st.sampled_from(NEEDS), st.integers(0, 2))
def test_shared_reasons_give_the_same_order_and_reasons_as_weighing_each_unit_alone(
    units: list[Candidate], need: Need, rank: int
) -> None:
    assert recommend(HERE, rank, need, RULES.allowances, units) == plain_order(rank, need, units)
