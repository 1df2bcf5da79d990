"""What an officer notes down of a night, apart from the centre, and what a summary of it must therefore say.

Filled only from what was typed and pressed and from the times that stood on the screen then. The norms and the ranks of
percentiles are written here once more, on purpose.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from tests.support.land import Land

ARRIVAL_S = {"1": 300, "2": 900, "3": 2700, "4": 14_400}  # in a town, which the land of the tests is
SECOND = timedelta(seconds=1)


@dataclass
class Sent:
    """One sending of a unit."""

    incident_id: str
    sign: str
    assigned: datetime
    on_scene: datetime | None = None
    cleared: datetime | None = None


@dataclass
class Ledger:
    """What was done that night, by those who did it. Keys are ids of incidents."""

    kinds: dict[str, str] = field(default_factory=dict)
    priorities: dict[str, str] = field(default_factory=dict)
    districts: dict[str, Land] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    received: dict[str, datetime] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    merged: set[str] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)  # significant, in their order

    def counted(self) -> set[str]:
        """Return the incidents that stand by themselves."""
        return set(self.kinds) - self.merged

    def told(self, incident_id: str) -> str:
        """Return the outcome of an incident, as a summary names it."""
        return self.outcomes.get(incident_id, "open")

    def response(self) -> list[dict[str, Any]]:
        """Return the response times by priority: the first on scene after the call, in whole seconds."""
        known: dict[str, list[int]] = defaultdict(list)
        for id_ in self.counted():
            arrivals = [one.on_scene for one in self.sent if one.incident_id == id_ and one.on_scene is not None]
            if arrivals:
                known[self.priorities[id_]].append((min(arrivals) - self.received[id_]) // SECOND)
        rows = []
        for priority, n in sorted(Counter(self.priorities[id_] for id_ in self.counted()).items()):
            times = sorted(known[priority])
            norm = ARRIVAL_S[priority]
            rows.append(
                {
                    "priority": priority,
                    "terrain": "urban",
                    "n": n,
                    "with_both": len(times),
                    "unknown": n - len(times),
                    "p50_s": times[ceil(len(times) * 0.5) - 1] if times else None,
                    "p90_s": times[ceil(len(times) * 0.9) - 1] if times else None,
                    "norm_s": norm,
                    "within": sum(time <= norm for time in times),
                }
            )
        return rows

    def forces(self) -> dict[str, int]:
        """Return who was out and for how long; of this night every unit came back."""
        out = [one.cleared - one.assigned for one in self.sent if one.cleared is not None]
        assert len(out) == len(self.sent), "a unit of the ledger never came back"
        return {
            "units": len({one.sign for one in self.sent}),
            "sendings": len(out),
            "unit_s": sum(time // SECOND for time in out),
            "unknown": 0,
        }

    def significant(self) -> list[dict[str, Any]]:
        """Return what a summary says of the incidents that were chosen."""
        return [
            {
                "incident_id": id_,
                "number": self.numbers[id_],
                "category": self.kinds[id_],
                "priority": self.priorities[id_],
                "territory_id": int(self.districts[id_]),
                "outcome": self.told(id_),
            }
            for id_ in self.chosen
        ]
