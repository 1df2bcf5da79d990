"""The hierarchy of territories on one day, in memory: who lies in whom, and which territory holds a point.

Immutable: a change of territories is a new tree. It reads no database (see store.load_tree) and knows no permission.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from markaz.core.errors import NotFound
from markaz.core.territories.model import Box, Level, Territory
from markaz.kit.geometry import Point
from markaz.kit.ids import TerritoryId


class TerritoryTree:
    """All versions of all territories, seen from the day `at`.

    A record keeps the id of the version it was made under. Every question here is answered through the version of
    the same code that stands on `at` (`current`), so old records and old grants go on meaning the same place.
    Unknown ids are in nothing and hold nothing: a permission asked about one is refused.

    Raises ValueError when a parent is missing or the hierarchy runs in a circle.
    """

    __slots__ = (
        "_at",
        "_by_code",
        "_children",
        "_current",
        "_depths",
        "_geometries",
        "_index",
        "_located",
        "_paths",
        "_subtrees",
        "_versions",
    )

    def __init__(
        self, territories: Iterable[Territory], boundaries: Mapping[TerritoryId, BaseGeometry], at: date
    ) -> None:
        self._at = at
        self._versions = {territory.id: territory for territory in territories}
        self._current = _current_versions(self._versions.values(), at)
        self._paths = {id_: self._climb(id_) for id_ in set(self._current.values())}
        self._children: dict[TerritoryId, tuple[TerritoryId, ...]] = {}
        self._subtrees: dict[TerritoryId, frozenset[TerritoryId]] = {}
        self._link()
        self._by_code = {territory.code: territory.id for territory in self}
        self._geometries: dict[TerritoryId, BaseGeometry] = {
            id_: boundaries[id_]
            for id_ in sorted(self._paths)
            if id_ in boundaries and self._versions[id_].is_valid(at)
        }
        # Deepest first, enclaves before what surrounds them, then lowest id: the first polygon that holds a point is
        # the answer.
        enclaves = _enclaves(self._geometries, self._versions)
        self._located = sorted(
            self._geometries,
            key=lambda id_: (-self._versions[id_].level.depth, enclaves.get(id_, float("inf")), id_),
        )
        ordered = [self._geometries[id_] for id_ in self._located]
        self._depths = np.array([self._versions[id_].level.depth for id_ in self._located])
        shapely.prepare(ordered)
        self._index = shapely.STRtree(ordered)

    @property
    def at(self) -> date:
        """Return the day this tree shows."""
        return self._at

    @property
    def root_id(self) -> TerritoryId | None:
        """Return the territory that has no parent (the lowest id, if several), or None in an empty tree."""
        return min((path[0] for path in self._paths.values()), default=None)

    def __len__(self) -> int:
        """Return how many territories stand on the day of the tree."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Territory]:
        """Yield the territories that stand on the day of the tree, by id."""
        for id_ in sorted(self._paths):
            if self._versions[id_].is_valid(self._at):
                yield self._versions[id_]

    def get(self, territory_id: int) -> Territory:
        """Return that very version. Raises NotFound when there is none."""
        try:
            return self._versions[TerritoryId(territory_id)]
        except KeyError:
            raise NotFound(f"There is no territory {territory_id}.") from None

    def current(self, territory_id: int) -> TerritoryId | None:
        """Return the version of the same code that stands now, the last one if it was abolished, None if unknown."""
        return self._current.get(TerritoryId(territory_id))

    def locate(self, point: Point, *, above: Level | None = None) -> TerritoryId | None:
        """Return the territory of the deepest level whose polygon holds the point, edges included; None outside all.

        On a shared edge or corner the lowest id wins, so the answer is the same on every machine. Where one territory
        lies wholly inside another of its level (a town whose district was drawn without a hole) the inner one wins.
        With `above`, only levels shallower than that one are asked.
        """
        x, y = point.lon_deg, point.lat_deg
        boxes = self._index.query(shapely.Point(x, y))
        if boxes.size == 0:
            return None
        hits = boxes[shapely.intersects_xy(self._index.geometries[boxes], x, y)]
        if above is not None:
            hits = hits[self._depths[hits] < above.depth]
        return self._located[int(np.min(hits))] if hits.size else None

    def locate_all(self, points: Sequence[Point]) -> list[TerritoryId | None]:
        """Return what `locate` returns for each point, for thousands at once."""
        if not points:
            return []
        best = np.full(len(points), len(self._located))
        shapes = shapely.points([(point.lon_deg, point.lat_deg) for point in points])
        which, where = self._index.query(shapes, predicate="intersects")
        np.minimum.at(best, which, where)
        return [self._located[at] if at < len(self._located) else None for at in best.tolist()]

    def path(self, territory_id: int) -> tuple[TerritoryId, ...]:
        """Return the current ids from the root down to the territory itself. Raises NotFound for an unknown id."""
        current = self.current(territory_id)
        if current is None:
            raise NotFound(f"There is no territory {territory_id}.")
        return self._paths[current]

    def subtree(self, territory_id: int) -> frozenset[TerritoryId]:
        """Return the territory and everything in it, old versions included: what `territory_id = ANY(...)` must list.

        Empty for an unknown id.
        """
        current = self.current(territory_id)
        return self._subtrees[current] if current is not None else frozenset()

    def is_within(self, territory_id: int, ancestor_id: int) -> bool:
        """Return whether the territory is `ancestor_id` or lies in it; False when either is unknown."""
        current, ancestor = self.current(territory_id), self.current(ancestor_id)
        return current is not None and ancestor is not None and ancestor in self._paths[current]

    def parent(self, territory_id: int) -> TerritoryId | None:
        """Return the territory directly around it as it stands now; None for the root and for an unknown id."""
        current = self.current(territory_id)
        path = self._paths[current] if current is not None else ()
        return path[-2] if len(path) > 1 else None

    def find(self, code: str) -> TerritoryId | None:
        """Return the territory with this code that stands on the day of the tree, or None."""
        return self._by_code.get(code)

    def children(self, territory_id: int) -> tuple[TerritoryId, ...]:
        """Return the territories directly inside that stand now, by id; empty for an unknown id."""
        current = self.current(territory_id)
        return self._children.get(current, ()) if current is not None else ()

    def geometry(self, territory_id: int) -> BaseGeometry | None:
        """Return the boundary as stored (treat it as read-only), or None when the territory was imported without."""
        current = self.current(territory_id)
        return self._geometries.get(current) if current is not None else None

    def bbox(self, territory_id: int) -> Box | None:
        """Return west, south, east, north in degrees; from the parts inside when it has no boundary itself."""
        geometry = self.geometry(territory_id)
        if geometry is not None:
            west, south, east, north = (float(edge) for edge in geometry.bounds)
            return west, south, east, north
        boxes = [box for child in self.children(territory_id) if (box := self.bbox(child)) is not None]
        if not boxes:
            return None
        return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)

    def _climb(self, id_: TerritoryId) -> tuple[TerritoryId, ...]:
        path = [id_]
        while (parent_id := self._versions[path[-1]].parent_id) is not None:
            parent = self._current.get(parent_id)
            if parent is None:
                raise ValueError(f"territory {path[-1]} has a parent {parent_id} that is not there")
            if parent in path:
                raise ValueError(f"territory {id_} lies inside itself")
            path.append(parent)
        return tuple(reversed(path))

    def _link(self) -> None:
        """Fill children and subtrees from the paths."""
        versions: dict[TerritoryId, list[TerritoryId]] = {}
        for id_, current in self._current.items():
            versions.setdefault(current, []).append(id_)
        children: dict[TerritoryId, list[TerritoryId]] = {}
        inside: dict[TerritoryId, set[TerritoryId]] = {id_: set() for id_ in self._paths}
        for id_, path in self._paths.items():
            for ancestor in path:
                inside[ancestor].update(versions[id_])
            if len(path) > 1 and self._versions[id_].is_valid(self._at):
                children.setdefault(path[-2], []).append(id_)
        self._children = {id_: tuple(sorted(below)) for id_, below in children.items()}
        # Kept, not made at each question: every command asks for one of them.
        self._subtrees = {id_: frozenset(below) for id_, below in inside.items()}


def _enclaves(
    geometries: Mapping[TerritoryId, BaseGeometry], versions: Mapping[TerritoryId, Territory]
) -> dict[TerritoryId, float]:
    """Return the area of each territory that lies wholly inside another of the same level."""
    ids = list(geometries)
    shapes = np.array([geometries[id_] for id_ in ids], dtype=object)
    depths = np.array([versions[id_].level.depth for id_ in ids])
    inner, outer = shapely.STRtree(shapes).query(shapes)
    boxes = shapely.bounds(shapes).reshape(-1, 4)
    # Boxes first: comparing the shapes themselves is what costs.
    may = (
        (inner != outer)
        & (depths[inner] == depths[outer])
        & (boxes[inner, :2] >= boxes[outer, :2]).all(axis=1)
        & (boxes[inner, 2:] <= boxes[outer, 2:]).all(axis=1)
    )
    inner, outer = inner[may], outer[may]
    inside = shapely.covered_by(shapes[inner], shapes[outer])
    return {ids[i]: float(shapes[i].area) for i in inner[inside]}


def _current_versions(territories: Iterable[Territory], at: date) -> dict[TerritoryId, TerritoryId]:
    """Map every version to the one of its code that stands on `at`, else to the latest one."""
    best: dict[str, Territory] = {}
    everything = list(territories)
    for territory in everything:
        rival = best.get(territory.code)
        if rival is None or (territory.is_valid(at), territory.valid_from) > (rival.is_valid(at), rival.valid_from):
            best[territory.code] = territory
    return {territory.id: best[territory.code].id for territory in everything}
