"""The country scale of the demo: too much to draw in a unit test."""

from markaz.core.settings import DemoScale
from markaz.core.territories import ROOT_ID, Level
from markaz.demo import figures
from markaz.demo.plan import make_plan


def test_country_scale_meets_the_published_totals_exactly() -> None:
    country = make_plan(DemoScale.COUNTRY)
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
