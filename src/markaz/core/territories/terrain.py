"""What kind of ground a territory is: town, country or mountain. A territory without a word of its own is as the one around it.

It says how far apart things lie, nothing about the people who live there. Who may set it is the command line's business.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from markaz.core import events
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.territories.store import ensure_root
from markaz.core.territories.tree import TerritoryTree
from markaz.kit.ids import uuid7

TERRAIN_SET = "territory.terrain_set/1"  # a running centre reads its territories again when it sees it
ROWS_MAX = 100_000  # ten countries like ours


class Terrain(StrEnum):
    """The classes of ground that norms know."""

    URBAN = "urban"
    RURAL = "rural"
    MOUNTAIN = "mountain"


@dataclass(frozen=True, slots=True)
class Terrains:
    """Which terrain each territory is. `marks` holds what was stated; `default` is for what nobody described."""

    marks: Mapping[int, Terrain]
    tree: Callable[[], TerritoryTree]
    default: Terrain

    def of(self, territory_id: int) -> Terrain:
        """Return the terrain stated for the territory, else for the nearest one around it, else the default.

        The default also for an unknown id.
        """
        try:
            path = self.tree().path(territory_id)
        except NotFound:
            return self.default
        return next((self.marks[id_] for id_ in reversed(path) if id_ in self.marks), self.default)


async def load_terrain(connection: Connection, tree: TerritoryTree) -> dict[int, Terrain]:
    """Return what was stated, by the version of each territory that stands now."""
    rows = await connection.fetch("SELECT territory_id, terrain FROM territory_terrain ORDER BY territory_id")
    stated = {row["territory_id"]: Terrain(row["terrain"]) for row in rows}
    # What was said of an old version goes on for the one that replaced it, unless that has a word of its own.
    inherited = {now: terrain for id_, terrain in stated.items() if (now := tree.current(id_)) is not None}
    return inherited | {id_: terrain for id_, terrain in stated.items() if tree.current(id_) == id_}


def read_terrain(file: Path) -> dict[str, Terrain]:
    """Return code -> terrain from a CSV file with the columns `code` and `terrain`. Raises InvalidInput naming the line."""
    found: dict[str, Terrain] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames is None or not {"code", "terrain"} <= set(reader.fieldnames):
            raise InvalidInput("The file needs the columns code and terrain.", field="terrain")
        for row in reader:
            code, terrain = (row["code"] or "").strip(), (row["terrain"] or "").strip()
            if terrain not in set(Terrain):
                words = ", ".join(Terrain)
                raise InvalidInput(f"line {reader.line_num}: {terrain[:40]!r} is not one of {words}.", field="terrain")
            if code in found or not code:
                raise InvalidInput(f"line {reader.line_num}: the code is missing or stands twice.", field="code")
            if len(found) >= ROWS_MAX:
                raise InvalidInput(f"More than {ROWS_MAX} rows: this is not a list of territories.", field="code")
            found[code] = Terrain(terrain)
    return found


async def set_terrain(
    connection: Connection, tree: TerritoryTree, wanted: Mapping[str, Terrain], *, actor_id: UUID, at: datetime
) -> int:
    """Write the terrain of territories named by code, all or nothing, with one event; commit right after.

    Returns how many were written. Raises InvalidInput for a code that no territory has, or when nothing is wanted.
    """
    ids = {code: tree.find(code) for code in wanted}
    unknown = sorted(code for code, id_ in ids.items() if id_ is None)
    if unknown or not wanted:
        raise InvalidInput(f"There is no territory {', '.join(unknown[:5]) or 'in the file'}.", field="code")
    await put_terrain(connection, [(ids[code], terrain) for code, terrain in wanted.items()])
    event = events.Event(
        type=TERRAIN_SET,
        aggregate_id=uuid7(),
        territory_id=await ensure_root(connection),
        actor_id=actor_id,
        occurred_at=at,
        occurred_source="import",
        payload={"set": len(wanted)},
    )
    await events.append(connection, [event])
    return len(wanted)


async def put_terrain(connection: Connection, rows: Iterable[tuple[int | None, Terrain]]) -> None:
    """Insert or replace the terrain of territories by id."""
    given = list(rows)
    await connection.execute(
        "INSERT INTO territory_terrain (territory_id, terrain) "
        "SELECT * FROM unnest($1::int[], $2::text[]) ON CONFLICT (territory_id) DO UPDATE SET terrain = excluded.terrain",
        [id_ for id_, _ in given],
        [terrain.value for _, terrain in given],
    )
