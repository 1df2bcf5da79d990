"""The end of waiting: an incident that is held, or for which backup is asked, waits no more once units are sent."""

from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.acts import Act
from markaz.core.db.pool import Connection
from markaz.programmes.incidents import store
from markaz.programmes.incidents.acting import event, fresh_view

# The clock stands still while an incident is held and goes on afterwards from where it stood. What it waits beyond the
# end of the hold is nobody's decision and counts.
_END_HOLD = """
UPDATE incidents i SET held_until = NULL, held_reason = NULL, held_since = NULL,
    waits_from = CASE WHEN i.held_since IS NULL THEN i.waits_from ELSE
        greatest(i.received_at, i.waits_from, (SELECT max(a.cleared_at) FROM assignments a WHERE a.incident_id = i.id
                                               AND a.is_current AND a.cleared_at <= i.held_since))
        + greatest(least($2, i.held_until) - greatest(i.held_since, i.received_at), interval '0') END
WHERE i.id = $1
"""


async def end_hold(connection: Connection, incident_id: UUID, now: datetime) -> None:
    """Let an incident wait no more; the time it was held is credited to the clock of the unassigned."""
    await connection.execute(_END_HOLD, incident_id, now)


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
        await end_hold(act.connection, incident["id"], act.now)
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
