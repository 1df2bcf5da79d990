"""The audit trail of reads: every look at a person leaves who, what, when and why, in the transaction of the look."""

from uuid import UUID

from markaz.core.db.pool import Connection


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
