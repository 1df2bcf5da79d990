"""People, records and purposes to ask the policies about, all of one small land: 1 above 7 and 8, 7 above 70."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from markaz.core.access.model import (
    Action,
    Context,
    DataClass,
    GlassBroken,
    PurposeHeld,
    Question,
    RecordKind,
    Resource,
    Subject,
    within,
)
from markaz.core.permissions import Actor, Grant, Role

NOW = datetime(2026, 11, 22, 3, 0, 0, tzinfo=UTC)
ROOT, REGION, ELSEWHERE, DISTRICT = 1, 7, 8, 70
ME, OTHER, RECORD, OTHER_RECORD = (UUID(int=number) for number in (1, 2, 101, 102))
NOBODY_ELSE: frozenset[UUID] = frozenset()


class SmallLand:
    """A land of four territories; 69 is an old version of 70."""

    PATHS: ClassVar[dict[int, tuple[int, ...]]] = {1: (1,), 7: (1, 7), 8: (1, 8), 70: (1, 7, 70)}
    CURRENT: ClassVar[dict[int, int]] = {1: 1, 7: 7, 8: 8, 70: 70, 69: 70}

    def current(self, territory_id: int) -> int | None:
        """Return the version that stands now."""
        return self.CURRENT.get(territory_id)

    def path(self, territory_id: int) -> tuple[int, ...]:
        """Return the territory and what is above it."""
        return self.PATHS[self.CURRENT[territory_id]]

    def subtree(self, territory_id: int) -> frozenset[int]:
        """Return the territory and what is below it, old versions included."""
        root = self.current(territory_id)
        return frozenset(one for one, current in self.CURRENT.items() if root in self.PATHS[current])


LAND = SmallLand()


def person(*roles: Role, territory_id: int = REGION, account: UUID = ME) -> Subject:
    """Return somebody with these roles in a territory; nobody without roles."""
    grants = tuple(Grant(role, territory_id) for role in roles)
    return Subject.of(Actor(account, "who", "Who", False, grants, 1), LAND)


def resource(kind: RecordKind = RecordKind.INCIDENT, **given: Any) -> Resource:
    """Return an open record of the district that nobody works on and that concerns no member of staff."""
    known: dict[str, Any] = {
        "record": RECORD,
        "within": within(LAND, DISTRICT),
        "is_open": True,
        "recorded_at": NOW - timedelta(hours=1),
        "workers": NOBODY_ELSE,
        "own": NOBODY_ELSE,
        "colleagues": NOBODY_ELSE,
        "shut_out": NOBODY_ELSE,
        "line": NOBODY_ELSE,
    }
    return Resource(kind, **known | given)


def purpose(**given: Any) -> PurposeHeld:
    """Return a live purpose of mine for callers of the region in the last month."""
    held = PurposeHeld(
        holder=ME,
        basis_open=True,
        data_classes=frozenset({DataClass.CALLER}),
        territories=frozenset({REGION}),
        recorded_from=NOW - timedelta(days=30),
        recorded_to=NOW + timedelta(days=1),
        expires_at=NOW + timedelta(hours=8),
    )
    return replace(held, **given)


def glass(**given: Any) -> GlassBroken:
    """Return a glass that I broke for the record, for half an hour."""
    return replace(GlassBroken(ME, RECORD, NOW + timedelta(minutes=30)), **given)


def question(
    subject: Subject,
    action: Action = Action.VIEW,
    data_class: DataClass = DataClass.CALLER,
    of: Resource | None = None,
    **why: Any,
) -> Question:
    """Return a question of this moment."""
    return Question(subject, action, data_class, of or resource(), Context(**{"now": NOW} | why))
