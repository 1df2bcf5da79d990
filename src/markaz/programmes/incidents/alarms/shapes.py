"""The bodies of the alarms' HTTP API."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from markaz.kit.geometry import Point
from markaz.programmes.incidents.alarms.raising import Emergency
from markaz.programmes.incidents.shapes import Latitude, Longitude, Time


class EmergencyBody(BaseModel):
    """What is known of an emergency; an empty object when nothing is."""

    model_config = ConfigDict(extra="forbid")

    lon: Longitude | None = None
    lat: Latitude | None = None
    accuracy_m: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False, strict=True)] | None = None
    occurred_at: Time | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.lon is None) != (self.lat is None):
            raise ValueError("a place needs lon and lat")
        return self

    def press(self) -> Emergency:
        """Return the press of the button."""
        place = None if self.lon is None or self.lat is None else Point(self.lon, self.lat)
        return Emergency(place, self.accuracy_m, self.occurred_at)


class WelfareBody(BaseModel):
    """The word of a crew: it is well. There is no other word here; whoever is not well has the emergency button."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ok: Literal[True]


class ResolutionBody(BaseModel):
    """How an emergency ended."""

    model_config = ConfigDict(extra="forbid")

    reason: Literal["safe", "help_given", "pressed_by_mistake", "drill"]
