"""The numbers the synthetic country is shaped by. Names and boundaries are invented; only sizes are taken over.

Source: population by region on 1 October 2025, districts and neighbourhoods by region, as collected in the project's
domain notes, section 8.1. Where a region's number of neighbourhoods is not published it is shared out by population.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

DISTRICTS = 208
NEIGHBOURHOODS = 9_008
INSPECTORS = 10_240  # "more than 10,000", about one per 3,700 residents
RESIDENTS_PER_INSPECTOR = 3_700
MOST_IN_A_POST = 5
INCIDENTS_PER_1000_A_DAY = 0.18  # police incidents; section 8.4, scaled from neighbouring countries' 112 services


@dataclass(frozen=True, slots=True)
class RegionFigures:
    """Size of one region. `districts` is the register's number, before scaling to the total of 208."""

    population: int
    districts: int
    neighbourhoods: int
    is_city: bool = False


COUNTRY = (
    RegionFigures(3_507_220, 16, 818),
    RegionFigures(2_099_069, 13, 489),
    RegionFigures(1_559_883, 13, 364),
    RegionFigures(3_697_658, 16, 862),
    RegionFigures(1_108_595, 11, 258),
    RegionFigures(3_177_070, 14, 741),
    RegionFigures(4_360_070, 16, 1_016),
    RegionFigures(2_994_070, 15, 698),
    RegionFigures(942_630, 12, 220),
    RegionFigures(3_164_030, 13, 585, is_city=True),
    RegionFigures(3_148_569, 22, 1_020),
    RegionFigures(4_204_284, 19, 980),
    RegionFigures(2_059_078, 13, 480),
    RegionFigures(2_046_890, 17, 477),
)
SMALL = (RegionFigures(168_000, 3, 40),)


def apportion(total: int, weights: Sequence[float], *, least: int = 0, most: int | None = None) -> list[int]:
    """Share `total` out by weight in whole numbers that sum to it exactly, each between `least` and `most`.

    Highest averages (Sainte-Lague): one at a time to whoever has the most weight for a share; ties to the lowest index.
    Raises ValueError when the bounds leave no way.
    """
    if total < least * len(weights) or (most is not None and total > most * len(weights)):
        raise ValueError(f"{total} cannot be shared among {len(weights)} within {least}..{most}")
    shares = [least] * len(weights)
    claims = [(-weight / (2 * least + 1), index) for index, weight in enumerate(weights)]
    heapq.heapify(claims)
    for _ in range(total - sum(shares)):
        while most is not None and shares[claims[0][1]] >= most:
            heapq.heappop(claims)
        index = claims[0][1]
        shares[index] += 1
        heapq.heapreplace(claims, (-weights[index] / (2 * shares[index] + 1), index))
    return shares
