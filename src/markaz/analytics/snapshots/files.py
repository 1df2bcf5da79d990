"""The Parquet files of one day of record, one for each region: written beside the old ones, whole or not at all.

It knows rows and files, no database and no key. Memory: one page of rows, and one count for each sort of what is only counted.
"""

import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from markaz.analytics.snapshots.manifest import HistoryFile
from markaz.analytics.snapshots.rows import CountKey, Row, Rows
from markaz.core.db.folder import sync_folder
from markaz.core.db.manifest import digest_file
from markaz.core.errors import Unavailable
from markaz.core.refusals.history import HistoryList, Holds

EVENTS = "events"
SUFFIX = ".parquet"
# PostgreSQL, which is worth more, stands on the same disk: its log alone takes 16 MB at a time, and a day of a country 30 MB.
ROOM_BYTES = 256 << 20
_TIME = pa.timestamp("ms", tz="UTC")  # Parquet knows no coarser unit; the values are whole seconds
GROUP_ROWS = 50_000  # rows that are compressed together; smaller groups would cost more than they hold
_FIXED = (
    *(("type", pa.string()), ("events", pa.int32()), ("territory_id", pa.int32()), ("from_territory_id", pa.int32())),
    *(("occurred_at", _TIME), ("precision", pa.string()), ("source", pa.string()), ("recorded_at", _TIME)),
)
_TYPES = {Holds.CODE: pa.string(), Holds.WHOLE: pa.int32(), Holds.TIME: _TIME, Holds.PSEUDONYM: pa.string()}


class HistoryStopped(Unavailable):
    """History could not be written; what was written before stands, and the next run goes on."""

    code = "history_stopped"


def schema_of(listed: HistoryList) -> pa.Schema:
    """Return the columns of every file."""
    return pa.schema([*_FIXED, *((name, _TYPES[holds]) for name, holds in listed.columns.items())])


def check_room(root: Path) -> None:
    """Raise HistoryStopped when the disk has too little room to begin."""
    free = shutil.disk_usage(root).free
    if free < ROOM_BYTES:
        raise HistoryStopped(
            f"History is not written: {free >> 20} MB are free on the disk of {root}, and {ROOM_BYTES >> 20} MB are left to "
            "the database. Make room; the next run goes on from here."
        )


class DayFiles:
    """Files of one day under way. End it with `close`, or `abort`: then nothing of it is left."""

    def __init__(self, root: Path, day: date, rows: Rows) -> None:
        self._root = root
        self._day = day
        self._rows = rows
        self._schema = schema_of(rows.listed)
        self._name = secrets.token_hex(8)
        self._open: dict[str, _OneFile] = {}
        self._counts: dict[str, Counter[CountKey]] = {}

    def add(self, detailed: Iterable[tuple[str, Row]], counted: Iterable[tuple[str, CountKey]]) -> None:
        """Add (region, row) and (region, key) of one page. Raises OSError."""
        by_region: dict[str, list[Row]] = {}
        for region, row in detailed:
            by_region.setdefault(region, []).append(row)
        for region, rows in by_region.items():
            self._file(region).write(rows)
        for region, key in counted:
            self._counts.setdefault(region, Counter())[key] += 1

    def close(self) -> tuple[HistoryFile, ...]:
        """Make the files durable, give them their names and return them. Raises OSError."""
        for region, counts in self._counts.items():
            # In an order of their own: that of the log would tell when something happened.
            keys = sorted(counts, key=lambda key: [str(part or "") for part in key])
            self._file(region).write([self._rows.counted(key, counts[key]) for key in keys])
        done = tuple(self._open[region].publish(self._root) for region in sorted(self._open))
        for path in {(self._root / file.path).parent.parent for file in done}:
            sync_folder(path)
            sync_folder(path.parent)
        return done

    def abort(self) -> None:
        """Remove what was begun."""
        for file in self._open.values():
            file.remove()

    def _file(self, region: str) -> "_OneFile":
        if region not in self._open:
            folder = self._root / EVENTS / f"day={self._day.isoformat()}" / f"region={quote(region, safe='')}"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open[region] = _OneFile(folder / f"{self._name}{SUFFIX}", self._schema)
        return self._open[region]


class _OneFile:
    """A Parquet file that has no name yet."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._partial = path.with_suffix(".partial")
        descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._writer = pq.ParquetWriter(self._file, schema, compression="zstd")
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._events = 0

    def write(self, rows: Sequence[Row]) -> None:
        self._waiting.append(pa.RecordBatch.from_pylist(rows, schema=self._schema))
        self._rows += len(rows)
        self._events += sum(row["events"] for row in rows)
        if sum(batch.num_rows for batch in self._waiting) >= GROUP_ROWS:
            self._write_waiting()

    def publish(self, root: Path) -> HistoryFile:
        self._write_waiting()
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.rename(self._path)
        sync_folder(self._path.parent)
        digest = digest_file(self._path)
        path = self._path.relative_to(root).as_posix()
        return HistoryFile(path, self._rows, self._events, digest.size_bytes, digest.sha256)

    def remove(self) -> None:
        for end in (self._writer.close, self._file.close):
            with suppress(OSError, ValueError):  # both try once more to write what the disk refused
                end()
        for path in (self._partial, self._path):
            path.unlink(missing_ok=True)

    def _write_waiting(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting = []


def is_there(root: Path, file: HistoryFile) -> bool:
    """Say whether a file of the manifest stands there in its size. Its content is compared by `markaz verify history`."""
    try:
        return (root / file.path).stat().st_size == file.size_bytes
    except OSError:
        return False


def strangers(root: Path, known: Iterable[HistoryFile]) -> Iterator[Path]:
    """Yield every file below `root` that is no part of history, but the manifest."""
    wanted = {root / file.path for file in known}
    for path in sorted((root / EVENTS).rglob("*")):
        if not path.is_dir() and path not in wanted:
            yield path


def sweep(root: Path, known: Iterable[HistoryFile], days: Iterable[str] | None = None) -> None:
    """Remove what is no part of history, of some days or of all, and folders left empty. Raises OSError."""
    wanted = {root / file.path for file in known}
    folders = [root / EVENTS] if days is None else [root / EVENTS / f"day={day}" for day in days]
    # Deepest first, so that a folder is met after what was in it.
    for path in sorted((path for folder in folders for path in folder.rglob("*")), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in wanted:
            path.unlink(missing_ok=True)
