"""The clocks of an incident: which run, when they turn, and that no order of facts makes one negative or go back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from markaz.contracts.incidents import AlarmKind, Stage
from markaz.core.settings import Profile
from markaz.core.territories.terrain import Terrain
from markaz.programmes.incidents.alarms.domain import (
    Colour,
    RunningClock,
    Sent,
    Waiting,
    clocks_of,
    has_ended,
    to_raise,
)
from markaz.programmes.incidents.norms import load_norms

NORMS = load_norms(Profile.UZ)
NORM = NORMS.of("1", Terrain.URBAN)
CAME = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
ID, UNIT, OTHER = (UUID(int=n) for n in (1, 2, 3))
few = settings(max_examples=60, derandomize=True, deadline=None)


def after(seconds: float) -> datetime:
    return CAME + timedelta(seconds=seconds)


def sent(unit: UUID = UNIT, word: float | None = None, **stages: float) -> Sent:
    at = {Stage(name): after(seconds) for name, seconds in stages.items()}
    return Sent(unit, 1, at, None if word is None else after(word))


def clocks(*units: Sent, held: float | None = None, waits: float | None = None) -> dict[AlarmKind, RunningClock]:
    incident = Waiting(ID, CAME, None if held is None else after(held), None if waits is None else after(waits))
    return {c.kind: c for c in clocks_of(incident, units, NORM, NORMS.amber_share)}


def test_a_new_incident_waits_for_a_unit_from_when_the_call_came() -> None:
    (clock,) = clocks().values()
    assert clock.kind is AlarmKind.UNASSIGNED
    assert (clock.started_at, clock.red_at) == (CAME, after(NORM.unassigned_s))
    assert clock.colour(after(39)) is Colour.CALM
    assert clock.colour(after(41)) is Colour.AMBER  # two thirds of a minute
    assert clock.colour(after(60)) is Colour.RED
    assert (clock.left_s(after(45)), clock.over_s(after(75))) == (15, 15)


def test_a_reopened_incident_that_all_units_left_waits_for_a_unit_from_its_reopening() -> None:
    left = sent(assigned=30, on_scene=200, cleared=900)
    assert not clocks(left)
    (clock,) = clocks(left, waits=5_000).values()
    assert (clock.kind, clock.red_at) == (AlarmKind.UNASSIGNED, after(5_000 + NORM.unassigned_s))
    back = sent(OTHER, assigned=5_010, en_route=5_020)
    assert not clocks(left, back, waits=5_000)  # somebody did arrive once: no clock of a first arrival
    assert not clocks(left, sent(OTHER, assigned=5_010, on_scene=5_100, cleared=5_900), waits=5_000)


def test_a_sent_unit_must_set_out_and_somebody_must_arrive() -> None:
    running = clocks(sent(assigned=30))
    assert set(running) == {AlarmKind.EN_ROUTE, AlarmKind.ARRIVAL}
    assert running[AlarmKind.EN_ROUTE].red_at == after(30 + NORM.en_route_s)
    assert running[AlarmKind.ARRIVAL].red_at == after(NORM.arrival_s)  # from the call, not from the sending
    assert set(clocks(sent(assigned=30, en_route=50))) == {AlarmKind.ARRIVAL}


def test_the_first_unit_on_scene_ends_the_wait_for_all() -> None:
    running = clocks(sent(assigned=30, on_scene=200), sent(OTHER, assigned=60, en_route=70))
    assert set(running) == {AlarmKind.WELFARE}
    assert running[AlarmKind.WELFARE].unit_id == UNIT


def test_welfare_runs_from_the_last_word_and_ends_when_the_crew_leaves() -> None:
    assert clocks(sent(on_scene=200))[AlarmKind.WELFARE].started_at == after(200)
    assert clocks(sent(on_scene=200, word=500))[AlarmKind.WELFARE].started_at == after(500)
    assert clocks(sent(on_scene=200, word=100))[AlarmKind.WELFARE].started_at == after(200)  # a word from before
    for stage in ("transporting", "at_hospital", "cleared"):
        leaving = Sent(UNIT, 1, {Stage.ON_SCENE: after(200), Stage(stage): after(300)})
        assert clocks(leaving) == {}


def test_when_all_left_before_arriving_the_incident_waits_anew_from_then() -> None:
    (clock,) = clocks(sent(assigned=30, cleared=100), sent(OTHER, assigned=30, cleared=90)).values()
    assert (clock.kind, clock.started_at) == (AlarmKind.UNASSIGNED, after(100))


def test_when_somebody_was_there_nothing_waits_for_a_unit_any_more() -> None:
    assert clocks(sent(assigned=30, on_scene=100, cleared=900)) == {}


def test_a_held_incident_waits_for_the_end_of_the_hold_instead() -> None:
    (clock,) = clocks(held=3_600).values()
    assert clock.kind is AlarmKind.HELD_OVER
    assert clock.colour(after(NORM.unassigned_s + 1)) is Colour.CALM
    assert clock.colour(after(3_600 - 10)) is Colour.AMBER
    assert clock.colour(after(3_600)) is Colour.RED
    assert set(clocks(sent(assigned=30), held=3_600)) == {AlarmKind.EN_ROUTE, AlarmKind.ARRIVAL}


def test_what_it_was_held_is_credited_to_the_clock_of_the_unassigned() -> None:
    (clock,) = clocks_of(Waiting(ID, CAME, None, after(900)), [], NORM, NORMS.amber_share)
    assert (clock.kind, clock.red_at) == (AlarmKind.UNASSIGNED, after(900 + NORM.unassigned_s))
    (left,) = clocks_of(Waiting(ID, CAME, None, after(900)), [sent(assigned=910, cleared=990)], NORM, NORMS.amber_share)
    assert left.red_at == after(990 + NORM.unassigned_s)


def test_one_red_clock_is_one_alarm_however_often_one_looks() -> None:
    running = list(clocks().values())
    late = after(61)
    (raised,) = to_raise(running, frozenset(), late)
    assert to_raise(running, frozenset({raised.cause}), late) == []
    assert to_raise(running, frozenset(), after(59)) == []


def test_a_clock_set_back_neither_ends_an_alarm_nor_repeats_it() -> None:
    (clock,) = clocks().values()
    due = clock.red_at
    assert not has_ended(clock, due, after(61))
    assert not has_ended(clock, due, after(-3_600))
    assert has_ended(None, due, after(-3_600))


def test_a_word_in_time_ends_the_alarm_and_a_word_too_old_does_not() -> None:
    due = clocks(sent(on_scene=0))[AlarmKind.WELFARE].red_at
    now = after(NORM.welfare_s + 5)
    assert has_ended(clocks(sent(on_scene=0, word=NORM.welfare_s))[AlarmKind.WELFARE], due, now)
    assert not has_ended(clocks(sent(on_scene=0, word=1))[AlarmKind.WELFARE], due, now)


def test_each_sending_of_a_unit_has_an_alarm_of_its_own() -> None:
    first = clocks_of(Waiting(ID, CAME), [Sent(UNIT, 1, {Stage.ASSIGNED: CAME})], NORM, 0.5)
    second = clocks_of(Waiting(ID, CAME), [Sent(UNIT, 2, {Stage.ASSIGNED: CAME})], NORM, 0.5)
    causes = [{c.cause for c in found if c.kind is AlarmKind.EN_ROUTE} for found in (first, second)]
    assert not causes[0] & causes[1]


seconds = st.integers(min_value=-7_200, max_value=7_200)
units = st.builds(
    lambda unit, stages, word: Sent(UUID(int=unit), 1, {s: after(t) for s, t in stages.items()}, word and after(word)),
    st.integers(min_value=2, max_value=4),
    st.dictionaries(st.sampled_from(list(Stage)), seconds),
    st.none() | seconds,
)


@few
@given(
    work=st.lists(units, max_size=3, unique_by=lambda one: one.unit_id),
    held=st.none() | seconds,
    moments=st.lists(seconds, min_size=2, max_size=6),
)
def test_no_order_of_facts_makes_a_clock_negative_or_go_back(
    work: list[Sent], held: int | None, moments: list[int]
) -> None:
    """Stages come in any order from another system or a correction; a clock still only ever goes one way."""
    incident = Waiting(ID, CAME, None if held is None else after(held))
    running = clocks_of(incident, work, NORM, NORMS.amber_share)
    assert len({clock.cause for clock in running}) == len(running)
    assert [c.red_at for c in running] == sorted(c.red_at for c in running)
    order = list(Colour)
    for clock in running:
        assert clock.started_at <= clock.amber_at <= clock.red_at
        looks = [after(moment) for moment in sorted(moments)]
        colours = [order.index(clock.colour(now)) for now in looks]
        assert colours == sorted(colours)
        left, over = [clock.left_s(now) for now in looks], [clock.over_s(now) for now in looks]
        assert left == sorted(left, reverse=True)
        assert over == sorted(over)
        assert min(left + over) >= 0
        assert all(a == 0 or b == 0 for a, b in zip(left, over, strict=True))
