"""Taking calls: what an incident keeps of one, passing on, further calls, and likely duplicates."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import call_body, close, open_incident
from tests.support.land import Land, place_in
from tests.support.people import Person, new_key
from tests.support.refusals import assert_refused

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR)


async def incident_now(person: Person, incident: Record) -> Record:
    return dict((await person.get(f"/api/incidents/{incident['id']}")).json()["incident"])


async def test_what_is_known_of_the_place_and_how_to_reach_the_caller_is_kept(officer: Person) -> None:
    incident = await open_incident(
        officer,
        confidence="phone",
        accuracy_m=250.0,
        place_label="Chorsu bozori",
        covert=True,
        safe_contact=["no_call", "no_message"],
        entered_via="paper",
        reference="112/2026-77",
    )
    view = await incident_now(officer, incident)
    kept = {"confidence", "accuracy_m", "place_label", "covert", "safe_contact", "entered_via", "calls"}
    assert {name: view[name] for name in kept} == {
        "confidence": "phone",
        "accuracy_m": 250.0,
        "place_label": "Chorsu bozori",
        "covert": True,
        "safe_contact": ["no_call", "no_message"],
        "entered_via": "paper",
        "calls": 1,
    }
    [call] = (await officer.get(f"/api/incidents/{incident['id']}/calls")).json()["items"]
    assert (call["reference"], call["entered_via"], call["is_first"]) == ("112/2026-77", "paper", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("confidence", "certain"),
        ("accuracy_m", -1),
        ("place_label", "x" * 121),
        ("safe_contact", ["no_visit"]),
        ("safe_contact", ["no_call"] * 4),
        ("entered_via", "pigeon"),
        ("reference", "a person's name"),
        ("covert", "yes"),
    ],
)
async def test_a_field_out_of_its_bounds_is_refused(officer: Person, field: str, value: Any) -> None:
    assert (await officer.post("/api/incidents", call_body(**{field: value}))).status_code == 422


async def test_another_priority_than_the_proposed_one_keeps_both_and_its_reason(officer: Person) -> None:
    incident = await open_incident(officer, category="noise", priority="1", priority_reason="shots are heard")
    same = await open_incident(officer, category="noise", priority="3")
    first = (await officer.get(f"/api/incidents/{incident['id']}/timeline")).json()["entries"][0]
    assert (first["detail"]["proposed_priority"], first["detail"]["priority"]) == ("3", "1")
    assert first["reason"] == "shots are heard"
    other = (await officer.get(f"/api/incidents/{same['id']}/timeline")).json()["entries"][0]
    assert "proposed_priority" not in other["detail"]


@pytest.mark.parametrize("reason", [{}, {"priority_reason": None}, {"priority_reason": " "}])
@pytest.mark.parametrize("late", [{}, {"entered_via": "paper", "occurred_at": "2026-01-01T03:12:00Z"}])
async def test_another_priority_than_the_proposed_one_is_refused_without_a_reason(
    shared_centre: RunningCentre, officer: Person, reason: Record, late: Record
) -> None:
    before = await shared_centre.seq()
    body = call_body(category="noise", priority="3", **late)
    assert "priority_reason" not in body
    assert_refused(await officer.post("/api/incidents", body | {"priority": "1"} | reason), 422, "priority_reason")
    assert await shared_centre.seq() == before
    assert (await officer.post("/api/incidents", body)).status_code == 201


async def test_a_new_place_takes_the_old_name_and_accuracy_away(officer: Person) -> None:
    incident = await open_incident(officer, confidence="exact", accuracy_m=5.0, place_label="Chorsu bozori")
    path, place = f"/api/incidents/{incident['id']}/changes", place_in(Land.WEST_NORTH)
    moved = await officer.post(path, {"version": 1, "place": place, "reason": "the caller named another street"})
    assert moved.status_code == 200
    view = await incident_now(officer, incident)
    assert (view["confidence"], view["accuracy_m"], view["place_label"]) == ("unknown", None, None)
    better = {"confidence": "street", "accuracy_m": 40.0, "place_label": "Navoiy koʻchasi"}
    body = {"version": 2, "place": place_in(Land.WEST_SOUTH), "reason": "found it", **better}
    assert (await officer.post(path, body)).status_code == 200
    assert better.items() <= (await incident_now(officer, incident)).items()
    urgent = {"version": 3, "priority": "1", "reason": "worse"}
    assert (await officer.post(path, urgent)).status_code == 200
    assert better.items() <= (await incident_now(officer, incident)).items()


@pytest.mark.parametrize("role", [Role.CALL_TAKER, Role.DUTY_OFFICER, Role.SUPERVISOR])
async def test_a_call_from_a_neighbours_territory_is_opened_there_and_passed_on(
    shared_centre: RunningCentre, role: Role
) -> None:
    taker = await shared_centre.person(role, Land.WEST)
    neighbour = await shared_centre.person(Role.DUTY_OFFICER, Land.EAST)
    answer = await taker.post("/api/incidents", call_body(Land.EAST_SOUTH, caller={"name": "Somebody"}))
    assert answer.status_code == 201, answer.text
    taken = answer.json()
    assert taken["passed_to"]["id"] == Land.EAST_SOUTH
    assert set(taken["passed_to"]["names"]) == {"en"}
    view = await incident_now(neighbour, taken)
    assert (view["territory_id"], view["flags"], view["opened_by"]) == (
        Land.EAST_SOUTH,
        ["transferred"],
        str(taker.id),
    )
    for path in ("", "/timeline", "/calls"):
        assert (await taker.get(f"/api/incidents/{taken['id']}{path}")).status_code == 404
    assert (await taker.post(f"/api/incidents/{taken['id']}/notes", {"text": "x"})).status_code == 404
    assert taken["id"] not in (await taker.get("/api/snapshot")).text
    own = (await taker.post("/api/incidents", call_body(Land.WEST_SOUTH))).json()
    assert own["passed_to"] is None


async def test_a_named_neighbour_takes_a_call_but_nothing_above_or_unknown_does(shared_centre: RunningCentre) -> None:
    taker = await shared_centre.person(Role.CALL_TAKER, Land.WEST)
    named = await taker.post("/api/incidents", call_body(place=None, territory_id=int(Land.EAST_NORTH)))
    assert (named.status_code, named.json()["passed_to"]["id"]) == (201, Land.EAST_NORTH)
    before = await shared_centre.seq()
    for territory in (Land.REGION, Land.ROOT, 9_999):
        refused = await taker.post("/api/incidents", call_body(place=None, territory_id=int(territory)))
        assert refused.status_code == 403
    assert await shared_centre.seq() == before


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CALL_TAKER, Role.DUTY_OFFICER, Role.SUPERVISOR}))
async def test_who_may_open_no_incident_may_pass_none_on(shared_centre: RunningCentre, role: Role) -> None:
    person = await shared_centre.newcomer(Grant(role, Land.WEST))
    before = await shared_centre.seq()
    assert (await person.post("/api/incidents", call_body(Land.EAST_SOUTH))).status_code == 403
    assert await shared_centre.seq() == before


async def test_a_passed_on_call_sent_again_is_the_same_one(shared_centre: RunningCentre) -> None:
    taker = await shared_centre.person(Role.CALL_TAKER, Land.WEST)
    key, body = new_key(), call_body(Land.EAST_SOUTH)
    answers = [(await taker.post("/api/incidents", body, key=key)).json() for _ in range(2)]
    assert answers[0] == answers[1]


async def test_a_further_call_keeps_its_own_caller_and_adds_its_caution(officer: Person) -> None:
    incident = await open_incident(officer, caller={"name": "First"}, safe_contact=["no_text"])
    body = {
        "channel": "emergency_112",
        "caller": {"name": "Second", "phone": "+998 90 765 43 21"},
        "text": "smoke on the third floor",
        "safe_contact": ["no_call"],
        "reference": "112-9",
    }
    added = await officer.post(f"/api/incidents/{incident['id']}/calls", body)
    assert (added.status_code, added.json()["calls"], added.json()["version"]) == (201, 2, 2)
    view = await incident_now(officer, incident)
    assert (view["calls"], view["safe_contact"], view["covert"]) == (2, ["no_call", "no_text"], False)
    card = (await officer.get(f"/api/incidents/{incident['id']}")).json()
    assert card["sealed"]["caller_name"] == "First"  # the second does not overwrite the first
    calls = (await officer.get(f"/api/incidents/{incident['id']}/calls")).json()["items"]
    assert [c["caller"]["caller_name"] for c in calls] == ["First", "Second"]
    assert calls[1]["caller"]["text"] == "smoke on the third floor"


@pytest.mark.parametrize(("told", "after", "is_held"), [("1", "1", False), ("4", "3", True), ("3", "3", True)])
async def test_a_call_that_tells_of_worse_raises_its_incident_and_ends_a_hold(
    officer: Person, told: str, after: str, is_held: bool
) -> None:
    incident = await open_incident(officer, category="noise", priority="3", priority_reason="as told")
    until = iso(datetime.now(UTC) + timedelta(hours=2))
    path = f"/api/incidents/{incident['id']}"
    held = await officer.post(f"{path}/hold", {"version": 1, "until": until, "reason": "appointment"})
    assert held.status_code == 200, held.text
    joined = await officer.post(f"{path}/calls", {"channel": "phone", "category": "fire", "priority": told})
    assert joined.status_code == 201, joined.text
    now = (await officer.get(path)).json()["incident"]
    assert (now["category"], now["priority"], now["held"] is not None) == ("noise", after, is_held)
    entries = (await officer.get(f"{path}/timeline")).json()["entries"]
    (detail,) = [entry["detail"] for entry in entries if entry["type"] == "incident.call_added/1"]
    assert (detail["category"], detail.get("priority")) == ("fire", told if told != "3" else None)
    assert detail.get("changes") == (None if is_held else {"priority": {"from": "3", "to": "1"}})
    assert ("incident.released/1" in [entry["type"] for entry in entries]) is not is_held


async def test_a_call_is_not_added_to_a_closed_incident(officer: Person) -> None:
    incident = await close(officer, await open_incident(officer))
    refused = await officer.post(f"/api/incidents/{incident['id']}/calls", {"channel": "phone"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")


async def test_who_may_not_open_sealed_fields_sees_the_calls_without_their_callers(
    shared_centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer, caller={"name": "Canary Caller"})
    observer = await shared_centre.person(Role.OBSERVER, Land.WEST)
    seen = await observer.get(f"/api/incidents/{incident['id']}/calls")
    assert (seen.json()["may_open"], "Canary" in seen.text) == (False, False)
    reviewer = await shared_centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    assert (await reviewer.get("/api/audit", record=incident["id"])).json()["items"] == []
    await officer.get(f"/api/incidents/{incident['id']}/calls")
    [entry] = (await reviewer.get("/api/audit", record=incident["id"])).json()["items"]
    assert (entry["action"], entry["reason"]) == ("incident.read_calls", f"incident {incident['number']}")


async def test_an_erased_caller_of_a_further_call_is_gone(shared_centre: RunningCentre, officer: Person) -> None:
    incident = await open_incident(officer, priority="3")
    await officer.post(f"/api/incidents/{incident['id']}/calls", {"channel": "phone", "caller": {"name": "Second"}})
    eraser = await shared_centre.person(Role.DATA_PROTECTION_OFFICER, Land.REGION)
    assert (await eraser.post(f"/api/incidents/{incident['id']}/erasure")).json()["erased"] == 1
    calls = (await officer.get(f"/api/incidents/{incident['id']}/calls")).json()["items"]
    assert [(c["caller"], c["erased"]) for c in calls] == [(None, False), (None, True)]


async def nearby(person: Person, **query: Any) -> list[Record]:
    answer = await person.get("/api/incidents/nearby", **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_likely_duplicates_are_offered_with_why_and_only_of_the_own_territory(
    shared_centre: RunningCentre,
) -> None:
    west, east = [await shared_centre.person(Role.DUTY_OFFICER, d) for d in (Land.WEST, Land.EAST)]
    line = {"lon": 60.9999, "lat": 40.2}  # ten metres west of the line between the districts
    mine = await open_incident(west, place=line, category="fire", priority="1")
    theirs = await open_incident(east, place={"lon": 61.0001, "lat": 40.2}, category="fire", priority="1")
    older = iso(shared_centre.centre.clock.now() - timedelta(minutes=30))
    other = await open_incident(west, place={"lon": 60.998, "lat": 40.2}, category="theft", occurred_at=older)
    items = await nearby(west, **line, category="fire")
    assert [i["incident"]["id"] for i in items] == [mine["id"], other["id"]]
    assert theirs["id"] in [i["incident"]["id"] for i in await nearby(east, **line, category="fire")]
    first, second = items
    assert (first["distance_m"], first["minutes"], first["same_category"], first["within_accuracy"]) == (
        0,
        0,
        True,
        True,
    )
    assert (second["minutes"], second["same_category"], second["same_group"]) == (30, False, False)
    assert 150 < second["distance_m"] < 170


async def test_an_incident_closed_within_two_hours_is_offered_and_an_older_end_is_not(
    shared_centre: RunningCentre, officer: Person
) -> None:
    place = {"lon": 60.3, "lat": 40.9}
    now = shared_centre.centre.clock.now()
    received = iso(now - timedelta(hours=2, minutes=30))
    fresh, old = [
        await open_incident(officer, place=place, category="fire", priority="1", occurred_at=received) for _ in range(2)
    ]
    await close(officer, fresh)
    end = {"version": 1, "outcome": "resolved", "occurred_at": iso(now - timedelta(hours=2, minutes=5))}
    assert (await officer.post(f"/api/incidents/{old['id']}/close", end)).status_code == 200
    [item] = await nearby(officer, **place, category="fire")
    assert (item["incident"]["id"], item["incident"]["status"]) == (fresh["id"], "closed")


async def test_a_call_entered_hours_later_is_compared_with_what_came_in_at_its_own_time(
    shared_centre: RunningCentre, officer: Person
) -> None:
    place = {"lon": 60.3, "lat": 40.7}
    now = shared_centre.centre.clock.now()
    then = now - timedelta(hours=5)
    open_since, closed = [
        await open_incident(officer, place=place, category="fire", priority="1", occurred_at=iso(then - ago))
        for ago in (timedelta(minutes=5), timedelta(minutes=20))
    ]
    end = {"version": 1, "outcome": "resolved", "occurred_at": iso(now - timedelta(hours=4))}
    assert (await officer.post(f"/api/incidents/{closed['id']}/close", end)).status_code == 200
    assert await nearby(officer, **place, category="fire") == []
    items = await nearby(officer, **place, category="fire", received_at=iso(then))
    assert [i["incident"]["id"] for i in items] == [open_since["id"], closed["id"]]
    over = then + timedelta(hours=4)  # closed three hours before this call: another fire by then
    items = await nearby(officer, **place, category="fire", received_at=iso(over))
    assert closed["id"] not in [i["incident"]["id"] for i in items]


async def test_two_hundred_calls_of_one_fire_make_one_incident_and_none_is_lost(
    shared_centre: RunningCentre, officer: Person
) -> None:
    place = {"lon": 60.7, "lat": 41.7}
    incident = await open_incident(officer, place=place, category="fire", priority="1")
    takers = [await shared_centre.newcomer(Grant(Role.CALL_TAKER, Land.WEST)) for _ in range(8)]
    lines = asyncio.Semaphore(40)

    async def take(n: int) -> int:
        taker, target = takers[n % len(takers)], incident["id"]
        async with lines:
            if n % 2:  # half of them find it among the likely duplicates, the others know it from the queue
                [likely] = await nearby(taker, **place, category="fire")
                target = likely["incident"]["id"]
            body = {"channel": "phone", "caller": {"name": f"Caller {n}"}, "text": f"fire {n}"}
            return (await taker.post(f"/api/incidents/{target}/calls", body)).status_code

    statuses = await asyncio.gather(*(take(n) for n in range(200)))
    assert set(statuses) == {201}
    queue = [i for i in (await officer.get("/api/snapshot")).json()["incidents"] if i["place"] == place]
    assert [(i["id"], i["calls"]) for i in queue] == [(incident["id"], 201)]
    calls = (await officer.get(f"/api/incidents/{incident['id']}/calls")).json()["items"]
    assert {c["caller"]["text"] for c in calls if not c["is_first"]} == {f"fire {n}" for n in range(200)}
    counted = "SELECT count(*) FROM events WHERE type = 'incident.call_added/1' AND aggregate_id = $1"
    assert (await shared_centre.rows(counted, incident["id"]))[0]["count"] == 200


async def test_two_hundred_callers_whom_eight_desks_answer_at_once_are_all_found_under_one_fire_in_the_end(
    shared_centre: RunningCentre, officer: Person
) -> None:
    place = {"lon": 60.75, "lat": 41.75}
    takers = [await shared_centre.newcomer(Grant(Role.CALL_TAKER, Land.WEST)) for _ in range(8)]
    opened: list[dict[str, Any]] = []

    async def answer(desk: int) -> None:
        for n in range(desk, 200, len(takers)):
            caller = {"name": f"Caller {n}"}
            likely = await nearby(takers[desk], **place, category="fire")
            if likely:
                path = f"/api/incidents/{likely[0]['incident']['id']}/calls"
                assert (await takers[desk].post(path, {"channel": "phone", "caller": caller})).status_code == 201
            else:
                opened.append(
                    await open_incident(takers[desk], place=place, category="fire", priority="1", caller=caller)
                )

    await asyncio.gather(*(answer(desk) for desk in range(len(takers))))
    assert 1 < len(opened) <= len(takers)  # nobody could know of the others yet; from then on all were offered one
    first, *others = opened
    for other in others:
        version = (await officer.get(f"/api/incidents/{other['id']}")).json()["incident"]["version"]
        body = {"version": version, "into_id": first["id"], "reason": "the same fire"}
        assert (await officer.post(f"/api/incidents/{other['id']}/merge", body)).status_code == 200
    calls = (await officer.get(f"/api/incidents/{first['id']}/calls")).json()["items"]
    assert sorted(c["caller"]["caller_name"] for c in calls) == sorted(f"Caller {n}" for n in range(200))
    queue = [i for i in (await officer.get("/api/snapshot")).json()["incidents"] if i["place"] == place]
    assert [(i["id"], i["calls"]) for i in queue] == [(first["id"], 200)]
