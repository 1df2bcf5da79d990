"""The rows of the table of operations that are about oversight: reviews of looks, and what persons ask."""

from dataclasses import replace

from tests.support.land import Land
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.oversight import VERDICT, hand_to, judged, make_case
from tests.support.people import Person

from markaz.core.permissions import Permission

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
