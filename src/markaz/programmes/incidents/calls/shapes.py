"""The bodies of taking calls: parsed and bounded at the edge, then turned into commands."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

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
    storable,
)

Reference = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z /._-]{0,39}$")]
SafeContacts = Annotated[list[SafeContact], Field(max_length=len(SafeContact))]

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
FieldText = Annotated[str, StringConstraints(max_length=4000), AfterValidator(storable)]
FIELDS_MOST = 40


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
    draft_id: UUID | None = None


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
    category: Code | None = None
    priority: Code | None = None
    draft_id: UUID | None = None


class CallerBody(Body):
    """What is learnt of a caller after the incident was opened; sealed at once. A caution is only ever added."""

    caller: Caller | None = None
    address: Address | None = None
    covert: Annotated[bool, Field(strict=True)] = False
    safe_contact: SafeContacts = Field(default_factory=list)


class DraftBody(Body):
    """Fields of an unfinished form, each as it was typed; null takes one away, what is left out stays."""

    fields: dict[FieldName, FieldText | None] = Field(min_length=1, max_length=FIELDS_MOST)


class HazardBody(Body):
    """A hazard note: about a place, never about a person by name. The text is sealed at once."""

    place: Place
    radius_m: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False, strict=True)]
    source: Code
    ground: Code
    text: ShortText
    expires_at: Time


class FindBody(Body):
    """What to find. `callers` asks for callers even when an incident, a unit or a place answers."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(storable)]
    callers: Annotated[bool, Field(strict=True)] = False
