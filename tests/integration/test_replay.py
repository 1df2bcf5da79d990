"""A replay through the centre's own HTTP intake leaves what the independent answer and an import of the same rows say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.support.centre import BASE_URL, RunningCentre
from tests.support.exports import SFFD, needs_data
from tests.support.land import Land

from markaz.core.db.pool import Database
from markaz.core.permissions import Role
from markaz.core.sealing import Sealer
from markaz.programmes.incidents import figures
from markaz.programmes.incidents.imports.importing import import_table
from markaz.programmes.incidents.imports.loader import open_target
from markaz.programmes.incidents.imports.mapping import load_mapping
from markaz.programmes.incidents.imports.normalise import Normaliser, precision_of_file
from markaz.programmes.incidents.imports.reader import open_table
from markaz.programmes.incidents.imports.report import Report
from markaz.programmes.incidents.imports.rows import DispatchRow
from markaz.programmes.incidents.imports.sender import Pace, Sender, Sent
from markaz.programmes.incidents.imports.table import RawRow
from markaz.programmes.incidents.imports.timetable import Timetable

DAY = (datetime(2020, 4, 10), datetime(2020, 4, 11))  # noqa: DTZ001 - local times of the export
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAPPING = load_mapping("sffd")

INCIDENTS = """
SELECT id, number, source_key, category, priority, initial_priority, channel, lon, lat, received_at, entered_at,
       arrived_at, precisions FROM incidents ORDER BY id
"""
ASSIGNMENTS = """
SELECT incident_id, unit_id, ordinal, is_current, assigned_at, en_route_at, on_scene_at, transporting_at,
       at_hospital_at, cleared_at, precisions, 'stage_order' = ANY(flags) FROM assignments ORDER BY 1, 2, 3
"""
CLOSED = "SELECT id, closed_at FROM incidents WHERE closed_at IS NOT NULL ORDER BY id"
# Only what the export says, asked of DuckDB alone.
RESPONSE = """
    WITH calls AS (
        SELECT any_value(final_priority) AS priority, date_diff('second', any_value(received), min(on_scene)) AS s
        FROM read_parquet(?) WHERE received >= ? AND received < ? GROUP BY call_number
    )
    SELECT count(*), count(s), quantile_disc(s, 0.5), quantile_disc(s, 0.9) FROM calls GROUP BY priority ORDER BY priority DESC
"""


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Return the export of one day."""
    inside = (pc.field("received") >= DAY[0]) & (pc.field("received") < DAY[1])
    pq.write_table(pq.read_table(SFFD / "dispatch_2020-04.parquet").filter(inside), tmp_path / "day.parquet")
    return tmp_path / "day.parquet"


@pytest.fixture
def two_hours(tmp_path: Path) -> Path:
    """Return the export of two hours: enough rows where a whole day would show nothing more."""
    inside = (pc.field("received") >= DAY[0]) & (pc.field("received") < DAY[0] + timedelta(hours=2))
    pq.write_table(pq.read_table(SFFD / "dispatch_2020-04.parquet").filter(inside), tmp_path / "hours.parquet")
    return tmp_path / "hours.parquet"


def timetable_of(file: Path) -> Timetable:
    table, timetable = open_table(file, MAPPING), Timetable(MAPPING.source)
    precision, rows = precision_of_file(table.rows(), table.read_columns, MAPPING)
    normaliser = Normaliser(MAPPING, table.read_columns, now=NOW, precision=precision, report=Report())
    for raw in rows:
        assert isinstance(raw, RawRow)
        row = normaliser.row(raw)
        assert isinstance(row, DispatchRow)
        timetable.add(row)
    return timetable


@asynccontextmanager
async def importer(centre: RunningCentre) -> AsyncIterator[Sender]:
    key = (await centre.person(Role.IMPORTER, Land.ROOT)).credentials["Authorization"].removeprefix("Bearer ")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(centre.app), base_url=BASE_URL) as client:
        yield Sender(client, key)


async def replay(centre: RunningCentre, timetable: Timetable) -> Sent:
    span = timetable.span()
    assert span is not None
    async with importer(centre) as sender:
        return await sender.send(timetable, Pace(span[0], 0), clock_source=MAPPING.source)


async def plain(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return [tuple(row) for row in await connection.fetch(sql)]


@needs_data
async def test_replayed_day_equals_duckdb_and_the_import_of_the_same_rows(
    centre: RunningCentre, day: Path, cluster: Any, tmp_path: Path
) -> None:
    with timetable_of(day) as timetable:
        sent = await replay(centre, timetable)
        assert (sent.commands, sent.refused, [r.message for r in sent.refusals]) == (len(timetable), 0, [])
    database = centre.centre.database
    async with database.connection() as connection:
        response = await figures.response_times(connection, source="sffd")
    with duckdb.connect() as independent:
        want = independent.execute(RESPONSE, [str(day), *DAY]).fetchall()
    assert [(f.calls, f.with_both, f.p50_s, f.p90_s) for f in response] == want

    name = "test_replay_import"
    access = cluster.make(name, "markaz_template")
    imported = await Database.open(access.app_dsn, max_size=1)
    try:
        target = await open_target(imported, Sealer.open(tmp_path), None, NOW)
        await import_table(open_table(day, MAPPING), MAPPING, target, now=NOW)
        for sql in (INCIDENTS, ASSIGNMENTS, CLOSED):
            assert await plain(database, sql) == await plain(imported, sql)
    finally:
        await imported.close()
        cluster.drop(name)
    assert await centre.rows("SELECT 1 FROM events HAVING max(seq) <> count(*)") == []


@needs_data
async def test_replay_run_again_does_nothing_twice(centre: RunningCentre, day: Path) -> None:
    with timetable_of(day) as timetable:
        commands = list(timetable)[:300]
        span = timetable.span()
    assert span is not None
    async with importer(centre) as sender:
        await sender.send(commands[:200], Pace(span[0], 0), clock_source=None)
    seq = await centre.seq()
    async with importer(centre) as sender:
        again = await sender.send(commands[:200], Pace(span[0], 0), clock_source=None)
    assert (again.commands, again.refused) == (200, 0)
    assert await centre.seq() == seq


async def import_day(centre: RunningCentre, day: Path, home: Path) -> Report:
    target = await open_target(centre.centre.database, Sealer.open(home), None, NOW)
    return await import_table(open_table(day, MAPPING), MAPPING, target, now=NOW)


@needs_data
async def test_a_replay_over_an_import_of_the_same_rows_adds_nothing(
    centre: RunningCentre, two_hours: Path, tmp_path: Path
) -> None:
    await centre.person(Role.IMPORTER, Land.ROOT)
    await import_day(centre, two_hours, tmp_path)
    seq = await centre.seq()
    with timetable_of(two_hours) as timetable:
        sent = await replay(centre, timetable)
        assert (sent.commands, sent.refused) == (len(timetable), 0)
    assert await centre.seq() == seq


@needs_data
async def test_an_import_after_a_replay_finds_its_rows_though_a_stage_was_corrected(
    centre: RunningCentre, two_hours: Path, tmp_path: Path
) -> None:
    with timetable_of(two_hours) as timetable:
        await replay(centre, timetable)
    before = await centre.rows("SELECT count(*) FROM assignments")
    # As a correction leaves it: the row no longer says what the export says.
    await centre.as_owner("UPDATE assignments SET on_scene_at = on_scene_at + interval '1 minute'")
    report = await import_day(centre, two_hours, tmp_path)
    assert await centre.rows("SELECT count(*) FROM assignments") == before
    assert report.units == 0
