"""Opening an incident for a call: whose it is, what is sealed, what the picture shows. Inside the act of the caller.

A call is never refused because of where it happens: when its place lies with another desk, it is opened there, marked
as passed on, and whoever took the call has no right to read it afterwards unless they hold one there anyway.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import EnteredVia, Flag, IncidentEvent
from markaz.core.acts import Act, Answer
from markaz.core.errors import InvalidInput
from markaz.core.permissions import Permission, holds, require
from markaz.core.territories import TerritoryTree
from markaz.kit.geometry import Point
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import commands, domain, store
from markaz.programmes.incidents.acting import Spine, event, said
from markaz.programmes.incidents.picture import JSON, incident_view


async def open_incident(act: Act, spine: Spine, command: commands.OpenIncident) -> Answer:
    """Register a call and open its incident. Answers id, number, version and `passed_to`.

    `passed_to` names the territory (id and names) that took it when the actor may not open incidents there, else it is
    None. Raises Forbidden for a territory that is unknown or above the actor's own, InvalidInput for a time that cannot be
    and for another priority than the proposed one without a reason.
    """
    tree = spine.territories()
    territory_id = territory_for(act, tree, command.place, command.territory_id)
    is_passed_on = _is_passed_on(act, tree, territory_id)
    at = domain.check_time(command.occurred_at or act.now, act.now)
    domain.check_priority(command.priority, command.proposed_priority, command.priority_reason)
    values = await _new_incident(act, spine, command, territory_id, at)
    values["flags"] = [Flag.TRANSFERRED.value] if is_passed_on else []
    await store.insert_incident(act.connection, values)
    if command.note:
        await store_note(act, spine, values["id"], command.note)
    view = incident_view(values | {"status": "open", "outcome": None, "version": 1}, {})
    payload: JSON = {"view": view}
    if command.draft_id is not None:  # looks at the place before it was opened name the form as their reason
        payload["draft_id"] = str(command.draft_id)
    if command.proposed_priority not in {None, command.priority}:
        payload["proposed_priority"] = command.proposed_priority
        if command.priority_reason:
            payload["reason_id"] = str(await _seal_reason(act, spine, command.priority_reason))
    source = said(command.entered_via)
    act.events.append(event(act, IncidentEvent.OPENED, values["id"], territory_id, at, payload, source=source))
    passed_to = {"id": territory_id, "names": dict(tree.get(territory_id).names)} if is_passed_on else None
    return Answer(201, {"id": str(values["id"]), "number": values["number"], "version": 1, "passed_to": passed_to})


def territory_for(act: Act, tree: TerritoryTree, place: Point | None, territory_id: int | None) -> int:
    """Return the named territory, else the one the place lies in, else the desk's own."""
    if territory_id is not None:
        return territory_id
    located = tree.locate(place) if place is not None else None
    if located is not None:
        return located
    roots = act.actor.roots(Permission.INCIDENT_OPEN)
    if not roots:
        raise InvalidInput("Name the territory: the place is unknown.", field="territory_id")
    return min(roots)


def place_values(command: commands.OpenIncident | commands.ChangeIncident) -> JSON:
    """Return what is known of the place of a command; nothing where it names no place."""
    if command.place is None:
        return {"place_label": None, "place_confidence": "unknown", "place_accuracy_m": None}
    return {
        "place_label": command.place_label,
        "place_confidence": command.confidence.value,
        "place_accuracy_m": command.accuracy_m,
    }


async def store_note(
    act: Act,
    spine: Spine,
    incident_id: UUID,
    text: str,
    at: datetime | None = None,
    via: EnteredVia = EnteredVia.CONSOLE,
) -> UUID:
    """Seal and insert a note, of now unless another time is stated; return its id."""
    note_id, sealed_id = uuid7(), uuid7()
    await spine.sealer.store(act.connection, sealed_id, {"note": text})
    values = (note_id, incident_id, at or act.now, act.actor.id, sealed_id, via.value, act.now)
    await store.insert_note(act.connection, *values)
    return note_id


def _is_passed_on(act: Act, tree: TerritoryTree, territory_id: int) -> bool:
    """Say whether the call goes to another desk. Raises Forbidden for where no desk would be told of it."""
    if holds(act.actor, Permission.INCIDENT_OPEN, territory_id, tree):
        return False
    roots = act.actor.roots(Permission.INCIDENT_OPEN)
    is_above = any(territory_id in tree.path(root) for root in roots)
    if not roots or is_above or tree.current(territory_id) is None:
        require(act.actor, Permission.INCIDENT_OPEN, territory_id, tree)
    return True


async def _seal_reason(act: Act, spine: Spine, reason: str) -> UUID:
    reason_id = uuid7()
    await spine.sealer.store(act.connection, reason_id, {"reason": reason})
    return reason_id


async def _new_incident(
    act: Act, spine: Spine, command: commands.OpenIncident, territory_id: int, at: datetime
) -> dict[str, Any]:
    sealed = caller_fields(command.caller_name, command.caller_phone, command.address)
    sealed_id = uuid7() if sealed else None
    if sealed_id is not None:
        await spine.sealer.store(act.connection, sealed_id, sealed)
    return {
        "id": uuid7(),
        "number": await store.next_number(act.connection),
        "source": None,
        "source_key": None,
        "category": command.category,
        "priority": command.priority,
        "initial_priority": command.priority,
        "channel": command.channel,
        "territory_id": territory_id,
        "lon": None if command.place is None else command.place.lon_deg,
        "lat": None if command.place is None else command.place.lat_deg,
        **place_values(command),
        "is_covert": command.is_covert,
        "safe_contact": [one.value for one in command.safe_contact],
        "entered_via": command.entered_via.value,
        "reference": command.reference,
        "received_at": at,
        "entered_at": act.now,
        "arrived_at": None,
        "precisions": {},
        "actor_id": act.actor.id,
        "opened_by": act.actor.id,
        "owner_id": None if act.actor.is_service else act.actor.id,  # the desk that opens an incident owns it
        "call_id": uuid7(),
        "sealed_id": sealed_id,
    }


def caller_fields(name: str | None, phone: str | None, address: str | None) -> dict[str, str]:
    """Return what is known of a caller under the names of the sealed fields."""
    known = {"caller_name": name, "caller_phone": phone, "address": address}
    return {field: text for field, text in known.items() if text}
