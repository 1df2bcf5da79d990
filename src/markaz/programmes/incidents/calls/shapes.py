"""The bodies of taking calls: parsed and bounded at the edge, then turned into commands."""

from typing import Annotated

from pydantic import Field, StringConstraints

from markaz.contracts.incidents import EnteredVia, PlaceConfidence, SafeContact
from markaz.programmes.incidents.shapes import (
    Accuracy,
    Address,
    Body,
    Caller,
    Code,
    LongText,
    Place,
    PlaceLabel,
    ShortText,
    TerritoryRef,
    Time,
)

Reference = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z /._-]{0,39}$")]
SafeContacts = Annotated[list[SafeContact], Field(max_length=len(SafeContact))]


class OpenIncidentBody(Body):
    """A new call and its incident. Caller, address, note and the reason of another priority are sealed at once."""

    category: Code
    priority: Code
    channel: Code
    place: Place | None = None
    territory_id: TerritoryRef | None = None
    caller: Caller | None = None
    address: Address | None = None
    note: LongText | None = None
    occurred_at: Time | None = None
    confidence: PlaceConfidence = PlaceConfidence.UNKNOWN
    accuracy_m: Accuracy | None = None
    place_label: PlaceLabel | None = None
    covert: Annotated[bool, Field(strict=True)] = False
    safe_contact: SafeContacts = Field(default_factory=list)
    entered_via: EnteredVia = EnteredVia.CONSOLE
    reference: Reference | None = None
    priority_reason: ShortText | None = None


class AddCallBody(Body):
    """A further call about an open incident; what names the caller and what was said are sealed at once."""

    channel: Code
    caller: Caller | None = None
    address: Address | None = None
    text: LongText | None = None
    occurred_at: Time | None = None
    covert: Annotated[bool, Field(strict=True)] = False
    safe_contact: SafeContacts = Field(default_factory=list)
    entered_via: EnteredVia = EnteredVia.CONSOLE
    reference: Reference | None = None
