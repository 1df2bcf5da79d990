"""Accounts and service keys: making, changing and ending them. What they may do is core.permissions.

Service keys are 256-bit random and only their SHA-256 is stored. Nothing secret is ever logged.
"""

import asyncio
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound, NotSignedIn
from markaz.core.events import SYSTEM_ACTOR_ID, Event
from markaz.core.identity.passwords import hash_password, token_hash
from markaz.core.permissions import Actor, Grant, Role, check_offices_apart
from markaz.kit.ids import plain_id, uuid7

SERVICE_KEY_PREFIX = "mk"

ACCESS_CHANGED = "account.access_changed/1"


async def create_account(
    connection: Connection,
    *,
    login: str,
    display_name: str,
    password: str | None,
    grants: tuple[Grant, ...],
    by: UUID = SYSTEM_ACTOR_ID,
    at: datetime,
) -> tuple[UUID, Event]:
    """Insert a person's account and return its id and the event to append. Raises InvalidInput for a taken login."""
    account_id = uuid7()
    hashed = await asyncio.to_thread(hash_password, password) if password is not None else None
    done = await connection.execute(
        "INSERT INTO accounts (id, login, display_name, kind, password_hash) VALUES ($1, $2, $3, 'person', $4) "
        "ON CONFLICT (login) DO NOTHING",
        account_id,
        login,
        display_name,
        hashed,
    )
    if done == "INSERT 0 0":
        raise InvalidInput("This login is taken.", field="login")
    await _insert_grants(connection, account_id, grants)
    return account_id, _access_event(account_id, grants, by, at)


async def create_service_key(
    connection: Connection,
    *,
    login: str,
    display_name: str,
    grants: tuple[Grant, ...],
    rate_limit_per_s: float,
    by: UUID = SYSTEM_ACTOR_ID,
    at: datetime,
) -> tuple[str, Event]:
    """Insert a service account and return its key, shown once, and the event to append."""
    account_id = uuid7()
    secret = secrets.token_urlsafe(32)
    done = await connection.execute(
        "INSERT INTO accounts (id, login, display_name, kind, secret_hash, rate_limit_per_s) "
        "VALUES ($1, $2, $3, 'service', $4, $5) ON CONFLICT (login) DO NOTHING",
        account_id,
        login,
        display_name,
        token_hash(secret),
        rate_limit_per_s,
    )
    if done == "INSERT 0 0":
        raise InvalidInput("This login is taken.", field="login")
    await _insert_grants(connection, account_id, grants)
    return f"{SERVICE_KEY_PREFIX}_{account_id.hex}_{secret}", _access_event(account_id, grants, by, at)


async def set_grants(
    connection: Connection, account_id: UUID, grants: tuple[Grant, ...], *, by: UUID, at: datetime
) -> Event:
    """Replace what an account may do; the event makes the stream drop it at once. Raises NotFound if unknown."""
    done = await connection.execute("UPDATE accounts SET access_version = access_version + 1 WHERE id = $1", account_id)
    if done == "UPDATE 0":
        raise NotFound("There is no such account in your territory.", what="account")
    await connection.execute("DELETE FROM grants WHERE account_id = $1", account_id)
    await _insert_grants(connection, account_id, grants)
    return _access_event(account_id, grants, by, at)


async def close_account(connection: Connection, login: str, *, at: datetime) -> Event:
    """End an account: its rights, sessions, streams, password and key. Its acts keep its name. Raises NotFound."""
    account_id = await connection.fetchval(
        "UPDATE accounts SET is_active = false, password_hash = NULL, secret_hash = NULL, "
        "access_version = access_version + 1 WHERE login = $1 RETURNING id",
        login,
    )
    if account_id is None:
        raise NotFound("There is no account with this login.", what="account")
    await connection.execute("DELETE FROM grants WHERE account_id = $1", account_id)
    await connection.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
    await connection.execute("DELETE FROM passkeys WHERE account_id = $1", account_id)
    return _access_event(account_id, (), SYSTEM_ACTOR_ID, at)


async def change_password(connection: Connection, login: str, password: str, *, at: datetime) -> Event:
    """Give a person's account a new password and end its sessions and streams. Raises NotFound."""
    account_id = await connection.fetchval(
        "UPDATE accounts SET password_hash = $2, access_version = access_version + 1 "
        "WHERE login = $1 AND kind = 'person' AND is_active RETURNING id",
        login,
        hash_password(password),
    )
    if account_id is None:
        raise NotFound("There is no person's account with this login.", what="account")
    await connection.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
    await connection.execute("DELETE FROM known_browsers WHERE account_id = $1", account_id)
    held = await locked_grants(connection, account_id)
    return _access_event(account_id, held, SYSTEM_ACTOR_ID, at)


async def locked_grants(connection: Connection, account_id: UUID) -> tuple[Grant, ...]:
    """Return what an account may do now, and let nobody else change it until the act ends. Raises NotFound if unknown."""
    # First the lock, then the look: what another administrator commits in between must be seen.
    await connection.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", account_id)
    rows = await connection.fetch(
        "SELECT g.role, g.territory_id FROM accounts a LEFT JOIN grants g ON g.account_id = a.id WHERE a.id = $1",
        account_id,
    )
    if not rows:
        raise NotFound("There is no such account in your territory.", what="account")
    return tuple(Grant(Role(row["role"]), row["territory_id"]) for row in rows if row["role"] is not None)


async def list_accounts(
    connection: Connection, territories: Sequence[int], *, with_free: bool, after: str, limit: int
) -> list[dict[str, object]]:
    """Return accounts with a grant in these territories, by login, after the login `after`.

    `with_free` adds persons who hold nothing anywhere, such as somebody who is to be given an office.
    """
    rows = await connection.fetch(
        "SELECT id, login, display_name, kind, is_active, "
        "(SELECT coalesce(jsonb_agg(jsonb_build_object('role', g.role, 'territory_id', g.territory_id) "
        "ORDER BY g.role, g.territory_id), '[]') FROM grants g WHERE g.account_id = a.id)::text AS grants "
        'FROM accounts a WHERE login > $2 COLLATE "C" AND (EXISTS (SELECT FROM grants g '
        "WHERE g.account_id = a.id AND g.territory_id = ANY($1::int[])) OR ($4 AND a.kind = 'person' AND a.is_active "
        'AND NOT EXISTS (SELECT FROM grants g WHERE g.account_id = a.id))) ORDER BY login COLLATE "C" LIMIT $3',
        territories,
        after,
        limit,
        with_free,
    )
    return [
        {
            "id": str(row["id"]),
            "login": row["login"],
            "display_name": row["display_name"],
            "kind": row["kind"],
            "is_active": row["is_active"],
            "grants": orjson.loads(row["grants"]),
        }
        for row in rows
    ]


async def _insert_grants(connection: Connection, account_id: UUID, grants: tuple[Grant, ...]) -> None:
    check_offices_apart(grants)  # here, where whatever gives a right comes through
    await connection.executemany(
        "INSERT INTO grants (account_id, role, territory_id) VALUES ($1, $2, $3)",
        [(account_id, g.role.value, g.territory_id) for g in grants],
    )


def _access_event(account_id: UUID, grants: tuple[Grant, ...], by: UUID, at: datetime) -> Event:
    return Event(
        type=ACCESS_CHANGED,
        aggregate_id=account_id,
        territory_id=min((g.territory_id for g in grants), default=0),
        actor_id=by,
        occurred_at=at,
        occurred_source="administrator",
        payload={"grants": [{"role": g.role.value, "territory_id": g.territory_id} for g in grants]},
    )


ACTOR = """
SELECT a.id, a.login, a.display_name, a.kind, a.access_version, a.rate_limit_per_s, a.secret_hash,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(g.role, g.territory_id) ORDER BY g.role, g.territory_id), '[]')
        FROM grants g WHERE g.account_id = a.id)::text AS grants
FROM accounts a
"""
_BY_ID = ACTOR + "WHERE a.id = $1 AND a.is_active"


async def account_actor(connection: Connection, account_id: UUID) -> Actor:
    """Return the actor of an account. Raises NotFound for a closed one or none."""
    row = await connection.fetchrow(_BY_ID, account_id)
    if row is None:
        raise NotFound("There is no such account.", what="account")
    return actor_of(row)


async def actor_of_service_key(connection: Connection, key: str) -> Actor:
    """Return whose service key this is. Raises NotSignedIn when it is not one."""
    prefix, _, rest = key.partition("_")
    account_hex, _, secret = rest.partition("_")
    try:
        account_id = UUID(hex=account_hex)
    except ValueError:
        account_id = SYSTEM_ACTOR_ID
    row = await connection.fetchrow(_BY_ID, account_id) if prefix == SERVICE_KEY_PREFIX else None
    if row is None or row["secret_hash"] is None or not hmac.compare_digest(row["secret_hash"], token_hash(secret)):
        raise NotSignedIn("The service key is not valid.")
    return actor_of(row)


def actor_of(row: asyncpg.Record) -> Actor:
    """Return the actor of a row read by ACTOR."""
    return Actor(
        id=plain_id(row["id"]),
        login=row["login"],
        display_name=row["display_name"],
        is_service=row["kind"] == "service",
        grants=tuple(Grant(Role(role), territory_id) for role, territory_id in orjson.loads(row["grants"])),
        access_version=row["access_version"],
        rate_limit_per_s=row["rate_limit_per_s"],
    )
