"""The synthetic gazetteer of the demo: streets, houses, crossings, landmarks and neighbourhoods, all marked as demo.

It is written as HOME/demo/places.geojson and imported from there, as an operator's own file would be. A street follows the ways between neighbouring middles, so it lies on the land.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import orjson

from markaz.core.db.pool import Connection
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.places.checking import NAME_FIELDS, Reading
from markaz.core.places.importing import import_places
from markaz.core.places.model import PlaceKind
from markaz.core.places.reading import read_rows
from markaz.core.territories import TerritoryTree
from markaz.demo import names
from markaz.demo.calls import seeded
from markaz.demo.ground import Ground
from markaz.demo.plan import Plan
from markaz.kit.geometry import Point

PLACES_FILE = Path("demo") / "places.geojson"
STREETS_PER_DISTRICT = 4
CORNERS_PER_STREET = 5
HOUSES_PER_STREET = 12
SOURCE = "demo"
LANDMARKS = ("market", "hospital", "park", "station")


@dataclass(frozen=True, slots=True)
class Street:
    """A named line within a district."""

    names: names.Names
    district_id: int
    line: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Landmark:
    """A named point. `kind` is one of LANDMARKS."""

    kind: str
    names: names.Names
    district_id: int
    point: Point


@dataclass(frozen=True, slots=True)
class Places:
    """What can be found by name."""

    streets: tuple[Street, ...]
    landmarks: tuple[Landmark, ...]


def make_places(tree: TerritoryTree, ground: Ground, seed: int) -> Places:
    """Return four streets and four landmarks for each district that has neighbourhoods, the same at every call."""
    random = seeded("places", seed)
    streets: list[Street] = []
    landmarks: list[Landmark] = []
    for district_id in sorted(set(ground.district_ids)):
        cells = ground.cells_in(district_id)
        stems = names.stems(random)
        for _ in range(STREETS_PER_DISTRICT):
            line = tuple(_walk(ground, random.choice(cells), random))
            if len(line) > 1:
                streets.append(Street(names.named("street", *next(stems)), district_id, line))
        for kind in LANDMARKS:
            point = ground.point_in(random.choice(cells), random).point
            landmarks.append(Landmark(kind, names.named(kind, *next(stems)), district_id, point))
    return Places(tuple(streets), tuple(landmarks))


def _walk(ground: Ground, cell: int, random: Random) -> Iterator[Point]:
    """Yield the middles of neighbourhoods of one district, each beside the one before, none twice."""
    seen = {cell}
    for _ in range(CORNERS_PER_STREET):
        yield ground.middles[cell]
        onwards = [
            other
            for other in ground.neighbours(cell)
            if other not in seen and ground.district_ids[other] == ground.district_ids[cell]
        ]
        if not onwards:
            return
        cell = random.choice(onwards)
        seen.add(cell)


def write_places(home: Path, plan: Plan) -> Path:
    """Write the gazetteer of a plan as GeoJSON and return the file."""
    places = make_places(plan.tree, plan.ground, plan.seed)
    features = [feature for number, street in enumerate(places.streets) for feature in _street(number, street)]
    features += _crossings(places.streets)
    features += [
        _feature(f"landmark-{number}", PlaceKind.LANDMARK, mark.names, _point(mark.point))
        for number, mark in enumerate(places.landmarks)
    ]
    features += [
        _feature(f"neighbourhood-{id_}", PlaceKind.NEIGHBOURHOOD, plan.tree.get(id_).names, _point(middle))
        for id_, middle in zip(plan.ground.territory_ids, plan.ground.middles, strict=True)
    ]
    path = home / PLACES_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}))
    return path


async def import_gazetteer(connection: Connection, path: Path, at: datetime) -> None:
    """Import the written file, unless the demo's places are there already."""
    if await connection.fetchval("SELECT EXISTS (SELECT 1 FROM places WHERE source = $1)", SOURCE):
        return
    await import_places(connection, read_rows(path), SOURCE, Reading(), actor_id=SYSTEM_ACTOR_ID, at=at)


def _street(number: int, street: Street) -> Iterator[dict[str, Any]]:
    """Yield a street and its houses, odd numbers and even ones in turn along it."""
    line = {"type": "LineString", "coordinates": [_pair(point) for point in street.line]}
    yield _feature(f"street-{number}", PlaceKind.STREET, street.names, line)
    for house in range(1, HOUSES_PER_STREET + 1):
        at = _along(street.line, house / (HOUSES_PER_STREET + 1))
        key = f"street-{number}-house-{house}"
        yield _feature(key, PlaceKind.HOUSE, street.names, _point(at), house=str(house))


def _along(line: tuple[Point, ...], share: float) -> Point:
    position = share * (len(line) - 1)
    first = min(int(position), len(line) - 2)
    a, b, rest = line[first], line[first + 1], position - first
    return Point(a.lon_deg + (b.lon_deg - a.lon_deg) * rest, a.lat_deg + (b.lat_deg - a.lat_deg) * rest)


def _crossings(streets: tuple[Street, ...]) -> list[dict[str, Any]]:
    """Return a crossing wherever two streets have a corner in common, once for each pair."""
    at: dict[Point, list[int]] = {}
    for number, street in enumerate(streets):
        for point in street.line:
            at.setdefault(point, []).append(number)
    found: dict[tuple[int, int], Point] = {}
    for point, numbers in at.items():
        for pair in combinations(numbers, 2):
            found.setdefault(pair, point)
    return [
        _feature(f"crossing-{a}-{b}", PlaceKind.CROSSING, _both(streets[a].names, streets[b].names), _point(point))
        for (a, b), point in found.items()
    ]


def _both(a: names.Names, b: names.Names) -> names.Names:
    return {language: f"{a[language]} / {b[language]}" for language in a}


def _feature(
    key: str, kind: PlaceKind, called: names.Names, geometry: dict[str, Any], *, house: str | None = None
) -> dict[str, Any]:
    stated = {column: called[language] for column, language in NAME_FIELDS.items() if language in called}
    properties = {"key": key, "kind": kind.value, **stated} | ({"house": house} if house is not None else {})
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _point(point: Point) -> dict[str, Any]:
    return {"type": "Point", "coordinates": _pair(point)}


def _pair(point: Point) -> list[float]:
    return [round(point.lon_deg, 6), round(point.lat_deg, 6)]
