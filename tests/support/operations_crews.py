"""The rows of units and crews for tests/support/operations.py: log-ons, ownership, the roster, mutual aid."""

from tests.support.crews import free, log_on
from tests.support.desk import register_unit
from tests.support.land import Land
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.people import Person, new_key

from markaz.core.permissions import Permission, Role

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


REFUSED, FILTERED = Elsewhere.REFUSED, Elsewhere.FILTERED
CREW_OPERATIONS = (
    Operation("GET /api/units/loggable", P.UNIT_LOG_ON, _loggable, FILTERED),
    Operation("POST /api/units/{unit_id}/log-on", P.UNIT_LOG_ON, _log_on, REFUSED, 201),
    Operation("POST /api/units/{unit_id}/log-off", P.UNIT_LOG_ON, _log_off, REFUSED),
    Operation("GET /api/me/unit", P.FIELD_REPORT, _own_unit, FILTERED),
    Operation("GET /api/me/unit/position", P.FIELD_REPORT, _own_unit, FILTERED),
    Operation("GET /api/crews", P.CREW_READ, _crews, FILTERED),
    Operation("GET /api/units/{unit_id}/crew", P.CREW_READ, _crew, REFUSED),
)
