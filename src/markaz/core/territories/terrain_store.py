"""All SQL about terrain. It begins and commits nothing: the caller holds the transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from markaz.core import events
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput
from markaz.core.territories.store import ensure_root
from markaz.core.territories.terrain import Terrain
from markaz.core.territories.tree import TerritoryTree
from markaz.kit.ids import uuid7

TERRAIN_SET = "territory.terrain_set/1"  # a running centre reads its territories again when it sees it


async def load_terrain(connection: Connection, tree: TerritoryTree) -> dict[int, Terrain]:
    """Return what was stated, by the version of each territory that stands now."""
    rows = await connection.fetch("SELECT territory_id, terrain FROM territory_terrain ORDER BY territory_id")
    stated = {row["territory_id"]: Terrain(row["terrain"]) for row in rows}
    # What was said of an old version goes on for the one that replaced it, unless that has a word of its own.
    inherited = {now: terrain for id_, terrain in stated.items() if (now := tree.current(id_)) is not None}
    return inherited | {id_: terrain for id_, terrain in stated.items() if tree.current(id_) == id_}


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
