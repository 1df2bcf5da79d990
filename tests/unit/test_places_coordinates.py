"""Coordinates as people type and paste them."""

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from markaz.core.places.coordinates import parse_coordinates
from markaz.kit.geometry import Point

TASHKENT = Point(69.2797, 41.3111)


@pytest.mark.parametrize(
    "text",
    [
        "41.3111, 69.2797", " 41.3111  69.2797 ", "41.3111;69.2797", "41,3111 69,2797", "41,3111; 69,2797", "41,3111, 69,2797",
        "41.3111N 69.2797E", "41.3111 n, 69.2797 e", "N41.3111 E69.2797", "69.2797E, 41.3111N", "С41.3111 В69.2797",
        "N 41° 18.666 E 69° 16.782", "N41 18.666 E69 16.782", "41° 18' 39.96\" N, 69° 16' 46.92\" E", "41°18′39,96″N 69°16′46,92″E",
    ],
)  # fmt: skip
def test_every_way_of_writing_is_the_same_point(text: str) -> None:
    point = parse_coordinates(text)
    assert point is not None
    assert (point.lon_deg, point.lat_deg) == pytest.approx((TASHKENT.lon_deg, TASHKENT.lat_deg), abs=1e-6)


def test_south_and_west_are_negative() -> None:
    assert parse_coordinates("S33.9 W70.5") == parse_coordinates("-33.9, -70.5") == Point(-70.5, -33.9)


@pytest.mark.parametrize(
    "text",
    ["", "12", "12/3", "12 5", "Navoiy 12", "5 Mart 7", "91.5, 3.0", "41.3, 181.2", "41 61 N 69 E", "N41.3 N69.2", "N41.3", "1e5, 2e5",
     "nan, nan", "41.3111, 69.2797, 12", "N-41.3 E69.2", "41.3 N E 69.2 N", "4" * 100],
)  # fmt: skip
def test_what_is_no_pair_of_coordinates_is_none(text: str) -> None:
    assert parse_coordinates(text) is None


@seed(7)
@settings(max_examples=60, deadline=None)
@given(st.floats(-179.999, 179.999), st.floats(-89.999, 89.999))
def test_what_the_console_writes_is_read_back(lon: float, lat: float) -> None:
    point = parse_coordinates(f"{lat:.5f}, {lon:.5f}")
    assert point is not None
    assert (point.lon_deg, point.lat_deg) == pytest.approx((lon, lat), abs=1e-5)


@seed(7)
@settings(max_examples=60, deadline=None)
@given(st.text(max_size=90) | st.text(alphabet="NSEW0123456789.,°'\" -+", max_size=90))
def test_any_text_is_a_point_or_none(text: str) -> None:
    assert parse_coordinates(text) is None or isinstance(parse_coordinates(text), Point)
