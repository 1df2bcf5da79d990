"""Which open incidents a new call may be about. Pure: values in, a ranking out; no clock, database or network.

It only offers: a person decides. It looks at place, time and category, never at who calls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from markaz.kit.geometry import Point, distance_m

OFFERED_MOST = 9  # one digit each
NEAR_M = 500.0  # two callers of one fire name places a few houses or one block apart
ACCURACY_MOST_M = 2_000.0  # a telephone placed by one mast only; more would make everything a duplicate
CLOSED_SINCE = timedelta(hours=2)
WINDOW = timedelta(hours=12)  # an incident stays open long after its first call
SCALE_M = 250.0
SCALE = timedelta(minutes=60)
SAME_GROUP_COST = 0.5
OTHER_GROUP_COST = 1.5  # the same crash may be reported as a fire
COST_MOST = 3.0


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a call or an incident. `accuracy_m` is the radius its place may be wrong by."""

    place: Point
    accuracy_m: float
    received_at: datetime
    category: str
    group: str | None


@dataclass(frozen=True, slots=True)
class Likeness:
    """Why an incident may be the same: metres between the places, minutes between the calls, and their categories."""

    distance_m: float
    gap_m: float  # what is left of the distance after both places' accuracy
    apart: timedelta
    same_category: bool
    same_group: bool

    @property
    def cost(self) -> float:
        """How unlike the two are: 0 is the same place, minute and category."""
        category = 0.0 if self.same_category else SAME_GROUP_COST if self.same_group else OTHER_GROUP_COST
        return self.gap_m / SCALE_M + self.apart / SCALE + category


Id = TypeVar("Id", UUID, str)


def likeness(call: Known, incident: Known) -> Likeness:
    """Return how alike a call and an incident are."""
    apart_m = distance_m(call.place, incident.place)
    slack_m = min(call.accuracy_m, ACCURACY_MOST_M) + min(incident.accuracy_m, ACCURACY_MOST_M)
    return Likeness(
        distance_m=apart_m,
        gap_m=max(0.0, apart_m - slack_m),
        apart=abs(call.received_at - incident.received_at),
        same_category=call.category == incident.category,
        same_group=call.group is not None and call.group == incident.group,
    )


def likely_duplicates(call: Known, incidents: Iterable[tuple[Id, Known]]) -> list[tuple[Id, Likeness]]:
    """Return up to nine incidents that may be what the call is about, the likeliest first; ids break a tie."""
    judged = [(id_, likeness(call, known)) for id_, known in incidents]
    near = [(id_, like) for id_, like in judged if like.gap_m <= NEAR_M and like.cost <= COST_MOST]
    near.sort(key=lambda one: (one[1].cost, one[1].distance_m, str(one[0])))
    return near[:OFFERED_MOST]
