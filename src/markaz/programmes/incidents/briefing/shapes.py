"""The bodies of the briefing's HTTP API: parsed and bounded at the edge."""

import re
from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from markaz.programmes.incidents.briefing.handover import ItemKind, Shift
from markaz.programmes.incidents.briefing.handovers import HandItem
from markaz.programmes.incidents.shapes import Body, ShortText, TerritoryRef, Time

MAX_SIGNIFICANT = 50
MAX_BY_HAND = 100_000
MAX_HAND_ITEMS = 200
_DAY = re.compile(r"(19|20|21)\d\d-\d\d-\d\d")


def _day(stated: object) -> object:
    """Refuse numbers and times: a day is text such as 2026-03-01."""
    if not isinstance(stated, date) and not (isinstance(stated, str) and _DAY.fullmatch(stated)):
        raise ValueError("must be a day such as 2026-03-01")
    return stated


Day = Annotated[date, BeforeValidator(_day)]
ByHandNumber = Annotated[int, Field(ge=0, le=MAX_BY_HAND, strict=True)]


class HandItemBody(Body):
    """Something handed over that is entered by hand."""

    kind: Literal["person_held", "protection_order", "weapons", "keys", "fault", "note"]
    count: ByHandNumber | None = None
    since: Time | None = None
    text: ShortText | None = None

    def item(self) -> HandItem:
        """Return the domain value."""
        return HandItem(ItemKind(self.kind), self.count, self.since, self.text)


class OfferBody(Body):
    """Sign a shift out."""

    territory_id: TerritoryRef
    shift: Shift
    by_hand: list[HandItemBody] = Field(default_factory=list, max_length=MAX_HAND_ITEMS)


class AcknowledgeBody(Body):
    """Acknowledge one item: by its id, or an incident that came after the offer by its own."""

    item_id: UUID | None = None
    incident_id: UUID | None = None
    remark: ShortText | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.item_id is None) == (self.incident_id is None):
            raise ValueError("name either item_id or incident_id")
        return self


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
