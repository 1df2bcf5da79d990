"""What may be said of a sending that is over: it began, it ended, both by now, and nothing in it runs backwards."""

from datetime import UTC, datetime, timedelta

import pytest

from markaz.contracts.incidents import IncidentEvent, Stage
from markaz.core.errors import InvalidInput, StageOrder
from markaz.programmes.incidents.dispatch.domain import finished
from markaz.programmes.incidents.domain import CLOCK_TOLERANCE
from markaz.programmes.incidents.picture import RULES

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
CALL = NOW - timedelta(hours=2)
WHOLE = {
    Stage.ASSIGNED: CALL,
    Stage.EN_ROUTE: CALL + timedelta(minutes=1),
    Stage.ON_SCENE: CALL + timedelta(minutes=9),
    Stage.CLEARED: CALL + timedelta(minutes=30),
}


def test_a_whole_sending_comes_back_in_the_order_of_its_stages() -> None:
    mixed = dict(reversed(WHOLE.items()))
    assert list(finished(mixed, CALL, NOW).items()) == list(WHOLE.items())


def test_the_beginning_and_the_end_are_enough() -> None:
    ends = {Stage.ASSIGNED: CALL, Stage.CLEARED: CALL}
    assert finished(ends, CALL, NOW) == ends


@pytest.mark.parametrize("missing", [Stage.ASSIGNED, Stage.CLEARED])
def test_without_its_beginning_or_its_end_it_is_not_over(missing: Stage) -> None:
    with pytest.raises(InvalidInput, match=missing.value):
        finished({stage: at for stage, at in WHOLE.items() if stage is not missing}, CALL, NOW)


@pytest.mark.parametrize(
    ("stage", "at"),
    [
        (Stage.ASSIGNED, CALL - timedelta(seconds=1)),  # before the call
        (Stage.EN_ROUTE, CALL - timedelta(seconds=1)),  # before the sending
        (Stage.ON_SCENE, CALL + timedelta(minutes=31)),  # after it was cleared
        (Stage.CLEARED, CALL + timedelta(minutes=8)),  # before it was on scene
    ],
)
def test_a_stage_out_of_its_order_is_refused(stage: Stage, at: datetime) -> None:
    with pytest.raises(StageOrder):
        finished(WHOLE | {stage: at}, CALL, NOW)


def test_what_has_not_happened_yet_is_not_over() -> None:
    later = NOW + CLOCK_TOLERANCE + timedelta(seconds=1)
    with pytest.raises(InvalidInput, match="future"):
        finished(WHOLE | {Stage.CLEARED: later}, CALL, NOW)


@pytest.mark.parametrize("type_", [IncidentEvent.UNIT_ASSIGNED, IncidentEvent.STAGE_REACHED])
def test_what_lies_before_the_sending_on_the_screen_leaves_that_one_there(type_: IncidentEvent) -> None:
    told = {"unit_id": "u", "call_sign": "P-1", "ordinal": 2, "stage": "on_scene", "at": "2026-03-01T03:00:00Z"}
    _, change = RULES[type_].effect({**told, "version": 7, "is_finished": True, "is_past": True})
    assert change == {"version": 7}
    _, change = RULES[type_].effect({**told, "version": 7, "is_finished": True, "is_past": False})
    assert "u" in change["units"]  # type: ignore[index]
