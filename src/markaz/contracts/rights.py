"""What others may know of requests by persons about their own data: event types, closed sets, and who can find a person.

Nothing here runs. The four rights, and the grounds on which an answer may wait, follow Directive (EU) 2016/680, articles
13 to 16; a deployment's own law decides which of them it uses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID


class RightEvent(StrEnum):
    """The event types of requests; a new shape gets a new number and an upcaster."""

    REQUESTED = "right.requested/1"
    ANSWERED = "right.answered/1"
    DELAYED = "right.delayed/1"
    RENEWED = "right.delay_renewed/1"
    DELAY_ENDED = "right.delay_ended/1"
    RESTRICTED = "right.restricted/1"
    RESTRICTION_LIFTED = "right.restriction_lifted/1"


class RightKind(StrEnum):
    """What a person asks."""

    WHO_LOOKED = "who_looked"
    CORRECTION = "correction"
    RESTRICTION = "restriction"
    ERASURE = "erasure"


class RightAnswer(StrEnum):
    """How a request was answered."""

    GRANTED = "granted"
    IN_PART = "in_part"
    REFUSED = "refused"


class IdentityDocument(StrEnum):
    """What was seen to know who asks. No copy and no number of it is kept."""

    PASSPORT = "passport"
    ID_CARD = "id_card"
    DRIVING_LICENCE = "driving_licence"
    BIRTH_CERTIFICATE = "birth_certificate"  # of a child, with the document of who represents it
    POWER_OF_ATTORNEY = "power_of_attorney"
    OTHER_OFFICIAL = "other_official"


class DelayGround(StrEnum):
    """Why a look may be disclosed later: the closed list of article 15(1) of Directive (EU) 2016/680."""

    INQUIRY = "inquiry"  # to avoid obstructing an official inquiry
    DETECTION = "detection"  # to avoid prejudicing prevention, detection or prosecution
    PUBLIC_SECURITY = "public_security"
    NATIONAL_SECURITY = "national_security"
    RIGHTS_OF_OTHERS = "rights_of_others"  # a witness, a victim


PHOTO = "photo"  # the role of a record that is no person but a picture, perhaps of somebody else


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One sealed record of a person in one incident: a caller, a party; or a photo that may show them."""

    sealed_id: UUID
    incident_id: UUID
    number: str
    territory_id: int
    role: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """From when until when an incident held records of a person. None: from its beginning, or still."""

    incident_id: UUID
    number: str
    received_at: datetime  # of the incident
    since: datetime | None
    until: datetime | None


class PersonRecords(Protocol):
    """Who finds a person by what the person states, and erases. Implemented by programmes that hold persons."""

    async def of_phone(self, connection: Any, phone: str, territory_ids: Iterable[int]) -> Sequence[PersonRecord]:
        """Return the records of a telephone number in incidents, closed ones too, that are of those territories, or that
        hold now what one of those territories held before."""
        ...

    async def of_name(
        self, connection: Any, number: str, name: str, territory_ids: Iterable[int]
    ) -> Sequence[PersonRecord]:
        """Return the records whose name is `name`, however it is spelt, and that the incident of that number holds, or
        held before they were moved to another."""
        ...

    async def stays(self, connection: Any, sealed_ids: Iterable[UUID]) -> Sequence[Stay]:
        """Return which incidents held these records when, wherever they are."""
        ...

    async def photos(self, connection: Any, incident_ids: Iterable[UUID]) -> Sequence[PersonRecord]:
        """Return the photos of incidents in which a person was found; nothing says who is on one."""
        ...

    async def erase(self, act: Any, records: Sequence[PersonRecord]) -> int:
        """Destroy the keys of these records in the act under way and return how many; the entry is the caller's."""
        ...
