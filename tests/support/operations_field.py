"""The rows of the unit's phone for tests/support/operations.py."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from tests.support.crews import free, log_on
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.operations_contents import photo_bytes
from tests.support.people import Person

from markaz.core.permissions import Permission
from markaz.kit.clock import iso

P = Permission


def _crew_of(w: World, unit: dict[str, Any]) -> Callable[[Person], Awaitable[None]]:
    async def ready(person: Person) -> None:
        await free(w.running, person)
        await log_on(person, unit)

    return ready


async def _now(w: World) -> Call:
    incident, unit = await w.work()
    return Call(marks=(str(incident["id"]), unit["id"]), ready=_crew_of(w, unit))


async def _report(w: World) -> Call:
    incident, unit = await w.work()
    body = {
        "key": str(uuid4()),
        "kind": "stage",
        "stage": "en_route",
        "unit_id": unit["id"],
        "incident_id": str(incident["id"]),
        "at": iso(w.now),
        "device_now": iso(w.now),
    }
    ids = (str(incident["id"]), unit["id"])
    return Call(body=body, ids=ids, marks=(unit["call_sign"],), ready=_crew_of(w, unit))


async def _emergency(w: World) -> Call:
    unit = await w.unit()
    body = {"key": str(uuid4()), "unit_id": unit["id"], "at": iso(w.now), "device_now": iso(w.now)}
    return Call(body=body, ids=(unit["id"],), marks=(unit["call_sign"],), ready=_crew_of(w, unit))


async def _photo(w: World) -> Call:
    incident, unit = await w.work()
    query = {"key": str(uuid4()), "unit_id": unit["id"], "incident_id": str(incident["id"])}
    query |= {"at": iso(w.now), "device_now": iso(w.now)}
    ids = (str(incident["id"]), unit["id"])
    return Call(query=query, body=photo_bytes(), ids=ids, marks=(unit["call_sign"],), ready=_crew_of(w, unit))


async def _position(w: World) -> Call:
    unit = await w.unit()
    body = {"lon": 60.5, "lat": 40.5, "accuracy_m": 8.0, "age_s": 2.0}
    return Call(body=body, ready=_crew_of(w, unit))


REFUSED, FILTERED = Elsewhere.REFUSED, Elsewhere.FILTERED
FIELD_OPERATIONS = (
    Operation("GET /api/field/now", P.FIELD_REPORT, _now, FILTERED),
    Operation("POST /api/field/reports", P.FIELD_REPORT, _report, REFUSED),
    Operation("POST /api/field/emergencies", P.FIELD_REPORT, _emergency, REFUSED),
    Operation("POST /api/field/photos", P.FIELD_REPORT, _photo, REFUSED),
    Operation("POST /api/field/position", P.FIELD_REPORT, _position, REFUSED, 204),
)
