"""Draws a synthetic land: neighbourhoods that tile their district, districts their region, regions the country, exactly.

It works from the smallest upwards. The neighbourhoods are cells of one Voronoi diagram, rounded once; districts and
regions are unions of whole cells. So neighbours share their corners to the last digit and no gap or overlap can arise.
Pure: the same seed gives the same land. No names here, and no real boundary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from markaz.kit.geometry import Point

Grid = npt.NDArray[np.float64]

DECIMALS = 6  # corners to about ten centimetres
METRES_PER_DEGREE = 111_195.0  # of latitude, on the sphere of kit.geometry
RIM = 4.0  # cells of dummy sites around the land, so that no cell of the land is open to the outside
TOWN_PULL = 0.5  # how much closer neighbourhoods lie in the middle of a district; below 1, or the land would fold
CITY_PULL = 0.75


@dataclass(frozen=True, slots=True)
class LandShape:
    """What to draw: for each region the number of neighbourhoods of each of its districts, and where."""

    regions: tuple[tuple[int, ...], ...]
    cities: frozenset[int]
    centre: Point
    cell_m: float
    stretch: float


@dataclass(frozen=True, slots=True)
class Land:
    """The drawn land. `cells[i]` is a convex neighbourhood in district `district_of[i]` (counted over all regions)."""

    cells: tuple[BaseGeometry, ...]
    district_of: tuple[int, ...]
    districts: tuple[BaseGeometry, ...]
    region_of: tuple[int, ...]
    regions: tuple[BaseGeometry, ...]
    country: BaseGeometry


def draw(shape: LandShape, seed: int) -> Land:
    """Return the land for `shape`: as many cells, districts and regions as it says, in its order."""
    random = np.random.default_rng(seed)
    counts = [count for region in shape.regions for count in region]
    sites, rim = _sites(sum(counts), shape.stretch, random)
    region_groups = _divide(sites, np.arange(len(sites)), [sum(region) for region in shape.regions], random)
    groups: list[npt.NDArray[np.intp]] = []
    for members, districts in zip(region_groups, shape.regions, strict=True):
        groups += _divide(sites, members, districts, random)
    everything = np.vstack([sites, rim])
    for index in sorted(shape.cities):
        everything = _pull(everything, everything[region_groups[index]], CITY_PULL)
    for members in groups:
        everything = _pull(everything, everything[members], TOWN_PULL)
    order = np.concatenate(groups)
    cells = _cells(everything, order, shape)
    return _unite(cells, counts, [len(region) for region in shape.regions])


def _sites(count: int, stretch: float, random: np.random.Generator) -> tuple[Grid, Grid]:
    """Return `count` jittered lattice points inside a wavy ellipse, and the points of the rim around it."""
    half = math.ceil(math.sqrt(count) * (stretch + 1)) + 8
    columns, rows = np.meshgrid(np.arange(-half, half + 1), np.arange(-half, half + 1))
    lattice = np.column_stack([columns.ravel() + 0.5 * (rows.ravel() % 2), rows.ravel() * math.sqrt(0.75)])
    lattice = lattice + random.uniform(-0.28, 0.28, lattice.shape)
    scale = np.array([math.sqrt(stretch), 1 / math.sqrt(stretch)])
    angle = np.arctan2(lattice[:, 1] / scale[1], lattice[:, 0] / scale[0])
    waves = np.ones(len(lattice))
    for bends in range(2, 7):
        waves += random.uniform(0.08, 0.3) / bends * np.cos(bends * angle + random.uniform(0, 2 * math.pi))
    reach = np.hypot(lattice[:, 0] / scale[0], lattice[:, 1] / scale[1]) / waves
    ranked = np.argsort(reach, kind="stable")
    outermost = reach[ranked[count - 1]]
    rim = ranked[count:]
    rim = rim[reach[rim] < outermost + RIM * math.sqrt(stretch)]
    return lattice[ranked[:count]], lattice[rim]


def _divide(
    sites: Grid, members: npt.NDArray[np.intp], counts: Sequence[int], random: np.random.Generator
) -> list[npt.NDArray[np.intp]]:
    """Split `members` into compact groups of exactly `counts`, by slanting cuts across the longer side."""
    if len(counts) == 1:
        return [members]
    halfway = sum(counts) / 2
    split = min(range(1, len(counts)), key=lambda i: abs(sum(counts[:i]) - halfway))
    where = sites[members] - sites[members].mean(axis=0)
    # The main axis of the group, tilted a little, so that borders do not look ruled.
    main = np.linalg.eigh(where.T @ where)[1][:, -1]
    main *= 1 if main[0] + 1e-9 * main[1] > 0 else -1  # the sign of an eigenvector is the library's whim
    tilt = random.uniform(-0.35, 0.35)
    axis = np.array(
        [main[0] * math.cos(tilt) - main[1] * math.sin(tilt), main[0] * math.sin(tilt) + main[1] * math.cos(tilt)]
    )
    ordered = members[np.argsort(where @ axis, kind="stable")]
    cut = sum(counts[:split])
    return _divide(sites, ordered[:cut], counts[:split], random) + _divide(sites, ordered[cut:], counts[split:], random)


def _pull(points: Grid, group: Grid, strength: float) -> Grid:
    """Draw the plane together around the middle of `group`: a smooth map that never folds for strength below 1."""
    middle = group.mean(axis=0)
    spread = 0.7 * math.sqrt(float(((group - middle) ** 2).sum(axis=1).mean()))
    if spread == 0:
        return points  # one neighbourhood has no middle to be drawn to
    away = points - middle
    pull = strength * np.exp(-(away**2).sum(axis=1) / (2 * spread**2))
    pulled: Grid = points - away * pull[:, None]
    return pulled


def _cells(points: Grid, order: npt.NDArray[np.intp], shape: LandShape) -> list[BaseGeometry]:
    """Return the Voronoi cells of the points in `order`, in degrees, rounded corner by corner."""
    metres = points * shape.cell_m
    diagram = shapely.voronoi_polygons(shapely.MultiPoint(metres), ordered=True)
    cells = np.array(shapely.get_parts(diagram), dtype=object)[order]
    per_lon = METRES_PER_DEGREE * math.cos(math.radians(shape.centre.lat_deg))
    origin = np.array([shape.centre.lon_deg, shape.centre.lat_deg])

    def to_degrees(corners: Grid) -> Grid:
        rounded: Grid = np.round(origin + corners / np.array([per_lon, METRES_PER_DEGREE]), DECIMALS)
        return rounded

    # The same corner of three cells is the same number before rounding, so it is the same after.
    return list(shapely.remove_repeated_points(shapely.transform(cells, to_degrees)))


def _unite(cells: list[BaseGeometry], counts: Sequence[int], districts_per_region: Sequence[int]) -> Land:
    districts, district_of, at = [], [], 0
    for number, count in enumerate(counts):
        districts.append(shapely.coverage_union_all(cells[at : at + count]))
        district_of += [number] * count
        at += count
    regions, region_of, at = [], [], 0
    for number, count in enumerate(districts_per_region):
        regions.append(shapely.coverage_union_all(districts[at : at + count]))
        region_of += [number] * count
        at += count
    country = shapely.coverage_union_all(regions)
    return Land(tuple(cells), tuple(district_of), tuple(districts), tuple(region_of), tuple(regions), country)
