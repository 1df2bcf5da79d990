"""The end of waiting: an incident that is held, or for which backup is asked, waits no more once units are sent."""

from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.acts import Act
from markaz.core.db.pool import Connection
from markaz.programmes.incidents import store
from markaz.programmes.incidents.acting import event, fresh_view
from markaz.programmes.incidents.picture import JSON

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

# Of two that turn out to be one, the call that waits longest sets the clock. Units that were at the one that stays have a
# clock of their own by then.
_JOIN = """
UPDATE incidents i SET received_at = o.received_at, precisions = o.precisions
FROM incidents o WHERE i.id = $1 AND o.id = $2 AND o.received_at < i.received_at
"""
_JOIN_CLOCKS = """
UPDATE incidents i SET waits_from = nullif(least(greatest(i.received_at, i.waits_from), greatest(o.received_at, o.waits_from)),
                                           least(i.received_at, o.received_at))
FROM incidents o WHERE i.id = $1 AND o.id = $2
    AND NOT EXISTS (SELECT FROM assignments a WHERE a.incident_id = i.id AND a.is_current)
"""
_JOIN_BACKUP = """
UPDATE incidents i SET backup_asked_at = least(i.backup_asked_at, o.backup_asked_at),
    backup_by = CASE WHEN o.backup_count > coalesce(i.backup_count, 0) THEN o.backup_by ELSE i.backup_by END,
    backup_kind = CASE WHEN o.backup_count > coalesce(i.backup_count, 0) THEN o.backup_kind ELSE i.backup_kind END,
    backup_count = greatest(i.backup_count, o.backup_count)
FROM incidents o WHERE i.id = $1 AND o.id = $2 AND o.backup_asked_at IS NOT NULL
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


async def join(connection: Connection, one: store.Record, into: store.Record, now: datetime) -> bool:
    """Let the locked `into` wait as what it and `one` waited for, before anything else is moved; say whether it is held no more.

    It waits since the earlier call, for the backup that either asked for, and stays held only if both were.
    """
    is_released = into["held_until"] is not None and one["held_until"] is None
    if is_released:
        await end_hold(connection, into["id"], now)
    elif into["held_until"] is None and one["held_until"] is not None:
        await end_hold(connection, one["id"], now)
    elif into["held_until"] is not None:
        await connection.execute(
            "UPDATE incidents SET held_until = least(held_until, $2) WHERE id = $1", into["id"], one["held_until"]
        )
    for statement in (_JOIN_CLOCKS, _JOIN, _JOIN_BACKUP):
        await connection.execute(statement, into["id"], one["id"])
    return is_released


def released(act: Act, incident_id: UUID, territory_id: int, view: JSON, because: str) -> None:
    """Add the event of a hold that ended with another act; `view` is the incident's after it, `because` a code."""
    payload = {"view": view, "version": view["version"], "because": because}
    act.events.append(event(act, IncidentEvent.RELEASED, incident_id, territory_id, act.now, payload))


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
