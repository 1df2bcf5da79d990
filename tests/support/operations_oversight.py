"""The rows of the table of operations that are about oversight: reviews of looks, and what persons ask."""

from dataclasses import replace

from tests.support.land import Land
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.oversight import (
    VERDICT,
    correction_ordered,
    delayed,
    hand_to,
    judged,
    made_alone,
    make_case,
    near_its_end,
    request_body,
    seen_request,
)
from tests.support.people import Person, new_key

from markaz.core.permissions import Permission, Role

P = Permission
REFUSED, FILTERED, PUBLIC = Elsewhere.REFUSED, Elsewhere.FILTERED, Elsewhere.PUBLIC


async def _plain(_w: World) -> Call:
    return Call()


async def _case(w: World) -> Call:
    case = await make_case(w.running, w.supervisor)

    async def ready(reviewer: Person) -> None:
        await hand_to(w.running, case, reviewer)

    return Call({"case_id": case["id"]}, ids=(case["id"],), marks=(case["label"],), ready=ready)


async def _queue(w: World) -> Call:
    return replace(await _case(w), path={}, ids=())


async def _verdict(w: World) -> Call:
    return replace(await _case(w), body=VERDICT | {"version": 1})


async def _quarter(w: World) -> Call:
    case = await make_case(w.running, w.supervisor)
    await judged(w.running, case)
    return Call(query={"quarter": "2026-Q1"})


async def _publish(w: World) -> Call:
    call = await _quarter(w)
    return Call(body=call.query)


async def _declare(_w: World) -> Call:
    return Call(body={"home_territory_id": int(Land.WEST_SOUTH), "home_address": "Amir Temur 12"})


REVIEW_OPERATIONS = (
    Operation("GET /api/oversight/reviews", P.REVIEW_JUDGE, _queue, FILTERED),
    Operation("GET /api/oversight/reviews/{case_id}", P.REVIEW_JUDGE, _case, REFUSED),
    Operation("POST /api/oversight/reviews/{case_id}/verdict", P.REVIEW_JUDGE, _verdict, REFUSED),
    Operation("GET /api/oversight/samples", P.REVIEW_READ, _plain, REFUSED, is_central=True),
    Operation("GET /api/oversight/misuse-rate/preview", P.REVIEW_READ, _quarter, REFUSED, is_central=True),
    Operation("POST /api/oversight/misuse-rate", P.REVIEW_PUBLISH, _publish, REFUSED, 201, is_central=True),
    Operation("GET /api/oversight/misuse-rate", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /api/oversight/misuse-rate/page", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /api/oversight/declared", P.SIGNED_IN, _plain, PUBLIC),
    Operation("PUT /api/oversight/declared", P.SIGNED_IN, _declare, PUBLIC, 204),
    Operation("DELETE /api/oversight/declared", P.SIGNED_IN, _plain, PUBLIC, 204),
)


async def _take(_w: World) -> Call:
    return Call(body=request_body())


async def _request(w: World) -> Call:
    request = await seen_request(w.running)
    return Call({"request_id": request["id"]}, ids=(request["id"],), marks=(request["number"],))


async def _requests(w: World) -> Call:
    return replace(await _request(w), path={}, ids=())


async def _answer(w: World) -> Call:
    return replace(await _request(w), body={"version": 1, "answer": "granted"})


async def _pdf(w: World) -> Call:
    return replace(await _request(w), marks=())


async def _lift(w: World) -> Call:
    request = await seen_request(w.running, "restriction")
    officer = await w.running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    body = {"version": 1, "answer": "granted", "reasons": "The person disputes what is written."}
    response = await officer.post(f"/api/oversight/requests/{request['id']}/answer", body)
    assert response.status_code == 200, response.text
    return Call({"request_id": request["id"]}, ids=(request["id"],))


async def _delay(w: World) -> Call:
    request = await seen_request(w.running)
    return Call(body={"entries": [request["entry_id"]], "ground": "inquiry", "months": 6})


async def _running(w: World) -> Call:
    return Call(marks=((await delayed(w.running))["delay_id"],))


async def _delayed(w: World) -> Call:
    id_ = (await delayed(w.running))["delay_id"]
    return Call({"delay_id": id_}, ids=(id_,))


async def _renewal(w: World) -> Call:
    call = await _delayed(w)
    await near_its_end(w.running, call.path["delay_id"])
    return replace(call, body={"ground": "inquiry", "months": 12})


async def _told(w: World) -> Call:
    call = await _delayed(w)
    officer = await w.running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    response = await officer.post(f"/api/oversight/delays/{call.path['delay_id']}/end", key=new_key())
    assert response.status_code == 200, response.text
    return call


async def _correction(w: World) -> Call:
    task_id = await correction_ordered(w.running)
    return Call({"task_id": task_id}, ids=(task_id,))


async def _carried(w: World) -> Call:
    return replace(await _correction(w), body={"version": 1, "answer": "done"})


async def _taken(w: World) -> Call:
    return replace(await _correction(w), body={"version": 1})


async def _made_alone(w: World) -> Call:
    task_id = await made_alone(w.running)
    return Call({"task_id": task_id}, {"version": 1, "answer": "in_order"}, ids=(task_id,))


TASK_OPERATIONS = (
    Operation("GET /api/oversight/tasks", P.SIGNED_IN, _plain, PUBLIC),
    Operation("GET /api/oversight/corrections/{task_id}", P.RIGHT_CARRY_OUT, _correction, REFUSED),
    Operation("POST /api/oversight/tasks/{task_id}/take", P.RIGHT_CARRY_OUT, _taken, REFUSED),
    Operation("POST /api/oversight/corrections/{task_id}/answer", P.RIGHT_CARRY_OUT, _carried, REFUSED),
    Operation("POST /api/oversight/grants/{task_id}/answer", P.AUDIT_READ, _made_alone, REFUSED),
)

RIGHT_OPERATIONS = (
    Operation("GET /api/oversight/requests", P.RIGHT_HANDLE, _requests, FILTERED),
    Operation("POST /api/oversight/requests", P.RIGHT_HANDLE, _take, REFUSED, 201),
    Operation("GET /api/oversight/requests/{request_id}", P.RIGHT_HANDLE, _request, REFUSED),
    Operation("POST /api/oversight/requests/{request_id}/answer", P.RIGHT_HANDLE, _answer, REFUSED),
    Operation("GET /api/oversight/requests/{request_id}/answer", P.RIGHT_HANDLE, _request, REFUSED),
    Operation("GET /api/oversight/requests/{request_id}/answer.pdf", P.RIGHT_HANDLE, _pdf, REFUSED),
    Operation("POST /api/oversight/requests/{request_id}/lift", P.RIGHT_HANDLE, _lift, REFUSED),
    Operation("GET /api/oversight/delays", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /api/oversight/delays/running", P.REVIEW_READ, _running, FILTERED),
    Operation("POST /api/oversight/delays", P.RIGHT_HANDLE, _delay, REFUSED, 201),
    Operation("POST /api/oversight/delays/{delay_id}/renewal", P.RIGHT_RENEW, _renewal, REFUSED, 201),
    Operation("POST /api/oversight/delays/{delay_id}/end", P.RIGHT_HANDLE, _delayed, REFUSED),
    Operation("POST /api/oversight/delays/{delay_id}/told", P.RIGHT_HANDLE, _told, REFUSED),
)
