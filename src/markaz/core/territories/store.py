"""All SQL about territories. It begins and commits nothing: the caller holds the transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from markaz.core.db.pool import Connection
from markaz.core.territories.model import ROOT_CODE, ROOT_ID, Level, Territory
from markaz.core.territories.tree import TerritoryTree
from markaz.kit.ids import TerritoryId

ROOT_NAMES = {"uz-Latn": "Markaz", "uz-Cyrl": "Марказ", "ru": "Центр", "en": "Centre"}
ROOT_VALID_FROM = date(1970, 1, 1)  # before any import, so that every territory finds its root

# The driver may hand jsonb over as text or decoded; asking for text is the same under both.
_TERRITORIES = (
    "SELECT id, code, parent_id, level, names::text AS names, valid_from, valid_to FROM territories ORDER BY id"
)
_BOUNDARIES = """
SELECT b.territory_id, b.geometry::text AS geometry
FROM territory_boundaries b JOIN territories t ON t.id = b.territory_id
WHERE t.valid_from <= $1 AND (t.valid_to IS NULL OR $1 < t.valid_to)
"""


async def load_tree(connection: Connection, at: date) -> TerritoryTree:
    """Read every territory and the boundaries that stand on the day `at`."""
    territories = [territory_of(row) for row in await connection.fetch(_TERRITORIES)]
    rows = await connection.fetch(_BOUNDARIES, at)
    shapes = shapely.from_geojson([row["geometry"] for row in rows])
    boundaries: Mapping[TerritoryId, BaseGeometry] = {
        TerritoryId(row["territory_id"]): shape for row, shape in zip(rows, shapes, strict=True)
    }
    return TerritoryTree(territories, boundaries, at)


async def ensure_root(connection: Connection) -> int:
    """Return the id of the root territory, making it (id 1, code `centre`) where there is none yet."""
    # ON CONFLICT waits for a twin that is making it at this moment, and then does nothing.
    await connection.execute(
        """INSERT INTO territories (id, code, parent_id, level, names, valid_from)
           SELECT $1, $2, NULL, $3, $4::text::jsonb, $5
           WHERE NOT EXISTS (SELECT 1 FROM territories) ON CONFLICT DO NOTHING""",
        ROOT_ID,
        ROOT_CODE,
        Level.COUNTRY.value,
        orjson.dumps(ROOT_NAMES).decode(),
        ROOT_VALID_FROM,
    )
    return int(await connection.fetchval("SELECT min(id) FROM territories WHERE parent_id IS NULL"))


async def latest_versions(connection: Connection) -> dict[str, Territory]:
    """Return the version of each code that began last, whether or not it still stands."""
    rows = await connection.fetch(_TERRITORIES)
    latest: dict[str, Territory] = {}
    for territory in sorted(map(territory_of, rows), key=lambda territory: territory.valid_from):
        latest[territory.code] = territory
    return latest


async def next_id(connection: Connection) -> int:
    """Return the lowest id above all in use; the caller keeps other writers away."""
    return int(await connection.fetchval("SELECT coalesce(max(id), 0) + 1 FROM territories"))


async def insert_territories(connection: Connection, territories: Sequence[Territory]) -> None:
    """Insert new versions; parents stand before or among them. Meant for thousands: one COPY."""
    await connection.copy_records_to_table(
        "territories",
        columns=["id", "code", "parent_id", "level", "names", "valid_from", "valid_to"],
        records=[
            (t.id, t.code, t.parent_id, t.level.value, orjson.dumps(t.names).decode(), t.valid_from, t.valid_to)
            for t in territories
        ],
    )


async def put_boundaries(connection: Connection, boundaries: Sequence[tuple[TerritoryId, BaseGeometry]]) -> None:
    """Insert or replace boundaries and their boxes."""
    texts = shapely.to_geojson([geometry for _, geometry in boundaries])
    rows = [
        (id_, text, [float(edge) for edge in geometry.bounds])
        for (id_, geometry), text in zip(boundaries, texts, strict=True)
    ]
    await connection.executemany(
        """INSERT INTO territory_boundaries (territory_id, geometry, bbox) VALUES ($1, $2::text::jsonb, $3)
           ON CONFLICT (territory_id) DO UPDATE SET geometry = excluded.geometry, bbox = excluded.bbox""",
        rows,
    )


def territory_of(row: Any) -> Territory:
    """Return the territory of one row of `territories`, whose names are JSON text."""
    parent_id = row["parent_id"]
    return Territory(
        id=TerritoryId(row["id"]),
        code=row["code"],
        parent_id=TerritoryId(parent_id) if parent_id is not None else None,
        level=Level(row["level"]),
        names=orjson.loads(row["names"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
    )
