"""All SQL of the duty desk's live part. It decides nothing and commits nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from markaz.contracts.incidents import Stage
from markaz.core.db.pool import Connection
from markaz.programmes.incidents.commands import CloseIncident
from markaz.programmes.incidents.domain import STAGES, Assignment
from markaz.programmes.incidents.picture import JSON, Row, unit_view

Record = asyncpg.Record

INCIDENT = """
SELECT id, number, source, status, category, priority, initial_priority, channel, territory_id, lon, lat, received_at,
       entered_at, arrived_at, closed_at, precisions::text AS precisions, outcome, flags, opened_by, version,
       updated_by, updated_at, owner_id, held_until, held_reason, place_label, place_confidence, place_accuracy_m,
       is_covert, safe_contact, entered_via, merged_into, report_number, outcome_reason, call_count,
       backup_asked_at, backup_by, backup_count, backup_kind, waits_from
FROM incidents
"""
_UNIT = """
SELECT id, call_sign, kind, source, territory_id, status, since, incident_id, version, updated_by, updated_at,
       skills, crew_size, status_reason, home_territory_id, lent_until, last_word_at
FROM units
"""
_STAGE_COLUMNS = ", ".join(f"a.{stage.value}_at" for stage in STAGES)
ASSIGNMENT = f"SELECT a.incident_id, a.unit_id, u.call_sign, a.ordinal, {_STAGE_COLUMNS}"

# On duty and logged on are one: a unit set on duty by hand, or by another system, gets a log-on that names no crew, and
# one set off duty is logged off. So whatever hangs on a log-on, such as keeping positions, hangs on the status too.
_SET_UNIT = """
WITH ended AS (
    UPDATE unit_logons SET logged_off_at = $4, logged_off_by = $2
    WHERE unit_id = $1 AND logged_off_at IS NULL AND $3 = 'off_duty' RETURNING id
), left_crew AS (
    UPDATE unit_crews SET is_open = false WHERE is_open AND logon_id IN (SELECT id FROM ended)
), begun AS (
    INSERT INTO unit_logons (unit_id, logged_on_at, logged_on_by)
    SELECT $1, $4, $2 WHERE $3 <> 'off_duty' ON CONFLICT (unit_id) WHERE logged_off_at IS NULL DO NOTHING
)
UPDATE units SET status = $3, since = $4, incident_id = $5, status_reason = $6, version = version + 1, updated_by = $2,
    skills = CASE WHEN $3 = 'off_duty' THEN '{}' ELSE skills END,
    crew_size = CASE WHEN $3 = 'off_duty' THEN 0 ELSE crew_size END, updated_at = clock_timestamp()
WHERE id = $1 RETURNING *
"""

# One statement per stage: a column cannot be a parameter, and the stages are a closed set.
_SET_STAGE = {
    stage: f"UPDATE assignments SET {stage.value}_at = $4 WHERE incident_id = $1 AND unit_id = $2 AND ordinal = $3"  # noqa: S608
    for stage in STAGES
}
_REPORT_STAGE = {
    stage: f"""
        UPDATE assignments SET {stage.value}_at = $4, precisions = precisions || $5::text::jsonb, flags = flags || $6
        WHERE incident_id = $1 AND unit_id = $2 AND ordinal = $3
    """  # noqa: S608 - the stage comes from a closed set
    for stage in STAGES
}


async def lock_incident(connection: Connection, incident_id: UUID) -> Record | None:
    """Return the incident's row, locked until the act ends."""
    return await connection.fetchrow(INCIDENT + "WHERE id = $1 FOR UPDATE", incident_id)


async def incident(connection: Connection, incident_id: UUID) -> Record | None:
    """Return the incident's row."""
    return await connection.fetchrow(INCIDENT + "WHERE id = $1", incident_id)


async def lock_unit(connection: Connection, unit_id: UUID) -> Record | None:
    """Return the unit's row, locked until the act ends. Lock the incident first, always."""
    return await connection.fetchrow(_UNIT + "WHERE id = $1 FOR UPDATE", unit_id)


async def lock_assignment(
    connection: Connection, incident_id: UUID, unit_id: UUID, ordinal: int | None = None
) -> Record | None:
    """Return the current assignment (or the one of that ordinal) of a unit to an incident, with the unit, both locked."""
    return await connection.fetchrow(
        ASSIGNMENT
        + ", a.is_current, u.status AS unit_status, u.incident_id AS unit_incident_id, u.territory_id, u.kind, u.since, "
        "u.version AS unit_version FROM assignments a JOIN units u ON u.id = a.unit_id "
        "WHERE a.incident_id = $1 AND a.unit_id = $2 AND (a.ordinal = $3 OR ($3::int IS NULL AND a.is_current)) "
        "FOR UPDATE",
        incident_id,
        unit_id,
        ordinal,
    )


def assignment_of(row: Row) -> Assignment:
    """Return the domain value of an assignment row."""
    return Assignment(row["ordinal"], {s: row[f"{s.value}_at"] for s in STAGES if row[f"{s.value}_at"] is not None})


async def insert_incident(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert an incident and its first call. Keys of `values` are the parameters below."""
    await connection.execute(
        "WITH i AS (INSERT INTO incidents (id, number, source, source_key, status, category, priority, "
        "initial_priority, channel, territory_id, lon, lat, received_at, entered_at, arrived_at, precisions, flags, "
        "opened_by, updated_by, place_label, place_confidence, place_accuracy_m, is_covert, safe_contact, entered_via, "
        "owner_id) "
        "VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::text::jsonb, $16, $17, $17, "
        "$20, $21, $22, $23, $24, $25, $27) RETURNING id) "
        "INSERT INTO calls (id, incident_id, channel, received_at, sealed_id, entered_via, reference) "
        "SELECT $18, i.id, $8, $12, $19, $25, $26 FROM i",
        values["id"],
        values["number"],
        values["source"],
        values["source_key"],
        values["category"],
        values["priority"],
        values["initial_priority"],
        values["channel"],
        values["territory_id"],
        values["lon"],
        values["lat"],
        values["received_at"],
        values["entered_at"],
        values["arrived_at"],
        orjson.dumps(values["precisions"]).decode(),
        values["flags"],
        values["actor_id"],
        values["call_id"],
        values["sealed_id"],
        values.get("place_label"),
        values.get("place_confidence", "unknown"),
        values.get("place_accuracy_m"),
        values.get("is_covert", False),
        values.get("safe_contact", []),
        values.get("entered_via", "console"),
        values.get("reference"),
        values.get("owner_id"),
    )


async def next_number(connection: Connection) -> str:
    """Return the next incident number of this centre. Numbers may have gaps; events may not."""
    return str(await connection.fetchval("SELECT nextval('incident_numbers')"))


async def touch_incident(connection: Connection, incident_id: UUID, by: UUID) -> int:
    """Move an incident's version on and return it."""
    return int(
        await connection.fetchval(
            "UPDATE incidents SET version = version + 1, updated_by = $2, updated_at = clock_timestamp() "
            "WHERE id = $1 RETURNING version",
            incident_id,
            by,
        )
    )


async def change_incident(connection: Connection, incident_id: UUID, by: UUID, values: Mapping[str, Any]) -> Record:
    """Write category, priority, place and territory and return the new row."""
    row = await connection.fetchrow(
        "UPDATE incidents SET category = $3, priority = $4, lon = $5, lat = $6, territory_id = $7, "
        "place_label = $8, place_confidence = $9, place_accuracy_m = $10, "
        "version = version + 1, updated_by = $2, updated_at = clock_timestamp() WHERE id = $1 RETURNING *",
        incident_id,
        by,
        values["category"],
        values["priority"],
        values["lon"],
        values["lat"],
        values["territory_id"],
        values["place_label"],
        values["place_confidence"],
        values["place_accuracy_m"],
    )
    return _certain(row)


async def set_priority(connection: Connection, incident_id: UUID, priority: str) -> None:
    """Write how urgent an incident is; `initial_priority` keeps what it was opened with."""
    await connection.execute("UPDATE incidents SET priority = $2 WHERE id = $1", incident_id, priority)


async def close_incident(
    connection: Connection, incident_id: UUID, by: UUID, command: CloseIncident, at: datetime
) -> int:
    """Close an incident and return its version."""
    return int(
        await connection.fetchval(
            "UPDATE incidents SET status = 'closed', outcome = $3, closed_at = $4, report_number = $5, "
            "outcome_reason = $6, version = version + 1, updated_by = $2, updated_at = clock_timestamp() WHERE id = $1 RETURNING version",
            incident_id,
            by,
            command.outcome,
            at,
            command.report_number,
            command.reason_code,
        )
    )


async def insert_assignment(connection: Connection, incident_id: UUID, unit_id: UUID, at: datetime) -> int:
    """Assign a unit and return the ordinal: 1 the first time, more when it was sent there before."""
    ordinal = int(
        await connection.fetchval(
            "INSERT INTO assignments (incident_id, unit_id, ordinal, assigned_at) "
            "SELECT $1, $2, coalesce(max(ordinal), 0) + 1, $3 FROM assignments WHERE incident_id = $1 AND unit_id = $2 "
            "RETURNING ordinal",
            incident_id,
            unit_id,
            at,
        )
    )
    if ordinal > 1:
        await connection.execute(
            "UPDATE assignments SET is_current = false WHERE incident_id = $1 AND unit_id = $2 AND ordinal < $3",
            incident_id,
            unit_id,
            ordinal,
        )
    return ordinal


async def set_stage(
    connection: Connection, incident_id: UUID, unit_id: UUID, ordinal: int, stage: Stage, at: datetime | None
) -> None:
    """Write one stage time; None takes it away (the event of the correction keeps what it was)."""
    await connection.execute(_SET_STAGE[stage], incident_id, unit_id, ordinal, at)


async def report_stage(
    connection: Connection,
    key: tuple[UUID, UUID, int],
    stage: Stage,
    at: datetime,
    precision: str,
    flags: Sequence[str],
) -> None:
    """Write a stage as an importer reports it, with its precision and what is odd about it."""
    precisions = {} if precision == "second" else {stage.value: precision}
    await connection.execute(_REPORT_STAGE[stage], *key, at, orjson.dumps(precisions).decode(), list(flags))


async def note_import_row(connection: Connection, source: str, row_key: str) -> None:
    """Remember that a row of another system is here, so that an import of its file finds it."""
    await connection.execute(
        "INSERT INTO import_rows (source, row_key) VALUES ($1, $2) ON CONFLICT DO NOTHING", source, row_key
    )


async def drop_assignment(connection: Connection, incident_id: UUID, unit_id: UUID, ordinal: int) -> None:
    """Take an assignment that did not happen out of the picture; its row and events stay."""
    await connection.execute(
        "UPDATE assignments SET is_current = false WHERE incident_id = $1 AND unit_id = $2 AND ordinal = $3",
        incident_id,
        unit_id,
        ordinal,
    )


async def set_unit(
    connection: Connection,
    unit_id: UUID,
    by: UUID,
    status: str,
    since: datetime,
    incident_id: UUID | None,
    reason: str | None = None,
) -> JSON:
    """Write a unit's status, keep its log-on in step, and return its new view."""
    row = await connection.fetchrow(_SET_UNIT, unit_id, by, status, since, incident_id, reason)
    return unit_view(_certain(row))


async def insert_unit(connection: Connection, values: Mapping[str, Any]) -> Record | None:
    """Insert a unit; return its row, or None when the call sign or id is taken there."""
    return await connection.fetchrow(
        "WITH u AS (INSERT INTO units (id, call_sign, kind, source, territory_id, status, since, updated_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING *), "
        "l AS (INSERT INTO unit_logons (unit_id, logged_on_at, logged_on_by) "
        "SELECT id, since, updated_by FROM u WHERE status <> 'off_duty') SELECT * FROM u",
        values["id"],
        values["call_sign"],
        values["kind"],
        values["source"],
        values["territory_id"],
        values["status"],
        values["since"],
        values["actor_id"],
    )


async def insert_note(
    connection: Connection,
    note_id: UUID,
    incident_id: UUID,
    at: datetime,
    by: UUID,
    sealed_id: UUID,
    via: str = "console",
    entered_at: datetime | None = None,
) -> None:
    """Insert a note; its text is sealed."""
    await connection.execute(
        "INSERT INTO notes (id, incident_id, at, by_id, sealed_id, via, entered_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        note_id,
        incident_id,
        at,
        by,
        sealed_id,
        via,
        entered_at,
    )


async def uncleared(connection: Connection, incident_id: UUID) -> list[str]:
    """Return the call signs of the units still working for an incident."""
    rows = await connection.fetch(
        "SELECT u.call_sign FROM assignments a JOIN units u ON u.id = a.unit_id "
        "WHERE a.incident_id = $1 AND a.is_current AND a.cleared_at IS NULL ORDER BY u.call_sign",
        incident_id,
    )
    return [row["call_sign"] for row in rows]


async def last_cleared(connection: Connection, incident_id: UUID) -> Record | None:
    """Return the call sign of the unit that left an incident last, and when; None when none ever did."""
    return await connection.fetchrow(
        "SELECT u.call_sign, a.cleared_at FROM assignments a JOIN units u ON u.id = a.unit_id "
        "WHERE a.incident_id = $1 AND a.cleared_at IS NOT NULL ORDER BY a.cleared_at DESC LIMIT 1",
        incident_id,
    )


async def who(connection: Connection, account_id: UUID) -> str:
    """Return the display name of an account."""
    name = await connection.fetchval("SELECT display_name FROM accounts WHERE id = $1", account_id)
    return str(name) if name is not None else "centre"


async def last_act(connection: Connection, aggregate_id: UUID) -> str | None:
    """Return the type of the last event of an aggregate."""
    kind = await connection.fetchval(
        "SELECT type FROM events WHERE aggregate_id = $1 ORDER BY seq DESC LIMIT 1", aggregate_id
    )
    return None if kind is None else str(kind)


def _certain(row: Record | None) -> Record:
    if row is None:
        raise RuntimeError("a row that was locked in this transaction has gone")
    return row


async def units_in(connection: Connection, territory_ids: Sequence[int]) -> list[JSON]:
    """Return the views of all units that belong to these territories."""
    rows = await connection.fetch(_UNIT + "WHERE territory_id = ANY($1::int[]) ORDER BY call_sign, id", territory_ids)
    return [unit_view(row) for row in rows]


def plain(row: Record) -> JSON:
    """Return a row as a dict, its JSON columns decoded."""
    values = dict(row.items())
    values["precisions"] = orjson.loads(values["precisions"]) if values["precisions"] else {}
    return values
