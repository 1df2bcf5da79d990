"""What each may see and reach: lists, counts and streams of the own territory, records of others, administrators."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import assign, close, open_incident, reach, register_unit
from tests.support.land import Land, place_in
from tests.support.live import serving, streaming
from tests.support.people import Person

from markaz.core.events import append
from markaz.core.identity import set_grants
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

DISTRICTS = {Land.WEST: Land.WEST_SOUTH, Land.EAST: Land.EAST_NORTH}


async def a_day_in(centre: RunningCentre, territory: Land) -> dict[str, Any]:
    """Make an open incident with a unit and a position, and a closed one; return them."""
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    unit = await register_unit(supervisor, f"car-{territory.name}", territory)
    opened = await assign(supervisor, await open_incident(supervisor, territory), unit)
    closed = await close(supervisor, await open_incident(supervisor, territory))
    device = await centre.newcomer(Grant(Role.UNIT_DEVICE, territory))
    fix = {"unit_id": unit["id"], **place_in(territory), "fix_at": iso(centre.centre.clock.now())}
    assert (await device.post("/api/units/positions", {"positions": [fix]})).status_code == 200
    return {"unit": unit, "opened": opened, "closed": closed}


def ids_of(day: dict[str, Any]) -> set[str]:
    return {day["unit"]["id"], day["opened"]["id"], day["closed"]["id"]}


async def test_lists_snapshot_and_counts_show_only_the_own_territory(centre: RunningCentre) -> None:
    days = {district: await a_day_in(centre, inside) for district, inside in DISTRICTS.items()}
    for district, other in ((Land.WEST, Land.EAST), (Land.EAST, Land.WEST)):
        officer = await centre.person(Role.SUPERVISOR, district)
        answers = {
            "/api/snapshot": await officer.get("/api/snapshot"),
            "/api/units": await officer.get("/api/units"),
            "/api/incidents": await officer.get("/api/incidents", status="all"),
            "of the region": await officer.get("/api/incidents", status="all", territory=int(Land.REGION)),
        }
        for path, answer in answers.items():
            assert answer.status_code == 200, f"{path}: {answer.text}"
            assert not [i for i in ids_of(days[other]) if i in answer.text], path
            assert [i for i in ids_of(days[district]) if i in answer.text], path
        assert len(answers["/api/snapshot"].json()["positions"]) == 1
        foreign = await officer.get("/api/incidents", status="all", territory=int(other))
        assert foreign.json() == {"items": [], "next": None}
        for above in (Land.ROOT, Land.REGION):
            counts = (await officer.get(f"/api/territories/{int(above)}/counts")).json()
            assert (counts["open"], counts["units"]) == (1, 1)
            assert len(counts["children"]) == 1
        figures = (await officer.get("/api/figures/response")).json()
        assert [row["calls"] for row in figures["rows"]] == [2]


async def test_territories_listed_are_the_own_ones_and_what_is_above(centre: RunningCentre) -> None:
    officer = await centre.person(Role.OBSERVER, Land.WEST)
    listed = {t["id"] for t in (await officer.get("/api/territories")).json()["territories"]}
    assert listed == {Land.ROOT, Land.REGION, Land.WEST, Land.WEST_SOUTH, Land.WEST_NORTH}


async def test_the_page_cursor_of_another_reads_nothing_of_theirs(centre: RunningCentre) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    for _ in range(3):
        await open_incident(supervisor, Land.EAST_SOUTH)
    cursor = (await supervisor.get("/api/incidents", limit=1)).json()["next"]
    officer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    assert (await officer.get("/api/incidents", cursor=cursor)).json()["items"] == []


async def test_the_stream_sends_only_the_own_territory(centre: RunningCentre) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    officer = await centre.person(Role.OBSERVER, Land.WEST)
    async with serving(centre) as url, streaming(url, officer, await centre.seq()) as frames:
        days = {district: await a_day_in(centre, inside) for district, inside in DISTRICTS.items()}
        positions = (await frames.next("positions")).data["positions"]
        await reach(supervisor, days[Land.EAST]["opened"], days[Land.EAST]["unit"], "cleared")
        last = await open_incident(supervisor, Land.WEST_NORTH)
        while last["id"] not in "".join(frames.raw):
            await frames.next()
    sent = "\n".join(frames.raw)
    assert [p["unit_id"] for p in positions] == [days[Land.WEST]["unit"]["id"]]
    assert all(i in sent for i in ids_of(days[Land.WEST]))
    assert not any(i in sent for i in ids_of(days[Land.EAST]))
    assert str(supervisor.id) in sent  # the actor's id; never a name
    assert "Officer" not in sent


async def test_an_incident_that_moves_leaves_without_content_and_enters_in_full(centre: RunningCentre) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    west, east = [await centre.person(Role.OBSERVER, d) for d in (Land.WEST, Land.EAST)]
    incident = await open_incident(supervisor, Land.WEST_SOUTH)
    seq = await centre.seq()
    async with serving(centre) as url, streaming(url, west, seq) as there, streaming(url, east, seq) as here:
        change = {
            "version": incident["version"],
            "place": place_in(Land.EAST_SOUTH),
            "reason": "it was across the line",
        }
        moved = await supervisor.post(f"/api/incidents/{incident['id']}/changes", change)
        assert moved.status_code == 200
        left = await there.next_event("left")
        entered = await here.next_event("entered")
    assert set(left) == {"seq", "type", "kind", "id", "op"}
    assert entered["op"] == "set"
    assert entered["value"]["place"] == place_in(Land.EAST_SOUTH)
    assert (await west.get(f"/api/incidents/{incident['id']}")).status_code == 404
    assert (await east.get(f"/api/incidents/{incident['id']}")).status_code == 200


async def test_an_incident_cannot_be_pushed_into_a_territory_of_others(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(officer, Land.WEST_SOUTH)
    before = await centre.seq()
    for change in ({"place": place_in(Land.EAST_SOUTH)}, {"territory_id": int(Land.EAST)}, {"territory_id": 1}):
        body = {"version": 1, "reason": "not mine", **change}
        response = await officer.post(f"/api/incidents/{incident['id']}/changes", body)
        assert response.status_code == 403, response.text
    assert await centre.seq() == before


async def test_records_of_two_territories_cannot_be_mixed_in_one_command(centre: RunningCentre) -> None:
    days = {district: await a_day_in(centre, inside) for district, inside in DISTRICTS.items()}
    mine, theirs = days[Land.WEST], days[Land.EAST]
    officer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    before = await centre.seq()
    version = mine["opened"]["version"]
    base = f"/api/incidents/{mine['opened']['id']}"
    correction = {
        "version": version,
        "corrects_seq": theirs["opened"]["seq"] - 1,
        "unit_id": mine["unit"]["id"],
        "stage": "assigned",
        "occurred_at": None,
        "reason": "names a report of another incident",
    }
    attempts = {
        "their unit to my incident": (f"{base}/assignments", {"unit_id": theirs["unit"]["id"], "version": version}),
        "their unit's stage at mine": (
            f"{base}/assignments/{theirs['unit']['id']}/stages",
            {"stage": "en_route", "version": version},
        ),
        "their report as mine": (f"{base}/corrections", correction),
        "their unit in my correction": (
            f"{base}/corrections",
            correction | {"unit_id": theirs["unit"]["id"], "corrects_seq": mine["opened"]["seq"] - 1},
        ),
    }
    for what, (path, body) in attempts.items():
        response = await officer.post(path, body)
        assert response.status_code in {403, 404, 422}, f"{what}: {response.text}"
        assert "car-EAST" not in response.text, what
    assert await centre.seq() == before


async def test_a_correction_may_only_name_the_report_it_corrects(centre: RunningCentre) -> None:
    officer = await centre.person(Role.SUPERVISOR, Land.WEST)
    incident = await open_incident(officer)
    first, second = [await register_unit(officer, sign) for sign in ("one", "two")]
    incident = await assign(officer, incident, first)
    first_seq = incident["seq"] - 1
    incident = await assign(officer, incident, second)
    incident = await reach(officer, incident, second, "en_route")
    body = {
        "version": incident["version"],
        "corrects_seq": first_seq,  # the sending of the first unit
        "unit_id": second["id"],
        "stage": "en_route",
        "occurred_at": None,
        "reason": "strikes out somebody else's report",
    }
    response = await officer.post(f"/api/incidents/{incident['id']}/corrections", body)
    assert (response.status_code, response.json()["details"]["field"]) == (422, "corrects_seq")


async def test_who_may_not_open_sealed_fields_gets_the_incident_without_them(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(officer, caller={"name": "Canary Caller"}, note="Canary note", address="Canary 1")
    change = {"version": 1, "priority": "1", "reason": "Canary reason"}
    assert (await officer.post(f"/api/incidents/{incident['id']}/changes", change)).status_code == 200
    observer = await centre.person(Role.OBSERVER, Land.WEST)
    card = await observer.get(f"/api/incidents/{incident['id']}")
    timeline = await observer.get(f"/api/incidents/{incident['id']}/timeline")
    assert (card.status_code, card.json()["sealed"], card.json()["notes"]) == (200, None, [])
    assert "Canary" not in card.text + timeline.text
    assert "Canary reason" in (await officer.get(f"/api/incidents/{incident['id']}/timeline")).text


async def test_every_look_at_sealed_fields_leaves_an_audit_entry_and_no_other_does(centre: RunningCentre) -> None:
    officer, observer = [await centre.person(r, Land.WEST) for r in (Role.DUTY_OFFICER, Role.OBSERVER)]
    incident = await open_incident(officer, caller={"name": "Somebody"})
    stranger = await centre.person(Role.DUTY_OFFICER, Land.EAST)
    for person in (observer, stranger, officer, officer):
        await person.get(f"/api/incidents/{incident['id']}")
    reviewer = await centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    entries = (await reviewer.get("/api/audit", record=incident["id"])).json()["items"]
    assert [(UUID(e["actor"]["id"]), e["action"]) for e in entries] == [(officer.id, "incident.read_sealed")] * 2
    assert all(e["reason"] == f"incident {incident['number']}" for e in entries)


async def test_entries_are_sought_by_period_kind_office_and_place_and_each_reading_is_one(
    centre: RunningCentre,
) -> None:
    west, east = await centre.person(Role.DUTY_OFFICER, Land.WEST), await centre.person(Role.SUPERVISOR, Land.EAST)
    for person, territory in ((west, Land.WEST_SOUTH), (east, Land.EAST_NORTH)):
        incident = await open_incident(person, territory, caller={"name": "Somebody"})
        await person.get(f"/api/incidents/{incident['id']}")
    auditor = await centre.person(Role.AUDITOR, Land.ROOT)

    async def sought(**asked: Any) -> list[tuple[str, str]]:
        answer = await auditor.get("/api/audit", **asked)
        assert answer.status_code == 200, answer.text
        assert "Somebody" not in answer.text
        return [(one["action"], one["actor"]["id"]) for one in answer.json()["items"]]

    look = "incident.read_sealed"
    of_west, of_east = (look, str(west.id)), (look, str(east.id))
    assert await sought(kind="view") == [of_east, of_west]
    assert await sought(kind="view", office="supervisor") == [of_east]
    assert await sought(kind="view", territory=int(Land.WEST)) == [of_west]
    now = centre.centre.clock.now()
    assert await sought(kind="view", since=iso(now - timedelta(days=2)), until=iso(now - timedelta(days=1))) == []
    assert (await sought(kind="review"))[0] == ("audit.read", str(auditor.id))
    assert len(await sought(kind="view", limit=1)) == 1
    for wrong in (
        {"since": iso(now - timedelta(days=93))},
        {"until": "0001-01-01T00:00:00Z", "kind": "view"},
        {"kind": "gossip"},
        {"office": "king"},
        {"limit": 201},
    ):
        assert (await auditor.get("/api/audit", **wrong)).status_code == 422, wrong
    elsewhere = await centre.person(Role.AUDITOR, Land.WEST)
    assert (await elsewhere.get("/api/audit", kind="view")).status_code == 403


async def test_the_entry_of_an_audit_read_says_about_whom_and_what_was_asked(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(officer, caller={"name": "Somebody"})
    reader, auditor = [await centre.person(role, Land.ROOT) for role in (Role.DATA_PROTECTION_OFFICER, Role.AUDITOR)]
    since, until = centre.centre.clock.now() - timedelta(days=1, microseconds=7), centre.centre.clock.now()
    asked: tuple[dict[str, Any], ...] = (
        {"actor": str(officer.id), "record": incident["id"]},
        {"actor": str(officer.id), "since": since.isoformat(), "until": until.isoformat()},
        {"kind": "view", "office": "duty_officer", "territory": int(Land.WEST), "before": 10_000},
        {},
    )
    for query in asked:
        assert (await reader.get("/api/audit", **query)).status_code == 200, query
    read = (await auditor.get("/api/audit", actor=str(reader.id), kind="review")).json()["items"]
    said = [{name: value for name, value in one["details"].items() if name != "shown"} for one in reversed(read)]
    quarter = said[2].pop("since")
    assert said == [
        {"actor_id": str(officer.id), "record_id": incident["id"]},
        {"actor_id": str(officer.id), "since": iso_second(since), "until": iso_second(until)},
        {"kind": "view", "office": "duty_officer", "territory_id": int(Land.WEST), "before": 10_000},
        {},
    ]
    assert quarter < iso_second(until - timedelta(days=91)), "the quarter that was looked through is named"
    assert all(one["action"] == "audit.read" for one in read)


def iso_second(at: datetime) -> str:
    return iso(at.replace(microsecond=0))


@pytest.mark.parametrize("path", ["/api/snapshot", "/api/incidents", "/api/stream?after=0", "/api/audit"])
async def test_an_administrator_reads_no_incident(centre: RunningCentre, path: str) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.ROOT)
    assert (await administrator.get(path)).status_code == 403


async def grant(person: Person, account_id: object, *grants: tuple[str, int]) -> int:
    body = {"grants": [{"role": role, "territory_id": int(territory)} for role, territory in grants]}
    return (await person.send("PUT", f"/api/accounts/{account_id}/grants", body)).status_code


async def test_an_administrator_cannot_grant_himself_anything(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.ROOT)
    again = await centre.sign_in_again(administrator.id)
    before = await centre.seq()
    for person in (administrator, again):
        for role in Role:
            assert await grant(person, administrator.id, (role.value, Land.WEST_SOUTH)) == 403
        assert await grant(person, administrator.id) == 403
    assert await centre.seq() == before
    assert (await administrator.get("/api/me")).json()["grants"] == [{"role": "administrator", "territory_id": 1}]


async def test_an_administrator_grants_only_in_the_own_territory(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.WEST)
    newcomer = await centre.newcomer(Grant(Role.OBSERVER, Land.WEST_SOUTH))
    assert await grant(administrator, newcomer.id, ("duty_officer", Land.WEST)) == 200
    for territory in (Land.ROOT, Land.REGION, Land.EAST, Land.EAST_NORTH):
        assert await grant(administrator, newcomer.id, ("duty_officer", territory)) == 403
        assert await grant(administrator, newcomer.id, ("observer", Land.WEST), ("observer", territory)) == 403
    assert await grant(administrator, newcomer.id, ("observer", 9_999)) == 422


async def test_a_right_given_elsewhere_at_the_same_moment_is_not_taken_away(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.WEST)
    newcomer = await centre.newcomer(Grant(Role.OBSERVER, Land.WEST))
    both = (Grant(Role.OBSERVER, Land.WEST), Grant(Role.OBSERVER, Land.EAST))
    now = centre.centre.clock.now()
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with centre.centre.database.transaction() as connection:
        event = await set_grants(connection, newcomer.id, both, by=uuid4(), at=now)
        local = asyncio.create_task(grant(administrator, newcomer.id, ("duty_officer", Land.WEST)))
        async with asyncio.timeout(60):
            while not await centre.rows(waiting):  # noqa: ASYNC110 - the database tells nobody that one waits
                await asyncio.sleep(0.01)
        await append(connection, [event])
    assert await local == 403
    held = await centre.rows("SELECT territory_id FROM grants WHERE account_id = $1", newcomer.id)
    assert {row["territory_id"] for row in held} == {Land.WEST, Land.EAST}


async def test_an_account_of_another_territory_looks_like_none(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.WEST)
    stranger = await centre.newcomer(Grant(Role.OBSERVER, Land.EAST))
    body = {"grants": [{"role": "observer", "territory_id": int(Land.WEST)}]}
    real, ghost = [
        await administrator.send("PUT", f"/api/accounts/{account_id}/grants", body)
        for account_id in (stranger.id, uuid4())
    ]
    assert real.status_code == ghost.status_code == 404
    assert {k: v for k, v in real.json().items() if k != "request_id"} == {
        k: v for k, v in ghost.json().items() if k != "request_id"
    }
    assert json.dumps((await stranger.get("/api/me")).json()["grants"]) == '[{"role": "observer", "territory_id": 4}]'


async def test_a_new_right_counts_from_the_next_request_and_a_removed_one_no_more(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.WEST)
    newcomer = await centre.newcomer(Grant(Role.UNIT_DEVICE, Land.WEST), Grant(Role.OBSERVER, Land.WEST))
    assert (await newcomer.get("/api/snapshot")).status_code == 200
    assert await grant(administrator, newcomer.id) == 200
    assert (await newcomer.get("/api/snapshot")).status_code == 403
    assert await grant(administrator, newcomer.id, ("observer", Land.WEST)) in {200, 404}
