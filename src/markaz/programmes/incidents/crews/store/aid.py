"""The SQL of mutual aid: requests between neighbours, and units lent until a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.programmes.incidents.picture import JSON, unit_view
from markaz.programmes.incidents.store import Record

LIST_LIMIT = 500

_REQUEST = """
SELECT id, territory_id, from_territory_id, kind, count, lent, until, reason, state, refusal, asked_at, asked_by, version
FROM aid_requests
"""


async def insert_request(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert an open request."""
    await connection.execute(
        "INSERT INTO aid_requests (id, territory_id, from_territory_id, kind, count, until, reason, state, asked_at, "
        "asked_by) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)",
        values["id"],
        values["territory_id"],
        values["from_territory_id"],
        values["kind"],
        values["count"],
        values["until"],
        values["reason"],
        values["at"],
        values["by"],
    )


async def lock_request(connection: Connection, request_id: UUID) -> Record | None:
    """Return a request, locked. Lock it before any unit."""
    return await connection.fetchrow(_REQUEST + "WHERE id = $1 FOR UPDATE", request_id)


async def set_state(connection: Connection, request_id: UUID, state: str, refusal: str | None, lent: int) -> int:
    """Write a request's state and return its version."""
    return int(
        await connection.fetchval(
            "UPDATE aid_requests SET state = $2, refusal = $3, lent = $4, version = version + 1 WHERE id = $1 "
            "RETURNING version",
            request_id,
            state,
            refusal,
            lent,
        )
    )


async def requests_of(connection: Connection, territories: Sequence[int], since: datetime) -> list[Record]:
    """Return the requests from or to these territories that are open or were made since then, newest first."""
    return await connection.fetch(
        _REQUEST + "WHERE (territory_id = ANY($1::int[]) OR from_territory_id = ANY($1::int[])) "
        "AND (state = 'open' OR asked_at >= $2) ORDER BY asked_at DESC, id LIMIT $3",
        territories,
        since,
        LIST_LIMIT,
    )


async def lent_units(connection: Connection, territories: Sequence[int]) -> list[JSON]:
    """Return the units lent out of or into these territories, those due back first."""
    rows = await connection.fetch(
        "SELECT * FROM units WHERE home_territory_id IS NOT NULL "
        "AND (home_territory_id = ANY($1::int[]) OR territory_id = ANY($1::int[])) "
        "ORDER BY lent_until, call_sign, id LIMIT $2",
        territories,
        LIST_LIMIT,
    )
    return [unit_view(row) for row in rows]


async def move_out(connection: Connection, values: Mapping[str, Any]) -> JSON:
    """Move a unit to a neighbour until a time, note the loan, and return the unit's view."""
    row = await connection.fetchrow(
        "WITH l AS (INSERT INTO unit_loans (id, unit_id, request_id, home_territory_id, territory_id, lent_at, lent_by) "
        "SELECT $5, id, $6, territory_id, $2, $7, $4 FROM units WHERE id = $1) "
        "UPDATE units SET home_territory_id = territory_id, territory_id = $2, lent_until = $3, "
        "version = version + 1, updated_by = $4, updated_at = clock_timestamp() WHERE id = $1 RETURNING *",
        values["unit_id"],
        values["to"],
        values["until"],
        values["by"],
        values["id"],
        values["request_id"],
        values["at"],
    )
    return _view(row)


async def move_home(connection: Connection, unit_id: UUID, by: UUID, at: datetime) -> JSON:
    """Move a lent unit back where it belongs, end the loan, and return the unit's view."""
    row = await connection.fetchrow(
        "WITH l AS (UPDATE unit_loans SET returned_at = $3 WHERE unit_id = $1 AND returned_at IS NULL) "
        "UPDATE units SET territory_id = home_territory_id, home_territory_id = NULL, lent_until = NULL, "
        "version = version + 1, updated_by = $2, updated_at = clock_timestamp() WHERE id = $1 RETURNING *",
        unit_id,
        by,
        at,
    )
    return _view(row)


async def due_home(connection: Connection, now: datetime, limit: int) -> list[Record]:
    """Return and lock the lent units whose time has ended and who work for no incident."""
    return await connection.fetch(
        "SELECT id, territory_id FROM units WHERE lent_until < $1 AND incident_id IS NULL "
        "ORDER BY lent_until LIMIT $2 FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )


async def expired(connection: Connection, now: datetime, limit: int) -> list[Record]:
    """Return and lock the open requests whose time has passed."""
    return await connection.fetch(
        _REQUEST + "WHERE state = 'open' AND until < $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED", now, limit
    )


def _view(row: Record | None) -> JSON:
    if row is None:
        raise RuntimeError("a unit that was locked in this transaction has gone")
    return unit_view(row)
