"""When alarms go up and to whom, from what stands about them alone."""

from datetime import UTC, datetime, timedelta

from markaz.core.settings import Profile
from markaz.programmes.incidents.alarms.climbing import Standing, goes_up_at, is_in_hand, level_called, next_level
from markaz.programmes.incidents.norms import load_norms

NORMS = load_norms(Profile.UZ)
RAISED = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
DISTRICT, REGION, COUNTRY = 3, 2, 1
ABOVE = (DISTRICT, REGION, COUNTRY)


def after(seconds: float) -> datetime:
    return RAISED + timedelta(seconds=seconds)


def goes_up(*noticed_s: float, up_s: float | None = None, is_emergency: bool = False) -> float:
    up = None if up_s is None else after(up_s)
    alarm = Standing(is_emergency, RAISED, up, [after(seconds) for seconds in noticed_s])
    return (goes_up_at(alarm, NORMS) - RAISED).total_seconds()


def test_an_acknowledgement_buys_time_once_at_each_level_and_an_emergency_none() -> None:
    assert goes_up() == 120
    assert goes_up(50) == goes_up(50, 90, 200) == 350  # ten people who press buy no more than one
    assert goes_up(50, up_s=350) == 470  # noticed below, not at the level that is called now
    assert goes_up(50, 400, up_s=350) == 700
    assert goes_up(5, 6, is_emergency=True) == 30
    assert goes_up(5, 6, up_s=30, is_emergency=True) == 60


def test_it_climbs_level_by_level_to_the_top_and_ends_there() -> None:
    reached, taken = None, []
    while (following := next_level(ABOVE, reached, set(ABOVE))) is not None:
        taken.append(following)
        reached = following
    assert taken == [*ABOVE]


def test_a_level_nobody_supervises_is_passed_by_and_where_nobody_does_it_goes_up_once() -> None:
    assert next_level(ABOVE, None, {REGION}) == REGION
    assert next_level(ABOVE, REGION, {REGION}) is None
    assert next_level(ABOVE, None, set()) == DISTRICT
    assert next_level(ABOVE, DISTRICT, set()) is None
    assert next_level(ABOVE, 77, {REGION}) == REGION  # it moved to another branch: it begins anew there


def test_an_emergency_is_in_hand_when_the_level_called_has_noticed_and_not_below() -> None:
    assert level_called(ABOVE, None, DISTRICT) == DISTRICT
    assert level_called(ABOVE, DISTRICT, REGION) == DISTRICT
    assert not is_in_hand(ABOVE, DISTRICT, set())
    assert not is_in_hand(ABOVE, DISTRICT, {31, 4})  # a neighbourhood within, the district beside
    assert is_in_hand(ABOVE, DISTRICT, {DISTRICT})
    assert is_in_hand(ABOVE, DISTRICT, {COUNTRY})
    assert not is_in_hand(ABOVE, REGION, {DISTRICT})
