"""The rules of the duty desk: order of stages, corrections, stated times, and what a unit's status follows from."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from markaz.contracts.incidents import Flag, Stage, UnitStatus
from markaz.core.errors import InvalidInput, MarkazError, NotPossibleNow, StageOrder
from markaz.programmes.incidents import domain
from markaz.programmes.incidents.domain import STAGES, Assignment

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A, E, S, T, H, C = STAGES


def minute(number: int) -> datetime:
    return RECEIVED + timedelta(minutes=number)


def sent(**stages: int) -> Assignment:
    return Assignment(1, {Stage(name): minute(at) for name, at in stages.items()})


def test_stages_may_be_left_out_but_never_come_late() -> None:
    domain.check_stage(sent(assigned=1), S, minute(9), RECEIVED)
    with pytest.raises(StageOrder, match="on_scene is already reported: en_route comes before it"):
        domain.check_stage(sent(assigned=1, on_scene=9), E, minute(5), RECEIVED)


def test_a_stage_is_reported_once_and_then_corrected() -> None:
    with pytest.raises(StageOrder, match="correct it instead"):
        domain.check_stage(sent(assigned=1, en_route=2), E, minute(3), RECEIVED)


@pytest.mark.parametrize(
    ("at", "reason"),
    [(0, r"is before assigned"), (-1, r"is before assigned")],
)
def test_a_stage_before_the_one_it_follows_is_refused_naming_both(at: int, reason: str) -> None:
    with pytest.raises(StageOrder, match=reason) as refused:
        domain.check_stage(sent(assigned=1), E, minute(at), RECEIVED)
    assert refused.value.details["field"] == "occurred_at"
    assert refused.value.code == "stage_order"


def test_nothing_is_reached_before_the_call_was_received() -> None:
    with pytest.raises(StageOrder, match="before the call was received"):
        domain.check_between(Assignment(0, {}), A, minute(-1), RECEIVED)


def test_two_stages_may_be_of_the_same_second() -> None:
    domain.check_stage(sent(assigned=0), E, minute(0), RECEIVED)


def test_an_importers_stage_out_of_order_is_kept_and_flagged() -> None:
    assert domain.stage_flags(sent(assigned=5), E, minute(1), RECEIVED) == [Flag.STAGE_ORDER.value]
    assert domain.stage_flags(sent(assigned=5), E, minute(6), RECEIVED) == []
    assert domain.stage_flags(Assignment(0, {}), A, minute(-1), RECEIVED) == [Flag.STAGE_ORDER.value]


def test_a_correction_moves_a_stage_between_its_neighbours_only() -> None:
    value = sent(assigned=1, en_route=2, on_scene=8)
    assert domain.corrected(value, E, minute(5), RECEIVED)[E] == minute(5)
    for wrong in (0, 9):
        with pytest.raises(StageOrder):
            domain.corrected(value, E, minute(wrong), RECEIVED)


def test_a_correction_to_never_takes_one_stage_away() -> None:
    assert domain.corrected(sent(assigned=1, en_route=2), E, None, RECEIVED) == {A: minute(1)}


def test_a_sending_cannot_be_undone_while_stages_stand_on_it() -> None:
    with pytest.raises(NotPossibleNow, match="correct them first"):
        domain.corrected(sent(assigned=1, en_route=2), A, None, RECEIVED)
    assert domain.corrected(sent(assigned=1), A, None, RECEIVED) == {}


def test_what_was_taken_away_cannot_be_taken_away_again_but_put_back() -> None:
    with pytest.raises(StageOrder, match="taken away already"):
        domain.corrected(sent(assigned=1), S, None, RECEIVED)
    assert domain.corrected(sent(assigned=1, cleared=9), S, minute(3), RECEIVED)[S] == minute(3)


def test_a_sending_that_was_taken_away_is_not_put_back() -> None:
    for stage in STAGES:
        with pytest.raises(NotPossibleNow, match="send the unit again"):
            domain.corrected(Assignment(1, {}), stage, minute(3), RECEIVED)


def test_a_correction_leaves_the_value_it_was_made_from() -> None:
    value = sent(assigned=1, en_route=2)
    domain.corrected(value, E, minute(3), RECEIVED)
    assert value == sent(assigned=1, en_route=2)


def test_a_unit_follows_the_furthest_stage_and_is_free_when_cleared() -> None:
    reached: dict[Stage, datetime] = {}
    for stage in STAGES:
        reached[stage] = minute(1)
        expected = UnitStatus.AVAILABLE if stage is C else UnitStatus(stage.value)
        assert domain.status_after(reached) is expected
    assert domain.status_after({}) is UnitStatus.AVAILABLE


def test_what_an_officer_sets_by_hand_never_says_that_a_unit_works_for_an_incident() -> None:
    from_incidents = {UnitStatus(s.value) for s in STAGES if s is not C}
    assert set(UnitStatus) - from_incidents == domain.SETTABLE
    assert domain.SENDABLE <= domain.SETTABLE


def test_a_clock_a_little_ahead_is_drift_and_more_is_refused() -> None:
    now = minute(0)
    assert domain.check_time(now + domain.CLOCK_TOLERANCE, now) == now + domain.CLOCK_TOLERANCE
    with pytest.raises(InvalidInput, match="in the future: check the clock"):
        domain.check_time(now + domain.CLOCK_TOLERANCE + timedelta(microseconds=1), now)


def test_a_time_before_any_dispatch_log_is_refused() -> None:
    assert domain.check_time(domain.EARLIEST, minute(0)) == domain.EARLIEST
    with pytest.raises(InvalidInput, match="too long ago"):
        domain.check_time(domain.EARLIEST - timedelta(microseconds=1), minute(0))


class StagesMachine(RuleBasedStateMachine):
    """Live reports and corrections in any order: whatever is accepted keeps the order; whatever is refused, nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.value = Assignment(1, {A: minute(0)})

    @rule(stage=st.sampled_from(STAGES), at=st.integers(-3, 12))
    def report(self, stage: Stage, at: int) -> None:
        before = self.value
        fits = self._fits({**before.stages, stage: minute(at)})
        is_next = stage not in before.stages and STAGES.index(stage) > self._furthest(before)
        try:
            domain.check_stage(before, stage, minute(at), RECEIVED)
        except StageOrder:
            assert not (fits and is_next)
            return
        assert fits
        assert is_next
        self.value = Assignment(1, {**before.stages, stage: minute(at)})

    @precondition(lambda self: self.value.stages)
    @rule(stage=st.sampled_from(STAGES), at=st.none() | st.integers(-3, 12))
    def correct(self, stage: Stage, at: int | None) -> None:
        before = dict(self.value.stages)
        wanted = {s: t for s, t in before.items() if s is not stage}
        if at is not None:
            wanted[stage] = minute(at)
        is_there = stage in before or (at is not None and stage is not A)
        may = is_there and self._fits(wanted) and (stage is not A or at is not None or not wanted)
        try:
            after = domain.corrected(self.value, stage, None if at is None else minute(at), RECEIVED)
        except MarkazError:
            assert not may
            return
        assert may
        assert after == wanted
        self.value = Assignment(1, after)

    @invariant()
    def times_keep_the_order_of_stages_and_come_after_the_call(self) -> None:
        assert self._fits(self.value.stages)
        assert all(at >= RECEIVED for at in self.value.stages.values())

    @invariant()
    def the_status_is_that_of_the_furthest_stage(self) -> None:
        status = domain.status_after(self.value.stages)
        if not self.value.stages or C in self.value.stages:
            assert status is UnitStatus.AVAILABLE
        else:
            assert status.value == STAGES[self._furthest(self.value)].value

    def _furthest(self, value: Assignment) -> int:
        return max((STAGES.index(s) for s in value.stages), default=-1)

    def _fits(self, stages: object) -> bool:
        assert isinstance(stages, dict)
        times = [stages[s] for s in STAGES if s in stages]
        return times == sorted(times) and all(t >= RECEIVED for t in times)


TestStages = StagesMachine.TestCase
TestStages.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
