"""The manifest of history: which files it is made of, up to which event, under which keys. Written last, so it is the truth.

A file that the manifest does not name is no part of history: it is what a kill left, or what a rewriting replaced.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from markaz.core.db.folder import write_private
from markaz.kit.clock import iso

FORMAT = 1
FOLDER = "history"
NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """One Parquet file: its path below the folder, its rows, the events they stand for, its size and hash."""

    path: str
    rows: int
    events: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of record: the first and last number of its events, and its files.

    `cut` tells which incidents were found erased when it was written (a keyed digest), `ended` how many events lost their
    detail by an erasure or by age.
    """

    first: int
    last: int
    cut: str
    ended: int
    files: tuple[HistoryFile, ...]


@dataclass(frozen=True, slots=True)
class PeriodEntry:
    """The days of one period. Without a key it is over: all of it is counts."""

    key: str | None
    days: Mapping[str, Day]


@dataclass(frozen=True, slots=True)
class Owed:
    """What lost its detail and is not certified yet. `id` is that of the certificate to come."""

    id: UUID
    events: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything history knows of itself. `tip` is a digest of event `seq`, `lists` one of what decides how rows look."""

    seq: int = 0
    tip: str = ""
    lists: str = ""
    erasures_until: datetime | None = None
    periods: Mapping[str, PeriodEntry] = field(default_factory=dict)
    owed: Owed | None = None

    @classmethod
    def load(cls, root: Path) -> "Manifest | None":
        """Read the manifest in `root`; None when there is none, or none that can be read: history is then written anew."""
        try:
            return _parsed(json.loads((root / NAME).read_text()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def store(self, root: Path) -> None:
        """Replace the manifest in `root`, durably. Raises OSError."""
        stated = {"format": FORMAT, **asdict(self)}
        write_private(root / NAME, json.dumps(stated, default=_plain))

    def with_period(self, name: str, entry: PeriodEntry) -> "Manifest":
        """Return the manifest with one period replaced."""
        return replace(self, periods=dict(sorted({**self.periods, name: entry}.items())))

    def files(self) -> Iterator[HistoryFile]:
        """Yield every file, the oldest day first."""
        for entry in self.periods.values():
            for day in sorted(entry.days):
                yield from entry.days[day].files

    @property
    def keys(self) -> frozenset[str]:
        """The ids of the keys in use."""
        return frozenset(entry.key for entry in self.periods.values() if entry.key is not None)


def _parsed(stated: dict[str, Any]) -> Manifest:
    if stated["format"] != FORMAT:
        raise ValueError("another format")
    owed, until = stated["owed"], stated["erasures_until"]
    return Manifest(
        stated["seq"],
        stated["tip"],
        stated["lists"],
        None if until is None else datetime.fromisoformat(until),
        {name: _period(entry) for name, entry in stated["periods"].items()},
        None
        if owed is None
        else Owed(
            UUID(owed["id"]),
            owed["events"],
            datetime.fromisoformat(owed["first_at"]),
            datetime.fromisoformat(owed["last_at"]),
        ),
    )


def _period(entry: dict[str, Any]) -> PeriodEntry:
    days = {
        name: Day(
            day["first"], day["last"], day["cut"], day["ended"], tuple(HistoryFile(**one) for one in day["files"])
        )
        for name, day in entry["days"].items()
    }
    return PeriodEntry(entry["key"], days)


def _plain(value: object) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
