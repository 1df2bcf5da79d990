"""The SQL of owners: who may own, what somebody owns, and giving it on."""

from collections.abc import Sequence
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.core.permissions import Role
from markaz.programmes.incidents.store import Record

COLLEAGUES_LIMIT = 2_000


async def set_owner(connection: Connection, incident_id: UUID, owner_id: UUID | None) -> None:
    """Write who owns an incident."""
    await connection.execute("UPDATE incidents SET owner_id = $2 WHERE id = $1", incident_id, owner_id)


async def grants_of(connection: Connection, account_id: UUID) -> list[Record]:
    """Return the grants of an active person's account; none for a service or an account that is closed."""
    return await connection.fetch(
        "SELECT g.role, g.territory_id FROM grants g JOIN accounts a ON a.id = g.account_id "
        "WHERE a.id = $1 AND a.is_active AND a.kind = 'person'",
        account_id,
    )


async def owned_by(connection: Connection, account_id: UUID, limit: int) -> list[UUID]:
    """Return the open incidents an account owns, locked, in the order every other writer locks them."""
    rows = await connection.fetch(
        "SELECT id FROM incidents WHERE owner_id = $1 AND status = 'open' ORDER BY id LIMIT $2 FOR UPDATE",
        account_id,
        limit,
    )
    return [row["id"] for row in rows]


async def has_session(connection: Connection, account_id: UUID) -> bool:
    """Say whether an account is still signed in anywhere."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM sessions WHERE account_id = $1)", account_id))


async def colleagues(connection: Connection, territories: Sequence[int], roles: Sequence[Role]) -> list[Record]:
    """Return active people who hold one of these roles in one of these territories, by name."""
    return await connection.fetch(
        "SELECT a.id, a.display_name, array_agg(DISTINCT g.role ORDER BY g.role) AS roles FROM accounts a "
        "JOIN grants g ON g.account_id = a.id WHERE a.is_active AND a.kind = 'person' AND g.role = ANY($1::text[]) "
        "AND g.territory_id = ANY($2::int[]) GROUP BY a.id ORDER BY a.display_name, a.id LIMIT $3",
        [role.value for role in roles],
        territories,
        COLLEAGUES_LIMIT,
    )
