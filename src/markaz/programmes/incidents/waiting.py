"""The end of waiting: an incident that is held, or for which backup is asked, waits no more once units are sent."""

from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.acts import Act
from markaz.core.db.pool import Connection
from markaz.programmes.incidents import store
from markaz.programmes.incidents.acting import event, fresh_view


async def end_hold(connection: Connection, incident_id: UUID) -> None:
    """Let an incident wait no more."""
    await connection.execute("UPDATE incidents SET held_until = NULL, held_reason = NULL WHERE id = $1", incident_id)


async def end_backup(connection: Connection, incident_id: UUID) -> None:
    """Note that no further units are asked for."""
    await connection.execute(
        "UPDATE incidents SET backup_asked_at = NULL, backup_by = NULL, backup_count = NULL, backup_kind = NULL "
        "WHERE id = $1",
        incident_id,
    )


async def units_were_sent(act: Act, incident: store.Record) -> None:
    """End what the locked `incident` waited for and add the events; call it after `store.touch_incident`."""
    ended = []
    if incident["held_until"] is not None:
        await end_hold(act.connection, incident["id"])
        ended.append(IncidentEvent.RELEASED)
    if incident["backup_asked_at"] is not None:
        await end_backup(act.connection, incident["id"])
        ended.append(IncidentEvent.BACKUP_ENDED)
    if not ended:
        return
    view = await fresh_view(act, incident["id"])
    payload = {"view": view, "version": view["version"], "because": "units_sent"}
    territory_id = incident["territory_id"]
    act.events += [event(act, type_, incident["id"], territory_id, act.now, payload) for type_ in ended]
