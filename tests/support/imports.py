"""A test's own empty centre to import into, lines to import, and everything that an import leaves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.sealing import Sealer
from markaz.programmes.incidents.imports import loader
from markaz.programmes.incidents.imports.importing import import_table
from markaz.programmes.incidents.imports.mapping import Mapping, parse_mapping
from markaz.programmes.incidents.imports.reader import open_table
from markaz.programmes.incidents.imports.report import Report

NOW = datetime(2026, 1, 1, tzinfo=UTC)

# Everything an import writes; what is drawn at random or by the clock is left out, so that two imports can be compared.
TABLES = {
    "incidents": "id, number, source_key, status, category, priority, channel, territory_id, lon, lat, received_at, "
    "entered_at, arrived_at, closed_at, precisions, outcome, flags",
    "calls": "id, incident_id, channel, received_at, sealed_id IS NULL",
    "units": "id, call_sign, kind, source, territory_id, status",
    "assignments": "incident_id, unit_id, ordinal, is_current, assigned_at, en_route_at, on_scene_at, cleared_at, "
    "precisions, flags",
    "import_rows": "source, row_key",
    "events": "type, aggregate_id, territory_id, occurred_precision, occurred_source",
    "sealed_fields": "field, length(ciphertext)",
    "keys.sealed_keys": "length(wrapped_key)",
}
MAPPING = """
source = "city"
time_zone = "Asia/Tashkent"
row_key = ["row"]
call_key = ["call"]
[call]
received = "received"
category = "kind"
territory = "district"
lon = "lon"
lat = "lat"
address = "street"
[unit]
call_sign = "unit"
assigned = "assigned"
on_scene = "on_scene"
cleared = "cleared"
"""
HEADER = "row,call,received,kind,district,lon,lat,street,unit,assigned,on_scene,cleared\n"


def line(row: str, call: str, unit: str = "E1", cleared: str = "2020-01-01T01:00:00", **more: str) -> str:
    """Return one line of CSV; `more` replaces kind, received, district, lon, lat, street, on_scene."""
    at = {
        "received": "2020-01-01T00:00:00",
        "kind": "fire",
        "on_scene": "2020-01-01T00:10:00",
        "street": "Street 1",
    } | more
    return (
        f"{row},{call},{at['received']},{at['kind']},{at.get('district', '')},{at.get('lon', '')},{at.get('lat', '')},"
        f"{at['street']},{unit},2020-01-01T00:05:00,{at['on_scene']},{cleared}\n"
    )


class Into:
    """A test's own empty centre, and how to import into it and look at it."""

    def __init__(self, database: Database, sealer: Sealer, folder: Path) -> None:
        self.database = database
        self.sealer = sealer
        self._folder = folder

    async def file(self, path: Path, mapping: Mapping, territory: str | None = None) -> Report:
        target = await loader.open_target(self.database, self.sealer, territory, NOW)
        return await import_table(open_table(path, mapping), mapping, target, now=NOW)

    async def lines(self, *lines: str, territory: str | None = None, mapping: str = MAPPING) -> Report:
        path = self._folder / "export.csv"
        path.write_text(HEADER + "".join(lines))
        return await self.file(path, parse_mapping(mapping), territory)

    async def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.database.connection() as connection:
            return await connection.fetch(sql, *arguments)

    async def value(self, sql: str, *arguments: Any) -> Any:
        return (await self.rows(sql, *arguments))[0][0]

    async def contents(self) -> dict[str, tuple[int, str]]:
        """Return how many rows each table holds, and a hash of them in an order of their own."""
        found = {}
        for table, columns in TABLES.items():
            (row,) = await self.rows(
                f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) "
                f"FROM (SELECT {columns} FROM {table}) t"
            )
            found[table] = (row[0], row[1])
        return found


@asynccontextmanager
async def opened(access: DatabaseAccess, folder: Path) -> AsyncIterator[Into]:
    database = await Database.open(access.app_dsn, max_size=4)
    try:
        yield Into(database, Sealer.open(folder), folder)
    finally:
        await database.close()
