"""Odd text is text: kept and given back to the letter, never run; and batches of which one part is wrong."""

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import intake_body, open_incident, register_unit
from tests.support.land import Land, place_in
from tests.support.looks import take_over
from tests.support.operations import PASSWORD
from tests.support.people import Person, new_key

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "SQL": "Robert'); DROP TABLE incidents;-- \" \\ $1 %s {0}",
    "bidirectional controls": "\u202etxt.exe\u202c \u2066hidden\u2069",
    "Uzbek in both scripts": "Oʻzbekiston, Gʻafur Gʻulom koʻchasi / Ўзбекистон, Ғафур Ғулом кўчаси",
    "combining marks as sent": "e\u0301 \u00e9 \u212b \u0041\u030a",
    "emoji with joiners": "👩‍👩‍👧‍👦🏳️‍🌈",
    "line ends": "one\r\ntwo\nthree\ttab",
    "controls": "\x01\x02\x1b[31mred\x07 \x7f \u0085 \u2028",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "JSON": '{"$ref": "x", "__proto__": {"admin": true}}',
    "a template": "${jndi:ldap://x} {{7*7}} <%= 7*7 %>",
    "a log line": '\n{"level":"ERROR","message":"forged"}',
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
async def test_odd_text_comes_back_to_the_letter_and_does_nothing(officer: Person, text: str) -> None:
    text = text.strip()  # only what is around a text is taken away
    incident = await open_incident(officer, caller={"name": text}, address=text, note=text)
    path = f"/api/incidents/{incident['id']}"
    change = {"version": 1, "priority": "1", "reason": text}
    assert (await officer.post(f"{path}/changes", change)).status_code == 200
    card = await officer.get(path)
    assert card.headers["content-type"] == "application/json"
    assert card.json()["sealed"]["caller_name"] == text
    assert card.json()["sealed"]["address"] == text
    assert card.json()["notes"][0]["text"] == text
    assert text in [e["reason"] for e in (await officer.get(f"{path}/timeline")).json()["entries"]]
    assert (await officer.get("/api/incidents")).status_code == 200


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
async def test_another_systems_words_come_back_to_the_letter(
    shared_centre: RunningCentre, officer: Person, text: str
) -> None:
    importer = await shared_centre.person(Role.IMPORTER)
    body = intake_body(text, shared_centre.centre.clock.now(), source=new_key(), address=text.strip())
    taken = await importer.post("/api/intake/calls", body)
    assert taken.status_code == 201
    assert taken.json()["number"] == text
    await take_over(officer, taken.json()["id"])
    card = (await officer.get(f"/api/incidents/{taken.json()['id']}")).json()
    assert (card["incident"]["number"], card["sealed"]["address"]) == (text, text.strip())


async def test_what_is_odd_is_said_in_our_words_only(shared_centre: RunningCentre) -> None:
    importer = await shared_centre.person(Role.IMPORTER)
    body = intake_body(new_key(), shared_centre.centre.clock.now(), flags=["stage_order", "a neighbour of mine"])
    refused = await importer.post("/api/intake/calls", body)
    assert (refused.status_code, refused.json()["details"]["field"]) == (422, "flags.1")


async def test_another_systems_future_is_kept_and_flagged(shared_centre: RunningCentre, officer: Person) -> None:
    importer, now = await shared_centre.person(Role.IMPORTER), shared_centre.centre.clock.now()
    for ahead, flags in ((timedelta(minutes=1), []), (timedelta(hours=1), ["time_in_future"])):
        key = new_key()
        taken = await importer.post("/api/intake/calls", intake_body(key, now + ahead))
        card = (await officer.get(f"/api/incidents/{taken.json()['id']}")).json()
        assert card["incident"]["flags"] == flags
        unit = {"call_sign": key[:10], "kind": "fire_engine"}
        stage = {"source": "other", "call_key": key, "row_key": key, "unit": unit, "stage": "assigned"}
        sent = await importer.post("/api/intake/stages", stage | {"at": iso(now + ahead), "flags": flags})
        assert (sent.status_code, sent.json()["flags"]) == (201, flags)


@pytest.mark.parametrize("call_sign", ["<b>", "a;b", "\u202e1", "", " ", "x" * 21, "1\n2", "a\0", "🚓"])
async def test_a_call_sign_is_letters_digits_and_little_else(officer: Person, call_sign: str) -> None:
    body = {"call_sign": call_sign, "kind": "patrol_car", "territory_id": int(Land.WEST)}
    refused = await officer.post("/api/units", body)
    assert (refused.status_code, refused.json()["details"]["field"]) == (422, "call_sign")


async def test_a_name_of_an_account_is_text_too(shared_centre: RunningCentre) -> None:
    administrator = await shared_centre.person(Role.ADMINISTRATOR, Land.ROOT)
    grants = [{"role": "observer", "territory_id": int(Land.WEST)}]
    body = {"login": "odd.name", "display_name": ODD["markup"], "password": PASSWORD, "grants": grants}
    assert (await administrator.post("/api/accounts", body)).status_code == 201
    page = (await administrator.get("/api/accounts", after="odd", limit=1)).json()["items"]
    assert [(a["login"], a["display_name"]) for a in page] == [("odd.name", ODD["markup"])]
    for wrong in ("a\0b", " ", "x" * 201):
        refused = await administrator.post("/api/accounts", body | {"login": "other", "display_name": wrong})
        assert (refused.status_code, refused.json()["details"]["field"]) == (422, "display_name")
    for login in ("", "a b", "a\0", "<b>", "a\n", "x" * 101):
        refused = await administrator.post("/api/accounts", body | {"login": login})
        assert (refused.status_code, refused.json()["details"]["field"]) == (422, "login")
    assert (await administrator.get("/api/accounts", after="\0")).status_code == 422


async def fixes(centre: RunningCentre) -> tuple[Person, dict[str, Any], dict[str, Any]]:
    supervisor = await centre.person(Role.SUPERVISOR)
    device = await centre.newcomer(Grant(Role.UNIT_DEVICE, Land.WEST))
    now = centre.centre.clock.now()
    good = []
    for _ in range(2):
        unit = await register_unit(supervisor, new_key(), Land.WEST_SOUTH)
        good.append({"unit_id": unit["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(now)})
    return device, good[0], good[1]


async def known_positions(officer: Person) -> set[str]:
    return {p["unit_id"] for p in (await officer.get("/api/snapshot")).json()["positions"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"lat": 91},
        {"lon": -181},
        {"lat": "41"},
        {"lon": None},
        {"fix_at": "0001-01-01T00:00:00Z"},
        {"fix_at": "2199-01-01T00:00:00Z"},
        {"accuracy_m": -1},
        {"accuracy_m": 1e300},
        {"unit_id": "x"},
        {"unit_id": "00000000-0000-4000-8000-000000000001"},
        {"speed": 5},
    ],
    ids=str,
)
async def test_of_a_batch_with_one_wrong_fix_none_is_taken(
    shared_centre: RunningCentre, officer: Person, wrong: dict[str, Any]
) -> None:
    device, first, second = await fixes(shared_centre)
    response = await device.post("/api/units/positions", {"positions": [first, second | wrong]})
    assert response.status_code in {404, 422}
    if response.status_code == 422:
        assert next(iter(wrong)) in response.json()["details"]["field"]
        assert "1" in response.json()["details"]["field"]
    assert first["unit_id"] not in await known_positions(officer)


async def test_a_batch_without_fixes_or_with_too_many_is_refused(shared_centre: RunningCentre, officer: Person) -> None:
    device, first, _ = await fixes(shared_centre)
    for batch in ([], [first] * 1_001):
        refused = await device.post("/api/units/positions", {"positions": batch})
        assert (refused.status_code, refused.json()["details"]["field"]) == (422, "positions")
    assert first["unit_id"] not in await known_positions(officer)


async def test_an_older_fix_never_replaces_a_newer_one(shared_centre: RunningCentre, officer: Person) -> None:
    device, first, _ = await fixes(shared_centre)
    late = first | {"fix_at": iso(shared_centre.centre.clock.now() - timedelta(seconds=40)), "lon": 60.1}

    async def report(fix: dict[str, Any]) -> Any:
        return (await device.post("/api/units/positions", {"positions": [fix]})).json()

    assert await report(first) == {"taken": 1, "newer": 1}
    assert await report(late) == {"taken": 1, "newer": 0}
    positions = (await officer.get("/api/snapshot")).json()["positions"]
    assert [p["lon"] for p in positions if p["unit_id"] == first["unit_id"]] == [60.5]


async def test_a_clock_ahead_is_refused_and_told_so(shared_centre: RunningCentre, officer: Person) -> None:
    soon = iso(shared_centre.centre.clock.now() + timedelta(minutes=3))
    incident = await open_incident(officer)
    unit = await register_unit(officer, new_key())
    before = await shared_centre.seq()
    path = f"/api/incidents/{incident['id']}"
    for where, body in {
        f"{path}/assignments": {"unit_id": unit["id"], "version": 1, "occurred_at": soon},
        f"{path}/close": {"outcome": "resolved", "version": 1, "occurred_at": soon},
        f"/api/units/{unit['id']}/status": {"status": "busy", "version": unit["version"], "occurred_at": soon},
    }.items():
        refused = await officer.post(where, body)
        assert (refused.status_code, refused.json()["details"]["field"]) == (422, "occurred_at")
        assert "check the clock" in refused.json()["message"]
    assert await shared_centre.seq() == before
