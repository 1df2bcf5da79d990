"""Recommending and sending units on a running centre: what is kept, who is faster, and no deadlock."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, reach, register_unit
from tests.support.land import Land, place_in
from tests.support.people import Person, new_key

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

Record = dict[str, Any]
ROUNDS = 25


@pytest.fixture
async def officer(centre: RunningCentre) -> Person:
    return await centre.person(Role.SUPERVISOR)


async def recommended(officer: Person, incident: Record, **query: Any) -> Record:
    answer = await officer.get(f"/api/incidents/{incident['id']}/recommendations", **query)
    assert answer.status_code == 200, answer.text
    found: Record = answer.json()
    return found


async def locate(centre: RunningCentre, unit: Record, age_s: int = 0, **place: float) -> None:
    device = await centre.person(Role.UNIT_DEVICE)
    at = centre.centre.clock.now() - timedelta(seconds=age_s)
    fix = {"unit_id": unit["id"], **(place or place_in(Land.WEST_SOUTH)), "fix_at": iso(at)}
    assert (await device.post("/api/units/positions", {"positions": [fix]})).status_code == 200


async def send(officer: Person, incident: Record, *units: Record, **more: Any) -> Any:
    body = {"unit_ids": [unit["id"] for unit in units], "version": incident["version"], **more}
    return await officer.post(f"/api/incidents/{incident['id']}/dispatches", body)


async def picture(officer: Person) -> Record:
    snapshot = (await officer.get("/api/snapshot")).json()
    return {"incidents": {i["id"]: i for i in snapshot["incidents"]}, "units": {u["id"]: u for u in snapshot["units"]}}


async def test_all_units_on_duty_are_considered_and_the_nearest_fresh_one_stands_first(
    centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer)
    near, far, _lost = [await register_unit(officer, sign) for sign in ("NEAR", "FAR", "LOST")]
    await register_unit(officer, "OFF", available=False)
    await locate(centre, near)
    await locate(centre, far, 600, lon=60.9, lat=40.9)
    answer = await recommended(officer, incident)
    assert answer["of"] == 3
    items = {item["call_sign"]: item for item in answer["items"]}
    assert [item["call_sign"] for item in answer["items"]][:2] == ["NEAR", "FAR"]
    assert items["NEAR"]["suggested"]
    assert items["NEAR"]["travel"]["distance_m"] == 0
    assert "position_stale" in {part["code"] for part in items["FAR"]["parts"]}
    assert items["FAR"]["position_age_s"] >= 600
    unknown = items["LOST"]
    assert unknown["position_age_s"] is None
    assert "position_unknown" in {part["code"] for part in unknown["parts"]}
    assert unknown["travel"]["distance_m"] is None
    assert unknown["travel"]["high_s"] - unknown["travel"]["low_s"] > items["FAR"]["travel"]["high_s"]
    assert (answer["travel_source"], answer["travel_fallback"]) == ("straight_line", None)
    short = await recommended(officer, incident, limit=1)
    assert (short["of"], len(short["items"])) == (3, 1)


async def test_an_incident_without_a_place_is_estimated_from_its_territory_and_says_so(
    centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer, place=None, territory_id=int(Land.WEST_SOUTH))
    await locate(centre, await register_unit(officer, "P-1"))
    answer = await recommended(officer, incident)
    assert answer["from_territory"] is True
    assert answer["items"][0]["travel"]["low_s"] == 0  # it may be next door


async def test_a_crew_that_calls_for_help_itself_stands_last_until_that_has_ended(
    centre: RunningCentre, officer: Person
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident, unit = await open_incident(officer), await register_unit(supervisor, "ALONE")
    raised = await supervisor.post(f"/api/units/{unit['id']}/emergency", {"lon": 60.5, "lat": 40.5})
    assert raised.status_code == 201, raised.text

    async def found() -> tuple[str, str]:
        items = (await officer.get(f"/api/incidents/{incident['id']}/recommendations")).json()["items"]
        (item,) = [one for one in items if one["unit_id"] == unit["id"]]
        return item["group"], item["parts"][0]["code"]

    assert await found() == ("not_now", "in_danger")
    ended = await supervisor.post(f"/api/alarms/{raised.json()['id']}/resolution", {"reason": "safe"})
    assert ended.status_code == 200, ended.text
    assert (await found())[0] != "not_now"


async def test_only_units_one_may_send_are_recommended(centre: RunningCentre, officer: Person) -> None:
    west, east = await register_unit(officer, "W", Land.WEST), await register_unit(officer, "E", Land.EAST)
    incident = await open_incident(officer)
    dispatcher = await centre.person(Role.DISPATCHER, Land.WEST)
    ids = [item["unit_id"] for item in (await recommended(dispatcher, incident))["items"]]
    assert (west["id"] in ids, east["id"] in ids) == (True, False)


async def test_units_are_sent_in_one_act_and_the_decision_is_kept_without_positions(
    centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer)
    best, taken, other = [await register_unit(officer, sign) for sign in ("A", "B", "C")]
    await locate(centre, best)
    await locate(centre, taken, lon=60.6, lat=40.5)
    await locate(centre, other, lon=60.7, lat=40.5)
    shown = await recommended(officer, incident)
    answer = await send(
        officer, incident, taken, other, recommendation_id=shown["id"], override_reason="nearer_by_knowledge"
    )
    assert answer.status_code == 201, answer.text
    now = await picture(officer)
    assert set(now["incidents"][incident["id"]]["units"]) == {taken["id"], other["id"]}
    assert now["incidents"][incident["id"]]["version"] == answer.json()["version"] == incident["version"] + 1
    assert [now["units"][unit["id"]]["status"] for unit in (best, taken, other)] == ["available"] + ["assigned"] * 2
    (row,) = await centre.rows("SELECT *, recommended::text AS said FROM dispatch_decisions")
    assert [str(u) for u in row["taken"]] == [taken["id"], other["id"]]
    assert [str(u) for u in row["overridden"]] == [best["id"]]
    assert (row["override_reason"], row["considered"]) == ("nearer_by_knowledge", 3)
    kept = json.loads(row["said"])
    assert kept[0]["unit_id"] == best["id"]
    assert kept[0]["suggested"] is True
    assert {name for item in kept for name in item} == {"unit_id", "group", "suggested", "minutes", "parts"}
    (event,) = await centre.rows("SELECT payload::text AS p FROM events WHERE type = 'incident.dispatch_decided/1'")
    assert not {"lon", "lat", "distance_m"} & set(json.loads(event["p"])["recommended"][0])


async def test_a_list_of_another_incident_or_officer_is_not_kept_as_what_was_recommended(
    centre: RunningCentre, officer: Person
) -> None:
    incident, other = await open_incident(officer), await open_incident(officer)
    first, second = await register_unit(officer, "A"), await register_unit(officer, "B")
    wrong = (await recommended(officer, other))["id"]
    assert (await send(officer, incident, first, recommendation_id=wrong)).status_code == 201
    colleague = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    theirs = (await recommended(colleague, other))["id"]
    assert (await send(officer, other, second, recommendation_id=theirs)).status_code == 201
    rows = await centre.rows("SELECT recommended, considered, overridden FROM dispatch_decisions")
    assert [(r["recommended"], r["considered"], r["overridden"]) for r in rows] == [(None, None, [])] * 2


async def test_all_are_sent_or_none_and_the_refusal_names_who_was_faster_for_which(
    centre: RunningCentre, officer: Person
) -> None:
    faster = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION), login="faster")
    mine, theirs = await open_incident(officer), await open_incident(officer)
    free, taken = await register_unit(officer, "FREE"), await register_unit(officer, "TAKEN")
    await assign(faster, theirs, taken)
    before = await centre.seq()
    refused = await send(officer, mine, free, taken)
    assert (refused.status_code, refused.json()["code"]) == (409, "version_conflict")
    details = refused.json()["details"]
    assert (details["by"], details["what"]) == ("Officer faster", "unit.status_changed/1")
    assert [(u["call_sign"], u["by"], u["status"]) for u in details["units"]] == [
        ("TAKEN", "Officer faster", "assigned")
    ]
    assert await centre.seq() == before
    assert (await send(officer, mine, free)).status_code == 201


async def test_of_two_officers_who_send_the_same_unit_one_wins_and_the_other_is_told(centre: RunningCentre) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    officers = [await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION)) for _ in range(2)]
    for _ in range(ROUNDS):
        shared, own = await register_unit(supervisor, new_key()), [await register_unit(supervisor, new_key())] * 2
        own = [own[0], await register_unit(supervisor, new_key())]
        incidents = [await open_incident(one) for one in officers]
        answers = await asyncio.gather(
            *(send(one, i, mine, shared) for one, i, mine in zip(officers, incidents, own, strict=True))
        )
        assert sorted(a.status_code for a in answers) == [201, 409]
        winner = 0 if answers[0].status_code == 201 else 1
        told = answers[1 - winner].json()["details"]
        assert told["by"] == f"Officer {officers[winner].login}"
        now = await picture(supervisor)
        assert set(now["incidents"][incidents[winner]["id"]]["units"]) == {shared["id"], own[winner]["id"]}
        assert now["incidents"][incidents[1 - winner]["id"]]["units"] == {}
        assert now["units"][own[1 - winner]["id"]]["status"] == "available"


async def test_an_act_answers_the_versions_it_made_so_that_the_next_may_name_them_unseen(officer: Person) -> None:
    incident, first, second = (
        await open_incident(officer),
        await register_unit(officer, "A"),
        await register_unit(officer, "B"),
    )
    one_on = {unit["id"]: unit["version"] + 1 for unit in (first, second)}
    sent = (await send(officer, incident, first, second)).json()
    assert sent["unit_versions"] == one_on
    swap = {
        "out_unit_id": second["id"],
        "in_unit_id": (await register_unit(officer, "C"))["id"],
        "version": sent["version"],
    }
    swapped = (await officer.post(f"/api/incidents/{incident['id']}/swaps", swap)).json()
    assert swapped["unit_versions"][second["id"]] == one_on[second["id"]] + 1
    cleared = incident | {"version": swapped["version"]}
    for stage in ("en_route", "on_scene", "cleared"):
        cleared = await reach(officer, cleared, first, stage)
    said = {"status": "busy", "version": cleared["unit_versions"][first["id"]]}
    assert (await officer.post(f"/api/units/{first['id']}/status", said)).status_code == 200
    units = (await picture(officer))["units"]
    assert units[second["id"]]["version"] == swapped["unit_versions"][second["id"]]


async def test_a_unit_is_withdrawn_before_it_arrives_and_then_blocks_nothing(officer: Person) -> None:
    incident, unit = await open_incident(officer), await register_unit(officer, "P-1")
    incident = await reach(officer, await assign(officer, incident, unit), unit, "en_route")
    path = f"/api/incidents/{incident['id']}"
    body = {"version": incident["version"], "reason": "not_needed"}
    answer = await officer.post(f"{path}/assignments/{unit['id']}/withdrawal", body)
    assert answer.status_code == 200, answer.text
    now = await picture(officer)
    assert now["incidents"][incident["id"]]["units"] == {}
    assert (now["units"][unit["id"]]["status"], now["units"][unit["id"]]["incident_id"]) == ("available", None)
    entries = (await officer.get(f"{path}/timeline")).json()["entries"]
    assert [e["detail"].get("withdrawn") for e in entries][-1] == "not_needed"
    assert "en_route" in [e["detail"].get("stage") for e in entries]  # what it did stays told
    close = await officer.post(f"{path}/close", {"version": answer.json()["version"], "outcome": "resolved"})
    assert close.status_code == 200


async def test_a_unit_on_scene_is_cleared_and_not_withdrawn_diverted_or_swapped(officer: Person) -> None:
    incident, unit = await open_incident(officer), await register_unit(officer, "P-1")
    other, spare = await open_incident(officer), await register_unit(officer, "P-2")
    incident = await reach(officer, await assign(officer, incident, unit), unit, "on_scene")
    version = (await picture(officer))["units"][unit["id"]]["version"]
    for path, body in (
        (f"{incident['id']}/assignments/{unit['id']}/withdrawal", {"version": incident["version"], "reason": "other"}),
        (f"{other['id']}/diversions", {"unit_id": unit["id"], "version": 1, "unit_version": version}),
        (
            f"{incident['id']}/swaps",
            {"out_unit_id": unit["id"], "in_unit_id": spare["id"], "version": incident["version"]},
        ),
    ):
        refused = await officer.post(f"/api/incidents/{path}", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now"), path


async def test_a_diverted_unit_leaves_one_incident_and_joins_the_other_in_one_act(
    centre: RunningCentre, officer: Person
) -> None:
    old, new = await open_incident(officer, priority="3"), await open_incident(officer, priority="1")
    unit = await register_unit(officer, "P-1")
    await assign(officer, old, unit)
    item = (await recommended(officer, new))["items"][0]
    assert (item["group"], item["suggested"]) == ("divertible", False)
    body = {"unit_id": unit["id"], "version": new["version"], "unit_version": item["version"]}
    path = f"/api/incidents/{new['id']}/diversions"
    stale = await officer.post(path, body | {"unit_version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    assert (await officer.post(path, body)).status_code == 201
    now = await picture(officer)
    assert now["incidents"][old["id"]]["units"] == {}
    assert list(now["incidents"][new["id"]]["units"]) == [unit["id"]]
    assert (now["units"][unit["id"]]["incident_id"], now["units"][unit["id"]]["status"]) == (new["id"], "assigned")
    (row,) = await centre.rows("SELECT withdrawn_reason FROM assignments WHERE NOT is_current")
    assert row["withdrawn_reason"] == "diverted"
    back = await officer.post(path, body | {"version": 2, "unit_version": body["unit_version"] + 1})
    assert (back.status_code, back.json()["code"]) == (409, "not_possible_now")


async def test_units_diverted_to_and_fro_at_once_never_wait_for_each_other(
    centre: RunningCentre, officer: Person
) -> None:
    one, two = await open_incident(officer), await open_incident(officer)
    a, b = await register_unit(officer, "A"), await register_unit(officer, "B")
    await assign(officer, one, a)
    await assign(officer, two, b)
    for _ in range(ROUNDS):
        now = await picture(officer)
        moves = []
        for unit in (a, b):
            at = now["units"][unit["id"]]["incident_id"]
            target = one if at == two["id"] else two
            body = {
                "unit_id": unit["id"],
                "version": now["incidents"][target["id"]]["version"],
                "unit_version": now["units"][unit["id"]]["version"],
            }
            moves.append(officer.post(f"/api/incidents/{target['id']}/diversions", body))
        answers = await asyncio.gather(*moves)
        assert {answer.status_code for answer in answers} <= {201, 409}, [a.text for a in answers]
        assert 201 in {answer.status_code for answer in answers}
    now = await picture(officer)
    held = [set(now["incidents"][i["id"]]["units"]) for i in (one, two)]
    assert held[0] | held[1] == {a["id"], b["id"]}
    assert not held[0] & held[1]


async def test_one_unit_is_swapped_for_another_in_one_act(officer: Person) -> None:
    incident, out, into = (
        await open_incident(officer),
        await register_unit(officer, "A"),
        await register_unit(officer, "B"),
    )
    incident = await assign(officer, incident, out)
    body = {"out_unit_id": out["id"], "in_unit_id": into["id"], "version": incident["version"]}
    path = f"/api/incidents/{incident['id']}/swaps"
    same = await officer.post(path, body | {"in_unit_id": out["id"]})
    assert (same.status_code, same.json()["details"]["field"]) == (422, "in_unit_id")
    assert (await officer.post(path, body)).status_code == 201
    now = await picture(officer)
    assert list(now["incidents"][incident["id"]]["units"]) == [into["id"]]
    assert (now["units"][out["id"]]["status"], now["units"][into["id"]]["status"]) == ("available", "assigned")


async def test_a_held_incident_shows_until_when_and_sending_a_unit_ends_the_wait(
    centre: RunningCentre, officer: Person
) -> None:
    incident, unit = await open_incident(officer), await register_unit(officer, "A")
    path = f"/api/incidents/{incident['id']}"
    now = centre.centre.clock.now()
    for beyond in (now - timedelta(minutes=1), now + timedelta(days=8)):
        wrong = await officer.post(f"{path}/hold", {"until": iso(beyond), "reason": "no_unit", "version": 1})
        assert (wrong.status_code, wrong.json()["details"]["field"]) == (422, "until")
    until = iso(now + timedelta(hours=1))
    held = await officer.post(f"{path}/hold", {"until": until, "reason": "awaiting_caller", "version": 1})
    assert held.status_code == 200
    assert (await picture(officer))["incidents"][incident["id"]]["held"] == {
        "until": until,
        "reason": "awaiting_caller",
    }
    assert (await officer.post(f"{path}/release", {"version": 2})).status_code == 200
    assert (await officer.post(f"{path}/release", {"version": 3})).json()["code"] == "not_possible_now"
    await officer.post(f"{path}/hold", {"until": until, "reason": "no_unit", "version": 3})
    await officer.post(f"{path}/backup", {"count": 2, "kind": "patrol_car", "version": 4})
    waiting = (await picture(officer))["incidents"][incident["id"]]
    assert (waiting["backup"]["count"], waiting["backup"]["kind"]) == (2, "patrol_car")
    assert (await send(officer, {"id": incident["id"], "version": 5}, unit)).status_code == 201
    done = (await picture(officer))["incidents"][incident["id"]]
    assert (done["held"], done["backup"], list(done["units"])) == (None, None, [unit["id"]])
    refused = await officer.post(f"{path}/hold", {"until": until, "reason": "no_unit", "version": 6})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")


async def test_backup_is_asked_for_and_withdrawn(officer: Person) -> None:
    incident = await open_incident(officer)
    path = f"/api/incidents/{incident['id']}/backup"
    for wrong in ({"count": 0}, {"count": 21}, {"count": 1, "kind": "tank"}):
        assert (await officer.post(path, {"version": 1, **wrong})).status_code == 422
    assert (await officer.post(path, {"count": 1, "version": 1})).status_code == 200
    assert (await officer.post(f"{path}/withdrawal", {"version": 2})).status_code == 200
    assert (await picture(officer))["incidents"][incident["id"]]["backup"] is None
    again = await officer.post(f"{path}/withdrawal", {"version": 3})
    assert (again.status_code, again.json()["code"]) == (409, "not_possible_now")


async def last_own(officer: Person) -> Record | None:
    found: Record | None = (await officer.get("/api/undo")).json()["act"]
    return found


async def test_the_last_own_act_that_still_stands_is_offered_for_undoing(
    centre: RunningCentre, officer: Person
) -> None:
    colleague = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    incident, a, b = await open_incident(officer), await register_unit(officer, "A"), await register_unit(officer, "B")
    assert await last_own(officer) is None
    sent = await send(officer, incident, a, b)
    incident |= {"version": sent.json()["version"]}
    act = await last_own(officer)
    assert act is not None
    assert (act["kind"], {u["call_sign"] for u in act["units"]}) == ("sending", {"A", "B"})
    assert (act["number"], act["version"]) == (incident["number"], incident["version"])
    assert await last_own(colleague) is None
    incident = await reach(officer, incident, a, "on_scene")
    act = await last_own(officer)
    assert act is not None
    assert (act["kind"], act["stage"]) == ("stage", "on_scene")
    correction = {
        "version": act["version"],
        "corrects_seq": act["seq"],
        "unit_id": a["id"],
        "stage": "on_scene",
        "occurred_at": None,
        "reason": "undone",
    }
    assert (await officer.post(f"/api/incidents/{incident['id']}/corrections", correction)).status_code == 200
    act = await last_own(officer)
    assert act is not None
    assert {u["call_sign"] for u in act["units"]} == {"A", "B"}
    for unit in act["units"]:
        version = (await picture(officer))["incidents"][incident["id"]]["version"]
        path = f"/api/incidents/{incident['id']}/assignments/{unit['unit_id']}/withdrawal"
        assert (await officer.post(path, {"version": version, "reason": "mistake"})).status_code == 200
    assert await last_own(officer) is None
