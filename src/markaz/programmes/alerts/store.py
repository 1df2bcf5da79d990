"""All SQL of warnings. It decides nothing and commits nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from markaz.core.db.pool import Connection
from markaz.programmes.alerts.message import Reference

Record = asyncpg.Record

_COLUMNS = """
SELECT id, state, territory_id, identifier, sender, sent, status, msg_type, scope, category, urgency, severity,
       certainty, effective_at, onset_at, expires_at, summary::text AS summary, signature, certificate_subject,
       certificate_fingerprint, follows, ended_by, ended_at, is_disputed, authors, approved_by, return_reason, version,
       recorded_at, updated_by, updated_at
"""
_LIST = _COLUMNS + "FROM alerts "
_WHOLE = _COLUMNS + ", draft::text AS draft, xml FROM alerts "


async def alert(connection: Connection, alert_id: UUID) -> Record | None:
    """Return a warning with its draft and its bytes."""
    return await connection.fetchrow(_WHOLE + "WHERE id = $1", alert_id)


async def lock_alert(connection: Connection, alert_id: UUID) -> Record | None:
    """Return the same, locked until the act ends. Lock the earlier warning before the one that follows it."""
    return await connection.fetchrow(_WHOLE + "WHERE id = $1 FOR UPDATE", alert_id)


async def current(connection: Connection, now: datetime, territory_ids: Sequence[int], limit: int) -> list[Record]:
    """Return what holds now, issued and received, worst first, of territories."""
    return await connection.fetch(
        _LIST + "WHERE state IN ('issued', 'received') AND ended_by IS NULL AND expires_at > $1 "
        "AND msg_type IN ('Alert', 'Update') AND territory_id = ANY($2::int[]) "
        "ORDER BY array_position('{Extreme,Severe,Moderate,Minor,Unknown}'::text[], severity), sent DESC, id LIMIT $3",
        now,
        list(territory_ids),
        limit,
    )


async def past(connection: Connection, now: datetime, territory_ids: Sequence[int], limit: int) -> list[Record]:
    """Return the newest messages that hold no more, or never were warnings (Cancel, Ack, Error)."""
    return await connection.fetch(
        _LIST
        + "WHERE sent IS NOT NULL AND (ended_by IS NOT NULL OR expires_at <= $1 OR msg_type NOT IN ('Alert', 'Update')) "
        "AND territory_id = ANY($2::int[]) ORDER BY sent DESC, id LIMIT $3",
        now,
        list(territory_ids),
        limit,
    )


async def drafts(connection: Connection, territory_ids: Sequence[int], limit: int) -> list[Record]:
    """Return what is being written or waits for a second person, waiting ones first."""
    return await connection.fetch(
        _LIST + "WHERE state IN ('draft', 'submitted') AND territory_id = ANY($1::int[]) "
        "ORDER BY state DESC, updated_at DESC, id LIMIT $2",
        list(territory_ids),
        limit,
    )


async def public(connection: Connection, since: datetime, limit: int) -> list[Record]:
    """Return what was issued and has not expired before `since`, newest first; cancels and ended ones too."""
    return await connection.fetch(
        _LIST + "WHERE state = 'issued' AND expires_at > $1 ORDER BY sent DESC, id LIMIT $2", since, limit
    )


async def issued_xml(connection: Connection, alert_id: UUID) -> bytes | None:
    """Return the signed bytes of an issued warning; None for anything else."""
    found: bytes | None = await connection.fetchval(
        "SELECT xml FROM alerts WHERE id = $1 AND state = 'issued'", alert_id
    )
    return found


_INSERT = """
INSERT INTO alerts (id, state, territory_id, identifier, sender, sent, status, msg_type, scope, category, urgency,
                    severity, certainty, effective_at, onset_at, expires_at, summary, draft, xml, signature,
                    certificate_subject, certificate_fingerprint, follows, authors, recorded_at, updated_by, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17::text::jsonb, $18::text::jsonb, $19,
        $20, $21, $22, $23, $24, $25, $26, $25)
"""
_INSERTED = (
    "id", "state", "territory_id", "identifier", "sender", "sent", "status", "msg_type", "scope", "category", "urgency",
    "severity", "certainty", "effective_at", "onset_at", "expires_at", "summary", "draft", "xml", "signature",
    "certificate_subject", "certificate_fingerprint", "follows", "authors", "recorded_at", "updated_by",
)  # fmt: skip


async def insert(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a draft or a received message; columns that `values` lacks are empty."""
    row = {"authors": [], **values}
    row["summary"] = orjson.dumps(row["summary"]).decode()
    row["draft"] = None if row.get("draft") is None else orjson.dumps(row["draft"]).decode()
    await connection.execute(_INSERT, *(row.get(column) for column in _INSERTED))


async def write_draft(connection: Connection, alert_id: UUID, values: Mapping[str, Any]) -> Record:
    """Replace a draft's content; it is a draft again, and whoever wrote it is one of its authors."""
    row = await connection.fetchrow(
        "UPDATE alerts SET state = 'draft', status = $2, category = $3, urgency = $4, severity = $5, certainty = $6, "
        "effective_at = $7, onset_at = $8, expires_at = $9, summary = $10::text::jsonb, draft = $11::text::jsonb, "
        "authors = CASE WHEN $12 = ANY(authors) THEN authors ELSE authors || $12 END, return_reason = NULL, "
        "version = version + 1, updated_by = $12, updated_at = $13 WHERE id = $1 RETURNING *",
        alert_id,
        *(values[name] for name in ("status", "category", "urgency", "severity", "certainty")),
        *(values[name] for name in ("effective_at", "onset_at", "expires_at")),
        orjson.dumps(values["summary"]).decode(),
        orjson.dumps(values["draft"]).decode(),
        values["updated_by"],
        values["updated_at"],
    )
    assert row is not None
    return row


async def set_state(
    connection: Connection, alert_id: UUID, state: str, by: UUID, now: datetime, reason: str | None = None
) -> Record:
    """Move a draft on, or back with a coded reason."""
    row = await connection.fetchrow(
        "UPDATE alerts SET state = $2, return_reason = $5, version = version + 1, updated_by = $3, updated_at = $4 "
        "WHERE id = $1 RETURNING *",
        alert_id,
        state,
        by,
        now,
        reason,
    )
    assert row is not None
    return row


async def issue(connection: Connection, alert_id: UUID, values: Mapping[str, Any]) -> Record:
    """Keep the signed bytes of a warning that goes out now."""
    row = await connection.fetchrow(
        "UPDATE alerts SET state = 'issued', sent = $2, identifier = $3, sender = $4, effective_at = $5, "
        "summary = $6::text::jsonb, xml = $7, signature = 'own', certificate_fingerprint = $8, approved_by = $9, "
        "return_reason = NULL, version = version + 1, updated_by = $9, updated_at = $10 WHERE id = $1 RETURNING *",
        alert_id,
        *(values[name] for name in ("sent", "identifier", "sender", "effective_at")),
        orjson.dumps(values["summary"]).decode(),
        *(values[name] for name in ("xml", "fingerprint", "approved_by", "now")),
    )
    assert row is not None
    return row


async def end(
    connection: Connection, alert_id: UUID, by_alert: UUID, by: UUID, now: datetime, *, is_disputed: bool = False
) -> Record:
    """Take a message off the current list because a later one says so."""
    row = await connection.fetchrow(
        "UPDATE alerts SET ended_by = $2, ended_at = $4, is_disputed = $5, version = version + 1, updated_by = $3, "
        "updated_at = $4 WHERE id = $1 RETURNING *",
        alert_id,
        by_alert,
        by,
        now,
        is_disputed,
    )
    assert row is not None
    return row


async def same_message(connection: Connection, sender: str, identifier: str, sent: datetime) -> Record | None:
    """Return the message of that sender, identifier and time, locked."""
    return await connection.fetchrow(
        _WHOLE + "WHERE sender = $1 AND identifier = $2 AND sent = $3 AND NOT is_disputed FOR UPDATE",
        sender,
        identifier,
        sent,
    )


async def insert_references(
    connection: Connection, alert_id: UUID, references: Sequence[tuple[Reference, datetime]]
) -> None:
    """Keep which earlier messages this one is about."""
    await connection.executemany(
        "INSERT INTO alert_references (alert_id, sender, identifier, sent) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        [(alert_id, reference.sender, reference.identifier, sent) for reference, sent in references],
    )


async def lock_referenced(connection: Connection, alert_id: UUID) -> list[Record]:
    """Return the received messages that this one is about and that still stand, locked in the order of their ids."""
    return await connection.fetch(
        _LIST + "WHERE state = 'received' AND ended_by IS NULL AND (sender, identifier, sent) IN "  # noqa: S608
        "(SELECT r.sender, r.identifier, r.sent FROM alert_references r WHERE r.alert_id = $1) ORDER BY id FOR UPDATE",
        alert_id,
    )


async def lock_referring(connection: Connection, sender: str, identifier: str, sent: datetime) -> list[Record]:
    """Return the received updates and cancels about a message, oldest first: they may have come before it."""
    return await connection.fetch(
        _LIST + "WHERE state = 'received' AND msg_type IN ('Update', 'Cancel') AND id IN "  # noqa: S608
        "(SELECT r.alert_id FROM alert_references r WHERE r.sender = $1 AND r.identifier = $2 AND r.sent = $3) "
        "ORDER BY id LIMIT 20",
        sender,
        identifier,
        sent,
    )


async def names(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of accounts."""
    rows = await connection.fetch(
        "SELECT id, display_name FROM accounts WHERE id = ANY($1::uuid[])", list(set(account_ids))
    )
    return {row["id"]: row["display_name"] for row in rows}


async def working_follow_up(connection: Connection, alert_id: UUID) -> Record | None:
    """Return the update or cancel of a warning that somebody is writing."""
    return await connection.fetchrow(_LIST + "WHERE follows = $1 AND state IN ('draft', 'submitted')", alert_id)


async def dispute(connection: Connection, alert_id: UUID) -> None:
    """Make room for the sender's own text under a name that another one took."""
    await connection.execute("UPDATE alerts SET is_disputed = true WHERE id = $1", alert_id)
