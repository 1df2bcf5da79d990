"""Where the hashes of both trees are found: in the tables of the log, and level 0 of the public tree by its salts.

Reads only. What a caller may see of it is decided elsewhere: public are the hashes of the public tree, nothing else.
"""

from collections.abc import Sequence
from typing import Any, Final

from markaz.core.db.pool import Connection
from markaz.core.errors import MarkazError
from markaz.core.log import tiles
from markaz.core.log.intervals import Run, Salts, data_between, hashes_between
from markaz.core.log.tree import perfect_root

_HASHES: Final = {
    "log_leaves": "SELECT index, hash FROM log_leaves WHERE index = ANY($1::bigint[])",
    "log_tiles": "SELECT index, hash FROM log_tiles WHERE level = $2 AND index = ANY($1::bigint[])",
    "log_public_tiles": "SELECT index, hash FROM log_public_tiles WHERE level = $2 AND index = ANY($1::bigint[])",
}
RUN_COLUMNS: Final = "index, at, step_ms, entries_size, entries_root, software, policy_hash, salt_id"


class LogBroken(MarkazError):
    """The log does not fit together: it was changed past this program, or a key file is not the one it was made with."""

    status = 500
    code = "log_broken"


def entry_tree(connection: Connection) -> tiles.Fetch:
    """Return what reads hashes of the entry tree."""

    async def fetch(wanted: tiles.Wanted) -> tiles.Hashes:
        return {
            level: await _kept(connection, "log_tiles" if level else "log_leaves", level, ranges)
            for level, ranges in wanted.items()
        }

    return fetch


def public_tree(connection: Connection, salts: Salts) -> tiles.Fetch:
    """Return what reads hashes of the public tree. Raises SaltMissing for leaves whose salt key is gone."""

    async def fetch(wanted: tiles.Wanted) -> tiles.Hashes:
        found: dict[int, dict[int, bytes]] = {}
        for level, ranges in wanted.items():
            if level:
                found[level] = await _kept(connection, "log_public_tiles", level, ranges)
                continue
            found[0] = {}
            for start, end in ranges:
                hashes = hashes_between(await runs_between(connection, start, end), start, end, salts)
                found[0].update(zip(range(start, end), hashes, strict=True))
        return found

    return fetch


async def _kept(connection: Connection, table: str, level: int, ranges: Sequence[tuple[int, int]]) -> dict[int, bytes]:
    indexes = [index for start, end in ranges for index in range(start, end)]
    rows = await connection.fetch(_HASHES[table], indexes, *([level] if level else []))
    return {row["index"]: bytes(row["hash"]) for row in rows}


async def runs_between(connection: Connection, start: int, end: int) -> list[Run]:
    """Return the runs that say what the public leaves `[start, end)` hold, in order."""
    rows = await connection.fetch(
        f"SELECT {RUN_COLUMNS} FROM log_intervals WHERE index < $2 AND index >= "  # noqa: S608 - a constant of this file
        "coalesce((SELECT max(index) FROM log_intervals WHERE index <= $1), 0) ORDER BY index",
        start,
        end,
    )
    return [run_of(row) for row in rows]


async def run_at(connection: Connection, index: int) -> Run:
    """Return the run that the public leaf `index` belongs to. Raises LogBroken when there is none."""
    runs = await runs_between(connection, index, index + 1)
    if not runs or runs[-1].index > index:
        raise LogBroken(f"No interval says what leaf {index} of the public log holds.")
    return runs[-1]


def run_of(row: Any) -> Run:
    """Return the run of a row."""
    return Run(
        row["index"],
        row["at"],
        row["step_ms"],
        row["entries_size"],
        bytes(row["entries_root"]),
        row["software"],
        row["policy_hash"],
        row["salt_id"],
    )


async def public_tile(connection: Connection, salts: Salts, tile: tiles.Tile) -> bytes:
    """Return the bytes of a tile of the public tree, which the caller knows to be published.

    Raises LogBroken when what follows from rows and keys is not what was signed, and SaltMissing.
    """
    start, end = tile.start, tile.start + tile.width
    if tile.level is None:
        data = data_between(await runs_between(connection, start, end), start, end, salts)
        return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in data)
    try:
        hashes = (await public_tree(connection, salts)({tile.level: [(start, end)]}))[tile.level]
        row = [hashes[index] for index in range(start, end)]
    except KeyError as error:
        raise LogBroken(f"The tile {tiles.path_of(tile)} of the public log is not whole.") from error
    if tile.width == tiles.WIDTH:
        kept = await connection.fetchval(
            "SELECT hash FROM log_public_tiles WHERE level = $1 AND index = $2", tile.level + 1, tile.index
        )
        if kept != perfect_root(row):
            raise LogBroken(f"The tile {tiles.path_of(tile)} of the public log is not the one that was signed.")
    return b"".join(row)
