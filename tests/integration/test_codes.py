"""One-time codes, recovery codes, guessing, and one's own sessions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pyotp
import pytest
from tests.support.browser import Browser, browser
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.live import serving, streaming
from tests.support.operations import PASSWORD
from tests.support.people import make_person

from markaz.core.identity import guessing, passwords
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock

START = datetime(2026, 3, 1, tzinfo=UTC)
WRONG = "not the password"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
async def site(open_centre_with: OpenCentre, clock: FakeClock) -> RunningCentre:
    return await open_centre_with(clock, public_url="https://markaz.example")


@pytest.fixture
async def here(site: RunningCentre) -> AsyncIterator[Browser]:
    async with browser(site) as opened:
        yield opened


async def somebody(site: RunningCentre, login: str = "aziza", role: Role = Role.OBSERVER) -> UUID:
    grants = (Grant(role, Land.WEST),)
    return await make_person(site.centre.database, login, grants, now=START, password=PASSWORD)


def code_at(secret: str, clock: FakeClock, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=steps)


async def add_codes(here: Browser, clock: FakeClock) -> tuple[str, list[str]]:
    """Add one-time codes to who is signed in; the secret and the recovery codes."""
    given = (await here.post("/api/me/codes/secret")).json()
    assert given["secret"] in given["uri"]
    assert given["uri"].startswith("otpauth://totp/")
    assert set(given["qr"]) == {"size", "path"}
    made = await here.post("/api/me/codes", {"code": code_at(given["secret"], clock)})
    assert made.status_code == 201, made.text
    return given["secret"], made.json()["recovery_codes"]


async def with_codes(site: RunningCentre, here: Browser, clock: FakeClock) -> tuple[str, list[str]]:
    await somebody(site)
    await here.sign_in("aziza", PASSWORD)
    return await add_codes(here, clock)


async def test_a_password_alone_opens_nothing_where_there_are_codes(
    site: RunningCentre, here: Browser, clock: FakeClock
) -> None:
    secret, _ = await with_codes(site, here, clock)
    clock.advance(timedelta(minutes=1))
    async with browser(site) as there:
        half = await there.sign_in("aziza", PASSWORD)
        assert (half.status_code, half.json()) == (202, {"next": "code"})
        assert there.cookie("session") is None
        assert (await there.get("/api/me")).status_code == 401
        wrong = await there.post("/api/session/code", {"code": "000000"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "not_signed_in")
        right = code_at(secret, clock)
        step = there.cookie("step_code")
        assert (await there.post("/api/session/code", {"code": right})).status_code == 200
        assert (await there.get("/api/snapshot")).status_code == 200
    async with browser(site) as replaying:
        replaying.client.cookies.set("__Host-markaz_step_code", step or "", domain="markaz.example")
        again = await replaying.post("/api/session/code", {"code": right})
        assert (again.status_code, again.json()["code"]) == (409, "step_ended")
        await replaying.sign_in("aziza", PASSWORD)
        assert (await replaying.post("/api/session/code", {"code": right})).status_code == 401  # a code works once


async def test_a_phone_may_be_one_step_early_or_late(site: RunningCentre, here: Browser, clock: FakeClock) -> None:
    secret, _ = await with_codes(site, here, clock)
    clock.advance(timedelta(minutes=5))
    for steps, status in [
        (-2, 401),
        (2, 401),
        (-1, 200),
        (0, 200),
        (1, 200),
        (0, 401),
    ]:  # each later one uses up the earlier
        await here.sign_in("aziza", PASSWORD)
        answer = await here.post("/api/session/code", {"code": code_at(secret, clock, steps)})
        assert answer.status_code == status, steps


async def test_a_half_session_ends_with_a_new_password_and_by_itself(
    site: RunningCentre, here: Browser, clock: FakeClock
) -> None:
    secret, _ = await with_codes(site, here, clock)
    async with browser(site) as there:
        await there.sign_in("aziza", PASSWORD)
        clock.advance(timedelta(minutes=5))
        assert (await there.post("/api/session/code", {"code": code_at(secret, clock)})).status_code == 409
        await there.sign_in("aziza", PASSWORD)
        await site.as_owner("UPDATE accounts SET access_version = access_version + 1")
        assert (await there.post("/api/session/code", {"code": code_at(secret, clock)})).status_code == 409


async def test_a_recovery_code_stands_in_for_a_code_once_and_is_kept_as_a_hash(
    site: RunningCentre, here: Browser, clock: FakeClock
) -> None:
    secret, recovery = await with_codes(site, here, clock)
    assert len(set(recovery)) == 10
    for table in ("recovery_codes", "one_time_codes", "sealed_fields", "idempotency"):
        stored = str(await site.as_owner(f"SELECT t::text FROM {table} t"))
        assert not any(word in stored for word in (secret, recovery[0], recovery[0].replace("-", "")))
    async with browser(site) as there:
        await there.sign_in("aziza", PASSWORD)
        assert (await there.post("/api/session/code", {"recovery_code": recovery[0].upper()})).status_code == 200
        assert (await there.get("/api/me/ways")).json()["recovery_codes_left"] == 9
        await there.sign_in("aziza", PASSWORD)
        assert (await there.post("/api/session/code", {"recovery_code": recovery[0]})).status_code == 401
        fresh = (await here.post("/api/me/recovery-codes")).json()["recovery_codes"]
        assert (await there.post("/api/session/code", {"recovery_code": recovery[1]})).status_code == 401
        assert (await there.post("/api/session/code", {"recovery_code": fresh[0]})).status_code == 200


async def test_what_is_shown_once_is_not_shown_again_to_the_same_act(
    site: RunningCentre, here: Browser, clock: FakeClock
) -> None:
    await with_codes(site, here, clock)
    first, twin = [await here.send("POST", "/api/me/recovery-codes", {}, key="same") for _ in range(2)]
    assert (len(first.json()["recovery_codes"]), twin.json()["recovery_codes"]) == (10, [])
    assert first.json()["seq"] == twin.json()["seq"]


async def test_removing_codes_takes_secret_and_recovery_codes_and_is_recorded(
    site: RunningCentre, here: Browser, clock: FakeClock
) -> None:
    await with_codes(site, here, clock)
    assert (await here.send("DELETE", "/api/me/codes")).status_code == 200
    assert await site.rows("SELECT 1 FROM recovery_codes UNION ALL SELECT 1 FROM sealed_fields") == []
    said = await site.rows("SELECT action FROM audit_entries ORDER BY id")
    assert [row["action"] for row in said] == ["codes_added", "codes_removed"]
    async with browser(site) as there:
        assert (await there.sign_in("aziza", PASSWORD)).status_code == 200


async def tries(who: Browser, login: str, n: int) -> list[int]:
    return [(await who.sign_in(login, WRONG)).status_code for _ in range(n)]


async def test_a_guesser_waits_longer_each_time_up_to_fifteen_minutes_and_nobody_else_does(
    site: RunningCentre, clock: FakeClock
) -> None:
    await somebody(site)
    async with browser(site) as owner, browser(site, address="203.0.113.66") as guesser:
        assert (await owner.sign_in("aziza", PASSWORD)).status_code == 200
        assert await tries(guesser, "aziza", 8) == [401] * 5 + [429] * 3
        waits = []
        for _ in range(12):
            waiting = await guesser.sign_in("aziza", PASSWORD)  # the right one too: a guesser learns nothing more
            waits.append(waiting.json()["details"]["retry_after_s"])
            assert int(waiting.headers["retry-after"]) == round(waits[-1])
            clock.advance(timedelta(seconds=waits[-1]))
            assert (await guesser.sign_in("aziza", WRONG)).status_code == 401
        assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
        assert (await owner.sign_in("aziza", PASSWORD)).status_code == 200  # a stranger makes only strangers wait
        async with browser(site, address="203.0.113.67") as elsewhere:
            assert (await elsewhere.sign_in("aziza", PASSWORD)).status_code == 200
        clock.advance(timedelta(hours=-12))  # set back: not twelve hours more, and no second try at once either
        assert await tries(guesser, "aziza", 2) == [401, 429]
        clock.advance(timedelta(minutes=15))
        assert (await guesser.sign_in("aziza", PASSWORD)).status_code == 200


async def test_the_owner_at_the_address_of_a_guesser_is_known_by_the_browser(site: RunningCentre) -> None:
    await somebody(site)
    async with browser(site) as owner, browser(site) as guesser:  # behind one address, as in an office
        assert (await owner.sign_in("aziza", PASSWORD)).status_code == 200
        assert (await tries(guesser, "aziza", 6))[-1] == 429
        assert (await owner.sign_in("aziza", PASSWORD)).status_code == 200
        assert (await tries(owner, "aziza", 6))[-1] == 429  # a stolen browser may not guess without end either


async def test_guessing_codes_is_slowed_from_everywhere_together(
    site: RunningCentre, here: Browser, clock: FakeClock
) -> None:
    secret, recovery = await with_codes(site, here, clock)
    clock.advance(timedelta(minutes=1))
    statuses = []
    for n in range(6):
        async with browser(site, address=f"203.0.113.{n}") as thief:  # who knows the password, at many addresses
            await thief.sign_in("aziza", PASSWORD)
            statuses.append((await thief.post("/api/session/code", {"code": f"00000{n}"})).status_code)
    assert statuses == [401] * 5 + [429]
    await here.sign_in("aziza", PASSWORD)
    assert (await here.post("/api/session/code", {"code": code_at(secret, clock)})).status_code == 200
    async with browser(site, address="203.0.113.99") as new:
        await new.sign_in("aziza", PASSWORD)
        assert (await new.post("/api/session/code", {"recovery_code": recovery[0]})).status_code == 200


async def test_waiting_is_the_same_for_a_login_that_is_not_there_and_asks_for_no_work(site: RunningCentre) -> None:
    await somebody(site)
    async with browser(site) as guesser:
        with patch.object(passwords, "verify", wraps=passwords.verify) as verify:
            known, unknown = await tries(guesser, "aziza", 6), await tries(guesser, "nobody-here", 6)
        assert known == unknown
        assert verify.call_count == 10  # one for each try that was looked at, none while waiting
        bodies = [(await guesser.sign_in(login, WRONG)).json() for login in ("aziza", "nobody-here")]
        assert bodies[0]["code"] == bodies[1]["code"] == "rate_limited"


async def test_counts_are_bounded_outlive_a_restart_and_are_forgotten(site: RunningCentre, clock: FakeClock) -> None:
    await somebody(site)
    async with browser(site) as guesser:
        await tries(guesser, "aziza", 5)
        assert (await site.rows("SELECT tries FROM sign_in_guesses"))[0][
            "tries"
        ] == 5  # in the database, by a keyed hash
        await tries(guesser, "other", 1)
        with patch.object(guessing, "GUESSES_MAX", 1):
            async with site.centre.database.transaction() as connection:
                assert await guessing.forget_guesses(connection, clock.now()) == 1
        clock.advance(timedelta(days=1, seconds=1))
        async with site.centre.database.transaction() as connection:
            assert await guessing.forget_guesses(connection, clock.now()) == 1


async def test_a_planted_session_is_worth_nothing_after_sign_in(site: RunningCentre, here: Browser) -> None:
    await somebody(site)
    await somebody(site, "mallory")
    async with browser(site) as mallory:
        await mallory.sign_in("mallory", PASSWORD)
        planted = mallory.cookie("session") or ""
        here.client.cookies.set("__Host-markaz_session", planted, domain="markaz.example")
        assert (await here.sign_in("aziza", PASSWORD)).status_code == 200
        assert here.cookie("session") != planted
        assert (await mallory.get("/api/me")).status_code == 401  # it ended with the sign-in in its place


async def test_one_sees_ones_own_sessions_and_ends_them(site: RunningCentre, here: Browser, clock: FakeClock) -> None:
    await somebody(site)
    await somebody(site, "bekzod")
    await here.sign_in("aziza", PASSWORD)
    async with browser(site) as phone, browser(site) as other, browser(site) as stranger:
        await stranger.sign_in("bekzod", PASSWORD)
        for each in (phone, other):
            each.client.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 16) Chrome/140.0.0.0 Mobile Safari/537.36"
            await each.sign_in("aziza", PASSWORD)
        clock.advance(timedelta(minutes=2))
        await phone.get("/api/me")
        items: list[dict[str, Any]] = (await here.get("/api/me/sessions")).json()["items"]
        assert [(i["is_this"], i["browser"], i["system"], i["method"]) for i in items] == [
            (True, "firefox", "linux", "password"),
            (False, "chrome", "android", "password"),
            (False, "chrome", "android", "password"),
        ]
        assert items[1]["last_seen_at"] > items[2]["last_seen_at"]
        path = f"/api/me/sessions/{items[1]['id']}"
        assert (await stranger.send("DELETE", path)).status_code == 404
        assert (await here.send("DELETE", f"/api/me/sessions/{items[0]['id']}")).status_code == 422
        assert (await here.send("DELETE", path)).status_code == 204
        assert (await phone.get("/api/me")).status_code == 401
        assert (await here.send("DELETE", "/api/me/sessions")).json() == {"ended": 1}
        assert [(await each.get("/api/me")).status_code for each in (other, here, stranger)] == [401, 200, 200]


async def test_ending_a_session_ends_its_streams(open_centre_with: OpenCentre) -> None:
    centre = await open_centre_with()
    account_id = await somebody(centre)
    one, two = [await centre.sign_in_again(account_id) for _ in range(2)]
    async with serving(centre) as url, streaming(url, two, await centre.seq()) as ends:
        assert (await one.send("DELETE", "/api/me/sessions")).json() == {"ended": 1}
        assert (await ends.rest())[-1].data["code"] == "access_changed"
