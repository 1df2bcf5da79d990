"""A CAP 1.2 message as values, element by element. No XML, no rule of ours: what a message may say is in domain.py.

Names follow the elements of OASIS CAP 1.2 (1 July 2010), section 3.2. Foreign areas are kept as the text they came as,
so that nothing is lost when a shape cannot be drawn.
"""

from dataclasses import dataclass
from datetime import datetime

from markaz.contracts.alerts import Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency

CAP_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A value of a list that somebody else keeps: eventCode, parameter, geocode."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message. `sent` is the text it was sent with, because receivers compare it letter by letter."""

    sender: str
    identifier: str
    sent: str

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier},{self.sent}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that belongs to an info block. It is never fetched."""

    description: str
    mime_type: str
    size: int | None = None
    uri: str | None = None
    deref_uri: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """Where: a name for people, and shapes as text: `lat,lon lat,lon ...` and `lat,lon radius_km`. Heights in feet."""

    description: str
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    geocodes: tuple[NamedValue, ...] = ()
    altitude_ft: str | None = None
    ceiling_ft: str | None = None


@dataclass(frozen=True, slots=True)
class Info:
    """What is said, in one language."""

    categories: tuple[Category, ...]
    event: str
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    language: str | None = None
    response_types: tuple[ResponseType, ...] = ()
    audience: str | None = None
    event_codes: tuple[NamedValue, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    parameters: tuple[NamedValue, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One CAP message."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MsgType
    scope: Scope
    source: str | None = None
    restriction: str | None = None
    addresses: str | None = None
    codes: tuple[str, ...] = ()
    note: str | None = None
    references: str | None = None
    incidents: str | None = None
    infos: tuple[Info, ...] = ()


def cap_time(at: datetime) -> str:
    """Return a time as CAP 1.2 section 3.3.2 wants it: seconds, a numeric offset, and UTC as -00:00."""
    return at.replace(microsecond=0).isoformat().replace("+00:00", "-00:00")


def read_references(text: str | None) -> tuple[Reference, ...]:
    """Return the references of a message; entries that are no `sender,identifier,sent` are left out."""
    entries = [entry.split(",") for entry in (text or "").split()]
    return tuple(Reference(*entry) for entry in entries if len(entry) == 3 and all(entry))
