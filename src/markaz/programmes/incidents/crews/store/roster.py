"""The SQL of shifts, the roster and swaps. What is planned is kept; who came late is not worked out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.programmes.incidents.store import Record

LIST_LIMIT = 500

_SHIFT = "SELECT id, territory_id, name, starts_at, ends_at, version FROM shifts "
_SWAP = """
SELECT w.id, w.shift_id, w.from_id, w.to_id, w.state, w.asked_at, w.version, s.territory_id, s.name, s.starts_at,
       s.ends_at, f.display_name AS from_name, t.display_name AS to_name
FROM roster_swaps w JOIN shifts s ON s.id = w.shift_id JOIN accounts f ON f.id = w.from_id
JOIN accounts t ON t.id = w.to_id
"""


async def insert_shift(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Insert a shift; False when the territory has one that begins then."""
    done = await connection.execute(
        "INSERT INTO shifts (id, territory_id, name, starts_at, ends_at) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT DO NOTHING",
        values["id"],
        values["territory_id"],
        values["name"],
        values["starts_at"],
        values["ends_at"],
    )
    return done != "INSERT 0 0"


async def lock_shift(connection: Connection, shift_id: UUID) -> Record | None:
    """Return a shift, locked."""
    return await connection.fetchrow(_SHIFT + "WHERE id = $1 FOR UPDATE", shift_id)


async def shifts_in(connection: Connection, territories: Sequence[int], since: datetime) -> list[Record]:
    """Return the shifts of these territories that end after a time, in their order."""
    return await connection.fetch(
        _SHIFT + "WHERE territory_id = ANY($1::int[]) AND ends_at > $2 ORDER BY starts_at, territory_id LIMIT $3",
        territories,
        since,
        LIST_LIMIT,
    )


async def touch_shift(connection: Connection, shift_id: UUID) -> int:
    """Move a shift's version on and return it."""
    return int(
        await connection.fetchval("UPDATE shifts SET version = version + 1 WHERE id = $1 RETURNING version", shift_id)
    )


async def put_roster(connection: Connection, shift_id: UUID, entries: Sequence[tuple[UUID, UUID]]) -> None:
    """Replace the roster of a shift by these (unit, account)."""
    await connection.execute("DELETE FROM roster WHERE shift_id = $1", shift_id)
    await connection.executemany(
        "INSERT INTO roster (shift_id, unit_id, account_id) VALUES ($1, $2, $3)",
        [(shift_id, unit_id, account_id) for unit_id, account_id in entries],
    )


async def entries_of(connection: Connection, shift_id: UUID) -> list[Record]:
    """Return who stands in a shift, with `is_here`: whether they are on a unit now."""
    return await connection.fetch(
        "SELECT r.unit_id, u.call_sign, r.account_id, a.display_name, EXISTS (SELECT FROM unit_crews c "
        "WHERE c.account_id = r.account_id AND c.is_open) AS is_here FROM roster r JOIN units u ON u.id = r.unit_id "
        "JOIN accounts a ON a.id = r.account_id WHERE r.shift_id = $1 ORDER BY u.call_sign, a.display_name",
        shift_id,
    )


async def shifts_of(connection: Connection, account_id: UUID, since: datetime) -> list[Record]:
    """Return the coming shifts somebody stands in, with the unit."""
    return await connection.fetch(
        "SELECT s.id, s.territory_id, s.name, s.starts_at, s.ends_at, s.version, u.call_sign FROM roster r "
        "JOIN shifts s ON s.id = r.shift_id JOIN units u ON u.id = r.unit_id "
        "WHERE r.account_id = $1 AND s.ends_at > $2 ORDER BY s.starts_at LIMIT $3",
        account_id,
        since,
        LIST_LIMIT,
    )


async def stands_in(connection: Connection, shift_id: UUID, account_id: UUID) -> bool:
    """Say whether somebody stands in a shift."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM roster WHERE shift_id = $1 AND account_id = $2)", shift_id, account_id
        )
    )


async def units_among(connection: Connection, unit_ids: Sequence[UUID], territories: Sequence[int]) -> set[UUID]:
    """Return which of these units are at home in these territories."""
    rows = await connection.fetch(
        "SELECT id FROM units WHERE id = ANY($1::uuid[]) AND coalesce(home_territory_id, territory_id) = ANY($2::int[])",
        unit_ids,
        territories,
    )
    return {row["id"] for row in rows}


async def insert_swap(
    connection: Connection, swap_id: UUID, shift_id: UUID, from_id: UUID, to_id: UUID, at: datetime
) -> None:
    """Insert a swap that waits for the colleague's word."""
    await connection.execute(
        "INSERT INTO roster_swaps (id, shift_id, from_id, to_id, state, asked_at) VALUES ($1, $2, $3, $4, 'asked', $5)",
        swap_id,
        shift_id,
        from_id,
        to_id,
        at,
    )


async def has_open_swap(connection: Connection, shift_id: UUID, from_id: UUID) -> bool:
    """Say whether a swap of this shift is under way already."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM roster_swaps WHERE shift_id = $1 AND from_id = $2 "
            "AND state IN ('asked', 'accepted'))",
            shift_id,
            from_id,
        )
    )


async def lock_swap(connection: Connection, swap_id: UUID) -> Record | None:
    """Return a swap with its shift, locked."""
    return await connection.fetchrow(_SWAP + "WHERE w.id = $1 FOR UPDATE OF w", swap_id)


async def set_swap(connection: Connection, swap_id: UUID, state: str) -> int:
    """Write a swap's state and return its version."""
    return int(
        await connection.fetchval(
            "UPDATE roster_swaps SET state = $2, version = version + 1 WHERE id = $1 RETURNING version", swap_id, state
        )
    )


async def stand_in(connection: Connection, shift_id: UUID, from_id: UUID, to_id: UUID) -> bool:
    """Put the one who stands in on the unit of the one who goes; False when either is no longer as it was."""
    done = await connection.execute(
        "UPDATE roster SET account_id = $3 WHERE shift_id = $1 AND account_id = $2 "
        "AND NOT EXISTS (SELECT FROM roster WHERE shift_id = $1 AND account_id = $3)",
        shift_id,
        from_id,
        to_id,
    )
    return done == "UPDATE 1"


async def swaps_in(connection: Connection, territories: Sequence[int], since: datetime) -> list[Record]:
    """Return the swaps of shifts of these territories that have not ended, newest first."""
    return await connection.fetch(
        _SWAP + "WHERE s.territory_id = ANY($1::int[]) AND s.ends_at > $2 ORDER BY w.asked_at DESC LIMIT $3",
        territories,
        since,
        LIST_LIMIT,
    )


async def swaps_of(connection: Connection, account_id: UUID, since: datetime) -> list[Record]:
    """Return the swaps somebody asked for or is asked for, newest first."""
    return await connection.fetch(
        _SWAP + "WHERE (w.from_id = $1 OR w.to_id = $1) AND s.ends_at > $2 ORDER BY w.asked_at DESC LIMIT $3",
        account_id,
        since,
        LIST_LIMIT,
    )


async def officers_in(connection: Connection, territories: Sequence[int], role: str) -> list[Record]:
    """Return the active officers of these territories, by name."""
    return await connection.fetch(
        "SELECT DISTINCT a.id, a.display_name FROM accounts a JOIN grants g ON g.account_id = a.id "
        "WHERE a.is_active AND g.role = $1 AND g.territory_id = ANY($2::int[]) ORDER BY a.display_name, a.id LIMIT 2000",
        role,
        territories,
    )
