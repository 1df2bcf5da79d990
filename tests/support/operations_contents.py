"""The rows of tests.support.operations for what an incident holds: parties, vehicles, photos, links, merge, split, reopen."""

from io import BytesIO
from typing import Any

from PIL import Image
from tests.support.desk import close
from tests.support.looks import owner_of
from tests.support.operation import Call, Elsewhere, Operation, World

from markaz.core.permissions import Permission


def photo_bytes() -> bytes:
    """Return a small photo."""
    out = BytesIO()
    Image.new("RGB", (32, 24), "navy").save(out, "JPEG")
    return out.getvalue()


async def _added(w: World, incident: dict[str, Any], path: str, body: Any) -> str:
    response = await w.supervisor.post(f"/api/incidents/{incident['id']}/{path}", body)
    assert response.status_code == 201, response.text
    incident["version"] = response.json()["version"]
    return str(response.json()["id"])


async def _contents(w: World) -> Call:
    incident, other = await w.incident(), await w.incident()
    linked = await w.supervisor.post(
        f"/api/incidents/{incident['id']}/links", {"other_id": other["id"], "kind": "related"}
    )
    assert linked.status_code == 201, linked.text
    return Call({"incident_id": incident["id"]}, ids=(incident["id"],), marks=(other["id"],))


async def _party(w: World) -> Call:
    incident = await w.incident()
    body = {"role": "witness", "name": "Somebody", "safe_contact": ["no_call"]}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _party_correction(w: World) -> Call:
    incident = await w.incident()
    party_id = await _added(w, incident, "parties", {"role": "witness", "is_unknown": True})
    body = {"role": "victim", "name": "Somebody", "version": 1, "reason": "a name is known"}
    ids, ready = (incident["id"], party_id), owner_of(incident["id"])
    return Call({"incident_id": incident["id"], "party_id": party_id}, body, ids=ids, ready=ready)


async def _vehicle(w: World) -> Call:
    incident = await w.incident()
    return Call({"incident_id": incident["id"]}, {"role": "parked", "plate": "01 A 001 AA"}, ids=(incident["id"],))


async def _vehicle_correction(w: World) -> Call:
    incident = await w.incident()
    vehicle_id = await _added(w, incident, "vehicles", {"role": "involved", "description": "white"})
    body = {"role": "left_scene", "plate": "01 A 001 AA", "version": 1, "reason": "seen again"}
    ids, ready = (incident["id"], vehicle_id), owner_of(incident["id"])
    return Call({"incident_id": incident["id"], "vehicle_id": vehicle_id}, body, ids=ids, ready=ready)


async def _contact_rules(w: World) -> Call:
    incident = await w.incident()
    body = {"version": incident["version"], "safe_contact": ["no_call", "no_message"], "covert": True}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _photo(w: World) -> Call:
    incident = await w.incident()
    return Call({"incident_id": incident["id"]}, photo_bytes(), ids=(incident["id"],))


async def _photo_look(w: World) -> Call:
    incident = await w.incident()
    photo_id = await _added(w, incident, "attachments", photo_bytes())
    path = {"incident_id": incident["id"], "attachment_id": photo_id}
    return Call(path, ids=(incident["id"], photo_id), ready=owner_of(incident["id"]))


async def _link(w: World) -> Call:
    incident, other = await w.incident(), await w.incident()
    body = {"other_id": other["id"], "kind": "related"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"], other["id"]))


async def _merge(w: World) -> Call:
    incident, into = await w.incident(), await w.incident()
    body = {"version": incident["version"], "into_id": into["id"], "reason": "the same fire"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"], into["id"]))


async def _split(w: World) -> Call:
    incident = await w.incident()
    party_id = await _added(w, incident, "parties", {"role": "caller", "name": "Somebody"})
    body = {"version": incident["version"], "parties": [party_id], "reason": "another matter"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"], party_id))


async def _reopen(w: World) -> Call:
    incident = await close(w.supervisor, await w.incident())
    body = {"version": incident["version"], "reason": "it goes on"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


async def _shut_out(w: World) -> Call:
    incident = await w.incident()
    body = {"version": incident["version"], "ground": "household"}
    return Call({"incident_id": incident["id"]}, body, ids=(incident["id"],))


HERE = "/api/incidents/{incident_id}"
CONTENTS_OPERATIONS = (
    Operation(f"GET {HERE}/contents", Permission.INCIDENT_READ, _contents, Elsewhere.REFUSED),
    Operation(f"POST {HERE}/parties", Permission.INCIDENT_CHANGE, _party, Elsewhere.REFUSED, 201),
    Operation(
        f"POST {HERE}/parties/{{party_id}}/corrections",
        Permission.INCIDENT_CHANGE,
        _party_correction,
        Elsewhere.REFUSED,
    ),
    Operation(f"POST {HERE}/vehicles", Permission.INCIDENT_CHANGE, _vehicle, Elsewhere.REFUSED, 201),
    Operation(
        f"POST {HERE}/vehicles/{{vehicle_id}}/corrections",
        Permission.INCIDENT_CHANGE,
        _vehicle_correction,
        Elsewhere.REFUSED,
    ),
    Operation(f"POST {HERE}/contact-rules", Permission.INCIDENT_CHANGE, _contact_rules, Elsewhere.REFUSED),
    Operation(f"POST {HERE}/attachments", Permission.INCIDENT_CHANGE, _photo, Elsewhere.REFUSED, 201),
    Operation(
        f"GET {HERE}/attachments/{{attachment_id}}", Permission.INCIDENT_READ_SEALED, _photo_look, Elsewhere.REFUSED
    ),
    Operation(f"POST {HERE}/links", Permission.INCIDENT_CHANGE, _link, Elsewhere.REFUSED, 201),
    Operation(f"POST {HERE}/merge", Permission.INCIDENT_CLOSE, _merge, Elsewhere.REFUSED),
    Operation(f"POST {HERE}/split", Permission.INCIDENT_CHANGE, _split, Elsewhere.REFUSED, 201),
    Operation(f"POST {HERE}/reopen", Permission.INCIDENT_REOPEN, _reopen, Elsewhere.REFUSED),
    Operation(f"POST {HERE}/shut-out", Permission.INCIDENT_CHANGE, _shut_out, Elsewhere.REFUSED),
)
