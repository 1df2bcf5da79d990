"""The duty desk as tests use it: bodies that are right, and commands that must succeed."""

from datetime import datetime
from typing import Any

from tests.support.land import Land, place_in
from tests.support.people import Person

from markaz.core.codes import load_codes
from markaz.core.settings import Profile
from markaz.kit.clock import iso


def call_body(territory: Land = Land.WEST_SOUTH, **changes: Any) -> dict[str, Any]:
    """Return the body of a new call from the middle of a territory, with a reason where its priority is not the proposed one."""
    body = {"category": "theft", "priority": "2", "channel": "phone", "place": place_in(territory)} | changes
    category = load_codes(Profile.GENERIC).categories.get(str(body["category"]))
    is_other = category is not None and body["priority"] != category.priority
    return ({"priority_reason": "as the caller tells it"} if is_other else {}) | body


def intake_body(call_key: str, at: datetime, territory: Land = Land.WEST_SOUTH, **changes: Any) -> dict[str, Any]:
    """Return the body of another system's call."""
    body = {
        "source": "other",
        "call_key": call_key,
        "number": call_key,
        "category": "Alarms",
        "priority": "3",
        "initial_priority": "3",
        "channel": "unknown",
        "place": place_in(territory),
        "received": {"at": iso(at)},
    }
    return body | changes


async def open_incident(officer: Person, territory: Land = Land.WEST_SOUTH, **changes: Any) -> dict[str, Any]:
    """Open an incident and return {id, number, version, seq}."""
    return await _done(officer, "/api/incidents", call_body(territory, **changes))


async def register_unit(
    supervisor: Person, call_sign: str, territory: Land = Land.WEST, *, available: bool = True
) -> dict[str, Any]:
    """Register a unit, bring it on duty, and return {id, version, seq}."""
    body = {"call_sign": call_sign, "kind": "patrol_car", "territory_id": int(territory)}
    unit = await _done(supervisor, "/api/units", body)
    if not available:
        return unit
    ready = await _done(
        supervisor, f"/api/units/{unit['id']}/status", {"status": "available", "version": unit["version"]}
    )
    return unit | ready


async def assign(officer: Person, incident: dict[str, Any], unit: dict[str, Any]) -> dict[str, Any]:
    """Send a unit and return the incident with its new version and the event's number."""
    path = f"/api/incidents/{incident['id']}/assignments"
    return incident | await _done(officer, path, {"unit_id": unit["id"], "version": incident["version"]})


async def reach(officer: Person, incident: dict[str, Any], unit: dict[str, Any], stage: str) -> dict[str, Any]:
    """Report a stage and return the incident with its new version and the event's number."""
    path = f"/api/incidents/{incident['id']}/assignments/{unit['id']}/stages"
    return incident | await _done(officer, path, {"stage": stage, "version": incident["version"]})


async def close(officer: Person, incident: dict[str, Any], outcome: str = "resolved") -> dict[str, Any]:
    """Close an incident and return it with its new version."""
    path = f"/api/incidents/{incident['id']}/close"
    return incident | await _done(officer, path, {"outcome": outcome, "version": incident["version"]})


async def _done(person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await person.post(path, body)
    assert response.is_success, f"{path}: {response.status_code} {response.text}"
    answer: dict[str, Any] = response.json()
    return answer
