"""How somebody stands to a record: whose case it is, and what makes a look at it worth a second look. Plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from markaz.core.access.model import RecordKind
from markaz.core.db.pool import Connection
from markaz.core.permissions import Actor


class Relation(StrEnum):
    """What makes a record somebody's own work, so that it is its own purpose for them."""

    OWNER = "owner"
    OPENED = "opened"  # opened the incident or took a call of it
    DISPATCHER = "dispatcher"  # sent, held or guided units for it
    CREW = "crew"  # logged on to a unit that works for it
    ALARM = "alarm"  # has taken an alarm of it that has not ended
    WRAP_UP = "wrap_up"  # was one of the first three until it was closed a short while ago
    OWN_CALL = "own_call"  # is writing this very call down
    HANDOVER = "handover"  # signs it out or in
    AUTHOR = "author"  # made it
    HOLDER = "holder"  # had the positions held


@dataclass(frozen=True, slots=True)
class Standing:
    """A record and how one person stands to it. `log_kind` and `label` name it in the log, `reference` to people; they name no person.

    `is_open`: work on it goes on. `recorded_at`: when it came, None for unknown. `self_opened`: whoever looks opened it
    themselves and nothing shows that anybody called. `edited_before`: they changed what it is about, or took it to
    themselves, shortly before. `about`: the one incident that a task is about, as a purpose tied to it opens no other.
    """

    kind: RecordKind
    log_kind: str
    id: UUID
    territory_id: int
    label: str
    reference: str
    is_open: bool
    recorded_at: datetime | None
    relations: tuple[Relation, ...] = ()
    is_shut_out: bool = False
    self_opened: bool = False
    edited_before: bool = False
    about: UUID | None = None


class Incidents(Protocol):
    """What access must know of incidents; the duty desk gives it. Records the actor may not see are not there."""

    async def by_id(self, connection: Connection, actor: Actor, incident_id: UUID) -> Standing | None:
        """Return an incident as this actor stands to it."""
        ...

    async def by_number(self, connection: Connection, actor: Actor, number: str) -> Sequence[Standing]:
        """Return the incidents with a number; an imported number may stand twice."""
        ...

    async def mine(self, connection: Connection, actor: Actor) -> Sequence[Standing]:
        """Return open incidents assigned to this actor, the newest first, up to a bound."""
        ...
