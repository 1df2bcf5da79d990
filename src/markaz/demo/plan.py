"""The synthetic centre as values: territories, units and staff. The same scale and seed give the same plan.

Pure: building.py writes it, opening.py adds the incidents that are open when the doors open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from uuid import UUID

from shapely.geometry.base import BaseGeometry

from markaz.contracts.incidents import UnitStatus
from markaz.core.settings import DemoScale
from markaz.core.territories import ROOT_CODE, ROOT_ID, Level, Territory, TerritoryTree
from markaz.core.territories.terrain import Terrain
from markaz.demo import figures, names
from markaz.demo.calls import pick, seeded
from markaz.demo.ground import Ground, Place
from markaz.demo.land import Land, LandShape, draw
from markaz.kit.geometry import Point
from markaz.kit.ids import TerritoryId, UnitId, import_id

SOURCE = "demo"
SEED = 102
VALID_FROM = date(2020, 1, 1)  # before anything the demo records

# Kind, prefix of the call sign, how many a district has at the small and at the country scale.
DISTRICT_UNITS = (
    ("patrol_car", "PA", 3, 3),
    ("patrol_foot", "PP", 1, 1),
    ("road_patrol", "YP", 1, 1),
    ("guard_response", "QG", 1, 1),
)
REGION_UNITS = (("investigation", "TG", 1, 1), ("women_inspector", "XI", 1, 1))
POST = ("neighbourhood_post", "MP")
STATUSES = (
    (UnitStatus.AVAILABLE, 82.0),
    (UnitStatus.OFF_DUTY, 10.0),
    (UnitStatus.BUSY, 5.0),
    (UnitStatus.OUT_OF_SERVICE, 3.0),
)
SILENT_SHARE = 0.08  # units whose device has fallen silent, so that stale positions are seen


@dataclass(frozen=True, slots=True)
class ScaleShape:
    """What differs between the scales."""

    regions: Sequence[figures.RegionFigures]
    districts: int
    inspectors: int
    open_incidents: int
    centre: Point
    cell_m: float
    stretch: float


SCALES: Mapping[DemoScale, ScaleShape] = {
    # Desert, far from any town, so that nobody takes the drawing for a real place.
    DemoScale.SMALL: ScaleShape(figures.SMALL, 3, 46, 25, Point(62.4, 42.6), 1_400.0, 1.3),
    # 448,000 square kilometres in 9,008 parts; 240 incidents stay open if each of 6,852 a day takes 50 minutes.
    DemoScale.COUNTRY: ScaleShape(
        figures.COUNTRY, figures.DISTRICTS, figures.INSPECTORS, 240, Point(64.5, 41.3), 7_000.0, 1.8
    ),
}


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """A unit as it stands when the demo opens. Off duty it has no position."""

    id: UnitId
    call_sign: str
    kind: str
    territory_id: TerritoryId
    status: UnitStatus
    place: Place
    is_silent: bool


@dataclass(frozen=True, slots=True)
class PlannedInspector:
    """A member of a neighbourhood post. The account has no password: nobody signs in with it."""

    id: UUID
    login: str
    display_name: str
    territory_id: TerritoryId


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about the synthetic centre that does not depend on the time it is built."""

    scale: DemoScale
    seed: int
    territories: tuple[Territory, ...]
    boundaries: Mapping[TerritoryId, BaseGeometry]
    tree: TerritoryTree
    ground: Ground
    units: tuple[PlannedUnit, ...]
    inspectors: tuple[PlannedInspector, ...]

    @property
    def first_region(self) -> TerritoryId:
        """The region the demo log-ins belong to."""
        return self.tree.children(ROOT_ID)[0]


def make_plan(scale: DemoScale, seed: int = SEED) -> Plan:
    """Return the plan; about 0.1 s at the small scale and a few seconds for a country."""
    shape = SCALES[scale]
    counts = _counts(shape)
    cities = frozenset(i for i, region in enumerate(shape.regions) if region.is_city)
    land = draw(LandShape(counts, cities, shape.centre, shape.cell_m, shape.stretch), seed)
    territories, boundaries = _territories(shape, counts, land, seeded("names", seed))
    tree = TerritoryTree(territories, boundaries, VALID_FROM)
    ground = Ground(tree)
    return Plan(
        scale=scale,
        seed=seed,
        territories=territories,
        boundaries=boundaries,
        tree=tree,
        ground=ground,
        units=tuple(_units(scale, tree, ground, seeded("units", seed))),
        inspectors=tuple(_inspectors(shape, tree, ground, seeded("staff", seed))),
    )


def terrain_of(plan: Plan) -> dict[int, Terrain]:
    """Return the terrain that differs from what lies around: towns where most calls come from, one district of mountains."""
    found: dict[int, Terrain] = {}
    for region_id, figures_ in zip(plan.tree.children(ROOT_ID), SCALES[plan.scale].regions, strict=True):
        first, *_, last = plan.tree.children(region_id)
        if not figures_.is_city:
            found |= {region_id: Terrain.RURAL, first: Terrain.URBAN, last: Terrain.MOUNTAIN}
    return found


def _counts(shape: ScaleShape) -> tuple[tuple[int, ...], ...]:
    """Return, for each region, the neighbourhoods of each of its districts; the totals are met exactly."""
    districts = figures.apportion(shape.districts, [region.districts for region in shape.regions], least=1)
    # Districts differ in size by up to half; a fixed pattern is as good as a random one.
    return tuple(
        tuple(figures.apportion(region.neighbourhoods, [1 + 0.1 * (i * 7 % 5) for i in range(count)], least=1))
        for region, count in zip(shape.regions, districts, strict=True)
    )


def _territories(
    shape: ScaleShape, counts: tuple[tuple[int, ...], ...], land: Land, random: Random
) -> tuple[tuple[Territory, ...], dict[TerritoryId, BaseGeometry]]:
    """Number and name the land: the root is 1, then the regions, then the districts, then the neighbourhoods."""
    stems = names.stems(random)
    first_district = ROOT_ID + 1 + len(land.regions)
    first_cell = first_district + len(land.districts)
    found = [_territory(ROOT_ID, ROOT_CODE, None, Level.COUNTRY, names.named("country", *next(stems)))]
    boundaries = {ROOT_ID: land.country}
    for region, outline in enumerate(land.regions):
        kind = "city" if shape.regions[region].is_city else "region"
        id_ = ROOT_ID + 1 + region
        code = f"demo-{region + 1:02d}"
        found.append(_territory(id_, code, ROOT_ID, Level.REGION, names.named(kind, *next(stems))))
        boundaries[TerritoryId(id_)] = outline
    number = 0
    for region, districts in enumerate(counts):
        for place in range(len(districts)):
            id_, code = first_district + number, f"demo-{region + 1:02d}-{place + 1:02d}"
            parent = ROOT_ID + 1 + region
            found.append(_territory(id_, code, parent, Level.DISTRICT, names.named("district", *next(stems))))
            boundaries[TerritoryId(id_)] = land.districts[number]
            number += 1
    inside: list[Iterator[tuple[str, str]]] = [names.stems(random) for _ in land.districts]
    seen = [0] * len(land.districts)
    for cell, district in enumerate(land.district_of):
        seen[district] += 1
        parent = first_district + district
        code = f"{found[parent - ROOT_ID].code}-{seen[district]:03d}"
        called = names.named("neighbourhood", *next(inside[district]))
        found.append(_territory(first_cell + cell, code, parent, Level.NEIGHBOURHOOD, called))
        boundaries[TerritoryId(first_cell + cell)] = land.cells[cell]
    return tuple(found), boundaries


def _territory(id_: int, code: str, parent_id: int | None, level: Level, called: names.Names) -> Territory:
    parent = TerritoryId(parent_id) if parent_id is not None else None
    return Territory(TerritoryId(id_), code, parent, level, called, VALID_FROM)


def _units(scale: DemoScale, tree: TerritoryTree, ground: Ground, random: Random) -> Iterator[PlannedUnit]:
    small = scale is DemoScale.SMALL
    number = 0
    for region_number, region_id in enumerate(tree.children(ROOT_ID), start=1):
        for kind, prefix, few, many in REGION_UNITS:
            for place in range(few if small else many):
                yield _unit(f"{prefix}-{region_number}-{place + 1}", kind, region_id, tree, ground, random)
        for district_id in tree.children(region_id):
            number += 1
            for kind, prefix, few, many in DISTRICT_UNITS:
                for place in range(few if small else many):
                    yield _unit(f"{prefix}-{number}-{place + 1}", kind, district_id, tree, ground, random)
    kind, prefix = POST
    for number, territory_id in enumerate(ground.territory_ids, start=1):
        yield _unit(f"{prefix}-{number}", kind, territory_id, tree, ground, random)


def _unit(
    call_sign: str, kind: str, territory_id: TerritoryId, tree: TerritoryTree, ground: Ground, random: Random
) -> PlannedUnit:
    code = tree.get(territory_id).code
    return PlannedUnit(
        id=UnitId(import_id("unit", SOURCE, f"{code} {call_sign}")),
        call_sign=call_sign,
        kind=kind,
        territory_id=territory_id,
        status=pick(random, STATUSES),
        place=ground.point_in(random.choice(ground.cells_in(territory_id)), random),
        is_silent=random.random() < SILENT_SHARE,
    )


def _inspectors(shape: ScaleShape, tree: TerritoryTree, ground: Ground, random: Random) -> Iterator[PlannedInspector]:
    """One to five for each neighbourhood's post, by its residents."""
    regions = tree.children(ROOT_ID)
    residents = []
    for territory_id in ground.territory_ids:
        region = shape.regions[regions.index(tree.path(territory_id)[1])]
        residents.append(region.population / region.neighbourhoods * random.lognormvariate(0, 0.35))
    extra = [max(0.0, people - figures.RESIDENTS_PER_INSPECTOR / 2) for people in residents]
    posts = figures.apportion(shape.inspectors, extra, least=1, most=figures.MOST_IN_A_POST)
    number = 0
    for territory_id, staff in zip(ground.territory_ids, posts, strict=True):
        for _ in range(staff):
            number += 1
            login = f"demo-inspector-{number:05d}"
            yield PlannedInspector(
                import_id("account", SOURCE, login), login, f"Inspektor {number:05d} (demo)", territory_id
            )
