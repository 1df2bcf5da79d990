"""Adding the first second factor: who knows the password alone gets nothing else by it, and is out once its owner has it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, browser
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.live import serving, streaming
from tests.support.operations import PASSWORD
from tests.support.people import Person, make_person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
async def site(open_centre_with: OpenCentre, clock: FakeClock) -> RunningCentre:
    return await open_centre_with(clock, public_url="https://markaz.example")


@pytest.fixture
async def owner(site: RunningCentre) -> AsyncIterator[Browser]:
    async with browser(site) as opened:
        yield opened


@pytest.fixture
async def thief(site: RunningCentre) -> AsyncIterator[Browser]:
    async with browser(site, address="203.0.113.66") as opened:
        yield opened


async def somebody(site: RunningCentre, role: Role, *browsers: Browser) -> UUID:
    """Make an account and sign each of these browsers in by its password alone."""
    account_id = await make_person(
        site.centre.database, "aziza", (Grant(role, Land.WEST),), now=START, password=PASSWORD
    )
    for each in browsers:
        assert (await each.sign_in("aziza", PASSWORD)).status_code == 200
    return account_id


async def secret_for(who: Browser) -> str:
    given = await who.post("/api/me/codes/secret")
    assert given.status_code == 200, given.text
    return str(given.json()["secret"])


async def add_codes(who: Browser, clock: FakeClock) -> tuple[str, list[str]]:
    secret = await secret_for(who)
    made = await who.post("/api/me/codes", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert made.status_code == 201, made.text
    return secret, made.json()["recovery_codes"]


async def add_passkey(who: Browser, key: Authenticator) -> Any:
    options = await who.post("/api/me/passkeys/options")
    return options if options.status_code != 200 else await who.post(
        "/api/me/passkeys", {"name": "Key", "credential": key.make(options.json())}
    )  # fmt: skip


async def entries(site: RunningCentre) -> list[tuple[str, str]]:
    rows = await site.rows("SELECT action, details::text FROM audit_entries ORDER BY id")
    return [(row["action"], row["details"]) for row in rows]


async def test_before_the_first_factor_a_session_changes_and_sees_nothing_else(
    site: RunningCentre, thief: Browser
) -> None:
    await somebody(site, Role.SUPERVISOR, thief)
    for method, path in (
        ("POST", "recovery-codes"),
        ("DELETE", "codes"),
        ("DELETE", f"passkeys/{uuid4()}"),
        ("GET", "sessions"),
        ("DELETE", "sessions"),
        ("DELETE", f"sessions/{uuid4()}"),
    ):
        refused = await thief.send(method, f"/api/me/{path}", {} if method == "POST" else None)
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_needed"), path
    assert await entries(site) == []


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OBSERVER])
async def test_the_owner_s_first_factor_ends_every_session_opened_by_the_password_alone(
    site: RunningCentre, owner: Browser, thief: Browser, clock: FakeClock, role: Role
) -> None:
    async with browser(site) as tab:
        await somebody(site, role, owner, thief, tab)
        await secret_for(thief)  # a step of its own lies ready in the thief's browser
        before = owner.cookie("session")
        _, recovery = await add_codes(owner, clock)
        assert owner.cookie("session") != before  # who proved the new factor goes on, under a new token
        for who in (thief, tab):
            for path in ("recovery-codes", "codes", "proof"):
                ended = await who.post(f"/api/me/{path}", {"code": "000000"} if path == "codes" else {})
                assert (ended.status_code, ended.json()["code"]) == (401, "not_signed_in"), path
    assert await entries(site) == [("codes_added", '{"sessions_ended": 2}')]
    assert [s["method"] for s in (await owner.get("/api/me/sessions")).json()["items"]] == ["code"]
    async with browser(site) as elsewhere:  # the owner's own recovery codes live
        assert (await elsewhere.sign_in("aziza", PASSWORD)).status_code == 202
        assert (await elsewhere.post("/api/session/code", {"recovery_code": recovery[0]})).status_code == 200


async def test_a_first_passkey_ends_them_too_and_their_streams(open_centre_with: OpenCentre) -> None:
    site = await open_centre_with(public_url="https://markaz.example")
    async with browser(site) as owner, browser(site) as thief:
        account_id = await somebody(site, Role.OBSERVER, owner, thief)
        token = thief.cookie("session") or ""
        watching = Person(account_id, "aziza", thief.client, {"Cookie": f"__Host-markaz_session={token}"})
        async with serving(site) as url, streaming(url, watching, await site.seq()) as ends:
            assert (await add_passkey(owner, Authenticator())).status_code == 201
            assert (await ends.rest())[-1].data["code"] == "access_changed"
        assert (await thief.get("/api/me")).status_code == 401
        assert (await owner.get("/api/me/sessions")).json()["items"][0]["method"] == "passkey"
    assert await entries(site) == [("passkey_added", '{"sessions_ended": 1}')]


async def test_sessions_by_a_second_factor_stand_when_another_is_added(
    site: RunningCentre, owner: Browser, clock: FakeClock
) -> None:
    await somebody(site, Role.SUPERVISOR, owner)
    secret, _ = await add_codes(owner, clock)
    clock.advance(timedelta(minutes=1))
    async with browser(site) as phone:
        await phone.sign_in("aziza", PASSWORD)
        code = {"code": pyotp.TOTP(secret).at(clock.now())}
        assert (await phone.post("/api/session/code", code)).status_code == 200
        assert (await add_passkey(phone, Authenticator())).status_code == 201
        assert (await phone.get("/api/snapshot")).status_code == 200
    assert (await owner.get("/api/snapshot")).status_code == 200
    assert (await entries(site))[-1] == ("passkey_added", '{"sessions_ended": 0}')


async def test_a_password_alone_changes_nothing_beside_a_passkey_even_where_it_opens_the_desk(
    site: RunningCentre, owner: Browser, thief: Browser
) -> None:
    """An observer's password opens the desk; a factor added by it would outlast a stronger role given later."""
    await somebody(site, Role.OBSERVER, owner)
    key = Authenticator()
    assert (await add_passkey(owner, key)).status_code == 201
    (held,) = (await owner.get("/api/me/ways")).json()["passkeys"]
    assert (await thief.sign_in("aziza", PASSWORD)).json()["level"] == "full"
    for method, path in (
        ("POST", "passkeys/options"),
        ("POST", "codes/secret"),
        ("POST", "recovery-codes"),
        ("DELETE", "codes"),
        ("DELETE", f"passkeys/{held['id']}"),
    ):
        refused = await thief.send(method, f"/api/me/{path}", {} if method == "POST" else None)
        assert (refused.status_code, "already" in refused.json()["message"]) == (409, True), path
    options = (await thief.post("/api/session/passkey/options")).json()
    assert (await thief.post("/api/me/proof", {"credential": key.sign(options)})).status_code == 200
    assert (await thief.post("/api/me/codes/secret")).status_code == 200  # it was the owner after all


async def test_an_enrolment_begun_before_the_owner_s_is_refused_also_where_its_session_is_still_at_work(
    site: RunningCentre, owner: Browser, thief: Browser, clock: FakeClock
) -> None:
    """Both may run at once, past the look at the session; so the act itself looks at the ways in, under their lock."""
    await somebody(site, Role.SUPERVISOR, thief)
    secret = await secret_for(thief)
    (theirs,) = await site.rows("SELECT id FROM sessions")
    assert (await owner.sign_in("aziza", PASSWORD)).status_code == 200
    await add_codes(owner, clock)
    await site.as_owner(
        "INSERT INTO sessions (id, token_hash, account_id, created_at, expires_at, level, method, last_seen_at, proven_at) "
        "SELECT $1, sha256('late'), account_id, created_at, expires_at, 'enrol', 'password', last_seen_at, proven_at "
        "FROM sessions",
        theirs["id"],
    )
    thief.client.cookies.set("__Host-markaz_session", "late", domain="markaz.example")
    late = await thief.post("/api/me/codes", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert (late.status_code, "already" in late.json()["message"]) == (409, True)
    for path in ("codes/secret", "passkeys/options"):
        assert (await thief.post(f"/api/me/{path}")).status_code == 409, path
