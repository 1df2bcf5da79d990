"""The operations of oversight as the right person calls them: retention, appointments, the register, audit packs."""

from uuid import UUID

from tests.support.land import Land
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.people import Person

from markaz.core.permissions import Grant, Permission, Role

P = Permission
APPOINTMENTS = "/api/oversight/appointments"


async def _plain(_w: World) -> Call:
    return Call()


async def _ask(w: World) -> Call:
    account_id = str((await w.running.newcomer()).id)
    body = {"account_id": account_id, "role": "auditor", "territory_id": int(Land.WEST_SOUTH), "change": "give"}
    return Call(body=body, ids=(account_id,))


async def _asked(w: World) -> Call:
    asker = await w.running.newcomer(Grant(Role.ADMINISTRATOR, Land.WEST))
    answer = await asker.post(APPOINTMENTS, (await _ask(w)).body)
    assert answer.status_code == 201, answer.text
    request_id = answer.json()["id"]
    return Call({"request_id": request_id}, ids=(request_id,), marks=(request_id,))


async def _own(w: World) -> Call:
    call = await _asked(w)

    async def ready(person: Person) -> None:
        request_id = UUID(call.path["request_id"])
        await w.running.as_owner("UPDATE two_person_requests SET asked_by = $2 WHERE id = $1", request_id, person.id)

    return Call(call.path, ids=call.ids, ready=ready)


async def _period(w: World) -> Call:
    # Rightful callers ask for a period before there was a log and get 409; test_audit_pack.py makes real ones.
    return Call(query={"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"})


async def _listed(w: World) -> Call:
    return Call(marks=(await _asked(w)).marks)


GOVERNING_OPERATIONS = (
    Operation("GET /api/oversight/retention", P.GOVERNANCE_READ, _plain, Elsewhere.PUBLIC),
    Operation("GET /api/oversight/certificates", P.GOVERNANCE_READ, _plain, Elsewhere.PUBLIC),
    Operation("GET /api/oversight/register", P.SIGNED_IN, _plain, Elsewhere.PUBLIC),
    Operation("GET /api/oversight/packs", P.AUDIT_PACK, _period, Elsewhere.REFUSED, 409, is_central=True),
    Operation(f"GET {APPOINTMENTS}", P.GOVERNANCE_READ, _listed, Elsewhere.FILTERED),
    Operation(f"POST {APPOINTMENTS}", P.APPOINTMENT_MAKE, _ask, Elsewhere.REFUSED, 201),
    Operation(f"POST {APPOINTMENTS}/{{request_id}}/approval", P.APPOINTMENT_MAKE, _asked, Elsewhere.REFUSED),
    Operation(f"POST {APPOINTMENTS}/{{request_id}}/refusal", P.APPOINTMENT_MAKE, _asked, Elsewhere.REFUSED),
    Operation(f"POST {APPOINTMENTS}/{{request_id}}/withdrawal", P.APPOINTMENT_MAKE, _own, Elsewhere.REFUSED),
)
