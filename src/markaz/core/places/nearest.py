"""What stands nearest to a point: a grid over the places of an index, for a label of a map click or of coordinates.

Made once with its index. Memory: 12 bytes for each place.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from markaz.core.places.index import KINDS, PlaceIndex
from markaz.core.places.model import CONFIDENCE_OF, Confidence
from markaz.kit.geometry import Point, distance_m

CELL_DEG = 0.004  # about 440 m of latitude
COLUMNS = round(360 / CELL_DEG)
REACHES = (1, 5)  # cells around the point's own: first 440 m or more, then 2.2 km
MOST_COMPARED = 20_000  # places of one reach
STREET_REACH_M = 400.0  # a street or landmark further off says less than the neighbourhood

_IS_AREA = np.array([CONFIDENCE_OF[kind] is Confidence.AREA for kind in KINDS])


@dataclass(frozen=True, slots=True)
class Nearby:
    """A place by its number in the index, and how far it is."""

    number: int
    distance_m: float


class Grid:
    """The places of an index by where they lie."""

    __slots__ = ("_cells", "_index", "_order")

    def __init__(self, index: PlaceIndex) -> None:
        self._index = index
        cells = _rows(index.lats_deg) * COLUMNS + _columns(index.lons_deg)
        self._order = np.argsort(cells, kind="stable").astype(np.int32)
        self._cells = cells[self._order]

    @property
    def nbytes(self) -> int:
        """Return the memory of the grid in bytes, without the index."""
        return self._cells.nbytes + self._order.nbytes

    def nearest(self, point: Point) -> Nearby | None:
        """Return the nearest street, house, crossing or landmark within 400 m, else the nearest area within 2 km.

        Without an area, whatever is nearest within that reach. A neighbourhood counts by its middle.
        """
        areas: Nearby | None = None
        for reach in REACHES:
            around = self._around(point, reach)
            is_area = _IS_AREA[self._index.kinds[around]]
            named = self._closest(around[~is_area], point)
            if named is not None and named.distance_m <= STREET_REACH_M:
                return named
            areas = self._closest(around[is_area], point) or named
        return areas

    def _around(self, point: Point, reach: int) -> npt.NDArray[np.int32]:
        row, column = int(_rows(np.array([point.lat_deg]))[0]), int(_columns(np.array([point.lon_deg]))[0])
        found = []
        for other in range(row - reach, row + reach + 1):
            low, high = np.searchsorted(
                self._cells, [other * COLUMNS + column - reach, other * COLUMNS + column + reach + 1]
            )
            found.append(self._order[low:high])
        return np.concatenate(found)[:MOST_COMPARED]

    def _closest(self, numbers: npt.NDArray[np.int32], point: Point) -> Nearby | None:
        if not len(numbers):
            return None
        lons, lats = self._index.lons_deg[numbers], self._index.lats_deg[numbers]
        away = np.hypot((lons - point.lon_deg) * np.cos(np.radians(point.lat_deg)), lats - point.lat_deg)
        number = int(numbers[int(np.argmin(away))])
        there = Point(float(self._index.lons_deg[number]), float(self._index.lats_deg[number]))
        return Nearby(number, distance_m(point, there))


def _rows(lats_deg: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return ((lats_deg + 90.0) / CELL_DEG).astype(np.int64)


def _columns(lons_deg: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return ((lons_deg + 180.0) / CELL_DEG).astype(np.int64)
