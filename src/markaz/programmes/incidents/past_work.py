"""What units are recorded to have done before: nobody is written to have been in two places at one time.

Asked only of times that were stated. Whoever sends a unit now has its status to go by.
"""

from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import Stage
from markaz.core.acts import Act
from markaz.core.db.pool import Connection
from markaz.core.errors import NotPossibleNow
from markaz.core.permissions import Permission, holds
from markaz.kit.clock import iso
from markaz.programmes.incidents import queries
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.store import Record

_BEGAN = f"least({', '.join(f'a.{stage.value}_at' for stage in Stage)})"
# An incident out of the reader's reach has no row here (docs/reference/row-security.md); the sending to it has.
# A sending that is neither current nor ended was taken away, or went on under another incident with all its times.
_AT_WORK = f"""
SELECT a.incident_id, i.number, i.territory_id, {_BEGAN} AS began_at, coalesce(a.cleared_at, a.withdrawn_at) AS ended_at
FROM assignments a LEFT JOIN incidents i ON i.id = a.incident_id
WHERE a.unit_id = $1 AND (a.is_current OR a.cleared_at IS NOT NULL OR a.withdrawn_at IS NOT NULL)
  AND ($3::timestamptz IS NULL OR {_BEGAN} < $3)
  AND coalesce(a.cleared_at, a.withdrawn_at, 'infinity') > $2
ORDER BY began_at DESC LIMIT 1
"""  # noqa: S608 - columns of a closed set


async def check_free_then(act: Act, spine: Spine, unit: Record, begins_at: datetime, ends_at: datetime | None) -> None:
    """Raise NotPossibleNow when a locked unit is recorded at other work between two stated times, None for no end.

    The other incident is named only to who may read it.
    """
    found = await act.connection.fetchrow(_AT_WORK, unit["id"], begins_at, ends_at)
    if found is None:
        return
    which = f"incident {found['number']}" if await _may_name(act, spine, found) else "another incident"
    until = "on" if found["ended_at"] is None else f"to {iso(found['ended_at'])}"
    raise NotPossibleNow(
        f"Unit {unit['call_sign']} was working for {which} from {iso(found['began_at'])} {until}: "
        "it cannot have been in two places. Look at the times again.",
        unit_id=str(unit["id"]),
    )


async def _may_name(act: Act, spine: Spine, found: Record) -> bool:
    place = found["territory_id"]
    if place is None or not holds(act.actor, Permission.INCIDENT_READ, place, spine.territories()):
        return False
    return not await queries.is_shut_out(act.connection, found["incident_id"], act.actor.id)


async def began_here(connection: Connection, incident_id: UUID, unit_id: UUID) -> datetime | None:
    """Return when the current sending of a unit to an incident began, None where it has none."""
    began_at: datetime | None = await connection.fetchval(
        f"SELECT {_BEGAN} FROM assignments a WHERE a.incident_id = $1 AND a.unit_id = $2 AND a.is_current",  # noqa: S608
        incident_id,
        unit_id,
    )
    return began_at
