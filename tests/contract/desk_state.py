"""What the desk in memory holds: seven territories, incidents and the sendings of units. The acts are in desk_model.py."""

import pickle
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from markaz.contracts.incidents import Stage
from markaz.core.permissions import Permission
from markaz.programmes.incidents import domain
from markaz.programmes.incidents.picture import JSON, assignment_view, incident_view

OFFICER = UUID("a0000000-0000-7000-8000-000000000001")

# 1 holds 2 and 3; 2 holds 4 and 5; 3 holds 6 and 7.
SUBTREES = {
    1: frozenset(range(1, 8)),
    2: frozenset({2, 4, 5}),
    3: frozenset({3, 6, 7}),
    **{n: frozenset({n}) for n in (4, 5, 6, 7)},
}


class Hierarchy:
    """Seven territories on three levels."""

    def subtree(self, territory_id: int) -> frozenset[int]:
        """Return the territory and everything below it."""
        return SUBTREES.get(territory_id, frozenset())


@dataclass
class Incident:
    """An incident's row and, for each unit, its current sending and the one before, which no picture shows."""

    row: dict[str, Any]
    units: dict[UUID, "Sending"] = field(default_factory=dict)
    ordinals: dict[UUID, int] = field(default_factory=dict)
    past: dict[UUID, "Sending"] = field(default_factory=dict)
    party_rules: tuple[str, ...] = ()

    def view(self) -> JSON:
        """Return the picture of it."""
        units = {
            str(unit_id): assignment_view(s.call_sign, s.ordinal, s.stages.items()) for unit_id, s in self.units.items()
        }
        return incident_view(self.row, units, self.party_rules)


@dataclass
class Sending:
    """One sending of a unit."""

    call_sign: str
    ordinal: int
    stages: dict[Stage, datetime]


T = TypeVar("T")
Scopes = dict[Permission, frozenset[int]]


def index_of(stage: Stage) -> int:
    """Return where a stage stands in their order."""
    return domain.STAGES.index(stage)


def copied(value: T) -> T:
    """Return a copy that shares nothing with `value`, several times faster than copy.deepcopy does it."""
    made: T = pickle.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    return made


def within(views: Iterable[JSON], territories: frozenset[int]) -> list[JSON]:
    """Return copies of the views that lie in these territories."""
    return [copied(view) for view in views if view["territory_id"] in territories]
