"""The bodies of the rights' HTTP API: parsed and bounded at the edge, then turned into values of the service."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from markaz.contracts.rights import DelayGround, IdentityDocument, RightAnswer, RightKind
from markaz.programmes.oversight.rights.domain import LONGEST_MONTHS
from markaz.programmes.oversight.rights.service import NewRequest

RECORDS_MOST = 500
LOOKS_MOST = 200
REASONS_LEAST = 10  # an answer of one word is none
PHONE_DIGITS_LEAST = 5
# What turns text round on a screen or cannot be stored; a line feed is allowed.
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def _fit(text: str) -> str:
    if _UNFIT.search(text):
        raise ValueError("must not hold control characters or characters that turn the direction of text")
    return text


def _dialled(text: str) -> str:
    if sum(character.isdigit() for character in text) < PHONE_DIGITS_LEAST:
        raise ValueError(f"must hold at least {PHONE_DIGITS_LEAST} digits")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_fit)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000), AfterValidator(_fit)]
Reasons = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=REASONS_LEAST, max_length=4_000), AfterValidator(_fit)
]
Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_fit), AfterValidator(_dialled)
]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(_fit)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
TerritoryRef = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
EntryRef = Annotated[int, Field(ge=1, le=2**62, strict=True)]
Months = Annotated[int, Field(ge=1, le=LONGEST_MONTHS, strict=True)]
Language = Literal["uz-Latn", "uz-Cyrl", "ru", "en"]


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RightRequestBody(Body):
    """What a person asks, who they are, and where to look. `identity_seen` states that the document was looked at."""

    kind: RightKind
    territory_id: TerritoryRef
    language: Language
    identity_document: IdentityDocument
    identity_seen: Literal[True]
    name: Line
    reach: Line
    text: Text = ""
    phone: Phone | None = None
    incident_number: Number | None = None

    def new(self) -> NewRequest:
        """Return the service's value."""
        return NewRequest(
            kind=self.kind,
            territory_id=self.territory_id,
            language=self.language,
            document=self.identity_document,
            name=self.name,
            reach=self.reach,
            text=self.text,
            phone=self.phone,
            incident_number=self.incident_number,
        )


class RightAnswerBody(Body):
    """An answer on the version seen. `records` are those it is granted for; left out, all that were found."""

    version: Version
    answer: RightAnswer
    reasons: Reasons | None = None
    records: Annotated[list[UUID], Field(min_length=1, max_length=RECORDS_MOST)] | None = None


class DelayBody(Body):
    """Looks whose disclosure waits: why, and for how many months."""

    entries: Annotated[list[EntryRef], Field(min_length=1, max_length=LOOKS_MOST)]
    ground: DelayGround
    months: Months


class RenewalBody(Body):
    """A further time for a delay."""

    ground: DelayGround
    months: Months
