"""The roster and its swaps: A asks, B accepts, the supervisor confirms; and who is not logged on yet, without a score."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock


async def a_shift(centre: RunningCentre, *people: Person, days: int = 1) -> tuple[str, dict[str, Any]]:
    """Plan tomorrow's morning shift with these people on one unit; return its id and the unit."""
    supervisor = await centre.person(Role.SUPERVISOR, Land.WEST)
    unit = await register_unit(await centre.person(Role.SUPERVISOR, Land.REGION), "U1", Land.WEST, available=False)
    day = (centre.centre.clock.now() + timedelta(days=days)).date().isoformat()
    body = {"territory_id": int(Land.WEST), "name": "morning", "day": day}
    shift_id = (await supervisor.post("/api/shifts", body)).json()["id"]
    entries = [{"unit_id": unit["id"], "account_id": str(one.id)} for one in people]
    planned = await supervisor.send("PUT", f"/api/shifts/{shift_id}/roster", {"version": 1, "entries": entries})
    assert planned.status_code == 200, planned.text
    return shift_id, unit


async def an_officer(centre: RunningCentre) -> Person:
    return await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))


async def standing(centre: RunningCentre, shift_id: str) -> set[UUID]:
    rows = await centre.rows("SELECT account_id FROM roster WHERE shift_id = $1", UUID(shift_id))
    return {row["account_id"] for row in rows}


async def test_a_swap_takes_the_word_of_both_and_of_the_supervisor(centre: RunningCentre) -> None:
    asks, asked, third = [await an_officer(centre) for _ in range(3)]
    supervisor = await centre.person(Role.SUPERVISOR, Land.WEST)
    shift_id, _ = await a_shift(centre, asks)
    swap = (await asks.post("/api/roster-swaps", {"shift_id": shift_id, "to": str(asked.id)})).json()
    steps = f"/api/roster-swaps/{swap['id']}"
    early = await supervisor.post(f"{steps}/decision", {"version": 1, "step": "confirmed"})
    assert early.json()["code"] == "not_possible_now"
    assert (await third.post(f"{steps}/steps", {"version": 1, "step": "accepted"})).status_code == 404
    assert (await asks.post(f"{steps}/steps", {"version": 1, "step": "accepted"})).status_code == 403
    assert (await asked.post(f"{steps}/steps", {"version": 1, "step": "accepted"})).status_code == 200
    assert await standing(centre, shift_id) == {asks.id}
    assert (await supervisor.post(f"{steps}/decision", {"version": 1, "step": "confirmed"})).status_code == 409
    assert (await supervisor.post(f"{steps}/decision", {"version": 2, "step": "confirmed"})).status_code == 200
    assert await standing(centre, shift_id) == {asked.id}
    assert [one["id"] for one in (await asked.get("/api/me/roster")).json()["shifts"]] == [shift_id]


async def test_a_swap_ends_where_either_says_no_and_one_is_asked_at_a_time(centre: RunningCentre) -> None:
    asks, asked, other = [await an_officer(centre) for _ in range(3)]
    shift_id, _ = await a_shift(centre, asks)
    first = (await asks.post("/api/roster-swaps", {"shift_id": shift_id, "to": str(asked.id)})).json()
    second = await asks.post("/api/roster-swaps", {"shift_id": shift_id, "to": str(other.id)})
    assert second.json()["code"] == "not_possible_now"
    declined = {"version": 1, "step": "declined"}
    assert (await asked.post(f"/api/roster-swaps/{first['id']}/steps", declined)).status_code == 200
    again = await asks.post("/api/roster-swaps", {"shift_id": shift_id, "to": str(other.id)})
    assert again.status_code == 201
    withdrawn = {"version": 1, "step": "withdrawn"}
    assert (await asks.post(f"/api/roster-swaps/{again.json()['id']}/steps", withdrawn)).status_code == 200
    assert await standing(centre, shift_id) == {asks.id}


async def test_who_is_not_logged_on_shows_after_ten_minutes_and_is_kept_nowhere(open_centre_with: OpenCentre) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock, session_hours=72)
    here, late = await an_officer(centre), await an_officer(centre)
    shift_id, unit = await a_shift(centre, here, late)
    desk = await centre.person(Role.DUTY_OFFICER, Land.WEST)

    async def missing() -> set[str]:
        entries = (await desk.get(f"/api/shifts/{shift_id}")).json()["entries"]
        return {one["account_id"] for one in entries if one["is_missing"]}

    starts_at = (await centre.rows("SELECT starts_at FROM shifts"))[0]["starts_at"]
    clock.at = starts_at
    await log_on(here, unit, shift_id=shift_id)
    assert await missing() == set()
    clock.advance(timedelta(minutes=10))
    assert await missing() == {str(late.id)}
    logon = (await desk.get(f"/api/units/{unit['id']}/crew")).json()["log_on"]
    assert logon["shift"]["id"] == shift_id
    clock.advance(timedelta(hours=8))
    assert await missing() == set()
    kinds = {row["type"] for row in await centre.rows("SELECT type FROM events WHERE type LIKE 'shift.%'")}
    assert kinds == {"shift.planned/1", "shift.roster_changed/1"}


async def test_the_roster_names_each_once_and_only_units_and_officers_of_its_territory(centre: RunningCentre) -> None:
    officer, stranger = await an_officer(centre), await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.EAST))
    supervisor = await centre.person(Role.SUPERVISOR, Land.WEST)
    shift_id, unit = await a_shift(centre, officer)
    far = await register_unit(await centre.person(Role.SUPERVISOR, Land.REGION), "U9", Land.EAST)
    twice = [{"unit_id": unit["id"], "account_id": str(officer.id)}] * 2
    for entries in (
        twice,
        [{"unit_id": unit["id"], "account_id": str(stranger.id)}],
        [{"unit_id": far["id"], "account_id": str(officer.id)}],
    ):
        refused = await supervisor.send("PUT", f"/api/shifts/{shift_id}/roster", {"version": 2, "entries": entries})
        assert (refused.status_code, refused.json()["details"]["field"]) == (422, "entries")
    stale = await supervisor.send("PUT", f"/api/shifts/{shift_id}/roster", {"version": 1, "entries": []})
    assert stale.json()["code"] == "version_conflict"
