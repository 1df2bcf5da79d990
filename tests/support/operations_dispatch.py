"""The rows of the operations that send units."""

from datetime import timedelta

from tests.support.operation import Call, Elsewhere, Operation, World

from markaz.core.permissions import Permission
from markaz.kit.clock import iso
from markaz.programmes.incidents.dispatch.routes import MOST_ITEMS

REFUSED = Elsewhere.REFUSED
DISPATCH = Permission.INCIDENT_DISPATCH


async def _recommendations(w: World) -> Call:
    incident, unit = await w.incident(), await w.unit()
    query = {"limit": MOST_ITEMS}  # the shared centre holds hundreds of units by now
    return Call({"incident_id": incident["id"]}, query=query, ids=(incident["id"],), marks=(unit["call_sign"],))


async def _dispatch(w: World) -> Call:
    incident, unit, other = await w.incident(), await w.unit(), await w.unit()
    body = {"unit_ids": [unit["id"], other["id"]], "version": incident["version"]}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],), marks=(unit["call_sign"],))


async def _finished_sending(w: World) -> Call:
    incident, unit = await w.incident(), await w.unit()
    now = iso(w.now)  # the incident is of this moment: it began and ended in it
    body = {"unit_id": unit["id"], "version": incident["version"], "stages": {"assigned": now, "cleared": now}}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"], unit["id"]), marks=(unit["call_sign"],))


async def _strike(w: World) -> Call:
    call = await _finished_sending(w)
    done = await w.supervisor.post(f"/api/incidents/{call.ids[0]}/finished-sendings", call.body)
    seq = (await w.supervisor.get(f"/api/incidents/{call.ids[0]}/timeline")).json()["entries"][1]["seq"]
    body = {"version": done.json()["version"], "reason": "another unit"}
    return Call(call.path | {"seq": seq}, body, ids=call.ids, marks=call.marks)


async def _withdrawal(w: World) -> Call:
    incident, unit = await w.work()
    path = {"incident_id": incident["id"], "unit_id": unit["id"]}
    body = {"version": incident["version"], "reason": "not_needed"}
    return Call(path, body, ids=(incident["id"], unit["id"]), marks=(unit["call_sign"],))


async def _diversion(w: World) -> Call:
    _, unit = await w.work()
    incident = await w.incident()
    body = {"unit_id": unit["id"], "version": incident["version"], "unit_version": unit["version"] + 1}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"], unit["id"]), marks=(unit["call_sign"],))


async def _swap(w: World) -> Call:
    incident, unit = await w.work()
    other = await w.unit()
    body = {"out_unit_id": unit["id"], "in_unit_id": other["id"], "version": incident["version"]}
    ids = (incident["id"], unit["id"], other["id"])
    return Call({"incident_id": incident["id"]}, body, ids=ids, marks=(unit["call_sign"], other["call_sign"]))


async def _hold(w: World) -> Call:
    incident = await w.incident()
    body = {"until": iso(w.now + timedelta(hours=1)), "reason": "no_unit", "version": incident["version"]}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _release(w: World) -> Call:
    call = await _hold(w)
    held = await w.supervisor.post(f"/api/incidents/{call.ids[0]}/hold", call.body)
    return Call(call.path, {"version": held.json()["version"]}, ids=call.ids)


async def _backup(w: World) -> Call:
    incident = await w.incident()
    return Call({"incident_id": incident["id"]}, {"count": 2, "version": incident["version"]}, ids=(incident["id"],))


async def _backup_withdrawal(w: World) -> Call:
    call = await _backup(w)
    asked = await w.supervisor.post(f"/api/incidents/{call.ids[0]}/backup", call.body)
    return Call(call.path, {"version": asked.json()["version"]}, ids=call.ids)


async def _undo(_w: World) -> Call:
    return Call()


INCIDENT = "/api/incidents/{incident_id}"
DISPATCH_OPERATIONS = (
    Operation(f"GET {INCIDENT}/recommendations", DISPATCH, _recommendations, REFUSED),
    Operation(f"POST {INCIDENT}/dispatches", DISPATCH, _dispatch, REFUSED, 201),
    Operation(f"POST {INCIDENT}/finished-sendings", DISPATCH, _finished_sending, REFUSED, 201),
    Operation(f"POST {INCIDENT}/finished-sendings/{{seq}}/strike", Permission.INCIDENT_CORRECT, _strike, REFUSED),
    Operation(f"POST {INCIDENT}/assignments/{{unit_id}}/withdrawal", DISPATCH, _withdrawal, REFUSED),
    Operation(f"POST {INCIDENT}/diversions", DISPATCH, _diversion, REFUSED, 201),
    Operation(f"POST {INCIDENT}/swaps", DISPATCH, _swap, REFUSED, 201),
    Operation(f"POST {INCIDENT}/hold", DISPATCH, _hold, REFUSED),
    Operation(f"POST {INCIDENT}/release", DISPATCH, _release, REFUSED),
    Operation(f"POST {INCIDENT}/backup", DISPATCH, _backup, REFUSED),
    Operation(f"POST {INCIDENT}/backup/withdrawal", DISPATCH, _backup_withdrawal, REFUSED),
    Operation("GET /api/undo", DISPATCH, _undo, Elsewhere.FILTERED),
)
