"""The bodies of the warnings' HTTP API: parsed and bounded at the edge, then turned into values of the domain."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from markaz.contracts.alerts import (
    Category,
    Certainty,
    MsgType,
    ResponseType,
    ReturnReason,
    Severity,
    Status,
    UntranslatedReason,
    Urgency,
)
from markaz.kit.geometry import Point
from markaz.programmes.alerts.domain import Circle, Draft, Text

TERRITORIES_MAX = 50
CORNERS_MAX = 100
RADIUS_MAX_KM = 500
_DATE_FIRST = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
# What XML cannot hold, and what turns text round on a screen; a line feed is allowed.
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def _fit(text: str) -> str:
    if _UNFIT.search(text):
        raise ValueError("must not hold control characters or characters that turn the direction of text")
    return text


def _rfc3339(stated: object) -> object:
    if isinstance(stated, str) and not _DATE_FIRST.match(stated):
        raise ValueError("must be a date and time with its offset, such as 2026-03-01T12:00:00Z")
    if not isinstance(stated, str | datetime):
        raise ValueError("must be a text such as 2026-03-01T12:00:00Z")
    return stated


def _utc(at: datetime) -> datetime:
    """Bring a stated time to UTC and to the second, which is all that CAP can say."""
    if not 1900 <= at.year <= 2200:
        raise ValueError("year must be between 1900 and 2200")
    return at.astimezone(UTC).replace(microsecond=0)


Time = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_utc)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
TerritoryRef = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=160), AfterValidator(_fit)]  # as CAP asks
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000), AfterValidator(_fit)]


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TextBody(Body):
    """What is said in one language."""

    event: Line = ""
    headline: Line = ""
    description: Paragraph = ""
    instruction: Paragraph = ""
    place: Line = ""


class PlaceBody(Body):
    """A position, WGS 84 degrees."""

    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, strict=True)]
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, strict=True)]

    def point(self) -> Point:
        """Return the domain value."""
        return Point(self.lon, self.lat)


class CircleBody(PlaceBody):
    """Everything within a distance of a point."""

    radius_km: Annotated[float, Field(gt=0, le=RADIUS_MAX_KM, allow_inf_nan=False, strict=True)]


class TextsBody(Body):
    """The languages of a warning."""

    uz_latn: TextBody = Field(TextBody(), alias="uz-Latn")
    uz_cyrl: TextBody = Field(TextBody(), alias="uz-Cyrl")
    ru: TextBody = TextBody()
    en: TextBody = TextBody()


class WarningBody(Body):
    """The whole of a draft; what is left out is empty."""

    status: Status
    category: Category
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    texts: TextsBody
    response_type: ResponseType | None = None
    effective: Time | None = None
    onset: Time | None = None
    expires: Time | None = None
    untranslated: UntranslatedReason | None = None
    territory_ids: Annotated[list[TerritoryRef], Field(max_length=TERRITORIES_MAX)] = []
    circle: CircleBody | None = None
    polygon: Annotated[list[PlaceBody], Field(max_length=CORNERS_MAX)] = []

    def draft(self) -> Draft:
        """Return the domain value."""
        circle = self.circle
        texts = self.texts.model_dump(by_alias=True)
        return Draft(
            status=self.status,
            category=self.category,
            urgency=self.urgency,
            severity=self.severity,
            certainty=self.certainty,
            texts={language: Text(**text) for language, text in texts.items()},
            response_type=self.response_type,
            effective=self.effective,
            onset=self.onset,
            expires=self.expires,
            untranslated=self.untranslated,
            territory_ids=tuple(dict.fromkeys(self.territory_ids)),
            circle=None if circle is None else Circle(circle.point(), circle.radius_km),
            polygon=tuple(place.point() for place in self.polygon),
        )


class NewDraftBody(WarningBody):
    """A new draft, and whose territory it is for."""

    territory_id: TerritoryRef


class ChangedDraftBody(WarningBody):
    """A draft written anew, on top of the version seen."""

    version: Version


class VersionBody(Body):
    """An act on the version seen."""

    version: Version


class ReturnBody(VersionBody):
    """A draft given back."""

    reason: ReturnReason


class FollowUpBody(VersionBody):
    """A later message about an issued one."""

    msg_type: Literal[MsgType.UPDATE, MsgType.CANCEL]
