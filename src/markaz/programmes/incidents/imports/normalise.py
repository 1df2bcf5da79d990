"""A raw row to a `DispatchRow`, or `Rejected` with the field and the reason. Pure: `now` is handed in.

What cannot be understood is rejected, what is odd is kept and flagged, what is not stated stays unknown. Nothing is
mended, filled up or guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from markaz.contracts.incidents import Flag
from markaz.kit.clock import Precision
from markaz.programmes.incidents.imports.cells import Bad, Cells, Stated, is_out_of_order, text_of
from markaz.programmes.incidents.imports.identity import Occurrences, joined_key, occurrence_key, row_digest
from markaz.programmes.incidents.imports.mapping import Mapping
from markaz.programmes.incidents.imports.report import Report
from markaz.programmes.incidents.imports.rows import (
    CALL_TIMES,
    MAX_TEXT,
    UNIT_STAGES,
    CallFacts,
    DispatchRow,
    Rejected,
    UnitFacts,
)
from markaz.programmes.incidents.imports.table import RawRow
from markaz.programmes.incidents.imports.times import SECOND, parse_time, stated_precision

HEAD_ROWS = 1_000  # judged together for how finely the file states its times

_IN_ORDER = ("received", "entered", *UNIT_STAGES)
_OF_CALL = 2  # how many of those belong to the call


@dataclass(frozen=True, slots=True)
class _Cell:
    """A column that is read: its position in the row and its name."""

    at: int
    column: str


@dataclass(frozen=True, slots=True)
class _Understood:
    """The call of the last row, with what the order of stages and the report still need of it."""

    facts: CallFacts
    received: Stated
    entered: Stated | None
    unmapped: tuple[tuple[str, str], ...]


class Normaliser:
    """Understands the rows of one file. One pass, not thread-safe.

    `precision` is how finely the file states its times (see `precision_of_file`). `occurrences` is needed only when
    the mapping names no key columns.
    """

    def __init__(
        self,
        mapping: Mapping,
        columns: Sequence[str],
        *,
        now: datetime,
        precision: Precision,
        report: Report,
        occurrences: Occurrences | None = None,
    ) -> None:
        self._mapping = mapping
        self._report = report
        self._occurrences = occurrences
        self._cells = Cells(mapping, now=now, precision=precision)
        index = {column: position for position, column in enumerate(columns)}

        def cell(column: str | None) -> _Cell | None:
            return None if column is None else _Cell(index[column], column)

        self._row_key = [_Cell(index[column], column) for column in mapping.row_key]
        self._call_key = [_Cell(index[column], column) for column in mapping.call_key]
        self._call_cells = {name: cell(getattr(mapping.call, name)) for name in type(mapping.call).__slots__}
        positions = [c.at for c in (*self._call_key, *self._call_cells.values()) if c is not None]
        self._all_call_values = itemgetter(*positions)
        unit = mapping.unit
        self._call_sign = cell(unit.call_sign if unit is not None else None)
        self._unit_kind = cell(unit.kind if unit is not None else None)
        self._stages = [cell(column) for column in (unit.stages if unit is not None else ())]
        self._order = [_IN_ORDER.index(stage) for stage in mapping.stage_order]
        self._own = [position >= _OF_CALL for position in self._order]
        # The rows of one call mostly follow one another and say the same of it: it is understood once.
        self._last_values: Any = None
        self._last: _Understood | None = None

    def row(self, raw: RawRow) -> DispatchRow | Rejected:
        """Return what `raw` says, or why it cannot be kept."""
        values = raw.values
        try:
            key = self._key(values)
            call = self._call(values)
            unit = None if self._call_sign is None else self._unit(values, self._call_sign, call)
        except Bad as bad:
            return Rejected(raw.row, bad.field, bad.reason)
        return DispatchRow(raw.row, key, call.facts, unit)

    def _key(self, values: Sequence[Any]) -> str:
        if self._row_key:
            return joined_key([self._cells.key(values[cell.at], cell.column) for cell in self._row_key])
        if self._occurrences is None:
            raise ValueError("a mapping without key columns needs occurrences")
        digest = row_digest(values, text_of)
        return occurrence_key(digest, self._occurrences.count(digest))

    def _call(self, values: Sequence[Any]) -> _Understood:
        these = self._all_call_values(values)
        call = self._last
        if call is None or these != self._last_values:
            self._last = None  # a row that turns out bad must leave nothing behind
            call = self._new_call(values)
            self._last, self._last_values = call, these
        for meaning, raw in call.unmapped:
            self._report.unmapped_code(meaning, raw)
        return call

    def _new_call(self, values: Sequence[Any]) -> _Understood:
        cells, defaults = self._cells, self._mapping.defaults
        cells.unmapped.clear()
        flags: list[str] = []
        key = joined_key([cells.key(values[cell.at], cell.column) for cell in self._call_key])
        received, entered, arrived = (self._time(values, self._call_cells[name], flags) for name in CALL_TIMES)
        if received is None:
            raise Bad(self._mapping.call.received, "is missing")
        if self._is_call_out_of_order(received, entered, arrived):
            flags.append(Flag.STAGE_ORDER)
        place = self._place(values, flags)
        priority = self._code(values, "priority", "priority") or defaults.priority
        facts = CallFacts(
            key=key,
            number=self._word(values, "number") or key,
            category=self._code(values, "category", "category") or defaults.category,
            priority=priority,
            initial_priority=self._code(values, "initial_priority", "priority") or priority,
            channel=self._code(values, "channel", "channel") or defaults.channel,
            outcome=self._code(values, "outcome", "outcome") or defaults.outcome,
            territory_code=self._word(values, "territory"),
            lon=None if place is None else place[0],
            lat=None if place is None else place[1],
            address=self._address(values),
            received=received[0],
            entered=None if entered is None else entered[0],
            arrived=None if arrived is None else arrived[0],
            precisions=_coarse(CALL_TIMES, (received, entered, arrived)),
            flags=_once(flags),
        )
        return _Understood(facts, received, entered, tuple(cells.unmapped))

    def _unit(self, values: Sequence[Any], call_sign_cell: _Cell, call: _Understood) -> UnitFacts | None:
        cells = self._cells
        flags: list[str] = []
        call_sign = cells.word(values[call_sign_cell.at], call_sign_cell.column)
        time = cells.time
        times = [None if cell is None else time(values[cell.at], cell.column, flags) for cell in self._stages]
        if call_sign is None:
            if any(times):
                raise Bad(call_sign_cell.column, "is missing, though stages of a unit are stated")
            return None
        in_order: list[Stated | None] = [call.received, call.entered, *times]
        if is_out_of_order([in_order[position] for position in self._order], self._own, self._mapping):
            flags.append(Flag.STAGE_ORDER)
        kind = None
        if self._unit_kind is not None:
            cells.unmapped.clear()
            kind = cells.code(values[self._unit_kind.at], self._unit_kind.column, "unit_kind")
            for meaning, raw in cells.unmapped:
                self._report.unmapped_code(meaning, raw)
        return UnitFacts(
            call_sign=call_sign,
            kind=kind or self._mapping.defaults.unit_kind,
            times=tuple([None if time is None else time[0] for time in times]),
            precisions=_coarse(UNIT_STAGES, times),
            flags=_once(flags),
        )

    def _is_call_out_of_order(self, received: Stated, entered: Stated | None, arrived: Stated | None) -> bool:
        of_call = [(received, entered)[position] for position in self._order if position < _OF_CALL]
        return is_out_of_order(of_call, (True, True), self._mapping) or is_out_of_order(
            (received, arrived), (True, True), self._mapping
        )

    def _time(self, values: Sequence[Any], cell: _Cell | None, flags: list[str]) -> Stated | None:
        return None if cell is None else self._cells.time(values[cell.at], cell.column, flags)

    def _word(self, values: Sequence[Any], name: str) -> str | None:
        cell = self._call_cells[name]
        return None if cell is None else self._cells.word(values[cell.at], cell.column)

    def _code(self, values: Sequence[Any], name: str, meaning: str) -> str | None:
        cell = self._call_cells[name]
        return None if cell is None else self._cells.code(values[cell.at], cell.column, meaning)

    def _address(self, values: Sequence[Any]) -> str | None:
        cell = self._call_cells["address"]
        return None if cell is None else self._cells.text(values[cell.at], cell.column, MAX_TEXT)

    def _place(self, values: Sequence[Any], flags: list[str]) -> tuple[float, float] | None:
        lon, lat = self._call_cells["lon"], self._call_cells["lat"]
        if lon is None or lat is None:
            return None
        return self._cells.place(values[lon.at], values[lat.at], (lon.column, lat.column), flags)


def precision_of_file(
    rows: Iterator[RawRow | Rejected], columns: Sequence[str], mapping: Mapping
) -> tuple[Precision, Iterable[RawRow | Rejected]]:
    """Return how finely the file states its times, judged by its first rows, and an iterator over all of its rows."""
    head = list(islice(rows, HEAD_ROWS))
    positions = [list(columns).index(column) for column in mapping.time_columns()]
    values = (row.values[position] for row in head if isinstance(row, RawRow) for position in positions)
    return stated_precision(filter(None, map(_local_time(mapping), values))), chain(head, rows)


def _local_time(mapping: Mapping) -> Any:
    def local_time(value: Any) -> datetime | date | None:
        if isinstance(value, str):
            try:
                return parse_time(value.strip(), mapping.time_formats)[0]
            except ValueError:
                return None
        return value if isinstance(value, date) else None

    return local_time


def _coarse(names: Sequence[str], times: Sequence[Stated | None]) -> tuple[tuple[str, str], ...]:
    """Return the times that are not stated to the second; only those are stored."""
    return tuple(
        [(name, time[1]) for name, time in zip(names, times, strict=True) if time is not None and time[1] is not SECOND]
    )


def _once(flags: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(flag) for flag in flags)) if flags else ()
