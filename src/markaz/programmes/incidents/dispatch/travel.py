"""How long units take to a place: the port, and the default behind it, a straight line with a speed by terrain.

Pure but for the port's `async`, which road servers need. An estimate is a span, never a promise: it grows with the age
of a position and with how roughly the place of the incident is known. Spots and estimates are tuples, for thousands are
made for one recommendation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import NamedTuple, Protocol

from markaz.core.dispatch_rules import DispatchRules, Pace
from markaz.kit.geometry import Point, distance_m


class Source(StrEnum):
    """Where an estimate comes from."""

    STRAIGHT_LINE = "straight_line"
    ROAD = "road"


class Fallback(StrEnum):
    """Why a road server that is set was not used."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # it answered, but not with times


class Spot(NamedTuple):
    """A point and how far from it the thing itself may be, in metres."""

    point: Point
    uncertainty_m: float
    on_foot: bool = False


class Estimate(NamedTuple):
    """Travel time of one unit: of ten drives one is under `low_s`, nine are under `high_s`. Distance is the straight line."""

    low_s: float
    mid_s: float
    high_s: float
    distance_m: float
    source: Source


@dataclass(frozen=True, slots=True)
class Travelled:
    """The estimates in the order of the origins (None where an origin is unknown), and why no road was asked, if so."""

    estimates: list[Estimate | None]
    source: Source
    fallback: Fallback | None = None


class TravelTimes(Protocol):
    """The port: travel times of many origins to one destination. It never raises for a router's trouble."""

    async def times(self, origins: Sequence[Spot | None], to: Spot, terrain: str) -> Travelled:
        """Return one estimate for each origin; `terrain` is a word of core.territories.terrain."""
        ...

    async def close(self) -> None:
        """Let go of whatever connections there are."""
        ...


def drive_s(way_m: float, pace: Pace) -> float:
    """Return the seconds for a way: speeding up and slowing down over a short one, cruising between on a long one."""
    cruising_from_m = pace.cruising_mps**2 / pace.acceleration_mps2
    if way_m <= cruising_from_m:
        return 2 * sqrt(way_m / pace.acceleration_mps2)
    return pace.cruising_mps / pace.acceleration_mps2 + way_m / pace.cruising_mps


def likely_m(straight_m: float, unsure_m: float) -> float:
    """Return the distance to go from somewhere in a disc of radius `unsure_m` whose middle is `straight_m` away.

    It is the root of the mean square over the disc: what is known only roughly is never taken to stand at the door.
    """
    return sqrt(straight_m**2 + unsure_m**2 / 2)


class StraightLine:
    """The default port: the great circle, a detour factor and a speed by terrain."""

    def __init__(self, rules: DispatchRules) -> None:
        self._rules = rules

    async def times(self, origins: Sequence[Spot | None], to: Spot, terrain: str) -> Travelled:
        """Return the estimates; this port waits for nothing."""
        return Travelled([self.estimate(origin, to, terrain) for origin in origins], Source.STRAIGHT_LINE)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    def estimate(self, origin: Spot | None, to: Spot, terrain: str) -> Estimate | None:
        """Return the estimate of one origin, None when it is unknown."""
        if origin is None:
            return None
        pace = self.pace(origin, terrain)
        straight_m = distance_m(origin.point, to.point)
        unsure_m = origin.uncertainty_m + to.uncertainty_m
        low, high = self._rules.spread[Source.STRAIGHT_LINE]
        return Estimate(
            low * drive_s(max(0.0, straight_m - unsure_m) * pace.detour, pace),
            drive_s(likely_m(straight_m, unsure_m) * pace.detour, pace),
            high * drive_s((straight_m + unsure_m) * pace.detour, pace),
            straight_m,
            Source.STRAIGHT_LINE,
        )

    def pace(self, origin: Spot, terrain: str) -> Pace:
        """Return how this origin gets along in that terrain."""
        return self._rules.walking if origin.on_foot else self._rules.terrains[terrain]
