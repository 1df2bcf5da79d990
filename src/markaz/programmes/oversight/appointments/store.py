"""All SQL of appointments. It decides nothing and commits nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection

HELD_MOST = 500


async def account(connection: Connection, account_id: UUID) -> Any | None:
    """Return a person's active account with its name; None for a service, a closed one or none."""
    return await connection.fetchrow(
        "SELECT id, login, display_name FROM accounts WHERE id = $1 AND kind = 'person' AND is_active", account_id
    )


async def people(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return {login, display_name} of accounts by id."""
    rows = await connection.fetch(
        "SELECT id, login, display_name FROM accounts WHERE id = ANY($1::uuid[])", account_ids
    )
    return {row["id"]: row for row in rows}


async def territory_of(connection: Connection, request_id: UUID) -> int | None:
    """Return the territory of a request, None when there is none of that id."""
    found: int | None = await connection.fetchval(
        "SELECT territory_id FROM two_person_requests WHERE id = $1", request_id
    )
    return found


async def is_waiting(connection: Connection, kind: str, what: str, now: datetime) -> bool:
    """Say whether the very same thing already waits for a second person."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM two_person_requests WHERE kind = $1 AND state = 'asked' AND what = $2::text::jsonb "
            "AND ends_at > $3)",
            kind,
            what,
            now,
        )
    )


async def was_asked(connection: Connection, kind: str, what: str, since: datetime) -> bool:
    """Say whether the very same thing was asked since then and waits, or was refused."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM two_person_requests WHERE kind = $1 AND state IN ('asked', 'refused') "
            "AND what = $2::text::jsonb AND asked_at > $3)",
            kind,
            what,
            since,
        )
    )


async def asked_by_claims(connection: Connection, kind: str, account_id: UUID, now: datetime) -> list[Any]:
    """Return {id, what} of what waits for a second person and was asked by the account that it is for, locked."""
    return await connection.fetch(
        "SELECT id, what::text AS what FROM two_person_requests WHERE kind = $1 AND state = 'asked' AND asked_by = $2 "
        "AND what ->> 'account_id' = $3 AND ends_at > $4 ORDER BY id FOR UPDATE",
        kind,
        account_id,
        str(account_id),
        now,
    )


async def holders(connection: Connection, roles: Sequence[str], territories: Sequence[int]) -> list[Any]:
    """Return who holds these roles in these territories, by role and name."""
    return await connection.fetch(
        "SELECT g.role, g.territory_id, a.id, a.login, a.display_name FROM grants g JOIN accounts a ON a.id = g.account_id "
        "WHERE a.is_active AND g.role = ANY($1::text[]) AND g.territory_id = ANY($2::int[]) "
        "ORDER BY g.role, g.territory_id, a.display_name LIMIT $3",
        list(roles),
        list(territories),
        HELD_MOST,
    )
