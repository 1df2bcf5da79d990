"""All SQL of handovers. It decides nothing and commits nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection

_HANDOVER = """
SELECT h.id, h.territory_id, h.shift, h.state, h.from_account, h.to_account, h.signed_out_at, h.signed_in_at,
       h.withdrawn_at, h.as_of_seq, f.display_name AS from_name, t.display_name AS to_name,
       (SELECT count(*) FROM handover_items i WHERE i.handover_id = h.id) AS items,
       (SELECT count(*) FROM handover_items i WHERE i.handover_id = h.id AND i.acknowledged_at IS NOT NULL)
           AS acknowledged
FROM handovers h JOIN accounts f ON f.id = h.from_account LEFT JOIN accounts t ON t.id = h.to_account
"""


async def open_incidents(connection: Connection, territory_ids: Sequence[int], limit: int) -> list[Any]:
    """Return the open incidents of these territories with their contact rules, up to `limit`.

    The rules are those of the incident and of its parties.
    """
    return await connection.fetch(
        "SELECT n.id, n.number, n.category, n.priority, n.territory_id, n.received_at, n.held_until, n.version, "
        "n.is_covert, array(SELECT unnest(n.safe_contact) UNION "
        "SELECT unnest(p.safe_contact) FROM parties p WHERE p.incident_id = n.id ORDER BY 1) AS safe_contact "
        "FROM incidents n WHERE n.status = 'open' AND n.territory_id = ANY($1::int[]) "
        "ORDER BY n.received_at, n.id LIMIT $2",
        list(territory_ids),
        limit,
    )


async def offered_by(connection: Connection, account_id: UUID) -> UUID | None:
    """Return the handover that this person has offered and nobody has taken yet."""
    found: UUID | None = await connection.fetchval(
        "SELECT id FROM handovers WHERE from_account = $1 AND state = 'offered'", account_id
    )
    return found


async def insert_handover(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert an offered handover."""
    await connection.execute(
        "INSERT INTO handovers (id, territory_id, shift, state, from_account, signed_out_at, as_of_seq) "
        "VALUES ($1, $2, $3, 'offered', $4, $5, $6)",
        values["id"],
        values["territory_id"],
        values["shift"],
        values["from_account"],
        values["signed_out_at"],
        values["as_of_seq"],
    )


async def insert_items(connection: Connection, handover_id: UUID, items: Sequence[Mapping[str, Any]]) -> None:
    """Insert the items of a new handover in their order."""
    await connection.executemany(
        "INSERT INTO handover_items (id, handover_id, ordinal, kind, incident_id, incident_version, count, since, "
        "sealed_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (
                item["id"],
                handover_id,
                ordinal,
                item["kind"],
                item["incident_id"],
                item["incident_version"],
                item["count"],
                item["since"],
                item["sealed_id"],
            )
            for ordinal, item in enumerate(items, 1)
        ],
    )


async def handover(connection: Connection, handover_id: UUID) -> Any | None:
    """Return the row of a handover with the names of both officers and how far it is acknowledged."""
    return await connection.fetchrow(_HANDOVER + "WHERE h.id = $1", handover_id)


async def lock_handover(connection: Connection, handover_id: UUID) -> Any | None:
    """Return the row of a handover, locked until the act ends."""
    return await connection.fetchrow(
        "SELECT id, territory_id, state, from_account, to_account FROM handovers WHERE id = $1 FOR UPDATE", handover_id
    )


async def list_handovers(
    connection: Connection, territory_ids: Sequence[int], state: str | None, before: datetime | None, limit: int
) -> list[Any]:
    """Return handovers of these territories, the newest first."""
    return await connection.fetch(
        _HANDOVER + "WHERE h.territory_id = ANY($1::int[]) AND ($2::text IS NULL OR h.state = $2) "
        "AND ($3::timestamptz IS NULL OR h.signed_out_at < $3) ORDER BY h.signed_out_at DESC, h.id DESC LIMIT $4",
        list(territory_ids),
        state,
        before,
        limit,
    )


async def items(connection: Connection, handover_id: UUID) -> list[Any]:
    """Return the items of a handover in their order, incidents with what is known of them now."""
    return await connection.fetch(
        "SELECT i.id, i.kind, i.incident_id, i.incident_version, i.count, i.since, i.sealed_id, i.is_late, "
        "i.acknowledged_at, i.remark_id, n.number, n.category, n.priority, n.territory_id, n.received_at, n.status, "
        "n.version, n.is_covert, array(SELECT unnest(n.safe_contact) UNION "
        "SELECT unnest(p.safe_contact) FROM parties p WHERE p.incident_id = n.id ORDER BY 1) AS safe_contact, "
        "array(SELECT p.territory_id FROM shut_out_posts p WHERE p.incident_id = i.incident_id) AS shut_posts, "
        "array(SELECT a.account_id FROM shut_out_accounts a WHERE a.incident_id = i.incident_id) AS shut_accounts "
        "FROM handover_items i LEFT JOIN incidents n ON n.id = i.incident_id "
        "WHERE i.handover_id = $1 ORDER BY i.ordinal",
        handover_id,
    )


async def erased_among(connection: Connection, sealed_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these sealed texts were erased."""
    rows = await connection.fetch("SELECT sealed_id FROM erasures WHERE sealed_id = ANY($1::uuid[])", sealed_ids)
    return {row["sealed_id"] for row in rows}


async def item(connection: Connection, handover_id: UUID, item_id: UUID | None, incident_id: UUID | None) -> Any | None:
    """Return one item of a handover by its id or by its incident."""
    return await connection.fetchrow(
        "SELECT id, kind, incident_id, acknowledged_at FROM handover_items "
        "WHERE handover_id = $1 AND (id = $2 OR incident_id = $3)",
        handover_id,
        item_id,
        incident_id,
    )


async def add_late_item(connection: Connection, handover_id: UUID, values: Mapping[str, Any]) -> None:
    """Insert an incident that came after the offer."""
    await connection.execute(
        "INSERT INTO handover_items (id, handover_id, ordinal, kind, incident_id, incident_version, is_late) "
        "SELECT $1, $2, coalesce(max(ordinal), 0) + 1, $3, $4, $5, true FROM handover_items WHERE handover_id = $2",
        values["id"],
        handover_id,
        values["kind"],
        values["incident_id"],
        values["incident_version"],
    )


async def acknowledge(connection: Connection, item_id: UUID, by: UUID, at: datetime, remark_id: UUID | None) -> None:
    """Write the acknowledgement of an item."""
    await connection.execute(
        "UPDATE handover_items SET acknowledged_at = $2, acknowledged_by = $3, remark_id = $4 WHERE id = $1",
        item_id,
        at,
        by,
        remark_id,
    )


async def claim(connection: Connection, handover_id: UUID, by: UUID) -> None:
    """Write who is taking a handover over."""
    await connection.execute("UPDATE handovers SET to_account = $2 WHERE id = $1", handover_id, by)


async def unacknowledged(connection: Connection, handover_id: UUID) -> int:
    """Return how many items are not acknowledged."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM handover_items WHERE handover_id = $1 AND acknowledged_at IS NULL", handover_id
        )
    )


async def sign_in(connection: Connection, handover_id: UUID, by: UUID, at: datetime) -> None:
    """Write the second signature."""
    await connection.execute(
        "UPDATE handovers SET state = 'accepted', to_account = $2, signed_in_at = $3 WHERE id = $1", handover_id, by, at
    )


async def withdraw(connection: Connection, handover_id: UUID, at: datetime) -> None:
    """Take an offered handover back."""
    await connection.execute(
        "UPDATE handovers SET state = 'withdrawn', withdrawn_at = $2 WHERE id = $1", handover_id, at
    )


async def lock_owned(connection: Connection, owner_id: UUID, territory_ids: Sequence[int]) -> list[UUID]:
    """Return the open incidents that this person owns in these territories, locked, always in the same order."""
    rows = await connection.fetch(
        "SELECT id FROM incidents WHERE owner_id = $1 AND status = 'open' AND territory_id = ANY($2::int[]) "
        "ORDER BY id FOR UPDATE",
        owner_id,
        list(territory_ids),
    )
    return [row["id"] for row in rows]


async def shut_out_among(connection: Connection, incident_ids: Sequence[UUID], account_id: UUID) -> set[UUID]:
    """Return which of these incidents are closed to an account by name."""
    rows = await connection.fetch(
        "SELECT incident_id FROM shut_out_accounts WHERE incident_id = ANY($1::uuid[]) AND account_id = $2",
        incident_ids,
        account_id,
    )
    return {row["incident_id"] for row in rows}


async def set_owner(connection: Connection, incident_ids: Sequence[UUID], owner_id: UUID | None) -> None:
    """Write the new owner of incidents, None for nobody; `store.touch_incident` moves their versions on."""
    await connection.execute("UPDATE incidents SET owner_id = $2 WHERE id = ANY($1::uuid[])", incident_ids, owner_id)
