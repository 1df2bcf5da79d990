"""Boundary pages: children only, bounded, and an ETag that changes with the content."""

from datetime import date

import numpy as np
import orjson
import pytest
import shapely

from markaz.core.errors import NotFound
from markaz.core.territories import BoundaryPages, Level, Territory, TerritoryTree, boundaries
from markaz.kit.ids import TerritoryId

DAY = date(2026, 1, 1)


def _tree(corners: int = 50, radius: float = 1.0) -> TerritoryTree:
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    ragged = radius + 0.01 * np.cos(turn * corners / 3)
    shape = shapely.Polygon(np.column_stack([ragged * np.cos(turn), ragged * np.sin(turn)]))
    territories = [
        Territory(TerritoryId(1), "centre", None, Level.COUNTRY, {}, DAY),
        Territory(TerritoryId(2), "R", TerritoryId(1), Level.REGION, {}, DAY),
        Territory(TerritoryId(3), "D", TerritoryId(2), Level.DISTRICT, {}, DAY),
        Territory(TerritoryId(4), "no boundary", TerritoryId(1), Level.REGION, {}, DAY),
    ]
    return TerritoryTree(territories, {TerritoryId(2): shape, TerritoryId(3): shape}, DAY)


def test_page_holds_the_children_with_a_boundary_and_nothing_else() -> None:
    page = BoundaryPages(_tree()).page(1)
    collection = orjson.loads(page.body)
    assert [feature["properties"] for feature in collection["features"]] == [{"id": 2, "code": "R", "level": "region"}]
    assert shapely.from_geojson(orjson.dumps(collection["features"][0]["geometry"])).is_valid


def test_etag_follows_the_content() -> None:
    etag = BoundaryPages(_tree()).page(1).etag
    assert BoundaryPages(_tree()).page(1).etag == etag
    assert BoundaryPages(_tree(radius=2.0)).page(1).etag != etag


def test_page_of_a_territory_without_children_is_empty_and_of_an_unknown_one_is_refused() -> None:
    pages = BoundaryPages(_tree())
    assert orjson.loads(pages.page(3).body) == {"type": "FeatureCollection", "features": []}
    with pytest.raises(NotFound):
        pages.page(77)


def test_body_stays_bounded_by_drawing_coarser(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = len(BoundaryPages(_tree(9_000)).page(1).body)
    monkeypatch.setattr(boundaries, "MAX_BODY_BYTES", fine // 3)
    assert len(BoundaryPages(_tree(9_000)).page(1).body) <= fine // 3
