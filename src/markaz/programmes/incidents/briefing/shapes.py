"""The bodies of the briefing's HTTP API: parsed and bounded at the edge."""

import re
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from markaz.programmes.incidents.shapes import Body, ShortText, TerritoryRef

MAX_SIGNIFICANT = 50
MAX_BY_HAND = 100_000
_DAY = re.compile(r"(19|20|21)\d\d-\d\d-\d\d")


def _day(stated: object) -> object:
    """Refuse numbers and times: a day is text such as 2026-03-01."""
    if not isinstance(stated, date) and not (isinstance(stated, str) and _DAY.fullmatch(stated)):
        raise ValueError("must be a day such as 2026-03-01")
    return stated


Day = Annotated[date, BeforeValidator(_day)]
ByHandNumber = Annotated[int, Field(ge=0, le=MAX_BY_HAND, strict=True)]


class ByHandBody(Body):
    """What no programme counts yet, entered by hand; null: not entered."""

    brought_in: ByHandNumber | None = None
    persons_dead: ByHandNumber | None = None
    persons_injured: ByHandNumber | None = None


class SignificantBody(Body):
    """An incident the supervisor chose. The sentence must name nobody; it is sealed, so that it can be erased."""

    incident_id: UUID
    sentence: ShortText | None = None


class MakeSummaryBody(Body):
    """Make the next version of a day's summary."""

    territory_id: TerritoryRef
    day: Day
    by_hand: ByHandBody = ByHandBody()
    significant: list[SignificantBody] = Field(default_factory=list, max_length=MAX_SIGNIFICANT)
