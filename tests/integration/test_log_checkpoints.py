"""The rhythm of the log: a leaf for each interval, a checkpoint of what is durable, and what a crash may not break."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.transparency import SECOND, START, Ticking

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.errors import Unavailable
from markaz.core.log import checkpoints, keys, tiles
from markaz.core.log.checking import examine
from markaz.core.log.checkpoints import CHUNK, UNWITNESSED, Stage, forget_passing
from markaz.core.log.reading import LogBroken, public_tile, run_at
from markaz.core.log.tree import check_consistency, consistency_ranges, proof
from markaz.core.sealing import KeysMissing
from markaz.kit.clock import iso

KILLED = Path(__file__).parents[1] / "faults" / "checkpoint_killed.py"


@pytest.fixture
async def log(database: DatabaseAccess, tmp_path: Path) -> AsyncIterator[Ticking]:
    opened = await Database.open(database.app_dsn, max_size=2)
    yield Ticking(opened, tmp_path)
    await opened.close()


async def _count(log: Ticking, table: str) -> int:
    async with log.database.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def test_every_interval_is_a_leaf_and_an_idle_one_costs_no_row(log: Ticking) -> None:
    await log.checkpointer.tick()
    for _ in range(20):
        assert await log.tick() == 1
    assert await _count(log, "log_intervals") == 1
    before = await log.is_whole()
    await log.enter(3)
    await log.tick()
    after = await log.is_whole()
    assert (before.size, after.size, await _count(log, "log_intervals")) == (21, 22, 2)
    leaves = await log.leaves(22)
    path = proof(leaves, consistency_ranges(21, 22))
    check_consistency(21, 22, path, before.root, after.root)
    assert len(set(leaves)) == 22, "idle seconds do not look alike"


async def test_nothing_is_due_before_the_interval_has_ended(log: Ticking) -> None:
    await log.checkpointer.tick()
    assert [await log.tick(0.4), await log.tick(0.4), await log.tick(0.4)] == [0, 0, 1]


async def test_a_checkpoint_says_software_policy_and_time_and_that_nobody_witnesses_it(log: Ticking) -> None:
    await log.checkpointer.tick()
    assert (await log.newest()).extensions[1:] == ("policy policy-1", f"time {iso(START)}", UNWITNESSED)
    log.checkpointer = log.process("policy-2")
    await log.tick()
    says = (await log.newest()).extensions
    assert says[1:3] == ("policy policy-2", f"time {iso(START + SECOND)}")
    async with log.database.connection() as connection:
        last = await run_at(connection, 1)
        assert (last.policy_hash, says[2]) == ("policy-2", f"time {iso(last.at_of(1))}"), "the time of its last leaf"


async def test_missed_intervals_are_made_up_for_in_bulk(log: Ticking) -> None:
    await log.checkpointer.tick()
    log.clock.advance(timedelta(seconds=CHUNK + 1_000))
    await log.enter()
    assert [await log.checkpointer.tick(), await log.checkpointer.tick(), await log.checkpointer.tick()] == [
        CHUNK,
        1_000,
        0,
    ]
    assert (await log.is_whole()).size == CHUNK + 1_001
    assert await _count(log, "log_intervals") == 2
    async with log.database.connection() as connection:
        assert (await run_at(connection, 10)).at_of(10) == START + 10 * SECOND
        assert (await run_at(connection, 10)).entries_size == 0
        assert (await run_at(connection, CHUNK)).entries_size == 0
        assert (await run_at(connection, CHUNK + 999)).entries_size == 0
        assert (await run_at(connection, CHUNK + 1_000)).entries_size == 1, "what came now is in the leaf of now"


async def test_after_a_month_one_leaf_says_that_time_has_passed(log: Ticking) -> None:
    await log.checkpointer.tick()
    log.clock.advance(timedelta(days=30))
    assert await log.checkpointer.tick() == 1
    async with log.database.connection() as connection:
        assert (await run_at(connection, 1)).at_of(1) == START + timedelta(days=30)


async def test_a_clock_set_back_never_turns_the_log_back(log: Ticking) -> None:
    await log.checkpointer.tick()
    await log.tick()
    log.clock.advance(timedelta(hours=-1))
    for _ in range(3):
        await log.enter()
        assert await log.tick() == 1
    log.clock.advance(timedelta(hours=1))
    await log.tick()
    size = (await log.is_whole()).size
    async with log.database.connection() as connection:
        times = [(await run_at(connection, index)).at_of(index) for index in range(size)]
    assert times == sorted(times)
    assert times[1:5] == [START + SECOND] * 4, "time stands still"
    assert times[-1] > times[4]
    assert [one["step"] for one in await steps_of(log)] == ["set_back"], "and the log says so, once"
    log.clock.advance(-SECOND * 5)
    assert await log.tick(0) == 1
    (_, again) = await steps_of(log)
    assert again["from"] > again["to"]


async def test_the_log_says_that_no_leaf_was_made_while_entries_were(log: Ticking) -> None:
    await log.checkpointer.tick()
    await log.tick(2 * CHUNK)
    while await log.checkpointer.tick():
        pass
    assert await steps_of(log) == [], "where nothing was entered there is nothing to explain"
    before = log.clock.now()
    for hours in (1, 3):
        log.clock.advance(timedelta(hours=hours))
        await log.enter()
    for _ in range(6):
        log.clock.advance(SECOND)
        await log.checkpointer.tick()
    (stated,) = await steps_of(log)
    assert stated == {"step": "pause", "from": iso(before), "to": iso(before + timedelta(hours=4, seconds=1))}
    await log.enter()
    await log.tick(59)
    assert len(await steps_of(log)) == 1


async def steps_of(log: Ticking) -> list[dict[str, str]]:
    async with log.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT l.body FROM log_leaves l JOIN audit_entries e ON e.leaf = l.index "
            "WHERE e.action = 'log.clock_step' ORDER BY l.index"
        )
    return [json.loads(row["body"])["public"] for row in rows]


async def test_two_processes_never_make_the_same_leaf(log: Ticking) -> None:
    other = log.process()
    await log.checkpointer.tick()
    for turn in range(300):
        log.clock.advance(SECOND)
        assert await (other if turn % 3 else log.checkpointer).tick() == 1
        assert await log.checkpointer.tick() == 0
    assert (await log.is_whole()).size == 301
    assert await _count(log, "log_public_tiles") == 1


@pytest.mark.parametrize("stage", list(Stage))
async def test_kill_9_at_any_step_leaves_one_root_for_each_size(
    log: Ticking, database: DatabaseAccess, tmp_path: Path, stage: Stage
) -> None:
    """A process of its own ends itself by SIGKILL after the commit, after the signature, after the publication."""
    seen = {}
    await log.checkpointer.tick()
    for _ in range(2):
        await log.enter()
        log.clock.advance(SECOND)
        at = log.clock.now().isoformat()
        run = await asyncio.create_subprocess_exec(sys.executable, KILLED, database.app_dsn, tmp_path, at, stage.value)
        assert await run.wait() == -signal.SIGKILL
        durable = (await _pending(log)) or (await log.newest()).text()
        await log.enter()
        await log.tick(0)
        assert (await log.newest()).text() == durable, "what was committed is what is signed, whatever came since"
        await log.tick()
        newest = await log.is_whole()
        seen[newest.size] = newest.root
    async with log.database.connection() as connection:
        sizes = [row["size"] for row in await connection.fetch("SELECT size FROM log_checkpoints ORDER BY size")]
    assert sizes == sorted(set(sizes)) == list(range(1, max(seen) + 1))


async def _pending(log: Ticking) -> str | None:
    async with log.database.connection() as connection:
        text: str | None = await connection.fetchval("SELECT pending FROM log_public")
    return text


async def test_a_lost_key_file_stops_the_checkpoints_and_never_makes_a_second_log(log: Ticking) -> None:
    await log.checkpointer.tick()
    (log.home / keys.KEY_FILE).rename(log.home / "away.json")
    with pytest.raises(KeysMissing):
        await log.tick()
    assert not (log.home / keys.KEY_FILE).exists()
    (log.home / "away.json").rename(log.home / keys.KEY_FILE)
    assert await log.tick() == 2
    assert oct((log.home / keys.KEY_FILE).stat().st_mode & 0o777) == "0o600"


async def test_a_fault_of_ours_is_counted_and_the_rhythm_goes_on(log: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "AFTER_FAULT_S", 0.0)
    ticks, enough = 0, asyncio.Event()

    async def tick() -> int:
        nonlocal ticks
        ticks += 1
        if ticks == 7:
            enough.set()
        raise (Unavailable("away"), KeysMissing("no key"), ZeroDivisionError())[ticks % 3]

    monkeypatch.setattr(log.checkpointer, "tick", tick)
    monkeypatch.setattr(log.checkpointer, "_wait_s", lambda: 0.0)
    running = asyncio.create_task(log.checkpointer.run())
    await enough.wait()
    running.cancel()
    assert log.checkpointer.failures >= 6


async def test_after_a_rotation_old_checkpoints_verify_and_new_ones_are_signed_anew(log: Ticking) -> None:
    await log.checkpointer.tick()
    before = keys.load(log.home)
    assert before is not None
    keys.replace(log.home, before.rotated(log.clock.now()))
    await log.tick()
    await log.is_whole()
    after = keys.load(log.home)
    assert after is not None
    assert after.keys[0].signer.verifier == before.signer.verifier != after.signer.verifier


async def test_a_row_changed_past_the_program_is_never_served(log: Ticking, database: DatabaseAccess) -> None:
    await log.checkpointer.tick()
    await log.tick(300)
    owner = await Database.open(database.owner_dsn, max_size=1)
    async with owner.transaction() as connection:
        await connection.execute("UPDATE log_intervals SET entries_size = 9 WHERE index = 0")
    await owner.close()
    ring = keys.load(log.home)
    assert ring is not None
    async with log.database.connection() as connection:
        with pytest.raises(LogBroken):
            await public_tile(connection, ring.salts, tiles.Tile(0, 0))


async def test_the_administrators_check_sees_a_removed_or_changed_entry_and_lost_keys(
    log: Ticking, database: DatabaseAccess
) -> None:
    async def examined() -> tuple[bool, str]:
        async with log.database.connection() as connection:
            return await examine(connection, log.home)

    await log.enter(3)
    assert (await examined())[0], "before the first checkpoint"
    await log.checkpointer.tick()
    await log.enter(3)
    await log.tick(1)
    await log.tick(299)
    assert await examined() == (True, "6 entries, of which the signed checkpoint of 301 leaves covers 6")
    (log.home / keys.KEY_FILE).rename(log.home / "away.json")
    assert "key backup" in (await examined())[1]
    (log.home / "away.json").rename(log.home / keys.KEY_FILE)
    owner = await Database.open(database.owner_dsn, max_size=1)
    for statement, word in (
        ("UPDATE log_leaves SET body = '{}' WHERE index = 2", "entry 2 is not"),
        ("UPDATE log_leaves SET hash = sha256('\\x00' || body) WHERE index = 2", "first 6 entries are not those"),
        ("UPDATE log_public_tiles SET hash = sha256('') WHERE index = 0", "not the one that was signed"),
        ("DELETE FROM log_leaves WHERE index = 4", "some were removed"),
    ):
        async with owner.transaction() as connection:
            await connection.execute(statement)
        sound, found = await examined()
        assert not sound
        assert word in found
    await owner.close()


async def test_passing_checkpoints_go_and_one_an_hour_stays(log: Ticking) -> None:
    await log.checkpointer.tick()
    for _ in range(5):
        await log.tick(1_800)
    async with log.database.transaction() as connection:
        assert await forget_passing(connection, log.clock.now() + timedelta(hours=3)) == 3
        left = await connection.fetch("SELECT at FROM log_checkpoints ORDER BY size")
    assert [row["at"] for row in left] == [START + timedelta(hours=hours) for hours in (0, 1, 2)]
