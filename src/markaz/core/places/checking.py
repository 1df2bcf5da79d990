"""Makes a place of a row of a gazetteer, or says what is wrong with it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import shapely

from markaz.core.errors import InvalidInput
from markaz.core.places.fold import tokens
from markaz.core.places.model import NewPlace, PlaceKind
from markaz.core.places.reading import Broken, RawRow
from markaz.core.refusals.guard import Kind, load_lists, refused_by
from markaz.kit.geometry import Point

MAX_KEY = 200  # characters
MAX_NAME = 200
MAX_HOUSE = 20
MAX_ALIASES = 20
MAX_CORNERS = 100_000

# The fields of a place and the columns (CSV) or properties (GeoJSON) in which they stand; the first filled one counts.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "id"),
    "kind": ("kind",),
    "name_uz": ("name_uz", "name_uz_latn"),
    "name_uz_cyrl": ("name_uz_cyrl",),
    "name_ru": ("name_ru",),
    "name_en": ("name_en", "name"),
    "aliases": ("aliases",),
    "house": ("house",),
    "lon": ("lon",),
    "lat": ("lat",),
}
NAME_FIELDS = {"name_uz": "uz-Latn", "name_uz_cyrl": "uz-Cyrl", "name_ru": "ru", "name_en": "en"}


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file: `columns` says where a field stands instead of the usual, `kind` is that of rows without."""

    columns: Mapping[str, str] = field(default_factory=dict)
    kind: PlaceKind | None = None

    def __post_init__(self) -> None:
        if unknown := set(self.columns) - set(COLUMNS):
            raise InvalidInput(
                f"A place has no {', '.join(sorted(unknown))}; it has {', '.join(COLUMNS)}.", field="column"
            )
        for column in self.columns.values():
            refusal = refused_by(Kind.IMPORT, column, load_lists())
            if refusal is not None:
                raise InvalidInput(f"The column {column[:80]!r} is not read. {refusal.says}", field="column")

    def read(self) -> frozenset[str]:
        """Return every column or property that is read; the rest of a file is dropped."""
        usual = (COLUMNS[name] for name in COLUMNS if name not in self.columns)
        return frozenset(self.columns.values()).union(*usual)


class _WrongError(Exception):
    """A field that cannot be taken."""

    def __init__(self, field_: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field_, reason


def place_of(row: RawRow, reading: Reading) -> NewPlace | Broken:
    """Return the place of a row, or what is wrong with it. Nothing is guessed."""
    try:
        key = _text(row, reading, "key", MAX_KEY)
        if not key:
            raise _WrongError("key", "is missing: it is what the source knows the place by")
        names = {language: name for column, language in NAME_FIELDS.items() if (name := _name(row, reading, column))}
        if not names:
            raise _WrongError("name", "is missing in every language")
        house = _text(row, reading, "house", MAX_HOUSE) or None
        kind = _kind(row, reading, house)
        return NewPlace(key, kind, names, _point(row, reading), house, _aliases(row, reading))
    except _WrongError as wrong:
        return Broken(row.number, wrong.field, wrong.reason)


def _value(row: RawRow, reading: Reading, column: str) -> Any:
    named = reading.columns.get(column)
    for place in (named,) if named else COLUMNS[column]:
        value = row.values.get(place)
        if value is not None and value != "":
            return value
    return None


def _text(row: RawRow, reading: Reading, column: str, most: int) -> str:
    return _clean(column, _value(row, reading, column), most)


def _clean(column: str, value: Any, most: int) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _WrongError(column, "is neither a text nor a whole number")
    text = " ".join(str(value).split())
    if len(text) > most:
        raise _WrongError(column, f"is longer than {most} characters")
    if not text.isprintable():
        raise _WrongError(column, "holds a control character")
    return text


def _name(row: RawRow, reading: Reading, column: str) -> str:
    name = _text(row, reading, column, MAX_NAME)
    if name and not tokens(name):
        raise _WrongError(column, "holds no letter and no digit that can be searched for")
    return name


def _kind(row: RawRow, reading: Reading, house: str | None) -> PlaceKind:
    word = _text(row, reading, "kind", 40)
    if not word and reading.kind is None:
        raise _WrongError("kind", "is missing")
    try:
        kind = PlaceKind(word) if word else reading.kind
    except ValueError:
        raise _WrongError("kind", f"is {word!a}, not one of {', '.join(PlaceKind)}") from None
    assert kind is not None
    if (kind is PlaceKind.HOUSE) != (house is not None):
        raise _WrongError("house", "is missing" if house is None else f"is given, but this is a {kind}")
    return kind


def _aliases(row: RawRow, reading: Reading) -> tuple[str, ...]:
    value = _value(row, reading, "aliases")
    parts = value if isinstance(value, list) else str(value).split(";") if value is not None else []
    aliases = dict.fromkeys(text for part in parts if (text := _clean("aliases", part, MAX_NAME)))
    if len(aliases) > MAX_ALIASES:
        raise _WrongError("aliases", f"are more than {MAX_ALIASES}")
    return tuple(aliases)


def _point(row: RawRow, reading: Reading) -> Point:
    if row.geometry is not None:
        return _middle(row.geometry)
    lon, lat = (_degrees(row, reading, column) for column in ("lon", "lat"))
    return _on_globe(lon, lat)


def _degrees(row: RawRow, reading: Reading, column: str) -> float:
    value = _value(row, reading, column)
    if value is None:
        raise _WrongError(column, "is missing")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _WrongError(column, "is not a number with a decimal point") from None


def _on_globe(lon: float, lat: float) -> Point:
    try:
        point = Point(lon, lat)
    except ValueError as error:
        raise _WrongError("lon" if "longitude" in str(error) else "lat", f"{error}: is the file in WGS 84?") from None
    if point == Point(0, 0):
        raise _WrongError("lon", "and lat are 0: that is how files write that they do not know")
    return point


def _middle(geometry: Any) -> Point:
    """Return the point itself, the middle of the longest line, or a point that is surely inside an area."""
    kind: Any = geometry.get("type") if isinstance(geometry, dict) else None
    coordinates: Any = geometry.get("coordinates") if isinstance(geometry, dict) else None
    try:
        match kind:
            case "Point":
                shape = shapely.Point(_numbers([coordinates])[0])
            case "LineString" | "MultiLineString":
                lines = [coordinates] if kind == "LineString" else list(coordinates)
                longest = max((shapely.LineString(_numbers(line)) for line in lines), key=lambda line: line.length)
                shape = shapely.line_interpolate_point(longest, 0.5, normalized=True)
            case "Polygon" | "MultiPolygon":
                areas = [coordinates] if kind == "Polygon" else list(coordinates)
                largest = max((shapely.Polygon(_numbers(area[0])) for area in areas), key=lambda area: area.area)
                shape = shapely.point_on_surface(largest)
            case _:
                _refuse_geometry(f"is {str(kind)[:40]!a}, which has no middle")
        return _on_globe(float(shape.x), float(shape.y))
    except (TypeError, ValueError, LookupError, shapely.errors.GEOSException):
        _refuse_geometry("has coordinates that are no positions")


def _numbers(positions: Any) -> list[tuple[float, float]]:
    if not isinstance(positions, list) or len(positions) > MAX_CORNERS:
        _refuse_geometry(f"has no list of positions, or more than {MAX_CORNERS:,}")
    return [(float(position[0]), float(position[1])) for position in positions]


def _refuse_geometry(reason: str) -> NoReturn:
    raise _WrongError("geometry", reason)
