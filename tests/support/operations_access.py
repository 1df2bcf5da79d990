"""The rows of the operations of access: purposes, broken glass, and why."""

from typing import Any
from uuid import uuid4

from tests.support.land import Land
from tests.support.looks import break_glass, new_words, state_purpose, take_over
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.people import Person

from markaz.core.permissions import Grant, Permission, Role

P = Permission
REFUSED, FILTERED = Elsewhere.REFUSED, Elsewhere.FILTERED


async def _mine(_w: World) -> Call:
    return Call()


async def _purpose(w: World) -> Call:
    incident = await w.incident()
    body = {"kind": "incident", "reference": incident["number"], "need": "joint_work", "text": new_words()}

    async def ready(person: Person) -> None:
        await take_over(person, incident["id"])

    return Call(body=body, ready=ready)


async def _end(w: World) -> Call:
    incident = await w.incident()
    path = {"purpose_id": str(uuid4())}

    async def ready(person: Person) -> None:
        await take_over(person, incident["id"])
        stated = await state_purpose(person, incident["number"])
        assert stated.status_code == 201, stated.text
        path["purpose_id"] = stated.json()["id"]

    return Call(path, ready=ready)


async def _glass(w: World) -> Call:
    incident = await w.incident()
    body = {"incident": incident["id"], "ground": "life", "sentence": "she does not answer any more"}
    return Call(body=body, ids=(incident["id"],))


async def _broken(w: World) -> dict[str, Any]:
    incident = await w.incident()
    viewer = await w.running.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST_SOUTH))
    broken = await break_glass(viewer, incident["id"])
    assert broken.status_code == 201, broken.text
    return dict(broken.json())


async def _list(w: World) -> Call:
    return Call(query={"waiting": "true"}, marks=((await _broken(w))["id"],))


async def _read(w: World) -> Call:
    id_ = (await _broken(w))["id"]
    return Call({"glass_id": id_}, ids=(id_,), marks=("she does not answer",))


async def _judge(w: World) -> Call:
    id_ = (await _broken(w))["id"]
    return Call({"glass_id": id_}, {"verdict": "justified", "remark": "a life was at stake"}, ids=(id_,))


async def _take(w: World) -> Call:
    id_ = (await _broken(w))["id"]
    return Call({"glass_id": id_}, {"version": 1}, ids=(id_,))


async def _why(w: World) -> Call:
    incident = await w.incident()
    return Call(query={"incident": incident["id"], "data_class": "note"}, ids=(incident["id"],))


ACCESS_OPERATIONS = (
    Operation("GET /api/access/purpose", P.INCIDENT_READ_SEALED, _mine, FILTERED),
    Operation("POST /api/access/purposes", P.INCIDENT_READ_SEALED, _purpose, REFUSED, 201),
    Operation("POST /api/access/purposes/{purpose_id}/end", P.INCIDENT_READ_SEALED, _end, REFUSED),
    Operation("POST /api/access/glass", P.INCIDENT_READ_SEALED, _glass, REFUSED, 201),
    Operation("GET /api/access/glass", P.GLASS_REVIEW, _list, FILTERED),
    Operation("GET /api/access/glass/{glass_id}", P.GLASS_REVIEW, _read, REFUSED),
    Operation("POST /api/access/glass/{glass_id}/take", P.GLASS_REVIEW, _take, REFUSED),
    Operation("POST /api/access/glass/{glass_id}/verdict", P.GLASS_REVIEW, _judge, REFUSED),
    Operation("GET /api/access/why", P.INCIDENT_READ, _why, REFUSED),
)
