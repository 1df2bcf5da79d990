"""Looks at what names people or tells of a home: may this actor look, and the audit entry that every look leaves."""

from dataclasses import dataclass
from uuid import UUID

from markaz.core import audit
from markaz.core.acts import Request
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor, Permission, holds, require_seen
from markaz.kit.geometry import Point
from markaz.programmes.incidents import store
from markaz.programmes.incidents.acting import Spine, check_not_shut_out
from markaz.programmes.incidents.calls import store as calls_store


async def seen_incident(connection: Connection, spine: Spine, actor: Actor, incident_id: UUID) -> store.Record:
    """Return an incident's row. Raises NotFound when the actor may not see it."""
    row = await store.incident(connection, incident_id)
    if row is None:
        raise NotFound("There is no such incident in your territory.", what="incident")
    require_seen(actor, Permission.INCIDENT_READ, row["territory_id"], spine.territories(), "incident")
    await check_not_shut_out(connection, actor, incident_id)
    return row


def may_open(spine: Spine, actor: Actor, row: store.Record) -> bool:
    """Say whether the actor may open what is sealed of this incident."""
    return holds(actor, Permission.INCIDENT_READ_SEALED, row["territory_id"], spine.territories())


def reason_of(row: store.Record) -> str:
    """Return an incident as the reason of a look."""
    return f"incident {row['number']}"


async def leave_trace(
    connection: Connection,
    spine: Spine,
    request: Request,
    action: str,
    record_kind: str,
    record_id: UUID | None,
    reason: str,
    kind: EntryKind = EntryKind.VIEW,
) -> None:
    """Write the audit entry of this look, in the transaction of the look."""
    await audit.record(
        connection,
        request,
        spine.clock.now(),
        action=action,
        record_kind=record_kind,
        record_id=record_id,
        reason=reason,
        kind=kind,
    )


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why somebody looks at a place: an incident there, or the call being taken and where it is from."""

    incident_id: UUID | None
    draft_id: UUID | None
    place: Point | None
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Look:
    """A look that may be taken: where, how wrong the place may be, and how the audit entry names its reason."""

    place: Point | None
    accuracy_m: float
    record_kind: str
    record_id: UUID
    reason: str


async def allowed_look(connection: Connection, spine: Spine, actor: Actor, purpose: Purpose) -> Look:
    """Return the look a purpose allows: at the place of an incident one may open, or at that of a call of one's own.

    Raises InvalidInput without a purpose, NotFound for an incident or a call that is not the actor's to see.
    """
    if purpose.incident_id is not None:
        row = await seen_incident(connection, spine, actor, purpose.incident_id)
        require_seen(actor, Permission.INCIDENT_READ_SEALED, row["territory_id"], spine.territories(), "incident")
        place = None if row["lon"] is None else Point(row["lon"], row["lat"])
        return Look(place, row["place_accuracy_m"] or 0.0, "incident", row["id"], reason_of(row))
    if purpose.draft_id is None or purpose.place is None:
        raise InvalidInput("Say why: give the incident, or the call being taken and its place.", field="incident")
    draft = await calls_store.draft(connection, purpose.draft_id)
    if draft is None or draft["account_id"] != actor.id:
        raise NotFound("There is no such form among yours.", what="draft")
    at = f"{purpose.place.lat_deg:.5f},{purpose.place.lon_deg:.5f}"
    return Look(purpose.place, purpose.accuracy_m, "call_draft", draft["id"], f"call being taken at {at}")
