"""Gazetteer files: what is sound is taken, what is broken is named, whatever the bytes are."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from markaz.core.errors import InvalidInput, MarkazError
from markaz.core.places.checking import Reading, place_of
from markaz.core.places.model import NewPlace, PlaceKind
from markaz.core.places.reading import CHUNK_CHARS, MAX_LINE_BYTES, Broken, RawRow, read_rows
from markaz.kit.geometry import Point

HEAD = "key,kind,name_uz,name_ru,aliases,house,lon,lat\n"
GOOD = "1,street,Navoiy koʻchasi,улица Навои,Eski koʻcha;Yangi yoʻl,,69.2,41.3\n"


def read(path: Path, content: str | bytes, reading: Reading | None = None) -> list[NewPlace | Broken]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    read = reading or Reading()
    return [row if isinstance(row, Broken) else place_of(row, read) for row in read_rows(path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "places"


def test_a_row_of_csv_becomes_a_place(path: Path) -> None:
    assert read(path, "\ufeff" + HEAD + GOOD) == [
        NewPlace(
            "1",
            PlaceKind.STREET,
            {"uz-Latn": "Navoiy koʻchasi", "ru": "улица Навои"},
            Point(69.2, 41.3),
            None,
            ("Eski koʻcha", "Yangi yoʻl"),
        )
    ]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (",street,A,,,,69,41", "key"),
        ("2,tunnel,A,,,,69,41", "kind"),
        ("2,,A,,,,69,41", "kind"),
        ("2,street,,,,,69,41", "name"),
        ("2,street,...,,,,69,41", "name_uz"),
        ("2,street,A\x07b,,,,69,41", "name_uz"),
        (f"2,street,{'A' * 201},,,,69,41", "name_uz"),
        ("2,house,A,,,,69,41", "house"),
        ("2,street,A,,,12,69,41", "house"),
        ("2,street,A,,,,,41", "lon"),
        ("2,street,A,,,,69;2,41", "lon"),
        ("2,street,A,,,,nan,41", "lon"),
        ("2,street,A,,,,69,141", "lat"),
        ("2,street,A,,,,0,0", "lon"),
        ("2,street,A,,,,69", ""),
        ("2,street,A,,,,69,41,9", ""),
        ('2,street,"A,,,,69,41', ""),
        (f"2,street,A,{';'.join(map(str, range(30)))},,,69,41", "aliases"),
    ],
)
def test_a_broken_row_is_named_and_its_neighbours_are_taken(path: Path, line: str, field: str) -> None:
    if field == "aliases":
        line = f"2,street,A,,{';'.join(map(str, range(30)))},,69,41"
    first, broken, last = read(path, HEAD + GOOD + line + "\n" + GOOD)
    assert isinstance(first, NewPlace)
    assert isinstance(last, NewPlace)
    assert isinstance(broken, Broken)
    assert (broken.number, broken.field) == (2, field)
    assert broken.reason.isprintable()


def test_bytes_that_are_no_text_and_lines_without_end_break_one_row_only(path: Path) -> None:
    content = (
        (HEAD + GOOD).encode() + b"2,street,\xff\xfe,,,,69,41\n" + b"x" * (3 * MAX_LINE_BYTES) + b"\n" + GOOD.encode()
    )
    found = read(path, content)
    assert [isinstance(one, Broken) for one in found] == [False, True, True, False]
    assert [one.number for one in found if isinstance(one, Broken)] == [2, 3]


def test_columns_and_kind_may_be_named(path: Path) -> None:
    reading = Reading({"key": "n", "name_en": "street"}, PlaceKind.STREET)
    assert read(path, "n,street,lon,lat\n7,Main,69,41\n", reading) == [
        NewPlace("7", PlaceKind.STREET, {"en": "Main"}, Point(69, 41))
    ]
    with pytest.raises(InvalidInput, match="has no colour"):
        Reading({"colour": "x"})


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"key": "k", "kind": "street", "name": "A"} | properties,
        "geometry": geometry,
    }


@pytest.mark.parametrize(
    ("geometry", "where"),
    [
        ({"type": "Point", "coordinates": [69, 41, 400]}, Point(69, 41)),
        ({"type": "LineString", "coordinates": [[69, 41], [69.2, 41]]}, Point(69.1, 41)),
        ({"type": "MultiLineString", "coordinates": [[[1, 1], [1, 2]], [[69, 41], [73, 41]]]}, Point(71, 41)),
        ({"type": "Polygon", "coordinates": [[[69, 41], [70, 41], [70, 42], [69, 42], [69, 41]]]}, Point(69.5, 41.5)),
    ],
)
def test_a_feature_stands_at_its_middle(path: Path, geometry: Any, where: Point) -> None:
    (place,) = read(path, json.dumps({"type": "FeatureCollection", "features": [feature(geometry)]}))
    assert isinstance(place, NewPlace)
    assert (place.point.lon_deg, place.point.lat_deg) == pytest.approx((where.lon_deg, where.lat_deg))


@pytest.mark.parametrize(
    "geometry", [None, [], {"type": "Point"}, {"type": "Point", "coordinates": ["a", 1]}, {"type": "LineString", "coordinates": []},
                 {"type": "GeometryCollection", "geometries": []}, {"type": "Polygon", "coordinates": [[[1, 1]]]},
                 {"type": "Point", "coordinates": [400, 41]}],
)  # fmt: skip
def test_a_feature_without_a_place_is_broken(path: Path, geometry: Any) -> None:
    (broken,) = read(path, json.dumps({"features": [feature(geometry)]}))
    assert isinstance(broken, Broken)


def test_geojson_is_read_piece_by_piece_and_as_a_sequence(path: Path) -> None:
    one = feature({"type": "Point", "coordinates": [69, 41]}, note="Кўча" * 4_001)
    many = CHUNK_CHARS // len(json.dumps(one, ensure_ascii=False)) * 2
    whole = json.dumps({"type": "FeatureCollection", "name": "x", "features": [one] * many}, ensure_ascii=False)
    assert len(whole) > CHUNK_CHARS
    assert len(read(path, whole)) == many
    assert len(read(path, "\n".join([json.dumps(one)] * 3))) == 3


@pytest.mark.parametrize(
    "content", ["", "\n\n", b"\xff\xff", "{}", '{"features": [}', '{"features": [{"type"', '{"features": [NaN]}', "{" * 5000]
)  # fmt: skip
def test_a_file_that_is_neither_is_refused(path: Path, content: str | bytes) -> None:
    with pytest.raises(InvalidInput):
        read(path, content)


CELLS = st.text(max_size=12) | st.sampled_from(["street", "house", "69.2", "41.3", "-0", "1e400", "Ў", '"'])


@seed(13)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=5), st.binary(max_size=40))
def test_any_table_is_read_to_its_end(path: Path, rows: list[list[str]], tail: bytes) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    for one in read(path, HEAD.encode() + text.getvalue().encode("utf-8", "replace") + tail):
        assert isinstance(one, NewPlace | Broken)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "coordinates", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@seed(13)
@settings(max_examples=60, deadline=None)
@given(JSON, st.dictionaries(st.sampled_from(["key", "kind", "name", "aliases", "house"]), JSON, max_size=5))
def test_any_feature_is_a_place_or_says_why_not(geometry: Any, properties: dict[str, Any]) -> None:
    reading = Reading(kind=PlaceKind.OTHER)
    try:
        found = place_of(RawRow(1, {"key": "k", "name": "A"} | properties, geometry or {}), reading)
    except MarkazError:
        pytest.fail("a row never raises")
    assert isinstance(found, NewPlace | Broken)
