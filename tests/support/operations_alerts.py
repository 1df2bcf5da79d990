"""The rows of the table of operations that are about warnings."""

from dataclasses import replace

from tests.support.alerts import drafted, foreign, issued, submitted, warning_body
from tests.support.land import Land
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.people import Person

from markaz.core.permissions import Permission, Role
from markaz.programmes.alerts.cap import write

P = Permission
REFUSED, FILTERED, PUBLIC = Elsewhere.REFUSED, Elsewhere.FILTERED, Elsewhere.PUBLIC


async def _plain(_w: World) -> Call:
    return Call()


async def _alert_author(w: World) -> Person:
    return await w.running.person(Role.DUTY_OFFICER, Land.REGION)  # no supervisor, so that any of them may release it


async def _new_alert(w: World) -> Call:
    return Call(body=warning_body(w.now))


async def _alert_draft(w: World) -> Call:
    alert = await drafted(await _alert_author(w), w.now)
    return Call({"alert_id": alert["id"]}, {"version": alert["version"]}, ids=(alert["id"],), marks=(alert["id"],))


async def _alert_list(w: World) -> Call:
    return replace(await _alert_draft(w), path={}, body=None, ids=())


async def _alert_change(w: World) -> Call:
    call = await _alert_draft(w)
    body = warning_body(w.now) | call.body
    del body["territory_id"]
    return replace(call, body=body)


async def _alert_submitted(w: World) -> Call:
    alert = await submitted(await _alert_author(w), w.now)
    return Call({"alert_id": alert["id"]}, {"version": alert["version"]}, ids=(alert["id"],), marks=(alert["id"],))


async def _alert_return(w: World) -> Call:
    call = await _alert_submitted(w)
    return replace(call, body=call.body | {"reason": "text"})


async def _alert_issued(w: World) -> Call:
    alert = await issued(await _alert_author(w), w.supervisor, w.now)
    return Call({"alert_id": alert["id"]}, {"version": alert["version"]}, ids=(alert["id"],), marks=(alert["id"],))


async def _alert_follow_up(w: World) -> Call:
    call = await _alert_issued(w)
    return replace(call, body=call.body | {"msg_type": "Update"})


async def _alert_received(w: World) -> Call:
    return Call(body=write(foreign(w.now)), query={"territory": int(Land.WEST_SOUTH)})


ALERT_OPERATIONS = (
    Operation("GET /api/alerts", P.ALERT_READ, _alert_list, FILTERED),
    Operation("GET /api/alerts/templates", P.ALERT_READ, _plain, PUBLIC),
    Operation("GET /api/alerts/{alert_id}", P.ALERT_READ, _alert_draft, REFUSED),
    Operation("GET /api/alerts/{alert_id}/cap", P.ALERT_READ, _alert_issued, REFUSED),
    Operation("POST /api/alerts", P.ALERT_DRAFT, _new_alert, REFUSED, 201),
    Operation("PUT /api/alerts/{alert_id}/draft", P.ALERT_DRAFT, _alert_change, REFUSED),
    Operation("POST /api/alerts/{alert_id}/submit", P.ALERT_DRAFT, _alert_draft, REFUSED),
    Operation("POST /api/alerts/{alert_id}/withdraw", P.ALERT_DRAFT, _alert_draft, REFUSED),
    Operation("POST /api/alerts/{alert_id}/follow-ups", P.ALERT_DRAFT, _alert_follow_up, REFUSED, 201),
    Operation("POST /api/alerts/{alert_id}/return", P.ALERT_APPROVE, _alert_return, REFUSED),
    Operation("POST /api/alerts/{alert_id}/approve", P.ALERT_APPROVE, _alert_submitted, REFUSED),
    Operation("POST /api/alerts/received", P.ALERT_RECEIVE, _alert_received, REFUSED, 201),
    Operation("GET /api/public/alerts", P.PUBLIC, _alert_issued, PUBLIC),
    Operation("GET /api/public/alerts/certificate", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /api/public/alerts/{alert_id}/cap", P.PUBLIC, _alert_issued, PUBLIC),
)
