"""The duty desk's commands end to end: what follows from what, what is refused, and what a correction changes."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import assign, close, open_incident, reach, register_unit
from tests.support.land import Land, place_in
from tests.support.people import Person, new_key

from markaz.core.permissions import Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR)


async def unit_now(officer: Person, unit: Record) -> Record:
    return next(dict(u) for u in (await officer.get("/api/units")).json()["items"] if u["id"] == unit["id"])


async def incident_now(officer: Person, incident: Record) -> Record:
    return dict((await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"])


async def timeline_of(officer: Person, incident: Record) -> list[Record]:
    return list((await officer.get(f"/api/incidents/{incident['id']}/timeline")).json()["entries"])


async def sent(officer: Person, *stages: str) -> tuple[Record, Record]:
    """Open an incident an hour ago, send a unit then, and let it reach `stages`, ten minutes after one another."""
    at = datetime.fromisoformat((await officer.get("/api/me")).json()["now"]) - timedelta(hours=1)
    incident = await open_incident(officer, occurred_at=iso(at))
    unit = await register_unit(officer, new_key())
    path = f"/api/incidents/{incident['id']}/assignments"
    for number, stage in enumerate(("assigned", *stages)):
        body = {"version": incident["version"], "occurred_at": iso(at + timedelta(minutes=10 * number))}
        if stage == "assigned":
            answer = await officer.post(path, body | {"unit_id": unit["id"]})
        else:
            answer = await officer.post(f"{path}/{unit['id']}/stages", body | {"stage": stage})
        assert answer.is_success, answer.text
        incident |= {"version": answer.json()["version"], "at": at}
    return incident, unit


async def report_of(officer: Person, incident: Record, stage: str) -> int:
    """Return the number of the last report (or correction) of a stage."""
    kinds = {"assigned": {"incident.unit_assigned/1", "incident.stage_corrected/1"}}.get(
        stage, {"incident.stage_reached/1", "incident.stage_corrected/1"}
    )
    entries = await timeline_of(officer, incident)
    return max(int(e["seq"]) for e in entries if e["type"] in kinds and e["detail"].get("stage", "assigned") == stage)


async def correct(
    officer: Person, incident: Record, unit: Record, stage: str, minute: int | None, corrects: int | None = None
) -> httpx.Response:
    """Correct a stage to a minute after the call, or to never."""
    body = {
        "version": (await incident_now(officer, incident))["version"],
        "corrects_seq": corrects or await report_of(officer, incident, stage),
        "unit_id": unit["id"],
        "stage": stage,
        "occurred_at": None if minute is None else iso(incident["at"] + timedelta(minutes=minute)),
        "reason": "misheard on the radio",
    }
    return await officer.post(f"/api/incidents/{incident['id']}/corrections", body)


async def stages_of(officer: Person, incident: Record, unit: Record) -> dict[str, int] | None:
    """Return the minutes of a unit's stages after the call; None when it was not sent."""
    work = (await incident_now(officer, incident))["units"].get(unit["id"])
    if work is None:
        return None
    return {
        stage: round((datetime.fromisoformat(at) - incident["at"]).total_seconds() / 60)
        for stage, at in work["stages"].items()
    }


async def test_a_unit_follows_its_incident_from_sending_to_clearing(officer: Person) -> None:
    incident, unit = await open_incident(officer), await register_unit(officer, new_key())
    incident = await assign(officer, incident, unit)
    seen = [(await unit_now(officer, unit))["status"]]
    for stage in ("en_route", "on_scene", "transporting", "at_hospital", "cleared"):
        incident = await reach(officer, incident, unit, stage)
        now = await unit_now(officer, unit)
        seen.append(now["status"])
        assert now["incident_id"] == (None if stage == "cleared" else incident["id"])
    assert seen == ["assigned", "en_route", "on_scene", "transporting", "at_hospital", "available"]
    await close(officer, incident)
    assert (await incident_now(officer, incident))["status"] == "closed"


async def test_only_an_available_unit_is_sent_and_the_refusal_says_why(officer: Person) -> None:
    incident, unit = await open_incident(officer), await register_unit(officer, new_key(), available=False)
    path = f"/api/incidents/{incident['id']}/assignments"
    version = unit["version"]
    for status in ("off_duty", "busy", "out_of_service"):
        if status != "off_duty":
            body = {"status": status, "version": version}
            version = (await officer.post(f"/api/units/{unit['id']}/status", body)).json()["version"]
        refused = await officer.post(path, {"unit_id": unit["id"], "version": 1})
        assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")
        assert status in refused.json()["message"]


async def test_an_incident_is_not_closed_while_a_unit_works_for_it(officer: Person) -> None:
    incident, unit = await sent(officer, "on_scene")
    path = f"/api/incidents/{incident['id']}/close"
    refused = await officer.post(path, {"version": incident["version"], "outcome": "resolved"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")
    assert len(refused.json()["details"]["units"]) == 1
    incident = await reach(officer, incident, unit, "cleared")
    early = {"version": incident["version"], "outcome": "resolved", "occurred_at": iso(incident["at"] - timedelta(1))}
    assert (await officer.post(path, early)).json()["details"]["field"] == "occurred_at"
    await close(officer, incident)


async def test_a_closed_incident_takes_no_units_stages_or_changes_but_notes(officer: Person) -> None:
    incident, unit = await sent(officer, "cleared")
    incident = await close(officer, incident)
    path, version = f"/api/incidents/{incident['id']}", incident["version"]
    for where, body in {
        f"{path}/assignments": {"unit_id": unit["id"], "version": version},
        f"{path}/assignments/{unit['id']}/stages": {"stage": "cleared", "version": version},
        f"{path}/changes": {"priority": "1", "version": version, "reason": "late"},
        f"{path}/close": {"outcome": "other", "version": version},
    }.items():
        refused = await officer.post(where, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now"), where
    assert (await officer.post(f"{path}/notes", {"text": "afterwards"})).status_code == 201


async def test_a_stage_out_of_order_is_refused_with_the_reason(officer: Person) -> None:
    incident, unit = await sent(officer, "on_scene")
    path = f"/api/incidents/{incident['id']}/assignments/{unit['id']}/stages"
    for stage in ("en_route", "on_scene", "assigned"):
        refused = await officer.post(path, {"stage": stage, "version": incident["version"]})
        assert (refused.status_code, refused.json()["code"]) == (422, "stage_order")
    early = {"stage": "cleared", "version": incident["version"], "occurred_at": iso(incident["at"])}
    refused = await officer.post(path, early)
    assert (refused.status_code, refused.json()["details"]["field"]) == (422, "occurred_at")


async def test_a_correction_changes_the_picture_and_leaves_the_report_in_the_timeline(officer: Person) -> None:
    incident, unit = await sent(officer, "en_route", "on_scene")
    seq = await report_of(officer, incident, "on_scene")
    assert (await correct(officer, incident, unit, "on_scene", 15)).status_code == 200
    assert await stages_of(officer, incident, unit) == {"assigned": 0, "en_route": 10, "on_scene": 15}
    entries = {e["seq"]: e for e in await timeline_of(officer, incident)}
    (correction,) = [e for e in entries.values() if e["corrects"] == seq]
    assert entries[seq]["corrected_by"] == correction["seq"]
    assert entries[seq]["detail"]["at"] == iso(incident["at"] + timedelta(minutes=20))
    assert correction["detail"]["at"] == iso(incident["at"] + timedelta(minutes=15))
    assert correction["actor"]["name"] == f"Officer {officer.login}"
    assert correction["reason"] == "misheard on the radio"
    assert correction["recorded_at"] > entries[seq]["recorded_at"]
    assert (await unit_now(officer, unit))["since"] == iso(incident["at"] + timedelta(minutes=15))


async def test_a_stage_that_did_not_happen_takes_the_unit_one_stage_back(officer: Person) -> None:
    incident, unit = await sent(officer, "en_route", "on_scene")
    assert (await correct(officer, incident, unit, "on_scene", None)).status_code == 200
    now = await unit_now(officer, unit)
    assert (now["status"], now["since"]) == ("en_route", iso(incident["at"] + timedelta(minutes=10)))


async def test_a_stage_struck_out_by_mistake_can_be_put_back(officer: Person) -> None:
    incident, unit = await sent(officer, "en_route", "on_scene")
    assert (await correct(officer, incident, unit, "en_route", None)).status_code == 200
    assert await stages_of(officer, incident, unit) == {"assigned": 0, "on_scene": 20}
    assert (await correct(officer, incident, unit, "en_route", None)).status_code == 422
    assert (await correct(officer, incident, unit, "en_route", 12)).status_code == 200
    assert await stages_of(officer, incident, unit) == {"assigned": 0, "en_route": 12, "on_scene": 20}
    assert [e["void"] for e in await timeline_of(officer, incident) if e["detail"].get("stage") == "en_route"] == [
        True,
        False,
        False,
    ]


async def test_a_sending_that_did_not_happen_frees_the_unit_and_leaves_no_trace_in_the_picture(
    officer: Person,
) -> None:
    incident, unit = await sent(officer)
    assert (await correct(officer, incident, unit, "assigned", None)).status_code == 200
    assert await stages_of(officer, incident, unit) is None
    assert (await unit_now(officer, unit))["status"] == "available"
    again = await correct(officer, incident, unit, "assigned", 5)
    assert (again.status_code, again.json()["code"]) == (409, "not_possible_now")  # it is sent again instead
    incident |= {"version": (await incident_now(officer, incident))["version"]}
    await assign(officer, incident, unit)
    assert (await unit_now(officer, unit))["status"] == "assigned"


async def test_a_sending_stays_while_stages_stand_on_it(officer: Person) -> None:
    incident, unit = await sent(officer, "en_route")
    refused = await correct(officer, incident, unit, "assigned", None)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")
    assert (await correct(officer, incident, unit, "en_route", None)).status_code == 200
    assert (await correct(officer, incident, unit, "assigned", None)).status_code == 200


async def test_a_unit_not_cleared_after_all_comes_back_unless_it_works_elsewhere(officer: Person) -> None:
    incident, unit = await sent(officer, "on_scene", "cleared")
    assert (await correct(officer, incident, unit, "cleared", None)).status_code == 200
    now = await unit_now(officer, unit)
    assert (now["status"], now["incident_id"]) == ("on_scene", incident["id"])
    incident, unit = await sent(officer, "cleared")
    elsewhere = await assign(officer, await open_incident(officer), unit)
    refused = await correct(officer, incident, unit, "cleared", None)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")
    assert (await unit_now(officer, unit))["incident_id"] == elsewhere["id"]


async def test_a_correction_is_of_the_sending_it_names_when_a_unit_was_sent_twice(officer: Person) -> None:
    incident, unit = await sent(officer, "on_scene", "cleared")
    first_arrival = await report_of(officer, incident, "on_scene")
    incident = await assign(officer, incident, unit)
    incident = await reach(officer, incident, unit, "on_scene")
    before = await stages_of(officer, incident, unit)
    corrected = await correct(officer, incident, unit, "on_scene", 14, corrects=first_arrival)
    assert corrected.status_code == 200, corrected.text
    assert await stages_of(officer, incident, unit) == before
    now = await unit_now(officer, unit)
    assert (now["status"], now["incident_id"]) == ("on_scene", incident["id"])
    assert (await correct(officer, incident, unit, "on_scene", None, corrects=first_arrival)).status_code == 200
    assert (await unit_now(officer, unit))["status"] == "on_scene"


async def test_corrections_go_on_after_the_end(officer: Person) -> None:
    incident, unit = await sent(officer, "on_scene", "cleared")
    await close(officer, incident)
    assert (await correct(officer, incident, unit, "on_scene", 7)).status_code == 200
    refused = await correct(officer, incident, unit, "cleared", None)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")


async def test_a_new_place_decides_the_territory_and_an_unknown_place_stays_unknown(officer: Person) -> None:
    incident = await open_incident(officer, Land.WEST_SOUTH)

    async def change(version: int, **fields: Any) -> Record:
        body = {"version": version, "reason": "better known now", **fields}
        answer = await officer.post(f"/api/incidents/{incident['id']}/changes", body)
        assert answer.status_code == 200, answer.text
        return await incident_now(officer, incident)

    moved = await change(1, place=place_in(Land.EAST_NORTH))
    assert (moved["territory_id"], moved["place"]) == (Land.EAST_NORTH, place_in(Land.EAST_NORTH))
    unknown = await change(2, place=None)
    assert (unknown["territory_id"], unknown["place"]) == (Land.EAST_NORTH, None)
    same = await officer.post(
        f"/api/incidents/{incident['id']}/changes", {"version": 3, "reason": "x", "priority": "2"}
    )
    assert (same.status_code, same.json()["code"]) == (422, "invalid_input")


async def test_a_change_to_an_unknown_territory_is_refused_naming_the_field(officer: Person) -> None:
    incident = await open_incident(officer)
    body = {"version": 1, "reason": "x", "territory_id": 9_999}
    refused = await officer.post(f"/api/incidents/{incident['id']}/changes", body)
    assert (refused.status_code, refused.json()["details"].get("field")) == (422, "territory_id")


async def test_a_call_sign_is_given_once_in_a_territory(officer: Person) -> None:
    sign = new_key()
    await register_unit(officer, sign, Land.WEST)
    body = {"call_sign": sign, "kind": "patrol_car", "territory_id": int(Land.WEST)}
    refused = await officer.post("/api/units", body)
    assert (refused.status_code, refused.json()["details"]["field"]) == (422, "call_sign")
    assert (await officer.post("/api/units", body | {"territory_id": int(Land.EAST)})).status_code == 201


async def test_a_working_unit_is_set_by_its_incident_and_not_by_hand(officer: Person) -> None:
    incident, unit = await sent(officer)
    version = (await unit_now(officer, unit))["version"]
    refused = await officer.post(f"/api/units/{unit['id']}/status", {"status": "busy", "version": version})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")
    refused = await officer.post(f"/api/units/{unit['id']}/status", {"status": "on_scene", "version": version})
    assert (refused.status_code, refused.json()["details"]["field"]) == (422, "status")
    stale = await officer.post(f"/api/units/{unit['id']}/status", {"status": "busy", "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    assert incident["id"]
