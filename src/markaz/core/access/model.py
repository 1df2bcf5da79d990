"""What a question about access is made of: who asks, about which record, for what, and why.

Plain values; nothing here decides. An attribute that is not known is None, and what a rule asks of an unknown attribute
denies: never put an empty set where the answer is "not looked up". `core.permissions` says who may run which operation
where; this is about the person data that the operation would show.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from markaz.core.permissions import Actor, Role


class Action(StrEnum):
    """What somebody wants to do with person data. What exactly is shown is the `DataClass`."""

    LOOK_UP = "look_up"  # find a record by something personal: a caller's number, a name
    VIEW = "view"
    CORRECT = "correct"
    ERASE = "erase"
    REVIEW = "review"  # judge a look of somebody else
    BREAK_GLASS = "break_glass"  # open one record at once, to be judged afterwards


class DataClass(StrEnum):
    """Which kind of data about people is asked for. (Retention cuts the same data by how long they are held.)"""

    CALLER = "caller"
    PARTY = "party"
    VEHICLE = "vehicle"
    ATTACHMENT = "attachment"
    NOTE = "note"
    REASON = "reason"  # the written reason of a correction, a hold, an outcome
    PLACE_HISTORY = "place_history"  # what happened at this place before
    HAZARD = "hazard"
    HELD_POSITIONS = "held_positions"
    DRAFT = "draft"
    HANDOVER_TEXT = "handover_text"
    SUMMARY_SENTENCE = "summary_sentence"
    USE = "use"  # who looked at what, when and why


class RecordKind(StrEnum):
    """Which sort of record holds the data; an entity type of the policy schema each."""

    INCIDENT = "incident"
    DRAFT = "draft"  # a call being taken
    PAPER = "paper"  # what a post writes for the next shift or the day: handover, summary
    ENTRY = "entry"  # one entry of the log

    @property
    def entity(self) -> str:
        """Return the name of the entity type in the schema."""
        return self.value.capitalize()


# Everything that is asked, and by which act. The port refuses any other question, and no policy may decide one: so what
# stands in the policies in force is what decides something.
ASKED = frozenset(
    {
        (Action.LOOK_UP, RecordKind.INCIDENT),  # finding a caller
        (Action.LOOK_UP, RecordKind.DRAFT),  # the same, for the call that is being taken
        (Action.VIEW, RecordKind.INCIDENT),
        (Action.VIEW, RecordKind.DRAFT),
        (Action.VIEW, RecordKind.PAPER),
        (Action.VIEW, RecordKind.ENTRY),  # reading the entries of the log
        (Action.CORRECT, RecordKind.INCIDENT),  # writing a party or a vehicle anew
        (Action.ERASE, RecordKind.INCIDENT),
        (Action.REVIEW, RecordKind.ENTRY),  # judging a sampled look or a broken glass
        (Action.BREAK_GLASS, RecordKind.INCIDENT),
    }
)

# Roles that work on incidents, those above them, and so on: what a rule means by "in the territory of the role".
DESK = frozenset({Role.CALL_TAKER, Role.DISPATCHER, Role.DUTY_OFFICER, Role.SUPERVISOR})
SUPERVISION = frozenset({Role.SUPERVISOR})
OVERSIGHT = frozenset({Role.DATA_PROTECTION_OFFICER, Role.AUDITOR})


class Land(Protocol):
    """What a decision needs to know of territories; `TerritoryTree` is one."""

    def current(self, territory_id: int) -> int | None:
        """Return the version of a territory that stands now, None for an unknown one."""
        ...

    def path(self, territory_id: int) -> tuple[int, ...]:
        """Return the current ids from the root down to the territory."""
        ...

    def subtree(self, territory_id: int) -> frozenset[int]:
        """Return the territory and everything in it, old versions included; empty for an unknown one."""
        ...


def within(land: Land, territory_id: int | None) -> frozenset[int] | None:
    """Return a territory and all above it, as `Resource.within` wants; None, which denies, for none or an unknown one."""
    if territory_id is None or land.current(territory_id) is None:
        return None
    return frozenset(int(one) for one in land.path(territory_id))


@dataclass(frozen=True)
class Subject:
    """Who asks: the account, its roles, and at the top of which territories each kind of role was given."""

    account: UUID
    roles: frozenset[Role]
    desk: frozenset[int]
    supervision: frozenset[int]
    oversight: frozenset[int]

    @classmethod
    def of(cls, actor: Actor, land: Land) -> "Subject":
        """Return the subject that an actor is now; a grant in an unknown territory gives nothing there."""

        def roots(roles: frozenset[Role]) -> frozenset[int]:
            found = (land.current(grant.territory_id) for grant in actor.grants if grant.role in roles)
            return frozenset(int(one) for one in found if one is not None)

        return cls(
            account=actor.id,
            roles=frozenset(grant.role for grant in actor.grants),
            desk=roots(DESK),
            supervision=roots(SUPERVISION),
            oversight=roots(OVERSIGHT),
        )


@dataclass(frozen=True)
class Resource:
    """The record. Times are aware UTC. Every attribute may be None, for not known; a rule that asks it then denies.

    `within` is its territory and all above it, `workers` whose case it is, `own` the accounts it is about, `colleagues`
    those whose colleague it is about, `shut_out` those named in a conflict of interest; `line` of a look is the viewer
    and everybody who answers to the viewer.
    """

    kind: RecordKind
    record: UUID | None = None
    within: frozenset[int] | None = None
    is_open: bool | None = None
    recorded_at: datetime | None = None
    workers: frozenset[UUID] | None = None
    own: frozenset[UUID] | None = None
    colleagues: frozenset[UUID] | None = None
    shut_out: frozenset[UUID] | None = None
    line: frozenset[UUID] | None = None


@dataclass(frozen=True)
class PurposeHeld:
    """A purpose as a decision sees it: whose, resting on an open case or not, and what it opens until when.

    `territories` are tops: what lies below one of them is within it. `records` limits it to these; None leaves it to
    territory, time and data class.
    """

    holder: UUID
    basis_open: bool
    data_classes: frozenset[DataClass]
    territories: frozenset[int]
    recorded_from: datetime
    recorded_to: datetime
    expires_at: datetime
    records: frozenset[UUID] | None = None


@dataclass(frozen=True)
class GlassBroken:
    """An emergency access: whose, to which record, until when."""

    holder: UUID
    record: UUID
    expires_at: datetime


@dataclass(frozen=True)
class Context:
    """Why and when: the time now, the purpose and the broken glass, each where there is one."""

    now: datetime
    purpose: PurposeHeld | None = None
    glass: GlassBroken | None = None


@dataclass(frozen=True)
class Question:
    """May `subject` do `action` with this class of data of `resource`?"""

    subject: Subject
    action: Action
    data_class: DataClass
    resource: Resource
    context: Context
