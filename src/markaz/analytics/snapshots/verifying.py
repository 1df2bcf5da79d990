"""Compares history with the log: DuckDB counts the Parquet files, PostgreSQL the events, by day, territory and type.

It writes nothing. DuckDB is bounded in memory and threads, reads the files that the manifest names and loads no extension.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from markaz.analytics.snapshots import store
from markaz.analytics.snapshots.files import strangers
from markaz.analytics.snapshots.keys import HistoryKeys
from markaz.analytics.snapshots.manifest import FOLDER, Manifest
from markaz.core.db.folder import CentreFolder
from markaz.core.db.manifest import digest_file
from markaz.core.db.pool import Database
from markaz.core.errors import NotFound
from markaz.core.refusals.history import load_history_list

Count = tuple[date, int, str]
AT_ONCE = 500  # files of one query; about a month of fourteen regions
SHOWN = 5
_BOUNDS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "256MB",
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_COUNT = """
SELECT day, territory_id, type, sum(events)::BIGINT
FROM read_parquet(?, hive_partitioning = true, hive_types = {'day': DATE, 'region': VARCHAR}) GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was compared, and what is wrong with it: lines for an operator, none when all is well."""

    events: int
    files: int
    size_bytes: int
    seq: int
    wrong: tuple[str, ...]


async def verify(database: Database, home: Path) -> Verified:
    """Compare the history of a centre with its log. Raises NotFound when there is no history.

    The database is asked last: a transaction that waited for gigabytes to be hashed would be ended by it.
    """
    folder = CentreFolder.at(home)
    root = folder.home / FOLDER
    manifest = await asyncio.to_thread(Manifest.load, root)
    if manifest is None:
        raise NotFound("There is no history that can be read: `markaz history write` writes it.", what="history")
    wrong = await asyncio.to_thread(_files_wrong, root, manifest)
    keys = HistoryKeys.load(folder.keys)
    wrong += [f"period {name} has no key: the next run writes it again" for name, entry in manifest.periods.items()
              if entry.key is not None and entry.key not in keys]  # fmt: skip
    files = list(manifest.files())
    if not wrong:
        found = await asyncio.to_thread(counted, [root / file.path for file in files])
        async with database.snapshot() as connection:
            wrong = _differences(found, await store.counts(connection, manifest.seq))
        wrong += [f"{type_} is in no closed list" for type_ in sorted({key[2] for key in found} - _classified())]
    size_bytes = sum(file.size_bytes for file in files)
    return Verified(sum(file.events for file in files), len(files), size_bytes, manifest.seq, tuple(wrong))


def counted(paths: Sequence[Path]) -> Counter[Count]:
    """Return how many events the files stand for, by day of record, territory and type."""
    found: Counter[Count] = Counter()
    with duckdb.connect(config=_BOUNDS) as database:
        for start in range(0, len(paths), AT_ONCE):
            some = [str(path) for path in paths[start : start + AT_ONCE]]
            for day, territory_id, type_, events in database.execute(_COUNT, [some]).fetchall():
                found[day, territory_id, type_] += events
    return found


def _files_wrong(root: Path, manifest: Manifest) -> list[str]:
    wrong = []
    for file in manifest.files():
        path = root / file.path
        if not path.is_file():
            wrong.append(f"{file.path} is missing")
        elif digest_file(path).sha256 != file.sha256:
            wrong.append(f"{file.path} was changed since it was written")
    wrong += [f"{path.relative_to(root)} is no part of history" for path in strangers(root, manifest.files())]
    return wrong


def _differences(history: Counter[Count], log: Counter[Count]) -> list[str]:
    wrong = [key for key in sorted(history.keys() | log.keys()) if history[key] != log[key]]
    lines = [
        f"{day} territory {territory_id} {type_}: history has {history[day, territory_id, type_]}, the log "
        f"{log[day, territory_id, type_]}"
        for day, territory_id, type_ in wrong[:SHOWN]
    ]
    return lines + ([f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else [])


def _classified() -> frozenset[str]:
    return load_history_list().types
