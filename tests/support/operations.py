"""One row for every operation of the API: how to call it rightly, and what somebody of another territory must get.

A row makes fresh records in the western district each time, so rows never disturb one another. A new route without a
row here fails tests/integration/test_permissions_table.py. An area with many rows keeps them in a file of its own.
"""

from dataclasses import replace
from uuid import UUID

from tests.support.desk import call_body, intake_body
from tests.support.land import Land, place_in
from tests.support.operation import Call, Elsewhere, Operation, World, make_world
from tests.support.operations_access import ACCESS_OPERATIONS
from tests.support.operations_account import ACCOUNT_OPERATIONS
from tests.support.operations_alerts import ALERT_OPERATIONS
from tests.support.operations_calls import CALL_OPERATIONS
from tests.support.operations_contents import CONTENTS_OPERATIONS
from tests.support.operations_crews import CREW_OPERATIONS
from tests.support.operations_dispatch import DISPATCH_OPERATIONS
from tests.support.operations_field import FIELD_OPERATIONS
from tests.support.operations_governing import GOVERNING_OPERATIONS
from tests.support.operations_log import LOG_OPERATIONS
from tests.support.operations_oversight import REVIEW_OPERATIONS, RIGHT_OPERATIONS, TASK_OPERATIONS
from tests.support.people import make_person, new_key

from markaz.core.permissions import Grant, Permission, Role
from markaz.kit.clock import iso

__all__ = ["OPERATIONS", "PASSWORD", "Call", "Elsewhere", "Operation", "World", "make_world"]

P = Permission
PASSWORD = "correct horse battery staple"


async def _plain(_w: World) -> Call:
    return Call()


async def _sign_in(w: World) -> Call:
    login = new_key()
    grants = (Grant(Role.OBSERVER, Land.WEST),)
    await make_person(w.running.centre.database, login, grants, now=w.now, password=PASSWORD)
    return Call(body={"login": login, "password": PASSWORD})


async def _incident(w: World) -> Call:
    incident, unit = await w.work()
    ids = (str(incident["id"]),)
    return Call({"incident_id": incident["id"]}, ids=ids, marks=(*ids, unit["call_sign"], unit["id"]))


async def _pictures(w: World) -> Call:
    return replace(await _incident(w), path={}, ids=())


async def _stream(_w: World) -> Call:
    # A stream has no end, so rightful callers ask for a number that is not there yet: they get 410, others 401 or 403.
    return Call(query={"after": 10**15})


async def _counts(w: World) -> Call:
    await w.work()
    return Call({"territory_id": int(Land.WEST_SOUTH)})


async def _boundaries(_w: World) -> Call:
    return Call({"territory_id": int(Land.WEST)})


async def _open(_w: World) -> Call:
    return Call(body=call_body(Land.WEST_SOUTH, note="a note", caller={"name": "Somebody", "phone": "+998 90 1"}))


async def _assign(w: World) -> Call:
    incident, unit = await w.incident(), await w.unit()
    body = {"unit_id": unit["id"], "version": incident["version"]}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"], unit["id"]), marks=(unit["call_sign"],))


async def _stage(w: World) -> Call:
    incident, unit = await w.work()
    path = {"incident_id": incident["id"], "unit_id": unit["id"]}
    body = {"stage": "en_route", "version": incident["version"]}
    return Call(path, body, ids=(incident["id"], unit["id"]), marks=(unit["call_sign"],))


async def _correction(w: World) -> Call:
    incident, unit = await w.work()
    body = {
        "version": incident["version"],
        "corrects_seq": incident["seq"] - 1,  # the sending; the unit's status came right after it
        "unit_id": unit["id"],
        "stage": "assigned",
        "occurred_at": None,
        "reason": "sent by mistake",
    }
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"], unit["id"]), marks=(unit["call_sign"],))


async def _change(w: World) -> Call:
    incident = await w.incident()
    body = {"version": incident["version"], "priority": "1", "reason": "worse than it sounded"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _close(w: World) -> Call:
    incident = await w.incident()
    body = {"version": incident["version"], "outcome": "resolved"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _note(w: World) -> Call:
    incident = await w.incident()
    return Call({"incident_id": incident["id"]}, {"text": "a note"}, ids=(incident["id"],))


async def _register(_w: World) -> Call:
    return Call(body={"call_sign": new_key(), "kind": "patrol_car", "territory_id": int(Land.WEST_SOUTH)})


async def _status(w: World) -> Call:
    unit = await w.unit()
    body = {"status": "busy", "version": unit["version"]}
    return Call({"unit_id": unit["id"]}, body, ids=(unit["id"],), marks=(unit["call_sign"],))


async def _positions(w: World) -> Call:
    unit = await w.unit()
    fix = {"unit_id": unit["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(w.now)}
    return Call(body={"positions": [fix]}, ids=(unit["id"],), marks=(unit["call_sign"],))


async def _intake_call(w: World) -> Call:
    return Call(body=intake_body(new_key(), w.now))


async def _figures(w: World) -> Call:
    source = new_key()
    response = await w.importer.post("/api/intake/calls", intake_body("1", w.now, source=source))
    assert response.status_code == 201, response.text
    return Call(query={"source": source}, marks=(source,))


async def _intake_stage(w: World) -> Call:
    key = await w.taken_in()
    unit = {"call_sign": f"E{key}", "kind": "fire_engine"}
    body = {"source": "other", "call_key": key, "row_key": key, "unit": unit, "stage": "on_scene", "at": iso(w.now)}
    return Call(body=body, ids=(key,))


async def _intake_close(w: World) -> Call:
    key = await w.taken_in()
    return Call(body={"source": "other", "call_key": key, "outcome": "resolved", "at": iso(w.now)}, ids=(key,))


async def _clock(w: World) -> Call:
    return Call(body={"source": "other", "at": iso(w.now), "speed": 60})


async def _accounts(w: World) -> Call:
    login = new_key()
    grants = (Grant(Role.OBSERVER, Land.WEST_SOUTH),)
    account_id = await make_person(w.running.centre.database, login, grants, now=w.now)
    return Call(query={"limit": 200}, marks=(login, str(account_id)))


async def _new_account(_w: World) -> Call:
    grants = [{"role": "observer", "territory_id": int(Land.WEST_SOUTH)}]
    return Call(body={"login": new_key(), "display_name": "New", "password": PASSWORD, "grants": grants})


async def _grants(w: World) -> Call:
    account_id = (await _accounts(w)).marks[1]
    grants = [{"role": "observer", "territory_id": int(Land.WEST_SOUTH)}]
    return Call({"account_id": account_id}, {"grants": grants}, ids=(account_id,))


async def _place(w: World) -> Call:
    rows = await w.running.rows(
        "INSERT INTO places (source, source_key, kind, names, lon, lat) VALUES ('test', $1, 'street', "
        """'{"en": "Any Street"}', 60.5, 40.5) RETURNING id""",
        new_key(),
    )
    return Call({"place_id": rows[0]["id"]})


async def _place_question(_w: World) -> Call:
    return Call(query={"q": "Any Street"})


async def _place_point(_w: World) -> Call:
    return Call(query=place_in(Land.WEST_SOUTH))


def _today(w: World) -> str:
    return w.running.centre.summaries.today().isoformat()


async def _draft(w: World) -> Call:
    await w.work()
    return Call(query={"territory": int(Land.WEST_SOUTH), "day": _today(w)})


async def _make_summary(w: World) -> Call:
    incident = await w.incident()
    significant = [{"incident_id": incident["id"], "sentence": "a house without light"}]
    body = {"territory_id": int(Land.WEST_SOUTH), "day": _today(w), "by_hand": {"brought_in": 2}}
    return Call(body=body | {"significant": significant}, ids=(incident["id"],))


async def _summary(w: World) -> Call:
    call = await _make_summary(w)
    response = await w.supervisor.post("/api/summaries", call.body)
    assert response.status_code == 201, response.text
    id_ = response.json()["id"]
    return Call({"summary_id": id_}, ids=(id_,))


async def _summaries(w: World) -> Call:
    return Call(marks=(str((await _summary(w)).path["summary_id"]),))


async def _offer(w: World) -> Call:
    hand = [{"kind": "weapons", "count": 12}, {"kind": "note", "text": "the gate sticks"}]
    return Call(body={"territory_id": int(Land.WEST_SOUTH), "shift": "night", "by_hand": hand})


async def _handover(w: World) -> Call:
    """Offered each time by somebody new, because nobody may have two on offer."""
    # What the rows before have left open is more than one handover may name.
    await w.running.as_owner("UPDATE incidents SET status = 'closed', closed_at = now() WHERE status = 'open'")
    outgoing = await w.running.newcomer(Grant(Role.DISPATCHER, Land.WEST_SOUTH))
    response = await outgoing.post("/api/handovers", (await _offer(w)).body)
    assert response.status_code == 201, response.text
    id_ = response.json()["id"]
    return Call({"handover_id": id_}, ids=(id_,), marks=(id_,))


async def _handovers(w: World) -> Call:
    return replace(await _handover(w), path={}, ids=())


async def _handover_draft(w: World) -> Call:
    incident = await w.incident()
    return Call(query={"territory": int(Land.WEST_SOUTH)}, marks=(incident["id"],))


async def _acknowledgement(w: World) -> Call:
    call = await _handover(w)
    items = await w.running.rows("SELECT id FROM handover_items WHERE handover_id = $1", UUID(call.ids[0]))
    return replace(call, body={"item_id": str(items[0]["id"])})


async def _emergency(w: World) -> Call:
    unit = await w.unit()
    return Call({"unit_id": unit["id"]}, {}, ids=(unit["id"],), marks=(unit["call_sign"],))


async def _alarm(w: World) -> Call:
    unit = await w.unit()
    response = await w.supervisor.post(f"/api/units/{unit['id']}/emergency", {})
    assert response.status_code == 201, response.text
    alarm_id = response.json()["id"]
    return Call({"alarm_id": alarm_id}, ids=(alarm_id,), marks=(unit["call_sign"],))


async def _alarms(w: World) -> Call:
    return replace(await _alarm(w), path={}, ids=())


async def _resolution(w: World) -> Call:
    return replace(await _alarm(w), body={"reason": "safe"})


async def _welfare(w: World) -> Call:
    return replace(await _emergency(w), body={"ok": True})


REFUSED, FILTERED, PUBLIC, PASSED_ON = Elsewhere
OPERATIONS = (
    Operation("GET /healthz", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /readyz", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /api/centre", P.PUBLIC, _plain, PUBLIC),
    Operation("POST /api/session", P.PUBLIC, _sign_in, PUBLIC),
    Operation("DELETE /api/session", P.PUBLIC, _plain, PUBLIC, 204),
    Operation("GET /api/me", P.SIGNED_IN, _plain, PUBLIC),
    Operation("GET /api/codes", P.SIGNED_IN, _plain, PUBLIC),
    Operation("GET /api/norms", P.SIGNED_IN, _plain, PUBLIC),
    Operation("GET /api/territories", P.SIGNED_IN, _plain, PUBLIC),
    Operation("GET /api/territories/{territory_id}/boundaries", P.SIGNED_IN, _boundaries, PUBLIC),
    Operation("GET /api/territories/{territory_id}/counts", P.INCIDENT_READ, _counts, REFUSED),
    Operation("GET /api/snapshot", P.INCIDENT_READ, _pictures, FILTERED),
    Operation("GET /api/stream", P.INCIDENT_READ, _stream, PUBLIC, 410),
    Operation("GET /api/incidents", P.INCIDENT_READ, _pictures, FILTERED),
    Operation("GET /api/incidents/{incident_id}", P.INCIDENT_READ, _incident, REFUSED),
    Operation("GET /api/incidents/{incident_id}/timeline", P.INCIDENT_READ, _incident, REFUSED),
    Operation("POST /api/incidents", P.INCIDENT_OPEN, _open, PASSED_ON, 201),
    Operation("POST /api/incidents/{incident_id}/assignments", P.INCIDENT_DISPATCH, _assign, REFUSED, 201),
    Operation("POST /api/incidents/{incident_id}/assignments/{unit_id}/stages", P.INCIDENT_DISPATCH, _stage, REFUSED),
    Operation("POST /api/incidents/{incident_id}/corrections", P.INCIDENT_CORRECT, _correction, REFUSED),
    Operation("POST /api/incidents/{incident_id}/changes", P.INCIDENT_CHANGE, _change, REFUSED),
    Operation("POST /api/incidents/{incident_id}/close", P.INCIDENT_CLOSE, _close, REFUSED),
    Operation("POST /api/incidents/{incident_id}/notes", P.INCIDENT_CHANGE, _note, REFUSED, 201),
    Operation("POST /api/incidents/{incident_id}/erasure", P.PERSON_ERASE, _incident, REFUSED),
    Operation("GET /api/units", P.UNIT_READ, _pictures, FILTERED),
    Operation("POST /api/units", P.UNIT_REGISTER, _register, REFUSED, 201),
    Operation("POST /api/units/{unit_id}/status", P.UNIT_STATUS, _status, REFUSED),
    Operation("POST /api/units/{unit_id}/emergency", P.EMERGENCY_RAISE, _emergency, REFUSED, 201),
    Operation("POST /api/units/{unit_id}/welfare", P.UNIT_STATUS, _welfare, REFUSED),
    Operation("GET /api/alarms", P.ALARM_READ, _alarms, FILTERED),
    Operation("POST /api/alarms/{alarm_id}/acknowledgements", P.ALARM_READ, _alarm, REFUSED),
    Operation("POST /api/alarms/{alarm_id}/resolution", P.ALARM_RESOLVE, _resolution, REFUSED),
    Operation("POST /api/units/positions", P.POSITION_REPORT, _positions, REFUSED),
    Operation("POST /api/intake/calls", P.INTAKE, _intake_call, REFUSED, 201),
    Operation("POST /api/intake/stages", P.INTAKE, _intake_stage, REFUSED, 201),
    Operation("POST /api/intake/close", P.INTAKE, _intake_close, REFUSED),
    Operation("PUT /api/intake/clock", P.INTAKE, _clock, REFUSED, 204, is_central=True),
    Operation("DELETE /api/intake/clock", P.INTAKE, _plain, REFUSED, 204, is_central=True),
    Operation("GET /api/accounts", P.ACCOUNT_MANAGE, _accounts, FILTERED),
    Operation("POST /api/accounts", P.ACCOUNT_MANAGE, _new_account, REFUSED, 201),
    Operation("PUT /api/accounts/{account_id}/grants", P.ACCOUNT_MANAGE, _grants, REFUSED),
    Operation("GET /api/figures/response", P.FIGURES_READ, _figures, FILTERED),
    Operation("GET /api/places", P.INCIDENT_OPEN, _place_question, PUBLIC),
    Operation("GET /api/places/nearest", P.INCIDENT_OPEN, _place_point, PUBLIC),
    Operation("GET /api/places/{place_id}", P.INCIDENT_OPEN, _place, PUBLIC),
    Operation("GET /api/handovers", P.HANDOVER_SIGN, _handovers, FILTERED),
    Operation("GET /api/handovers/draft", P.HANDOVER_SIGN, _handover_draft, REFUSED),
    Operation("POST /api/handovers", P.HANDOVER_SIGN, _offer, REFUSED, 201),
    Operation("GET /api/handovers/{handover_id}", P.HANDOVER_SIGN, _handover, REFUSED),
    Operation("POST /api/handovers/{handover_id}/acknowledgements", P.HANDOVER_SIGN, _acknowledgement, REFUSED),
    # The rightful are told that nothing is acknowledged yet; test_handovers.py signs for real.
    Operation("POST /api/handovers/{handover_id}/acceptance", P.HANDOVER_SIGN, _handover, REFUSED, 409),
    Operation("POST /api/handovers/{handover_id}/withdrawal", P.HANDOVER_SIGN, _handover, REFUSED),
    Operation("GET /api/summaries", P.SUMMARY_READ, _summaries, FILTERED),
    Operation("GET /api/summaries/draft", P.SUMMARY_READ, _draft, REFUSED),
    Operation("POST /api/summaries", P.SUMMARY_MAKE, _make_summary, REFUSED, 201),
    Operation("GET /api/summaries/{summary_id}", P.SUMMARY_READ, _summary, REFUSED),
    Operation("GET /api/summaries/{summary_id}/pdf", P.SUMMARY_READ, _summary, REFUSED),
    Operation("GET /api/summaries/{summary_id}/csv", P.SUMMARY_READ, _summary, REFUSED),
    Operation("GET /api/summaries/{summary_id}/check", P.SUMMARY_READ, _summary, REFUSED),
    Operation("GET /api/summaries/{summary_id}/changes", P.SUMMARY_READ, _summary, REFUSED),
    *DISPATCH_OPERATIONS,
    *CALL_OPERATIONS,
    Operation("GET /api/audit", P.AUDIT_READ, _plain, REFUSED, is_central=True),
    Operation("GET /metrics", P.METRICS_READ, _plain, PUBLIC),
    *ACCOUNT_OPERATIONS,
    *ALERT_OPERATIONS,
    *ACCESS_OPERATIONS,
    *CONTENTS_OPERATIONS,
    *CREW_OPERATIONS,
    *FIELD_OPERATIONS,
    *LOG_OPERATIONS,
    *GOVERNING_OPERATIONS,
    *REVIEW_OPERATIONS,
    *RIGHT_OPERATIONS,
    *TASK_OPERATIONS,
)
