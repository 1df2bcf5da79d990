"""Units lent to a neighbour: asked for, lent until a time, back by hand or by themselves; and positions an incident holds."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, reach, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land, place_in
from tests.support.people import Person

from markaz.core.permissions import Role
from markaz.kit.clock import FakeClock, iso
from markaz.programmes.incidents.crews.aid import bring_home
from markaz.programmes.incidents.crews.holds import forget


async def desks(centre: RunningCentre) -> tuple[Person, Person]:
    """The neighbour that lends, and the one that borrows."""
    return await centre.person(Role.DUTY_OFFICER, Land.WEST), await centre.person(Role.DUTY_OFFICER, Land.EAST)


async def a_unit(centre: RunningCentre, sign: str = "P-12", territory: Land = Land.WEST) -> dict[str, Any]:
    return await register_unit(await centre.person(Role.SUPERVISOR, Land.REGION), sign, territory)


def until(centre: RunningCentre, hours: float = 2) -> str:
    return iso(centre.centre.clock.now() + timedelta(hours=hours))


async def lend(centre: RunningCentre, unit: dict[str, Any], **more: Any) -> Any:
    west, _ = await desks(centre)
    body = {"to_territory": int(Land.EAST), "until": until(centre), "version": unit["version"], **more}
    return await west.post(f"/api/units/{unit['id']}/loan", body)


async def units_of(person: Person) -> dict[str, Any]:
    return {item["id"]: item for item in (await person.get("/api/units")).json()["items"]}


async def test_a_unit_that_is_lent_leaves_one_picture_and_is_sent_from_the_other(centre: RunningCentre) -> None:
    west, east = await desks(centre)
    unit = await a_unit(centre)
    assert (await lend(centre, unit)).status_code == 200
    assert unit["id"] not in await units_of(west)
    view = (await units_of(east))[unit["id"]]
    assert view["lent"]["home_territory_id"] == Land.WEST
    out = (await west.get("/api/aid")).json()["lent"]
    assert [(one["id"], one["is_overdue"]) for one in out] == [(unit["id"], False)]
    await assign(east, await open_incident(east, Land.EAST_SOUTH), unit)
    busy = await east.post(f"/api/units/{unit['id']}/return", {"version": view["version"] + 1})
    assert (busy.status_code, busy.json()["code"]) == (409, "not_possible_now")


async def test_two_units_of_one_call_sign_may_meet_and_the_home_keeps_its_own(centre: RunningCentre) -> None:
    west, east = await desks(centre)
    lent, _own = await a_unit(centre), await a_unit(centre, territory=Land.EAST)
    assert (await lend(centre, lent)).status_code == 200
    theirs = [one for one in (await units_of(east)).values() if one["call_sign"] == "P-12"]
    assert sorted(one["lent"] is None for one in theirs) == [False, True]
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    body = {"call_sign": "P-12", "kind": "patrol_car", "territory_id": int(Land.WEST)}
    assert (await supervisor.post("/api/units", body)).status_code == 422  # it is only lent
    version = (await units_of(east))[lent["id"]]["version"]
    assert (await west.post(f"/api/units/{lent['id']}/return", {"version": version})).status_code == 200
    assert lent["id"] in await units_of(west)


async def test_a_request_is_met_refused_with_a_reason_or_expires(open_centre_with: OpenCentre) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock)
    west, east = await desks(centre)
    ask = {"territory_id": int(Land.EAST), "from_territory": int(Land.WEST), "kind": "patrol_car", "count": 1}
    ask |= {"until": until(centre), "reason": "no_free_unit"}
    ids = [(await east.post("/api/aid-requests", ask)).json()["id"] for _ in range(3)]
    assert (await lend(centre, await a_unit(centre), request_id=ids[0])).status_code == 200
    refusal = {"version": 1, "reason": "cover"}
    assert (await east.post(f"/api/aid-requests/{ids[1]}/refusal", refusal)).status_code == 404  # not the one asked
    assert (await west.post(f"/api/aid-requests/{ids[1]}/refusal", refusal)).status_code == 200
    assert (await lend(centre, await a_unit(centre, "P-13"), request_id=ids[1])).status_code == 409
    clock.advance(timedelta(hours=3))
    async with centre.centre.database.transaction() as connection:
        await bring_home(connection, clock.now())
    states = {one["id"]: (one["state"], one["refusal"]) for one in (await east.get("/api/aid")).json()["requests"]}
    assert states == {ids[0]: ("met", None), ids[1]: ("refused", "cover"), ids[2]: ("expired", None)}


async def comes_home(centre: RunningCentre, clock: FakeClock, desk: Person, unit: dict[str, Any]) -> bool:
    """Say whether a unit is home after the job ran; the centre's own job may have it in hand at this moment."""
    for _ in range(50):
        async with centre.centre.database.transaction() as connection:
            await bring_home(connection, clock.now())
        if unit["id"] in await units_of(desk):
            return True
        await asyncio.sleep(0.1)
    return False


async def test_a_loan_ends_by_itself_but_not_while_the_unit_works_also_after_a_restart(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock)
    west, east = await desks(centre)
    units = [await a_unit(centre, sign) for sign in ("free", "busy")]
    for unit in units:
        assert (await lend(centre, unit)).status_code == 200
    incident = await assign(east, await open_incident(east, Land.EAST_SOUTH), units[1])
    clock.advance(timedelta(hours=3))
    again = await open_centre_with(clock, with_land=False)  # another process that finds the same tables
    assert await comes_home(again, clock, west, units[0])
    over = (await east.get("/api/aid")).json()["lent"]
    assert [(one["id"], one["is_overdue"]) for one in over] == [(units[1]["id"], True)]
    await reach(east, incident, units[1], "cleared")
    assert await comes_home(centre, clock, west, units[1])
    recorded = await centre.rows("SELECT from_territory_id, territory_id FROM events WHERE type = 'unit.returned/1'")
    assert {tuple(row) for row in recorded} == {(Land.EAST, Land.WEST)}


async def test_only_a_free_unit_is_lent_once_and_not_for_ever(centre: RunningCentre) -> None:
    west, _ = await desks(centre)
    unit = await a_unit(centre)
    for wrong in ({"until": until(centre, -1)}, {"until": until(centre, 24 * 8)}, {"to_territory": int(Land.WEST)}):
        assert (await lend(centre, unit, **wrong)).status_code == 422
    assert (await lend(centre, unit, version=99)).status_code == 409
    busy = await a_unit(centre, "P-13")
    await assign(west, await open_incident(west), busy)
    current = (await units_of(west))[busy["id"]]["version"]
    assert (await lend(centre, busy, version=current)).json()["code"] == "not_possible_now"
    done = await lend(centre, unit)
    again = await lend(centre, unit, version=done.json()["version"])
    assert again.json()["code"] == "not_possible_now"


async def test_positions_go_after_thirty_days_unless_an_incident_holds_them(open_centre_with: OpenCentre) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock, session_hours=72)
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    device = await centre.person(Role.UNIT_DEVICE, Land.WEST)
    unit, other = await a_unit(centre), await a_unit(centre, "P-13")

    async def report() -> None:
        at = iso(clock.now())
        fixes = [{"unit_id": one["id"], **place_in(Land.WEST_SOUTH), "fix_at": at} for one in (unit, other)]
        assert (await device.post("/api/units/positions", {"positions": fixes})).status_code == 200
        await centre.centre.positions.flush()

    await report()  # before it is sent: not the incident's
    clock.advance(timedelta(minutes=5))
    incident = await assign(supervisor, await open_incident(supervisor), unit)
    clock.advance(timedelta(minutes=5))
    await report()
    path = f"/api/incidents/{incident['id']}"
    assert (await supervisor.get(f"{path}/positions")).status_code == 404
    wrong = {"until": until(centre, 24 * 400), "reason": "an inquiry"}
    assert (await supervisor.post(f"{path}/position-hold", wrong)).status_code == 422
    hold = {"until": until(centre, 24 * 90), "reason": "Canary inquiry"}
    assert (await supervisor.post(f"{path}/position-hold", hold)).json()["positions"] == 1
    clock.advance(timedelta(minutes=5))
    await report()  # it works on: what comes later is held as well
    clock.advance(timedelta(days=31))
    async with centre.centre.database.transaction() as connection:
        await forget(connection, clock.now())
    assert await centre.rows("SELECT 1 FROM unit_positions") == []
    again = await centre.sign_in_again(supervisor.id)
    items = (await again.get(f"{path}/positions")).json()["items"]
    assert [(item["call_sign"]) for item in items] == ["P-12", "P-12"]
    looks = await centre.rows("SELECT reason FROM audit_entries WHERE action = 'incident.read_held_positions'")
    assert len(looks) == 1
    assert await centre.rows("SELECT 1 FROM events WHERE payload::text LIKE '%Canary%'") == []
    clock.advance(timedelta(days=60))
    async with centre.centre.database.transaction() as connection:
        assert await forget(connection, clock.now()) == 2
    last = await centre.sign_in_again(supervisor.id)
    assert (await last.get(f"{path}/positions")).status_code == 404


async def test_a_hold_keeps_nothing_of_a_unit_after_it_was_withdrawn_or_went_on_with_a_merge(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock, session_hours=72)
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    device = await centre.person(Role.UNIT_DEVICE, Land.WEST)
    unit, moved = await a_unit(centre), await a_unit(centre, "P-13")

    async def report() -> None:
        clock.advance(timedelta(minutes=5))
        fixes = [
            {"unit_id": one["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(clock.now())} for one in (unit, moved)
        ]
        assert (await device.post("/api/units/positions", {"positions": fixes})).status_code == 200
        await centre.centre.positions.flush()
        clock.advance(timedelta(minutes=5))

    left = await assign(supervisor, await open_incident(supervisor), unit)
    merged, into = await assign(supervisor, await open_incident(supervisor), moved), await open_incident(supervisor)
    await report()
    back = {"version": left["version"], "reason": "not_needed"}
    done = await supervisor.post(f"/api/incidents/{left['id']}/assignments/{unit['id']}/withdrawal", back)
    assert done.status_code == 200, done.text
    same = {"version": merged["version"], "into_id": into["id"], "reason": "the same"}
    done = await supervisor.post(f"/api/incidents/{merged['id']}/merge", same)
    assert done.status_code == 200, done.text
    await report()
    await report()
    hold = {"until": until(centre, 24 * 90), "reason": "an inquiry"}
    for incident in (left, merged):
        answer = await supervisor.post(f"/api/incidents/{incident['id']}/position-hold", hold)
        assert answer.json()["positions"] == 1, answer.text
