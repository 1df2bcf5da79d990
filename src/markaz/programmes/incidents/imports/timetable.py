"""The commands of a replay, in the order in which they happened, spooled to disk so that memory does not grow.

Each row of an export becomes what a live interface would have sent: the call, each stage of its unit, and the end of
the call. Nothing here sends anything.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import orjson

from markaz.kit.clock import iso
from markaz.programmes.incidents.imports.rows import UNIT_STAGES, CallFacts, DispatchRow, UnitFacts

MAX_IDEMPOTENCY_KEY = 100  # what the server takes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Of commands of one moment the call comes first and its end last.
_CALL, _STAGE, _CLOSE = 0, 1, 2
CALL_PATH = "/api/intake/calls"
_PATHS = {_CALL: CALL_PATH, _STAGE: "/api/intake/stages", _CLOSE: "/api/intake/close"}

_SCHEMA = """
CREATE TABLE commands (at INTEGER, rank INTEGER, lane_call TEXT, lane_unit TEXT, key TEXT, body BLOB);
CREATE TABLE calls (key TEXT PRIMARY KEY, outcome TEXT, last INTEGER, closed INTEGER, precision TEXT,
                    units INTEGER, uncleared INTEGER) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One request of the intake. `lanes` names its call and its unit: in each lane the order must be kept."""

    at: datetime
    path: str
    lanes: tuple[str, ...]
    key: str
    body: dict[str, Any]


class Timetable:
    """Collects the commands of a file, then yields them in order. A private temporary database of SQLite."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.executescript(_SCHEMA)
        self._connection.execute("BEGIN")
        self._is_complete = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add(self, row: DispatchRow) -> None:
        """Add what one row says. The call itself is added with its first row."""
        last = row.call.received
        if self._is_new(row.call):
            self._put(last, _CALL, row.call, None, f"{self._source}:{row.call.key}:call", self._call_body(row.call))
        unit = row.unit
        cleared, precision = None, "second"
        if unit is not None:
            cleared, precision = unit.cleared, dict(unit.precisions).get("cleared", "second")
            flags = list(unit.flags)
            for stage, at in zip(UNIT_STAGES, unit.times, strict=True):
                if at is None:
                    continue
                # A stage is never sent before the one it follows, whatever times the row states.
                last = max(last, at)
                body = self._stage_body(row, unit, stage, at, flags)
                self._put(last, _STAGE, row.call, unit, f"{self._source}:{row.row_key}:{stage}", body)
                flags = []  # said once
        self._connection.execute(
            "UPDATE calls SET last = max(last, ?), units = units + ?, uncleared = uncleared + ?, "
            "precision = iif(? > closed, ?, precision), closed = max(closed, ?) WHERE key = ?",
            (
                _us(last),
                unit is not None,
                unit is not None and cleared is None,
                _us(cleared) if cleared is not None else 0,
                precision,
                _us(cleared) if cleared is not None else 0,
                row.call.key,
            ),
        )

    def span(self) -> tuple[datetime, datetime] | None:
        """Return when the first and the last command happened, or None when there is none. Adds the ends of calls."""
        self._complete()
        first, last = self._connection.execute("SELECT min(at), max(at) FROM commands").fetchone()
        return None if first is None else (_time(first), _time(last))

    def __len__(self) -> int:
        self._complete()
        (count,) = self._connection.execute("SELECT count(*) FROM commands").fetchone()
        return int(count)

    def __iter__(self) -> Iterator[Command]:
        self._complete()
        for at, rank, call, unit, key, body in self._connection.execute(
            "SELECT at, rank, lane_call, lane_unit, key, body FROM commands ORDER BY at, rank, rowid"
        ):
            lanes = (f"call {call}",) if unit is None else (f"call {call}", f"unit {unit}")
            yield Command(_time(at), _PATHS[rank], lanes, key, orjson.loads(body))

    def _is_new(self, call: CallFacts) -> bool:
        done = self._connection.execute(
            "INSERT INTO calls VALUES (?, ?, ?, 0, 'second', 0, 0) ON CONFLICT DO NOTHING",
            (call.key, call.outcome, _us(call.received)),
        )
        return done.rowcount == 1

    def _complete(self) -> None:
        """Add the end of every call whose units have all been cleared."""
        if self._is_complete:
            return
        self._is_complete = True
        ends = self._connection.execute(
            "SELECT key, outcome, last, closed, precision FROM calls WHERE units > 0 AND uncleared = 0"
        ).fetchall()
        for key, outcome, last, closed, precision in ends:
            body = {
                "source": self._source,
                "call_key": key,
                "outcome": outcome or "unknown",
                "at": iso(_time(closed)),
                "precision": precision,
            }
            self._insert(last, _CLOSE, key, None, f"{self._source}:{key}:close", body)

    def _put(
        self, at: datetime, rank: int, call: CallFacts, unit: UnitFacts | None, key: str, body: dict[str, Any]
    ) -> None:
        self._insert(_us(at), rank, call.key, None if unit is None else unit.call_sign, key, body)

    def _insert(self, at: int, rank: int, call: str, unit: str | None, key: str, body: dict[str, Any]) -> None:
        self._connection.execute(
            "INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?)",
            (at, rank, call, unit, header_safe(key), orjson.dumps(body)),
        )

    def _call_body(self, call: CallFacts) -> dict[str, Any]:
        precisions = dict(call.precisions)
        body: dict[str, Any] = {
            "source": self._source,
            "call_key": call.key,
            "number": call.number,
            "category": call.category,
            "priority": call.priority,
            "initial_priority": call.initial_priority,
            "channel": call.channel,
            "place": None if call.lon is None else {"lon": call.lon, "lat": call.lat},
            "flags": list(call.flags),
        }
        if call.address is not None:
            body["address"] = call.address
        for name, at in (("received", call.received), ("entered", call.entered), ("arrived", call.arrived)):
            if at is not None:
                body[name] = {"at": iso(at), "precision": precisions.get(name, "second")}
        return body

    def _stage_body(
        self, row: DispatchRow, unit: UnitFacts, stage: str, at: datetime, flags: list[str]
    ) -> dict[str, Any]:
        return {
            "source": self._source,
            "call_key": row.call.key,
            "row_key": row.row_key,
            "unit": {"call_sign": unit.call_sign, "kind": unit.kind},
            "stage": stage,
            "at": iso(at),
            "precision": dict(unit.precisions).get(stage, "second"),
            "flags": flags,
        }


def shifted(command: Command, by: timedelta, run: str) -> Command:
    """Return the command moved by `by`, as a call and row of its own run: a rehearsal is not the history it repeats."""
    body = dict(command.body)
    body["call_key"] = f"{body['call_key']}@{run}"
    if "row_key" in body:
        body["row_key"] = f"{body['row_key']}@{run}"
    if "at" in body:
        body["at"] = _moved(body["at"], by)
    for name in ("received", "entered", "arrived"):
        if name in body:
            body[name] = {**body[name], "at": _moved(body[name]["at"], by)}
    return Command(command.at + by, command.path, command.lanes, header_safe(f"{run}:{command.key}"), body)


def shift_to_now(span: tuple[datetime, datetime], now: datetime, speed: float) -> timedelta:
    """Return by how much to move a replay that begins at `now`, in whole minutes, so that nothing lies in the future.

    At real time the first command happens now. Faster than that the replay begins in the past and catches up with
    the clock at its end; `speed` 0 is infinitely fast.
    """
    first, last = span
    ahead = (last - first) * (1.0 if speed == 0 else max(0.0, 1.0 - 1.0 / speed))
    minutes = (now - ahead - first) // timedelta(minutes=1)  # a time stated to the minute stays on the minute
    return timedelta(minutes=minutes)


def header_safe(key: str) -> str:
    """Return `key` as an idempotency key: itself when a header can carry it, else its hash."""
    if len(key) <= MAX_IDEMPOTENCY_KEY and key.isascii() and key.isprintable():
        return key
    return hashlib.sha256(key.encode()).hexdigest()


def _moved(at: str, by: timedelta) -> str:
    return iso(datetime.fromisoformat(at) + by)


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _time(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND
