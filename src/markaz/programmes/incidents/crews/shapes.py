"""The bodies of the API of units and crews: parsed and bounded at the edge."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from markaz.programmes.incidents.crews.domain import CREW_MAX
from markaz.programmes.incidents.shapes import Body, Code, ShortText, TerritoryRef, Time, Version, storable

Vehicle = Annotated[str, StringConstraints(pattern=r"^\w[\w .:/-]{0,19}$"), AfterValidator(storable)]


class LogOnBody(Body):
    """A crew reports for duty. An officer who sends it is one of the crew, named or not."""

    crew: list[UUID] = Field(default_factory=list, max_length=CREW_MAX)
    crew_size: int = Field(1, ge=1, le=CREW_MAX, strict=True)
    vehicle: Vehicle | None = None
    skills: list[Code] = Field(default_factory=list, max_length=20)
    shift_id: UUID | None = None
    takes_over: bool = Field(False, strict=True)


class OwnerBody(Body):
    """Who shall own an incident: `me` or a colleague's account."""

    to: UUID | Literal["me"]
    version: Version


class PresenceBody(Body):
    """Which incident a desk has open; null for none."""

    incident_id: UUID | None


class LendBody(Body):
    """Lend a unit to a neighbour until a time; `request_id` names the request it answers."""

    to_territory: TerritoryRef
    until: Time
    version: Version
    request_id: UUID | None = None


class UnitReturnBody(Body):
    """Send a lent unit home."""

    version: Version


class AidBody(Body):
    """Ask a neighbour for units of a kind until a time."""

    territory_id: TerritoryRef
    from_territory: TerritoryRef
    kind: Code
    count: int = Field(ge=1, le=20, strict=True)
    until: Time
    reason: Code


class RefusalBody(Body):
    """Say no to a request, with the reason as a code."""

    version: Version
    reason: Code


class PositionHoldBody(Body):
    """Keep the positions of an incident's units past their 30 days; the reason is sealed."""

    until: Time
    reason: ShortText


class ShiftBody(Body):
    """Plan a shift of the profile on a day, local time."""

    territory_id: TerritoryRef
    name: Code
    day: date


class RosterEntry(Body):
    """Somebody stands on a unit."""

    unit_id: UUID
    account_id: UUID


class RosterBody(Body):
    """The whole roster of a shift; `version` is the shift's as seen."""

    version: Version
    entries: list[RosterEntry] = Field(max_length=2_000)


class RosterSwapBody(Body):
    """Ask a colleague to stand in for one in a shift."""

    shift_id: UUID
    to: UUID


class SwapStepBody(Body):
    """The next step of a swap."""

    version: Version
    step: Literal["accepted", "declined", "withdrawn"]


class SwapDecisionBody(Body):
    """The supervisor's word on a swap that was accepted."""

    version: Version
    step: Literal["confirmed", "rejected"]
