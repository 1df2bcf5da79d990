"""How a phone's late report joins what the desk has."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markaz.contracts.incidents import Flag, Stage
from markaz.programmes.incidents.domain import Assignment
from markaz.programmes.incidents.field.domain import (
    OLDEST,
    Kept,
    Named,
    Sending,
    Why,
    merge_stage,
    sending_of,
    stated_time,
)

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
RECEIVED = NOW - timedelta(hours=2)
SENT = Assignment(1, {Stage.ASSIGNED: RECEIVED + timedelta(minutes=1)})
STANDS = Sending(1, RECEIVED + timedelta(minutes=1), is_current=True, is_void=False)


@settings(max_examples=50, derandomize=True)
@given(
    off=st.timedeltas(timedelta(hours=-30), timedelta(hours=30)),
    age=st.timedeltas(timedelta(0), OLDEST),
)
def test_a_clock_that_is_hours_off_changes_no_stated_time(off: timedelta, age: timedelta) -> None:
    device_now = NOW + off
    at, _ = stated_time(device_now - age, device_now, NOW)
    assert at == NOW - age


def test_a_clock_that_is_off_is_said() -> None:
    assert stated_time(NOW, NOW, NOW) == (NOW, ())
    ahead = NOW + timedelta(hours=3)
    assert stated_time(ahead - timedelta(minutes=5), ahead, NOW) == (
        NOW - timedelta(minutes=5),
        (Flag.DEVICE_CLOCK.value,),
    )


@pytest.mark.parametrize("age", [timedelta(seconds=-1), timedelta(days=3), timedelta(days=-400)])
def test_a_clock_that_was_set_in_between_leaves_the_time_of_receipt(age: timedelta) -> None:
    assert stated_time(NOW - age, NOW, NOW) == (NOW, (Flag.DEVICE_CLOCK.value,))


def test_a_stage_the_desk_has_not_is_taken() -> None:
    merge = merge_stage(STANDS, SENT, Stage.EN_ROUTE, RECEIVED + timedelta(minutes=3), RECEIVED)
    assert (merge.kept, merge.flags) == (Kept.TAKEN, ())


def test_a_stage_the_desk_entered_at_the_same_time_is_the_same() -> None:
    at = RECEIVED + timedelta(minutes=3)
    known = Assignment(1, {**SENT.stages, Stage.EN_ROUTE: at})
    assert merge_stage(STANDS, known, Stage.EN_ROUTE, at + timedelta(seconds=40), RECEIVED).kept is Kept.SAME


def test_a_stage_the_desk_entered_otherwise_stands_beside() -> None:
    known = Assignment(1, {**SENT.stages, Stage.ON_SCENE: RECEIVED + timedelta(minutes=9)})
    assert merge_stage(STANDS, known, Stage.ON_SCENE, RECEIVED + timedelta(minutes=30), RECEIVED).kept is Kept.BESIDE


def test_a_stage_that_fills_a_gap_between_the_desks_is_taken() -> None:
    known = Assignment(1, {**SENT.stages, Stage.CLEARED: RECEIVED + timedelta(minutes=40)})
    assert merge_stage(STANDS, known, Stage.ON_SCENE, RECEIVED + timedelta(minutes=9), RECEIVED) == merge_stage(
        STANDS, SENT, Stage.ON_SCENE, RECEIVED + timedelta(minutes=9), RECEIVED
    )


def test_an_odd_time_is_taken_and_flagged() -> None:
    known = Assignment(1, {**SENT.stages, Stage.CLEARED: RECEIVED + timedelta(minutes=40)})
    merge = merge_stage(STANDS, known, Stage.ON_SCENE, RECEIVED + timedelta(minutes=50), RECEIVED)
    assert (merge.kept, merge.flags) == (Kept.TAKEN, (Flag.STAGE_ORDER.value,))


def test_a_stage_of_a_unit_that_was_never_sent_stands_beside() -> None:
    merge = merge_stage(None, None, Stage.ON_SCENE, NOW, RECEIVED)
    assert (merge.kept, merge.why) == (Kept.BESIDE, Why.NOT_SENT)


def test_a_stage_of_a_sending_that_was_taken_back_stands_beside() -> None:
    void = Sending(1, RECEIVED, is_current=False, is_void=True)
    merge = merge_stage(void, SENT, Stage.ON_SCENE, NOW, RECEIVED)
    assert (merge.kept, merge.why) == (Kept.BESIDE, Why.TAKEN_BACK)


def minutes(n: float) -> datetime:
    return RECEIVED + timedelta(minutes=n)


TWO = (Sending(1, minutes(1), is_current=False, is_void=True), Sending(2, minutes(30), is_current=True, is_void=False))


@pytest.mark.parametrize(
    ("named", "pressed_min", "ordinal"),
    [
        (Named(1, minutes(1)), 40, 1),  # the phone had not heard of the second when it was pressed
        (Named(2, minutes(30)), 10, 2),  # its clock is wrong: it knows better than we which one it showed
        (Named(), 10, 1),
        (Named(), 40, 2),
        (Named(None, minutes(1)), 40, 1),
        (Named(), 0, 2),  # before every beginning
        (Named(7), 40, None),
    ],
)
def test_a_stage_belongs_to_the_sending_it_was_pressed_for(
    named: Named, pressed_min: float, ordinal: int | None
) -> None:
    found = sending_of(TWO, named, minutes(pressed_min))
    assert (found and found.ordinal) == ordinal
