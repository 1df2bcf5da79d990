"""All SQL about places. It begins and commits nothing: the caller holds the transaction."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from markaz.core.db.pool import Connection
from markaz.core.places.index import PlaceRow
from markaz.core.places.model import NewPlace, PlaceKind
from markaz.kit.geometry import Point

READ_AT_ONCE = 10_000
REMOVE_AT_ONCE = 20_000
LOCK = "markaz.places"

_COLUMNS = ["source_key", "kind", "names", "aliases", "house", "lon", "lat", "territory_id"]
_TAKE = """
WITH put AS (
    INSERT INTO places AS p (source, source_key, kind, names, aliases, house, lon, lat, territory_id)
    SELECT $1, source_key, kind, names, aliases, house, lon, lat, territory_id FROM places_incoming
    ON CONFLICT (source, source_key) DO UPDATE SET
        kind = excluded.kind, names = excluded.names, aliases = excluded.aliases, house = excluded.house,
        lon = excluded.lon, lat = excluded.lat, territory_id = excluded.territory_id, valid = true
    WHERE (p.kind, p.names, p.aliases, p.house, p.lon, p.lat, p.territory_id, p.valid) IS DISTINCT FROM
        (excluded.kind, excluded.names, excluded.aliases, excluded.house, excluded.lon, excluded.lat,
         excluded.territory_id, true)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE NOT is_new) AS changed FROM put
"""


@dataclass(frozen=True, slots=True)
class StoredPlace:
    """A place as it is shown."""

    id: int
    kind: PlaceKind
    names: dict[str, str]
    house: str | None
    point: Point
    territory_id: int | None


async def lock(connection: Connection) -> None:
    """Let one import or removal go after the other; held to the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", LOCK)


async def take(connection: Connection, source: str, places: Sequence[tuple[NewPlace, int | None]]) -> tuple[int, int]:
    """Insert or update places, each with its territory, by one COPY; return how many are new and how many changed.

    Under `lock`; a key stands in `places` once.
    """
    await connection.execute("TRUNCATE places_incoming")
    await connection.copy_records_to_table(
        "places_incoming",
        columns=_COLUMNS,
        records=[
            (
                place.key,
                place.kind.value,
                orjson.dumps(place.names).decode(),
                list(place.aliases),
                place.house,
                place.point.lon_deg,
                place.point.lat_deg,
                territory_id,
            )
            for place, territory_id in places
        ],
    )
    row = await connection.fetchrow(_TAKE, source)
    assert row is not None
    return int(row["added"]), int(row["changed"])


async def clear_incoming(connection: Connection) -> None:
    """Leave nothing between two imports."""
    await connection.execute("TRUNCATE places_incoming")


async def remove(connection: Connection, source: str) -> int:
    """Take every place of a source out of the search and return how many; their ids go on meaning the same."""
    removed = 0
    while True:
        done = await connection.execute(
            "UPDATE places SET valid = false WHERE id IN (SELECT id FROM places WHERE source = $1 AND valid LIMIT $2)",
            source,
            REMOVE_AT_ONCE,
        )
        count = int(done.split()[-1])
        removed += count
        if count < REMOVE_AT_ONCE:
            return removed


async def rows(connection: Connection) -> AsyncIterator[list[PlaceRow]]:
    """Yield every place that is searched, by id, READ_AT_ONCE at a time. Needs a transaction."""
    cursor = await connection.cursor(
        "SELECT id, kind, names::text AS names, aliases, house, lon, lat, territory_id FROM places WHERE valid ORDER BY id"
    )
    while batch := await cursor.fetch(READ_AT_ONCE):
        yield [
            PlaceRow(
                row["id"],
                row["kind"],
                row["names"],
                tuple(row["aliases"]),
                row["house"],
                row["lon"],
                row["lat"],
                row["territory_id"],
            )
            for row in batch
        ]


async def read(connection: Connection, ids: Sequence[int]) -> dict[int, StoredPlace]:
    """Return the places of these ids, also those that are no longer searched; unknown ids are left out."""
    found = await connection.fetch(
        "SELECT id, kind, names::text AS names, house, lon, lat, territory_id FROM places WHERE id = ANY($1::bigint[])",
        list(ids),
    )
    return {row["id"]: _stored(row) for row in found}


def _stored(row: Any) -> StoredPlace:
    return StoredPlace(
        row["id"],
        PlaceKind(row["kind"]),
        orjson.loads(row["names"]),
        row["house"],
        Point(row["lon"], row["lat"]),
        row["territory_id"],
    )
