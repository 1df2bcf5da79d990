"""A replay of real dispatch data while server and PostgreSQL are killed: in the end exactly what an import would leave."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.faults.ledger import nothing_half_done
from tests.faults.served import ServedCentre
from tests.support.exports import SFFD, needs_data
from tests.support.land import Land
from tests.support.people import make_service

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.errors import Unavailable
from markaz.core.permissions import Grant, Role
from markaz.core.sealing import Sealer
from markaz.core.settings import Settings
from markaz.programmes.incidents.imports.importing import import_table
from markaz.programmes.incidents.imports.loader import open_target
from markaz.programmes.incidents.imports.mapping import load_mapping
from markaz.programmes.incidents.imports.reader import open_table

WINDOW = (datetime(2020, 4, 10, 10), datetime(2020, 4, 10, 11))  # noqa: DTZ001 - local times of the export
PATIENCE_S = 120.0
# What the rows say, whichever way they came; ids follow from the source's own keys.
SAID = (
    "SELECT id, number, source_key, category, priority, initial_priority, channel, lon, lat, received_at, entered_at, "
    "arrived_at, closed_at, status, outcome FROM incidents ORDER BY id",
    "SELECT incident_id, unit_id, ordinal, is_current, assigned_at, en_route_at, on_scene_at, transporting_at, "
    "at_hospital_at, cleared_at FROM assignments ORDER BY 1, 2, 3",
    "SELECT id, call_sign, kind FROM units ORDER BY id",
)


@pytest.fixture
async def served(embedded_settings: Settings) -> AsyncIterator[ServedCentre]:
    centre = ServedCentre(embedded_settings)
    yield centre
    await asyncio.to_thread(centre.stop)


@pytest.fixture
def hours(tmp_path: Path) -> Path:
    inside = (pc.field("received") >= WINDOW[0]) & (pc.field("received") < WINDOW[1])
    file = tmp_path / "hours.parquet"
    pq.write_table(pq.read_table(SFFD / "dispatch_2020-04.parquet").filter(inside), file)
    return file


@needs_data
async def test_replay_through_kills_leaves_exactly_what_an_import_leaves(
    served: ServedCentre, hours: Path, database: DatabaseAccess, tmp_path: Path
) -> None:
    replayed = await served.prepare()
    _, key = await make_service(replayed, "replay", (Grant(Role.IMPORTER, Land.ROOT),), now=datetime.now(UTC))
    await asyncio.to_thread(served.start)
    began = await _events(replayed)
    replaying = asyncio.create_task(_replay(served, key, hours))
    for events, kill in (
        (60, served.kill_server),
        (150, served.kill_database),
        (240, served.kill_server),
        (330, served.kill_database),
    ):
        await _wait_for_events(replayed, began + events, replaying)
        kill()
        if kill == served.kill_server:
            await asyncio.to_thread(served.start)
    said = await replaying
    assert said["refused"] == 0
    assert said["retried"] > 0, "no command was under way when something was killed"
    await nothing_half_done(replayed)
    kept = await _rows(replayed, "SELECT count(*), count(DISTINCT key) FROM idempotency")
    assert kept == [(said["commands"], said["commands"])]
    imported = await _imported(hours, database, tmp_path)
    for sql in SAID:
        assert await _rows(replayed, sql) == await _rows(imported, sql)
    before = await _events(replayed)
    again = await _replay(served, key, hours)
    assert (again["commands"], again["refused"]) == (said["commands"], 0)
    assert await _events(replayed) == before, "a replay that is run again does nothing twice"
    await imported.close()
    await replayed.close()


async def _replay(served: ServedCentre, key: str, file: Path) -> dict[str, Any]:
    """Run `markaz replay` as a person would, and return what it printed."""
    command = [sys.executable, "-m", "markaz.cli.main", "replay", str(file), "--mapping", "sffd", "--speed", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKAZ_")}
    process = await asyncio.create_subprocess_exec(
        *command,
        "--url",
        served.base_url,
        env=environment | {"MARKAZ_IMPORTER_KEY": key, "MARKAZ_HOME": str(served.home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    said = json.loads(out)
    assert isinstance(said, dict)
    return said


async def _imported(file: Path, access: DatabaseAccess, home: Path) -> Database:
    """Import the same rows into another centre."""
    mapping, now = load_mapping("sffd"), datetime.now(UTC)
    database = await Database.open(access.app_dsn, max_size=1)
    target = await open_target(database, Sealer.open(home), None, now)
    await import_table(open_table(file, mapping), mapping, target, now=now)
    return database


async def _wait_for_events(database: Database, count: int, running: "asyncio.Task[Any]") -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await _events(database) < count:
            assert not running.done(), running.result()
            await asyncio.sleep(0.01)


async def _events(database: Database) -> int:
    """Return how far the log is; a database that is just away is asked again."""
    while True:
        try:
            return int((await _rows(database, "SELECT seq FROM event_counter"))[0][0])
        except Unavailable:
            await asyncio.sleep(0.05)


async def _rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return [tuple(row) for row in await connection.fetch(sql)]
