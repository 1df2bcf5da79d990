"""The rows of the operations of taking calls."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.support.land import Land, place_in
from tests.support.looks import owner_of
from tests.support.operation import Call, Elsewhere, Operation, World

from markaz.core.permissions import Permission
from markaz.kit.clock import iso

P = Permission
REFUSED, FILTERED, PUBLIC = Elsewhere.REFUSED, Elsewhere.FILTERED, Elsewhere.PUBLIC


async def _plain(_w: World) -> Call:
    return Call()


async def _nearby(w: World) -> Call:
    incident = await w.incident(category="fire")
    return Call(query={**place_in(Land.WEST_SOUTH), "category": "fire"}, marks=(incident["id"],))


async def _further_call(w: World) -> Call:
    incident = await w.incident()
    body = {"channel": "phone", "caller": {"name": "Somebody"}, "text": "it burns"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _calls_of(w: World) -> Call:
    incident = await w.incident(reference="112-77")
    # No mark: an observer of the territory is served an empty list, because calls are rows of persons (row security).
    return Call({"incident_id": incident["id"]}, ids=(incident["id"],))


async def _caller(w: World) -> Call:
    incident = await w.incident()
    return Call({"incident_id": incident["id"]}, {"caller": {"name": "Somebody"}}, ids=(incident["id"],))


async def _draft(_w: World) -> Call:
    return Call({"draft_id": str(uuid4())}, {"fields": {"note": "a note"}})


async def _no_draft(_w: World) -> Call:
    return Call({"draft_id": str(uuid4())})


async def _about_place(w: World) -> Call:
    incident = await w.incident()
    return Call(query={"incident": incident["id"]}, ready=owner_of(incident["id"]))


def _hazard_body(w: World) -> dict[str, Any]:
    ends = iso(w.now + timedelta(days=30))
    place = place_in(Land.WEST_SOUTH)
    return {"place": place, "radius_m": 50.0, "source": "utility", "ground": "gas", "text": "leak", "expires_at": ends}


async def _hazard(w: World) -> Call:
    return Call(body=_hazard_body(w))


async def _withdrawal(w: World) -> Call:
    note = await w.supervisor.post("/api/hazards", _hazard_body(w))
    assert note.status_code == 201, note.text
    return Call({"note_id": note.json()["id"]}, ids=(note.json()["id"],))


async def _question(w: World) -> Call:
    incident = await w.incident()
    return Call(body={"q": incident["number"]}, marks=(incident["id"],))


CALL_OPERATIONS = (
    Operation("GET /api/incidents/nearby", P.INCIDENT_READ, _nearby, FILTERED),
    Operation("POST /api/incidents/{incident_id}/calls", P.INCIDENT_OPEN, _further_call, REFUSED, 201),
    Operation("GET /api/incidents/{incident_id}/calls", P.INCIDENT_READ, _calls_of, REFUSED),
    Operation("POST /api/incidents/{incident_id}/caller", P.INCIDENT_CHANGE, _caller, REFUSED, 201),
    Operation("PUT /api/call-drafts/{draft_id}", P.INCIDENT_OPEN, _draft, PUBLIC),
    Operation("DELETE /api/call-drafts/{draft_id}", P.INCIDENT_OPEN, _no_draft, PUBLIC, 204),
    Operation("GET /api/places/history", P.INCIDENT_READ_SEALED, _about_place, REFUSED),
    Operation("GET /api/hazards", P.INCIDENT_READ_SEALED, _about_place, REFUSED),
    Operation("POST /api/hazards", P.HAZARD_WRITE, _hazard, REFUSED, 201),
    Operation("POST /api/hazards/{note_id}/withdraw", P.HAZARD_WRITE, _withdrawal, REFUSED),
    Operation("POST /api/find", P.INCIDENT_READ, _question, FILTERED),
    Operation("GET /api/guides", P.SIGNED_IN, _plain, PUBLIC),
    Operation("GET /api/call-drafts", P.INCIDENT_OPEN, _plain, PUBLIC),
)
