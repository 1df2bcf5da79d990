"""Imports into a real database: everything once, exactly what the file says, whatever happens in the middle."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.support.exports import ROOT, SEATTLE, SFFD, needs_data
from tests.support.imports import MAPPING, TABLES, Into, line, opened

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.events import append
from markaz.kit.ids import import_id
from markaz.programmes.incidents import figures
from markaz.programmes.incidents.imports import loader
from markaz.programmes.incidents.imports.mapping import load_mapping

GOLDEN = ROOT / "tests" / "golden" / "sffd_2020_04.json"


@pytest.fixture
async def centre(database: DatabaseAccess, tmp_path: Path) -> AsyncIterator[Into]:
    async with opened(database, tmp_path) as into:
        yield into


# --- the real exports ---


@needs_data
async def test_april_2020_equals_the_independent_answer_exactly(centre: Into) -> None:
    golden = json.loads(GOLDEN.read_text())
    report = await centre.file(SFFD / golden["file"], load_mapping("sffd"))
    assert report.summary() | {"seconds": 0} == {
        "rows": golden["rows"],
        "calls": golden["calls"],
        "units": golden["units"],
        "flagged": golden["rows_out_of_order"],
        "already_present": 0,
        "rejected": 0,
        "seconds": 0,
    }
    assert report.flags == {"stage_order": golden["rows_out_of_order"]}
    counts = {table: count for table, (count, _) in (await centre.contents()).items()}
    assert (counts["incidents"], counts["calls"], counts["units"]) == (
        golden["calls"],
        golden["calls"],
        golden["units"],
    )
    assert counts["assignments"] == counts["import_rows"] == golden["rows"]
    stated = await centre.rows(
        "SELECT count(received_at) AS received, count(entered_at) AS entered, count(assigned_at) AS assigned, "
        "count(en_route_at) AS en_route, count(on_scene_at) AS on_scene, count(transporting_at) AS transporting, "
        "count(at_hospital_at) AS at_hospital, count(cleared_at) AS cleared "
        "FROM incidents JOIN assignments ON incident_id = id"
    )
    assert dict(stated[0]) == golden["stated"]
    async with centre.database.connection() as connection:
        response = await figures.response_times(connection, source="sffd")
    want = [(row["priority"], row["calls"], row["with_both"], row["p50_s"], row["p90_s"]) for row in golden["response"]]
    assert [(f.priority, f.calls, f.with_both, f.p50_s, f.p90_s) for f in response] == sorted(want)


@needs_data
async def test_second_import_of_the_same_file_adds_nothing(centre: Into) -> None:
    file, mapping = SFFD / "structure_fires_2009-2019.parquet", load_mapping("sffd")
    first = await centre.file(file, mapping)
    before, seq = await centre.contents(), await centre.value("SELECT seq FROM event_counter")
    again = await centre.file(file, mapping)
    assert (first.calls, first.already_present) == (900, 0)
    assert (again.calls, again.units, again.flagged, again.already_present) == (0, 0, 0, 4_329)
    assert await centre.contents() == before
    assert await centre.value("SELECT seq FROM event_counter") == seq


@needs_data
@pytest.mark.parametrize("minutes_first", [True, False])
async def test_overlapping_exports_are_joined_by_their_keys(centre: Into, tmp_path: Path, minutes_first: bool) -> None:
    seconds = SFFD / "structure_fires_2009-2019.parquet"
    whole_year = pq.read_table(SFFD / "dispatch_2018_northeast.parquet")
    shared = pc.is_in(whole_year["call_number"], pq.read_table(seconds)["call_number"])
    minutes = tmp_path / "minutes.parquet"
    pq.write_table(whole_year.filter(shared), minutes)
    files = [minutes, seconds] if minutes_first else [seconds, minutes]
    first, second = [await centre.file(file, load_mapping("sffd")) for file in files]
    assert first.already_present == 0
    assert second.already_present == 413
    assert first.calls + second.calls == await centre.value("SELECT count(*) FROM incidents")
    rows = await centre.value("SELECT count(*) FROM assignments")
    assert rows == first.rows + second.rows - 413 == await centre.value("SELECT count(*) FROM import_rows")
    # What was stated first stands, as precisely as it was stated; nothing is filled up from the other file.
    stated = await centre.rows(
        "SELECT received_at, precisions FROM incidents WHERE source_key = ANY($1::text[])",
        pq.read_table(minutes)["call_number"].unique().to_pylist(),
    )
    coarse = [row for row in stated if json.loads(row["precisions"]).get("received") == "minute"]
    assert len(coarse) == (len(stated) if minutes_first else 0)
    assert any(row["received_at"].second for row in stated) != minutes_first


@needs_data
async def test_calls_without_units_and_places_stay_so(centre: Into) -> None:
    report = await centre.file(SEATTLE / "calls_sample_10k.parquet", load_mapping("seattle"))
    assert (report.rows, report.calls, report.units, report.rejected) == (10_000, 10_000, 0, 0)
    found = await centre.rows(
        "SELECT count(*) AS calls, count(lon) AS places, count(arrived_at) AS arrived, count(entered_at) AS entered, "
        "count(closed_at) AS closed FROM incidents"
    )
    assert dict(found[0]) == {"calls": 10_000, "places": 0, "arrived": 9_290, "entered": 0, "closed": 0}
    assert [await centre.value(f"SELECT count(*) FROM {table}") for table in ("units", "assignments")] == [0, 0]
    assert await centre.value("SELECT count(sealed_id) FROM calls") == 0
    assert "precinct" in report.full()["unmapped_columns"]


# --- what an import leaves ---


async def test_address_is_sealed_and_stands_nowhere_in_clear(centre: Into) -> None:
    await centre.lines(line("1", "c1", street="Secret Lane 7"))
    sealed_id = await centre.value("SELECT sealed_id FROM calls")
    async with centre.database.connection() as connection:
        assert await centre.sealer.read(connection, [sealed_id]) == {sealed_id: {"address": "Secret Lane 7"}}
    for table in (*TABLES, "idempotency", "audit_entries"):
        assert await centre.value(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%Secret%'") == 0


async def test_one_event_for_each_call_and_batch_holds_its_stages(centre: Into) -> None:
    await centre.lines(line("1", "c1"), line("2", "c1", "E2", cleared=""), line("3", "c2"))
    events = await centre.rows("SELECT seq, type, aggregate_id, occurred_at, payload FROM events ORDER BY seq")
    assert [(e["seq"], e["type"]) for e in events] == [
        (1, "unit.registered/1"),
        (2, "unit.registered/1"),
        (3, "incident.imported/1"),
        (4, "incident.imported/1"),
    ]
    assert events[2]["aggregate_id"] == import_id("incident", "city", "c1")
    payload = json.loads(events[2]["payload"])
    assert (payload["rows"], payload["received"], payload["joined"]) == (2, "2019-12-31T19:00:00Z", False)
    assert [unit["call_sign"] for unit in payload["units"]] == ["E1", "E2"]
    assert payload["units"][1]["stages"] == {"assigned": "2019-12-31T19:05:00Z", "on_scene": "2019-12-31T19:10:00Z"}
    assert json.loads(events[0]["payload"])["view"]["status"] == "off_duty"


async def test_call_is_closed_when_all_its_units_are_cleared(centre: Into) -> None:
    await centre.lines(
        line("1", "c1", "E1", cleared="2020-01-01T01:00:00"),
        line("2", "c1", "E2", cleared="2020-01-01T02:00:00"),
        line("3", "c2", "E1", cleared=""),
    )
    rows = await centre.rows("SELECT source_key, status, closed_at FROM incidents ORDER BY source_key")
    closed = datetime(2019, 12, 31, 21, tzinfo=UTC)
    assert [tuple(row) for row in rows] == [("c1", "closed", closed), ("c2", "closed", None)]


async def test_rows_of_a_call_meet_across_batches_and_files(centre: Into, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "BATCH_ROWS", 1)
    await centre.lines(
        line("1", "c1", "E1"), line("2", "c2", "E1"), line("3", "c1", "E2", cleared="2020-01-01T03:00:00")
    )
    await centre.lines(line("4", "c1", "E3", cleared=""), line("1", "c1", "E1"))
    (row,) = await centre.rows("SELECT version, closed_at, flags FROM incidents WHERE source_key = 'c1'")
    assert tuple(row) == (3, None, [])
    assert (
        await centre.value(
            "SELECT count(*) FROM assignments WHERE incident_id = $1", import_id("incident", "city", "c1")
        )
        == 3
    )
    imported = await centre.rows(
        "SELECT payload->>'rows' AS rows, payload->>'joined' AS joined FROM events "
        "WHERE aggregate_id = $1 ORDER BY seq",
        import_id("incident", "city", "c1"),
    )
    assert [tuple(row) for row in imported] == [("1", "false"), ("1", "true"), ("1", "true")]


async def test_batches_of_any_size_leave_the_same_records(
    centre: Into, cluster: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [line(f"{n}", f"c{n // 3}", f"E{n % 4}") for n in range(60)]
    await centre.lines(*lines)
    whole = await centre.contents()
    del whole["events"]  # one for each call and batch
    name = "test_import_other"
    other = cluster.make(name, "markaz_template")
    try:
        monkeypatch.setattr(loader, "BATCH_ROWS", 1)
        async with opened(other, tmp_path) as into:
            await into.lines(*lines)
            contents = await into.contents()
            assert contents.pop("events")[0] > len(whole)
            assert contents == whole
    finally:
        cluster.drop(name)


async def test_unit_sent_twice_to_a_call_has_two_sendings_and_the_last_is_current(
    centre: Into, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = line("2", "c1", on_scene="2020-01-01T02:10:00", cleared="2020-01-01T03:00:00")
    third = line("3", "c1", on_scene="2020-01-01T04:10:00", cleared="2020-01-01T05:00:00")
    await centre.lines(line("1", "c1"), again)
    await centre.lines(third)
    rows = await centre.rows("SELECT ordinal, is_current FROM assignments ORDER BY ordinal")
    assert [tuple(row) for row in rows] == [(1, False), (2, False), (3, True)]


async def test_rows_that_disagree_about_their_call_are_kept_and_flagged(centre: Into) -> None:
    report = await centre.lines(line("1", "c1"), line("2", "c1", "E2", kind="flood"))
    joined = await centre.lines(line("3", "c1", "E3", received="2020-01-01T00:02:00"))
    assert (report.flagged, joined.flagged) == (1, 1)
    (row,) = await centre.rows("SELECT category, flags FROM incidents")
    assert tuple(row) == ("city:fire", ["call_differs"])


async def test_same_row_twice_in_one_file_counts_once_without_key_columns_twice(centre: Into) -> None:
    keyed = await centre.lines(line("1", "c1"), line("1", "c1"))
    assert (keyed.rows, keyed.calls, keyed.already_present) == (2, 1, 1)
    unkeyed = MAPPING.replace('row_key = ["row"]\n', "")
    lines = (line("2", "c2"), line("2", "c2"), line("3", "c3"))
    for present in (0, 3):
        report = await centre.lines(*lines, mapping=unkeyed)
        assert (report.rows, report.already_present) == (3, present)


async def test_territory_comes_from_the_place_then_the_code_then_the_option(centre: Into) -> None:
    async with centre.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO territories VALUES (1, 'uz', NULL, 'country', '{}', '1970-01-01', NULL), "
            "(2, 'uz-a', 1, 'region', '{}', '1970-01-01', NULL), (3, 'uz-b', 1, 'region', '{}', '1970-01-01', NULL)"
        )
        square = {"type": "Polygon", "coordinates": [[[60, 40], [61, 40], [61, 41], [60, 41], [60, 40]]]}
        await connection.execute("INSERT INTO territory_boundaries VALUES (2, $1, '{60,40,61,41}')", json.dumps(square))
    report = await centre.lines(
        line("1", "in_a", lon="60.5", lat="40.5", district="uz-b"),
        line("2", "outside", lon="50.5", lat="40.5", district="uz-b"),
        line("3", "nowhere"),
        line("4", "unknown", district="xx"),
        territory="uz-b",
    )
    found = await centre.rows("SELECT source_key, territory_id FROM incidents ORDER BY received_at, source_key")
    assert {row[0]: row[1] for row in found} == {"in_a": 2, "outside": 3, "nowhere": 3, "unknown": 3}
    assert report.flags == {"territory_unknown": 1}
    assert await centre.value("SELECT territory_id FROM units") == 3
    with pytest.raises(NotFound, match="uz-z"):
        await centre.lines(line("5", "c5"), territory="uz-z")


async def test_taken_call_sign_stops_the_import_before_its_batch(centre: Into) -> None:
    await centre.lines(line("1", "c1"))
    before = await centre.contents()
    with pytest.raises(InvalidInput, match="E1 is the call sign of another unit"):
        await centre.lines(line("1", "c1"), mapping=MAPPING.replace('"city"', '"town"'))
    assert await centre.contents() == before


async def test_call_that_is_open_on_the_live_picture_is_not_touched(centre: Into) -> None:
    await centre.lines(line("1", "c1"))
    async with centre.database.transaction() as connection:
        await connection.execute("UPDATE incidents SET status = 'open'")
    before = await centre.contents()
    report = await centre.lines(line("2", "c1", "E2"), line("1", "c1"))
    assert (report.rejected, report.already_present) == (1, 1)
    assert await centre.contents() == before


async def test_two_imports_of_one_source_at_once_add_every_row_once(
    centre: Into, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "BATCH_ROWS", 7)
    lines = [line(f"{n}", f"c{n // 3}", f"E{n % 5}") for n in range(120)]
    reports = await asyncio.gather(centre.lines(*lines), centre.lines(*lines))
    assert sum(report.already_present for report in reports) == 120
    assert await centre.value("SELECT count(*) FROM assignments") == 120
    last, count = (await centre.rows("SELECT max(seq), count(*) FROM events"))[0]
    assert last == count == await centre.value("SELECT seq FROM event_counter")


async def test_batch_that_fails_leaves_nothing_and_is_written_when_the_database_is_back(
    centre: Into, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "BATCH_ROWS", 1)
    monkeypatch.setattr(loader, "RETRY_AFTER_S", (0.0, 0.0))
    calls = 0

    async def cut_off(connection: Any, events: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:  # the connection dies after everything is written and before the commit
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return await append(connection, events)

    monkeypatch.setattr(loader, "append", cut_off)
    report = await centre.lines(*(line(f"{n}", f"c{n}") for n in range(3)))
    assert (report.calls, calls) == (3, 4)
    assert await centre.value("SELECT count(*) FROM import_rows") == 3
    assert await centre.value("SELECT max(seq) = count(*) FROM events")


# --- figures ---


@pytest.mark.parametrize("seed", range(4))
async def test_quantiles_are_those_of_duckdb_also_among_ties(centre: Into, seed: int) -> None:
    lists = [
        [(n * n * (seed + 7)) % (3 + seed * 5) for n in range(size)] for size in (*range(1, 60), 100, 1_000, 4_999)
    ]
    with duckdb.connect() as ours:
        want = [
            ours.execute(
                "SELECT quantile_disc(x, 0.5), quantile_disc(x, 0.9) FROM unnest(?::bigint[]) t(x)", [values]
            ).fetchone()
            for values in lists
        ]
    sql = (
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x), percentile_disc(0.9) WITHIN GROUP (ORDER BY x) "
        "FROM unnest($1::bigint[]) t(x)"
    )
    assert [tuple((await centre.rows(sql, values))[0]) for values in lists] == want


async def test_response_is_filtered_by_source_territory_and_time_of_receipt(centre: Into) -> None:
    await centre.lines(line("1", "c1"), line("2", "c2", received="2020-01-02T00:00:00", on_scene=""))
    async with centre.database.connection() as connection:

        async def ask(**filters: Any) -> list[tuple[int, int, int | None]]:
            found = await figures.response_times(connection, **filters)
            return [(figure.calls, figure.with_both, figure.p50_s) for figure in found]

        assert await ask() == [(2, 1, 600)]
        assert await ask(source="other") == []
        assert await ask(territory_ids=[99]) == []
        assert await ask(territory_ids=[1], source="city") == [(2, 1, 600)]
        assert await ask(received_from=datetime(2020, 1, 1, tzinfo=UTC)) == [(1, 0, None)]
        assert await ask(received_to=datetime(2020, 1, 1, tzinfo=UTC)) == [(1, 1, 600)]
