"""The territory tree: hierarchy, versions, and exact point-in-polygon against plain shapely."""

from datetime import date

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from markaz.core.errors import NotFound
from markaz.core.territories import Level, Territory, TerritoryTree
from markaz.kit.geometry import Point
from markaz.kit.ids import TerritoryId

DAY = date(2026, 1, 1)
GRID = 4  # neighbourhoods along one side of the test region


def _territory(
    id_: int, parent: int | None, level: Level, code: str = "", since: date = DAY, until: date | None = None
) -> Territory:
    return Territory(
        id=TerritoryId(id_),
        code=code or f"t{id_}",
        parent_id=TerritoryId(parent) if parent is not None else None,
        level=level,
        names={"en": f"Territory {id_}"},
        valid_from=since,
        valid_to=until,
    )


def _grid() -> tuple[list[Territory], dict[TerritoryId, BaseGeometry]]:
    """A root without boundary, one region, two districts side by side, GRID x GRID neighbourhoods (ids descending)."""
    territories = [_territory(1, None, Level.COUNTRY), _territory(2, 1, Level.REGION)]
    shapes: dict[TerritoryId, BaseGeometry] = {TerritoryId(2): shapely.box(0, 0, GRID, GRID)}
    for index in range(2):
        territories.append(_territory(3 + index, 2, Level.DISTRICT))
        shapes[TerritoryId(3 + index)] = shapely.box(index * GRID / 2, 0, (index + 1) * GRID / 2, GRID)
    for cell in range(GRID * GRID):
        x, y = cell % GRID, cell // GRID
        id_ = 100 - cell
        territories.append(_territory(id_, 3 + (x >= GRID // 2), Level.NEIGHBOURHOOD))
        # The south-west neighbourhood is missing: there the district is the deepest that holds the point.
        if cell:
            shapes[TerritoryId(id_)] = shapely.box(x, y, x + 1, y + 1)
    return territories, shapes


TERRITORIES, SHAPES = _grid()
TREE = TerritoryTree(TERRITORIES, SHAPES, DAY)
LEVELS = {territory.id: territory.level for territory in TERRITORIES}


def _by_brute_force(point: Point) -> int | None:
    holding = [id_ for id_, shape in SHAPES.items() if shape.covers(shapely.Point(point.lon_deg, point.lat_deg))]
    return min(holding, key=lambda id_: (-LEVELS[id_].depth, id_), default=None)


coordinate = st.one_of(st.integers(-1, GRID + 1).map(float), st.floats(-0.5, GRID + 0.5))


@given(coordinate, coordinate)
def test_locate_equals_brute_force_on_and_off_edges(x: float, y: float) -> None:
    assert TREE.locate(Point(x, y)) == _by_brute_force(Point(x, y))


def test_lowest_id_wins_on_a_shared_corner() -> None:
    # Cells 5, 6, 9 and 10 meet in (2, 2); ids run downwards, so cell 10 has the lowest.
    assert TREE.locate(Point(2.0, 2.0)) == 90


def test_deepest_level_that_holds_the_point_is_found() -> None:
    assert TREE.locate(Point(0.5, 0.5)) == 3
    assert TREE.locate(Point(1.5, 0.5)) == 99
    assert TREE.locate(Point(9.0, 9.0)) is None


def test_enclave_wins_over_what_surrounds_it_and_the_innermost_over_both() -> None:
    territories = [_territory(1, None, Level.COUNTRY), *(_territory(i, 1, Level.DISTRICT) for i in (2, 3, 4))]
    shapes = {
        TerritoryId(2): shapely.box(0, 0, 9, 9),
        TerritoryId(3): shapely.box(1, 1, 8, 8),
        TerritoryId(4): shapely.box(2, 2, 3, 3),
    }
    tree = TerritoryTree(territories, shapes, DAY)
    assert [tree.locate(Point(x, x)) for x in (0.5, 1.0, 1.5, 2.0, 2.5, 7.0, 9.0)] == [2, 3, 3, 4, 4, 3, 2]


def test_path_runs_from_the_root_and_subtree_agrees_with_is_within() -> None:
    assert TREE.path(99) == (1, 2, 3, 99)
    for ancestor in LEVELS:
        for inside in LEVELS:
            assert (inside in TREE.subtree(ancestor)) == TREE.is_within(inside, ancestor)
    assert TREE.children(2) == (3, 4)
    assert len(TREE.subtree(3)) == 1 + GRID * GRID // 2


def test_unknown_territory_is_within_nothing() -> None:
    assert not TREE.is_within(777, 1)
    assert not TREE.is_within(99, 777)
    assert TREE.subtree(777) == frozenset()
    assert TREE.children(777) == ()
    with pytest.raises(NotFound):
        TREE.path(777)
    with pytest.raises(NotFound):
        TREE.get(777)


def test_bbox_of_a_territory_without_boundary_is_that_of_its_parts() -> None:
    assert TREE.bbox(1) == (0.0, 0.0, GRID, GRID)
    assert TREE.bbox(777) is None


def test_old_version_means_the_same_place_as_the_current_one() -> None:
    change = date(2026, 6, 1)
    territories = [
        _territory(1, None, Level.COUNTRY),
        _territory(2, 1, Level.REGION, "R", DAY, change),
        _territory(3, 2, Level.DISTRICT, "D"),
        _territory(4, 1, Level.REGION, "R", change),
        _territory(5, 1, Level.REGION, "gone", DAY, change),
    ]
    shapes = {TerritoryId(2): shapely.box(0, 0, 1, 1), TerritoryId(4): shapely.box(0, 0, 2, 2)}
    before, after = TerritoryTree(territories, shapes, DAY), TerritoryTree(territories, shapes, change)

    assert before.locate(Point(1.5, 1.5)) is None
    assert after.locate(Point(1.5, 1.5)) == 4
    assert before.path(3) == (1, 2, 3)
    assert after.path(3) == (1, 4, 3)
    assert after.is_within(3, 2)  # a grant on the old version goes on working
    assert after.subtree(4) == after.subtree(2) == {2, 4, 3}
    assert after.children(1) == (4,)
    assert after.path(5) == (1, 5)  # what was abolished still belongs to its parent
    assert [territory.id for territory in after] == [1, 3, 4]


def test_tree_with_a_circle_or_a_missing_parent_is_refused() -> None:
    with pytest.raises(ValueError, match="inside itself"):
        TerritoryTree([_territory(1, 2, Level.REGION), _territory(2, 1, Level.DISTRICT)], {}, DAY)
    with pytest.raises(ValueError, match="not there"):
        TerritoryTree([_territory(1, 9, Level.REGION)], {}, DAY)


def test_empty_tree_answers_everything_with_nothing() -> None:
    tree = TerritoryTree([], {}, DAY)
    assert tree.root_id is None
    assert len(tree) == 0
    assert tree.locate(Point(0, 0)) is None


def test_name_falls_back_to_uzbek_latin_then_english_then_code() -> None:
    assert _territory(1, None, Level.COUNTRY).name("ru") == "Territory 1"
    nameless = Territory(TerritoryId(1), "c", None, Level.COUNTRY, {}, DAY)
    assert nameless.name("ru") == "c"
