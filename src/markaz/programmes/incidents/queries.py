"""The SQL of the desk's lists, cards and counts. Reads only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.kit.clock import iso
from markaz.programmes.incidents.picture import JSON
from markaz.programmes.incidents.store import INCIDENT, Record

_LIST = (
    INCIDENT
    + """
WHERE territory_id = ANY($1::int[])
  AND ($2::text IS NULL OR status = $2)
  AND ($3::text IS NULL OR priority = $3)
  AND ($4::text IS NULL OR source = $4)
  AND ($5::timestamptz IS NULL OR received_at >= $5)
  AND ($6::timestamptz IS NULL OR received_at < $6)
  AND ($7::timestamptz IS NULL OR (received_at, id) < ($7, $8))
  AND ($10::text IS NULL OR category = $10)
  AND ($11::text IS NULL OR channel = $11)
  AND ($12::text IS NULL OR outcome = $12)
ORDER BY received_at DESC, id DESC
LIMIT $9
"""
)


async def list_incidents(
    connection: Connection,
    *,
    territories: Sequence[int],
    status: str | None,
    priority: str | None,
    source: str | None,
    received_from: datetime | None,
    received_to: datetime | None,
    before_at: datetime | None,
    before_id: UUID | None,
    limit: int,
    category: str | None = None,
    channel: str | None = None,
    outcome: str | None = None,
) -> list[Record]:
    """Return incidents, newest first; None asks for any."""
    return await connection.fetch(
        _LIST, territories, status, priority, source, received_from, received_to, before_at, before_id, limit,
        category, channel, outcome,
    )  # fmt: skip


def list_item(row: Record, view: JSON) -> JSON:
    """Return an incident as a list shows it: its view, and when it was closed."""
    closed_at = row["closed_at"]
    return view | {"closed_at": None if closed_at is None else iso(closed_at)}


async def names(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the display names of accounts."""
    rows = await connection.fetch(
        "SELECT id, display_name FROM accounts WHERE id = ANY($1::uuid[])", list(set(account_ids))
    )
    return {row["id"]: row["display_name"] for row in rows}


async def sealed_calls(connection: Connection, incident_id: UUID) -> list[UUID]:
    """Return the sealed records of an incident's first call, what was learnt of its caller later behind it."""
    rows = await connection.fetch(
        "SELECT sealed_id FROM (SELECT sealed_id, 0 AS part, received_at AS at, id FROM calls "
        "WHERE incident_id = $1 AND sealed_id IS NOT NULL AND is_first "
        "UNION ALL SELECT sealed_id, 1, at, id FROM call_details WHERE incident_id = $1) known ORDER BY part, at, id",
        incident_id,
    )
    return [row["sealed_id"] for row in rows]


async def bound_parties(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the parties of an incident that must not be reached in some way, without what names them."""
    return await connection.fetch(
        "SELECT id, role, safe_contact, sealed_id FROM parties WHERE incident_id = $1 AND safe_contact <> '{}' "
        "ORDER BY id",
        incident_id,
    )


async def notes(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the newest 500 notes of an incident, oldest first, without their text."""
    return await connection.fetch(
        "SELECT * FROM (SELECT n.id, n.at, n.sealed_id, n.via, n.entered_at, a.display_name AS by FROM notes n "
        "JOIN accounts a ON a.id = n.by_id WHERE n.incident_id = $1 ORDER BY n.at DESC, n.id LIMIT 500) newest "
        "ORDER BY at, id",
        incident_id,
    )


async def sealed_of(connection: Connection, incident_id: UUID) -> list[UUID]:
    """Return every sealed record an incident holds: of calls, notes, parties, vehicles, attachments and reasons.

    What was left with the incidents that were merged into it (reasons, details of their callers) belongs to it.
    """
    rows = await connection.fetch(
        "WITH RECURSIVE whole AS (SELECT $1::uuid AS id UNION "
        "SELECT i.id FROM incidents i JOIN whole w ON i.merged_into = w.id) "
        "SELECT sealed_id FROM calls WHERE incident_id = $1 AND sealed_id IS NOT NULL "
        "UNION SELECT sealed_id FROM call_details WHERE incident_id IN (SELECT id FROM whole) "
        "UNION SELECT sealed_id FROM notes WHERE incident_id = $1 "
        "UNION SELECT sealed_id FROM summary_incidents WHERE incident_id = $1 AND sealed_id IS NOT NULL "
        "UNION SELECT remark_id FROM handover_items WHERE incident_id = $1 AND remark_id IS NOT NULL "
        "UNION SELECT sealed_id FROM parties WHERE incident_id = $1 AND sealed_id IS NOT NULL "
        "UNION SELECT b.sealed_id FROM parties_before b JOIN parties p ON p.id = b.party_id "
        "WHERE p.incident_id = $1 AND b.sealed_id IS NOT NULL "
        "UNION SELECT sealed_id FROM vehicles WHERE incident_id = $1 "
        "UNION SELECT b.sealed_id FROM vehicles_before b JOIN vehicles v ON v.id = b.vehicle_id WHERE v.incident_id = $1 "
        "UNION SELECT sealed_id FROM attachments WHERE incident_id = $1 "
        "UNION SELECT (payload ->> 'reason_id')::uuid FROM events "
        "WHERE aggregate_id IN (SELECT id FROM whole) AND payload ? 'reason_id'",
        incident_id,
    )
    return [row["sealed_id"] for row in rows]


async def count_open(connection: Connection, territories: Sequence[int]) -> dict[int, int]:
    """Return open incidents by territory."""
    rows = await connection.fetch(
        "SELECT territory_id, count(*) AS n FROM incidents WHERE status = 'open' AND territory_id = ANY($1::int[]) "
        "GROUP BY territory_id",
        territories,
    )
    return {row["territory_id"]: row["n"] for row in rows}


async def count_units(connection: Connection, territories: Sequence[int]) -> dict[int, int]:
    """Return units by territory."""
    rows = await connection.fetch(
        "SELECT territory_id, count(*) AS n FROM units WHERE territory_id = ANY($1::int[]) GROUP BY territory_id",
        territories,
    )
    return {row["territory_id"]: row["n"] for row in rows}


async def is_shut_out(connection: Connection, incident_id: UUID, account_id: UUID) -> bool:
    """Say whether this account may not see the incident, whatever its grants say."""
    found = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM shut_out_accounts WHERE incident_id = $1 AND account_id = $2)",
        incident_id,
        account_id,
    )
    return bool(found)


async def shut_out_posts(connection: Connection, incident_id: UUID) -> list[int]:
    """Return the territories whose posts may not handle the incident."""
    rows = await connection.fetch("SELECT territory_id FROM shut_out_posts WHERE incident_id = $1", incident_id)
    return [row["territory_id"] for row in rows]


async def shut_out_people(connection: Connection, incident_id: UUID) -> list[UUID]:
    """Return the accounts that may not see the incident, whatever their grants say."""
    rows = await connection.fetch("SELECT account_id FROM shut_out_accounts WHERE incident_id = $1", incident_id)
    return [row["account_id"] for row in rows]
