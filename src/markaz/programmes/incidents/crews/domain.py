"""The rules of log-ons. Pure: values in, values or refusals out; no clock, database or network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markaz.core.errors import InvalidInput

CREW_MAX = 12  # a bus of a public-order company; more is several units
LONGEST_TURN = timedelta(hours=16)  # two shifts of eight hours; a log-on that names no shift ends by itself then
GRACE = timedelta(minutes=30)  # after the end of a shift: people log off at the station, not on the minute
EARLY = timedelta(hours=2)  # how long before its start a shift may be logged on to


@dataclass(frozen=True, slots=True)
class LogOn:
    """A crew reports for duty. `crew` are accounts; `vehicle` a number or a word, not a person."""

    crew: tuple[UUID, ...]
    crew_size: int
    vehicle: str | None
    skills: tuple[str, ...]
    shift_id: UUID | None
    takes_over: bool = False


def full_crew(log_on: LogOn, actor_id: UUID, *, is_desk: bool) -> tuple[UUID, ...]:
    """Return everybody on the unit by account: an officer who logs on is one of them, the desk is not."""
    crew = log_on.crew if is_desk or actor_id in log_on.crew else (actor_id, *log_on.crew)
    return tuple(dict.fromkeys(crew))


def crew_size(log_on: LogOn, crew: Sequence[UUID]) -> int:
    """Return how many are on the unit: as stated, and never fewer than are named. Raises InvalidInput beyond 12."""
    size = max(log_on.crew_size, len(crew))
    if size > CREW_MAX:
        raise InvalidInput(f"A unit holds at most {CREW_MAX}: log the others on to a unit of their own.", field="crew")
    return size


def check_shift(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raise InvalidInput unless a shift runs, or begins within two hours."""
    if now >= ends_at:
        raise InvalidInput("This shift has ended: choose the one that runs.", field="shift_id")
    if now < starts_at - EARLY:
        raise InvalidInput("This shift begins in more than two hours: choose the one that runs.", field="shift_id")


def ends_at(now: datetime, shift_ends_at: datetime | None, crew: Sequence[UUID]) -> datetime | None:
    """Return when a log-on ends by itself; None for one that names neither a shift nor anybody."""
    if shift_ends_at is not None:
        return shift_ends_at
    return now + LONGEST_TURN if crew else None
