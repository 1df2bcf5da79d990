"""The SQL of the register: who holds the offices. It decides nothing."""

from collections.abc import Sequence
from typing import Any

from markaz.core.db.pool import Connection


async def office_holders(connection: Connection, roles: Sequence[str]) -> list[dict[str, Any]]:
    """Return who holds an office anywhere, by role and name."""
    rows = await connection.fetch(
        "SELECT g.role, g.territory_id, a.display_name AS name FROM grants g JOIN accounts a ON a.id = g.account_id "
        "WHERE a.is_active AND g.role = ANY($1::text[]) ORDER BY g.role, g.territory_id, a.display_name LIMIT 500",
        [str(role) for role in roles],
    )
    return [dict(row) for row in rows]
