"""What others may know of reviews of looks: event types, closed sets, and what a review needs to know of what was looked at.

Nothing here runs. A question is a reason to look twice at an entry, never a finding; only a person gives a verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID


class ReviewEvent(StrEnum):
    """The event types of reviews; a new shape gets a new number and an upcaster."""

    SAMPLED = "review.sampled/1"
    JUDGED = "review.judged/1"
    PUBLISHED = "review.rate_published/1"


class Verdict(StrEnum):
    """What a reviewer found."""

    IN_ORDER = "in_order"
    MISUSE = "misuse"
    CANNOT_TELL = "cannot_tell"


class Question(StrEnum):
    """Why an entry stands in the risk stratum: something to ask about, no verdict and no score."""

    OWN_FAMILY_NAME = "own_family_name"
    OWN_ADDRESS = "own_address"
    OWN_NEIGHBOURHOOD = "own_neighbourhood"
    COLLEAGUE = "colleague"
    NIGHT_BURST = "night_burst"
    SELF_OPENED = "self_opened"  # rests on an incident that the viewer opened without an inbound contact
    EDITED_BEFORE = "edited_before"  # rests on an incident that the viewer edited just before
    BROKEN_GLASS = "broken_glass"


# These stand in the sample whatever their number; of the others a day takes a bounded number.
ALWAYS_ASKED = frozenset({Question.SELF_OPENED, Question.EDITED_BEFORE, Question.BROKEN_GLASS})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reviewer needs to know of an incident that was looked at; nothing of persons."""

    category: str
    priority: str
    status: str
    received_at: datetime
    territory_id: int


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """Name and address of a person in an incident, opened to be compared and not to be shown.

    `since` and `until` say when the incident held them. None: from its beginning, or still.
    """

    name: str
    address: str
    since: datetime | None = None
    until: datetime | None = None

    def was_there(self, at: datetime) -> bool:
        """Say whether a look at that moment reached this person."""
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


class LookedAt(Protocol):
    """What reviews ask of the programme whose records are looked at. `connection` is the transaction under way."""

    async def facts(self, connection: Any, record_ids: Iterable[UUID]) -> Mapping[UUID, Facts]:
        """Return the facts of those records that are incidents."""
        ...

    async def people(self, connection: Any, record_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[NamedPerson]]:
        """Return the persons whom incidents name or named until they were moved to another; erased ones are left out.

        The caller leaves the entry of this look.
        """
        ...


@dataclass(frozen=True, slots=True)
class StatedPurpose:
    """What somebody stated as the purpose of a look: its words (None: erased) and the questions it raises by itself."""

    text: str | None
    questions: frozenset[Question]


class Purposes(Protocol):
    """Where stated purposes are kept."""

    async def stated(self, connection: Any, purpose_ids: Iterable[UUID]) -> Mapping[UUID, StatedPurpose]:
        """Return the purposes by their id. The caller leaves the entry of this look."""
        ...

    async def questions(self, connection: Any, purpose_ids: Iterable[UUID]) -> Mapping[UUID, frozenset[Question]]:
        """Return the questions that purposes raise by themselves, without opening a word of them."""
        ...


class Roots(Protocol):
    """The roots of the log's entry tree."""

    async def root_at(self, connection: Any, size: int) -> bytes:
        """Return the 32-byte root of the first `size` entries (RFC 9162, section 2.1.1)."""
        ...
