"""Acts that are cancelled in the middle, as by a server that stops: no lock, number or half a record stays behind."""

import asyncio
import os
import signal
from random import Random

import pytest
from tests.contract.acting import Officer, append_events, stranger
from tests.faults.ledger import nothing_half_done
from tests.support.centre import RunningCentre

from markaz.core.db import pool
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.errors import Unavailable
from markaz.core.events import append

SEED = 102


async def test_cancelled_acts_leave_no_transaction_no_lock_and_no_hole(centre: RunningCentre) -> None:
    officer = await Officer.of(centre)
    incident = await officer.open()
    chance = Random(SEED)
    done = 0
    for _ in range(150):
        task = asyncio.create_task(officer.note(incident))
        await asyncio.sleep(chance.uniform(0.0, 0.012))
        task.cancel()
        done += not isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
    assert 0 < done < 150, f"seed {SEED}: none, or all, were cancelled"
    async with asyncio.timeout(9):
        await officer.note(incident)  # would wait for a lock that was left
    open_transactions = await centre.as_owner(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE usename = 'markaz_app' AND state LIKE 'idle in transaction%'"
    )
    assert open_transactions[0]["n"] == 0
    await nothing_half_done(centre.centre.database)


async def test_cancellation_while_the_number_is_held_frees_it(centre: RunningCentre) -> None:
    holding = asyncio.Event()

    async def hold() -> None:
        async with centre.centre.database.transaction() as connection:
            await append(connection, [stranger()])
            holding.set()
            await asyncio.sleep(60)

    before = await centre.seq()
    for _ in range(10):  # more than the pool has connections
        task = asyncio.create_task(hold())
        await holding.wait()
        holding.clear()
        task.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(9):
        assert await append_events(centre, stranger()) == before + 1


async def _ask(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.fetchval("SELECT 1")


async def test_database_that_hangs_is_given_up_and_its_connection_not_used_again(
    database: DatabaseAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process stands for a machine that was cut off: no word comes, and no end of the connection either."""
    monkeypatch.setattr(pool, "SILENCE_TIMEOUT_S", 0.5)
    monkeypatch.setattr(pool, "CONNECT_TIMEOUT_S", 1.0)
    opened = await Database.open(database.app_dsn, max_size=2)
    async with opened.connection() as connection:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
    os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable):
                await _ask(opened)
            async with opened.transaction() as connection:
                assert await connection.fetchval("SELECT pg_backend_pid()") != pid
    finally:
        os.kill(pid, signal.SIGCONT)
        await opened.close()
