"""One value of an export to one value of ours: text, code, time, place. Each names its column when it cannot be kept."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from markaz.contracts.incidents import Flag
from markaz.kit.clock import Precision
from markaz.programmes.incidents.domain import CLOCK_TOLERANCE
from markaz.programmes.incidents.imports.mapping import Mapping
from markaz.programmes.incidents.imports.rows import MAX_KEY
from markaz.programmes.incidents.imports.times import SECOND, LocalTimes, coarser, parse_time, truncate

Stated = tuple[datetime, Precision]  # aware UTC, and how finely it was stated

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Bad(Exception):
    """The row that holds this value cannot be kept; `field` is its column."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class Cells:
    """Understands the values of one file. `precision` is how finely its typed times are stated."""

    def __init__(self, mapping: Mapping, *, now: datetime, precision: Precision) -> None:
        self._mapping = mapping
        self._nulls = mapping.null_values
        self._future = now + CLOCK_TOLERANCE
        self._local = LocalTimes(mapping.zone)
        of_file = mapping.precision or precision
        self._precisions = {column: mapping.precisions.get(column, of_file) for column in mapping.time_columns()}
        self.unmapped: list[tuple[str, str]] = []

    def text(self, value: Any, column: str, limit: int) -> str | None:
        """Return the trimmed text, or None where nothing is stated. Raises Bad for NUL and for endless text."""
        if value is None:
            return None
        text = text_of(value).strip()
        if text in self._nulls:
            return None
        if len(text) > limit:
            raise Bad(column, f"is longer than {limit} characters")
        if "\0" in text:
            raise Bad(column, "holds a NUL byte")
        return text

    def word(self, value: Any, column: str) -> str | None:
        """Return a key, a code or a name of a unit: short, on one line, without control characters."""
        if type(value) is str:  # nearly always, and then nearly always plain
            text = value.strip()
            if len(text) <= MAX_KEY and text.isprintable():
                return None if text in self._nulls else text
        stated = self.text(value, column, MAX_KEY)
        if stated is not None and _CONTROL.search(stated):
            raise Bad(column, "holds a control character")
        return stated

    def key(self, value: Any, column: str) -> str:
        """Return a part of a key. Raises Bad when it is not stated."""
        word = self.word(value, column)
        if word is None:
            raise Bad(column, "is missing")
        return word

    def code(self, value: Any, column: str, meaning: str) -> str | None:
        """Return our code, or `<source>:<raw>` for one the mapping does not know; those are noted in `unmapped`."""
        table: MappingProxyType[str, str] = getattr(self._mapping.codes, meaning)
        known = table.get(value) if type(value) is str else None
        if known is not None:
            return known
        raw = self.word(value, column)
        if raw is None:
            return None
        known = table.get(raw)
        if known is not None:
            return known
        self.unmapped.append((meaning, raw))
        return f"{self._mapping.source}:{raw}"

    def time(self, value: Any, column: str, flags: list[str]) -> Stated | None:
        """Return the time in UTC, adding to `flags` what is odd about it. Raises Bad when it is not a time."""
        if value is None:
            return None
        precision = self._precisions[column]
        if type(value) is not datetime:
            text_or_day = self._untyped_time(value, column, precision)
            if text_or_day is None:
                return None
            value, precision = text_or_day
        try:
            if precision is not SECOND or value.microsecond:
                value = truncate(value, precision)
            if value.tzinfo is not None:  # a stated offset leaves nothing to decide
                at, flag = value.astimezone(UTC), None
            else:
                at, flag = self._local.to_utc(value)
        except (ValueError, OverflowError) as error:
            raise Bad(column, "is not a time of this calendar") from error
        if flag is not None:
            flags.append(flag)
        if at > self._future:
            flags.append(Flag.TIME_IN_FUTURE)
        return at, precision

    def _untyped_time(self, value: Any, column: str, precision: Precision) -> tuple[datetime, Precision] | None:
        if isinstance(value, str):
            text = value.strip()
            if text in self._nulls:
                return None
            try:
                at, of_text = parse_time(text, self._mapping.time_formats)
            except ValueError as error:
                raise Bad(column, "is not a time") from error
            return at, coarser(precision, of_text)
        if type(value) is date:
            return datetime(value.year, value.month, value.day), coarser(precision, Precision.DAY)  # noqa: DTZ001 - local
        raise Bad(column, "is not a time")

    def place(self, lon: Any, lat: Any, columns: tuple[str, str], flags: list[str]) -> tuple[float, float] | None:
        """Return longitude and latitude, or None: where nothing is stated, or, flagged, where it cannot be."""
        lon_deg, lat_deg = self._degrees(lon, columns[0]), self._degrees(lat, columns[1])
        if lon_deg is None and lat_deg is None:
            return None
        if lon_deg is None or lat_deg is None or not self._is_possible(lon_deg, lat_deg):
            flags.append(Flag.PLACE_ABSURD)
            return None
        return lon_deg, lat_deg

    def _degrees(self, value: Any, column: str) -> float | None:
        if isinstance(value, float):
            return None if math.isnan(value) else value  # tables of floats write "not stated" as NaN
        text = self.text(value, column, MAX_KEY)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError as error:
            raise Bad(column, "is not a number") from error

    def _is_possible(self, lon: float, lat: float) -> bool:
        if lon == 0.0 and lat == 0.0:
            return False  # what a geocoder writes when it found nothing, in the Gulf of Guinea
        bounds = self._mapping.bounds
        if bounds is not None:
            return bounds.west <= lon <= bounds.east and bounds.south <= lat <= bounds.north
        return -180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0


def is_out_of_order(times: Sequence[Stated | None], own: Sequence[bool], mapping: Mapping) -> bool:
    """Say whether a later stage is stated before an earlier one, looking only at pairs of which one is `own`.

    `times` stand in the order of the work. Two times are compared as finely as the coarser of them was stated.
    """
    before: Stated | None = None
    before_own = False
    for time, is_own in zip(times, own, strict=True):
        if time is None:
            continue
        if before is not None:
            if time[1] is not before[1]:
                return _is_out_of_order_slowly(times, own, mapping)
            if time[0] < before[0] and (is_own or before_own):
                return True
        before, before_own = time, is_own
    return False


def _is_out_of_order_slowly(times: Sequence[Stated | None], own: Sequence[bool], mapping: Mapping) -> bool:
    stated = [(time, is_own) for time, is_own in zip(times, own, strict=True) if time is not None]
    for position, (later, later_own) in enumerate(stated):
        for earlier, earlier_own in stated[:position]:
            coarse = coarser(earlier[1], later[1])
            first, second = (truncate(at.astimezone(mapping.zone), coarse) for at in (earlier[0], later[0]))
            if (later_own or earlier_own) and second < first:
                return True
    return False


def text_of(value: Any) -> str:
    """Return a typed value as the text a person would write: whole floats without a point, times as ISO 8601."""
    if type(value) is str:
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return str(value)
