"""The bodies of the reviews' HTTP API: parsed and bounded at the edge."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from markaz.contracts.reviews import Verdict

REASON_LEAST = 10  # a verdict of one word cannot be reviewed itself
# What turns text round on a screen or cannot be stored; a line feed is allowed.
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def fit(text: str) -> str:
    """Return `text`. Raises ValueError when it holds what no text needs."""
    if _UNFIT.search(text):
        raise ValueError("must not hold control characters or characters that turn the direction of text")
    return text


Version = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
TerritoryRef = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=REASON_LEAST, max_length=2_000), AfterValidator(fit)
]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(fit)]
Quarter = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-Q[1-4]$")]


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VerdictBody(Body):
    """A verdict on the version seen, with its reason."""

    version: Version
    verdict: Verdict
    reason: Reason


class PublishBody(Body):
    """The quarter whose rate is published, such as 2026-Q3."""

    quarter: Quarter


class DeclaredBody(Body):
    """What somebody declares of themselves; only a keyed hash of the address is kept."""

    home_territory_id: TerritoryRef | None = None
    home_address: Line | None = None
