"""The rows of units and crews for tests/support/operations.py: log-ons, ownership, the roster, mutual aid."""

import secrets
from dataclasses import replace
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

from tests.support.crews import free, log_on
from tests.support.desk import register_unit
from tests.support.land import Land
from tests.support.looks import owner_of
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.people import Person, new_key

from markaz.core.permissions import Grant, Permission, Role
from markaz.kit.clock import iso

P = Permission


def _is_officer(person: Person) -> bool:
    return person.login.startswith(Role.UNIT_OFFICER.value)


async def _plain(_w: World) -> Call:
    return Call()


async def _log_on(w: World) -> Call:
    unit = await w.unit()

    async def ready(person: Person) -> None:
        await free(w.running, person)

    body = {"crew_size": 2, "vehicle": "01-775", "skills": ["medical_aid"]}
    return Call({"unit_id": unit["id"]}, body, ids=(unit["id"],), marks=(unit["call_sign"],), ready=ready)


async def _log_off(w: World) -> Call:
    unit = await w.unit()

    async def ready(person: Person) -> None:
        await free(w.running, person)
        if _is_officer(person):
            await log_on(person, unit)

    return Call({"unit_id": unit["id"]}, ids=(unit["id"],), marks=(unit["call_sign"],), ready=ready)


async def _own_unit(w: World) -> Call:
    unit = await w.unit()

    async def ready(person: Person) -> None:
        await free(w.running, person)
        await log_on(person, unit)

    return Call(marks=(unit["id"],), ready=ready)


async def _loggable(w: World) -> Call:
    unit = await register_unit(w.supervisor, new_key(), Land.WEST_SOUTH, available=False)
    return Call(marks=(unit["id"],))


async def _crew(w: World) -> Call:
    unit = await w.unit()
    await log_on(w.supervisor, unit, crew_size=2)
    return Call({"unit_id": unit["id"]}, ids=(unit["id"],), marks=(unit["id"],))


async def _crews(w: World) -> Call:
    return Call(marks=(await _crew(w)).marks)


async def _owner(w: World) -> Call:
    incident = await w.incident()
    colleague = await w.running.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    body = {"to": str(colleague.id), "version": incident["version"]}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _colleagues(w: World) -> Call:
    colleague = await w.running.newcomer(Grant(Role.CALL_TAKER, Land.WEST_SOUTH))
    return Call(marks=(str(colleague.id),))


async def _presence(w: World) -> Call:
    incident = await w.incident()
    return Call(body={"incident_id": incident["id"]}, ids=(incident["id"],))


def _until(w: World) -> str:
    return iso(w.now + timedelta(hours=2))


async def _ask(w: World) -> Call:
    body = {"territory_id": int(Land.WEST_SOUTH), "from_territory": int(Land.EAST_NORTH), "kind": "patrol_car"}
    return Call(body=body | {"count": 2, "until": _until(w), "reason": "no_free_unit"})


async def _asked(w: World, *, by_west: bool) -> str:
    here, there = (Land.WEST_SOUTH, Land.EAST_SOUTH) if by_west else (Land.EAST_SOUTH, Land.WEST_SOUTH)
    body = {"territory_id": int(here), "from_territory": int(there), "kind": "patrol_car", "count": 1}
    body |= {"until": _until(w), "reason": "nearest"}
    response = await w.supervisor.post("/api/aid-requests", body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def _refusal(w: World) -> Call:
    request_id = await _asked(w, by_west=False)
    return Call({"request_id": request_id}, {"version": 1, "reason": "cover"}, ids=(request_id,))


async def _withdrawal(w: World) -> Call:
    request_id = await _asked(w, by_west=True)
    return Call({"request_id": request_id}, {"version": 1}, ids=(request_id,))


async def _loan(w: World) -> Call:
    unit = await w.unit()
    body = {"to_territory": int(Land.EAST_SOUTH), "until": _until(w), "version": unit["version"]}
    return Call({"unit_id": unit["id"]}, body, ids=(unit["id"],), marks=(unit["call_sign"],))


async def _return(w: World) -> Call:
    unit = await w.unit()
    body = {"to_territory": int(Land.WEST), "until": _until(w), "version": unit["version"]}
    lent = await w.supervisor.post(f"/api/units/{unit['id']}/loan", body)
    assert lent.status_code == 200, lent.text
    version = {"version": lent.json()["version"]}
    return Call({"unit_id": unit["id"]}, version, ids=(unit["id"],), marks=(unit["call_sign"],))


async def _aid(w: World) -> Call:
    return Call(marks=(await _return(w)).ids)


async def _hold(w: World) -> Call:
    incident = await w.incident()
    body = {"until": _until(w), "reason": "an inquiry"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _held(w: World) -> Call:
    call = await _hold(w)
    path = f"/api/incidents/{call.path['incident_id']}/position-hold"
    assert (await w.supervisor.post(path, call.body)).status_code == 200
    return replace(call, body=None, ready=owner_of(call.path["incident_id"]))


_plans = count()


async def _plan(w: World) -> Call:
    number = next(_plans)  # each call plans a shift of its own
    day = w.now.date() + timedelta(days=1 + number // 3 % 60)
    name = ("morning", "evening", "night")[number % 3]
    return Call(body={"territory_id": int(Land.WEST_SOUTH), "name": name, "day": day.isoformat()})


async def _new_shift(w: World) -> str:
    shift_id = uuid4()
    starts_at = w.now + timedelta(hours=2, seconds=secrets.randbelow(4_000_000))
    await w.running.as_owner(
        "INSERT INTO shifts (id, territory_id, name, starts_at, ends_at) VALUES ($1, $2, 'night', $3, $4)",
        shift_id,
        int(Land.WEST_SOUTH),
        starts_at,
        starts_at + timedelta(hours=8),
    )
    return str(shift_id)


async def _shift(w: World) -> Call:
    shift_id = await _new_shift(w)
    return Call({"shift_id": shift_id}, ids=(shift_id,), marks=(shift_id,))


async def _shifts(w: World) -> Call:
    return Call(marks=(await _new_shift(w),))


async def _officer(w: World) -> Person:
    return await w.running.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST_SOUTH))


async def _roster(w: World) -> Call:
    call, unit, officer = await _shift(w), await w.unit(), await _officer(w)
    body = {"version": 1, "entries": [{"unit_id": unit["id"], "account_id": str(officer.id)}]}
    return replace(call, body=body, marks=())


async def _stand(w: World, shift_id: str, *people: Person) -> None:
    unit = await w.unit()
    for person in people:
        await w.running.as_owner("INSERT INTO roster VALUES ($1, $2, $3)", UUID(shift_id), UUID(unit["id"]), person.id)


async def _my_roster(w: World) -> Call:
    shift_id = await _new_shift(w)
    return Call(marks=(shift_id,), ready=lambda person: _stand(w, shift_id, person))


async def _swap_ask(w: World) -> Call:
    shift_id, mate = await _new_shift(w), await _officer(w)
    body = {"shift_id": shift_id, "to": str(mate.id)}
    return Call(body=body, ids=(shift_id,), ready=lambda person: _stand(w, shift_id, person))


async def _new_swap(w: World, state: str = "asked") -> UUID:
    shift_id, swap_id, asks, asked = await _new_shift(w), uuid4(), await _officer(w), await _officer(w)
    await _stand(w, shift_id, asks)
    await w.running.as_owner(
        "INSERT INTO roster_swaps VALUES ($1, $2, $3, $4, $5, now())", swap_id, UUID(shift_id), asks.id, asked.id, state
    )
    return swap_id


async def _swap_step(w: World) -> Call:
    swap_id = await _new_swap(w)

    async def ready(person: Person) -> None:
        await w.running.as_owner("UPDATE roster_swaps SET to_id = $2 WHERE id = $1", swap_id, person.id)

    return Call({"swap_id": str(swap_id)}, {"version": 1, "step": "accepted"}, ids=(str(swap_id),), ready=ready)


async def _swap_decision(w: World) -> Call:
    swap_id = str(await _new_swap(w, "accepted"))
    return Call({"swap_id": swap_id}, {"version": 1, "step": "confirmed"}, ids=(swap_id,))


async def _swaps(w: World) -> Call:
    return Call(marks=(str(await _new_swap(w)),))


REFUSED, FILTERED = Elsewhere.REFUSED, Elsewhere.FILTERED
CREW_OPERATIONS = (
    Operation("GET /api/units/loggable", P.UNIT_LOG_ON, _loggable, FILTERED),
    Operation("POST /api/units/{unit_id}/log-on", P.UNIT_LOG_ON, _log_on, REFUSED, 201),
    Operation("POST /api/units/{unit_id}/log-off", P.UNIT_LOG_ON, _log_off, REFUSED),
    Operation("GET /api/me/unit", P.FIELD_REPORT, _own_unit, FILTERED),
    Operation("GET /api/me/unit/position", P.FIELD_REPORT, _own_unit, FILTERED),
    Operation("GET /api/crews", P.CREW_READ, _crews, FILTERED),
    Operation("GET /api/units/{unit_id}/crew", P.CREW_READ, _crew, REFUSED),
    Operation("POST /api/incidents/{incident_id}/owner", P.INCIDENT_CHANGE, _owner, REFUSED),
    Operation("GET /api/colleagues", P.CREW_READ, _colleagues, FILTERED),
    Operation("PUT /api/presence", P.CREW_READ, _presence, REFUSED, 204),
    Operation("GET /api/aid", P.UNIT_LEND, _aid, FILTERED),
    Operation("POST /api/aid-requests", P.UNIT_LEND, _ask, REFUSED, 201),
    Operation("POST /api/aid-requests/{request_id}/refusal", P.UNIT_LEND, _refusal, REFUSED),
    Operation("POST /api/aid-requests/{request_id}/withdrawal", P.UNIT_LEND, _withdrawal, REFUSED),
    Operation("POST /api/units/{unit_id}/loan", P.UNIT_LEND, _loan, REFUSED),
    Operation("POST /api/units/{unit_id}/return", P.UNIT_LEND, _return, REFUSED),
    Operation("POST /api/incidents/{incident_id}/position-hold", P.POSITION_HOLD, _hold, REFUSED),
    Operation("GET /api/incidents/{incident_id}/positions", P.POSITION_HOLD, _held, REFUSED),
    Operation("GET /api/shifts", P.CREW_READ, _shifts, FILTERED),
    Operation("POST /api/shifts", P.ROSTER_PLAN, _plan, REFUSED, 201),
    Operation("GET /api/shifts/{shift_id}", P.CREW_READ, _shift, REFUSED),
    Operation("PUT /api/shifts/{shift_id}/roster", P.ROSTER_PLAN, _roster, REFUSED),
    Operation("GET /api/me/roster", P.FIELD_REPORT, _my_roster, FILTERED),
    Operation("GET /api/roster-swaps", P.ROSTER_PLAN, _swaps, FILTERED),
    Operation("POST /api/roster-swaps", P.FIELD_REPORT, _swap_ask, REFUSED, 201),
    Operation("POST /api/roster-swaps/{swap_id}/steps", P.FIELD_REPORT, _swap_step, REFUSED),
    Operation("POST /api/roster-swaps/{swap_id}/decision", P.ROSTER_PLAN, _swap_decision, REFUSED),
)
