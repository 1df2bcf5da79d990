"""Signing in and out, sessions and their end, service keys, requests that other sites cause, and rights that end."""

import asyncio
import secrets
import threading
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx
import pytest
from tests.support.canary import Canaries, dump, files_of
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.live import serving, streaming
from tests.support.looks import break_glass, own_incident, state_purpose
from tests.support.operations import OPERATIONS, PASSWORD, Operation, make_world
from tests.support.people import Person, bearer, cookie, make_person

from markaz.core.identity import forget_ended_sessions, passwords
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock
from markaz.web.guard import SESSION_COOKIE

OBSERVER = (Grant(Role.OBSERVER, Land.WEST),)
UNSAFE = [o for o in OPERATIONS if not o.name.startswith("GET ")]
OTHER_SITES = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
)


async def person_with_password(centre: RunningCentre, login: str = "aziza") -> UUID:
    return await make_person(centre.centre.database, login, OBSERVER, now=centre.centre.clock.now(), password=PASSWORD)


async def try_to_sign_in(centre: RunningCentre, login: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    return await centre.nobody.post("/api/session", json={"login": login, "password": password}, headers=headers)


def cookie_of(response: httpx.Response, name: str = SESSION_COOKIE) -> Any:
    given = SimpleCookie()
    for line in response.headers.get_list("set-cookie"):
        given.load(line)
    return given[name]


async def as_holder(centre: RunningCentre, token: str) -> Person:
    return await centre.as_client(UUID(int=0), "holder", cookie(token))


async def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_never_get(centre: RunningCentre) -> None:
    await person_with_password(centre)
    response = await try_to_sign_in(centre, "aziza")
    morsel = cookie_of(response)
    assert response.status_code == 200
    assert (morsel["httponly"], morsel["samesite"].lower(), morsel["path"]) == (True, "strict", "/")
    assert (morsel["max-age"], morsel["domain"], morsel["secure"]) == (str(12 * 3600), "", "")
    assert morsel.value not in response.text
    me = await (await as_holder(centre, morsel.value)).get("/api/me")
    assert me.json()["account"]["login"] == "aziza"


async def test_behind_tls_the_cookie_never_travels_in_clear(open_centre_with: OpenCentre) -> None:
    centre = await open_centre_with(secure_cookies=True)
    await person_with_password(centre)
    response = await try_to_sign_in(centre, "aziza")
    morsel = cookie_of(response, f"__Host-{SESSION_COOKIE}")
    assert (morsel["secure"], morsel["path"], morsel["domain"]) == (True, "/", "")
    for line in response.headers.get_list("set-cookie"):
        assert line.startswith("__Host-")
        assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(line.split("; "))


async def test_every_way_of_not_signing_in_looks_the_same(centre: RunningCentre) -> None:
    await person_with_password(centre)
    await person_with_password(centre, "gone")
    await make_person(centre.centre.database, "no-password", OBSERVER, now=datetime.now(UTC))
    await centre.newcomer(Grant(Role.IMPORTER, Land.WEST), login="service")
    await centre.as_owner("UPDATE accounts SET is_active = false WHERE login = 'gone'")
    with patch.object(passwords, "verify", wraps=passwords.verify) as verify:
        answers = [
            await try_to_sign_in(centre, login, password)
            for login, password in [
                ("aziza", PASSWORD + "!"),
                ("aziza", "x"),
                ("unknown", PASSWORD),
                ("AZIZA", PASSWORD),
                ("gone", PASSWORD),
                ("no-password", PASSWORD),
                ("service", PASSWORD),
            ]
        ]
        assert verify.call_count == len(answers)  # so that timing does not tell whether the login exists
    assert {a.status_code for a in answers} == {401}
    assert len({(a.json()["code"], a.json()["message"], str(a.json()["details"])) for a in answers}) == 1
    assert not any("set-cookie" in a.headers for a in answers)
    assert await centre.rows("SELECT 1 FROM sessions") == []


async def test_checking_passwords_does_not_hold_up_the_desk(centre: RunningCentre) -> None:
    officer = await centre.person(Role.OBSERVER)

    started, enough = threading.Event(), threading.Event()

    def slow(_stored: str, _password: str) -> bool:
        started.set()
        enough.wait(30)
        return False

    with patch.object(passwords, "verify", slow):
        guesses = [asyncio.create_task(try_to_sign_in(centre, f"login{n}")) for n in range(12)]
        assert await asyncio.to_thread(started.wait, 10)
        for _ in range(20):  # neither the loop nor the pool of connections waits for a guess
            assert (await officer.get("/api/snapshot")).status_code == 200
        assert not any(guess.done() for guess in guesses)
        enough.set()
        assert {r.status_code for r in await asyncio.gather(*guesses)} == {401}


async def test_a_session_ends_when_its_time_is_over(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(datetime(2026, 3, 1, tzinfo=UTC))
    centre = await open_centre_with(clock, session_hours=1)
    await person_with_password(centre)
    holder = await as_holder(centre, cookie_of(await try_to_sign_in(centre, "aziza")).value)
    clock.advance(timedelta(minutes=59, seconds=59))
    assert (await holder.get("/api/snapshot")).status_code == 200
    clock.advance(timedelta(seconds=1))
    ended = await holder.get("/api/snapshot")
    assert (ended.status_code, ended.json()["code"]) == (401, "not_signed_in")
    clock.advance(timedelta(seconds=1))
    async with centre.centre.database.transaction() as connection:
        assert await forget_ended_sessions(connection, clock.now()) == 1


async def test_signing_out_ends_this_session_and_no_other(centre: RunningCentre) -> None:
    account_id = await person_with_password(centre)
    one, two = [await centre.sign_in_again(account_id) for _ in range(2)]
    done = await one.send("DELETE", "/api/session")
    assert done.status_code == 204
    assert cookie_of(done)["max-age"] == "0"
    assert ((await one.get("/api/me")).status_code, (await two.get("/api/me")).status_code) == (401, 200)


async def test_a_closed_account_is_nobody_at_once(centre: RunningCentre) -> None:
    observer, importer = await centre.person(Role.OBSERVER), await centre.person(Role.IMPORTER)
    await centre.as_owner("UPDATE accounts SET is_active = false")
    assert (await observer.get("/api/me")).status_code == 401
    assert (await importer.get("/api/me")).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key.replace("mk_", "km_"),
        lambda key: key.rpartition("_")[0] + "_",
        lambda key: f"mk_{'0' * 32}_" + key.split("_", 2)[2],
        lambda key: f"mk_not-hex_{key.split('_', 2)[2]}",
        lambda _key: "",
        lambda _key: "mk",
        lambda _key: "mk__",
    ],
)
async def test_a_changed_service_key_opens_nothing(centre: RunningCentre, change: Any) -> None:
    importer = await centre.person(Role.IMPORTER)
    key = importer.credentials["Authorization"].removeprefix("Bearer ")
    stranger = await centre.as_client(importer.id, "stranger", bearer(change(key)))
    assert (await importer.get("/api/me")).status_code == 200
    assert (await stranger.get("/api/me")).status_code == 401


async def test_the_secret_of_one_service_does_not_open_another(centre: RunningCentre) -> None:
    one, two = [await centre.newcomer(Grant(Role.IMPORTER, d)) for d in (Land.WEST, Land.EAST)]
    secret = one.credentials["Authorization"].split("_", 2)[2]
    mixed = await centre.as_client(two.id, "mixed", bearer(f"mk_{two.id.hex}_{secret}"))
    assert (await mixed.get("/api/me")).status_code == 401


async def test_no_password_token_or_key_is_kept_in_clear(centre: RunningCentre, cluster: Any, tmp_path: Any) -> None:
    password = "Canary" + secrets.token_urlsafe(16)
    await make_person(centre.centre.database, "dilnoza", OBSERVER, now=datetime.now(UTC), password=password)
    token = cookie_of(await try_to_sign_in(centre, "dilnoza", password)).value
    importer = await centre.person(Role.IMPORTER)
    key = importer.credentials["Authorization"].split("_", 2)[2]
    canaries = Canaries({"password": password, "token": token, "key": key})
    await dump(centre, tmp_path / "dump.sql")
    cluster.execute("CHECKPOINT")
    assert {f: c for f, text in files_of(cluster.home, tmp_path / "dump.sql") if (c := canaries.found_in(text))} == {}
    stored = (await centre.rows("SELECT password_hash FROM accounts WHERE login = 'dilnoza'"))[0]["password_hash"]
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("operation", UNSAFE, ids=[o.name for o in UNSAFE])
async def test_no_command_is_taken_from_a_page_of_another_site(
    shared_centre: RunningCentre, operation: Operation
) -> None:
    world = await make_world(shared_centre)
    everything = tuple(Grant(role, Land.ROOT) for role in Role if role not in {Role.IMPORTER, Role.UNIT_DEVICE})
    victim = await shared_centre.overmighty(*everything)
    call = await operation.prepare(world)
    method, path = operation.name.split()
    before = await shared_centre.seq()
    for headers in OTHER_SITES:
        response = await victim.send(method, path.format(**call.path), call.body, headers=headers)
        assert response.status_code == 403, response.text
        assert "set-cookie" not in response.headers
    assert await shared_centre.seq() == before
    assert (await victim.get("/api/me")).status_code == 200


async def test_our_own_page_and_programs_without_a_browser_are_served(centre: RunningCentre) -> None:
    officer, importer = await centre.person(Role.DUTY_OFFICER), await centre.person(Role.IMPORTER, Land.ROOT)
    incident = await open_incident(officer)
    path = f"/api/incidents/{incident['id']}/notes"
    for headers in ({}, {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}):
        assert (await officer.post(path, {"text": "ours"}, headers=headers)).status_code == 201
    # A service key is sent by no browser on its own, so where the call comes from does not matter.
    assert (await importer.send("DELETE", "/api/intake/clock", headers=OTHER_SITES[0])).status_code == 204


async def test_every_answer_forbids_framing_sniffing_foreign_scripts_and_keeping(centre: RunningCentre) -> None:
    officer = await centre.person(Role.OBSERVER)
    for response in (await officer.get("/api/me"), await centre.nobody.get("/api/me"), await officer.get("/healthz")):
        csp = response.headers["content-security-policy"]
        assert "default-src 'self'" in csp
        assert "frame-ancestors 'none'" in csp
        assert "unsafe" not in csp
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in response.headers
    assert (await officer.get("/api/snapshot")).headers["cache-control"] == "no-store"


async def test_a_role_removed_ends_the_open_stream_at_once_and_nothing_more_is_sent(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.ROOT)
    supervisor = await centre.person(Role.SUPERVISOR)
    leaving, staying = await centre.person(Role.OBSERVER, Land.WEST), await centre.person(Role.DUTY_OFFICER, Land.WEST)
    seq = await centre.seq()
    async with serving(centre) as url, streaming(url, leaving, seq) as ends, streaming(url, staying, seq) as goes_on:
        before = await open_incident(supervisor)
        assert (await ends.next_event("incident.opened/1"))["id"] == before["id"]
        taken = await administrator.send("PUT", f"/api/accounts/{leaving.id}/grants", {"grants": []})
        assert taken.status_code == 200
        after = await open_incident(supervisor)
        frames = await ends.rest()
        assert frames[-1].event == "end"
        assert frames[-1].data == {"code": "access_changed", "status": 403}
        assert after["id"] not in "".join(ends.raw)
        while after["id"] not in "".join(goes_on.raw):
            await goes_on.next("events")
        async with httpx.AsyncClient(base_url=url, headers=leaving.credentials) as client:
            assert (await client.get("/api/stream", params={"after": seq})).status_code == 403


async def test_signing_out_ends_the_streams_of_that_session(centre: RunningCentre) -> None:
    officer = await centre.person(Role.OBSERVER)
    other = await centre.sign_in_again(officer.id)
    seq = await centre.seq()
    async with serving(centre) as url, streaming(url, officer, seq) as ends, streaming(url, other, seq) as goes_on:
        assert (await officer.send("DELETE", "/api/session")).status_code == 204
        assert (await ends.rest())[-1].data["code"] == "access_changed"
        incident = await open_incident(await centre.person(Role.SUPERVISOR))
        assert (await goes_on.next_event("incident.opened/1"))["id"] == incident["id"]


async def test_a_short_password_and_a_taken_login_are_refused_naming_the_field(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.ROOT)
    body = {"login": "new", "display_name": "New", "password": PASSWORD, "grants": []}
    short = await administrator.post("/api/accounts", body | {"password": "eleven char"})
    assert (short.status_code, short.json()["details"]["field"]) == (422, "password")
    assert (await administrator.post("/api/accounts", body)).status_code == 201
    taken = await administrator.post("/api/accounts", body)
    assert (taken.status_code, taken.json()["details"]["field"]) == (422, "login")


async def test_what_was_over_stays_over_when_the_clock_goes_back(open_centre_with: OpenCentre) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock, session_hours=1)
    taker, viewer = [await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST)) for _ in range(2)]
    caller = {"name": "Zebo Karimova", "phone": "+998 90 111 22 33"}
    by_purpose, by_glass = [await open_incident(taker, caller=caller) for _ in range(2)]
    own = await own_incident(viewer)

    async def shown(person: Person) -> list[bool]:
        cards = [await person.get(f"/api/incidents/{one['id']}") for one in (by_purpose, by_glass)]
        return [card.is_success and card.json()["sealed"] is not None for card in cards]

    clock.advance(timedelta(minutes=10))
    assert (await break_glass(viewer, by_glass["id"])).status_code == 201
    assert (await state_purpose(viewer, own["number"], need="call_back")).status_code == 201
    assert await shown(viewer) == [True, True]
    clock.advance(timedelta(minutes=-5))  # before either began
    assert await shown(viewer) == [False, False]
    clock.advance(timedelta(minutes=36))
    assert await shown(viewer) == [False, False]
    await centre.centre.ending.mark()
    clock.advance(timedelta(minutes=-20))
    assert await shown(viewer) == [False, False]
    assert (await viewer.get("/api/me")).status_code == 200
    clock.advance(timedelta(hours=1))
    await centre.centre.ending.mark()
    clock.advance(timedelta(hours=-1))
    assert (await viewer.get("/api/me")).status_code == 401
    again = await state_purpose(await centre.sign_in_again(viewer.id), own["number"], need="call_back")
    assert again.status_code == 201, again.text
    assert await centre.centre.ending.mark() == 0
