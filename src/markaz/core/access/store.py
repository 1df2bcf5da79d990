"""The SQL of purposes, broken glass and requests that need two people. It decides nothing and commits nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from markaz.core.db.pool import Connection

Record = asyncpg.Record

CLOCKS_DIFFER = timedelta(minutes=1)  # of two servers; what begins later than that was made before a clock went back
TASKS_SHOWN = 50
GLASS_SHOWN = 200
LOOKS_SHOWN = 200  # under one broken glass


async def lock_purposes(connection: Connection, account_id: UUID) -> None:
    """Let one act at a time state purposes of an account or break the glass for it, until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 118))", str(account_id))


async def last_hashes(connection: Connection, account_id: UUID, count: int) -> set[bytes]:
    """Return the keyed hashes of the last `count` purposes of an account."""
    rows = await connection.fetch(
        "SELECT text_hash FROM purposes WHERE account_id = $1 ORDER BY stated_at DESC LIMIT $2", account_id, count
    )
    return {bytes(row["text_hash"]) for row in rows}


async def insert_purpose(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a purpose that holds from now."""
    await connection.execute(
        "INSERT INTO purposes (id, account_id, kind, reference_id, reference, need, territory_id, sealed_id, text_hash, "
        "self_opened, edited_before, stated_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        values["id"],
        values["account_id"],
        values["kind"],
        values["reference_id"],
        values["reference"],
        values["need"],
        values["territory_id"],
        values["sealed_id"],
        values["text_hash"],
        values["self_opened"],
        values["edited_before"],
        values["stated_at"],
        values["ends_at"],
    )


async def end_purposes(connection: Connection, account_id: UUID, at: datetime, purpose_id: UUID | None = None) -> bool:
    """End the open purpose of an account, or only that one; return whether one was open."""
    done = await connection.execute(
        "UPDATE purposes SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL "
        "AND ($3::uuid IS NULL OR id = $3)",
        account_id,
        at,
        purpose_id,
    )
    return done != "UPDATE 0"


async def open_purpose(connection: Connection, account_id: UUID, now: datetime) -> Record | None:
    """Return the purpose of an account that was not ended and is not over, nor stated later than `now`."""
    return await connection.fetchrow(
        "SELECT * FROM purposes WHERE account_id = $1 AND ended_at IS NULL AND ends_at > $2 AND stated_at <= $3",
        account_id,
        now,
        now + CLOCKS_DIFFER,
    )


async def purpose_of(connection: Connection, account_id: UUID, purpose_id: UUID) -> Record | None:
    """Return a purpose of that account."""
    return await connection.fetchrow(
        "SELECT id, territory_id FROM purposes WHERE id = $2 AND account_id = $1", account_id, purpose_id
    )


# A task with the incident it is about, whether its record is that incident or a glass broken over it.
_TASK = """
SELECT t.id, t.kind, t.territory_id, t.opened_at, t.closed_at, t.due_at,
       CASE t.record_kind WHEN 'incident' THEN t.record_id ELSE g.record_id END AS incident_id
FROM tasks t LEFT JOIN broken_glass g ON t.record_kind = 'broken_glass' AND g.id = t.record_id
"""


async def open_tasks(connection: Connection, account_id: UUID, kinds: Sequence[str]) -> list[Record]:
    """Return the open tasks of these kinds that an account owns, the first due first."""
    return await connection.fetch(
        _TASK + "WHERE t.owner_id = $1 AND t.closed_at IS NULL AND t.kind = ANY($2::text[]) ORDER BY t.due_at LIMIT $3",
        account_id,
        kinds,
        TASKS_SHOWN,
    )


async def task_of(connection: Connection, task_id: UUID, account_id: UUID, kinds: Sequence[str]) -> Record | None:
    """Return a task of these kinds that the account owns."""
    return await connection.fetchrow(
        _TASK + "WHERE t.id = $1 AND t.owner_id = $2 AND t.kind = ANY($3::text[])", task_id, account_id, kinds
    )


async def mark_over(connection: Connection, now: datetime) -> int:
    """Mark purposes and broken glass whose time is over; return how many."""
    purposes = await connection.execute(
        "UPDATE purposes SET ended_at = ends_at WHERE ended_at IS NULL AND ends_at <= $1", now
    )
    glass = await connection.execute(
        "UPDATE broken_glass SET ended_at = ends_at WHERE ended_at IS NULL AND ends_at <= $1", now
    )
    return int(purposes.split()[-1]) + int(glass.split()[-1])


async def insert_glass(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a broken glass."""
    await connection.execute(
        "INSERT INTO broken_glass (id, account_id, record_kind, record_id, reference, territory_id, ground, sealed_id, "
        "task_id, alarm_id, broken_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        values["id"],
        values["account_id"],
        values["record_kind"],
        values["record_id"],
        values["reference"],
        values["territory_id"],
        values["ground"],
        values["sealed_id"],
        values["task_id"],
        values["alarm_id"],
        values["broken_at"],
        values["ends_at"],
    )


async def open_glass(
    connection: Connection, account_id: UUID, record_kind: str, record_id: UUID, now: datetime
) -> Record | None:
    """Return the glass this account broke over a record, while it is open."""
    return await connection.fetchrow(
        "SELECT * FROM broken_glass WHERE account_id = $1 AND record_kind = $2 AND record_id = $3 AND ends_at > $4 "
        "AND ended_at IS NULL AND broken_at <= $5 ORDER BY ends_at DESC LIMIT 1",
        account_id,
        record_kind,
        record_id,
        now,
        now + CLOCKS_DIFFER,
    )


async def open_glasses(connection: Connection, account_id: UUID, record_kind: str, now: datetime) -> list[Record]:
    """Return {record_id, ends_at} of every glass this account broke that is open, at most a hundred."""
    return await connection.fetch(
        "SELECT record_id, ends_at FROM broken_glass WHERE account_id = $1 AND record_kind = $2 AND ends_at > $3 "
        "AND ended_at IS NULL AND broken_at <= $4 ORDER BY ends_at DESC LIMIT 100",
        account_id,
        record_kind,
        now,
        now + CLOCKS_DIFFER,
    )


_GLASS = (
    "SELECT g.*, a.display_name AS by, j.display_name AS judge, t.version AS task_version, t.due_at, t.owner_id, "
    "o.display_name AS owner FROM broken_glass g JOIN accounts a ON a.id = g.account_id JOIN tasks t ON t.id = g.task_id "
    "LEFT JOIN accounts j ON j.id = g.judged_by LEFT JOIN accounts o ON o.id = t.owner_id "
)


async def glass(connection: Connection, glass_id: UUID) -> Record | None:
    """Return a broken glass with the names of who broke and who judged it."""
    return await connection.fetchrow(_GLASS + "WHERE g.id = $1", glass_id)


async def lock_glass(connection: Connection, glass_id: UUID) -> Record | None:
    """Return the same, locked until the act ends. Lock it before its task and its alarm."""
    return await connection.fetchrow(_GLASS + "WHERE g.id = $1 FOR UPDATE OF g", glass_id)


async def list_glass(
    connection: Connection, territories: Sequence[int], *, only_waiting: bool, before: datetime | None
) -> list[Record]:
    """Return broken glass of these territories, what waits for a verdict first, then the newest first."""
    return await connection.fetch(
        _GLASS + "WHERE g.territory_id = ANY($1::int[]) AND ($2 IS FALSE OR g.verdict IS NULL) "
        "AND ($3::timestamptz IS NULL OR g.broken_at < $3) "
        "ORDER BY g.verdict IS NOT NULL, g.broken_at DESC, g.id LIMIT $4",
        territories,
        only_waiting,
        before,
        GLASS_SHOWN,
    )


async def judge(
    connection: Connection, glass_id: UUID, verdict: str, by: UUID, at: datetime, sealed_id: UUID | None
) -> None:
    """Write the verdict down."""
    await connection.execute(
        "UPDATE broken_glass SET verdict = $2, judged_by = $3, judged_at = $4, verdict_sealed_id = $5 WHERE id = $1",
        glass_id,
        verdict,
        by,
        at,
        sealed_id,
    )


async def grants_of(connection: Connection, account_ids: Sequence[UUID]) -> list[Record]:
    """Return the grants of these accounts, each with its account_id."""
    return await connection.fetch(
        "SELECT account_id, role, territory_id FROM grants WHERE account_id = ANY($1::uuid[])", account_ids
    )


_LOOKS_UNDER = """
SELECT at, action, classes FROM (
    SELECT id, at, action, details ->> 'classes' AS classes,
           row_number() OVER (PARTITION BY action, details ->> 'classes' ORDER BY id) AS nth
    FROM audit_entries WHERE details ->> 'glass_id' = $1::text AND kind = 'view'
      AND record_id = (SELECT record_id FROM broken_glass WHERE id = $2)
    ORDER BY nth, id LIMIT $3) looks
ORDER BY id
"""


async def looks_under(connection: Connection, glass_id: UUID) -> list[Record]:
    """Return what was looked at through a broken glass, from the log: up to two hundred, the first of each sort among them.

    So nobody hides what they came for behind two hundred looks at something else.
    """
    return await connection.fetch(_LOOKS_UNDER, str(glass_id), glass_id, LOOKS_SHOWN)


async def insert_request(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a request for a second person."""
    await connection.execute(
        "INSERT INTO two_person_requests (id, kind, what, territory_id, asked_by, asked_at, ends_at) "
        "VALUES ($1, $2, $3::text::jsonb, $4, $5, $6, $7)",
        values["id"],
        values["kind"],
        values["what"],
        values["territory_id"],
        values["asked_by"],
        values["asked_at"],
        values["ends_at"],
    )


_REQUEST = (
    "SELECT r.id, r.kind, r.what::text AS what, r.territory_id, r.asked_by, r.asked_at, r.ends_at, r.state, r.decided_by, "
    "r.decided_at, a.display_name AS asked_name FROM two_person_requests r JOIN accounts a ON a.id = r.asked_by "
)


async def lock_request(connection: Connection, request_id: UUID) -> Record | None:
    """Return a request, locked until the act ends."""
    return await connection.fetchrow(_REQUEST + "WHERE r.id = $1 FOR UPDATE OF r", request_id)


async def open_requests(
    connection: Connection, kinds: Sequence[str], territories: Sequence[int], now: datetime
) -> list[Record]:
    """Return what waits for a second person, the oldest first."""
    return await connection.fetch(
        _REQUEST + "WHERE r.state = 'asked' AND r.kind = ANY($1::text[]) AND r.territory_id = ANY($2::int[]) "
        "AND r.ends_at > $3 ORDER BY r.asked_at, r.id LIMIT 200",
        kinds,
        territories,
        now,
    )


async def decide_request(connection: Connection, request_id: UUID, state: str, by: UUID, at: datetime) -> None:
    """Write down how a request ended."""
    await connection.execute(
        "UPDATE two_person_requests SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1",
        request_id,
        state,
        by,
        at,
    )
