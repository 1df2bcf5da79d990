"""The SQL of log-ons: who is on which unit now. Past crews are kept for an inquiry and read by no route."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import UnitStatus
from markaz.core.db.pool import Connection
from markaz.core.permissions import Role
from markaz.programmes.incidents.picture import JSON, unit_view
from markaz.programmes.incidents.store import Record

LIST_LIMIT = 500

_OPEN = """
SELECT l.id, l.unit_id, l.shift_id, l.crew_size, l.vehicle, l.skills, l.logged_on_at, l.ends_at,
       s.name AS shift_name, s.starts_at AS shift_starts_at,
       ARRAY(SELECT account_id FROM unit_crews WHERE logon_id = l.id AND is_open ORDER BY account_id) AS crew
FROM unit_logons l LEFT JOIN shifts s ON s.id = l.shift_id
WHERE l.logged_off_at IS NULL
"""


async def open_logon(connection: Connection, unit_id: UUID) -> Record | None:
    """Return the open log-on of a unit with the accounts of its crew, None when nobody is logged on."""
    return await connection.fetchrow(_OPEN + "AND l.unit_id = $1", unit_id)


async def unit_of(connection: Connection, account_id: UUID) -> Record | None:
    """Return the whole unit row that an account is logged on to, with `home` for its home territory."""
    return await connection.fetchrow(
        "SELECT u.*, coalesce(u.home_territory_id, u.territory_id) AS home, l.id AS logon_id FROM unit_crews c "
        "JOIN unit_logons l ON l.id = c.logon_id JOIN units u ON u.id = l.unit_id "
        "WHERE c.account_id = $1 AND c.is_open",
        account_id,
    )


async def crewed_lately(connection: Connection, account_id: UUID, unit_id: UUID, since: datetime) -> bool:
    """Say whether an account was in a unit's crew at some moment since then: its phone may report late."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM unit_crews c JOIN unit_logons l ON l.id = c.logon_id WHERE c.account_id = $1 "
            "AND l.unit_id = $2 AND (l.logged_off_at IS NULL OR l.logged_off_at >= $3))",
            account_id,
            unit_id,
            since,
        )
    )


async def was_in_crew(connection: Connection, account_id: UUID, unit_id: UUID, since: datetime) -> bool:
    """Return whether an account is in the crew of a unit, or was at some time since `since`."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM unit_crews c JOIN unit_logons l ON l.id = c.logon_id WHERE c.account_id = $1 "
            "AND l.unit_id = $2 AND (c.is_open OR l.logged_off_at >= $3))",
            account_id,
            unit_id,
            since,
        )
    )


async def busy_elsewhere(connection: Connection, accounts: Sequence[UUID], unit_id: UUID) -> list[Record]:
    """Return who of these accounts is on another unit, with its call sign; locks nobody."""
    return await connection.fetch(
        "SELECT c.account_id, u.id AS unit_id, u.call_sign FROM unit_crews c JOIN unit_logons l ON l.id = c.logon_id "
        "JOIN units u ON u.id = l.unit_id WHERE c.account_id = ANY($1::uuid[]) AND c.is_open AND u.id <> $2 "
        "ORDER BY u.call_sign",
        accounts,
        unit_id,
    )


async def officers_among(connection: Connection, accounts: Sequence[UUID], territories: Sequence[int]) -> set[UUID]:
    """Return which of these accounts are active unit officers with a grant in one of these territories."""
    rows = await connection.fetch(
        "SELECT DISTINCT a.id FROM accounts a JOIN grants g ON g.account_id = a.id WHERE a.id = ANY($1::uuid[]) "
        "AND a.is_active AND g.role = $2 AND g.territory_id = ANY($3::int[])",
        accounts,
        Role.UNIT_OFFICER.value,
        territories,
    )
    return {row["id"] for row in rows}


async def close_logon(connection: Connection, unit_id: UUID, by: UUID, at: datetime) -> None:
    """End the open log-on of a unit, if there is one, and let its crew go."""
    await connection.execute(
        "WITH ended AS (UPDATE unit_logons SET logged_off_at = $3, logged_off_by = $2 "
        "WHERE unit_id = $1 AND logged_off_at IS NULL RETURNING id) "
        "UPDATE unit_crews SET is_open = false WHERE is_open AND logon_id IN (SELECT id FROM ended)",
        unit_id,
        by,
        at,
    )


async def insert_logon(connection: Connection, values: dict[str, Any]) -> None:
    """Insert an open log-on and its crew."""
    await connection.execute(
        "WITH l AS (INSERT INTO unit_logons (id, unit_id, shift_id, crew_size, vehicle, skills, logged_on_at, "
        "logged_on_by, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id) "
        "INSERT INTO unit_crews (logon_id, account_id) SELECT l.id, a FROM l, unnest($10::uuid[]) a",
        values["id"],
        values["unit_id"],
        values["shift_id"],
        values["crew_size"],
        values["vehicle"],
        values["skills"],
        values["at"],
        values["by"],
        values["ends_at"],
        values["crew"],
    )


async def set_crew(
    connection: Connection,
    unit_id: UUID,
    by: UUID,
    status: UnitStatus,
    since: datetime,
    skills: Sequence[str],
    size: int,
) -> JSON:
    """Write what the picture shows of a crew: status, skills and how many; return the unit's view."""
    row = await connection.fetchrow(
        "UPDATE units SET status = $3, since = $4, skills = $5, crew_size = $6, "
        "status_reason = CASE WHEN status = $3 THEN status_reason END, version = version + 1, updated_by = $2, "
        "updated_at = clock_timestamp() WHERE id = $1 RETURNING *",
        unit_id,
        by,
        status.value,
        since,
        list(skills),
        size,
    )
    if row is None:
        raise RuntimeError("a unit that was locked in this transaction has gone")
    return unit_view(row)


async def shift(connection: Connection, shift_id: UUID) -> Record | None:
    """Return a shift."""
    return await connection.fetchrow(
        "SELECT id, territory_id, name, starts_at, ends_at, version FROM shifts WHERE id = $1", shift_id
    )


async def loggable(connection: Connection, territories: Sequence[int]) -> list[JSON]:
    """Return units of these territories, also lent ones, that no crew is logged on to, those off duty first."""
    rows = await connection.fetch(
        "SELECT u.* FROM units u WHERE (u.territory_id = ANY($1::int[]) OR u.home_territory_id = ANY($1::int[])) "
        "AND u.source IS NULL AND NOT EXISTS (SELECT FROM unit_logons l WHERE l.unit_id = u.id "
        "AND l.logged_off_at IS NULL AND l.crew_size > 0) "
        "ORDER BY u.status <> 'off_duty', u.call_sign, u.id LIMIT $2",
        territories,
        LIST_LIMIT,
    )
    return [unit_view(row) for row in rows]


async def crews_in(connection: Connection, territories: Sequence[int]) -> list[Record]:
    """Return the open log-ons that name a crew, a vehicle or a shift, of units of these territories."""
    return await connection.fetch(
        _OPEN + "AND (l.crew_size > 0 OR l.shift_id IS NOT NULL) AND EXISTS (SELECT FROM units u "
        "WHERE u.id = l.unit_id AND (u.territory_id = ANY($1::int[]) OR u.home_territory_id = ANY($1::int[]))) "
        "ORDER BY l.logged_on_at, l.id LIMIT 5000",
        territories,
    )


async def ended_logons(connection: Connection, before: datetime, limit: int) -> list[Record]:
    """Return and lock the units whose log-on ended before a time and who work for no incident."""
    return await connection.fetch(
        "SELECT u.id, u.call_sign, u.territory_id, l.ends_at FROM units u JOIN unit_logons l ON l.unit_id = u.id "
        "WHERE l.logged_off_at IS NULL AND l.ends_at < $1 AND u.incident_id IS NULL ORDER BY l.ends_at LIMIT $2 "
        "FOR UPDATE OF u SKIP LOCKED",
        before,
        limit,
    )


async def last_position(connection: Connection, unit_id: UUID, since: datetime) -> Record | None:
    """Return a unit's newest position since it logged on."""
    return await connection.fetchrow(
        "SELECT fix_at, lon, lat, accuracy_m FROM unit_positions WHERE unit_id = $1 AND fix_at >= $2 "
        "ORDER BY fix_at DESC LIMIT 1",
        unit_id,
        since,
    )
