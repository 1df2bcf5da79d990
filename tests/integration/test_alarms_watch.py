"""The watcher: what it raises, moves, sends up and clears, through restarts, clock jumps, and beside a second one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest_asyncio
from tests.support.centre import RunningCentre, opened_centre
from tests.support.desk import assign, call_body, close, intake_body, open_incident, reach, register_unit
from tests.support.land import Land
from tests.support.people import Person, new_key

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.permissions import Role
from markaz.core.settings import Settings
from markaz.kit.clock import FakeClock, iso


@pytest_asyncio.fixture
async def clock() -> FakeClock:
    return FakeClock(datetime.fromisoformat("2026-03-01T03:12:00+00:00"))


@pytest_asyncio.fixture
async def night(centre_settings: Settings, database: DatabaseAccess, clock: FakeClock) -> AsyncIterator[RunningCentre]:
    """A centre whose clock stands still until it is pushed on."""
    async with opened_centre(centre_settings, database, clock) as running:
        yield running


async def look(running: RunningCentre, clock: FakeClock, seconds: float = 0) -> int:
    clock.advance(timedelta(seconds=seconds))
    return await running.centre.watcher.look()


async def alarms(running: RunningCentre) -> list[Any]:
    return await running.rows("SELECT * FROM alarms ORDER BY raised_at, cause")


async def kinds(running: RunningCentre, *, is_open: bool = True) -> list[str]:
    return [row["kind"] for row in await alarms(running) if (row["cleared_at"] is None) is is_open]


async def officer(running: RunningCentre) -> Person:
    return await running.person(Role.SUPERVISOR, Land.REGION)


async def test_an_incident_without_a_unit_raises_one_alarm_and_only_one(night: RunningCentre, clock: FakeClock) -> None:
    incident = await open_incident(await officer(night), Land.WEST_SOUTH, priority="1")
    assert await look(night, clock, 59) == 0
    assert await look(night, clock, 1) == 1
    for _ in range(3):
        assert await look(night, clock, 2) == 0
    (row,) = await alarms(night)
    assert (row["kind"], str(row["incident_id"]), row["level"]) == ("unassigned", incident["id"], "red")
    assert row["territory_id"] == Land.WEST_SOUTH
    last = (await night.rows("SELECT * FROM events ORDER BY seq DESC LIMIT 1"))[0]
    assert (last["type"], last["occurred_source"], last["actor_id"].int) == ("alarm.raised/1", "centre", 0)


async def test_sending_a_unit_clears_the_alarm_and_its_own_clocks_begin(night: RunningCentre, clock: FakeClock) -> None:
    person = await officer(night)
    incident = await open_incident(person, Land.WEST_SOUTH, priority="1")
    unit = await register_unit(person, new_key(), Land.WEST_SOUTH)
    await look(night, clock, 61)
    incident = await assign(person, incident, unit)
    await look(night, clock)
    assert await kinds(night) == []
    assert [row["clear_reason"] for row in await alarms(night)] == ["cause_gone"]
    await look(night, clock, 61)
    assert await kinds(night) == ["en_route"]
    incident = await reach(person, incident, unit, "en_route")
    await look(night, clock)
    assert await kinds(night) == []
    await look(night, clock, 300)
    assert await kinds(night) == ["arrival"]
    incident = await reach(person, incident, unit, "on_scene")
    await look(night, clock)
    assert await kinds(night) == []
    await look(night, clock, 600)
    assert await kinds(night) == ["welfare"]
    response = await person.post(f"/api/units/{unit['id']}/welfare", {"ok": True})
    assert response.status_code == 200, response.text
    await look(night, clock)
    assert await kinds(night) == []
    await look(night, clock, 601)
    assert await kinds(night) == ["welfare"]  # again, ten minutes after that word
    incident = await reach(person, incident, unit, "cleared")
    await look(night, clock)
    assert await kinds(night) == []


async def test_closing_ends_the_alarm(night: RunningCentre, clock: FakeClock) -> None:
    person = await officer(night)
    incident = await open_incident(person, Land.WEST_SOUTH, priority="1")
    await look(night, clock, 61)
    body = {"version": incident["version"], "outcome": "resolved"}
    await person.post(f"/api/incidents/{incident['id']}/close", body)
    await look(night, clock)
    assert [row["clear_reason"] for row in await alarms(night)] == ["incident_closed"]


async def test_terrain_and_priority_decide_when(night: RunningCentre, clock: FakeClock) -> None:
    person = await officer(night)
    await open_incident(person, Land.WEST_SOUTH, priority="3")
    await open_incident(person, Land.WEST_SOUTH, priority="unknown")  # may be danger to life
    await look(night, clock, 61)
    assert len(await kinds(night)) == 1
    await look(night, clock, 900)
    assert len(await kinds(night)) == 2


async def test_a_held_incident_is_silent_until_its_hold_ends(night: RunningCentre, clock: FakeClock) -> None:
    incident = await open_incident(await officer(night), Land.WEST_SOUTH, priority="1")
    until = clock.now() + timedelta(hours=1)
    await night.as_owner(
        "UPDATE incidents SET held_until = $2, held_reason = 'no_unit' WHERE id = $1", incident["id"], until
    )
    await look(night, clock, 3_599)
    assert await kinds(night) == []
    await look(night, clock, 1)
    assert await kinds(night) == ["held_over"]


async def test_after_a_hold_the_clock_goes_on_from_where_it_stood(night: RunningCentre, clock: FakeClock) -> None:
    person = await officer(night)
    incident = await open_incident(person, Land.WEST_SOUTH, priority="1")  # a minute is allowed
    path = f"/api/incidents/{incident['id']}"
    await look(night, clock, 20)
    hold = {"until": iso(clock.now() + timedelta(hours=1)), "reason": "no_unit"}
    held = await person.post(f"{path}/hold", {"version": incident["version"], **hold})
    await look(night, clock, 600)
    longer = {"until": iso(clock.now() + timedelta(hours=1)), "reason": "no_unit"}
    held = await person.post(f"{path}/hold", {"version": held.json()["version"], **longer})  # one hold, prolonged
    await look(night, clock, 600)
    released = await person.post(f"{path}/release", {"version": held.json()["version"]})
    assert released.status_code == 200, released.text
    view = (await person.get(path)).json()["incident"]
    assert view["waits_from"] == iso(clock.now() - timedelta(seconds=20))
    assert await look(night, clock, 39) == 0
    assert await look(night, clock, 1) == 1
    # What it waited after its hold had ended was nobody's decision and is not credited.
    other = await open_incident(person, Land.WEST_SOUTH, priority="1")
    path = f"/api/incidents/{other['id']}"
    short = {"until": iso(clock.now() + timedelta(seconds=30)), "reason": "no_unit"}
    held = await person.post(f"{path}/hold", {"version": other["version"], **short})
    await look(night, clock, 50)
    assert (await person.post(f"{path}/release", {"version": held.json()["version"]})).status_code == 200
    view = (await person.get(path)).json()["incident"]
    assert view["waits_from"] == iso(clock.now() - timedelta(seconds=20))


async def test_a_call_of_another_system_runs_by_that_systems_clocks(night: RunningCentre, clock: FakeClock) -> None:
    importer = await night.person(Role.IMPORTER, Land.REGION)
    await importer.post("/api/intake/calls", intake_body(new_key(), clock.now()))
    assert await look(night, clock, 36_000) == 0


async def test_an_alarm_follows_its_incident(night: RunningCentre, clock: FakeClock) -> None:
    person = await officer(night)
    incident = await open_incident(person, Land.WEST_SOUTH, priority="1")
    await look(night, clock, 61)
    body = {"version": incident["version"], "territory_id": int(Land.EAST_NORTH), "reason": "wrong side"}
    response = await person.post(f"/api/incidents/{incident['id']}/changes", body)
    assert response.status_code == 200, response.text
    await look(night, clock)
    east, west = [await night.person(Role.DUTY_OFFICER, land) for land in (Land.EAST, Land.WEST)]
    assert len((await east.get("/api/alarms")).json()["items"]) == 1
    assert (await west.get("/api/alarms")).json()["items"] == []


async def level(running: RunningCentre, alarm_id: Any) -> tuple[str, int | None]:
    (row,) = [row for row in await alarms(running) if row["id"] == alarm_id]
    return row["level"], row["escalated_to"]


async def test_what_nobody_acknowledges_climbs_level_by_level_and_ends_at_the_top(
    night: RunningCentre, clock: FakeClock
) -> None:
    await open_incident(await officer(night), Land.WEST_SOUTH, priority="1")
    for land in (Land.WEST, Land.ROOT):
        await night.person(Role.SUPERVISOR, land)
    await look(night, clock, 60)
    ((alarm_id,),) = [(row["id"],) for row in await alarms(night)]
    for land in (Land.WEST, Land.REGION, Land.ROOT):
        assert await look(night, clock, 119) == 0
        assert await look(night, clock, 1) == 1
        assert await look(night, clock) == 0  # once in its time
        assert await level(night, alarm_id) == ("escalated", int(land))
    assert await look(night, clock, 36_000) == 0
    up = await night.rows("SELECT FROM events WHERE type = 'alarm.escalated/1'")
    assert len(up) == 3


async def test_an_acknowledgement_buys_time_and_no_silence_for_ever(night: RunningCentre, clock: FakeClock) -> None:
    """A clock that somebody noticed is red all the same: while nothing is done it goes up, later than another."""
    region = await officer(night)
    west = await night.person(Role.SUPERVISOR, Land.WEST)
    taker = await night.person(Role.CALL_TAKER, Land.WEST)
    for _ in range(2):
        incident = await open_incident(region, Land.WEST_SOUTH, priority="1")
    await look(night, clock, 60)
    by_incident = {str(row["incident_id"]): row["id"] for row in await alarms(night)}
    noticed = by_incident.pop(incident["id"])
    (unnoticed,) = by_incident.values()
    clock.advance(timedelta(seconds=60))
    await taker.post(f"/api/alarms/{noticed}/acknowledgements")
    await look(night, clock, 60)
    assert await level(night, unnoticed) == ("escalated", int(Land.WEST))
    await look(night, clock, 239)
    assert await level(night, noticed) == ("red", None)
    await look(night, clock, 1)
    assert await level(night, noticed) == ("escalated", int(Land.WEST))
    await west.post(f"/api/alarms/{noticed}/acknowledgements")
    await look(night, clock, 299)
    assert await level(night, noticed) == ("escalated", int(Land.WEST))
    unit = await register_unit(region, new_key(), Land.WEST_SOUTH)
    await assign(region, incident, unit)
    await look(night, clock, 1)
    rows = [row for row in await alarms(night) if row["id"] == noticed]
    assert [(row["clear_reason"], row["escalated_to"]) for row in rows] == [("cause_gone", int(Land.WEST))]


async def test_a_level_that_nobody_supervises_is_passed_by(night: RunningCentre, clock: FakeClock) -> None:
    await open_incident(await officer(night), Land.WEST_SOUTH, priority="1")
    await look(night, clock, 60)
    await look(night, clock, 120)
    assert [row["escalated_to"] for row in await alarms(night)] == [int(Land.REGION)]


async def test_a_clock_that_jumps_neither_repeats_nor_loses_an_alarm(night: RunningCentre, clock: FakeClock) -> None:
    await open_incident(await officer(night), Land.WEST_SOUTH, priority="1")
    await look(night, clock, 61)
    for jump in (-7_200, 7_200, 86_400, -90_000, 3_600):
        await look(night, clock, jump)
        assert await kinds(night) == ["unassigned"]
    assert len(await alarms(night)) == 1


async def test_a_late_entry_runs_from_when_the_call_came(night: RunningCentre, clock: FakeClock) -> None:
    came_at = clock.now() - timedelta(minutes=30)
    body = call_body(Land.WEST_SOUTH, priority="1") | {"occurred_at": iso(came_at)}
    response = await (await officer(night)).post("/api/incidents", body)
    assert response.status_code == 201, response.text
    await look(night, clock)
    (row,) = await alarms(night)
    assert row["due_at"] == came_at + timedelta(seconds=60)


async def test_two_watchers_at_once_raise_each_alarm_once(
    night: RunningCentre, clock: FakeClock, centre_settings: Settings, database: DatabaseAccess
) -> None:
    person = await officer(night)
    for _ in range(5):
        await open_incident(person, Land.WEST_SOUTH, priority="1")
    clock.advance(timedelta(seconds=61))
    async with opened_centre(centre_settings, database, clock, with_land=False) as other:
        looks = [running.centre.watcher.look() for running in (night, other) for _ in range(3)]
        changed = await asyncio.gather(*looks)
        changed.append(await other.centre.watcher.look())
    assert sum(changed) == 5
    assert len(await alarms(night)) == 5


async def test_while_another_looks_a_watcher_does_nothing(night: RunningCentre, clock: FakeClock) -> None:
    await open_incident(await officer(night), Land.WEST_SOUTH, priority="1")
    async with night.centre.database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('alarms.watch', 102))")
        assert await look(night, clock, 61) == 0
    assert await look(night, clock) == 1


async def test_a_new_start_finds_the_same_alarms_and_adds_none(
    night: RunningCentre, clock: FakeClock, centre_settings: Settings, database: DatabaseAccess
) -> None:
    await open_incident(await officer(night), Land.WEST_SOUTH, priority="1")
    await look(night, clock, 61)
    async with opened_centre(centre_settings, database, clock, with_land=False) as again:
        assert await again.centre.watcher.look() == 0
        person = await again.newcomer()
        assert (await person.get("/api/alarms")).status_code == 403
    assert len(await alarms(night)) == 1


async def test_the_centre_watches_by_itself(centre_settings: Settings, database: DatabaseAccess) -> None:
    async with opened_centre(centre_settings, database, watch_clocks=True) as running:
        person = await running.person(Role.SUPERVISOR, Land.REGION)
        came_at = running.centre.clock.now() - timedelta(minutes=30)
        body = call_body(Land.WEST_SOUTH, priority="1") | {"occurred_at": iso(came_at)}
        assert (await person.post("/api/incidents", body)).status_code == 201
        async with asyncio.timeout(60):
            while not await alarms(running):  # noqa: ASYNC110 - the watcher tells nobody that it has looked
                await asyncio.sleep(0.1)


async def test_a_reopened_incident_that_every_unit_left_sounds_again_when_nobody_is_sent(
    night: RunningCentre, clock: FakeClock
) -> None:
    desk = await officer(night)
    incident = await open_incident(desk, Land.WEST_SOUTH, priority="1")
    unit = await register_unit(desk, "W-9", Land.WEST_SOUTH)
    incident = await assign(desk, incident, unit)
    for stage in ("on_scene", "cleared"):
        clock.advance(timedelta(seconds=5))
        incident = await reach(desk, incident, unit, stage)
    incident = await close(desk, incident)
    clock.advance(timedelta(hours=1))
    body = {"version": incident["version"], "reason": "He came back"}
    again = await desk.post(f"/api/incidents/{incident['id']}/reopen", body)
    assert again.status_code == 200, again.text
    assert await look(night, clock, 59) == 0
    assert await look(night, clock, 1) == 1
    assert await kinds(night) == ["unassigned"]
