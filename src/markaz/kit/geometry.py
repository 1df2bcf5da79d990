"""Points on the Earth, WGS 84, always longitude before latitude."""

from dataclasses import dataclass
from math import asin, cos, isfinite, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1 of the GRS 80 ellipsoid (IUGG)


@dataclass(frozen=True, slots=True)
class Point:
    """A position in degrees, WGS 84.

    Raises ValueError when a coordinate is not finite or not on the globe.
    """

    lon_deg: float
    lat_deg: float

    def __post_init__(self) -> None:
        if not (isfinite(self.lon_deg) and -180.0 <= self.lon_deg <= 180.0):
            raise ValueError(f"longitude {self.lon_deg!r} is not between -180 and 180")
        if not (isfinite(self.lat_deg) and -90.0 <= self.lat_deg <= 90.0):
            raise ValueError(f"latitude {self.lat_deg!r} is not between -90 and 90")


def distance_m(a: Point, b: Point) -> float:
    """Return the great-circle distance in metres (haversine; error against the ellipsoid below 0.6 %)."""
    lat_a, lat_b = radians(a.lat_deg), radians(b.lat_deg)
    half_lat = (lat_b - lat_a) / 2
    half_lon = radians(b.lon_deg - a.lon_deg) / 2
    chord = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))
