"""Local times of an export to UTC, and how finely they were stated.

A time that the clocks skipped or repeated is flagged, never mended; a precision is never filled up. Pure: no clock.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from markaz.contracts.incidents import Flag
from markaz.kit.clock import Precision

# Looking a member up on its class costs more than a comparison, and an import compares millions of times.
SECOND, MINUTE = Precision.SECOND, Precision.MINUTE
COARSENESS = {Precision.SECOND: 0, Precision.MINUTE: 1, Precision.DAY: 2, Precision.MONTH: 3}

_LAST_INSTANT = timedelta(hours=1) - timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a local time of no zone, to measure local times from

Converted = tuple[datetime, Flag | None]


class LocalTimes:
    """Turns naive local times of one zone into UTC.

    The offset is looked up once for each local hour: an export has few hours and many times. Bounded by `MAX_HOURS`.
    """

    MAX_HOURS = 50_000  # about six years of hours; beyond it the cache starts afresh

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._epochs: dict[int, datetime] = {}  # by local hour: when, in UTC, the epoch of that hour's offset was

    def to_utc(self, local: datetime) -> Converted:
        """Return `local` (naive) as aware UTC, and the flag of an hour that was repeated or skipped.

        A repeated time is read as its first occurrence, a skipped one by the offset before the skip: both stay
        flagged, so that nobody takes them for certain. Raises ValueError at the ends of the calendar.
        """
        epoch = self._epochs.get(local.toordinal() * 24 + local.hour)
        if epoch is None:
            return self._first_of_hour(local)
        return epoch + (local - _EPOCH), None

    def _first_of_hour(self, local: datetime) -> Converted:
        """Convert, and remember the offset of an hour in which it is one and the same and certain."""
        hour = local.replace(minute=0, second=0, microsecond=0)
        try:
            offsets = {
                moment.replace(tzinfo=self._zone, fold=fold).utcoffset()
                for moment in (hour, hour + _LAST_INSTANT)
                for fold in (0, 1)
            }
            (offset,) = offsets if len(offsets) == 1 else (None,)
            if offset is None:
                return self._slowly(local)
            at = (local - offset).replace(tzinfo=UTC)
        except OverflowError as error:
            raise ValueError("is not a time of this calendar") from error
        if len(self._epochs) >= self.MAX_HOURS:
            self._epochs.clear()
        self._epochs[local.toordinal() * 24 + local.hour] = _EPOCH.replace(tzinfo=UTC) - offset
        return at, None

    def _slowly(self, local: datetime) -> Converted:
        first = local.replace(tzinfo=self._zone, fold=0)
        second = local.replace(tzinfo=self._zone, fold=1)
        at = first.astimezone(UTC)
        if first.utcoffset() == second.utcoffset():
            return at, None
        # PEP 495: a time that was skipped does not come back from UTC as itself.
        exists = at.astimezone(self._zone).replace(tzinfo=None) == local
        return at, Flag.TIME_AMBIGUOUS if exists else Flag.TIME_MISSING_HOUR


def parse_time(text: str, formats: tuple[str, ...]) -> tuple[datetime, Precision]:
    """Return the time that `text` states and how finely: ISO 8601 first, then the formats of the mapping.

    Raises ValueError when it is neither.
    """
    try:
        return datetime.fromisoformat(text), _iso_precision(text)
    except ValueError:
        pass
    for form in formats:
        try:
            return datetime.strptime(text, form), _format_precision(form)  # noqa: DTZ007 - the mapping has the zone
        except ValueError:
            continue
    if len(text) == len("2020-04"):
        return datetime.strptime(text, "%Y-%m"), Precision.MONTH  # noqa: DTZ007 - the mapping has the zone
    raise ValueError("is not a time")


def _iso_precision(text: str) -> Precision:
    clock = text[11:19]
    if not clock:
        return Precision.DAY
    if ":" not in clock:
        raise ValueError("is not a time")  # an hour alone, or digits without separators: too easily misread
    return Precision.SECOND if clock.count(":") > 1 else Precision.MINUTE


def _format_precision(form: str) -> Precision:
    for letters, precision in (("STXcs", Precision.SECOND), ("MR", Precision.MINUTE), ("djxDF", Precision.DAY)):
        if any(f"%{letter}" in form for letter in letters):
            return precision
    return Precision.MONTH


def truncate(at: datetime, precision: Precision) -> datetime:
    """Return `at` cut down to `precision`, in its own local terms."""
    if precision is SECOND:
        return at.replace(microsecond=0) if at.microsecond else at
    if precision is MINUTE:
        return at.replace(second=0, microsecond=0) if at.second or at.microsecond else at
    first = 1 if precision is Precision.MONTH else at.day
    return at.replace(day=first, hour=0, minute=0, second=0, microsecond=0)


def coarser(a: Precision, b: Precision) -> Precision:
    """Return the coarser of two precisions."""
    return a if COARSENESS[a] >= COARSENESS[b] else b


def stated_precision(sample: Iterable[datetime | date]) -> Precision:
    """Return how finely a file states its times, judged by the first of them (typed columns cannot say it).

    Minute when no time of the sample has seconds, day when none has a time of day; second for an empty sample. A file
    of few rows may be judged coarser than it was: that claims less than was known, never more.
    """
    finest = None
    for at in sample:
        if isinstance(at, datetime) and (at.second or at.microsecond):
            return Precision.SECOND
        has_clock = isinstance(at, datetime) and (at.hour or at.minute)
        finest = Precision.MINUTE if has_clock or finest is Precision.MINUTE else Precision.DAY
    return finest or Precision.SECOND
