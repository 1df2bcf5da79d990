"""The SQL of sending units. It decides nothing and commits nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from markaz.contracts.incidents import IncidentEvent, Stage
from markaz.core.db.pool import Connection
from markaz.programmes.incidents.store import Record, lock_assignment

# The order of the columns in `insert_finished`.
_STAGES_STORED = (
    Stage.ASSIGNED,
    Stage.EN_ROUTE,
    Stage.ON_SCENE,
    Stage.TRANSPORTING,
    Stage.AT_HOSPITAL,
    Stage.CLEARED,
)

_STRIKE = f"""
WITH was AS (
    SELECT is_current FROM assignments WHERE incident_id = $1 AND unit_id = $2 AND ordinal = $3
)
UPDATE assignments SET is_current = false, {", ".join(f"{stage.value}_at = NULL" for stage in _STAGES_STORED)}
WHERE incident_id = $1 AND unit_id = $2 AND ordinal = $3 RETURNING (SELECT is_current FROM was)
"""  # noqa: S608 - columns of a closed set
_SHOW_BEFORE = """
UPDATE assignments SET is_current = true WHERE incident_id = $1 AND unit_id = $2 AND ordinal = (
    SELECT ordinal FROM assignments WHERE incident_id = $1 AND unit_id = $2 AND cleared_at IS NOT NULL
        AND withdrawn_at IS NULL
    ORDER BY cleared_at DESC, ordinal DESC LIMIT 1)
"""

# What a unit works for is named only where the reader may send units there too: its urgency is not theirs to know.
_CANDIDATES = """
SELECT u.id, u.call_sign, u.kind, u.status, u.version, u.skills, u.crew_size, u.territory_id, u.incident_id,
       i.priority AS other_priority, u.id = ANY(ARRAY(
           SELECT a.unit_id FROM alarms a WHERE a.kind = 'emergency' AND a.cleared_at IS NULL)) AS is_in_danger
FROM units u LEFT JOIN incidents i ON i.id = u.incident_id AND i.territory_id = ANY($1::int[])
WHERE u.territory_id = ANY($1::int[]) AND u.status <> 'off_duty'
"""


async def candidates(connection: Connection, territory_ids: Sequence[int]) -> list[Record]:
    """Return every unit on duty in these territories."""
    return await connection.fetch(_CANDIDATES, territory_ids)


async def insert_decision(
    connection: Connection,
    *,
    decision_id: UUID,
    incident_id: UUID,
    at: datetime,
    by: UUID,
    considered: int | None,
    recommended: list[dict[str, Any]] | None,
    taken: Sequence[UUID],
    overridden: Sequence[UUID],
    reason: str | None,
) -> None:
    """Keep what was recommended and what was taken."""
    await connection.execute(
        "INSERT INTO dispatch_decisions (id, incident_id, at, by_id, considered, recommended, taken, overridden, "
        "override_reason) VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9)",
        decision_id,
        incident_id,
        at,
        by,
        considered,
        None if recommended is None else orjson.dumps(recommended).decode(),
        taken,
        overridden,
        reason,
    )


async def withdraw(
    connection: Connection, incident_id: UUID, unit_id: UUID, ordinal: int, at: datetime, reason: str
) -> None:
    """Take a sending out of the picture; its row keeps its stages, when it ended and why."""
    await connection.execute(
        "UPDATE assignments SET is_current = false, withdrawn_at = $4, withdrawn_reason = $5 "
        "WHERE incident_id = $1 AND unit_id = $2 AND ordinal = $3",
        incident_id,
        unit_id,
        ordinal,
        at,
        reason,
    )


async def insert_finished(
    connection: Connection, incident_id: UUID, unit_id: UUID, stages: Mapping[Stage, datetime], *, is_current: bool
) -> int:
    """Insert a sending that is over and return its ordinal; a current one takes the place of what was current."""
    if is_current:
        await connection.execute(
            "UPDATE assignments SET is_current = false WHERE incident_id = $1 AND unit_id = $2", incident_id, unit_id
        )
    return int(
        await connection.fetchval(
            "INSERT INTO assignments (incident_id, unit_id, ordinal, is_current, assigned_at, en_route_at, on_scene_at, "
            "transporting_at, at_hospital_at, cleared_at) "
            "SELECT $1, $2, coalesce(max(ordinal), 0) + 1, $3, $4, $5, $6, $7, $8, $9 "
            "FROM assignments WHERE incident_id = $1 AND unit_id = $2 RETURNING ordinal",
            incident_id,
            unit_id,
            is_current,
            *(stages.get(stage) for stage in _STAGES_STORED),
        )
    )


async def lock_finished(connection: Connection, incident_id: UUID, seq: int) -> Record | None:
    """Return the finished sending that this event entered, with its unit, both locked; None when it entered none."""
    found = await connection.fetchrow(
        "SELECT (payload ->> 'unit_id')::uuid AS unit_id, (payload ->> 'ordinal')::int AS ordinal FROM events "
        "WHERE seq = $1 AND aggregate_id = $2 AND type = $3 AND payload ? 'is_finished'",
        seq,
        incident_id,
        IncidentEvent.UNIT_ASSIGNED.value,
    )
    if found is None:
        return None
    return await lock_assignment(connection, incident_id, found["unit_id"], found["ordinal"])


async def strike(connection: Connection, incident_id: UUID, unit_id: UUID, ordinal: int) -> None:
    """Take every time from a sending that never was; the sending before it, if it is over, is shown again.

    Without a time no figure, hold or look counts the row; it keeps its ordinal, and the event what the times were.
    """
    struck_shown = await connection.fetchval(_STRIKE, incident_id, unit_id, ordinal)
    if struck_shown:
        await connection.execute(_SHOW_BEFORE, incident_id, unit_id)


async def hold(connection: Connection, incident_id: UUID, since: datetime, until: datetime, reason: str) -> None:
    """Let an incident wait until a time; a hold that is prolonged keeps its beginning."""
    await connection.execute(
        "UPDATE incidents SET held_until = $3, held_reason = $4, "
        "held_since = CASE WHEN held_until IS NULL THEN $2 ELSE held_since END WHERE id = $1",
        incident_id,
        since,
        until,
        reason,
    )


async def ask_backup(
    connection: Connection, incident_id: UUID, at: datetime, by: UUID, count: int, kind: str | None
) -> None:
    """Note that more units are asked for."""
    await connection.execute(
        "UPDATE incidents SET backup_asked_at = $2, backup_by = $3, backup_count = $4, backup_kind = $5 WHERE id = $1",
        incident_id,
        at,
        by,
        count,
        kind,
    )


async def unit_incident(connection: Connection, unit_id: UUID) -> UUID | None:
    """Return what a unit works for, without locking anything."""
    incident_id: UUID | None = await connection.fetchval("SELECT incident_id FROM units WHERE id = $1", unit_id)
    return incident_id


# The newest stage that an assignment has reached; columns of one row, so it costs nothing.
_LAST_STAGE = (
    "CASE WHEN a.cleared_at IS NOT NULL THEN 'cleared' WHEN a.at_hospital_at IS NOT NULL THEN 'at_hospital' "
    "WHEN a.transporting_at IS NOT NULL THEN 'transporting' WHEN a.on_scene_at IS NOT NULL THEN 'on_scene' "
    "WHEN a.en_route_at IS NOT NULL THEN 'en_route' ELSE 'assigned' END"
)
OWN_ACTS = 30  # events looked at: three sendings of ten units
LOOKED_BACK = 20_000  # event numbers searched for them; a country's quarter of an hour is a fraction of it


async def own_acts(connection: Connection, actor_id: UUID, types: Sequence[str], since: datetime) -> list[Record]:
    """Return an officer's newest events of these types on open incidents, with what has become of them."""
    return await connection.fetch(
        "SELECT e.seq, e.type, e.aggregate_id, e.recorded_at, e.request_id, e.payload::text AS payload, i.number, "  # noqa: S608
        "i.version, i.territory_id, i.held_until, a.unit_id, a.is_current, u.call_sign, u.status, "
        f"u.incident_id AS unit_incident_id, {_LAST_STAGE} AS last_stage "
        "FROM events e JOIN incidents i ON i.id = e.aggregate_id AND i.status = 'open' "
        "LEFT JOIN assignments a ON a.incident_id = e.aggregate_id AND a.unit_id = (e.payload ->> 'unit_id')::uuid "
        "AND a.ordinal = (e.payload ->> 'ordinal')::int LEFT JOIN units u ON u.id = a.unit_id "
        "WHERE e.seq > (SELECT seq FROM event_counter) - $4 AND e.actor_id = $1 AND e.type = ANY($2::text[]) "
        "AND e.recorded_at > $3 ORDER BY e.seq DESC LIMIT $5",
        actor_id,
        types,
        since,
        LOOKED_BACK,
        OWN_ACTS,
    )
