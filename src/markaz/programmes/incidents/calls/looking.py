"""Looks at what names people or tells of a home: may this actor look, and the audit entry that every look leaves."""

from uuid import UUID

from markaz.core import audit
from markaz.core.acts import Request
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound
from markaz.core.permissions import Actor, Permission, holds, require_seen
from markaz.programmes.incidents import store
from markaz.programmes.incidents.acting import Spine


async def seen_incident(connection: Connection, spine: Spine, actor: Actor, incident_id: UUID) -> store.Record:
    """Return an incident's row. Raises NotFound when the actor may not see it."""
    row = await store.incident(connection, incident_id)
    if row is None:
        raise NotFound("There is no such incident in your territory.", what="incident")
    require_seen(actor, Permission.INCIDENT_READ, row["territory_id"], spine.territories(), "incident")
    return row


def may_open(spine: Spine, actor: Actor, row: store.Record) -> bool:
    """Say whether the actor may open what is sealed of this incident."""
    return holds(actor, Permission.INCIDENT_READ_SEALED, row["territory_id"], spine.territories())


def reason_of(row: store.Record) -> str:
    """Return an incident as the reason of a look."""
    return f"incident {row['number']}"


async def leave_trace(
    connection: Connection, request: Request, action: str, record_kind: str, record_id: UUID | None, reason: str
) -> None:
    """Write the audit entry of this look, in the transaction of the look."""
    await audit.record(
        connection,
        actor_id=request.actor.id,
        action=action,
        record_kind=record_kind,
        record_id=record_id,
        reason=reason,
        request_id=request.request_id,
    )
