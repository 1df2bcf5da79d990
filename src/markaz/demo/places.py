"""Synthetic streets and landmarks, as plain data for a later place search: HOME/demo/places.geojson.

Pure but for the one file. A street follows the ways between neighbouring middles, so it lies on the land.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson

from markaz.core.territories import TerritoryTree
from markaz.demo import names
from markaz.demo.calls import seeded
from markaz.demo.ground import Ground
from markaz.demo.plan import Plan
from markaz.kit.geometry import Point

PLACES_FILE = Path("demo") / "places.geojson"
STREETS_PER_DISTRICT = 4
CORNERS_PER_STREET = 5
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
    """Write the places of a plan as GeoJSON and return the file."""
    places = make_places(plan.tree, plan.ground, plan.seed)
    features = [
        _feature("LineString", [_pair(point) for point in street.line], "street", street.names, street.district_id)
        for street in places.streets
    ] + [_feature("Point", _pair(mark.point), mark.kind, mark.names, mark.district_id) for mark in places.landmarks]
    path = home / PLACES_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}))
    return path


def _feature(kind: str, coordinates: Any, what: str, called: names.Names, district_id: int) -> dict[str, Any]:
    properties = {"kind": what, "names": dict(called), "district_id": district_id}
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def _pair(point: Point) -> list[float]:
    return [round(point.lon_deg, 6), round(point.lat_deg, 6)]
