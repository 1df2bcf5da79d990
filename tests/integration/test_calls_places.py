"""What a call-taker learns of a place: its history, hazards, and what find may and may not find. Every look is audited."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import close, open_incident, register_unit
from tests.support.land import Land, place_in
from tests.support.people import Person, new_key

from markaz.core.permissions import Role
from markaz.kit.clock import iso
from markaz.programmes.incidents.calls import hazards

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]
M_NORTH = 1 / 111_195  # degrees of latitude in a metre


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.DUTY_OFFICER, Land.WEST)


def place_at(lat: float, north_m: float = 0.0) -> dict[str, float]:
    return {"lon": 60.5, "lat": lat + north_m * M_NORTH}


async def draft_of(person: Person) -> str:
    draft_id = str(uuid4())
    saved = await person.send("PUT", f"/api/call-drafts/{draft_id}", {"fields": {"category": "fire"}})
    assert saved.status_code == 200, saved.text
    return draft_id


async def looks(centre: RunningCentre, actor: UUID) -> list[tuple[str, str]]:
    rows = await centre.rows("SELECT action, reason FROM audit_entries WHERE actor_id = $1 ORDER BY id", actor)
    return [(row["action"], row["reason"]) for row in rows]


async def test_the_history_of_a_place_is_category_and_outcome_of_a_year_within_fifty_metres(
    shared_centre: RunningCentre, officer: Person
) -> None:
    now = shared_centre.centre.clock.now()
    for north_m, days, category in [(10, 5, "noise"), (20, 300, "noise"), (10, 400, "theft"), (80, 5, "fire")]:
        opened = iso(now - timedelta(days=days))
        place = place_at(40.2, north_m)
        incident = await open_incident(
            officer, place=place, category=category, occurred_at=opened, caller={"name": "Canary Caller"}
        )
        await close(officer, incident, "resolved")
    incident = await open_incident(officer, place=place_at(40.2), category="noise")
    answer = await officer.get("/api/places/history", incident=incident["id"])
    body = answer.json()
    assert body["counts"] == [{"category": "noise", "outcome": "resolved", "count": 2}]
    assert [set(item) for item in body["items"]] == [{"day", "category", "outcome"}] * 2
    assert (body["radius_m"], body["is_cut"]) == (50.0, False)
    assert "Canary" not in answer.text


async def test_no_false_or_nuisance_call_follows_whoever_calls_next_from_the_same_house(
    shared_centre: RunningCentre, officer: Person
) -> None:
    place = place_at(40.22)
    for outcome in ("malicious", "unfounded", "cancelled", "resolved", "false_call", "city:Prank"):
        incident = await open_incident(officer, place=place, category="noise", caller={"phone": "+998 90 000-00-00"})
        await close(officer, incident, "resolved")
        change = "UPDATE incidents SET outcome = $2 WHERE id = $1"  # also what older and foreign records say
        await shared_centre.as_owner(change, UUID(incident["id"]), outcome)
    incident = await open_incident(officer, place=place, category="noise")
    answer = await officer.get("/api/places/history", incident=incident["id"])
    body = answer.json()
    assert {(row["outcome"], row["count"]) for row in body["counts"]} == {("closed", 5), ("resolved", 1)}
    assert sorted(item["outcome"] for item in body["items"]) == ["closed"] * 5 + ["resolved"]
    for word in ("malicious", "unfounded", "false_call", "Prank"):
        assert word not in answer.text


async def test_a_worse_place_looks_further_but_never_over_the_neighbourhood(officer: Person) -> None:
    for north_m in (150, 400):
        await open_incident(officer, place=place_at(40.25, north_m), category="theft")
    vague = await open_incident(officer, place=place_at(40.25), confidence="phone", accuracy_m=5_000.0)
    body = (await officer.get("/api/places/history", incident=vague["id"])).json()
    assert (body["radius_m"], len(body["items"])) == (200.0, 1)


async def test_a_look_at_a_place_needs_a_call_of_ones_own_or_an_incident(
    shared_centre: RunningCentre, officer: Person
) -> None:
    stranger = await shared_centre.person(Role.DUTY_OFFICER, Land.EAST)
    draft, foreign = await draft_of(officer), await draft_of(stranger)
    for path in ("/api/places/history", "/api/hazards"):
        assert (await officer.get(path, **place_at(40.2))).status_code == 422
        assert (await officer.get(path, draft=draft)).status_code == 422
        assert (await officer.get(path, draft=foreign, **place_at(40.2))).status_code == 404
        assert (await officer.get(path, draft=str(uuid4()), **place_at(40.2))).status_code == 404
        assert (await officer.get(path, draft=draft, **place_at(40.2))).status_code == 200
    seen = await looks(shared_centre, officer.id)
    reason = "call being taken at 40.20000,60.50000"
    assert [look for look in seen if look[1] == reason] == [("place.history", reason), ("hazard.read", reason)]


async def test_a_neighbours_incidents_are_no_part_of_the_history(shared_centre: RunningCentre, officer: Person) -> None:
    east = await shared_centre.person(Role.DUTY_OFFICER, Land.EAST)
    line = {"lon": 61.0001, "lat": 40.3}
    await open_incident(east, place=line, category="theft")
    incident = await open_incident(officer, place={"lon": 60.9999, "lat": 40.3})
    assert (await officer.get("/api/places/history", incident=incident["id"])).json()["items"] == []


async def note_hazard(person: Person, at: Any, **changes: Any) -> Any:
    body = {"place": place_at(40.6), "radius_m": 50.0, "source": "utility", "ground": "gas", "text": "Canary leak"}
    return await person.post("/api/hazards", body | {"expires_at": iso(at)} | changes)


async def test_a_hazard_note_shows_near_its_place_with_source_ground_and_end(
    shared_centre: RunningCentre, officer: Person
) -> None:
    ends = shared_centre.centre.clock.now() + timedelta(days=30)
    noted = await note_hazard(officer, ends)
    assert noted.status_code == 201, noted.text
    near = await open_incident(officer, place=place_at(40.6, 40))
    far = await open_incident(officer, place=place_at(40.6, 70))
    [item] = (await officer.get("/api/hazards", incident=near["id"])).json()["items"]
    assert (item["id"], item["source"], item["ground"], item["text"], item["distance_m"]) == (
        noted.json()["id"],
        "utility",
        "gas",
        "Canary leak",
        40,
    )
    assert item["expires_at"] == iso(ends)
    assert (await officer.get("/api/hazards", incident=far["id"])).json()["items"] == []
    events = await shared_centre.rows("SELECT payload FROM events WHERE type = 'hazard.noted/1'")
    assert not [row for row in events if "Canary" in row["payload"]]


async def test_a_hazard_note_ends_within_six_months_and_lies_in_the_own_territory(
    shared_centre: RunningCentre, officer: Person
) -> None:
    now = shared_centre.centre.clock.now()
    month = now + timedelta(days=30)
    before = await shared_centre.seq()
    assert (await note_hazard(officer, now + timedelta(days=200))).status_code == 422
    assert (await note_hazard(officer, now - timedelta(days=1))).status_code == 422
    assert (await note_hazard(officer, month, radius_m=101.0)).status_code == 422
    assert (await note_hazard(officer, month, radius_m=1e-50)).status_code == 422  # would be nought in its column
    assert (await note_hazard(officer, month, ground="nationality")).status_code == 422
    assert (await note_hazard(officer, month, place={"lon": 10.0, "lat": 10.0})).status_code == 422
    assert (await note_hazard(officer, month, place=place_in(Land.EAST_SOUTH))).status_code == 403
    assert await shared_centre.seq() == before


async def test_the_text_of_a_hazard_note_goes_when_it_is_withdrawn_or_over(
    shared_centre: RunningCentre, officer: Person
) -> None:
    now = shared_centre.centre.clock.now()
    place = place_at(40.8)
    first, second = [
        (await note_hazard(officer, now + timedelta(days=days), place=place)).json()["id"] for days in (1, 90)
    ]
    incident = await open_incident(officer, place=place)
    assert (await officer.post(f"/api/hazards/{second}/withdraw")).status_code == 200
    assert (await officer.post(f"/api/hazards/{second}/withdraw")).status_code == 409
    shown = (await officer.get("/api/hazards", incident=incident["id"])).json()["items"]
    assert [item["id"] for item in shown] == [first]
    async with shared_centre.centre.database.transaction() as connection:
        assert await hazards.forget_ended(connection, now + timedelta(days=2)) >= 1
    keys = (
        "SELECT count(*) FROM hazard_notes h JOIN keys.sealed_keys k ON k.sealed_id = h.sealed_id WHERE h.id = ANY($1)"
    )
    assert (await shared_centre.rows(keys, [first, second]))[0]["count"] == 0


async def find(person: Person, q: str, **more: Any) -> list[Record]:
    answer = await person.post("/api/find", {"q": q, **more})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_find_takes_a_number_a_unit_and_an_open_place_in_any_script(
    shared_centre: RunningCentre, officer: Person
) -> None:
    supervisor = await shared_centre.person(Role.SUPERVISOR, Land.WEST)
    unit = await register_unit(supervisor, f"Zomin-{new_key()[:4]}")
    incident = await open_incident(officer, place=place_at(40.9), place_label="Oʻqchi koʻchasi")
    done = await close(officer, await open_incident(officer, place_label="Oʻqchi koʻchasi"))
    assert (
        next(h["incident"]["id"] for h in await find(officer, incident["number"]) if h["kind"] == "number")
        == (incident["id"])
    )
    assert [h["incident"]["id"] for h in await find(officer, done["number"])] == [done["id"]]
    assert unit["id"] in [h["unit"]["id"] for h in await find(officer, "zomin") if h["kind"] == "unit"]
    assert [h["incident"]["id"] for h in await find(officer, "ўқчи")] == [incident["id"]]


async def test_a_caller_is_found_among_open_incidents_only_and_every_look_is_audited(
    shared_centre: RunningCentre, officer: Person
) -> None:
    caller = {"name": "Gulnora Canaryova", "phone": "+998 91 555-66-77"}
    incident = await open_incident(officer, caller=caller)
    joined = await open_incident(officer)
    await officer.post(f"/api/incidents/{joined['id']}/calls", {"channel": "phone", "caller": caller})
    before = len(await looks(shared_centre, officer.id))
    expected = {incident["id"], joined["id"]}
    for q, kind in (("canaryova", "caller_name"), ("Гулнора", "caller_name"), ("998915556677", "caller_phone")):
        hits = await find(officer, q)
        assert {(h["kind"], h["incident"]["id"]) for h in hits} == {(kind, id_) for id_ in expected}
        assert "Canary" not in str(hits)
    left = (await looks(shared_centre, officer.id))[before:]
    assert left.count(("find.caller_name", "caller within open incidents")) == 2
    assert left.count(("find.caller_phone", "caller within open incidents")) == 1
    assert left.count(("find.caller_name", f"incident {incident['number']}")) == 2
    for one in (incident, joined):
        version = (await officer.get(f"/api/incidents/{one['id']}")).json()["incident"]["version"]
        await close(officer, one | {"version": version})
    for q in ("canaryova", "998915556677"):
        assert await find(officer, q, callers=True) == []


async def test_who_may_not_open_sealed_fields_finds_no_caller_and_another_territory_neither(
    shared_centre: RunningCentre, officer: Person
) -> None:
    await open_incident(officer, caller={"name": "Bahodir Canaryev", "phone": "+998 91 444-33-22"})
    for person in (
        await shared_centre.person(Role.OBSERVER, Land.WEST),
        await shared_centre.person(Role.DUTY_OFFICER, Land.EAST),
    ):
        for q in ("canaryev", "998914443322"):
            assert await find(person, q, callers=True) == []


async def test_what_is_found_by_place_or_number_opens_no_callers_name(
    shared_centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer, place_label="Yulduz bekati", caller={"name": "Somebody"})
    before = len(await looks(shared_centre, officer.id))
    assert [h["kind"] for h in await find(officer, "yulduz")] == ["place"]
    assert next(h["kind"] for h in await find(officer, incident["number"])) == "number"
    assert len(await looks(shared_centre, officer.id)) == before
    assert (await officer.post("/api/find", {"q": "   "})).status_code == 422
