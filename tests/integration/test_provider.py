"""Signing in through an OpenID Connect provider: what it gives, what is refused, and where the browser is never sent."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from joserfc.jwk import RSAKey
from tests.support.browser import Browser, browser
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.people import Person
from tests.support.provider import CLIENT, ISSUER, FakeProvider

from markaz.core.identity import providers
from markaz.core.permissions import Role

MAPPING = """
[[rule]]
claim = "groups"
value = "crews-west"
role = "unit_officer"
territory = "{west}"
[[rule]]
claim = "realm.roles"
value = "watch"
role = "observer"
territory = "{west}"
[[rule]]
claim = "groups"
value = "dispatch-west"
role = "dispatcher"
territory = "{west}"
[[rule]]
claim = "groups"
value = "nowhere"
role = "observer"
territory = "no such territory"
"""
APPOINTMENTS = "/api/oversight/appointments"
RETURN = "/api/session/provider/return"


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@pytest.fixture
def fake(key: RSAKey) -> FakeProvider:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "u-17", "exp": now + 300, "iat": now, "groups": ["crews-west"]}
    return FakeProvider(claims=claims | {"preferred_username": "aziza", "name": "Aziza K."}, key=key)


@pytest.fixture
async def site(open_centre_with: OpenCentre, fake: FakeProvider, tmp_path: Path) -> RunningCentre:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING.format(west="west"))
    centre = await open_centre_with(
        public_url="https://markaz.example",
        provider_issuer=ISSUER,
        provider_client_id=CLIENT,
        provider_mapping=mapping,
    )
    assert centre.centre.provider is not None
    centre.centre.guard.limiter.take_key = lambda *_: None  # type: ignore[method-assign]
    centre.centre.provider.provider._transport = fake.transport()
    return centre


@pytest.fixture
async def here(site: RunningCentre) -> AsyncIterator[Browser]:
    async with browser(site) as opened:
        yield opened


async def go(here: Browser, fake: FakeProvider) -> dict[str, str]:
    sent = await here.post("/api/session/provider")
    assert sent.status_code == 200, sent.text
    assert sent.json()["location"].startswith(f"{ISSUER}/auth?")
    return fake.went(sent.json()["location"])


async def at_the_address(site: RunningCentre, role: Role, land: Land = Land.WEST) -> Person:
    """Return somebody of the centre signed in at its https address, whose cookies have another name."""
    person = await site.person(role, land)
    secure = {name: value.replace("markaz", "__Host-markaz", 1) for name, value in person.credentials.items()}
    return await site.as_client(person.id, person.login, secure)


async def sign_in(here: Browser, fake: FakeProvider, **changes: str) -> str:
    asked = await go(here, fake)
    back = await here.client.get(RETURN, params={"code": "right-code", "state": asked["state"]} | changes)
    assert back.status_code == 303
    return str(back.headers["location"])


async def test_claims_give_an_account_its_grants_and_a_session(
    site: RunningCentre, here: Browser, fake: FakeProvider
) -> None:
    asked = await go(here, fake)
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == "https://markaz.example" + RETURN
    assert here.cookie("step_provider") is not None
    back = await here.client.get(RETURN, params={"code": "right-code", "state": asked["state"], "iss": ISSUER})
    assert (back.status_code, back.headers["location"]) == (303, "/")
    me = (await here.get("/api/me")).json()
    assert (me["account"]["login"], me["account"]["display_name"]) == ("aziza@id.example", "Aziza K.")
    assert [grant["role"] for grant in me["grants"]] == ["unit_officer"]
    entries = await site.rows("SELECT kind, action, reason, details::text FROM audit_entries")
    assert [(e["kind"], e["action"], e["reason"]) for e in entries] == [
        ("access_change", "provider_linked", "identity_provider")
    ]
    assert "Aziza" not in entries[0]["details"]


async def test_the_step_is_the_only_lax_cookie(here: Browser, fake: FakeProvider) -> None:
    sent = await here.post("/api/session/provider")
    (line,) = sent.headers.get_list("set-cookie")
    assert line.startswith("__Host-")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(line.split("; "))
    fake.went(sent.json()["location"])


async def test_grants_follow_the_claims_at_each_sign_in_down_to_nothing(
    site: RunningCentre, here: Browser, fake: FakeProvider
) -> None:
    assert await sign_in(here, fake) == "/"
    fake.claims = fake.claims | {"groups": [], "realm": {"roles": ["watch"]}}
    del fake.claims["nonce"]
    assert await sign_in(here, fake) == "/"
    assert [grant["role"] for grant in (await here.get("/api/me")).json()["grants"]] == ["observer"]
    fake.claims = {k: v for k, v in fake.claims.items() if k not in {"realm", "nonce"}}
    async with browser(site) as other:
        assert await sign_in(other, fake) == "/?sign_in=provider_no_grants"
    assert (await here.get("/api/me")).status_code == 401  # its sessions ended with its rights
    said = await site.rows("SELECT action FROM audit_entries ORDER BY id")
    assert [row["action"] for row in said] == ["provider_linked", "grants_mapped", "grants_mapped"]


async def test_claims_without_a_rule_make_no_account(site: RunningCentre, here: Browser, fake: FakeProvider) -> None:
    wrong: list[Any] = [[], "nowhere", ["unknown"], 7, [["crews-west"]], {"crews-west": True}]
    for groups in wrong:
        fake.claims = {k: v for k, v in fake.claims.items() if k != "nonce"} | {"groups": groups}
        assert await sign_in(here, fake) == "/?sign_in=provider_no_grants", groups
    assert await site.rows("SELECT 1 FROM accounts") == []
    assert here.cookie("session") is None


async def test_a_token_with_one_thing_wrong_is_refused(site: RunningCentre, here: Browser, fake: FakeProvider) -> None:
    now, good = int(time.time()), dict(fake.claims)
    wrong: list[dict[str, Any]] = [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": [CLIENT, "other"]},
        {"azp": "other"},
        {"exp": now - 61},
        {"exp": None},
        {"iat": now + 3600},
        {"nbf": now + 3600},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": 17},
        {"sub": "x" * 256},
    ]
    for change in wrong:
        fake.claims = good | change
        assert await sign_in(here, fake) == "/?sign_in=provider_refused", change
    assert await site.rows("SELECT 1 FROM accounts") == []


async def test_a_forged_signature_is_refused(
    site: RunningCentre, here: Browser, fake: FakeProvider, key: RSAKey
) -> None:
    asked = await go(here, fake)
    tokens = ["no.token", "", fake.unsigned(), fake.signed_with_the_public_key()]
    fake.header = {"alg": "RS256", "kid": "two"}
    tokens.append(fake.sign())  # an unknown key id
    fake.header = {"alg": "RS256", "kid": "one"}
    fake.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    fake.published = key
    tokens.append(fake.sign())  # another key under a known id
    fake.key = key
    right = fake.sign()
    tokens.append(right[:-4] + ("AAAA" if right[-4:] != "AAAA" else "BBBB"))
    for token in tokens:
        fake.token = token or "."
        back = await here.client.get(RETURN, params={"code": "right-code", "state": asked["state"]})
        assert back.headers["location"] == "/?sign_in=provider_refused", token
        del fake.claims["nonce"]
        asked = await go(here, fake)
    assert await site.rows("SELECT 1 FROM accounts") == []


async def test_a_new_key_of_the_provider_is_asked_for(here: Browser, fake: FakeProvider, key: RSAKey) -> None:
    assert await sign_in(here, fake) == "/"
    del fake.claims["nonce"]
    fake.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    fake.header = {"alg": "RS256", "kid": "two"}
    with patch.object(providers, "ASK_KEYS_EVERY_S", -1.0):
        assert await sign_in(here, fake) == "/"


async def test_the_return_is_bound_to_the_browser_that_went_and_taken_once(
    site: RunningCentre, here: Browser, fake: FakeProvider
) -> None:
    asked = await go(here, fake)
    query = {"code": "right-code", "state": asked["state"]}
    async with browser(site) as other:  # a link with somebody else's code, sent to a victim
        assert (await other.client.get(RETURN, params=query)).headers["location"] == "/?sign_in=step_ended"
        assert (await other.post("/api/session/provider")).status_code == 200
        assert (await other.client.get(RETURN, params=query)).headers["location"] == "/?sign_in=provider_refused"
    step = here.cookie("step_provider") or ""
    assert (await here.client.get(RETURN, params=query)).headers["location"] == "/"
    here.client.cookies.set("__Host-markaz_step_provider", step, domain="markaz.example")
    assert (await here.client.get(RETURN, params=query)).headers["location"] == "/?sign_in=step_ended"


async def test_another_issuer_an_error_and_a_wrong_code_are_refused(here: Browser, fake: FakeProvider) -> None:
    for change in ({"iss": "https://evil.example"}, {"error": "access_denied"}, {"code": "wrong-code"}, {"code": ""}):
        fake.claims.pop("nonce", None)
        assert await sign_in(here, fake, **change) == "/?sign_in=provider_refused", change


async def test_no_parameter_sends_a_browser_elsewhere(here: Browser, fake: FakeProvider) -> None:
    for name in ("next", "redirect_uri", "return_to", "RelayState"):
        fake.claims.pop("nonce", None)
        assert await sign_in(here, fake, **{name: "https://evil.example"}) == "/", name


async def test_a_provider_that_breaks_the_rules_is_as_good_as_away(here: Browser, fake: FakeProvider) -> None:
    broken: list[dict[str, Any]] = [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://id.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ]
    for metadata in broken:
        fake.metadata = metadata
        sent = await here.post("/api/session/provider")
        assert (sent.status_code, sent.json()["code"]) == (503, "provider_away"), metadata


async def test_a_provider_that_is_away_is_said_so_and_other_ways_stay(here: Browser, fake: FakeProvider) -> None:
    asked = await go(here, fake)
    fake.is_away = True
    back = await here.client.get(RETURN, params={"code": "right-code", "state": asked["state"]})
    assert back.headers["location"] == "/?sign_in=provider_away"


async def test_a_closed_account_stays_closed(site: RunningCentre, here: Browser, fake: FakeProvider) -> None:
    assert await sign_in(here, fake) == "/"
    await site.as_owner("UPDATE accounts SET is_active = false")
    del fake.claims["nonce"]
    assert await sign_in(here, fake) == "/?sign_in=provider_refused"


async def test_what_takes_two_people_waits_for_a_supervisor_and_no_administrator_gives_it(
    site: RunningCentre, here: Browser, fake: FakeProvider
) -> None:
    """Whoever fills the groups of the provider may well be an administrator here, and neither gives such a right alone."""
    fake.claims = fake.claims | {"groups": ["dispatch-west"]}
    for _ in range(2):
        assert await sign_in(here, fake) == "/?sign_in=provider_waiting"
        fake.claims.pop("nonce")
    assert here.cookie("session") is None
    supervisor, elsewhere = (
        await at_the_address(site, Role.SUPERVISOR),
        await at_the_address(site, Role.SUPERVISOR, Land.EAST),
    )
    administrator, officer = (
        await at_the_address(site, Role.ADMINISTRATOR),
        await at_the_address(site, Role.DUTY_OFFICER),
    )
    (asked,) = (await supervisor.get(APPOINTMENTS)).json()["waiting"]
    assert (asked["by_provider"], asked["role"], asked["may_approve"]) == (True, "dispatcher", True)
    assert asked["account"]["login"].endswith("@id.example")
    assert [one["may_approve"] for one in (await administrator.get(APPOINTMENTS)).json()["waiting"]] == [False]
    path = f"{APPOINTMENTS}/{asked['id']}/approval"
    for person, status in ((administrator, 403), (elsewhere, 404), (officer, 403), (supervisor, 200)):
        assert (await person.post(path)).status_code == status, person.login
    assert await sign_in(here, fake) == "/"
    assert [grant["role"] for grant in (await here.get("/api/me")).json()["grants"]] == ["dispatcher"]
    fake.claims.pop("nonce")
    assert await sign_in(here, fake) == "/", "what was approved stays while the claims say it"
    fake.claims = {k: v for k, v in fake.claims.items() if k != "nonce"} | {"groups": ["crews-west", "dispatch-west"]}
    assert await sign_in(here, fake) == "/"
    assert {grant["role"] for grant in (await here.get("/api/me")).json()["grants"]} == {"dispatcher", "unit_officer"}
    said = await site.rows("SELECT action FROM audit_entries WHERE kind = 'access_change' ORDER BY id")
    assert [row["action"] for row in said] == [
        "provider_linked",
        "appointment.asked",
        "account.access_changed",
        "appointment.given",
        "grants_mapped",
    ]


async def test_what_the_claims_say_no_more_is_not_approved(
    site: RunningCentre, here: Browser, fake: FakeProvider
) -> None:
    fake.claims = fake.claims | {"groups": ["crews-west", "dispatch-west"]}
    assert await sign_in(here, fake) == "/"
    supervisor = await at_the_address(site, Role.SUPERVISOR)
    (asked,) = (await supervisor.get(APPOINTMENTS)).json()["waiting"]
    fake.claims = {k: v for k, v in fake.claims.items() if k != "nonce"} | {"groups": ["crews-west"]}
    assert await sign_in(here, fake) == "/"
    assert (await supervisor.get(APPOINTMENTS)).json()["waiting"] == []
    assert (await supervisor.post(f"{APPOINTMENTS}/{asked['id']}/approval")).status_code == 409
    assert [grant["role"] for grant in (await here.get("/api/me")).json()["grants"]] == ["unit_officer"]


async def test_what_was_refused_is_not_asked_again_at_each_sign_in(
    site: RunningCentre, here: Browser, fake: FakeProvider
) -> None:
    fake.claims = fake.claims | {"groups": ["dispatch-west"], "realm": {"roles": ["watch"]}}
    assert await sign_in(here, fake) == "/", "what one person may give holds at once"
    supervisor = await at_the_address(site, Role.SUPERVISOR)
    (asked,) = (await supervisor.get(APPOINTMENTS)).json()["waiting"]
    assert (await supervisor.post(f"{APPOINTMENTS}/{asked['id']}/refusal")).status_code == 200
    fake.claims.pop("nonce")
    assert await sign_in(here, fake) == "/"
    assert [grant["role"] for grant in (await here.get("/api/me")).json()["grants"]] == ["observer"]
    assert (await supervisor.get(APPOINTMENTS)).json()["waiting"] == []


async def test_claims_give_nothing_beside_an_office_and_take_what_an_office_was_held_beside(
    site: RunningCentre, here: Browser, fake: FakeProvider
) -> None:
    await sign_in(here, fake)
    give = "INSERT INTO grants SELECT id, 'auditor', $1 FROM accounts WHERE login LIKE 'aziza@%'"
    await site.as_owner(give, int(Land.ROOT))
    fake.claims = {k: v for k, v in fake.claims.items() if k != "nonce"} | {"groups": ["crews-west", "dispatch-west"]}
    assert await sign_in(here, fake) == "/"
    assert [grant["role"] for grant in (await here.get("/api/me")).json()["grants"]] == ["auditor"]
    assert await site.rows("SELECT 1 FROM two_person_requests WHERE state = 'asked'") == []


async def test_claims_make_those_who_may_appoint_no_fewer_than_two(
    site: RunningCentre, here: Browser, fake: FakeProvider
) -> None:
    """Whoever fills the groups is one person; with a third who may appoint it ends, and everybody is told."""
    await sign_in(here, fake)
    give = "INSERT INTO grants SELECT id, 'supervisor', $1 FROM accounts WHERE login LIKE 'aziza@%'"
    await site.as_owner(give, int(Land.WEST))
    await at_the_address(site, Role.ADMINISTRATOR)
    for others, roles in ((1, {"supervisor", "unit_officer"}), (2, {"unit_officer"})):
        if others == 2:
            await at_the_address(site, Role.SUPERVISOR)
        fake.claims.pop("nonce")
        assert await sign_in(here, fake) == "/"
        assert {grant["role"] for grant in (await here.get("/api/me")).json()["grants"]} == roles
    rows = await site.rows("SELECT convert_from(body, 'UTF8') AS body FROM log_leaves ORDER BY index")
    ends = [one for row in rows if (one := json.loads(row["body"])["public"])]
    assert [(one["action"], one["roles"]) for one in ends] == [
        ("account.appointer_ended", [f"supervisor@{int(Land.WEST)}"])
    ]
