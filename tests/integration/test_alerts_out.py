"""A warning's way to the public: written by one person, released by another, updated and cancelled with references."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from cryptography import x509
from lxml import etree
from tests.support.alerts import accepted, drafted, issued, submitted, warning_body
from tests.support.centre import RunningCentre
from tests.support.land import Land, place_in
from tests.support.people import Person

from markaz.contracts.alerts import SignatureState
from markaz.core.permissions import Role
from markaz.kit.clock import iso
from markaz.programmes.alerts import cap, reading, store
from markaz.programmes.alerts.message import Message, cap_time
from markaz.programmes.alerts.signing import examine, fingerprint_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def author(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.DUTY_OFFICER, Land.REGION)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def releaser(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR, Land.REGION)


async def whole(person: Person, alert_id: str) -> dict[str, Any]:
    response = await person.get(f"/api/alerts/{alert_id}")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def message_of(running: RunningCentre, alert_id: str) -> Message:
    response = await running.nobody.get(f"/api/public/alerts/{alert_id}/cap")
    assert response.status_code == 200, response.text
    return cap.read(response.content)


async def feed(running: RunningCentre) -> list[str]:
    response = await running.nobody.get("/api/public/alerts")
    assert response.status_code == 200
    root = etree.fromstring(response.content)
    return [(entry.findtext(f"{ATOM}id") or "").removeprefix("urn:uuid:") for entry in root.iter(f"{ATOM}entry")]


async def test_an_issued_warning_is_public_valid_and_signed(
    shared_centre: RunningCentre, author: Person, releaser: Person
) -> None:
    alert = await issued(author, releaser, shared_centre.centre.clock.now())
    response = await shared_centre.nobody.get(f"/api/public/alerts/{alert['id']}/cap")
    assert response.headers["content-type"] == "application/cap+xml"
    assert response.headers["cache-control"] == "public, max-age=15"
    message = cap.read(response.content)
    assert (message.identifier, message.status, message.msg_type) == (alert["id"], "Exercise", "Alert")
    assert len(message.infos) == 4
    assert (message.infos[3].headline or "").startswith("EXERCISE: Flash flood")
    assert message.infos[3].areas[0].description == "West South"
    assert message.infos[3].areas[0].polygons == ("40,61 41,61 41,60 40,60 40,61",)
    pem = (await shared_centre.nobody.get("/api/public/alerts/certificate")).content
    certificate = x509.load_pem_x509_certificate(pem)
    found = examine(response.content, message, {fingerprint_of(certificate): certificate})
    assert found.state is SignatureState.VALID_KNOWN
    assert alert["id"] in await feed(shared_centre)


async def test_nobody_releases_what_they_wrote_even_in_part(shared_centre: RunningCentre, releaser: Person) -> None:
    now = shared_centre.centre.clock.now()
    other = await shared_centre.person(Role.SUPERVISOR, Land.ROOT)
    waiting = await submitted(releaser, now)
    path = f"/api/alerts/{waiting['id']}"
    refused = await releaser.post(f"{path}/approve", {"version": waiting["version"]})
    assert (refused.status_code, refused.json()["details"]) == (403, {"rule": "second_person"})
    body = warning_body(now, version=waiting["version"])
    del body["territory_id"]
    changed = await accepted(other, f"{path}/draft", body, "PUT")
    assert changed["state"] == "draft"
    again = await accepted(releaser, f"{path}/submit", {"version": changed["version"]})
    for wrote in (releaser, other):
        assert (await wrote.post(f"{path}/approve", {"version": again["version"]})).status_code == 403
    third = await shared_centre.person(Role.SUPERVISOR, Land.WEST)
    assert (await accepted(third, f"{path}/approve", {"version": again["version"]}))["state"] == "issued"
    assert len((await whole(third, waiting["id"]))["alert"]["authors"]) == 2


async def test_a_draft_that_breaks_rules_is_told_all_of_them_and_does_not_move(
    shared_centre: RunningCentre, author: Person
) -> None:
    now = shared_centre.centre.clock.now()
    late = iso(now + timedelta(days=8))
    draft = await drafted(author, now, status="Actual", expires=late, territory_ids=[], texts={})
    refused = await author.post(f"/api/alerts/{draft['id']}/submit", {"version": draft["version"]})
    assert refused.status_code == 422
    codes = {problem["code"] for problem in refused.json()["details"]["problems"]}
    assert codes == {"sender_unset", "headline_missing", "expires_too_late", "area_empty"}
    seen = await whole(author, draft["id"])
    assert {problem["code"] for problem in seen["problems"]} == codes
    assert seen["alert"]["state"] == "draft"


async def test_an_expired_draft_is_not_released(shared_centre: RunningCentre, author: Person, releaser: Person) -> None:
    now = shared_centre.centre.clock.now()
    waiting = await submitted(author, now)
    past = {"expires": iso(now - timedelta(seconds=1))}  # as if it had waited for hours
    await shared_centre.as_owner(
        "UPDATE alerts SET draft = draft || $2::text::jsonb WHERE id = $1", UUID(waiting["id"]), json.dumps(past)
    )
    refused = await releaser.post(f"/api/alerts/{waiting['id']}/approve", {"version": waiting["version"]})
    assert (refused.status_code, refused.json()["details"]["problems"][0]["code"]) == (422, "expired")
    response = await shared_centre.nobody.get(f"/api/public/alerts/{waiting['id']}/cap")
    assert response.status_code == 404


async def test_updates_and_a_cancel_name_every_earlier_message(
    shared_centre: RunningCentre, author: Person, releaser: Person
) -> None:
    now = shared_centre.centre.clock.now()
    last = await issued(author, releaser, now)
    chain = []
    for msg_type in ("Update", "Cancel"):
        before = await message_of(shared_centre, last["id"])
        chain.append(f"{before.sender},{before.identifier},{cap_time(before.sent)}")
        draft = await accepted(
            author, f"/api/alerts/{last['id']}/follow-ups", {"version": last["version"], "msg_type": msg_type}
        )
        waiting = await accepted(author, f"/api/alerts/{draft['id']}/submit", {"version": draft["version"]})
        later = await accepted(releaser, f"/api/alerts/{draft['id']}/approve", {"version": waiting["version"]})
        message = await message_of(shared_centre, later["id"])
        assert (message.msg_type, message.references) == (msg_type, " ".join(chain))
        ended = await whole(author, last["id"])
        assert ended["alert"]["ended_by"] == later["id"]
        assert [entry["type"] for entry in ended["history"]][-1] == "alert.ended/1"
        last = later
    lists = (await author.get("/api/alerts")).json()
    assert last["id"] not in {item["id"] for item in lists["current"]}
    assert last["id"] in {item["id"] for item in lists["past"]}
    assert {last["id"], chain[0].split(",")[1]} <= set(await feed(shared_centre))
    refused = await author.post(
        f"/api/alerts/{last['id']}/follow-ups", {"version": last["version"], "msg_type": "Update"}
    )
    assert refused.status_code == 409


async def test_two_people_who_follow_up_the_same_warning_are_told_of_each_other(
    shared_centre: RunningCentre, author: Person, releaser: Person
) -> None:
    alert = await issued(author, releaser, shared_centre.centre.clock.now())
    path, body = f"/api/alerts/{alert['id']}/follow-ups", {"version": alert["version"], "msg_type": "Update"}
    first = await accepted(author, path, body)
    refused = await releaser.post(path, body | {"msg_type": "Cancel"})
    assert (refused.status_code, refused.json()["code"]) == (409, "version_conflict")
    assert refused.json()["details"]["by"].startswith("Officer")
    await accepted(author, f"/api/alerts/{first['id']}/withdraw", {"version": first["version"]})
    await accepted(releaser, path, body | {"msg_type": "Cancel"})


async def test_a_draft_given_back_says_why_and_an_old_version_is_refused(
    shared_centre: RunningCentre, author: Person, releaser: Person
) -> None:
    waiting = await submitted(author, shared_centre.centre.clock.now())
    path = f"/api/alerts/{waiting['id']}"
    await accepted(releaser, f"{path}/return", {"version": waiting["version"], "reason": "area"})
    seen = (await whole(author, waiting["id"]))["alert"]
    assert (seen["state"], seen["return_reason"]) == ("draft", "area")
    refused = await releaser.post(f"{path}/approve", {"version": waiting["version"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "version_conflict")


async def test_ground_outside_the_warnings_territory_is_refused(shared_centre: RunningCentre, author: Person) -> None:
    now = shared_centre.centre.clock.now()
    east = place_in(Land.EAST_SOUTH)
    for field, value in (
        ("territory_ids", [int(Land.EAST_SOUTH)]),
        ("circle", {**east, "radius_km": 1.0}),
        ("polygon", [east, east, east]),
    ):
        refused = await author.post("/api/alerts", warning_body(now, **{field: value}))
        assert (refused.status_code, refused.json()["details"]["field"]) == (422, field)


async def test_text_that_turns_round_or_cannot_be_xml_is_refused_at_the_edge(
    shared_centre: RunningCentre, author: Person
) -> None:
    now = shared_centre.centre.clock.now()
    for bad in ("\u202egnikcatta", "a\u0000b", "a\u001bb", "x" * 161):
        body = warning_body(now)
        body["texts"]["en"]["headline"] = bad
        assert (await author.post("/api/alerts", body)).status_code == 422


async def test_no_word_of_a_warning_stands_in_an_event_or_a_kept_answer(
    shared_centre: RunningCentre, author: Person, releaser: Person
) -> None:
    now = shared_centre.centre.clock.now()
    body = warning_body(now)
    body["texts"]["en"]["description"] = "canary-of-a-warning"
    await issued(author, releaser, now, texts=body["texts"])
    for table, column in (("events", "payload"), ("idempotency", "response")):
        found = await shared_centre.rows(f"SELECT 1 FROM {table} WHERE {column}::text ~ 'canary-of|Flash flood'")
        assert found == []


async def test_the_same_sending_twice_is_one_release(
    shared_centre: RunningCentre, author: Person, releaser: Person
) -> None:
    waiting = await submitted(author, shared_centre.centre.clock.now())
    path, body = f"/api/alerts/{waiting['id']}/approve", {"version": waiting["version"]}
    both = await asyncio.gather(releaser.post(path, body, key="once"), releaser.post(path, body, key="once"))
    assert [response.status_code for response in both] == [200, 200]
    assert both[0].json() == both[1].json()


async def test_neighbours_do_not_see_a_draft_and_districts_see_what_is_issued_above_them(
    shared_centre: RunningCentre, author: Person, releaser: Person
) -> None:
    now = shared_centre.centre.clock.now()
    inside = await shared_centre.person(Role.OBSERVER, Land.WEST_SOUTH)
    wide = {"territory_id": int(Land.WEST), "territory_ids": [int(Land.WEST)]}
    draft = await drafted(author, now, **wide)
    assert (await inside.get(f"/api/alerts/{draft['id']}")).status_code == 404
    alert = await issued(author, releaser, now, **wide)
    assert (await inside.get(f"/api/alerts/{alert['id']}")).status_code == 200
    assert (await inside.get(f"/api/alerts/{draft['id']}/cap")).status_code == 404


async def test_a_crowd_of_strangers_holds_two_connections_and_leaves_the_desk_the_others(
    shared_centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most, feeds = 0, 0, 0

    async def nothing(*_: object) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.01)
        at_work -= 1

    async def empty(*_: object) -> list[object]:
        nonlocal feeds
        feeds += 1
        await asyncio.sleep(0.01)
        return []

    monkeypatch.setattr(store, "issued_xml", nothing)
    monkeypatch.setattr(store, "public", empty)
    shared_centre.centre.bulletin.forget_feed()
    paths = [f"/api/public/alerts/{uuid4()}/cap" for _ in range(12)] + ["/api/public/alerts"] * 12
    answers = await asyncio.gather(*(shared_centre.nobody.get(path) for path in paths))
    assert sorted({answer.status_code for answer in answers}) == [200, 404]
    assert 1 <= most <= reading.PUBLIC_AT_ONCE
    assert 1 <= feeds <= reading.PUBLIC_AT_ONCE
    shared_centre.centre.bulletin.forget_feed()
