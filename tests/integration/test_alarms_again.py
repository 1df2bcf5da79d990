"""A further press of the button: newest time and place, it sounds again for everybody, one emergency, nothing lost of the first."""

from datetime import datetime, timedelta
from typing import Any

from tests.integration.test_alarms_emergency import CAME, press, seen, unit_of
from tests.integration.test_field import a_crew
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land, place_in

from markaz.core.permissions import Role
from markaz.kit.clock import FakeClock, iso

FIRST: dict[str, Any] = {"lon": 60.5, "lat": 40.5}
SECOND: dict[str, Any] = {"lon": 60.55, "lat": 40.55}


async def history(running: RunningCentre) -> list[str]:
    rows = await running.rows("SELECT type FROM events WHERE type LIKE 'alarm.%' ORDER BY seq")
    return [row["type"] for row in rows]


async def the_alarm(running: RunningCentre, alarm_id: str) -> dict[str, Any]:
    person = await running.person(Role.DISPATCHER, Land.WEST)
    return dict((await seen(person))[alarm_id])


async def test_a_further_press_sounds_again_for_everybody_with_its_own_time_and_place(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock(CAME)
    running = await open_centre_with(clock)
    device, a, b = [
        await running.person(role, Land.WEST) for role in (Role.UNIT_DEVICE, Role.DISPATCHER, Role.CALL_TAKER)
    ]
    unit = await unit_of(running)
    alarm_id = await press(device, unit, **FIRST, accuracy_m=9.0)
    for person in (a, b):
        await person.post(f"/api/alarms/{alarm_id}/acknowledgements?press=1")
    clock.advance(timedelta(minutes=2))
    assert await press(device, unit, **SECOND, accuracy_m=4.0) == alarm_id
    (alarm,) = (await seen(a)).values()
    assert (alarm["place"], alarm["accuracy_m"], alarm["presses"]) == (SECOND, 4.0, 2)
    assert alarm["occurred_at"] == alarm["fix_at"] == iso(CAME + timedelta(minutes=2))
    assert alarm["raised_at"] == iso(CAME)
    assert alarm["acknowledged"] == {}
    # Who noticed the first press says nothing of the second with it, however late that word comes in.
    await a.post(f"/api/alarms/{alarm_id}/acknowledgements?press=1")
    assert (await the_alarm(running, alarm_id))["acknowledged"] == {}
    await a.post(f"/api/alarms/{alarm_id}/acknowledgements?press=2")
    assert list((await the_alarm(running, alarm_id))["acknowledged"]) == [str(a.id)]
    assert await history(running) == [
        "alarm.raised/1",
        "alarm.acknowledged/1",
        "alarm.acknowledged/1",
        "alarm.pressed_again/1",
        "alarm.acknowledged/1",
    ]
    (again,) = await running.rows("SELECT payload FROM events WHERE type = 'alarm.pressed_again/1'")
    assert "CANARY" not in str(again["payload"])
    assert len(await running.rows("SELECT FROM acknowledgements")) == 3


async def test_a_stream_shows_the_further_press_as_the_snapshot_does(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(CAME)
    running = await open_centre_with(clock)
    person = await running.person(Role.DISPATCHER, Land.WEST)
    unit = await unit_of(running)
    alarm_id = await press(person, unit, **FIRST)
    clock.advance(timedelta(minutes=1))
    await press(person, unit, **SECOND)
    (event,) = await running.rows(
        "SELECT payload -> 'view' ->> 'occurred_at' AS at, payload -> 'view' ->> 'presses' AS n, "
        "payload ->> 'was_at' AS was_at FROM events WHERE type = 'alarm.pressed_again/1'"
    )
    alarm = await the_alarm(running, alarm_id)
    assert (event["at"], int(event["n"])) == (alarm["occurred_at"], alarm["presses"])
    assert event["was_at"] == iso(CAME)


async def test_an_old_press_that_comes_late_overwrites_no_newer_one_and_wakes_nobody(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock(CAME)
    running = await open_centre_with(clock)
    device, person = [await running.person(role, Land.WEST) for role in (Role.UNIT_DEVICE, Role.DISPATCHER)]
    unit = await unit_of(running)
    old = iso(CAME - timedelta(minutes=20))
    alarm_id = await press(device, unit, **FIRST)
    await person.post(f"/api/alarms/{alarm_id}/acknowledgements")
    before = await the_alarm(running, alarm_id)
    clock.advance(timedelta(minutes=1))
    assert await press(device, unit, **SECOND, occurred_at=old) == alarm_id
    assert await the_alarm(running, alarm_id) == before
    # That it came in is in the history, with its own time.
    (event,) = await running.rows("SELECT occurred_at, payload FROM events WHERE type = 'alarm.pressed_again/1'")
    assert iso(event["occurred_at"]) == old


async def test_a_press_without_a_place_takes_no_place_away(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(CAME)
    running = await open_centre_with(clock)
    device, person = [await running.person(role, Land.WEST) for role in (Role.UNIT_DEVICE, Role.DISPATCHER)]
    unit = await unit_of(running)
    fix = {"unit_id": unit["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(CAME - timedelta(minutes=20))}
    assert (await device.post("/api/units/positions", {"positions": [fix]})).status_code == 200
    await running.centre.positions.flush()
    alarm_id = await press(device, unit, **FIRST)
    clock.advance(timedelta(minutes=1))
    await press(person, unit)  # said over the radio: newer, and nobody knows where
    alarm = await the_alarm(running, alarm_id)
    assert (alarm["occurred_at"], alarm["presses"]) == (iso(CAME + timedelta(minutes=1)), 2)
    assert (alarm["place"], alarm["fix_at"]) == (FIRST, iso(CAME))


async def test_a_press_that_is_sent_again_is_no_further_press(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    body = crew.report("emergency", incident_id=None, lon=60.5, lat=40.5)
    for _ in range(3):  # the phone does not know that it was heard
        await crew.send(body)
    (alarm,) = (await seen(crew.desk)).values()
    assert alarm["presses"] == 1
    assert (await history(centre)).count("alarm.pressed_again/1") == 0


async def test_a_further_press_goes_up_again_though_the_level_called_had_noticed_the_first(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock(CAME)
    running = await open_centre_with(clock)
    west = await running.person(Role.SUPERVISOR, Land.WEST)
    unit = await unit_of(running)
    alarm_id = await press(west, unit)
    await west.post(f"/api/alarms/{alarm_id}/acknowledgements")
    clock.advance(timedelta(minutes=10))
    await running.centre.watcher.look()
    assert (await seen(west))[alarm_id]["escalated_to"] is None
    await press(west, unit)
    await running.centre.watcher.look()
    assert (await seen(west))[alarm_id]["escalated_to"] == int(Land.WEST)
    assert datetime.fromisoformat((await seen(west))[alarm_id]["occurred_at"]) == clock.now()
