"""All SQL of retention. It decides nothing about how long: the cutoff comes from the schedule.

A record of an incident is over when the incident was closed before the cutoff, is not held and is not linked to one
that is open. A sealed record that somebody had restricted stays as it is until the restriction is lifted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection

BATCH = 5_000  # records of one class in one run; the next run, within the hour, takes the rest

_OVER = """
i.status = 'closed' AND coalesce(i.closed_at, i.received_at) < $1
AND NOT EXISTS (SELECT FROM position_holds h WHERE h.incident_id = i.id AND h.until > $2)
AND NOT EXISTS (SELECT FROM incident_links l JOIN incidents o ON o.id IN (l.from_id, l.to_id)
                WHERE i.id IN (l.from_id, l.to_id) AND o.status = 'open')
"""
_FREE = """
JOIN keys.sealed_keys k ON k.sealed_id = r.sealed_id
WHERE NOT EXISTS (SELECT FROM restrictions x WHERE x.sealed_id = r.sealed_id AND x.lifted_at IS NULL)
ORDER BY r.over_at LIMIT $3
"""


def _of_incident(*tables: str) -> str:
    """Return the records of tables that name their incident themselves."""
    parts = [
        f"SELECT t.sealed_id, coalesce(i.closed_at, i.received_at) AS over_at FROM {table} t "  # noqa: S608 - named below
        f"JOIN incidents i ON i.id = t.incident_id WHERE t.sealed_id IS NOT NULL AND {_OVER}"
        for table in tables
    ]
    return " UNION ALL ".join(parts)


def _with_earlier(table: str, key: str) -> str:
    """Return the records of a table and of what stood in it before corrections."""
    return (
        f"SELECT t.sealed_id, coalesce(i.closed_at, i.received_at) AS over_at FROM "  # noqa: S608 - named below
        f"(SELECT sealed_id, incident_id FROM {table} UNION ALL SELECT b.sealed_id, n.incident_id FROM {table}_before b "
        f"JOIN {table} n ON n.id = b.{key}) t JOIN incidents i ON i.id = t.incident_id "
        f"WHERE t.sealed_id IS NOT NULL AND {_OVER}"
    )


_HANDOVER = f"""
SELECT s.sealed_id, coalesce(h.signed_in_at, h.withdrawn_at) AS over_at
FROM handovers h JOIN handover_items t ON t.handover_id = h.id
LEFT JOIN incidents i ON i.id = t.incident_id
CROSS JOIN LATERAL (VALUES (t.sealed_id), (t.remark_id)) AS s (sealed_id)
WHERE s.sealed_id IS NOT NULL AND h.state <> 'offered' AND coalesce(h.signed_in_at, h.withdrawn_at) < $1
  AND (t.incident_id IS NULL OR ({_OVER}))
"""  # noqa: S608 - constants of this file
_SUMMARY = f"""
SELECT t.sealed_id, s.made_at AS over_at FROM summaries s JOIN summary_incidents t ON t.summary_id = s.id
JOIN incidents i ON i.id = t.incident_id WHERE t.sealed_id IS NOT NULL AND s.made_at < $1 AND {_OVER}
"""  # noqa: S608 - constants of this file
_TASKS = """
SELECT answer_sealed_id AS sealed_id, closed_at AS over_at FROM tasks
WHERE answer_sealed_id IS NOT NULL AND closed_at < $1 AND $2::timestamptz IS NOT NULL
UNION ALL SELECT reason_id, judged_at FROM review_cases WHERE reason_id IS NOT NULL AND judged_at < $1
"""

_REQUESTS = """
SELECT s.sealed_id, r.answered_at AS over_at FROM right_requests r
CROSS JOIN LATERAL (VALUES (r.sealed_id), (r.answer_id)) AS s (sealed_id)
WHERE s.sealed_id IS NOT NULL AND r.answered_at < $1 AND $2::timestamptz IS NOT NULL
"""

_PURPOSES = """
SELECT sealed_id, ends_at AS over_at FROM purposes WHERE ends_at < $1 AND $2::timestamptz IS NOT NULL
UNION ALL SELECT sealed_id, judged_at FROM broken_glass WHERE judged_at < $1
"""

# By class of the schedule: the sealed records that are over at $1, holds as of $2.
SEALED: Mapping[str, str] = {
    "callers": _of_incident("calls", "call_details"),
    "parties": _with_earlier("parties", "party_id"),
    "vehicles": _with_earlier("vehicles", "vehicle_id"),
    "attachments": _of_incident("attachments"),
    "notes": _of_incident("notes"),
    "handover_texts": _HANDOVER,
    "summary_texts": _SUMMARY,
    "task_answers": _TASKS,
    "right_requests": _REQUESTS,
    "purposes": _PURPOSES,
}

_CREWS = """
WITH over AS (
    SELECT c.logon_id, c.account_id, l.logged_off_at FROM unit_crews c JOIN unit_logons l ON l.id = c.logon_id
    WHERE l.logged_off_at < $1 AND NOT c.is_open AND NOT EXISTS (
        SELECT FROM assignments a JOIN incidents i ON i.id = a.incident_id
        WHERE a.unit_id = l.unit_id AND a.assigned_at BETWEEN l.logged_on_at AND l.logged_off_at
          AND (i.status = 'open' OR EXISTS (
              SELECT FROM position_holds h WHERE h.incident_id = i.id AND h.until > $2)))
    ORDER BY l.logged_off_at LIMIT $3
), gone AS (
    DELETE FROM unit_crews c USING over WHERE c.logon_id = over.logon_id AND c.account_id = over.account_id
    RETURNING over.logged_off_at AS over_at
), planned AS (
    DELETE FROM roster r USING shifts s WHERE s.id = r.shift_id AND s.ends_at < $1 RETURNING s.ends_at AS over_at
), swapped AS (
    DELETE FROM roster_swaps w USING shifts s WHERE s.id = w.shift_id AND s.ends_at < $1 RETURNING s.ends_at AS over_at
), every AS (SELECT over_at FROM gone UNION ALL SELECT over_at FROM planned UNION ALL SELECT over_at FROM swapped)
SELECT count(*) AS records, min(over_at) AS first_at, max(over_at) AS last_at FROM every
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """What one run ended: how many records, and from when until when they were over."""

    records: int
    first_at: datetime | None = None
    last_at: datetime | None = None


async def sealed_over(connection: Connection, class_id: str, before: datetime, now: datetime) -> list[Any]:
    """Return (sealed_id, over_at) of up to 5,000 records of a class that still have their key, the oldest first."""
    query = f"SELECT DISTINCT r.sealed_id, r.over_at FROM ({SEALED[class_id]}) r {_FREE}"  # noqa: S608 - constants
    return await connection.fetch(query, before, now, BATCH)


async def end_crew_lists(connection: Connection, before: datetime, now: datetime) -> Ended:
    """Delete who was on which unit and in which roster before a time; the log-on itself stays, without names."""
    row = await connection.fetchrow(_CREWS, before, now, BATCH)
    assert row is not None, "an aggregate always returns its row"
    return Ended(row["records"], row["first_at"], row["last_at"])


async def end_openings(connection: Connection, before: datetime) -> Ended:
    """Delete openings of the log older than a time; leaves and proofs stay."""
    row = await connection.fetchrow("SELECT * FROM log_forget_openings($1, $2)", before, BATCH)
    assert row is not None, "an aggregate always returns its row"
    return Ended(row["gone"], row["first_at"], row["last_at"])


async def insert_certificate(
    connection: Connection, certificate_id: UUID, class_id: str, schedule: str, ended: Ended, now: datetime
) -> None:
    """Keep what a run ended."""
    await connection.execute(
        "INSERT INTO deletion_certificates (id, class, made_at, schedule, records, ended_from, ended_to) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        certificate_id,
        class_id,
        now,
        schedule,
        ended.records,
        ended.first_at,
        ended.last_at,
    )


async def has_certificate(connection: Connection, certificate_id: UUID) -> bool:
    """Say whether a certificate of this id is kept."""
    return bool(
        await connection.fetchval("SELECT EXISTS (SELECT FROM deletion_certificates WHERE id = $1)", certificate_id)
    )


async def certificates(
    connection: Connection, class_id: str | None, before: datetime | None, limit: int
) -> list[dict[str, Any]]:
    """Return certificates, the newest first."""
    rows = await connection.fetch(
        "SELECT c.id, c.class, c.made_at, c.schedule, c.records, c.ended_from, c.ended_to, e.leaf "
        "FROM deletion_certificates c LEFT JOIN audit_entries e ON e.record_id = c.id AND e.kind = 'deletion' "
        "WHERE ($1::text IS NULL OR c.class = $1) AND ($2::timestamptz IS NULL OR c.made_at < $2) "
        "ORDER BY c.made_at DESC, c.id LIMIT $3",
        class_id,
        before,
        limit,
    )
    return [dict(row) for row in rows]


async def totals(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return, by class, how many records ended so far and when the last run did something."""
    rows = await connection.fetch(
        "SELECT class, sum(records)::bigint AS records, max(made_at) AS last_at FROM deletion_certificates GROUP BY class"
    )
    return {row["class"]: {"records": row["records"], "last_at": row["last_at"]} for row in rows}


async def holds(connection: Connection, now: datetime) -> int:
    """Return how many incidents are held now: nothing of them ends."""
    return int(await connection.fetchval("SELECT count(*) FROM position_holds WHERE until > $1", now))
