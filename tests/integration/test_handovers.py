"""Handovers end to end: two people sign, nothing that came in between is lost, and what is written stays sealed."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from tests.support.canary import Canaries
from tests.support.centre import RunningCentre
from tests.support.desk import assign, close, open_incident, reach, register_unit
from tests.support.land import Land
from tests.support.people import Person, new_key

from markaz.core.permissions import Grant, Role
from markaz.programmes.incidents.briefing import handover_store

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]
BY_HAND: list[Record] = [
    {"kind": "person_held", "count": 2, "since": "2026-01-01T20:00:00Z", "text": "both in room 3"},
    {"kind": "protection_order", "count": 4},
    {"kind": "weapons", "count": 12},
    {"kind": "keys", "count": 9},
    {"kind": "fault", "text": "radio 7 is silent"},
]


@pytest_asyncio.fixture(loop_scope="module")
async def officers(shared_centre: RunningCentre) -> tuple[Person, Person]:
    """The one who goes and the one who comes, of a district that nothing has happened in yet."""
    await shared_centre.as_owner("UPDATE incidents SET status = 'closed'")
    outgoing = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    return outgoing, await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))


async def offered(person: Person, *by_hand: Record, territory: Land = Land.WEST) -> str:
    body = {"territory_id": int(territory), "shift": "night", "by_hand": list(by_hand)}
    response = await person.post("/api/handovers", body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def seen(person: Person, handover_id: str) -> Record:
    response = await person.get(f"/api/handovers/{handover_id}")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def acknowledge(person: Person, handover_id: str, **body: str) -> httpx.Response:
    return await person.post(f"/api/handovers/{handover_id}/acknowledgements", body)


async def acknowledge_all(person: Person, handover_id: str) -> None:
    card = await seen(person, handover_id)
    for item in card["items"]:
        assert (await acknowledge(person, handover_id, item_id=item["id"])).status_code == 200
    for incident in card["new"]:
        assert (await acknowledge(person, handover_id, incident_id=incident["id"])).status_code == 200


async def sign(person: Person, handover_id: str) -> httpx.Response:
    return await person.post(f"/api/handovers/{handover_id}/acceptance")


async def test_two_officers_hand_a_night_over(shared_centre: RunningCentre, officers: tuple[Person, Person]) -> None:
    outgoing, incoming = officers
    missing = await open_incident(outgoing, category="missing_person")
    plain = await open_incident(outgoing)
    await shared_centre.as_owner("UPDATE incidents SET owner_id = NULL WHERE id = $1", UUID(missing["id"]))
    handover_id = await offered(outgoing, *BY_HAND)
    card = await seen(incoming, handover_id)
    kinds = [item["kind"] for item in card["items"]]
    assert kinds == ["missing_person", "open_incident", "person_held", "protection_order", "weapons", "keys", "fault"]
    assert card["items"][0]["incident"]["number"] == missing["number"]
    assert card["items"][2]["text"] == {"text": "both in room 3", "erased": False}
    assert (await sign(incoming, handover_id)).json()["details"]["unacknowledged"] == 7
    await acknowledge_all(incoming, handover_id)
    accepted = await sign(incoming, handover_id)
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["incidents_passed"] == 1
    card = await seen(outgoing, handover_id)
    assert card["handover"]["state"] == "accepted"
    assert (card["handover"]["from"]["id"], card["handover"]["to"]["id"]) == (str(outgoing.id), str(incoming.id))
    assert card["handover"]["signed_out_at"] < card["handover"]["signed_in_at"]
    picture = {i["id"]: i for i in (await incoming.get("/api/snapshot")).json()["incidents"]}
    assert picture[plain["id"]]["owner_id"] == str(incoming.id)
    assert picture[missing["id"]]["owner_id"] is None
    changed = await shared_centre.rows("SELECT payload::text AS p FROM events WHERE type = 'incident.owner_changed/1'")
    assert len(changed) == 1


async def test_an_incident_closed_to_whoever_comes_goes_to_nobody(
    shared_centre: RunningCentre, officers: tuple[Person, Person]
) -> None:
    outgoing, incoming = officers
    shut, plain = await open_incident(outgoing), await open_incident(outgoing)
    await shared_centre.as_owner("INSERT INTO shut_out_accounts VALUES ($1, $2)", UUID(shut["id"]), incoming.id)
    handover_id = await offered(outgoing)
    await acknowledge_all(incoming, handover_id)
    accepted = await sign(incoming, handover_id)
    assert (accepted.status_code, accepted.json()["incidents_passed"]) == (200, 1), accepted.text
    rows = await shared_centre.rows("SELECT id, owner_id FROM incidents WHERE id = ANY($1)", [shut["id"], plain["id"]])
    assert {str(row["id"]): row["owner_id"] for row in rows} == {shut["id"]: None, plain["id"]: incoming.id}
    assert (await incoming.get(f"/api/incidents/{shut['id']}")).status_code == 404


async def test_nobody_takes_over_from_themselves(officers: tuple[Person, Person]) -> None:
    outgoing, _ = officers
    handover_id = await offered(outgoing, {"kind": "keys", "count": 1})
    (item,) = (await seen(outgoing, handover_id))["items"]
    refused = await acknowledge(outgoing, handover_id, item_id=item["id"])
    assert (refused.status_code, refused.json()["details"]["reason"]) == (409, "own")
    assert (await sign(outgoing, handover_id)).status_code == 409


async def test_a_third_officer_cannot_acknowledge_or_sign_in_between(
    shared_centre: RunningCentre, officers: tuple[Person, Person]
) -> None:
    outgoing, incoming = officers
    third = await shared_centre.person(Role.SUPERVISOR)
    handover_id = await offered(outgoing, {"kind": "keys", "count": 1}, {"kind": "weapons", "count": 1})
    first, second = (await seen(incoming, handover_id))["items"]
    assert (await acknowledge(incoming, handover_id, item_id=first["id"])).status_code == 200
    refused = await acknowledge(third, handover_id, item_id=second["id"])
    assert (refused.status_code, refused.json()["details"]["reason"]) == (409, "taken")
    assert (await sign(third, handover_id)).status_code == 409


async def test_an_item_acknowledged_twice_keeps_the_first_time(officers: tuple[Person, Person]) -> None:
    outgoing, incoming = officers
    handover_id = await offered(outgoing, {"kind": "keys", "count": 1})
    (item,) = (await seen(incoming, handover_id))["items"]
    await acknowledge(incoming, handover_id, item_id=item["id"])
    at = (await seen(incoming, handover_id))["items"][0]["acknowledged_at"]
    assert (await acknowledge(incoming, handover_id, item_id=item["id"])).status_code == 200
    assert (await seen(incoming, handover_id))["items"][0]["acknowledged_at"] == at


async def test_an_incident_that_came_after_the_offer_must_be_acknowledged_too(officers: tuple[Person, Person]) -> None:
    outgoing, incoming = officers
    handover_id = await offered(outgoing, {"kind": "keys", "count": 1})
    await acknowledge_all(incoming, handover_id)
    late = await open_incident(outgoing)
    refused = await sign(incoming, handover_id)
    assert refused.status_code == 409
    assert refused.json()["details"] == {"unacknowledged": 0, "new": [late["number"]], "new_count": 1}
    card = await seen(incoming, handover_id)
    assert [incident["number"] for incident in card["new"]] == [late["number"]]
    assert (await acknowledge(incoming, handover_id, incident_id=late["id"])).status_code == 200
    assert (await sign(incoming, handover_id)).status_code == 200
    assert [i["is_late"] for i in (await seen(incoming, handover_id))["items"]] == [False, True]


async def test_an_incident_closed_or_changed_since_the_offer_says_so(officers: tuple[Person, Person]) -> None:
    outgoing, incoming = officers
    first, second = await open_incident(outgoing), await open_incident(outgoing)
    handover_id = await offered(outgoing)
    await close(outgoing, first)
    await outgoing.post(f"/api/incidents/{second['id']}/notes", {"text": "still waiting"})
    items = {i["incident"]["id"]: i["incident"] for i in (await seen(incoming, handover_id))["items"]}
    assert (items[first["id"]]["is_open"], items[second["id"]]["is_open"]) == (False, True)
    assert items[second["id"]]["is_changed"]


async def test_no_incident_is_lost_between_the_last_look_and_the_signature(
    shared_centre: RunningCentre, officers: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve incidents are opened while the officer signs: each is refused for, or comes after the signature."""
    outgoing, incoming = officers
    handover_id = await offered(outgoing, {"kind": "keys", "count": 1})
    await acknowledge_all(incoming, handover_id)
    wait = asyncio.Event()
    sign_in = handover_store.sign_in

    async def slow_sign_in(*arguments: Any) -> None:
        wait.set()
        await asyncio.sleep(0.05)
        await sign_in(*arguments)

    monkeypatch.setattr(handover_store, "sign_in", slow_sign_in)

    async def open_meanwhile() -> Record:
        await wait.wait()
        return await open_incident(outgoing)

    signing = asyncio.create_task(sign(incoming, handover_id))
    opened = await asyncio.gather(*(open_meanwhile() for _ in range(12)))
    signed = await signing
    if signed.status_code == 200:
        assert all(incident["seq"] > signed.json()["seq"] for incident in opened)
    else:
        new = set(signed.json()["details"]["new"])
        assert new
        assert new <= {incident["number"] for incident in opened}
    listed = {i["incident"]["id"] for i in (await seen(incoming, handover_id))["items"] if i["incident"]}
    assert not listed & {incident["id"] for incident in opened}


async def test_one_person_has_one_handover_on_offer_and_may_withdraw_it(officers: tuple[Person, Person]) -> None:
    outgoing, incoming = officers
    first = await offered(outgoing, {"kind": "keys", "count": 1})
    body = {"territory_id": int(Land.WEST), "shift": "day"}
    assert (await outgoing.post("/api/handovers", body)).status_code == 409
    assert (await outgoing.post(f"/api/handovers/{first}/withdrawal")).status_code == 200
    (item,) = (await seen(incoming, first))["items"]
    assert (await acknowledge(incoming, first, item_id=item["id"])).status_code == 409
    assert (await outgoing.post("/api/handovers", body)).status_code == 201


async def test_texts_and_remarks_are_sealed_erased_and_audited(
    shared_centre: RunningCentre, officers: tuple[Person, Person]
) -> None:
    (outgoing, incoming), canaries = officers, Canaries()
    incident = await open_incident(outgoing)
    handover_id = await offered(outgoing, {"kind": "note", "text": canaries.text("note")})
    item = next(i for i in (await seen(incoming, handover_id))["items"] if i["incident"])
    remark = canaries.text("remark")
    assert (await acknowledge(incoming, handover_id, item_id=item["id"], remark=remark)).status_code == 200
    kept = await shared_centre.as_owner(
        "SELECT payload::text AS text FROM events UNION ALL SELECT response::text FROM idempotency"
    )
    assert canaries.found_in("".join(str(row["text"]) for row in kept).encode()) == []
    looks = await shared_centre.as_owner("SELECT action FROM audit_entries WHERE record_id = $1", UUID(handover_id))
    assert {row["action"] for row in looks} == {"handover.read_sealed"}
    protector = await shared_centre.person(Role.DATA_PROTECTION_OFFICER)
    await protector.post(f"/api/incidents/{incident['id']}/erasure")
    item = next(i for i in (await seen(incoming, handover_id))["items"] if i["incident"])
    assert item["remark"] == {"text": None, "erased": True}


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "open_incident"},
        {"kind": "weapons", "count": -1},
        {"kind": "weapons", "count": 100_001},
        {"kind": "keys", "count": "3"},
        {"kind": "note", "text": ""},
        {"kind": "person_held", "since": 1_700_000_000},
    ],
)
async def test_what_cannot_be_handed_over_is_refused(officers: tuple[Person, Person], item: Record) -> None:
    body = {"territory_id": int(Land.WEST), "shift": "night", "by_hand": [item]}
    assert (await officers[0].post("/api/handovers", body)).status_code == 422


async def test_an_acknowledgement_names_one_thing(officers: tuple[Person, Person]) -> None:
    outgoing, incoming = officers
    handover_id = await offered(outgoing, {"kind": "keys", "count": 1})
    assert (await acknowledge(incoming, handover_id)).status_code == 422
    unknown = "01900000-0000-7000-8000-000000000000"
    assert (await acknowledge(incoming, handover_id, item_id=unknown)).status_code == 404
    assert (await acknowledge(incoming, handover_id, incident_id=unknown)).status_code == 404


async def test_what_is_overdue_or_held_stands_under_its_own_head(
    shared_centre: RunningCentre, officers: tuple[Person, Person]
) -> None:
    outgoing, _ = officers
    overdue, held, fresh = [await open_incident(outgoing, priority="1") for _ in range(3)]
    change = "UPDATE incidents SET received_at = now() - interval '3 hours' WHERE id = $1"
    await shared_centre.as_owner(change, UUID(overdue["id"]))
    change = "UPDATE incidents SET held_until = now() + interval '1 hour', held_reason = 'no_unit' WHERE id = $1"
    await shared_centre.as_owner(change, UUID(held["id"]))
    draft = (await outgoing.get("/api/handovers/draft", territory=int(Land.WEST))).json()
    assert [(i["number"], i["kind"]) for i in draft["incidents"]] == [
        (overdue["number"], "overdue_incident"),
        (held["number"], "held_incident"),
        (fresh["number"], "open_incident"),
    ]


async def test_every_clock_that_has_run_out_is_handed_over_as_overdue(
    shared_centre: RunningCentre, officers: tuple[Person, Person]
) -> None:
    """Long before the norm of arrival: an urgent call with nobody sent, a crew not under way, a crew not heard of."""
    outgoing, _ = officers
    supervisor = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    unsent, waiting, silent, over, calm = [await open_incident(outgoing, priority="1") for _ in range(5)]
    for incident, *stages in ((waiting,), (silent, "on_scene"), (calm, "on_scene")):
        unit = await register_unit(supervisor, new_key())
        incident |= await assign(outgoing, incident, unit)
        for stage in stages:
            await reach(outgoing, incident, unit, stage)

    async def back(incident: Record, received: str, assigned: str, on_scene: str | None = None) -> None:
        id_ = UUID(incident["id"])
        change = "UPDATE incidents SET received_at = now() - $2::text::interval WHERE id = $1"
        await shared_centre.as_owner(change, id_, received)
        change = (
            "UPDATE assignments SET assigned_at = now() - $2::text::interval, "
            "on_scene_at = now() - $3::text::interval WHERE incident_id = $1"
        )
        await shared_centre.as_owner(change, id_, assigned, on_scene)

    await back(unsent, "65 seconds", "0 seconds")
    await back(waiting, "110 seconds", "100 seconds")
    await back(silent, "20 minutes", "19 minutes", "15 minutes")
    await back(calm, "9 minutes", "8 minutes", "7 minutes")
    change = "UPDATE incidents SET held_until = now() - interval '1 second', held_reason = 'no_unit' WHERE id = $1"
    await shared_centre.as_owner(change, UUID(over["id"]))
    draft = (await outgoing.get("/api/handovers/draft", territory=int(Land.WEST))).json()
    kinds = {i["number"]: i["kind"] for i in draft["incidents"]}
    late = {incident["number"] for incident in (unsent, waiting, silent, over)}
    assert kinds == {**dict.fromkeys(late, "overdue_incident"), calm["number"]: "open_incident"}
    card = await seen(outgoing, await offered(outgoing))
    assert {item["incident"]["number"] for item in card["items"] if item["kind"] == "overdue_incident"} == late
