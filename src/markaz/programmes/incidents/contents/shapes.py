"""The bodies of the routes about an incident's contents: parsed and bounded at the edge, then turned into commands."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from markaz.contracts.incidents import ConflictGround, LinkKind, PartyRole, SafeContact, VehicleRole
from markaz.programmes.incidents.contents import commands
from markaz.programmes.incidents.shapes import Address, Body, Code, LongText, ShortText, TerritoryRef, Version

Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+() .-]{3,40}$")]
Rules = Annotated[list[SafeContact], Field(max_length=len(SafeContact))]
Ids = Annotated[list[UUID], Field(max_length=500)]


class PartyBody(Body):
    """A person in this incident; what names them is sealed at once. What is known stands apart from what is thought."""

    role: PartyRole
    is_minor: bool = Field(False, strict=True)
    is_unknown: bool = Field(False, strict=True)
    safe_contact: Rules = Field(default_factory=list)
    name: ShortText | None = None
    phone: Phone | None = None
    address: Address | None = None
    born_year: int | None = Field(None, ge=1880, le=2200, strict=True)
    fact: LongText | None = None
    opinion: LongText | None = None

    def party(self) -> commands.Party:
        """Return the domain value."""
        return commands.Party(
            role=self.role,
            is_minor=self.is_minor,
            is_unknown=self.is_unknown,
            safe_contact=tuple(sorted(set(self.safe_contact))),
            name=self.name,
            phone=self.phone,
            address=self.address,
            born_year=self.born_year,
            fact=self.fact,
            opinion=self.opinion,
        )


class PartyCorrectionBody(PartyBody):
    """A party as it should read. `version` is the party's own, as seen."""

    version: Version
    reason: ShortText


class VehicleBody(Body):
    """A vehicle in this incident; plate and description are sealed at once."""

    role: VehicleRole
    plate: ShortText | None = None
    description: LongText | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "VehicleBody":
        if self.plate is None and self.description is None:
            raise ValueError("give the plate or a description")
        return self

    def vehicle(self) -> commands.Vehicle:
        """Return the domain value."""
        return commands.Vehicle(self.role, self.plate, self.description)


class VehicleCorrectionBody(VehicleBody):
    """A vehicle as it should read. `version` is the vehicle's own, as seen."""

    version: Version
    reason: ShortText


class ContactRulesBody(Body):
    """How the people of an incident may be reached, and whether it is covert."""

    version: Version
    safe_contact: Rules
    covert: bool = Field(strict=True)

    def command(self) -> commands.SetContactRules:
        """Return the command."""
        return commands.SetContactRules(self.version, tuple(sorted(set(self.safe_contact))), self.covert)


class LinkBody(Body):
    """Two incidents belong together."""

    other_id: UUID
    kind: LinkKind


class MergeBody(Body):
    """This incident is the same as another, which takes over what it holds."""

    version: Version
    into_id: UUID
    into_version: Version | None = None
    reason: ShortText


class SplitBody(Body):
    """What is named here is an incident of its own."""

    version: Version
    reason: ShortText
    category: Code | None = None
    priority: Code | None = None
    calls: Ids = Field(default_factory=list)
    notes: Ids = Field(default_factory=list)
    parties: Ids = Field(default_factory=list)
    vehicles: Ids = Field(default_factory=list)
    attachments: Ids = Field(default_factory=list)


class ReopenBody(Body):
    """A closed incident goes on."""

    version: Version
    reason: ShortText


class ShutOutBody(Body):
    """A conflict of interest. `territory_id` is the post that loses the incident; absent: the one that handles it now."""

    version: Version
    ground: ConflictGround
    territory_id: TerritoryRef | None = None
    account_ids: Annotated[list[UUID], Field(max_length=20)] = Field(default_factory=list)
