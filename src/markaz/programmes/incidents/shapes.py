"""The bodies of the desk's HTTP API: parsed and bounded at the edge, then turned into commands."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from markaz.contracts.incidents import EnteredVia, Flag, PlaceConfidence, Stage, UnitStatus
from markaz.kit.clock import Precision, StatedTime
from markaz.kit.geometry import Point

MAX_POSITIONS = 1_000
_DATE_FIRST = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def storable(text: str) -> str:
    """Refuse what PostgreSQL and a screen cannot hold: NUL and lone surrogates."""
    if "\x00" in text:
        raise ValueError("must not hold a NUL character")
    text.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    return text


def _rfc3339(stated: object) -> object:
    """Refuse seconds since 1970, as a number or in quotes: whoever sends them may mean milliseconds."""
    if isinstance(stated, str) and not _DATE_FIRST.match(stated):
        raise ValueError("must be a date and time with its offset, such as 2026-03-01T12:00:00Z")
    if not isinstance(stated, str | datetime):
        raise ValueError("must be a text such as 2026-03-01T12:00:00Z")
    return stated


def _utc(at: datetime) -> datetime:
    """Bring a stated time to UTC; years that PostgreSQL or UTC cannot hold are refused."""
    if not 1900 <= at.year <= 2200:
        raise ValueError("year must be between 1900 and 2200")
    return at.astimezone(UTC)


Code = Annotated[str, StringConstraints(pattern=r"^[\w .:/&()'+,-]{1,80}$"), AfterValidator(storable)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]
ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(storable)
]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400), AfterValidator(storable)
]
LongText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), AfterValidator(storable)
]
ReportNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), AfterValidator(storable)
]
Time = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_utc)]
# Strict: of JSON's true and "5" no number is made. A query has only text, so there the plain form reads it.
Version = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
TerritoryRef = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
TerritoryQuery = Annotated[int, Field(ge=1, le=2**31 - 1)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, strict=True)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, strict=True)]

# A name everybody may know, such as a street or a market; a house number is part of an address and is sealed there.
PlaceLabel = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(storable)
]
Accuracy = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False, strict=True)]


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Body):
    """A position, WGS 84 degrees."""

    lon: Longitude
    lat: Latitude

    def point(self) -> Point:
        """Return the domain value."""
        return Point(self.lon, self.lat)


class Caller(Body):
    """Who called; sealed at once."""

    name: ShortText | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+() .-]{3,40}$")] | None = None


class AssignBody(Body):
    """Send a unit."""

    unit_id: UUID
    version: Version
    unit_version: Version | None = None
    occurred_at: Time | None = None
    via: EnteredVia | None = None


class StageBody(Body):
    """A unit reached a stage."""

    stage: Stage
    version: Version
    occurred_at: Time | None = None
    via: EnteredVia | None = None


class CorrectionBody(Body):
    """An earlier report was wrong. `occurred_at` null: it did not happen."""

    version: Version
    corrects_seq: int = Field(ge=1, le=2**63 - 1, strict=True)
    unit_id: UUID
    stage: Stage
    occurred_at: Time | None
    reason: ShortText


class ChangeBody(Body):
    """What is known changed. `place` null means unknown; leaving it out leaves it. The rest is of the new place."""

    version: Version
    reason: ShortText
    category: Code | None = None
    priority: Code | None = None
    place: Place | None = None
    territory_id: TerritoryRef | None = None
    confidence: PlaceConfidence | None = None
    accuracy_m: Accuracy | None = None
    place_label: PlaceLabel | None = None


class CloseBody(Body):
    """Close with a coded outcome, and with what it needs: see GET /api/codes."""

    version: Version
    outcome: Code
    report_number: ReportNumber | None = None
    reason: Code | None = None
    referred_to: Code | None = None
    occurred_at: Time | None = None
    via: EnteredVia | None = None


class NoteBody(Body):
    """A note; sealed at once."""

    text: LongText
    occurred_at: Time | None = None
    via: EnteredVia | None = None


class RegisterUnitBody(Body):
    """A new unit."""

    call_sign: Annotated[str, StringConstraints(pattern=r"^\w[\w .:/-]{0,19}$"), AfterValidator(storable)]
    kind: Code
    territory_id: TerritoryRef


class UnitStatusBody(Body):
    """A unit's status set by hand."""

    status: UnitStatus
    version: Version
    occurred_at: Time | None = None
    reason: Code | None = None


class PositionBody(Body):
    """One fix of a device."""

    unit_id: UUID
    lon: Longitude
    lat: Latitude
    fix_at: Time
    accuracy_m: float | None = Field(None, ge=0, le=100_000, allow_inf_nan=False, strict=True)


class PositionsBody(Body):
    """A batch of fixes."""

    positions: list[PositionBody] = Field(min_length=1, max_length=MAX_POSITIONS)


class Stated(Body):
    """A time and how precisely it was stated."""

    at: Time
    precision: Precision = Precision.SECOND

    def time(self) -> StatedTime:
        """Return the domain value."""
        return StatedTime(self.at, self.precision)


class IntakeCallBody(Body):
    """A call of another system."""

    source: Code
    call_key: Key
    number: Key
    category: Code
    priority: Code
    initial_priority: Code
    channel: Code
    place: Place | None = None
    received: Stated
    entered: Stated | None = None
    arrived: Stated | None = None
    address: Address | None = None
    outcome: Code | None = None
    flags: list[Flag] = Field(default_factory=list, max_length=20)


class IntakeUnit(Body):
    """A unit as another system names it."""

    call_sign: Key
    kind: Code


class IntakeStageBody(Body):
    """A stage of another system."""

    source: Code
    call_key: Key
    row_key: Key
    unit: IntakeUnit
    stage: Stage
    at: Time
    precision: Precision = Precision.SECOND
    flags: list[Flag] = Field(default_factory=list, max_length=20)


class IntakeCloseBody(Body):
    """The end of a call of another system."""

    source: Code
    call_key: Key
    outcome: Code
    at: Time
    precision: Precision = Precision.SECOND


class ReplayClockBody(Body):
    """The clock of a replay: what time it is there, and how fast it runs."""

    source: Code
    at: Time
    speed: float = Field(ge=0, le=1_000_000, allow_inf_nan=False, strict=True)


JSON = dict[str, Any]
