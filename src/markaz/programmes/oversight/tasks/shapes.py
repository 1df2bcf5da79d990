"""The bodies of answers to tasks: parsed and bounded at the edge."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from markaz.programmes.oversight.tasks.domain import Carried, Confirmation

# What turns text round on a screen or cannot be stored; a line feed is allowed.
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
REMARK_LEAST = 10  # one word explains nothing


def fit(text: str) -> str:
    """Return `text`. Raises ValueError when it holds what no text needs."""
    if _UNFIT.search(text):
        raise ValueError("must not hold control characters or characters that turn the direction of text")
    return text


Version = Annotated[int, Field(ge=1, le=2**31 - 3, strict=True)]
Remark = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=REMARK_LEAST, max_length=2_000), AfterValidator(fit)
]


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TakeBody(Body):
    """The version of the task that was seen."""

    version: Version


class CarriedBody(Body):
    """What became of a correction, on the version seen; the remark is sealed."""

    version: Version
    answer: Carried
    remark: Remark | None = None


class ConfirmationBody(Body):
    """Whether rights given on the machine are in order, on the version seen; the remark is sealed."""

    version: Version
    answer: Confirmation
    remark: Remark | None = None
