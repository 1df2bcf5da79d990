"""Which incidents are offered as what a new call may be about."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from markaz.kit.geometry import Point
from markaz.programmes.incidents.calls.domain import (
    ACCURACY_MOST_M,
    NEAR_M,
    OFFERED_MOST,
    Known,
    likely_duplicates,
)

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
HERE = Point(69.24, 41.31)
M_EAST = 1 / 83_500  # degrees of longitude in a metre at 41.31 north


def known(east_m: float = 0, minutes: float = 0, category: str = "fire", accuracy_m: float = 0) -> Known:
    place = Point(HERE.lon_deg + east_m * M_EAST, HERE.lat_deg)
    group = {"fire": "danger", "rescue": "danger"}.get(category)
    return Known(place, accuracy_m, NOW - timedelta(minutes=minutes), category, group)


def offered(call: Known, **incidents: Known) -> list[str]:
    return [id_ for id_, _ in likely_duplicates(call, incidents.items())]


def test_the_nearest_of_the_same_minute_and_category_comes_first() -> None:
    assert offered(known(), far=known(300), near=known(20), later=known(20, 90)) == ["near", "far", "later"]


def test_a_neighbouring_category_comes_before_a_strange_one_and_both_are_offered() -> None:
    assert offered(known(), theft=known(10, category="theft"), rescue=known(10, category="rescue")) == [
        "rescue",
        "theft",
    ]


def test_two_codes_without_a_group_are_not_of_one_group() -> None:
    [(_, like)] = likely_duplicates(known(category="alarm"), [("x", known(category="theft"))])
    assert (like.same_category, like.same_group) == (False, False)


def test_what_lies_beyond_the_accuracy_of_both_places_is_not_offered() -> None:
    assert offered(known(), out=known(NEAR_M + 50)) == []
    assert offered(known(accuracy_m=60), edge=known(NEAR_M + 50)) == ["edge"]
    assert offered(known(), edge=known(NEAR_M + 50, accuracy_m=60)) == ["edge"]


def test_a_place_known_to_the_nearest_mast_does_not_make_a_whole_city_one_incident() -> None:
    far = known(ACCURACY_MOST_M + NEAR_M + 100)
    assert offered(known(accuracy_m=50_000), far=far) == []


def test_what_was_reported_hours_ago_is_not_offered() -> None:
    assert offered(known(), old=known(minutes=200)) == []


@seed(102)
@settings(max_examples=40, database=None)
@given(
    st.lists(
        st.tuples(st.floats(-800, 800), st.floats(-300, 300), st.sampled_from(["fire", "rescue", "theft"])),
        max_size=15,
    )
)
def test_at_most_nine_are_offered_in_the_same_order_whatever_the_order_they_come_in(
    rows: list[tuple[float, float, str]],
) -> None:
    incidents = [(str(n), known(east, minutes, category)) for n, (east, minutes, category) in enumerate(rows)]
    ranked = likely_duplicates(known(), incidents)
    assert len(ranked) <= OFFERED_MOST
    assert ranked == likely_duplicates(known(), reversed(incidents))
    costs = [like.cost for _, like in ranked]
    assert costs == sorted(costs)
