"""What a desk can be told to do with the contents of incidents: typed commands, free of any transport."""

from dataclasses import dataclass
from uuid import UUID

from markaz.contracts.incidents import ConflictGround, LinkKind, PartyRole, SafeContact, VehicleRole


@dataclass(frozen=True, slots=True)
class Party:
    """A person in one incident. Sealed: name, phone, address, born_year, fact, opinion."""

    role: PartyRole
    is_minor: bool
    is_unknown: bool
    safe_contact: tuple[SafeContact, ...] = ()
    name: str | None = None
    phone: str | None = None
    address: str | None = None
    born_year: int | None = None
    fact: str | None = None
    opinion: str | None = None

    def sealed(self) -> dict[str, str]:
        """Return the fields that name the person."""
        born = None if self.born_year is None else str(self.born_year)
        fields = {
            "name": self.name,
            "phone": self.phone,
            "address": self.address,
            "born_year": born,
            "fact": self.fact,
            "opinion": self.opinion,
        }
        return {field: text for field, text in fields.items() if text}


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle in one incident. Sealed: plate, description."""

    role: VehicleRole
    plate: str | None = None
    description: str | None = None

    def sealed(self) -> dict[str, str]:
        """Return the fields that lead to its owner."""
        return {name: text for name, text in (("plate", self.plate), ("description", self.description)) if text}


@dataclass(frozen=True, slots=True)
class SetContactRules:
    """How the people of an incident may be reached, and whether it is covert."""

    version: int
    safe_contact: tuple[SafeContact, ...]
    is_covert: bool


@dataclass(frozen=True, slots=True)
class Link:
    """Two incidents belong together."""

    other_id: UUID
    kind: LinkKind


@dataclass(frozen=True, slots=True)
class Merge:
    """This incident is the same as `into_id`, which takes over all it holds. The reason is sealed."""

    version: int
    into_id: UUID
    reason: str
    into_version: int | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Part of this incident is another one: what is named moves there. The reason is sealed."""

    version: int
    reason: str
    category: str | None = None
    priority: str | None = None
    calls: frozenset[UUID] = frozenset()
    notes: frozenset[UUID] = frozenset()
    parties: frozenset[UUID] = frozenset()
    vehicles: frozenset[UUID] = frozenset()
    attachments: frozenset[UUID] = frozenset()

    def chosen(self) -> dict[str, frozenset[UUID]]:
        """Return what moves, by the name of its table."""
        return {
            "calls": self.calls,
            "notes": self.notes,
            "parties": self.parties,
            "vehicles": self.vehicles,
            "attachments": self.attachments,
        }


@dataclass(frozen=True, slots=True)
class Reopen:
    """A closed incident goes on. The reason is sealed."""

    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class ShutOut:
    """A conflict of interest: the post of `territory_id` (None: where it is handled now) and these people lose it."""

    version: int
    ground: ConflictGround
    territory_id: int | None = None
    account_ids: frozenset[UUID] = frozenset()
