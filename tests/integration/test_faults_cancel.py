"""Acts that are cancelled in the middle, as by a server that stops: no lock, number or half a record stays behind."""

import asyncio
from random import Random

from tests.contract.acting import Officer, append_events, stranger
from tests.faults.ledger import nothing_half_done
from tests.support.centre import RunningCentre

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
    async with asyncio.timeout(5):
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
    async with asyncio.timeout(5):
        assert await append_events(centre, stranger()) == before + 1
