"""What happened at a place within a year: category and outcome, no name, no number. It follows the place, never a person.

Fifty metres are one house: that a call from there was false would meet the next person who calls from it, who may be in
need. So it is never said here; such ends, and those that say nothing, are told alike as closed.
"""

from collections import Counter
from datetime import timedelta

from markaz.core.access.model import DataClass
from markaz.core.acts import Request
from markaz.core.permissions import Permission, territory_filter
from markaz.kit.clock import iso
from markaz.kit.geometry import Point, distance_m
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.calls import store
from markaz.programmes.incidents.calls.looking import Purpose, allowed_look
from markaz.programmes.incidents.picture import JSON

SINCE = timedelta(days=365)
RADIUS_M = 50.0  # the house and its yard
RADIUS_MOST_M = 200.0  # a worse place would tell of the neighbours
LISTED_MOST = 50
CLOSED = "closed"
# What is told as closed. Among them are ends that say nothing of a caller, so that "closed" does not come to mean false.
NOT_TOLD = frozenset({"malicious", "unfounded", "false_call", "cancelled", "other", "unknown"})


class History:
    """The history of places."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def of_place(self, request: Request, purpose: Purpose) -> JSON:
        """Return counts by category and outcome and the newest 50 of a year, within 50 m or the accuracy of the place.

        `is_cut` says that there is more than was looked through. The look leaves an audit entry.
        """
        territories = territory_filter(request.actor, Permission.INCIDENT_READ_SEALED, self._spine.territories())
        async with self._spine.looking.look(request) as look:
            now = look.now
            at = await allowed_look(look, self._spine, purpose, DataClass.PLACE_HISTORY)
            look.note([at.found], "place.history")
            radius_m = min(max(RADIUS_M, at.accuracy_m), RADIUS_MOST_M)
            rows = (
                []
                if at.place is None
                else await store.history_in(
                    look.connection,
                    store.box_around(at.place, radius_m),
                    territories,
                    now - SINCE,
                    at.found.standing.id,
                )
            )
            access = look.mark([at.found])
        is_cut = len(rows) >= store.CANDIDATES_MOST
        here = [r for r in rows if at.place and distance_m(at.place, Point(r["lon"], r["lat"])) <= radius_m]
        counts = Counter((row["category"], told(row["outcome"])) for row in here)
        return {
            "radius_m": radius_m,
            "since": iso(now - SINCE),
            "is_cut": is_cut,
            "counts": [
                {"category": category, "outcome": outcome, "count": count}
                for (category, outcome), count in counts.most_common(LISTED_MOST)
            ],
            "items": [
                {
                    "day": row["received_at"].date().isoformat(),
                    "category": row["category"],
                    "outcome": told(row["outcome"]),
                }
                for row in here[:LISTED_MOST]
            ],
            "access": access,
        }


def told(outcome: str | None) -> str | None:
    """Return how an outcome is told of a place; None is still open. A code of another system may say anything."""
    return CLOSED if outcome is not None and (outcome in NOT_TOLD or ":" in outcome) else outcome
