"""Emergencies: never refused, never doubled, silenced by each for themselves alone, ended only with a reason."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land, place_in
from tests.support.people import Person, new_key

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock, iso

CAME = datetime.fromisoformat("2026-03-01T03:12:00+00:00")


async def unit_of(running: RunningCentre, *, available: bool = True) -> dict[str, Any]:
    person = await running.person(Role.SUPERVISOR, Land.REGION)
    return await register_unit(person, new_key(), Land.WEST_SOUTH, available=available)


async def press(person: Person, unit: dict[str, Any], key: str | None = None, **body: Any) -> str:
    response = await person.post(f"/api/units/{unit['id']}/emergency", body, key=key)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def seen(person: Person) -> dict[str, Any]:
    """What the console of a person holds of alarms, by id."""
    return {alarm["id"]: alarm for alarm in (await person.get("/api/snapshot")).json()["alarms"]}


async def test_one_persons_acknowledgement_silences_nobody_else(centre: RunningCentre) -> None:
    a, b = [await centre.person(role, Land.WEST) for role in (Role.DUTY_OFFICER, Role.CALL_TAKER)]
    alarm_id = await press(a, await unit_of(centre))
    response = await a.post(f"/api/alarms/{alarm_id}/acknowledgements")
    assert (response.status_code, response.json()["is_over"]) == (200, False)
    for person in (a, b):
        (alarm,) = (await seen(person)).values()
        assert list(alarm["acknowledged"]) == [str(a.id)]  # B's own name is not there, so B's console goes on sounding
    before = await centre.seq()
    assert (await a.post(f"/api/alarms/{alarm_id}/acknowledgements")).status_code == 200
    assert await centre.seq() == before
    assert (await b.post(f"/api/alarms/{alarm_id}/acknowledgements")).status_code == 200
    (alarm,) = (await seen(a)).values()
    assert set(alarm["acknowledged"]) == {str(a.id), str(b.id)}  # all have noticed; the emergency is still there
    names = (await b.get("/api/alarms")).json()["names"]
    assert names[str(a.id)] == f"Officer {a.login}"


async def test_only_a_dispatcher_ends_it_and_only_with_a_reason(centre: RunningCentre) -> None:
    dispatcher, taker = [await centre.person(role, Land.WEST) for role in (Role.DISPATCHER, Role.CALL_TAKER)]
    alarm_id = await press(dispatcher, await unit_of(centre))
    path = f"/api/alarms/{alarm_id}/resolution"
    assert (await taker.post(path, {"reason": "safe"})).status_code == 403
    for body in ({}, {"reason": "cause_gone"}, {"reason": ""}):
        assert (await dispatcher.post(path, body)).status_code == 422
    assert alarm_id in await seen(taker)
    assert (await dispatcher.post(path, {"reason": "pressed_by_mistake"})).status_code == 200
    assert await seen(taker) == {}
    assert (await dispatcher.post(path, {"reason": "safe"})).status_code == 409
    over = await taker.post(f"/api/alarms/{alarm_id}/acknowledgements")
    assert (over.status_code, over.json()["is_over"]) == (200, True)
    (row,) = await centre.rows("SELECT clear_reason, cleared_by FROM alarms")
    assert (row["clear_reason"], row["cleared_by"]) == ("pressed_by_mistake", dispatcher.id)


async def test_a_clock_is_not_ended_by_hand(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(CAME)
    running = await open_centre_with(clock)
    person = await running.person(Role.SUPERVISOR, Land.REGION)
    await open_incident(person, Land.WEST_SOUTH, priority="1")
    clock.advance(timedelta(seconds=61))
    await running.centre.watcher.look()
    (alarm_id,) = await seen(person)
    response = await person.post(f"/api/alarms/{alarm_id}/resolution", {"reason": "safe"})
    assert response.status_code == 409
    assert alarm_id in await seen(person)


@pytest.mark.parametrize("status", ["off_duty", "out_of_service", "busy"])
async def test_no_status_of_the_unit_refuses_it(centre: RunningCentre, status: str) -> None:
    person = await centre.person(Role.SUPERVISOR, Land.REGION)
    unit = await unit_of(centre)
    await person.post(f"/api/units/{unit['id']}/status", {"status": status, "version": unit["version"]})
    device = await centre.person(Role.UNIT_DEVICE, Land.WEST)
    assert await press(device, unit) in await seen(person)


async def test_a_device_with_a_wrong_clock_is_heard(centre: RunningCentre) -> None:
    device = await centre.person(Role.UNIT_DEVICE, Land.WEST)
    now = centre.centre.clock.now()
    ahead = await press(device, await unit_of(centre), occurred_at=iso(now + timedelta(days=3)))
    late = await press(device, await unit_of(centre), occurred_at=iso(now - timedelta(hours=3)))
    person = await centre.person(Role.DISPATCHER, Land.WEST)
    alarms = await seen(person)
    assert datetime.fromisoformat(alarms[ahead]["occurred_at"]) <= centre.centre.clock.now()
    assert alarms[late]["occurred_at"] == iso(now - timedelta(hours=3))  # sent late: its age is shown


async def test_ten_presses_at_once_are_one_emergency(centre: RunningCentre) -> None:
    device, person = [await centre.person(role, Land.WEST) for role in (Role.UNIT_DEVICE, Role.DISPATCHER)]
    unit = await unit_of(centre)
    key = new_key()
    presses = [press(device, unit, key) for _ in range(5)] + [press(person, unit) for _ in range(5)]
    assert len(set(await asyncio.gather(*presses))) == 1
    assert len(await seen(person)) == 1
    assert len(await centre.rows("SELECT FROM events WHERE type = 'alarm.raised/1'")) == 1


async def test_after_the_end_the_button_works_again(centre: RunningCentre) -> None:
    person = await centre.person(Role.DISPATCHER, Land.WEST)
    unit = await unit_of(centre)
    first = await press(person, unit)
    await person.post(f"/api/alarms/{first}/resolution", {"reason": "safe"})
    second = await press(person, unit)
    assert second != first
    assert list(await seen(person)) == [second]


async def test_a_busy_account_can_still_press(open_centre_with: OpenCentre) -> None:
    running = await open_centre_with(rate_limit_per_s=1.0)
    unit = await unit_of(running)
    person = await running.person(Role.DISPATCHER, Land.WEST)
    while (await person.get("/api/me")).status_code != 429:
        pass
    await press(person, unit)


async def test_the_place_is_the_stated_one_else_the_last_known_with_its_time(centre: RunningCentre) -> None:
    device, person = [await centre.person(role, Land.WEST) for role in (Role.UNIT_DEVICE, Role.DISPATCHER)]
    units = [await unit_of(centre) for _ in range(3)]
    fix_at = centre.centre.clock.now() - timedelta(minutes=20)
    fix = {"unit_id": units[1]["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(fix_at)}
    assert (await device.post("/api/units/positions", {"positions": [fix]})).status_code == 200
    await centre.centre.positions.flush()
    stated = await press(device, units[0], lon=60.5, lat=40.5, accuracy_m=12.5)
    known, nowhere = [await press(device, unit) for unit in units[1:]]
    alarms = await seen(person)
    assert (alarms[stated]["place"], alarms[stated]["accuracy_m"]) == ({"lon": 60.5, "lat": 40.5}, 12.5)
    assert (alarms[known]["place"], alarms[known]["fix_at"]) == (place_in(Land.WEST_SOUTH), iso(fix_at))
    assert (alarms[nowhere]["place"], alarms[nowhere]["fix_at"]) == (None, None)


async def test_it_names_the_incident_the_unit_works_for_and_makes_up_none(centre: RunningCentre) -> None:
    person = await centre.person(Role.SUPERVISOR, Land.REGION)
    working, idle = await unit_of(centre), await unit_of(centre)
    incident = await open_incident(person, Land.WEST_SOUTH)
    await assign(person, incident, working)
    alarms = [await press(person, unit) for unit in (working, idle)]
    held = await seen(person)
    assert (held[alarms[0]]["incident_id"], held[alarms[0]]["number"]) == (incident["id"], incident["number"])
    assert (held[alarms[1]]["incident_id"], held[alarms[1]]["number"]) == (None, None)
    assert len(await centre.rows("SELECT FROM incidents")) == 1


async def test_an_emergency_climbs_until_the_level_called_has_noticed(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(CAME)
    running = await open_centre_with(clock)
    desk = [await running.person(role, Land.WEST) for role in (Role.DISPATCHER, Role.CALL_TAKER)]
    below, west, region, root = [
        await running.person(Role.SUPERVISOR, land) for land in (Land.WEST_SOUTH, Land.WEST, Land.REGION, Land.ROOT)
    ]
    alarm_id = await press(desk[0], await unit_of(running))

    async def after_half_a_minute() -> tuple[str, int | None]:
        clock.advance(timedelta(seconds=29))
        assert await running.centre.watcher.look() == 0
        clock.advance(timedelta(seconds=1))
        await running.centre.watcher.look()
        alarm = (await seen(root))[alarm_id]
        return alarm["level"], alarm["escalated_to"]

    for person in (*desk, below):  # each has noticed for themselves: it goes up all the same
        await person.post(f"/api/alarms/{alarm_id}/acknowledgements")
    assert await after_half_a_minute() == ("escalated", int(Land.WEST))
    assert await after_half_a_minute() == ("escalated", int(Land.REGION))
    await west.post(f"/api/alarms/{alarm_id}/acknowledgements")  # the level that was called before
    assert await after_half_a_minute() == ("escalated", int(Land.ROOT))
    for _ in range(3):
        assert await after_half_a_minute() == ("escalated", int(Land.ROOT))
    assert alarm_id in await seen(region)  # gone up to the top, it stands until somebody ends it


async def test_an_emergency_stays_where_the_level_called_has_noticed(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(CAME)
    running = await open_centre_with(clock)
    west, region = [await running.person(Role.SUPERVISOR, land) for land in (Land.WEST, Land.REGION)]
    alarm_ids = [await press(west, await unit_of(running)) for _ in range(2)]
    await west.post(f"/api/alarms/{alarm_ids[0]}/acknowledgements")
    for seconds in (30, 30):
        clock.advance(timedelta(seconds=seconds))
        await running.centre.watcher.look()
    alarms = await seen(region)
    assert [alarms[id_]["escalated_to"] for id_ in alarm_ids] == [None, int(Land.REGION)]
    clock.advance(timedelta(seconds=3_600))
    assert await running.centre.watcher.look() == 0


async def test_those_who_may_not_read_alarms_see_none(centre: RunningCentre) -> None:
    person = await centre.person(Role.DISPATCHER, Land.WEST)
    await press(person, await unit_of(centre))
    observer = await centre.person(Role.OBSERVER, Land.WEST)
    assert await seen(observer) == {}
    assert (await observer.get("/api/alarms")).status_code == 403
    assert await seen(await centre.person(Role.DISPATCHER, Land.EAST)) == {}


async def test_an_emergency_outlives_the_process(open_centre_with: OpenCentre) -> None:
    first = await open_centre_with()
    device = await first.person(Role.UNIT_DEVICE, Land.WEST)
    unit = await unit_of(first)
    alarm_id = await press(device, unit)
    again = await open_centre_with(with_land=False)
    person = await again.newcomer(Grant(Role.DISPATCHER, Land.WEST), login="next.shift")
    assert list(await seen(person)) == [alarm_id]
    assert await press(person, unit) == alarm_id
