"""The ground on which synthetic calls happen and units move: neighbourhoods, points in them, and ways between them.

A way runs through the middle of the borders it crosses. The demo's neighbourhoods are convex, so a way never leaves
the land. Pure; it knows no database and no clock.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from random import Random

import numpy as np
import shapely

from markaz.core.territories import Level, TerritoryTree
from markaz.kit.geometry import Point, distance_m

SEARCH_LIMIT = 3_000  # neighbourhoods looked at for one way; a district has about 45
INWARDS = 0.1  # points keep this share of the way to the middle, so that rounding cannot put them over a border
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Place:
    """A point and the number of the neighbourhood it lies in."""

    cell: int
    point: Point


class Ground:
    """The neighbourhoods of one territory tree, numbered by territory id.

    Raises ValueError when the tree has no neighbourhood with a boundary.
    """

    def __init__(self, tree: TerritoryTree) -> None:
        self._tree = tree
        shapes = [(t.id, tree.geometry(t.id)) for t in tree if t.level is Level.NEIGHBOURHOOD]
        cells = [(id_, shape) for id_, shape in shapes if shape is not None]
        if not cells:
            raise ValueError("there is no neighbourhood with a boundary")
        self.territory_ids = tuple(id_ for id_, _ in cells)
        self.district_ids = tuple(tree.path(id_)[-2] for id_ in self.territory_ids)
        self._cell_of = {id_: cell for cell, id_ in enumerate(self.territory_ids)}
        self._shapes = [shape for _, shape in cells]
        self._corners = [shapely.get_coordinates(shape)[:-1] for shape in self._shapes]
        middles = shapely.get_coordinates(shapely.centroid(self._shapes))
        self.middles = tuple(Point(float(lon), float(lat)) for lon, lat in middles)
        self._borders = _borders(self._shapes)

    def __len__(self) -> int:
        return len(self.territory_ids)

    def cells_in(self, territory_id: int) -> tuple[int, ...]:
        """Return the neighbourhoods of a territory, by number."""
        inside = self._tree.subtree(territory_id)
        return tuple(sorted(self._cell_of[id_] for id_ in inside if id_ in self._cell_of))

    def locate(self, point: Point) -> Place | None:
        """Return the point with its neighbourhood, or None outside all."""
        id_ = self._tree.locate(point)
        return Place(self._cell_of[id_], point) if id_ in self._cell_of else None

    def point_in(self, cell: int, random: Random) -> Place:
        """Return a random point of a neighbourhood."""
        corners = self._corners[cell]
        weights = [-log(1.0 - random.random()) for _ in corners]
        total = sum(weights)
        middle = self.middles[cell]
        lon, lat = (sum(w * float(c[axis]) for w, c in zip(weights, corners, strict=True)) / total for axis in (0, 1))
        lon += (middle.lon_deg - lon) * INWARDS
        lat += (middle.lat_deg - lat) * INWARDS
        return Place(cell, Point(round(lon, DECIMALS), round(lat, DECIMALS)))

    def neighbours(self, cell: int) -> Sequence[int]:
        """Return the neighbourhoods that share a border with this one."""
        return tuple(self._borders[cell])

    def way(self, start: Place, goal: Place) -> tuple[Place, ...] | None:
        """Return the corners of a short way, without the start and with the goal; None when none is found.

        Each corner carries the neighbourhood that is entered there.
        """
        came: dict[int, int] = {start.cell: start.cell}
        at: dict[int, Point] = {start.cell: start.point}
        spent = {start.cell: 0.0}
        queue = [(distance_m(start.point, goal.point), start.cell)]
        done: set[int] = set()
        while queue and len(done) < SEARCH_LIMIT:
            _, cell = heapq.heappop(queue)
            if cell == goal.cell:
                return (*_steps(came, at, start.cell, goal.cell), goal)
            if cell in done:
                continue
            done.add(cell)
            for other, border in self._borders[cell].items():
                cost = spent[cell] + distance_m(at[cell], border)
                if other not in done and cost < spent.get(other, float("inf")):
                    came[other], at[other], spent[other] = cell, border, cost
                    heapq.heappush(queue, (cost + distance_m(border, goal.point), other))
        return None


def _steps(came: Mapping[int, int], at: Mapping[int, Point], start: int, goal: int) -> list[Place]:
    steps = []
    cell = goal
    while cell != start:
        steps.append(Place(cell, at[cell]))
        cell = came[cell]
    return steps[::-1]


def _borders(shapes: Sequence[shapely.Geometry]) -> list[dict[int, Point]]:
    """Return, for each shape, the middle of its border with each neighbour, neighbours in rising order."""
    tree = shapely.STRtree(shapes)
    first, second = tree.query(shapes, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    every = np.array(shapes, dtype=object)
    shared = shapely.line_merge(shapely.intersection(every[first], every[second]))
    found: list[dict[int, Point]] = [{} for _ in shapes]
    lines = shapely.get_type_id(shared) == shapely.GeometryType.LINESTRING
    middles = shapely.get_coordinates(shapely.line_interpolate_point(shared[lines], 0.5, normalized=True))
    for a, b, (lon, lat) in zip(first[lines], second[lines], middles, strict=True):
        found[int(a)][int(b)] = found[int(b)][int(a)] = Point(float(lon), float(lat))
    return [dict(sorted(borders.items())) for borders in found]
