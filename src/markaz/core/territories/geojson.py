"""Reads and checks GeoJSON boundaries (RFC 7946), one feature at a time. It knows no database and no hierarchy.

The file is untrusted: its size, its features and its corners are bounded, and whatever is wrong is said with the
number of the feature and the name of the field.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import shapely
from shapely.geometry.base import BaseGeometry

from markaz.core.errors import InvalidInput, TooLarge

MAX_FILE_BYTES = 200_000_000  # 9,008 mahallas with 400 corners each come to about 150 MB
MAX_FEATURES = 50_000
MAX_CORNERS = 10_000_000  # 160 MB as shapely holds them
MAX_CORNERS_PER_FEATURE = 500_000
MAX_TEXT = 300  # characters of a code or a name that are stored
BLANKS = " \t\n\r"


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature whose geometry has been checked. `number` counts from 1, as people do."""

    number: int
    properties: dict[str, Any]
    geometry: BaseGeometry

    def text(self, field: str) -> str | None:
        """Return a property as trimmed text, None when it is absent or empty. Raises InvalidInput for other types."""
        value = self.properties.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            self.refuse(field, "is neither a text nor a whole number")
        text = str(value).strip()
        if len(text) > MAX_TEXT:
            self.refuse(field, f"is longer than {MAX_TEXT} characters")
        if any(not character.isprintable() for character in text):
            self.refuse(field, "holds a control character")
        return text or None

    def refuse(self, field: str, why: str) -> NoReturn:
        """Raise InvalidInput that names this feature and the field."""
        refuse(self.number, field, why)


def refuse(number: int, field: str, why: str) -> NoReturn:
    """Raise InvalidInput that names the feature and the field."""
    raise InvalidInput(f"Feature {number}, {field}: {why}.", feature=number, field=field)


def read_features(path: Path) -> Iterator[Feature]:
    """Yield the features of a GeoJSON FeatureCollection in order.

    The text is held whole but taken apart one feature at a time, so memory is the file's size, not its parsed size.
    Raises TooLarge over a bound and InvalidInput for anything else that is wrong, including a file that ends early.
    """
    # Read by size, not by what the file system says: a pipe or a growing file has none.
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise TooLarge(f"The file is over {MAX_FILE_BYTES // 1_000_000} MB: split it, or simplify the boundaries.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The file is not UTF-8 (byte {error.start}).", field="file") from error
    del raw
    corners = 0
    for number, value in enumerate(_split(text), start=1):
        if number > MAX_FEATURES:
            raise TooLarge(f"The file has more than {MAX_FEATURES} features: split it.")
        feature = _feature(number, value)
        corners += int(shapely.get_num_coordinates(feature.geometry))
        if corners > MAX_CORNERS:
            raise TooLarge(f"The file has more than {MAX_CORNERS} corners: split it, or simplify the boundaries.")
        yield feature


def _split(text: str) -> Iterator[Any]:
    """Yield the parsed members of the top-level `features`, wherever it stands among the other members."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = _expect(text, 0, "{")
    found = False
    while True:
        at = _skip(text, at)
        key, at = _parse(decoder, text, at, 0)
        at = _expect(text, at, ":")
        if key == "features":
            found = True
            at = yield from _array(decoder, text, at)
        else:
            value, at = _parse(decoder, text, _skip(text, at), 0)
            if key == "type" and value != "FeatureCollection":
                raise InvalidInput("The file is not a GeoJSON FeatureCollection.", field="type")
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at += 1
            continue
        if _skip(text, _expect(text, at, "}")) != len(text):
            raise InvalidInput("There is more after the end of the GeoJSON object.", field="file")
        break
    if not found:
        raise InvalidInput("The file has no `features`: it is not a GeoJSON FeatureCollection.", field="features")


def _array(decoder: json.JSONDecoder, text: str, at: int) -> Generator[Any, None, int]:
    """Yield the members of the array at `at`; as a generator's value, return where it ends."""
    at = _skip(text, _expect(text, at, "["))
    if text[at : at + 1] == "]":
        return at + 1
    number = 0
    while True:
        number += 1
        value, at = _parse(decoder, text, _skip(text, at), number)
        yield value
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            return _expect(text, at, "]")
        at += 1


def _parse(decoder: json.JSONDecoder, text: str, at: int, number: int) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        where = error.pos if isinstance(error, json.JSONDecodeError) else at
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        place = f"Feature {number}: " if number else ""
        raise InvalidInput(
            f"{place}the file is not JSON at character {where}: {what}.", field="file", feature=number or None
        ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return at


def _expect(text: str, at: int, sign: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != sign:
        found = repr(text[at : at + 1]) if at < len(text) else "the end of the file"
        raise InvalidInput(f"The file is not GeoJSON at character {at}: {sign!r} is due, not {found}.", field="file")
    return at + 1


def _feature(number: int, value: Any) -> Feature:
    if not isinstance(value, dict) or value.get("type") != "Feature":
        refuse(number, "type", "is not a Feature")
    properties = value.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        refuse(number, "properties", "is not an object")
    return Feature(number, properties, _geometry(number, value.get("geometry")))


def _geometry(number: int, value: Any) -> BaseGeometry:
    if not isinstance(value, dict):
        refuse(number, "geometry", "is missing")
    kind, coordinates = value.get("type"), value.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        refuse(number, "geometry.type", f"is {str(kind)[:40]!r}; only Polygon and MultiPolygon bound a territory")
    polygons = coordinates if kind == "MultiPolygon" else [coordinates]
    if not isinstance(polygons, list) or not polygons:
        refuse(number, "geometry.coordinates", "holds no polygon")
    left = MAX_CORNERS_PER_FEATURE
    shapes = []
    for part, rings in enumerate(polygons):
        field = f"geometry.coordinates[{part}]" if kind == "MultiPolygon" else "geometry.coordinates"
        if not isinstance(rings, list) or not rings:
            refuse(number, field, "holds no ring")
        checked = []
        for index, ring in enumerate(rings):
            checked.append(_ring(number, f"{field}[{index}]", ring, left))
            left -= len(checked[-1])
        shapes.append(shapely.Polygon(checked[0], checked[1:]))
    geometry: BaseGeometry = shapely.MultiPolygon(shapes) if kind == "MultiPolygon" else shapes[0]
    if not geometry.is_valid:
        refuse(number, "geometry", f"is not a valid area ({shapely.is_valid_reason(geometry)})")
    return geometry


def _ring(number: int, field: str, ring: Any, left: int) -> list[tuple[float, float]]:
    if not isinstance(ring, list) or len(ring) < 4:
        refuse(number, field, "is a ring of fewer than four positions")
    if len(ring) > left:
        raise TooLarge(f"Feature {number} has more than {MAX_CORNERS_PER_FEATURE} corners: simplify it.")
    checked = [_position(number, field, index, position) for index, position in enumerate(ring)]
    if checked[0] != checked[-1]:
        refuse(number, field, "is a ring that does not end where it began")
    return checked


def _position(number: int, ring: str, index: int, position: Any) -> tuple[float, float]:
    """Return (longitude, latitude) in degrees; a third number, the height, is left out."""
    if not isinstance(position, list) or not 2 <= len(position) <= 3:
        refuse(number, f"{ring}[{index}]", "is not a position of two or three numbers")
    lon, lat = position[0], position[1]
    for value, word, limit in ((lon, "longitude", 180), (lat, "latitude", 90)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            refuse(number, f"{ring}[{index}]", f"has a {word} that is not a number")
        if not -limit <= value <= limit:
            stated = f"{value:.10g}" if isinstance(value, float) else str(value)[:20]
            why = f"has {word} {stated}, which is not between -{limit} and {limit}: is the file in WGS 84?"
            refuse(number, f"{ring}[{index}]", why)
    return float(lon), float(lat)
