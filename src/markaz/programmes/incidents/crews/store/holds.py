"""The SQL of held positions: copied for one incident, so that they outlive the 30 days of all others."""

from datetime import datetime
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.programmes.incidents.store import Record

MOST_SHOWN = 20_000

# Of each unit only what lies between its sending and its end here (cleared, withdrawn, or gone on with a merge); a unit
# still at work until now. One whose sending was a mistake was never at work here: nothing of it.
_COPY = """
INSERT INTO held_positions (incident_id, unit_id, fix_at, received_at, lon, lat, accuracy_m)
SELECT a.incident_id, p.unit_id, p.fix_at, p.received_at, p.lon, p.lat, p.accuracy_m
FROM position_holds h JOIN incidents i ON i.id = h.incident_id JOIN assignments a ON a.incident_id = h.incident_id
JOIN unit_positions p ON p.unit_id = a.unit_id AND p.fix_at >= a.assigned_at
    AND p.fix_at <= coalesce(a.cleared_at, a.withdrawn_at, CASE WHEN a.is_current THEN $1 ELSE i.closed_at END)
WHERE h.until > $1 AND ($2::uuid IS NULL OR h.incident_id = $2)
ON CONFLICT DO NOTHING
"""


async def hold(
    connection: Connection, incident_id: UUID, until: datetime, reason_id: UUID, by: UUID, at: datetime
) -> None:
    """Hold an incident's positions until a time, or longer or shorter than before."""
    await connection.execute(
        "INSERT INTO position_holds (incident_id, until, reason_id, set_by, set_at) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (incident_id) DO UPDATE SET until = $2, reason_id = $3, set_by = $4, set_at = $5",
        incident_id,
        until,
        reason_id,
        by,
        at,
    )


async def copy(connection: Connection, now: datetime, incident_id: UUID | None = None) -> int:
    """Copy what the holds in force name and is not copied yet; return how many positions."""
    done = await connection.execute(_COPY, now, incident_id)
    return int(done.split()[-1])


async def forget(connection: Connection, now: datetime) -> int:
    """Delete the holds whose time has ended with their positions; return how many positions."""
    done = await connection.execute(
        "WITH ended AS (DELETE FROM position_holds WHERE until <= $1 RETURNING incident_id) "
        "DELETE FROM held_positions WHERE incident_id IN (SELECT incident_id FROM ended)",
        now,
    )
    return int(done.split()[-1])


async def held(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the held positions of an incident by unit and time, without those of units whose sending never was."""
    return await connection.fetch(
        "SELECT p.unit_id, u.call_sign, p.fix_at, p.lon, p.lat, p.accuracy_m FROM held_positions p "
        "JOIN units u ON u.id = p.unit_id WHERE p.incident_id = $1 AND EXISTS (SELECT FROM assignments a "
        "WHERE a.incident_id = $1 AND a.unit_id = p.unit_id AND a.assigned_at IS NOT NULL) ORDER BY u.call_sign, p.fix_at LIMIT $2",
        incident_id,
        MOST_SHOWN,
    )


async def held_by(connection: Connection, incident_id: UUID, now: datetime) -> UUID | None:
    """Return who had the positions of an incident held, None when no hold is in force."""
    found: UUID | None = await connection.fetchval(
        "SELECT set_by FROM position_holds WHERE incident_id = $1 AND until > $2", incident_id, now
    )
    return found
