"""The bodies of the routes that send units, parsed and bounded at the edge."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from markaz.contracts.incidents import EnteredVia, Stage
from markaz.programmes.incidents.dispatch.commands import HoldReason, WithdrawReason
from markaz.programmes.incidents.dispatch.domain import OverrideReason
from markaz.programmes.incidents.shapes import Body, Code, ShortText, Time, Version

MOST_UNITS = 10  # in one act; a larger force is sent in several, each of which says what it did
MOST_BACKUP = 20


class DispatchBody(Body):
    """Send several units, all or none."""

    unit_ids: list[UUID] = Field(min_length=1, max_length=MOST_UNITS)
    version: Version
    recommendation_id: UUID | None = None
    override_reason: OverrideReason | None = None
    occurred_at: Time | None = None
    via: EnteredVia | None = None


class FinishedBody(Body):
    """Enter a sending that is over: the stated time of each stage, at least of `assigned` and `cleared`."""

    unit_id: UUID
    version: Version
    stages: dict[Stage, Time] = Field(min_length=2, max_length=len(Stage))
    via: EnteredVia | None = None


class StrikeBody(Body):
    """A finished sending was entered wrongly, such as for another unit; the reason is kept with it."""

    version: Version
    reason: ShortText


class WithdrawalBody(Body):
    """Take a unit back before it arrives."""

    version: Version
    reason: WithdrawReason


class DiversionBody(Body):
    """Take a unit from what it drives to."""

    unit_id: UUID
    version: Version
    unit_version: Version


class SwapBody(Body):
    """Send one unit instead of another."""

    out_unit_id: UUID
    in_unit_id: UUID
    version: Version


class HoldBody(Body):
    """Let an incident wait."""

    until: Time
    reason: HoldReason
    version: Version


class BackupBody(Body):
    """Ask for further units."""

    count: Annotated[int, Field(ge=1, le=MOST_BACKUP, strict=True)]
    kind: Code | None = None
    version: Version


class VersionBody(Body):
    """Nothing but the version seen."""

    version: Version
