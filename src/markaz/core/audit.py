"""The audit trail of reads: every look at a person leaves who, what, when and why, in the transaction of the look."""

from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.kit.clock import iso


async def record(
    connection: Connection,
    *,
    actor_id: UUID,
    action: str,
    record_kind: str,
    record_id: UUID | None,
    reason: str,
    request_id: str | None,
) -> None:
    """Write one entry. `reason` is a code or the number of an incident or case, never free text about a person."""
    await connection.execute(
        "INSERT INTO audit_entries (actor_id, action, record_kind, record_id, reason, request_id) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        actor_id,
        action,
        record_kind,
        record_id,
        reason,
        request_id,
    )


async def entries(
    connection: Connection, *, record_id: UUID | None, actor_id: UUID | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return entries, newest first, of one record or one actor or all, before the entry `before`."""
    rows = await connection.fetch(
        "SELECT e.id, e.at, e.actor_id, a.display_name AS actor, e.action, e.record_kind, e.record_id, e.reason, "
        "e.request_id FROM audit_entries e LEFT JOIN accounts a ON a.id = e.actor_id "
        "WHERE ($1::uuid IS NULL OR e.record_id = $1) AND ($2::uuid IS NULL OR e.actor_id = $2) "
        "AND ($3::bigint IS NULL OR e.id < $3) ORDER BY e.id DESC LIMIT $4",
        record_id,
        actor_id,
        before,
        limit,
    )
    return [
        {
            "id": row["id"],
            "at": iso(row["at"]),
            "actor": {"id": str(row["actor_id"]), "name": row["actor"]},
            "action": row["action"],
            "record_kind": row["record_kind"],
            "record_id": None if row["record_id"] is None else str(row["record_id"]),
            "reason": row["reason"],
            "request_id": row["request_id"],
        }
        for row in rows
    ]
