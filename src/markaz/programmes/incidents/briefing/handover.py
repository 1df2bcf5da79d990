"""The rules of a handover. Pure: values in, values or refusals out; no clock, database or network.

The outgoing officer signs first and by that offers a frozen list; the incoming one acknowledges each item and signs for
it. They are two people, and nothing that came in between may be lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from markaz.core.errors import NotPossibleNow

MISSING = frozenset({"missing_person"})
MAX_ITEMS = 2_000  # a night of a whole region; more is handed over by district
NEW_SHOWN = 20


class State(StrEnum):
    """What has become of a handover."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class Shift(StrEnum):
    """Which shift ends."""

    DAY = "day"
    NIGHT = "night"
    OTHER = "other"


class ItemKind(StrEnum):
    """What can stand in a handover. The first four are incidents and collected; the others are entered by hand."""

    MISSING_PERSON = "missing_person"
    OVERDUE_INCIDENT = "overdue_incident"
    HELD_INCIDENT = "held_incident"
    OPEN_INCIDENT = "open_incident"
    PERSON_HELD = "person_held"
    PROTECTION_ORDER = "protection_order"
    WEAPONS = "weapons"
    KEYS = "keys"
    FAULT = "fault"
    NOTE = "note"


BY_HAND = (
    ItemKind.PERSON_HELD,
    ItemKind.PROTECTION_ORDER,
    ItemKind.WEAPONS,
    ItemKind.KEYS,
    ItemKind.FAULT,
    ItemKind.NOTE,
)
ORDER = {kind: place for place, kind in enumerate(ItemKind)}


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An open incident as the desk has it now. `is_overdue`: a clock of it has run out, whichever it is.

    `safe_contact` are the rules of the incident and of its parties: whoever takes over must know before opening it.
    """

    id: UUID
    number: str
    category: str
    priority: str
    territory_id: int
    received_at: datetime
    is_overdue: bool
    is_held: bool
    version: int
    is_covert: bool = False
    safe_contact: tuple[str, ...] = ()

    @property
    def kind(self) -> ItemKind:
        """Return under which head it is handed over: the one that must not be overlooked comes first."""
        if self.category in MISSING:
            return ItemKind.MISSING_PERSON
        if self.is_overdue:
            return ItemKind.OVERDUE_INCIDENT
        return ItemKind.HELD_INCIDENT if self.is_held else ItemKind.OPEN_INCIDENT


def in_order(incidents: Sequence[OpenIncident]) -> list[OpenIncident]:
    """Return incidents as a handover lists them: by head, then by priority, the longest open first."""
    return sorted(incidents, key=lambda i: (ORDER[i.kind], i.priority, i.received_at, i.id))


def check_offer(incidents: int, by_hand: int) -> None:
    """Raise NotPossibleNow when the list is longer than one person can go through."""
    if incidents + by_hand > MAX_ITEMS:
        raise NotPossibleNow(f"More than {MAX_ITEMS} items: hand over each part of the territory by itself.")


def check_incoming(state: State, from_account: UUID, to_account: UUID | None, actor: UUID) -> None:
    """Raise NotPossibleNow unless `actor` may take this handover: it is offered, not their own, and nobody else's."""
    if state is not State.OFFERED:
        raise NotPossibleNow(f"This handover is {state.value}: it can no longer be changed.", state=state.value)
    if actor == from_account:
        raise NotPossibleNow("You signed this handover out: another officer takes it over.", reason="own")
    if to_account is not None and to_account != actor:
        raise NotPossibleNow("Another officer is taking this handover over.", reason="taken")


def check_complete(unacknowledged: int, new: Mapping[UUID, str]) -> None:
    """Raise NotPossibleNow while an item, or an incident that came after the offer, is not acknowledged."""
    if unacknowledged or new:
        raise NotPossibleNow(
            f"{unacknowledged + len(new)} items are not acknowledged yet: go through them, then sign.",
            unacknowledged=unacknowledged,
            new=sorted(new.values(), key=lambda number: (len(number), number))[:NEW_SHOWN],
            new_count=len(new),
        )
