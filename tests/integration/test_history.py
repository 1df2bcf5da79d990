"""History in Parquet: it counts what the log counts, joins within a month, and an erasure, age or a kill leaves it whole."""

import asyncio
import errno
import json
import os
import re
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import assign, close, intake_body, open_incident, reach, register_unit
from tests.support.history import (
    content_of,
    joined_in,
    manifest_of,
    now_of,
    pseudonyms_of,
    root_of,
    rows_of,
    verified,
    write,
)
from tests.support.land import Land
from tests.support.people import Person, new_key
from typer.testing import CliRunner

from markaz.analytics.snapshots import files as history_files
from markaz.analytics.snapshots.files import DayFiles, HistoryStopped
from markaz.analytics.snapshots.keys import HistoryKeys
from markaz.analytics.snapshots.manifest import Manifest
from markaz.cli.main import app
from markaz.core.errors import NotPossibleNow
from markaz.core.permissions import Role
from markaz.core.sealing import KeysMissing

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR, Land.REGION)


async def a_course(centre: RunningCentre, officer: Person, days_ago: int = 0) -> dict[str, Any]:
    """An incident from call to closing with one unit, recorded so many days ago."""
    before = await centre.seq()
    unit = await register_unit(officer, new_key())
    incident = await open_incident(officer, caller={"name": "Olim (synthetic)", "phone": "+998 90 000-00-11"})
    incident = await assign(officer, incident, unit)
    for stage in ("en_route", "on_scene", "cleared"):
        incident = await reach(officer, incident, unit, stage)
    incident = await close(officer, incident)
    await centre.as_owner(
        "UPDATE events SET recorded_at = recorded_at - make_interval(days => $2), occurred_at = occurred_at - "
        "make_interval(days => $2) WHERE seq > $1",
        before,
        days_ago,
    )
    return incident


async def erase(centre: RunningCentre, incident: dict[str, Any]) -> None:
    protector = await centre.person(Role.DATA_PROTECTION_OFFICER)
    answer = await protector.post(f"/api/incidents/{incident['id']}/erasure")
    assert answer.status_code == 200, answer.text


async def is_whole(centre: RunningCentre) -> None:
    """DuckDB and pyarrow count what the log counts, and there is no file beside."""
    found = await verified(centre)
    assert found.wrong == ()
    root = root_of(centre)
    assert sum(row["events"] for row in rows_of(root)) == found.events
    rows = await centre.rows("SELECT count(*) FROM events WHERE seq <= $1", found.seq)
    assert rows[0][0] == found.events
    assert HistoryKeys.load(centre.centre.settings.home / "keys").destroy_all_but(manifest_of(root).keys) == 0


async def test_history_counts_what_the_log_counts_and_joins_a_course_within_a_month(
    shared_centre: RunningCentre, officer: Person
) -> None:
    incident, old = [await a_course(shared_centre, officer, days) for days in (0, 45)]
    importer = await shared_centre.person(Role.IMPORTER)
    body = intake_body(new_key(), now_of(shared_centre) - timedelta(days=3), category="Olim had a fight")
    assert (await importer.post("/api/intake/calls", body)).status_code == 201
    done = await write(shared_centre)
    assert (done.again, done.owed) == (0, None)
    assert done.seq == await shared_centre.seq()
    await is_whole(shared_centre)
    root = root_of(shared_centre)
    assert {row["region"] for row in rows_of(root)} == {"region"}
    (now_, then) = pseudonyms_of(shared_centre, incident["id"]), pseudonyms_of(shared_centre, old["id"])
    assert len(now_ & joined_in(root)) == len(then & joined_in(root)) == 1
    assert not now_ & then
    with duckdb.connect() as database:
        paths = [str(root / file.path) for file in manifest_of(root).files()]
        (joined,) = database.execute(
            "SELECT incident, max(category), epoch(min(occurred_at) FILTER (stage = 'on_scene')) - epoch(min(occurred_at) "
            "FILTER (type = 'incident.opened/1')), max(outcome) FROM read_parquet(?) WHERE incident = ANY(?) GROUP BY 1",
            [paths, sorted(now_)],
        ).fetchall()
    assert (joined[1], joined[3]) == ("theft", "resolved")
    assert 0 <= joined[2] < 60
    (foreign,) = [row for row in rows_of(root) if row["source"] == "unlisted" and row["type"] == "incident.opened/1"]
    assert (foreign["category"], foreign["priority"]) == ("unlisted", "3")


async def test_nothing_new_writes_nothing_and_a_rebuild_writes_the_same(
    shared_centre: RunningCentre, officer: Person
) -> None:
    await write(shared_centre)
    first = list(manifest_of(root_of(shared_centre)).files())
    assert (await write(shared_centre)).days == 0
    assert list(manifest_of(root_of(shared_centre)).files()) == first
    for days in (3, 4, 40):  # day after day, and one by a clock that was set back
        await a_course(shared_centre, officer, days)
        await write(shared_centre)
    step_by_step = content_of(root_of(shared_centre))
    done = await write(shared_centre, rebuild=True)
    assert done.again == done.days > 3
    assert content_of(root_of(shared_centre)) == step_by_step
    await is_whole(shared_centre)
    shutil.rmtree(root_of(shared_centre))
    await write(shared_centre)
    assert content_of(root_of(shared_centre)) != step_by_step  # other keys, so other pseudonyms
    assert without_pseudonyms(content_of(root_of(shared_centre))) == without_pseudonyms(step_by_step)
    await is_whole(shared_centre)


def without_pseudonyms(content: Counter[str]) -> Counter[str]:
    bare: Counter[str] = Counter()
    for text, times in content.items():
        bare[re.sub(r"'[0-9a-f]{32}'", "*", text)] += times
    return bare


async def test_today_is_not_written_before_it_is_over(shared_centre: RunningCentre, officer: Person) -> None:
    incident = await a_course(shared_centre, officer)
    before = await write(shared_centre)
    began = shared_centre.centre.clock.now().date()
    await a_course(shared_centre, officer)
    if began != shared_centre.centre.clock.now().date():  # midnight, of all moments
        before = await write(shared_centre)
        await a_course(shared_centre, officer)
    today = datetime.combine(shared_centre.centre.clock.now().date(), datetime.min.time(), UTC)
    assert (await write(shared_centre, now=today + timedelta(hours=23))).seq == before.seq
    assert (await write(shared_centre, now=today + timedelta(days=1))).seq == await shared_centre.seq()
    assert pseudonyms_of(shared_centre, incident["id"]) & joined_in(root_of(shared_centre))
    await is_whole(shared_centre)


async def test_an_erasure_takes_the_course_out_of_history_and_out_of_every_copy_of_it(
    shared_centre: RunningCentre, officer: Person, tmp_path: Path
) -> None:
    gone, stays, elsewhere = [await a_course(shared_centre, officer, days) for days in (0, 0, 70)]
    await write(shared_centre)
    root = root_of(shared_centre)
    old_keys = manifest_of(root).keys
    stood, other_month = pseudonyms_of(shared_centre, gone["id"]), pseudonyms_of(shared_centre, elsewhere["id"])
    yesterday = shutil.copytree(root, tmp_path / "yesterday")
    assert stood & joined_in(yesterday)
    await erase(shared_centre, gone)
    done = await write(shared_centre)
    assert done.owed is not None
    assert done.owed.events == 6  # opened, assigned, three stages, closed
    await is_whole(shared_centre)
    for pseudonyms in (stood, pseudonyms_of(shared_centre, gone["id"])):
        assert not pseudonyms & joined_in(root)
    assert pseudonyms_of(shared_centre, stays["id"]) & joined_in(root)
    assert other_month & joined_in(root), "a month that was not reached keeps its key and its files"
    # What was copied yesterday names nobody's record any more: no key that is left makes one of its pseudonyms.
    keys = HistoryKeys.load(shared_centre.centre.settings.home / "keys")
    (destroyed,) = {key for key in old_keys if key not in keys}
    assert destroyed not in (shared_centre.centre.settings.home / "keys" / "history.json").read_text()
    assert not pseudonyms_of(shared_centre, stays["id"]) & joined_in(yesterday)
    # Put back, it is healed by the next run.
    present = content_of(root)
    shutil.rmtree(root)
    shutil.copytree(yesterday, root)
    assert any("has no key" in line for line in (await verified(shared_centre)).wrong)
    await write(shared_centre)
    assert not (stood | pseudonyms_of(shared_centre, gone["id"])) & joined_in(root)
    assert sorted(row["events"] for row in rows_of(root)) == sorted(
        int(text.partition("('events', ")[2].partition(")")[0]) for text, n in present.items() for _ in range(n)
    )
    await is_whole(shared_centre)


async def test_the_certificate_says_how_many_events_lost_their_detail_once(
    shared_centre: RunningCentre, officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await a_course(shared_centre, officer)
    await write(shared_centre)

    async def certificates() -> list[int]:
        rows = await shared_centre.rows(
            "SELECT c.records FROM deletion_certificates c JOIN audit_entries e ON e.record_id = c.id AND e.kind = "
            "'deletion' WHERE c.class = 'history' ORDER BY made_at"
        )
        return [row[0] for row in rows]

    before = await certificates()
    await erase(shared_centre, incident)
    retention = shared_centre.centre.governing.retention

    async def dies(*_: object) -> None:
        raise OSError(errno.EIO, "killed before the certificate")

    with monkeypatch.context() as patched:
        patched.setattr(retention, "certify", dies)
        with pytest.raises(OSError, match="killed"):
            await write(shared_centre)
    assert await certificates() == before
    assert (await write(shared_centre)).owed is not None
    for _ in range(2):
        assert (await write(shared_centre)).owed is None
    assert await certificates() == [*before, 6]


async def test_whoever_shares_people_with_an_erased_incident_is_reached_too(
    shared_centre: RunningCentre, officer: Person
) -> None:
    one, into, from_it = [await a_course(shared_centre, officer) for _ in range(3)]
    await shared_centre.as_owner(
        "UPDATE incidents SET merged_into = $2::uuid WHERE id = $1::uuid", one["id"], into["id"]
    )
    await shared_centre.as_owner(
        "INSERT INTO incident_links VALUES ($1::uuid, $2::uuid, 'split', now(), $3)",
        from_it["id"],
        into["id"],
        officer.id,
    )
    await write(shared_centre)
    assert all(
        pseudonyms_of(shared_centre, each["id"]) & joined_in(root_of(shared_centre)) for each in (one, into, from_it)
    )
    await erase(shared_centre, into)
    await write(shared_centre)
    joined = joined_in(root_of(shared_centre))
    assert [bool(pseudonyms_of(shared_centre, each["id"]) & joined) for each in (one, into, from_it)] == [False] * 3
    await is_whole(shared_centre)


class Killed(BaseException):
    """Not an error that code may handle."""


async def test_a_kill_at_any_moment_leaves_a_history_that_the_next_run_finishes(
    shared_centre: RunningCentre, officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = await a_course(shared_centre, officer, 5)
    await write(shared_centre)
    await erase(shared_centre, gone)
    await a_course(shared_centre, officer)
    real, died = os.fsync, 0
    monkeypatch.setattr(DayFiles, "abort", lambda _: None)  # the dead clean nothing up
    for at in range(1, 200, 2):  # with one day in a month there are few moments
        calls = 0

        def dies(descriptor: int, at: int = at) -> None:
            nonlocal calls
            calls += 1
            if calls >= at:
                raise Killed
            real(descriptor)

        monkeypatch.setattr(os, "fsync", dies)
        try:
            await write(shared_centre)
            break
        except Killed:
            died += 1
            assert Manifest.load(root_of(shared_centre)) is not None
    assert died >= 5
    monkeypatch.setattr(os, "fsync", real)
    await write(shared_centre)
    await is_whole(shared_centre)
    assert not pseudonyms_of(shared_centre, gone["id"]) & joined_in(root_of(shared_centre))
    assert (await write(shared_centre)).days == 0


async def test_a_key_that_a_kill_spared_is_destroyed_on_a_full_disk_too(
    shared_centre: RunningCentre, officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = await a_course(shared_centre, officer, 5)
    await write(shared_centre)
    await erase(shared_centre, gone)
    file = shared_centre.centre.settings.home / "keys" / "history.json"

    def unwanted() -> set[str]:
        return set(json.loads(file.read_text())["keys"]) - manifest_of(root_of(shared_centre)).keys

    def dies(*_: object) -> int:
        if unwanted():
            raise Killed
        return 0

    with monkeypatch.context() as patched:
        patched.setattr(HistoryKeys, "destroy_all_but", dies)
        with pytest.raises(Killed):
            await write(shared_centre)
    assert unwanted()
    with monkeypatch.context() as patched:
        patched.setattr(history_files, "ROOM_BYTES", 1 << 62)
        with pytest.raises(HistoryStopped, match="Make room"):
            await write(shared_centre)
    assert not unwanted()
    await write(shared_centre)
    await is_whole(shared_centre)


async def test_a_full_disk_leaves_yesterday_and_a_little_room_is_left_to_the_database(
    shared_centre: RunningCentre, officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(shared_centre)
    root = root_of(shared_centre)
    before = content_of(root)
    await a_course(shared_centre, officer)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(HistoryStopped, match="No space left"):
            await write(shared_centre)
    assert content_of(root) == before
    assert not list(root.rglob("*.partial"))
    with monkeypatch.context() as patched:
        patched.setattr(history_files, "ROOM_BYTES", 1 << 62)
        with pytest.raises(HistoryStopped, match="Make room"):
            await write(shared_centre)
    assert (await verified(shared_centre)).wrong == ()
    await write(shared_centre)
    await is_whole(shared_centre)


async def test_detail_ends_with_its_class_and_counts_stay(shared_centre: RunningCentre, officer: Person) -> None:
    await a_course(shared_centre, officer)
    await write(shared_centre)
    before = (await verified(shared_centre)).events
    life = shared_centre.centre.governing.retention.governance.of("history").life
    done = await write(shared_centre, now=now_of(shared_centre) + life)
    assert done.owed is not None
    assert joined_in(root_of(shared_centre)) == set()
    assert {row["unit"] for row in rows_of(root_of(shared_centre))} == {None}
    assert {row["occurred_at"] for row in rows_of(root_of(shared_centre))} == {None}
    assert (await verified(shared_centre)).events == before
    await is_whole(shared_centre)
    assert json.loads((shared_centre.centre.settings.home / "keys" / "history.json").read_text())["keys"] == {}
    assert (await write(shared_centre)).days == 0, "what has ended does not come back with an earlier clock"
    shutil.rmtree(root_of(shared_centre))


async def test_a_damaged_file_manifest_or_key_is_found_and_written_again(
    shared_centre: RunningCentre, officer: Person
) -> None:
    await a_course(shared_centre, officer)
    await write(shared_centre)
    root, keys = root_of(shared_centre), shared_centre.centre.settings.home / "keys" / "history.json"
    first = root / next(iter(manifest_of(root).files())).path
    changed = bytearray(first.read_bytes())
    changed[len(changed) // 2] ^= 1
    first.write_bytes(changed)
    (root / "events" / "stray.parquet").write_bytes(b"x")
    wrong = (await verified(shared_centre)).wrong
    assert len(wrong) == 2
    assert "was changed" in wrong[0]
    await write(shared_centre, rebuild=True)
    await is_whole(shared_centre)
    first.unlink(missing_ok=True)
    next(root.rglob("*.parquet")).unlink()
    await write(shared_centre)
    await is_whole(shared_centre)
    (root / "manifest.json").write_text("{")
    await write(shared_centre)
    await is_whole(shared_centre)
    keys.write_text('{"keys": {"a": "AA=="}}')
    with pytest.raises(KeysMissing, match="remove it"):
        await write(shared_centre)
    keys.unlink()
    await write(shared_centre)
    await is_whole(shared_centre)


async def test_two_processes_do_not_write_at_once(shared_centre: RunningCentre, officer: Person) -> None:
    await a_course(shared_centre, officer)
    outcomes = await asyncio.gather(*(write(shared_centre) for _ in range(2)), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, BaseException)]
    assert all(isinstance(one, NotPossibleNow) for one in refused)
    assert len(refused) <= 1
    await is_whole(shared_centre)


async def test_the_commands_write_verify_and_say_what_differs(
    shared_centre: RunningCentre, officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_course(shared_centre, officer, 2)
    settings = shared_centre.centre.settings
    for name, value in {
        "HOME": str(settings.home),
        "DATABASE_URL": shared_centre.access.app_dsn,
        "DATABASE_OWNER_URL": shared_centre.access.owner_dsn,
    }.items():
        monkeypatch.setenv(f"MARKAZ_{name}", value)

    async def said(code: int, *words: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, app, words)
        assert done.exit_code == code, done.output
        return str(done.stdout)

    assert "history goes up to event" in await said(0, "history", "write", "--rebuild")
    assert "DuckDB counts the same as the log" in await said(0, "verify", "history")
    await shared_centre.as_owner(
        "UPDATE events SET territory_id = 1 WHERE seq = (SELECT min(seq) FROM events WHERE type = 'incident.opened/1')"
    )
    assert "territory 1 incident.opened/1: history has 0, the log 1" in await said(1, "verify", "history")
