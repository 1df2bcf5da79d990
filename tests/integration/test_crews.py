"""Crews log on and off: an officer himself or the desk by radio, one crew to a unit, one unit to an officer."""

import asyncio
from datetime import timedelta

from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import assign, open_incident, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land, place_in
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock, iso
from markaz.programmes.incidents.crews import domain
from markaz.programmes.incidents.crews.logons import log_off_ended

IN_STEP = """
SELECT u.call_sign FROM units u LEFT JOIN unit_logons l ON l.unit_id = u.id AND l.logged_off_at IS NULL
WHERE (u.status = 'off_duty') <> (l.id IS NULL)
"""


async def off_duty(centre: RunningCentre, sign: str = "U1", territory: Land = Land.WEST_SOUTH) -> dict[str, object]:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    return await register_unit(supervisor, sign, territory, available=False)


async def view_of(centre: RunningCentre, unit: dict[str, object]) -> dict[str, object]:
    observer = await centre.person(Role.OBSERVER, Land.REGION)
    items = (await observer.get("/api/units")).json()["items"]
    return next(item for item in items if item["id"] == unit["id"])


async def an_officer(centre: RunningCentre, territory: Land = Land.WEST) -> Person:
    return await centre.newcomer(Grant(Role.UNIT_OFFICER, territory))


async def test_an_officer_logs_on_and_the_picture_shows_how_many_and_what_they_can_but_no_name(
    centre: RunningCentre,
) -> None:
    unit, officer, mate = await off_duty(centre), await an_officer(centre), await an_officer(centre)
    await log_on(officer, unit, mate, crew_size=3, skills=["dog", "armed"], vehicle="01-775")
    view = await view_of(centre, unit)
    assert (view["status"], view["crew_size"], view["skills"]) == ("available", 3, ["armed", "dog"])
    mine = (await officer.get("/api/me/unit")).json()
    assert mine["unit"]["call_sign"] == "U1"
    assert {one["id"] for one in mine["log_on"]["crew"]} == {str(officer.id), str(mate.id)}
    recorded = await centre.rows("SELECT payload::text AS p FROM events WHERE type = 'unit.logged_on/1'")
    assert len(recorded) == 1
    assert str(officer.id) not in recorded[0]["p"]
    assert "Officer" not in recorded[0]["p"]


async def test_the_desk_reads_who_is_on_a_unit_and_an_officer_of_another_unit_does_not(centre: RunningCentre) -> None:
    unit, officer, other = await off_duty(centre), await an_officer(centre), await an_officer(centre)
    await log_on(officer, unit)
    desk = await centre.person(Role.CALL_TAKER, Land.WEST)
    assert officer.login in (await desk.get(f"/api/units/{unit['id']}/crew")).text
    assert (await other.get(f"/api/units/{unit['id']}/crew")).status_code == 403
    assert (await other.get("/api/me/unit")).json()["unit"] is None
    for path in ("/api/snapshot", "/api/units", "/api/incidents", "/api/crews"):
        assert (await officer.get(path)).status_code == 403


async def test_an_officer_is_on_one_unit_at_a_time_and_the_refusal_names_the_other(centre: RunningCentre) -> None:
    first, second = await off_duty(centre, "U1"), await off_duty(centre, "U2")
    officer, mate = await an_officer(centre), await an_officer(centre)
    await log_on(officer, first)
    for person, crew in ((officer, []), (mate, [officer])):
        body = {"crew": [str(one.id) for one in crew]}
        refused = await person.post(f"/api/units/{second['id']}/log-on", body)
        assert refused.status_code == 409
        assert [one["call_sign"] for one in refused.json()["details"]["units"]] == ["U1"]


async def test_two_log_ons_of_one_officer_at_once_end_in_one(centre: RunningCentre) -> None:
    units = [await off_duty(centre, f"U{n}") for n in range(4)]
    officer = await an_officer(centre)
    answers = await asyncio.gather(*(officer.post(f"/api/units/{unit['id']}/log-on", {}) for unit in units))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_second_log_on_is_refused_and_a_take_over_keeps_the_incident(centre: RunningCentre) -> None:
    unit, officer, relief = await off_duty(centre), await an_officer(centre), await an_officer(centre)
    await log_on(officer, unit)
    assert (await relief.post(f"/api/units/{unit['id']}/log-on", {})).status_code == 409
    desk = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await assign(desk, await open_incident(desk), unit)
    await log_on(relief, unit, takes_over=True)
    view = await view_of(centre, unit)
    assert (view["status"], view["incident_id"]) == ("assigned", incident["id"])
    assert (await officer.get("/api/me/unit")).json()["unit"] is None
    assert (await relief.get("/api/me/unit")).json()["incident_id"] == incident["id"]


async def test_a_unit_at_work_is_not_logged_off(centre: RunningCentre) -> None:
    unit, officer = await off_duty(centre), await an_officer(centre)
    await log_on(officer, unit)
    desk = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    await assign(desk, await open_incident(desk), unit)
    for person in (officer, desk):
        refused = await person.post(f"/api/units/{unit['id']}/log-off")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")


async def test_only_the_crew_or_the_desk_logs_a_unit_off(centre: RunningCentre) -> None:
    unit, officer, other = await off_duty(centre), await an_officer(centre), await an_officer(centre)
    await log_on(officer, unit)
    assert (await other.post(f"/api/units/{unit['id']}/log-off")).status_code == 403
    assert (await officer.post(f"/api/units/{unit['id']}/log-off")).status_code == 200
    view = await view_of(centre, unit)
    assert (view["status"], view["crew_size"], view["skills"]) == ("off_duty", 0, [])


async def test_a_stranger_or_an_officer_of_elsewhere_is_no_crew(centre: RunningCentre) -> None:
    unit, elsewhere = await off_duty(centre), await an_officer(centre, Land.EAST)
    desk = await centre.person(Role.DISPATCHER, Land.WEST)
    for one in (elsewhere, desk):
        refused = await desk.post(f"/api/units/{unit['id']}/log-on", {"crew": [str(one.id)]})
        assert (refused.status_code, refused.json()["details"]["field"]) == (422, "crew")
    assert (await elsewhere.post(f"/api/units/{unit['id']}/log-on", {})).status_code == 404


async def test_on_duty_and_logged_on_are_one_however_a_unit_came_on_duty(centre: RunningCentre) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    by_hand = await register_unit(supervisor, "hand", Land.WEST)
    officer, with_crew = await an_officer(centre), await off_duty(centre, "crew")
    await log_on(officer, with_crew)
    assert await centre.rows(IN_STEP) == []
    version = (await view_of(centre, with_crew))["version"]
    for unit, seen in ((by_hand, by_hand["version"]), (with_crew, version)):
        body = {"status": "off_duty", "version": seen}
        assert (await supervisor.post(f"/api/units/{unit['id']}/status", body)).status_code == 200
    assert await centre.rows(IN_STEP) == []
    assert (await officer.get("/api/me/unit")).json()["unit"] is None


async def test_a_position_is_kept_only_while_logged_on_and_the_officer_sees_that_it_is_shared(
    centre: RunningCentre,
) -> None:
    unit, officer = await off_duty(centre), await an_officer(centre)
    device = await centre.person(Role.UNIT_DEVICE, Land.WEST)

    async def report() -> int:
        fix = {"unit_id": unit["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(centre.centre.clock.now())}
        return int((await device.post("/api/units/positions", {"positions": [fix]})).json()["newer"])

    assert await report() == 0
    assert (await officer.get("/api/me/unit/position")).json()["sharing"] == "off"
    await log_on(officer, unit)
    assert await report() == 1
    await centre.centre.positions.flush()
    mine = (await officer.get("/api/me/unit/position")).json()
    assert (mine["sharing"], mine["unit_id"]) == ("on_shift", unit["id"])
    assert mine["position"]["lon"] == place_in(Land.WEST_SOUTH)["lon"]
    assert (await officer.post(f"/api/units/{unit['id']}/log-off")).status_code == 200
    async with asyncio.timeout(30):
        while await report():  # noqa: ASYNC110 - the positions hear of the log-off by the event log
            await asyncio.sleep(0.01)
    assert (await officer.get("/api/me/unit/position")).json() == {"sharing": "off", "unit_id": None, "position": None}


async def test_positions_stand_in_the_table_once_a_flush_returns_whoever_wrote_them(centre: RunningCentre) -> None:
    device = await centre.person(Role.UNIT_DEVICE, Land.WEST)
    unit = await register_unit(await centre.person(Role.SUPERVISOR), "P-9")
    fix = {"unit_id": unit["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(centre.centre.clock.now())}
    assert (await device.post("/api/units/positions", {"positions": [fix]})).status_code == 200
    another = asyncio.create_task(centre.centre.positions.flush())
    await asyncio.sleep(0)  # it has begun
    await centre.centre.positions.flush()
    written = await centre.rows("SELECT unit_id::text FROM unit_positions")
    assert [row["unit_id"] for row in written] == [unit["id"]]
    await another


async def test_a_turn_that_ended_is_logged_off_by_itself_but_never_during_an_incident(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock, session_hours=72)
    units = [await off_duty(centre, sign) for sign in ("free", "busy")]
    for unit in units:
        await log_on(await an_officer(centre), unit)
    desk = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    await assign(desk, await open_incident(desk), units[1])
    clock.advance(domain.LONGEST_TURN + domain.GRACE + timedelta(seconds=1))
    async with centre.centre.database.transaction() as connection:
        assert await log_off_ended(connection, clock.now()) in {0, 1}  # the centre's own job may have been faster
    assert [(await view_of(centre, unit))["status"] for unit in units] == ["off_duty", "assigned"]
    crews = (await desk.get("/api/crews")).json()["items"]
    assert [(one["unit_id"], one["is_over"]) for one in crews] == [(units[1]["id"], True)]


async def test_a_status_carries_its_reason_until_the_next(centre: RunningCentre) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    unit = await register_unit(supervisor, "U1", Land.WEST)
    path = f"/api/units/{unit['id']}/status"
    busy = await supervisor.post(path, {"status": "busy", "version": unit["version"], "reason": "meal"})
    assert (await view_of(centre, unit))["reason"] == "meal"
    wrong = {"status": "busy", "version": busy.json()["version"], "reason": "lazy"}
    assert (await supervisor.post(path, wrong)).status_code == 422
    await supervisor.post(path, {"status": "available", "version": busy.json()["version"]})
    assert (await view_of(centre, unit))["reason"] is None
