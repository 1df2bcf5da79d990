"""Reading GeoJSON: what is right is read, what is wrong is refused by feature and field."""

import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from markaz.core.errors import InvalidInput, TooLarge
from markaz.core.territories import geojson
from markaz.core.territories.geojson import Feature, read_features

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def feature(coordinates: Any = None, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": [SQUARE] if coordinates is None else coordinates},
    }


def read(tmp_path: Path, text: str | bytes) -> list[Feature]:
    path = tmp_path / "boundaries.geojson"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_features(path))


def read_one(tmp_path: Path, value: Any) -> list[Feature]:
    return read(tmp_path, json.dumps({"type": "FeatureCollection", "features": [feature(), value]}))


def test_polygons_are_read_wherever_features_stands_and_heights_are_left_out(tmp_path: Path) -> None:
    high = [[*position, 700.5] for position in SQUARE]
    text = json.dumps({"features": [feature([high], code=7), feature([[SQUARE]], "MultiPolygon")], "crs": {"a": [1]}})
    found = read(tmp_path, "\ufeff" + text + "\n")
    assert [f.number for f in found] == [1, 2]
    assert found[0].text("code") == "7"
    assert all(f.geometry.equals(shapely.box(0, 0, 1, 1)) for f in found)
    assert not found[0].geometry.has_z


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (7, "type"),
        ({"type": "Feature", "properties": [], "geometry": None}, "properties"),
        ({"type": "Feature", "properties": None, "geometry": None}, "geometry"),
        (feature([1, 2], "Point"), "geometry.type"),
        (feature([]), "geometry.coordinates"),
        (feature([SQUARE[:3]]), "geometry.coordinates[0]"),
        (feature([SQUARE, SQUARE[:-1]]), "geometry.coordinates[1]"),
        (feature([[SQUARE], [[[0, 0], [1, "x"], [1, 1], [0, 0]]]], "MultiPolygon"), "geometry.coordinates[1][0][1]"),
        (feature([[[0, 0], [True, 0], [1, 1], [0, 0]]]), "geometry.coordinates[0][1]"),
        (feature([[[0, 0], [1, 0, 0, 0], [1, 1], [0, 0]]]), "geometry.coordinates[0][1]"),
        (feature([[[0, 0], [7_648_212.5, 0], [1, 1], [0, 0]]]), "geometry.coordinates[0][1]"),
        (feature([[[0, 0], [1, 10**400], [1, 1], [0, 0]]]), "geometry.coordinates[0][1]"),
        (feature([[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]), "geometry"),
    ],
)
def test_wrong_feature_is_refused_by_number_and_field(tmp_path: Path, value: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_one(tmp_path, value)
    assert refused.value.details == {"feature": 2, "field": field}
    assert refused.value.message.startswith(f"Feature 2, {field}: ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type": "Topology", "features": []}',
        '{"features": [}',
        '{"features": [1, ]}',
        '{"features": [{"type": NaN}]}',
        '{"features": []} trailing',
        '{"features": [' + "[" * 100_000,
        b'{"features": [], "name": "\xff\xfe"}',
    ],
)
def test_file_that_is_not_a_feature_collection_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(InvalidInput):
        read(tmp_path, text)


def test_file_cut_off_in_the_middle_is_refused_and_says_in_which_feature(tmp_path: Path) -> None:
    whole = json.dumps({"type": "FeatureCollection", "features": [feature(), feature()]})
    with pytest.raises(InvalidInput, match="Feature 2"):
        read(tmp_path, whole[:-40])


def test_every_bound_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"features": [feature(), feature()]})
    for bound, value in [
        ("MAX_FILE_BYTES", 100),
        ("MAX_FEATURES", 1),
        ("MAX_CORNERS", 9),
        ("MAX_CORNERS_PER_FEATURE", 4),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(geojson, bound, value)
            with pytest.raises(TooLarge):
                read(tmp_path, text)
    assert len(read(tmp_path, text)) == 2


def test_property_with_a_control_character_or_of_another_type_is_refused(tmp_path: Path) -> None:
    (found,) = read(tmp_path, json.dumps({"features": [feature(a="x\u202ey", b=[1], c=" ", d="y" * 301)]}))
    for field in ("a", "b", "d"):
        with pytest.raises(InvalidInput, match=f"Feature 1, {field}"):
            found.text(field)
    assert found.text("c") is None
    assert found.text("absent") is None
