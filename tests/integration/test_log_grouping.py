"""Looks of many at once: few commits, each answered after the one that holds its entry, and none lost or made up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.support.transparency import START, entry

from markaz.core import reach
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import Unavailable
from markaz.core.log import grouping
from markaz.core.log.appending import size
from markaz.core.log.grouping import Group


@pytest.fixture
async def log(database: DatabaseAccess) -> AsyncIterator[Database]:
    opened = await Database.open(database.app_dsn, max_size=3)
    yield opened
    await opened.close()


@asynccontextmanager
async def refusing(access: DatabaseAccess, code: str) -> AsyncIterator[None]:
    """Let the database refuse every leaf with that SQLSTATE while the block runs."""
    owner = await asyncpg.connect(access.owner_dsn)
    await owner.execute(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = "
        f"'{code}'; END $$; CREATE TRIGGER no BEFORE INSERT ON log_leaves EXECUTE FUNCTION no()"
    )
    try:
        yield
    finally:
        await owner.execute("DROP FUNCTION no() CASCADE")
        await owner.close()


async def hand_in(group: Group, count: int) -> list[Any]:
    """Hand in one entry for each of `count` looks at once; return how each was answered."""
    return await asyncio.gather(*(group.append(START, [entry(n)]) for n in range(count)), return_exceptions=True)


async def entered(log: Database) -> int:
    async with log.connection() as connection:
        return await size(connection)


async def test_whoever_is_answered_finds_the_entry_durable_and_many_share_a_commit(log: Database) -> None:
    group, looks = Group(log), 500

    async def look(number: int) -> None:
        await group.append(START, [entry(number)])
        async with log.connection() as connection:
            found = "SELECT count(*) FROM audit_entries WHERE reason = $1"
            assert await connection.fetchval(found, f"incident {number}") == 1

    await asyncio.gather(*(look(number) for number in range(looks)))
    async with log.connection() as connection:
        assert await size(connection) == looks
        commits = await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM log_leaves")
    assert commits <= 10


async def test_entries_of_one_commit_keep_the_time_of_their_own_look(log: Database) -> None:
    group, times = Group(log), [START + timedelta(seconds=n) for n in (3, 1, 2)]
    await asyncio.gather(*(group.append(at, [entry(n)]) for n, at in enumerate(times)))
    async with log.connection() as connection:
        rows = await connection.fetch(
            "SELECT e.at, l.body, l.xmin::text AS commit FROM audit_entries e JOIN log_leaves l ON l.index = e.leaf "
            "ORDER BY e.leaf"
        )
    assert [row["at"] for row in rows] == times
    assert all(row["at"].isoformat()[:19].encode() in row["body"] for row in rows)
    assert len({row["commit"] for row in rows}) == 1


async def test_one_who_hangs_up_takes_nothing_from_the_others(log: Database) -> None:
    group = Group(log)
    looks = [asyncio.create_task(group.append(START, [entry(number)])) for number in range(20)]
    await asyncio.sleep(0)
    looks[3].cancel()
    answers = await asyncio.gather(*looks, return_exceptions=True)
    assert [answer for number, answer in enumerate(answers) if number != 3] == [None] * 19


@pytest.mark.parametrize("code", ["53100", "40001", "40P01"])  # disk full, serialisation, deadlock
async def test_when_the_database_cannot_each_is_told_so_and_the_next_ones_are_entered(
    log: Database, database: DatabaseAccess, code: str
) -> None:
    group = Group(log)
    async with refusing(database, code):
        answers = await hand_in(group, 5)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert len({id(answer) for answer in answers}) == 5, "an error that is raised twice tells of two places"
    assert await entered(log) == 0
    assert await hand_in(group, 1) == [None]
    assert await entered(log) == 1


async def test_an_entry_that_the_database_refuses_takes_no_other_along(log: Database) -> None:
    group = Group(log)
    bad = replace(entry(1), reason="\x00")  # no text of PostgreSQL
    looks = [group.append(START, [one]) for one in (entry(0), bad, entry(2))]
    answers = await asyncio.gather(*looks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), asyncpg.UntranslatableCharacterError, type(None)]
    assert await entered(log) == 2


async def test_too_many_waiting_are_told_to_come_again(log: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST_ENTRIES", 2)
    monkeypatch.setattr(grouping, "MOST_COMMITS", 3)
    answers = await hand_in(Group(log), 10)
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert refused
    assert await entered(log) == len(answers) - len(refused)


async def test_a_stopping_centre_commits_what_was_handed_in_and_takes_no_more(log: Database) -> None:
    group = Group(log)
    looks = asyncio.create_task(hand_in(group, 20))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await group.stop()
    assert await looks == [None] * 20
    assert await entered(log) == 20
    with pytest.raises(Unavailable, match="stopping"):
        await group.append(START, [entry()])


async def test_who_still_waits_when_the_centre_has_to_stop_is_shown_nothing(
    log: Database, database: DatabaseAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "STOP_S", 0.1)
    monkeypatch.setattr(grouping, "MOST_ENTRIES", 2)
    group = Group(log)
    owner = await asyncpg.connect(database.owner_dsn)
    async with owner.transaction():
        await owner.execute("SELECT FROM log_state FOR UPDATE")
        looks = asyncio.create_task(hand_in(group, 5))
        await asyncio.sleep(0.05)
        await group.stop()
        answers = await looks
    await owner.close()
    assert all(isinstance(answer, Unavailable) and "stopping" in answer.message for answer in answers)
    assert await entered(log) == 0


async def test_the_commit_has_the_reach_of_nobody_whoever_came_first(log: Database) -> None:
    seen: list[reach.Reach | None] = []

    class Noting(Database):
        @asynccontextmanager
        async def session(self) -> AsyncIterator[Connection]:
            seen.append(reach.current())
            async with log.session() as connection:
                yield connection

    with reach.within(reach.system("somebody's look")):
        await Group(Noting(log._pool, log.dsn)).append(datetime.now(UTC), [entry()])
    assert seen == [None]
