"""A finished sending entered for the wrong unit is struck out as a whole: it stays to be read, and counts nowhere."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.test_late_entries import Record, enter, entries, old_incident, over, unit_now
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import assign, close, open_incident, reach, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land, place_in
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock, iso

NOON = datetime(2026, 3, 1, 7, tzinfo=UTC)  # 12:00 in Tashkent, where the day of 1 March began at 08:00
WHY = "this was B-2"


@pytest.fixture
async def officer(centre: RunningCentre) -> Person:
    return await centre.person(Role.SUPERVISOR)


@pytest.fixture
async def now(centre: RunningCentre) -> datetime:
    return centre.centre.clock.now().replace(microsecond=0)


async def told(officer: Person, incident: Record, unit: Record) -> list[Record]:
    return [e for e in await entries(officer, incident) if e["detail"].get("unit_id") == unit["id"]]


async def strike(person: Person, officer: Person, incident: Record, seq: int, **changes: Any) -> Any:
    version = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    body = {"version": version, "reason": WHY} | changes
    return await person.post(f"/api/incidents/{incident['id']}/finished-sendings/{seq}/strike", body)


async def struck(officer: Person, incident: Record, unit: Record) -> None:
    """Strike the only finished sending of a unit to an incident; it must be possible."""
    (first,) = [
        e for e in await told(officer, incident, unit) if e["detail"].get("is_finished") and "call_sign" in e["detail"]
    ]
    answer = await strike(officer, officer, incident, first["seq"])
    assert answer.status_code == 200, answer.text


async def shown(officer: Person, incident: Record) -> Record:
    return dict((await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["units"])


async def entered(officer: Person, incident: Record, unit: Record, stages: dict[str, str]) -> None:
    answer = await enter(officer, incident, unit, stages)
    assert answer.status_code == 201, answer.text


async def test_it_goes_as_a_whole_while_the_unit_works_elsewhere_and_stays_to_be_read(
    officer: Person, now: datetime
) -> None:
    wrong, elsewhere = await register_unit(officer, "B-1"), await open_incident(officer)
    await reach(officer, await assign(officer, elsewhere, wrong), wrong, "en_route")
    incident, before = await old_incident(officer, now), await unit_now(officer, wrong)
    stages = over(now, 90, 40, on_scene=80)
    await entered(officer, incident, wrong, stages)
    await struck(officer, incident, wrong)
    assert await unit_now(officer, wrong) == before
    assert await shown(officer, incident) == {}
    *old, last = await told(officer, incident, wrong)
    assert [(e["corrected_by"], e["void"], e["late"]) for e in old] == [(last["seq"], True, True)] * 3
    assert (last["type"], last["corrects"], last["reason"]) == ("incident.sending_struck/1", old[0]["seq"], WHY)
    assert last["actor"]["id"] == str(officer.id)
    assert (last["detail"]["call_sign"], last["detail"]["stages"]) == ("B-1", stages)
    right = await register_unit(officer, "B-2")
    await entered(officer, incident, right, stages)
    assert list(await shown(officer, incident)) == [right["id"]]


async def test_the_unit_was_free_then_after_all(officer: Person, now: datetime) -> None:
    unit, first, second = (
        await register_unit(officer, "B-1"),
        await old_incident(officer, now),
        await old_incident(officer, now),
    )
    await entered(officer, first, unit, over(now, 90, 60))
    assert (await enter(officer, second, unit, over(now, 80, 70))).status_code == 409
    await struck(officer, first, unit)
    await entered(officer, second, unit, over(now, 80, 70))


async def test_the_sending_before_it_is_shown_again_and_one_under_way_goes_on(officer: Person, now: datetime) -> None:
    unit, incident = await register_unit(officer, "B-1"), await old_incident(officer, now)
    await entered(officer, incident, unit, over(now, 110, 100, on_scene=105))
    first = await shown(officer, incident)
    await entered(officer, incident, unit, over(now, 90, 40))
    assert (await shown(officer, incident))[unit["id"]]["ordinal"] == 2
    newest = [e for e in await told(officer, incident, unit) if e["detail"].get("ordinal") == 2]
    assert (await strike(officer, officer, incident, newest[0]["seq"])).status_code == 200
    assert await shown(officer, incident) == first
    open_now = (await officer.get("/api/snapshot")).json()["incidents"]
    assert [one["units"] for one in open_now if one["id"] == incident["id"]] == [first]
    version = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    await assign(officer, incident | {"version": version}, unit)
    under_way = await shown(officer, incident)
    oldest = (await told(officer, incident, unit))[0]
    assert (await strike(officer, officer, incident, oldest["seq"])).status_code == 200
    assert await shown(officer, incident) == under_way


async def test_a_summary_that_was_made_stays_and_tells_it_as_a_correction_of_its_day(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock(NOON)
    centre = await open_centre_with(clock, session_hours=72)
    officer = await centre.person(Role.SUPERVISOR)
    unit, other, incident = (
        await register_unit(officer, "B-1"),
        await register_unit(officer, "B-2"),
        await open_incident(officer),
    )
    clock.advance(timedelta(hours=2))
    await entered(officer, incident, unit, over(clock.now(), 110, 40, on_scene=100))
    await entered(officer, incident, other, over(clock.now(), 110, 80, on_scene=90))
    version = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    await close(officer, incident | {"version": version})

    async def make() -> Record:
        made = await officer.post("/api/summaries", {"territory_id": int(Land.REGION), "day": "2026-03-01"})
        assert made.status_code == 201, made.text
        return dict((await officer.get(f"/api/summaries/{made.json()['id']}")).json())

    summary = await make()
    assert summary["content"]["forces"] == {"units": 2, "sendings": 2, "unit_s": 100 * 60, "unknown": 0}
    assert [row["p50_s"] for row in summary["content"]["response"]] == [20 * 60]
    clock.advance(timedelta(days=1))
    await struck(officer, incident, unit)  # of a closed incident, a day later
    changes = (await officer.get(f"/api/summaries/{summary['id']}/changes")).json()["items"]
    assert [(one["figure"], one["n"], one["numbers"]) for one in changes] == [("response", 1, [incident["number"]])]
    assert (await officer.get(f"/api/summaries/{summary['id']}/check")).json()["same"]
    again = await make()
    assert again["content"]["forces"] == {"units": 1, "sendings": 1, "unit_s": 30 * 60, "unknown": 0}
    assert [row["p50_s"] for row in again["content"]["response"]] == [30 * 60]
    live = (await officer.get("/api/figures/response")).json()["rows"]
    assert [row["p50_s"] for row in live] == [30 * 60]


async def test_the_crew_of_the_wrong_unit_has_nothing_to_do_with_it_and_its_phone_says_nothing_of_it(
    centre: RunningCentre, officer: Person, now: datetime
) -> None:
    crew = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    unit, incident = (
        await register_unit(officer, "B-1", Land.WEST_SOUTH, available=False),
        await old_incident(officer, now),
    )
    await log_on(crew, unit)
    await entered(officer, incident, unit, over(now, 90, 1))
    body = {"kind": "note", "unit_id": unit["id"], "incident_id": incident["id"], "text": "all quiet"}

    async def note() -> int:
        times = {"at": iso(now), "device_now": iso(centre.centre.clock.now())}
        return (await crew.post("/api/field/reports", body | times | {"key": str(uuid4())})).status_code

    assert await note() == 200
    await struck(officer, incident, unit)
    assert await note() == 404


async def test_a_hold_shows_and_copies_no_position_of_a_unit_that_never_was_there(open_centre_with: OpenCentre) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock, session_hours=72)
    officer = await centre.person(Role.SUPERVISOR, Land.REGION)
    device = await centre.person(Role.UNIT_DEVICE, Land.WEST)
    incident, unit = await open_incident(officer), await register_unit(officer, "B-1")
    clock.advance(timedelta(minutes=30))
    fix = {"unit_id": unit["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(clock.now())}
    assert (await device.post("/api/units/positions", {"positions": [fix]})).status_code == 200
    await centre.centre.positions.flush()
    clock.advance(timedelta(minutes=30))
    await entered(officer, incident, unit, over(clock.now(), 50, 10))
    path, hold = (
        f"/api/incidents/{incident['id']}",
        {"until": iso(clock.now() + timedelta(days=90)), "reason": "an inquiry"},
    )
    assert (await officer.post(f"{path}/position-hold", hold)).json()["positions"] == 1
    assert len((await officer.get(f"{path}/positions")).json()["items"]) == 1
    await struck(officer, incident, unit)
    assert (await officer.get(f"{path}/positions")).json()["items"] == []
    await centre.as_owner("DELETE FROM held_positions")
    assert (await officer.post(f"{path}/position-hold", hold)).json()["positions"] == 0


async def test_it_excuses_no_look_of_the_crew_any_more(centre: RunningCentre, officer: Person, now: datetime) -> None:
    grants = (Grant(Role.DUTY_OFFICER, Land.WEST), Grant(Role.UNIT_OFFICER, Land.WEST))
    viewer, unit = await centre.newcomer(*grants), await register_unit(officer, "B-1", Land.WEST_SOUTH)
    await log_on(officer, unit, viewer)
    caller = {"name": "Zebo Karimova", "phone": "+998 90 111 22 33"}
    incident = await open_incident(officer, occurred_at=iso(now - timedelta(hours=2)), caller=caller)
    await entered(officer, incident, unit, over(now, 90, 1))
    version = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    asked = await viewer.post(f"/api/incidents/{incident['id']}/backup", {"version": version, "count": 1})
    assert asked.status_code == 200, asked.text

    async def is_marked() -> bool:
        assert (await viewer.get(f"/api/incidents/{incident['id']}")).json()["sealed"] is not None
        rows = await centre.rows(
            "SELECT (details ->> 'edited_before')::boolean AS edited FROM audit_entries WHERE actor_id = $1 "
            "AND action = 'incident.read_sealed' ORDER BY id DESC LIMIT 1",
            viewer.id,
        )
        return bool(rows[0]["edited"])

    assert not await is_marked()
    await struck(officer, incident, unit)
    assert await is_marked()


async def test_only_a_finished_sending_is_struck_once_at_the_version_seen(officer: Person, now: datetime) -> None:
    unit, live, incident = (
        await register_unit(officer, "B-1"),
        await register_unit(officer, "B-2"),
        await old_incident(officer, now),
    )
    await entered(officer, incident, unit, over(now, 90, 40, on_scene=80))
    version = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    incident |= await assign(officer, incident | {"version": version}, live)
    first, arrived, _ = await told(officer, incident, unit)
    (sent,) = await told(officer, incident, live)
    other = await open_incident(officer)
    for seq, place in ((sent["seq"], incident), (arrived["seq"], incident), (first["seq"], other)):
        assert (await strike(officer, officer, place, seq)).status_code == 404
    assert (await strike(officer, officer, incident, first["seq"], version=1)).json()["code"] == "version_conflict"
    assert (await strike(officer, officer, incident, first["seq"], reason="")).status_code == 422
    assert (await strike(officer, officer, incident, first["seq"])).status_code == 200
    twice = await strike(officer, officer, incident, first["seq"])
    assert (twice.status_code, twice.json()["code"]) == (409, "not_possible_now")
    version = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    mend = {"version": version, "corrects_seq": arrived["seq"], "unit_id": unit["id"], "stage": "on_scene"}
    mend |= {"occurred_at": iso(now - timedelta(minutes=70)), "reason": "it was there"}
    assert (await officer.post(f"/api/incidents/{incident['id']}/corrections", mend)).status_code == 409


async def test_who_may_not_correct_times_strikes_nothing(centre: RunningCentre, officer: Person, now: datetime) -> None:
    unit, incident = await register_unit(officer, "B-1"), await old_incident(officer, now)
    await entered(officer, incident, unit, over(now, 90, 40))
    first = (await told(officer, incident, unit))[0]
    for person, refused in (
        (await centre.person(Role.CALL_TAKER, Land.WEST), 403),
        (await centre.person(Role.DUTY_OFFICER, Land.EAST), 404),
        (await centre.person(Role.DISPATCHER, Land.WEST), 200),
    ):
        assert (await strike(person, officer, incident, first["seq"])).status_code == refused
