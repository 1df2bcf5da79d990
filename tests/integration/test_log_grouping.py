"""Looks of many at once: few commits, each answered after the one that holds its entry, and none lost or made up."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.transparency import entry

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.errors import Unavailable
from markaz.core.log import grouping
from markaz.core.log.appending import size
from markaz.core.log.grouping import Group
from markaz.kit.clock import SystemClock


@pytest.fixture
async def log(database: DatabaseAccess) -> AsyncIterator[Database]:
    opened = await Database.open(database.app_dsn, max_size=3)
    yield opened
    await opened.close()


async def test_whoever_is_answered_finds_the_entry_durable_and_many_share_a_commit(log: Database) -> None:
    group, looks = Group(log, SystemClock()), 500

    async def look(number: int) -> None:
        await group.append([entry(number)])
        async with log.connection() as connection:
            found = "SELECT count(*) FROM audit_entries WHERE reason = $1"
            assert await connection.fetchval(found, f"incident {number}") == 1

    await asyncio.gather(*(look(number) for number in range(looks)))
    async with log.connection() as connection:
        assert await size(connection) == looks
        commits = await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM log_leaves")
    assert commits <= 10


async def test_one_who_hangs_up_takes_nothing_from_the_others(log: Database) -> None:
    group = Group(log, SystemClock())
    looks = [asyncio.create_task(group.append([entry(number)])) for number in range(20)]
    await asyncio.sleep(0)
    looks[3].cancel()
    answers = await asyncio.gather(*looks, return_exceptions=True)
    assert [answer for number, answer in enumerate(answers) if number != 3] == [None] * 19


async def test_without_a_commit_nobody_is_answered_and_the_next_ones_are(
    log: Database, database: DatabaseAccess
) -> None:
    group = Group(log, SystemClock())
    owner = await Database.open(database.owner_dsn, max_size=1)
    async with owner.connection() as connection:
        await connection.execute("ALTER TABLE log_tiles RENAME TO away; ALTER TABLE log_leaves RENAME TO away_too")
        answers = await asyncio.gather(*(group.append([entry(n)]) for n in range(5)), return_exceptions=True)
        assert all(isinstance(answer, Exception) for answer in answers)
        await connection.execute("ALTER TABLE away RENAME TO log_tiles; ALTER TABLE away_too RENAME TO log_leaves")
    await owner.close()
    await group.append([entry(7)])
    async with log.connection() as connection:
        assert await size(connection) == 1


async def test_too_many_waiting_are_told_to_come_again(log: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST_ENTRIES", 2)
    monkeypatch.setattr(grouping, "MOST_COMMITS", 3)
    group = Group(log, SystemClock())
    answers = await asyncio.gather(*(group.append([entry(n)]) for n in range(10)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert refused
    async with log.connection() as connection:
        assert await size(connection) == len(answers) - len(refused)
