"""The event log under 16 writers that often change their mind: dense, in commit order, and nothing half written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.contract.acting import stranger

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.events import append, last_seq, read_after, read_of

WRITERS = 16
ACTS = 25
SEED = 102


class ChangedMind(Exception):
    """A writer that rolls back."""


@pytest.fixture
async def log(database: DatabaseAccess) -> AsyncIterator[Database]:
    opened = await Database.open(database.app_dsn, max_size=WRITERS + 6)
    yield opened
    await opened.close()


async def write(log: Database, chance: Random, committed: list[tuple[int, int]]) -> None:
    """Append batches of one to three events; roll back a third of the acts, before or after their number was taken."""
    for _ in range(ACTS):
        count = chance.randrange(1, 4)
        fate = chance.random()
        try:
            async with log.transaction() as connection:
                await connection.execute("SELECT 1")
                if fate < 0.1:
                    raise ChangedMind
                last = await append(connection, [stranger(count=count) for _ in range(count)])
                if fate < 0.35:
                    raise ChangedMind
        except ChangedMind:
            continue
        committed.append((last, count))


async def watch(log: Database, stop: asyncio.Event) -> list[int]:
    """Poll the log as the hub does; every look must go on exactly where the one before ended."""
    seen: list[int] = []
    while True:
        ended = stop.is_set()
        async with log.connection() as connection:
            fresh = [one.seq for one in await read_after(connection, len(seen), limit=500)]
        assert fresh == list(range(len(seen) + 1, len(seen) + 1 + len(fresh))), f"seed {SEED}: a hole at {len(seen)}"
        seen += fresh
        if ended:
            return seen


async def test_numbers_are_dense_and_in_commit_order_whatever_rolls_back(log: Database) -> None:
    committed: list[tuple[int, int]] = []
    stop = asyncio.Event()
    watchers = [asyncio.create_task(watch(log, stop)) for _ in range(3)]
    await asyncio.gather(*(write(log, Random(SEED + n), committed) for n in range(WRITERS)))
    stop.set()
    seen = await asyncio.gather(*watchers)
    total = sum(count for _, count in committed)
    assert seen == [list(range(1, total + 1))] * 3
    owned = [number for last, count in committed for number in range(last - count + 1, last + 1)]
    assert sorted(owned) == seen[0], "two acts were told the same number"
    async with log.snapshot() as connection:
        assert await last_seq(connection) == total
        disordered = await connection.fetchval(
            "SELECT count(*) FROM (SELECT recorded_at < lag(recorded_at) OVER (ORDER BY seq) AS back FROM events) o "
            "WHERE back"
        )
    assert disordered == 0, "recorded_at is taken while the number is held, so it goes with it"


async def test_batch_keeps_its_order_and_ends_at_the_number_returned(log: Database) -> None:
    id_ = uuid4()
    async with log.transaction() as connection:
        await append(connection, [stranger()])
        last = await append(connection, [stranger(place=n) for n in range(5)])
        mixed = stranger(note="ёқилғи")
    async with log.connection() as connection:
        events = await read_after(connection, 0, limit=100)
        assert [one.seq for one in events] == list(range(1, last + 1))
        assert [one.event.payload.get("place") for one in events[1:]] == list(range(5))
        assert await read_of(connection, id_) == []
        assert await read_after(connection, last, limit=10) == []
    async with log.transaction() as connection:
        await append(connection, [mixed])
    async with log.connection() as connection:
        (found,) = await read_of(connection, UUID(str(mixed.aggregate_id)))
    assert found.event == mixed
    assert found.seq == last + 1
    assert abs(found.recorded_at - datetime.now(UTC)).total_seconds() < 60


async def test_reader_never_sees_a_number_whose_predecessor_is_not_there(log: Database) -> None:
    """The slowest possible first writer: the second waits for its commit, instead of being seen before it."""
    may_commit = asyncio.Event()
    taken = asyncio.Event()

    async def slow() -> None:
        async with log.transaction() as connection:
            await append(connection, [stranger()])
            taken.set()
            await may_commit.wait()

    async def fast() -> int:
        async with log.transaction() as connection:
            return await append(connection, [stranger()])

    first = asyncio.create_task(slow())
    await taken.wait()
    second = asyncio.create_task(fast())
    await asyncio.sleep(0.2)
    assert not second.done()
    async with log.connection() as connection:
        assert await read_after(connection, 0, limit=10) == []
    may_commit.set()
    await first
    assert await second == 2


async def test_rollback_after_the_number_was_taken_leaves_no_hole(log: Database) -> None:
    for _ in range(3):
        with suppress(ChangedMind):
            async with log.transaction() as connection:
                assert await append(connection, [stranger(), stranger()]) == 2
                raise ChangedMind
    async with log.transaction() as connection:
        assert await append(connection, [stranger()]) == 1


async def test_empty_act_and_nonsense_are_refused_without_taking_a_number(log: Database) -> None:
    async with log.transaction() as connection:
        with pytest.raises(ValueError, match="not an act"):
            await append(connection, [])
    with pytest.raises(asyncpg.CheckViolationError):
        async with log.transaction() as connection:
            await append(connection, [stranger("not a type")])
    async with log.connection() as connection:
        assert await last_seq(connection) == 0


async def test_application_can_neither_change_nor_remove_an_event(log: Database) -> None:
    async with log.transaction() as connection:
        await append(connection, [stranger()])
    for statement in (
        "UPDATE events SET payload = '{}'",
        "DELETE FROM events",
        "TRUNCATE events",
        "DELETE FROM event_counter",
        "INSERT INTO event_counter (only_row, seq) VALUES (true, 99)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with log.transaction() as connection:
                await connection.execute(statement)
