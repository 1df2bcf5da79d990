"""Serves the boundaries of a territory's children as GeoJSON, simplified for drawing and bounded in size.

The simplified lines of neighbours need not meet exactly; deciding where a point lies is TerritoryTree.locate.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from markaz.core.territories.model import Box
from markaz.core.territories.tree import TerritoryTree
from markaz.kit.ids import TerritoryId

MAX_BODY_BYTES = 1_000_000  # a country's regions on a slow line within a few seconds
DETAIL = 4_000  # a wall display is about 4,000 pixels wide: what is finer cannot be seen
DECIMALS = 5  # about one metre
PAGES_KEPT = 64
COARSEST = 12  # doublings; a region is then drawn with its largest bends only


@dataclass(frozen=True, slots=True)
class BoundaryPage:
    """A GeoJSON FeatureCollection as bytes, and a strong ETag (quotes included) that changes with it."""

    body: bytes
    etag: str


class BoundaryPages:
    """The pages of one tree, made when first asked for; the last 64 are kept. A new tree needs a new one."""

    def __init__(self, tree: TerritoryTree) -> None:
        self._tree = tree
        self.page = lru_cache(maxsize=PAGES_KEPT)(self._page)

    def _page(self, territory_id: int) -> BoundaryPage:
        """Return the boundaries of the children of a territory. Raises NotFound for an unknown id.

        Each feature has properties id, code and level. A child without a boundary is left out. The body stays below
        MAX_BODY_BYTES as long as there are fewer than about 5,000 children.
        """
        self._tree.get(territory_id)
        shapes = {
            id_: shape for id_ in self._tree.children(territory_id) if (shape := self._tree.geometry(id_)) is not None
        }
        tolerance = _extent(self._tree.bbox(territory_id)) / DETAIL
        body = self._body(shapes, tolerance)
        for _ in range(COARSEST):
            if len(body) <= MAX_BODY_BYTES:
                break
            tolerance *= 2
            body = self._body(shapes, tolerance)
        return BoundaryPage(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')

    def _body(self, shapes: dict[TerritoryId, BaseGeometry], tolerance: float) -> bytes:
        features = []
        for id_, shape in shapes.items():
            territory = self._tree.get(id_)
            drawn = shapely.transform(shapely.simplify(shape, tolerance), _rounded)
            features.append(
                {
                    "type": "Feature",
                    "id": id_,
                    "properties": {"id": id_, "code": territory.code, "level": territory.level.value},
                    "geometry": orjson.Fragment(shapely.to_geojson(drawn)),
                }
            )
        return orjson.dumps({"type": "FeatureCollection", "features": features})


def _rounded(corners: "np.typing.NDArray[np.float64]") -> "np.typing.NDArray[np.float64]":
    return np.round(corners, DECIMALS)


def _extent(box: Box | None) -> float:
    return max(box[2] - box[0], box[3] - box[1]) if box is not None else 0.0
