"""Time: an injected clock and stated times that know how precise they are.

Nothing here reads the wall clock except `SystemClock`; the rest of the code is handed a `Clock`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Precision(StrEnum):
    """How finely a time was stated. It is never filled up: a minute is not sixty known seconds."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class StatedTime:
    """A time somebody stated: aware UTC, truncated to its precision."""

    at: datetime
    precision: Precision = Precision.SECOND

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a stated time needs a time zone")


class Clock(Protocol):
    """What time it is, as aware UTC."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        return datetime.now(UTC)


class FakeClock:
    """A clock that moves only when told to; for tests."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time the clock was set to."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move the clock on by `by` (or back, if negative)."""
        self.at += by


def iso(at: datetime) -> str:
    """Return `at` as RFC 3339 in UTC with a trailing Z; microseconds only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Now = Callable[[], datetime]
