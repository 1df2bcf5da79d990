"""Passkeys against a software authenticator: adding, signing in, proving, removing, and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, browser
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.operations import PASSWORD
from tests.support.people import make_person

from markaz.core.events import append
from markaz.core.identity import ways
from markaz.core.permissions import Grant, Role
from markaz.core.settings import STRONG_ROLES
from markaz.kit.clock import FakeClock

START = datetime(2026, 3, 1, tzinfo=UTC)


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


async def somebody(site: RunningCentre, role: Role = Role.OBSERVER, login: str = "aziza") -> UUID:
    grants = (Grant(role, Land.WEST),)
    return await make_person(site.centre.database, login, grants, now=START, password=PASSWORD)


async def add(here: Browser, key: Authenticator, name: str = "Blue key") -> Any:
    options = await here.post("/api/me/passkeys/options")
    assert options.status_code == 200, options.text
    return await here.post("/api/me/passkeys", {"name": name, "credential": key.make(options.json())})


async def sign_in(there: Browser, key: Authenticator, login: str | None = None) -> Any:
    options = await there.post("/api/session/passkey/options", {"login": login} if login else {})
    assert options.status_code == 200, options.text
    return await there.post("/api/session/passkey", {"credential": key.sign(options.json())})


async def with_passkey(site: RunningCentre, here: Browser, role: Role = Role.OBSERVER) -> Authenticator:
    await somebody(site, role)
    assert (await here.sign_in("aziza", PASSWORD)).status_code == 200
    key = Authenticator()
    assert (await add(here, key)).status_code == 201
    return key


async def test_a_passkey_is_added_and_signs_in_with_and_without_a_login(site: RunningCentre, here: Browser) -> None:
    key = await with_passkey(site, here)
    for login in (None, "aziza"):
        async with browser(site, address="203.0.113.9") as there:
            answer = await sign_in(there, key, login)
            assert (answer.status_code, answer.json()["account"]["login"]) == (200, "aziza")
            assert (await there.get("/api/snapshot")).status_code == 200
    held = (await here.get("/api/me/ways")).json()["passkeys"]
    assert [(k["name"], k["is_synced"]) for k in held] == [("Blue key", False)]
    said = await site.rows("SELECT type, payload::text FROM events WHERE type = 'account.ways_changed/1'")
    assert [row["payload"] for row in said] == ['{"change": "passkey_added"}']
    kept = await site.rows("SELECT kind, action, reason FROM audit_entries")
    assert [tuple(row) for row in kept] == [("access_change", "passkey_added", "own_account")]


async def test_a_challenge_is_answered_once_in_its_own_browser_and_soon(
    site: RunningCentre, here: Browser, clock: FakeClock
) -> None:
    key = await with_passkey(site, here)
    async with browser(site) as there, browser(site) as other:
        options = (await there.post("/api/session/passkey/options")).json()
        step = there.cookie("step_passkey")
        answer = {"credential": key.sign(options)}
        stolen = await other.post("/api/session/passkey", answer)  # without the cookie of the browser that asked
        assert (stolen.status_code, stolen.json()["code"]) == (409, "step_ended")
        assert (await there.post("/api/session/passkey", answer)).status_code == 200
        there.client.cookies.set("__Host-markaz_step_passkey", step or "", domain="markaz.example")
        again = await there.post("/api/session/passkey", {"credential": key.sign(options)})
        assert (again.status_code, again.json()["code"]) == (409, "step_ended")
        options = (await other.post("/api/session/passkey/options")).json()
        clock.advance(timedelta(minutes=5))
        late = await other.post("/api/session/passkey", {"credential": key.sign(options)})
        assert (late.status_code, late.json()["code"]) == (409, "step_ended")


async def test_a_wrong_answer_uses_the_challenge_up(site: RunningCentre, here: Browser) -> None:
    key = await with_passkey(site, here)
    async with browser(site) as there:
        options = (await there.post("/api/session/passkey/options")).json()
        foreign = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle, counter=50)
        assert (await there.post("/api/session/passkey", {"credential": foreign.sign(options)})).status_code == 401
        assert (await there.post("/api/session/passkey", {"credential": key.sign(options)})).status_code == 409


async def test_another_origin_host_owner_or_no_verification_is_refused_in_the_same_words(
    site: RunningCentre, here: Browser
) -> None:
    key = await with_passkey(site, here)
    bends: list[dict[str, Any]] = [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"is_verified": False},
        {"user_handle": "AAAA"},
    ]
    async with browser(site) as there:
        unknown = await sign_in(there, Authenticator())
        for bend in bends:
            refused = await sign_in(there, replace(key, counter=100, **bend))
            assert (refused.status_code, refused.json()["message"]) == (401, unknown.json()["message"]), bend
        assert there.cookie("session") is None
        assert (await sign_in(there, replace(key, counter=100))).status_code == 200


async def test_a_counter_that_does_not_rise_is_a_copy_and_is_refused(site: RunningCentre, here: Browser) -> None:
    key = await with_passkey(site, here)
    async with browser(site) as there:
        assert (await sign_in(there, key)).status_code == 200
        key.counter -= 1
        assert (await sign_in(there, key)).status_code == 401


async def test_whoever_asks_for_a_login_does_not_learn_whether_it_exists(site: RunningCentre, here: Browser) -> None:
    await with_passkey(site, here)
    async with browser(site) as there:
        asked = [
            (await there.post("/api/session/passkey/options", {"login": login})).json() for login in ("aziza", "x", "x")
        ]
    known, unknown, again = [[c["id"] for c in options["allowCredentials"]] for options in asked]
    assert len(known) == len(unknown) == 1
    assert len(known[0]) == len(unknown[0])
    assert unknown == again != known


async def test_the_ways_in_are_changed_only_shortly_after_a_proof(
    site: RunningCentre, here: Browser, clock: FakeClock
) -> None:
    key = await with_passkey(site, here)
    before = here.cookie("session")
    clock.advance(timedelta(minutes=5, seconds=1))
    for method, path in (("POST", "passkeys/options"), ("POST", "codes/secret"), ("DELETE", "codes")):
        late = await here.send(method, f"/api/me/{path}", None if method == "DELETE" else {})
        assert (late.status_code, late.json()["code"]) == (403, "proof_needed"), path
    wrong = await here.post("/api/me/proof", {"password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "proof_refused")
    options = (await here.post("/api/session/passkey/options")).json()
    assert (await here.post("/api/me/proof", {"credential": key.sign(options)})).status_code == 200
    assert here.cookie("session") not in {before, None}  # the token is replaced
    assert (await add(here, Authenticator(), "Second")).status_code == 201


async def test_a_step_begun_in_another_session_adds_nothing(site: RunningCentre, here: Browser) -> None:
    await with_passkey(site, here)
    await somebody(site, login="bekzod")
    async with browser(site) as there:
        await there.sign_in("bekzod", PASSWORD)
        options = (await there.post("/api/me/passkeys/options")).json()
        planted = there.cookie("step_add_passkey") or ""
    here.client.cookies.set("__Host-markaz_step_add_passkey", planted, domain="markaz.example")
    body = {"name": "Planted", "credential": Authenticator().make(options)}
    assert (await here.post("/api/me/passkeys", body)).status_code == 403


async def test_the_last_way_in_and_the_last_needed_second_factor_stay(site: RunningCentre, here: Browser) -> None:
    await with_passkey(site, here, Role.SUPERVISOR)
    passkeys = (await here.get("/api/me/ways")).json()["passkeys"]
    path = f"/api/me/passkeys/{passkeys[0]['id']}"
    kept = await here.send("DELETE", path)
    assert (kept.status_code, "second factor" in kept.json()["message"]) == (409, True)
    await site.as_owner("UPDATE accounts SET password_hash = NULL")
    assert "last way in" in (await here.send("DELETE", path)).json()["message"]
    assert (await add(here, Authenticator(), "Second")).status_code == 201
    assert (await here.send("DELETE", path)).status_code == 200
    assert (await here.send("DELETE", path)).status_code == 404


async def test_passkeys_work_at_the_public_address_only_and_say_what_to_do(open_centre_with: OpenCentre) -> None:
    centre = await open_centre_with(public_url="https://markaz.example")
    for base_url, why in (("https://other.example", "https://markaz.example only"),):
        async with browser(centre, base_url=base_url) as there:
            refused = await there.post("/api/session/passkey/options")
            assert (refused.status_code, why in refused.json()["message"]) == (409, True)
    centre.centre.signing_in.site = None
    async with browser(centre) as there:
        assert "MARKAZ_PUBLIC_URL" in (await there.post("/api/session/passkey/options")).json()["message"]


async def test_a_strong_role_adds_a_second_factor_before_anything_else(site: RunningCentre, here: Browser) -> None:
    await somebody(site, Role.SUPERVISOR)
    signed = await here.sign_in("aziza", PASSWORD)
    assert (signed.json()["level"], signed.json()["permissions"]) == ("enrol", [])
    refused = await here.get("/api/snapshot")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_needed")
    before = here.cookie("session")
    async with browser(site) as thief:  # who knows the password too, and came before the owner
        await thief.sign_in("aziza", PASSWORD)
        key = Authenticator()
        assert (await add(here, key)).status_code == 201
        assert here.cookie("session") != before
        assert (await here.get("/api/snapshot")).status_code == 200
        assert (await thief.get("/api/me")).status_code == 401  # out with the owner's factor (test_enrolment.py)
        again = await thief.sign_in("aziza", PASSWORD)
        assert (again.status_code, again.json()["code"]) == (401, "passkey_needed")
        assert (await sign_in(thief, key)).json()["level"] == "full"


@pytest.mark.parametrize("role", sorted(STRONG_ROLES))
async def test_a_password_alone_opens_no_person_s_data_to_any_role(
    site: RunningCentre, here: Browser, role: Role
) -> None:
    await somebody(site, role)
    signed = await here.sign_in("aziza", PASSWORD)
    assert (signed.status_code, signed.json()["level"], signed.json()["permissions"]) == (200, "enrol", [])
    for path in ("/api/snapshot", "/api/field/now", "/api/incidents", "/api/audit", "/api/accounts"):
        refused = await here.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_needed"), path


async def test_a_stronger_role_asks_a_running_session_for_more(site: RunningCentre, here: Browser) -> None:
    await somebody(site)
    await here.sign_in("aziza", PASSWORD)
    assert (await here.get("/api/snapshot")).status_code == 200
    await site.as_owner("UPDATE grants SET role = 'supervisor'")
    assert (await here.get("/api/snapshot")).json()["code"] == "second_factor_needed"
    assert (await add(here, Authenticator())).status_code == 201
    assert (await here.get("/api/snapshot")).status_code == 200


async def test_a_reset_takes_second_factors_and_sessions_and_leaves_the_password(
    site: RunningCentre, here: Browser
) -> None:
    key = await with_passkey(site, here, Role.SUPERVISOR)
    (row,) = await site.rows("SELECT id FROM accounts WHERE login = 'aziza'")
    async with site.centre.database.transaction() as connection:
        event = await ways.reset_second_factors(connection, UUID(bytes=row["id"].bytes), at=START)
        await append(connection, [event])
    assert (event.payload, event.occurred_source) == ({"change": "second_factors_reset"}, "administrator")
    assert (await here.get("/api/me")).status_code == 401
    assert (await sign_in(here, key)).status_code == 401
    assert (await here.sign_in("aziza", PASSWORD)).json()["level"] == "enrol"
