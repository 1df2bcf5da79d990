"""What a desk can be told to do: typed commands, free of any transport."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import EnteredVia, PlaceConfidence, SafeContact, Stage, UnitStatus
from markaz.kit.clock import StatedTime
from markaz.kit.geometry import Point


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """A call came in and becomes an incident. Sealed: caller_name, caller_phone, address, note, priority_reason.

    `place_label` is the public name of a place without a house number; `reference` is the number a sister centre gave
    the call; `proposed_priority` is what the category proposes, None when nothing was proposed.
    """

    category: str
    priority: str
    channel: str
    place: Point | None
    territory_id: int | None = None
    occurred_at: datetime | None = None
    caller_name: str | None = None
    caller_phone: str | None = None
    address: str | None = None
    note: str | None = None
    confidence: PlaceConfidence = PlaceConfidence.UNKNOWN
    accuracy_m: float | None = None
    place_label: str | None = None
    is_covert: bool = False
    safe_contact: tuple[SafeContact, ...] = ()
    entered_via: EnteredVia = EnteredVia.CONSOLE
    reference: str | None = None
    proposed_priority: str | None = None
    priority_reason: str | None = None
    draft_id: UUID | None = None  # the unfinished form this call was written on


@dataclass(frozen=True, slots=True)
class AssignUnit:
    """Send a unit. `version` is the incident's as seen, `unit_version` the unit's."""

    unit_id: UUID
    version: int
    unit_version: int | None = None
    occurred_at: datetime | None = None
    via: EnteredVia = EnteredVia.CONSOLE


@dataclass(frozen=True, slots=True)
class ReportStage:
    """A unit reached a stage."""

    unit_id: UUID
    stage: Stage
    version: int
    occurred_at: datetime | None = None
    via: EnteredVia = EnteredVia.CONSOLE


@dataclass(frozen=True, slots=True)
class CorrectStage:
    """An earlier report was wrong: the right time, or None when it did not happen. The reason is sealed."""

    unit_id: UUID
    stage: Stage
    version: int
    corrects_seq: int
    occurred_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeIncident:
    """Change what is known; None leaves a field. `place_unknown` takes the place away. The reason is sealed.

    Label, confidence and accuracy are of the new place and count only with one.
    """

    version: int
    reason: str
    category: str | None = None
    priority: str | None = None
    place: Point | None = None
    place_unknown: bool = False
    territory_id: int | None = None
    confidence: PlaceConfidence = PlaceConfidence.UNKNOWN
    accuracy_m: float | None = None
    place_label: str | None = None


@dataclass(frozen=True, slots=True)
class CloseIncident:
    """Close with a coded outcome, and what it needs: the number of the crime report, or a coded reason or body."""

    version: int
    outcome: str
    occurred_at: datetime | None = None
    report_number: str | None = None
    reason_code: str | None = None
    via: EnteredVia = EnteredVia.CONSOLE


@dataclass(frozen=True, slots=True)
class RegisterUnit:
    """A new unit of a territory."""

    call_sign: str
    kind: str
    territory_id: int


@dataclass(frozen=True, slots=True)
class SetUnitStatus:
    """A unit's status set by hand, with its reason as a code."""

    status: UnitStatus
    version: int
    occurred_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class IntakeCall:
    """A call as another system's export or interface has it."""

    source: str
    call_key: str
    number: str
    category: str
    priority: str
    initial_priority: str
    channel: str
    place: Point | None
    received: StatedTime
    entered: StatedTime | None = None
    arrived: StatedTime | None = None
    address: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IntakeStage:
    """A stage as another system has it."""

    source: str
    call_key: str
    row_key: str
    call_sign: str
    unit_kind: str
    stage: Stage
    at: StatedTime
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IntakeClose:
    """The end of a call as another system has it."""

    source: str
    call_key: str
    outcome: str
    at: StatedTime
