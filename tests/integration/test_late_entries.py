"""Sendings and closings written down first and entered late: marked, counted at their stated times, and never two at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import assign, close, open_incident, reach, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.people import Person
from tests.support.summaries import half_a_day_ago

from markaz.core.permissions import Role
from markaz.kit.clock import iso

Record = dict[str, Any]
OLD = timedelta(hours=2)


@pytest.fixture
async def centre(open_centre_with: OpenCentre) -> RunningCentre:
    return await open_centre_with(summary_day_starts_at=half_a_day_ago())


@pytest.fixture
async def officer(centre: RunningCentre) -> Person:
    return await centre.person(Role.SUPERVISOR)


@pytest.fixture
async def now(centre: RunningCentre, officer: Person) -> datetime:
    return centre.centre.clock.now().replace(microsecond=0)


async def old_incident(officer: Person, now: datetime, territory: Land = Land.WEST_SOUTH) -> Record:
    return await open_incident(officer, territory, occurred_at=iso(now - OLD), entered_via="paper")


def ago(now: datetime, minutes: int) -> str:
    return iso(now - timedelta(minutes=minutes))


def over(now: datetime, sent: int, cleared: int, **between: int) -> dict[str, str]:
    """Return the stages of a finished sending, each so many minutes ago."""
    return {stage: ago(now, m) for stage, m in {"assigned": sent, **between, "cleared": cleared}.items()}


async def enter(officer: Person, incident: Record, unit: Record, stages: dict[str, str], via: str = "paper") -> Any:
    version = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    body = {"unit_id": unit["id"], "version": version, "stages": stages, "via": via}
    return await officer.post(f"/api/incidents/{incident['id']}/finished-sendings", body)


async def entries(officer: Person, incident: Record) -> list[Record]:
    found: list[Record] = (await officer.get(f"/api/incidents/{incident['id']}/timeline")).json()["entries"]
    return found


async def unit_now(officer: Person, unit: Record) -> Record:
    units = (await officer.get("/api/snapshot")).json()["units"]
    (found,) = [one for one in units if one["id"] == unit["id"]]
    return dict(found)


async def test_a_sending_stages_and_a_closing_of_paper_follow_in_order_and_are_marked(
    officer: Person, now: datetime
) -> None:
    incident, unit = await old_incident(officer, now), await register_unit(officer, "P-1")
    path, late = f"/api/incidents/{incident['id']}", {"via": "paper"}
    body = {"unit_ids": [unit["id"]], "version": 1, "occurred_at": ago(now, 90), **late}
    sent = await officer.post(f"{path}/dispatches", body)
    assert sent.status_code == 201, sent.text
    version = sent.json()["version"]
    for stage, minutes in (("en_route", 88), ("on_scene", 80), ("cleared", 60)):
        body = {"stage": stage, "version": version, "occurred_at": ago(now, minutes), **late}
        reached = await officer.post(f"{path}/assignments/{unit['id']}/stages", body)
        assert reached.status_code == 200, reached.text
        version = reached.json()["version"]
    body = {"outcome": "resolved", "version": version, "occurred_at": ago(now, 61), **late}
    too_soon = await officer.post(f"{path}/close", body)
    assert (too_soon.status_code, too_soon.json()["details"]["field"]) == (422, "occurred_at")
    done = await officer.post(f"{path}/close", body | {"occurred_at": ago(now, 55)})
    assert done.status_code == 200, done.text
    marked = {e["type"]: e for e in await entries(officer, incident)}
    for type_, minutes in (("incident.opened/1", 120), ("incident.unit_assigned/1", 90), ("incident.closed/1", 55)):
        entry = marked[type_]
        assert (entry["late"], entry["occurred"]["source"]) == (True, "paper")
        assert entry["occurred"]["at"] == ago(now, minutes)


async def test_a_single_sending_is_entered_late_too(officer: Person, now: datetime) -> None:
    incident, unit = await old_incident(officer, now), await register_unit(officer, "P-1")
    body = {"unit_id": unit["id"], "version": 1, "occurred_at": ago(now, 30), "via": "radio"}
    assert (await officer.post(f"/api/incidents/{incident['id']}/assignments", body)).status_code == 201
    (entry,) = [e for e in await entries(officer, incident) if e["type"] == "incident.unit_assigned/1"]
    assert (entry["late"], entry["occurred"]["source"]) == (True, "radio")


async def test_a_finished_sending_of_a_unit_at_other_work_is_entered_and_leaves_that_work_alone(
    centre: RunningCentre, officer: Person, now: datetime
) -> None:
    unit, elsewhere = await register_unit(officer, "P-1"), await open_incident(officer)
    await reach(officer, await assign(officer, elsewhere, unit), unit, "en_route")
    before = await unit_now(officer, unit)
    incident = await old_incident(officer, now)
    stages = over(now, 90, 40, en_route=88, on_scene=80)
    answer = await enter(officer, incident, unit, stages)
    assert answer.status_code == 201, answer.text
    assert await unit_now(officer, unit) == before
    shown = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["units"][unit["id"]]
    assert {stage: at for stage, at in shown["stages"].items() if at} == stages
    told = [e for e in await entries(officer, incident) if e["detail"].get("unit_id") == unit["id"]]
    assert [(e["occurred"]["at"], e["occurred"]["source"], e["late"]) for e in told] == [
        (at, "paper", True) for at in stages.values()
    ]
    assert (await officer.get("/api/undo")).json()["act"]["number"] != incident["number"]
    closed = await close(officer, incident | answer.json())
    assert closed["version"] == answer.json()["version"] + 1
    day = centre.centre.summaries.today().isoformat()
    draft = (await officer.get("/api/summaries/draft", territory=int(Land.REGION), day=day)).json()["content"]
    assert 50 * 60 <= draft["forces"]["unit_s"] < 55 * 60
    assert 40 * 60 in [row["p50_s"] for row in draft["response"]]


async def test_a_unit_off_duty_by_now_did_what_it_did(officer: Person, now: datetime) -> None:
    unit = await register_unit(officer, "P-1", available=False)
    incident = await old_incident(officer, now)
    assert (await enter(officer, incident, unit, over(now, 90, 40))).status_code == 201
    assert (await unit_now(officer, unit))["status"] == "off_duty"


@pytest.mark.parametrize(("sent", "cleared"), [(70, 30), (100, 85), (85, 55), (80, 70)])
async def test_a_unit_is_never_entered_in_two_places_at_once(
    officer: Person, now: datetime, sent: int, cleared: int
) -> None:
    unit, first, second = (
        await register_unit(officer, "P-1"),
        await old_incident(officer, now),
        await old_incident(officer, now),
    )
    assert (await enter(officer, first, unit, over(now, 90, 60))).status_code == 201
    refused = await enter(officer, second, unit, over(now, sent, cleared))
    assert refused.status_code == 409
    assert f"P-1 was working for incident {first['number']} from" in refused.json()["message"]
    assert (await enter(officer, second, unit, over(now, 60, 30))).status_code == 201  # one ends as the next begins


async def test_what_a_unit_does_now_is_in_the_way_too(officer: Person, now: datetime) -> None:
    unit, elsewhere = await register_unit(officer, "P-1"), await old_incident(officer, now)
    body = {"unit_ids": [unit["id"]], "version": 1, "occurred_at": ago(now, 20), "via": "radio"}
    assert (await officer.post(f"/api/incidents/{elsewhere['id']}/dispatches", body)).status_code == 201
    incident = await old_incident(officer, now)
    assert (await enter(officer, incident, unit, over(now, 40, 10))).status_code == 409
    assert (await enter(officer, incident, unit, over(now, 40, 20))).status_code == 201


async def test_a_free_unit_is_not_sent_to_a_time_when_it_was_at_work(officer: Person, now: datetime) -> None:
    unit, first, second = (
        await register_unit(officer, "P-1"),
        await old_incident(officer, now),
        await old_incident(officer, now),
    )
    assert (await enter(officer, first, unit, over(now, 90, 60))).status_code == 201
    for route, body in (("dispatches", {"unit_ids": [unit["id"]]}), ("assignments", {"unit_id": unit["id"]})):
        said = body | {"version": 1, "occurred_at": ago(now, 70)}
        refused = await officer.post(f"/api/incidents/{second['id']}/{route}", said)
        assert refused.status_code == 409, refused.text


async def test_an_earlier_sending_to_the_same_incident_does_not_hide_the_one_under_way(
    officer: Person, now: datetime
) -> None:
    unit, incident = await register_unit(officer, "P-1"), await old_incident(officer, now)
    incident = await reach(officer, await assign(officer, incident, unit), unit, "en_route")
    before = (await officer.get("/api/snapshot")).json()["incidents"]
    assert (await enter(officer, incident, unit, over(now, 90, 60, on_scene=80))).status_code == 201
    after = (await officer.get("/api/snapshot")).json()["incidents"]
    units = [next(i for i in shown if i["id"] == incident["id"])["units"] for shown in (before, after)]
    assert units[0] == units[1]
    (first,) = [e for e in await entries(officer, incident) if e["detail"].get("stage") == "on_scene"]
    version = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    body = {"version": version, "corrects_seq": first["seq"], "unit_id": unit["id"], "stage": "on_scene"}
    mended = await officer.post(
        f"/api/incidents/{incident['id']}/corrections", body | {"occurred_at": ago(now, 75), "reason": "misread"}
    )
    assert mended.status_code == 200, mended.text


@pytest.mark.parametrize(
    ("stages", "code"),
    [
        ({"assigned": 30}, "invalid_input"),
        ({"assigned": 130, "cleared": 30}, "stage_order"),
        ({"assigned": 60, "cleared": 70}, "stage_order"),
        ({"assigned": 30, "cleared": -30}, "invalid_input"),
    ],
)
async def test_times_that_cannot_be_are_refused(
    officer: Person, now: datetime, stages: dict[str, int], code: str
) -> None:
    unit, incident = await register_unit(officer, "P-1"), await old_incident(officer, now)
    refused = await enter(officer, incident, unit, {stage: ago(now, m) for stage, m in stages.items()})
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_the_other_incident_is_named_only_to_who_may_read_it(
    centre: RunningCentre, officer: Person, now: datetime
) -> None:
    unit = await register_unit(officer, "P-1", Land.WEST)
    hidden = await old_incident(officer, now, Land.EAST_NORTH)
    assert (await enter(officer, hidden, unit, over(now, 90, 60))).status_code == 201
    west = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    refused = await enter(west, await old_incident(west, now), unit, over(now, 80, 70))
    assert refused.status_code == 409
    assert "was working for another incident" in refused.json()["message"]
    assert hidden["number"] not in refused.json()["message"].split()


async def test_units_and_incidents_of_another_territory_take_no_late_entries(
    centre: RunningCentre, officer: Person, now: datetime
) -> None:
    east = await centre.person(Role.DUTY_OFFICER, Land.EAST)
    unit, incident = await register_unit(officer, "P-1", Land.WEST), await old_incident(officer, now)
    body = {"unit_id": unit["id"], "version": 1, "stages": over(now, 90, 60)}
    assert (await east.post(f"/api/incidents/{incident['id']}/finished-sendings", body)).status_code == 404
    own = await old_incident(east, now, Land.EAST_NORTH)
    assert (await east.post(f"/api/incidents/{own['id']}/finished-sendings", body)).status_code == 404
    call_taker = await centre.person(Role.CALL_TAKER, Land.WEST)
    assert (await call_taker.post(f"/api/incidents/{incident['id']}/finished-sendings", body)).status_code == 403
