"""Territories as the ground of a warning: names, codes and outlines a stranger's system can draw.

It reads the tree of territories and knows no rule of a warning but one: whose ground it is.
"""

from collections.abc import Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from markaz.core.errors import InvalidInput
from markaz.core.territories import TerritoryTree
from markaz.kit.geometry import Point
from markaz.programmes.alerts.domain import Draft, Ground, polygon_text

OUTLINE_POINTS_MAX = 120  # a telephone network asks for few; the areas are named by code and name as well
OUTLINE_PARTS_MAX = 5
_FIRST_TOLERANCE_DEG = 0.0005  # about 50 m


def check_ground(draft: Draft, territory_id: int, tree: TerritoryTree) -> None:
    """Raise InvalidInput unless everything the draft names lies in that territory (of a circle: its centre)."""
    for id_ in draft.territory_ids:
        if not tree.is_within(id_, territory_id):
            raise InvalidInput("This territory is not in the territory of the warning.", field="territory_ids")
    if draft.circle is not None:
        _check_point(draft.circle.centre, territory_id, tree, "circle")
    for corner in draft.polygon:
        _check_point(corner, territory_id, tree, "polygon")


def _check_point(point: Point, territory_id: int, tree: TerritoryTree, field: str) -> None:
    if territory_id == tree.root_id:
        return
    found = tree.locate(point)
    if found is None or not tree.is_within(found, territory_id):
        raise InvalidInput("This point is not in the territory of the warning.", field=field)


def grounds_of(territory_ids: Sequence[int], tree: TerritoryTree) -> tuple[Ground, ...]:
    """Return the territories as a message names them, in their order."""
    return tuple(Ground(tree.get(id_).code, tree.get(id_).names, outline(tree.geometry(id_))) for id_ in territory_ids)


def outline(geometry: BaseGeometry | None) -> tuple[str, ...]:
    """Return the outer rings of a boundary, simplified to what CAP receivers can take; holes are left out."""
    if geometry is None:
        return ()
    parts = sorted(shapely.get_parts(geometry), key=lambda part: -part.area)[:OUTLINE_PARTS_MAX]
    return tuple(_ring(part) for part in parts if part.geom_type == "Polygon")


def _ring(polygon: BaseGeometry) -> str:
    ring, tolerance_deg = shapely.get_exterior_ring(polygon), _FIRST_TOLERANCE_DEG
    simple = ring
    while shapely.get_num_coordinates(simple) > OUTLINE_POINTS_MAX:
        simple = shapely.simplify(ring, tolerance_deg, preserve_topology=True)
        tolerance_deg *= 2
    return polygon_text([Point(float(lon), float(lat)) for lon, lat in shapely.get_coordinates(simple)])
