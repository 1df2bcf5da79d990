"""Accounts, passwords, sessions and service keys. What they may do is core.permissions.

Passwords are Argon2id (RFC 9106); session tokens and service keys are 256-bit random and only their SHA-256 is stored.
Neither is ever logged.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import orjson
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound, NotSignedIn
from markaz.core.events import SYSTEM_ACTOR_ID, Event
from markaz.core.permissions import Actor, Grant, Role
from markaz.kit.ids import uuid7

# RFC 9106 section 4, second recommended option scaled to a small machine: 19 MiB, two passes (OWASP's minimum).
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY_HASH = _HASHER.hash(secrets.token_urlsafe(16))  # verified for unknown log-ins, so that timing tells nothing
MIN_PASSWORD_LENGTH = 12  # NIST SP 800-63B asks for 8 at least; a desk shared by shifts deserves more
SERVICE_KEY_PREFIX = "mk"

ACCESS_CHANGED = "account.access_changed/1"


@dataclass(frozen=True, slots=True)
class Session:
    """A new session: the token goes to the browser once and is not kept."""

    token: str
    expires_at: datetime


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, about 20 ms of one core."""
    return _HASHER.hash(password)


def check_new_password(password: str) -> None:
    """Raise InvalidInput when a password is too short to be used outside the demo."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInput(f"The password needs at least {MIN_PASSWORD_LENGTH} characters.", field="password")


def token_hash(token: str) -> bytes:
    """Return the 32 bytes under which a token is kept."""
    return hashlib.sha256(token.encode()).digest()


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
    connection: Connection, territories: Sequence[int], *, after: str, limit: int
) -> list[dict[str, object]]:
    """Return accounts with a grant in these territories, by login, after the login `after`."""
    rows = await connection.fetch(
        "SELECT id, login, display_name, kind, is_active, "
        "(SELECT coalesce(jsonb_agg(jsonb_build_object('role', g.role, 'territory_id', g.territory_id) "
        "ORDER BY g.role, g.territory_id), '[]') FROM grants g WHERE g.account_id = a.id)::text AS grants "
        'FROM accounts a WHERE login > $2 COLLATE "C" AND EXISTS (SELECT FROM grants g '
        'WHERE g.account_id = a.id AND g.territory_id = ANY($1::int[])) ORDER BY login COLLATE "C" LIMIT $3',
        territories,
        after,
        limit,
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


async def sign_in(connection: Connection, login: str, password: str, *, now: datetime, life: timedelta) -> Session:
    """Check a password and open a session. Raises NotSignedIn, the same for every cause."""
    row = await connection.fetchrow(
        "SELECT id, password_hash FROM accounts WHERE login = $1 AND is_active AND kind = 'person'", login
    )
    stored = row["password_hash"] if row is not None and row["password_hash"] is not None else None
    # In a thread: the 20 ms of Argon2 must not hold up every stream and command of this process.
    fits = await asyncio.to_thread(_verify, stored or _NOBODY_HASH, password)
    if not fits or stored is None or row is None:
        raise NotSignedIn("The login or the password is wrong.")
    session = Session(secrets.token_urlsafe(32), now + life)
    await connection.execute(
        "INSERT INTO sessions (token_hash, account_id, expires_at) VALUES ($1, $2, $3)",
        token_hash(session.token),
        row["id"],
        session.expires_at,
    )
    return session


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def sign_out(connection: Connection, token: str) -> None:
    """End a session."""
    await connection.execute("DELETE FROM sessions WHERE token_hash = $1", token_hash(token))


_ACTOR = """
SELECT a.id, a.login, a.display_name, a.kind, a.access_version, a.rate_limit_per_s, a.secret_hash,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(g.role, g.territory_id) ORDER BY g.role, g.territory_id), '[]')
        FROM grants g WHERE g.account_id = a.id)::text AS grants
FROM accounts a
"""
_BY_SESSION = (
    _ACTOR.replace("SELECT ", "SELECT s.expires_at, ", 1)
    + "JOIN sessions s ON s.account_id = a.id WHERE s.token_hash = $1 AND s.expires_at > $2 AND a.is_active"
)
_BY_ID = _ACTOR + "WHERE a.id = $1 AND a.is_active"


async def actor_of_session(connection: Connection, token: str, *, now: datetime) -> tuple[Actor, datetime]:
    """Return who holds this session and when it ends. Raises NotSignedIn when it ended or never was."""
    row = await connection.fetchrow(_BY_SESSION, token_hash(token), now)
    if row is None:
        raise NotSignedIn("Your session has ended: sign in again.")
    return _actor(row), row["expires_at"]


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
    return _actor(row)


def _actor(row: asyncpg.Record) -> Actor:
    return Actor(
        id=UUID(bytes=row["id"].bytes),  # the driver's own UUID class stays behind the edge
        login=row["login"],
        display_name=row["display_name"],
        is_service=row["kind"] == "service",
        grants=tuple(Grant(Role(role), territory_id) for role, territory_id in orjson.loads(row["grants"])),
        access_version=row["access_version"],
        rate_limit_per_s=row["rate_limit_per_s"],
    )


async def forget_ended_sessions(connection: Connection, now: datetime) -> int:
    """Delete sessions that have ended and return how many."""
    done = await connection.execute("DELETE FROM sessions WHERE expires_at < $1", now)
    return int(done.split()[-1])
