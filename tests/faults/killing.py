"""The whole exercise: officers work, consoles watch, and server and database are killed again and again."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson
from tests.contract.console import Console, ordered
from tests.contract.wire import get
from tests.faults.ledger import each_act_once, log_is_whole, nothing_half_done
from tests.faults.load import Administrator, Book, Officer, Watcher
from tests.faults.served import ServedCentre
from tests.support.land import Land
from tests.support.people import cookie, make_person, open_session

from markaz.core.db.pool import Database
from markaz.core.permissions import Grant, Role

OFFICERS = 6
WATCHED = (Land.ROOT, Land.WEST_SOUTH, Land.EAST)


async def kill_and_compare(centre: ServedCentre, kills: int, seed: int) -> Book:
    """Kill server and database in turn, `kills` times in all, and compare what was said with what is there."""
    chance = Random(seed)
    print(f"seed {seed}")
    database = await centre.prepare()
    officers = [await _sign_in(database, f"officer.{n}", Role.SUPERVISOR, Land.ROOT) for n in range(OFFICERS)]
    watchers = [Watcher(centre.port, await _sign_in(database, f"w.{n}", Role.OBSERVER, Land(n))) for n in WATCHED]
    await asyncio.to_thread(centre.start)
    book, stop = Book(), asyncio.Event()
    for watcher in watchers:
        await watcher.begin()
    colleague, admin = await _colleague(database), await _sign_in(database, "admin", Role.ADMINISTRATOR, Land.ROOT)
    watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    working = [
        asyncio.create_task(Officer(centre.base_url, credentials, book, n).work(stop))
        for n, credentials in enumerate(officers)
    ]
    working.append(asyncio.create_task(Administrator(centre.base_url, admin, book, colleague).work(stop)))
    try:
        for number in range(kills):
            await _while_all_run(book.progress(chance.randrange(20, 60)), working + watching)
            await asyncio.sleep(chance.uniform(0.0, 0.05))
            if number % 2 == 0:
                centre.kill_server()
                await asyncio.to_thread(centre.start)
            else:
                centre.kill_database()
        await _while_all_run(book.progress(50), working + watching)
        stop.set()
        await asyncio.gather(*working)
        await each_act_once(database, book)
        await nothing_half_done(database)
        await log_is_whole(database, book)
        await _consoles_show_the_truth(centre, watchers, watching)
    finally:
        for task in working + watching:
            task.cancel()
        await asyncio.gather(*working, *watching, return_exceptions=True)
        await database.close()
    assert centre.starts == 1 + (kills + 1) // 2, "nobody but this test started the server again"
    return book


async def _while_all_run(wait: Coroutine[Any, Any, None], tasks: list["asyncio.Task[None]"]) -> None:
    """Wait, but fail at once with whatever stopped an officer or a console."""
    waiting = asyncio.create_task(wait)
    done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    assert waiting.done()


async def _consoles_show_the_truth(
    centre: ServedCentre, watchers: list[Watcher], watching: list["asyncio.Task[None]"]
) -> None:
    for watcher in watchers:
        answer = await get(centre.port, "/api/snapshot", watcher.credentials)
        truth = Console(orjson.loads(await answer.chunk()))
        answer.close()

        async def there(watcher: Watcher = watcher, seq: int = truth.seq) -> None:
            async with asyncio.timeout(60):
                while watcher.console.seq < seq:  # noqa: ASYNC110 - a console rings no bell
                    await asyncio.sleep(0.02)

        await _while_all_run(there(), watching)
        assert watcher.console.shown() == truth.shown()
        assert watcher.console.seen == sorted(set(watcher.console.seen)), "an event was shown twice"
        assert watcher.reconnects >= (centre.starts - 1), "its stream broke with every kill of the server"
    whole = watchers[0].console
    assert ordered(whole.shown())["units"]


async def _colleague(database: Database) -> str:
    return str(await make_person(database, "colleague", (), now=datetime.now(UTC)))


async def _sign_in(database: Database, login: str, role: Role, land: Land) -> dict[str, str]:
    now = datetime.now(UTC)
    account_id = await make_person(database, login, (Grant(role, land),), now=now)
    return cookie(await open_session(database, account_id, now=now, life=timedelta(hours=12)))
