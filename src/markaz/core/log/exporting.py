"""The log of a period as a folder that anybody checks offline with `markaz/witness.py verify FOLDER`.

    manifest.json       kind of folder, keys, when it was made, whether it promises openings, and the right edges of both
                        trees before the first leaf and entry that follow
    checkpoints/*.txt   signed checkpoints of the period with their cosignatures, the first and the last among them
    checkpoints/*.tst   time stamps of their texts (RFC 3161), where there are any
    leaves.bin          the hashes of the public leaves, 32 bytes each
    intervals.jsonl     the intervals that say something new, opened, each with the one before it, which shows when its
                        entries were not there yet; the first and the last in any case
    entries.jsonl       the bodies of the entries, with their openings when asked for; an entry without one says why:
                        `not_asked`, or `ended` (the schedule ends openings, a year old at least)
    signed.txt          the kind of folder and the SHA-256 of every other file, signed by the log

It holds hashes, times, kinds and, with openings, ids and codes: no name and no text about a person.
"""

import hashlib
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import orjson

from markaz.core.db.folder import sync_folder
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotPossibleNow
from markaz.core.log import tiles
from markaz.core.log.checkpoints import NOTE_SQL, note_from
from markaz.core.log.intervals import hashes_between
from markaz.core.log.keys import KeyRing
from markaz.core.log.note import Note
from markaz.core.log.proofs import ENTRY_SQL, entry_from, opened
from markaz.core.log.reading import entry_tree, public_tree, run_at, runs_between
from markaz.core.log.tree import Frontier
from markaz.kit.clock import iso

SIGNED_FILE: Final = "signed.txt"
READ_BYTES: Final = 1 << 20
LEAVES_AT_ONCE: Final = 65_536
ENTRIES_AT_ONCE: Final = 10_000
CHECKPOINTS_MAX: Final = 20_000  # two years of one an hour


class FolderKind(StrEnum):
    """What a folder is; the first line of what is signed over it, so that none passes for another, or for a checkpoint."""

    LOG = "markaz-log/2"
    PACK = "markaz-pack/2"


@dataclass(frozen=True, slots=True)
class Exported:
    """What a folder holds: sizes of the public tree at its two checkpoints (0: from the beginning), and entries."""

    first_size: int
    last_size: int
    entries: int


async def export(
    connection: Connection,
    ring: KeyRing,
    folder: Path,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    with_openings: bool = False,
) -> Exported:
    """Write the log from the checkpoint before `since` to the last one before `until` into a new `folder`, and sign it.

    `connection` is of one snapshot. Raises what `write_log` raises.
    """
    exported = await write_log(connection, ring, folder, since, until, now, FolderKind.LOG, with_openings=with_openings)
    sign_folder(folder, ring)
    return exported


async def write_log(
    connection: Connection,
    ring: KeyRing,
    folder: Path,
    since: datetime,
    until: datetime,
    now: datetime,
    kind: FolderKind,
    *,
    with_openings: bool,
) -> Exported:
    """Write the log of a period into a new `folder` that is to be signed when it is whole.

    `connection` is of one snapshot. Raises InvalidInput when the folder is there, NotPossibleNow when there is no
    checkpoint before `until`, SaltMissing when a salt key is lost.
    """
    newest = "SELECT size FROM log_checkpoints WHERE at <= $1 ORDER BY size DESC LIMIT 1"
    first = await connection.fetchval(newest, since) or 0
    if first and (standing := await run_at(connection, first - 1)).step_ms == 0:
        # Time stands still there: begin before it did, so that the entry that says so comes along.
        earlier = "SELECT size FROM log_checkpoints WHERE at < $1 ORDER BY size DESC LIMIT 1"
        first = await connection.fetchval(earlier, standing.at) or 0
    last = await connection.fetchval(newest, until)
    if last is None or last <= first:
        raise NotPossibleNow("The log has no two checkpoints in this period.")
    _make_folder(folder)
    start = max(first - 1, 0)  # the leaf that makes the first checkpoint comes along: it binds the edge before it
    base = await run_at(connection, start)
    entries_start = base.entries_size if first else 0
    end = await run_at(connection, last - 1)
    await _write_checkpoints(connection, folder / "checkpoints", first, last)
    await _write_leaves(connection, ring, folder, start, last)
    await _write_intervals(connection, ring, folder, start, last)
    entries = await _write_entries(connection, folder, entries_start, end.entries_size, with_openings)
    manifest = {
        "format": kind,
        "keys": ring.statement(),
        "made_at": iso(now),
        "openings": with_openings,
        "since": iso(since),
        "until": iso(until),
        "public": _edge(await tiles.frontier_of(start, public_tree(connection, ring.salts))),
        "entries": _edge(await tiles.frontier_of(entries_start, entry_tree(connection))),
    }
    _write(folder / "manifest.json", iter([orjson.dumps(manifest, option=orjson.OPT_INDENT_2)]))
    return Exported(first, last, entries)


def sign_folder(folder: Path, ring: KeyRing) -> None:
    """Write signed.txt over every file of the folder as it stands."""
    kind = FolderKind(orjson.loads((folder / "manifest.json").read_bytes())["format"])
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{_sha256(folder / name)}  {name}" for name in files if name != SIGNED_FILE]
    text = "\n".join([kind, *lines]) + "\n"
    _write(folder / SIGNED_FILE, iter([str(Note(text, (ring.signer.sign(text),))).encode()]))
    sync_folder(folder)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            digest.update(part)
    return digest.hexdigest()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise InvalidInput(f"{folder} is there already: name a new folder.", field="folder") from error
    (folder / "checkpoints").mkdir()


def _edge(frontier: Frontier) -> dict[str, Any]:
    return {"size": frontier.size, "edge": [one.hex() for one in frontier.hashes]}


async def _write_checkpoints(connection: Connection, folder: Path, first: int, last: int) -> None:
    """Write the first checkpoint and, from the last one back, what was kept, cosigned or stamped: at most CHECKPOINTS_MAX."""
    rows = connection.cursor(
        NOTE_SQL
        + "WHERE p.size BETWEEN $1 AND $2 AND (p.is_kept OR p.size IN ($1, $2) OR p.timestamp_token IS NOT NULL "
        "OR EXISTS (SELECT FROM log_cosignatures c WHERE c.size = p.size)) ORDER BY p.size = $1 DESC, p.size DESC LIMIT $3",
        first,
        last,
        CHECKPOINTS_MAX,
    )
    async for row in rows:
        _write(folder / f"{row['size']:015d}.txt", iter([note_from(row).encode()]))
        if row["timestamp_token"] is not None:
            _write(folder / f"{row['size']:015d}.tst", iter([bytes(row["timestamp_token"])]))


async def _write_leaves(connection: Connection, ring: KeyRing, folder: Path, start: int, end: int) -> None:
    with (folder / "leaves.bin").open("wb") as file:
        for at in range(start, end, LEAVES_AT_ONCE):
            until = min(at + LEAVES_AT_ONCE, end)
            runs = await runs_between(connection, at, until)
            file.write(b"".join(hashes_between(runs, at, until, ring.salts)))
        file.flush()
        os.fsync(file.fileno())


async def _write_intervals(connection: Connection, ring: KeyRing, folder: Path, start: int, end: int) -> None:
    """Open what says something new with the leaf before it, and in any case the first leaf and the last."""
    with (folder / "intervals.jsonl").open("wb") as file:
        for at in range(start, end, LEAVES_AT_ONCE):
            until = min(at + LEAVES_AT_ONCE, end)
            runs = await runs_between(connection, at, until + 1)
            begins = [run.index for run in runs]
            wanted = {index for begin in begins for index in (begin - 1, begin)} | {start, end - 1}
            for index in sorted(index for index in wanted if at <= index < until):
                run = runs[bisect_right(begins, index) - 1]
                file.write(orjson.dumps(opened(run, index, ring.salts)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


async def _write_entries(connection: Connection, folder: Path, start: int, end: int, with_openings: bool) -> int:
    with (folder / "entries.jsonl").open("wb") as file:
        for at in range(start, end, ENTRIES_AT_ONCE):
            rows = await connection.fetch(
                ENTRY_SQL + "WHERE l.index >= $1 AND l.index < $2 ORDER BY l.index", at, min(at + ENTRIES_AT_ONCE, end)
            )
            file.writelines(orjson.dumps(_exported(row, with_openings=with_openings)) + b"\n" for row in rows)
        file.flush()
        os.fsync(file.fileno())
    return end - start


def _exported(row: Any, *, with_openings: bool) -> dict[str, Any]:
    """Return an entry with the reason why it has no opening, where it has none."""
    entry = entry_from(row, with_opening=with_openings)
    ended = "ended" if with_openings else "not_asked"
    return {**entry, "closed": ended if entry["opening"] is None else None}


def _write(path: Path, lines: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
