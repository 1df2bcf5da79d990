"""What a desk can do with units beyond sending one: typed commands, free of any transport."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from markaz.contracts.incidents import EnteredVia, Stage
from markaz.programmes.incidents.dispatch.domain import OverrideReason


class WithdrawReason(StrEnum):
    """Why an officer withdraws a unit before it arrives."""

    NOT_NEEDED = "not_needed"
    MISTAKE = "mistake"
    UNIT_UNABLE = "unit_unable"
    OTHER = "other"


class Withdrawn(StrEnum):
    """Every reason with which a sending may end before arrival: an officer's, or what another act made of it."""

    NOT_NEEDED = "not_needed"
    MISTAKE = "mistake"
    UNIT_UNABLE = "unit_unable"
    OTHER = "other"
    DIVERTED = "diverted"
    SWAPPED = "swapped"


class HoldReason(StrEnum):
    """Why an incident waits."""

    NO_UNIT = "no_unit"
    AWAITING_CALLER = "awaiting_caller"
    APPOINTMENT = "appointment"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Send several units in one act, all or none. `recommendation_id` is of the list the officer looked at."""

    unit_ids: tuple[UUID, ...]
    version: int
    recommendation_id: UUID | None = None
    override_reason: OverrideReason | None = None
    occurred_at: datetime | None = None
    via: EnteredVia = EnteredVia.CONSOLE


@dataclass(frozen=True, slots=True)
class EnterFinished:
    """Enter a sending that is over: the stated time of each stage, at least of `assigned` and `cleared`."""

    unit_id: UUID
    version: int
    stages: Mapping[Stage, datetime]
    via: EnteredVia = EnteredVia.CONSOLE


@dataclass(frozen=True, slots=True)
class StrikeFinished:
    """A finished sending was entered wrongly. `seq` is of the event that entered it; the reason is sealed."""

    seq: int
    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take a unit back before it arrives."""

    unit_id: UUID
    version: int
    reason: Withdrawn


@dataclass(frozen=True, slots=True)
class Divert:
    """Take a unit from what it drives to and send it here."""

    unit_id: UUID
    version: int
    unit_version: int


@dataclass(frozen=True, slots=True)
class Swap:
    """Send `in_unit_id` instead of `out_unit_id`, in one act."""

    out_unit_id: UUID
    in_unit_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Let an incident wait."""

    until: datetime
    reason: HoldReason
    version: int


@dataclass(frozen=True, slots=True)
class AskBackup:
    """Ask for further units; `kind` None means any."""

    count: int
    kind: str | None
    version: int
