"""The rules of the duty desk. Pure: values in, values or refusals out; no clock, database or network.

A live officer who breaks the order of stages is refused with the reason; an importer's row that breaks it is kept and
flagged, because it is what the other system says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from markaz.contracts.incidents import Flag, Stage, UnitStatus
from markaz.core.errors import InvalidInput, NotPossibleNow, StageOrder
from markaz.kit.clock import iso

STAGES = tuple(Stage)
CLOCK_TOLERANCE = timedelta(
    minutes=2
)  # clocks of desks and devices differ; more than this is a wrong time, not a drift
EARLIEST = datetime.fromisoformat("1970-01-01T00:00:00+00:00")  # no dispatch log is older; catches 0001-01-01

# A unit may be sent to an incident only from here.
SENDABLE = frozenset({UnitStatus.AVAILABLE})

# What an officer may set by hand; the others follow from the incident.
SETTABLE = frozenset({UnitStatus.AVAILABLE, UnitStatus.BUSY, UnitStatus.OUT_OF_SERVICE, UnitStatus.OFF_DUTY})


@dataclass(frozen=True, slots=True)
class Assignment:
    """One sending of a unit to an incident. `ordinal` counts from 1 when the same unit is sent there again."""

    ordinal: int
    stages: Mapping[Stage, datetime]

    @property
    def last_stage(self) -> Stage:
        """The furthest stage reached."""
        return max(self.stages, key=STAGES.index, default=Stage.ASSIGNED)


def check_time(at: datetime, now: datetime, *, field: str = "occurred_at") -> datetime:
    """Return `at`, or raise InvalidInput when a live officer states a time that cannot be."""
    if at > now + CLOCK_TOLERANCE:
        raise InvalidInput(f"{iso(at)} is in the future: check the clock of this device.", field=field)
    if at < EARLIEST:
        raise InvalidInput(f"{iso(at)} is too long ago to be meant.", field=field)
    return at


def check_priority(priority: str, proposed: str | None, reason: str | None) -> None:
    """Raise InvalidInput when another priority than the proposed one comes without a reason; None was not proposed."""
    if proposed not in {None, priority} and not reason:
        raise InvalidInput(
            f"The category proposes priority {proposed}: say why it is {priority}.", field="priority_reason"
        )


def check_stage(assignment: Assignment, stage: Stage, at: datetime, received_at: datetime) -> None:
    """Raise StageOrder unless reaching `stage` at `at` keeps the order of what this unit did for this incident."""
    if stage in assignment.stages:
        raise StageOrder(
            f"{stage.value} is already reported at {iso(assignment.stages[stage])}: correct it instead.", field="stage"
        )
    later = [s for s in assignment.stages if STAGES.index(s) > STAGES.index(stage)]
    if later:
        raise StageOrder(f"{later[-1].value} is already reported: {stage.value} comes before it.", field="stage")
    check_between(assignment, stage, at, received_at)


def check_between(assignment: Assignment, stage: Stage, at: datetime, received_at: datetime) -> None:
    """Raise StageOrder unless `at` lies between the neighbouring stages of `stage`."""
    here = STAGES.index(stage)
    before = [(s, t) for s, t in assignment.stages.items() if STAGES.index(s) < here and t > at]
    after = [(s, t) for s, t in assignment.stages.items() if STAGES.index(s) > here and t < at]
    if before:
        raise StageOrder(f"{iso(at)} is before {before[0][0].value} at {iso(before[0][1])}.", field="occurred_at")
    if after:
        raise StageOrder(f"{iso(at)} is after {after[0][0].value} at {iso(after[0][1])}.", field="occurred_at")
    if at < received_at:
        raise StageOrder(f"{iso(at)} is before the call was received at {iso(received_at)}.", field="occurred_at")


def check_outcome(needs: str | None, report_number: str | None, reason: str | None, referred_to: str | None) -> None:
    """Raise InvalidInput unless exactly what an outcome `needs` was given, or nothing where it needs nothing."""
    given = {"report_number": report_number, "reason": reason, "referred_to": referred_to}
    for field, value in given.items():
        if field == needs and value is None:
            raise InvalidInput(_NEEDED[field], field=field)
        if field != needs and value is not None:
            raise InvalidInput(f"This outcome takes no {field}.", field=field)


_NEEDED = {
    "report_number": "Give the number of the crime report.",
    "reason": "Say why there is no offence.",
    "referred_to": "Say to whom it is referred.",
}


def stage_flags(assignment: Assignment, stage: Stage, at: datetime, received_at: datetime) -> list[str]:
    """Return how an importer's stage is odd; it is kept all the same."""
    try:
        check_between(assignment, stage, at, received_at)
    except StageOrder:
        return [Flag.STAGE_ORDER.value]
    return []


def corrected(
    assignment: Assignment, stage: Stage, at: datetime | None, received_at: datetime
) -> Mapping[Stage, datetime]:
    """Return the stages after a correction: a new time, or None when the stage did not happen.

    The stage was reported, the caller has seen to that; one that a correction took away may so be put back. Raises
    StageOrder when the new time breaks the order or there is nothing to take away, NotPossibleNow when `assigned` is to
    go but others stand on it, or is to come back: then the unit is sent again.
    """
    if stage not in assignment.stages and at is None:
        raise StageOrder(f"{stage.value} is taken away already: there is nothing to correct.", field="stage")
    if stage not in assignment.stages and (stage is Stage.ASSIGNED or not assignment.stages):
        raise NotPossibleNow("A sending that was taken away is not put back: send the unit again.")
    rest = {s: t for s, t in assignment.stages.items() if s is not stage}
    if at is None:
        if stage is Stage.ASSIGNED and rest:
            raise NotPossibleNow("Later stages stand on this one: correct them first.")
        return rest
    check_between(Assignment(assignment.ordinal, rest), stage, at, received_at)
    return {**rest, stage: at}


def status_after(stages: Mapping[Stage, datetime]) -> UnitStatus:
    """Return the unit status that follows from what it did for its incident."""
    match Assignment(0, stages).last_stage if stages else Stage.CLEARED:
        case Stage.CLEARED:
            return UnitStatus.AVAILABLE
        case stage:
            return UnitStatus(stage.value)


def more_urgent(one: str, other: str) -> str:
    """Return the more urgent of two priority codes: the lesser number. What nobody has graded yields to what somebody has."""
    graded = [code for code in (one, other) if code.isdecimal()]
    return min(graded, key=int, default=other)


def is_more_urgent(one: str, other: str) -> bool:
    """Return whether one priority code is more urgent than another."""
    return one != other and more_urgent(one, other) == one
