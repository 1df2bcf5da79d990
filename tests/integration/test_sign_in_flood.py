"""One address that guesses across log-ins: it is slowed, and holds up nobody elsewhere. Counts and orders, no times."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock, patch

import httpx
import pytest
from tests.support.browser import SITE, Browser, browser
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.operations import PASSWORD
from tests.support.people import make_person
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from markaz.core.identity import passwords
from markaz.core.identity.signing_in import AT_ONCE
from markaz.core.identity.spraying import AGAIN_S, FREE_WRONG
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock

START = datetime(2026, 3, 1, tzinfo=UTC)
GUESSER, NEIGHBOUR, ELSEWHERE = "2001:db8:0:7::66", "2001:db8:0:7::8", "2001:db8:0:8::8"  # one /64, and another


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
async def site(open_centre_with: OpenCentre, clock: FakeClock) -> RunningCentre:
    centre = await open_centre_with(clock, public_url=SITE)
    for login in ("aziza", "bekzod", "dilnoza"):
        grants = (Grant(Role.OBSERVER, Land.WEST),)
        await make_person(centre.centre.database, login, grants, now=START, password=PASSWORD)
    return centre


@pytest.fixture
def verify() -> Iterator[Mock]:
    """Passwords looked at without the 20 ms of each: right is right, wrong is wrong."""
    with patch.object(passwords, "verify", side_effect=lambda _stored, password: password == PASSWORD) as looked_at:
        yield looked_at


async def spray(who: Browser, n: int) -> list[int]:
    """Try one password over `n` log-ins, of which two are real."""
    logins = [("aziza", "bekzod")[at] if at < 2 else f"nobody-{at}" for at in range(n)]
    return [(await who.sign_in(login, "Spring-2026-1")).status_code for login in logins]


async def test_one_password_over_many_logins_is_slowed_by_address_and_nobody_elsewhere_waits(
    site: RunningCentre, clock: FakeClock, verify: Mock
) -> None:
    async with AsyncExitStack() as stack:
        guesser, desk, new, elsewhere = [
            await stack.enter_async_context(browser(site, address=address))
            for address in (GUESSER, NEIGHBOUR, NEIGHBOUR, ELSEWHERE)
        ]
        assert (await desk.sign_in("dilnoza", PASSWORD)).status_code == 200
        verify.reset_mock()
        assert await spray(guesser, FREE_WRONG + 50) == [401] * FREE_WRONG + [429] * 50
        assert verify.call_count == FREE_WRONG  # nothing was looked at that was refused
        known, unknown = [await new.sign_in(login, PASSWORD) for login in ("aziza", "nobody-here")]
        for refused in (known, unknown):  # the right password too, and the same words for a log-in that is not there
            assert (refused.status_code, refused.json()["details"]) == (429, {"retry_after_s": AGAIN_S})
            assert int(refused.headers["retry-after"]) == AGAIN_S <= 900
        assert (await desk.sign_in("dilnoza", PASSWORD)).status_code == 200  # a browser that is known goes past it
        assert (await elsewhere.sign_in("aziza", PASSWORD)).status_code == 200
        clock.advance(timedelta(seconds=AGAIN_S))
        assert (await new.sign_in("aziza", PASSWORD)).status_code == 200
        assert await spray(guesser, 3) == [401, 429, 429]  # what was right had cost nothing


async def test_guesses_that_stand_in_line_at_once_are_not_all_looked_at(site: RunningCentre, verify: Mock) -> None:
    async with browser(site, address=GUESSER) as guesser:
        answers = await asyncio.gather(*(guesser.sign_in(f"nobody-{n}", "guess") for n in range(FREE_WRONG + 50)))
    assert {answer.status_code for answer in answers} == {401, 429}
    assert verify.call_count <= FREE_WRONG + AT_ONCE - 1


async def test_a_whole_shift_behind_one_address_signs_in_at_once(site: RunningCentre, verify: Mock) -> None:
    async def one(login: str) -> int:
        async with browser(site) as new:
            return (await new.sign_in(login, PASSWORD)).status_code

    people = FREE_WRONG + 20
    assert await asyncio.gather(*(one(("aziza", "bekzod", "dilnoza")[n % 3]) for n in range(people))) == [200] * people
    assert verify.call_count == people


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - a state of the server's own, which tells nobody of it
            await asyncio.sleep(0.01)


async def test_a_right_sign_in_from_elsewhere_passes_the_guesses_that_stand_in_line(site: RunningCentre) -> None:
    order, gate = list[str](), threading.Semaphore(0)

    def slowly(_stored: str, password: str) -> bool:
        order.append(password)
        gate.acquire(timeout=60)
        return password == PASSWORD

    turns = site.centre.signing_in._turns
    with patch.object(passwords, "verify", side_effect=slowly):
        async with browser(site, address=GUESSER) as guesser, browser(site, address=ELSEWHERE) as owner:
            guesses = [asyncio.create_task(guesser.sign_in(f"nobody-{n}", "guess")) for n in range(40)]
            try:
                await until(lambda: len(order) == AT_ONCE and turns.waiting == 40 - AT_ONCE)
                right = asyncio.create_task(owner.sign_in("aziza", PASSWORD))
                await until(lambda: turns.waiting == 41 - AT_ONCE)
                gate.release(2)
                await until(lambda: len(order) == AT_ONCE + 2)
                assert sorted(order[AT_ONCE:]) == sorted(
                    ["guess", PASSWORD]
                )  # 38 came before it, one had its turn before it
            finally:
                gate.release(100)
            assert (await right).status_code == 200
            assert {answer.status_code for answer in await asyncio.gather(*guesses)} == {401}


async def test_behind_a_proxy_an_address_that_the_guesser_writes_itself_is_no_new_place(
    site: RunningCentre, verify: Mock
) -> None:
    """The server takes the last address that its own proxy added; what a client wrote before it is a client's word."""
    app: Any = site.app
    behind: Any = ProxyHeadersMiddleware(app, trusted_hosts="127.0.0.1")

    async def tries(forwarded: str, n: int, peer: str = "127.0.0.1") -> list[int]:
        transport = httpx.ASGITransport(behind, client=(peer, 50_000))
        statuses = []
        for at in range(n):
            async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
                headers = {"X-Forwarded-For": forwarded.format(at=at)}
                body = {"login": f"nobody-{at}", "password": "guess"}
                statuses.append((await client.post("/api/session", json=body, headers=headers)).status_code)
        return statuses

    assert await tries("192.0.2.{at}, 203.0.113.66", FREE_WRONG + 5) == [401] * FREE_WRONG + [429] * 5
    assert await tries("203.0.113.66, 203.0.113.67", 1) == [401]
    assert (await tries("192.0.2.{at}", FREE_WRONG + 5, peer="198.51.100.9"))[-1] == 429  # no proxy of ours said it
