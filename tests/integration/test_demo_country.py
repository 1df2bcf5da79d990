"""The country scale of the demo: too much to draw in a unit test."""

import pytest

from markaz.core.settings import DemoScale
from markaz.core.territories import ROOT_ID, Level
from markaz.demo import figures
from markaz.demo.plan import Plan, make_plan


@pytest.fixture(scope="module")
def country() -> Plan:
    return make_plan(DemoScale.COUNTRY)


def test_country_scale_meets_the_published_totals_exactly(country: Plan) -> None:
    levels = [territory.level for territory in country.territories]
    assert [levels.count(level) for level in Level] == [1, 14, 208, 9_008]
    regions = country.tree.children(ROOT_ID)
    inside = [len(country.ground.cells_in(region)) for region in regions]
    assert inside == [region.neighbourhoods for region in figures.COUNTRY]
    assert sum(region.population for region in figures.COUNTRY) == 38_069_116
    assert len(country.inspectors) >= 10_000
    assert len(country.units) >= 10_000
    staff: dict[int, int] = {}
    for inspector in country.inspectors:
        staff[inspector.territory_id] = staff.get(inspector.territory_id, 0) + 1
    assert len(staff) == 9_008
    assert set(staff.values()) == {1, 2, 3, 4, 5}


def test_siblings_have_different_names_and_codes_are_unique(country: Plan) -> None:
    codes = [territory.code for territory in country.territories]
    assert len(set(codes)) == len(codes)
    siblings = {(territory.parent_id, territory.names["uz-Latn"]) for territory in country.territories}
    assert len(siblings) == len(codes)


def test_call_signs_are_unique_in_the_whole_centre(country: Plan) -> None:
    signs = [unit.call_sign for unit in country.units]
    assert len(set(signs)) == len(signs)
    assert len({unit.id for unit in country.units}) == len(signs)
