"""Sessions: opening, raising, listing and ending them.

A session token is 256-bit random and only its SHA-256 is stored. It is replaced whenever the session gains something, so
that a token that was planted or seen before is worth nothing after. Where a session comes from is kept as coarsely as
helps its owner to know it again: browser family and system, no address.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.core.errors import NotSignedIn
from markaz.core.identity.accounts import ACTOR, actor_of
from markaz.core.identity.passwords import token_hash
from markaz.core.permissions import Actor, Role
from markaz.kit.clock import iso
from markaz.kit.ids import plain_id

FRESH = timedelta(minutes=5)  # how long a proof of who one is lets its holder change the ways in
SEEN_EVERY = timedelta(seconds=60)  # a write a minute for each session is what "last seen" is worth
LATE = timedelta(hours=12)  # after its end by time a session of a crew still calls for help, and does nothing else
LATE_AGE_MOST = timedelta(hours=24)  # but never so long after it was opened: by then another crew is on
SESSIONS_MAX = 50  # of one account; beyond it the oldest ends


class Level(StrEnum):
    """What a session is good for."""

    ENROL = "enrol"  # only to add the second factor that the role needs
    FULL = "full"


class Method(StrEnum):
    """How a session began."""

    PASSWORD = "password"  # noqa: S105 - the name of a way, no password
    CODE = "code"  # password and one-time code
    RECOVERY_CODE = "recovery_code"
    PASSKEY = "passkey"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Session:
    """A new session: the token goes to the browser once and is not kept."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody's session as a request finds it."""

    id: UUID
    actor: Actor
    level: Level
    method: Method
    expires_at: datetime
    proven_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Say whether its holder proved lately who they are."""
        return now - self.proven_at <= FRESH


async def open_session(
    connection: Connection,
    account_id: UUID,
    *,
    level: Level,
    method: Method,
    agent: str,
    now: datetime,
    life: timedelta,
) -> Session:
    """Insert a session and return it with its token. `agent` is a word of `coarse_agent`."""
    session = Session(secrets.token_urlsafe(32), now + life)
    await connection.execute(
        "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions WHERE account_id = $1 "
        "ORDER BY created_at DESC, id OFFSET $2)",
        account_id,
        SESSIONS_MAX - 1,
    )
    await connection.execute(
        "INSERT INTO sessions (token_hash, account_id, created_at, expires_at, level, method, agent, last_seen_at, "
        "proven_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $3, $3)",
        token_hash(session.token),
        account_id,
        now,
        session.expires_at,
        level.value,
        method.value,
        agent,
    )
    return session


_SESSION = (
    ACTOR.replace(
        "SELECT ", "SELECT s.id AS session_id, s.expires_at, s.level, s.method, s.proven_at, s.last_seen_at, ", 1
    )
    + "JOIN sessions s ON s.account_id = a.id WHERE s.token_hash = $1 AND a.is_active "
)
_BY_SESSION = _SESSION + "AND s.expires_at > $2 AND s.ended_at IS NULL"
_BY_LATE_SESSION = _SESSION + (
    "AND s.expires_at <= $2 AND s.expires_at > $3 AND s.created_at > $4 AND (s.ended_at IS NULL OR s.ended_at = s.expires_at)"
)


async def session_of(connection: Connection, token: str, *, now: datetime) -> SignedIn:
    """Return the session behind a token, and note that it was seen. Raises NotSignedIn when it ended or never was."""
    row = await connection.fetchrow(_BY_SESSION, token_hash(token), now)
    if row is None:
        raise NotSignedIn("Your session has ended: sign in again.")
    if now - row["last_seen_at"] > SEEN_EVERY:
        await connection.execute("UPDATE sessions SET last_seen_at = $2 WHERE id = $1", row["session_id"], now)
    return _signed_in(row)


async def late_session_of(connection: Connection, token: str, *, now: datetime) -> SignedIn:
    """Return a session that ended lately because its time was over, as good for nothing but a call for help.

    One that was ended on purpose (signed out, another password, an account closed) is deleted and never found. Raises
    NotSignedIn.
    """
    row = await connection.fetchrow(_BY_LATE_SESSION, token_hash(token), now, now - LATE, now - LATE_AGE_MOST)
    if row is None:
        raise NotSignedIn("Your session has ended: sign in again.")
    return _signed_in(row)


def _signed_in(row: Any) -> SignedIn:
    return SignedIn(
        id=plain_id(row["session_id"]),
        actor=actor_of(row),
        level=Level(row["level"]),
        method=Method(row["method"]),
        expires_at=row["expires_at"],
        proven_at=row["proven_at"],
    )


async def actor_of_session(connection: Connection, token: str, *, now: datetime) -> tuple[Actor, datetime]:
    """Return who holds this session and when it ends. Raises NotSignedIn when it ended or never was."""
    session = await session_of(connection, token, now=now)
    return session.actor, session.expires_at


async def raise_session(connection: Connection, token: str, *, now: datetime, method: Method | None = None) -> str:
    """Give a session a new token because its holder proved who they are; the old token ends. Raises NotSignedIn.

    With a `method` that is two factors the session is a full one from here on.
    """
    fresh = secrets.token_urlsafe(32)
    done = await connection.execute(
        "UPDATE sessions SET token_hash = $2, proven_at = $3, method = coalesce($4::text, method), "
        "level = CASE WHEN $4::text IS NULL THEN level ELSE 'full' END WHERE token_hash = $1 AND expires_at > $3 AND ended_at IS NULL",
        token_hash(token),
        token_hash(fresh),
        now,
        None if method is None else method.value,
    )
    if done == "UPDATE 0":
        raise NotSignedIn("Your session has ended: sign in again.")
    return fresh


async def sign_out(connection: Connection, token: str) -> None:
    """End a session."""
    await connection.execute("DELETE FROM sessions WHERE token_hash = $1", token_hash(token))


async def own_sessions(connection: Connection, session: SignedIn, now: datetime) -> list[dict[str, Any]]:
    """Return the sessions of this account, the one that asks first, then by when they were last seen."""
    rows = await connection.fetch(
        "SELECT id, created_at, last_seen_at, expires_at, level, method, agent FROM sessions "
        "WHERE account_id = $1 AND expires_at > $3 AND ended_at IS NULL ORDER BY id <> $2, last_seen_at DESC, id LIMIT $4",
        session.actor.id,
        session.id,
        now,
        SESSIONS_MAX,
    )
    return [
        {
            "id": str(row["id"]),
            "is_this": row["id"] == session.id,
            "began_at": iso(row["created_at"]),
            "last_seen_at": iso(row["last_seen_at"]),
            "ends_at": iso(row["expires_at"]),
            "method": row["method"],
            "browser": row["agent"].partition(".")[0],
            "system": row["agent"].partition(".")[2],
        }
        for row in rows
    ]


async def end_session(connection: Connection, account_id: UUID, session_id: UUID) -> bytes | None:
    """End one session of an account and return the hash of its token, by which its streams are known."""
    ended: bytes | None = await connection.fetchval(
        "DELETE FROM sessions WHERE id = $1 AND account_id = $2 RETURNING token_hash", session_id, account_id
    )
    return ended


async def end_other_sessions(connection: Connection, account_id: UUID, but: UUID) -> list[bytes]:
    """End every session of an account but one, and return the hashes of their tokens."""
    rows = await connection.fetch(
        "DELETE FROM sessions WHERE account_id = $1 AND id <> $2 RETURNING token_hash", account_id, but
    )
    return [row["token_hash"] for row in rows]


async def end_password_sessions(connection: Connection, account_id: UUID, but: UUID) -> list[bytes]:
    """End every session of an account that its password alone opened, but one; return the hashes of their tokens."""
    rows = await connection.fetch(
        "DELETE FROM sessions WHERE account_id = $1 AND id <> $2 AND method = $3 RETURNING token_hash",
        account_id,
        but,
        Method.PASSWORD.value,
    )
    return [row["token_hash"] for row in rows]


async def mark_ended_sessions(connection: Connection, now: datetime) -> int:
    """Mark sessions whose time is over, so that no clock gives them back; return how many."""
    done = await connection.execute(
        "UPDATE sessions SET ended_at = expires_at WHERE ended_at IS NULL AND expires_at <= $1", now
    )
    return int(done.split()[-1])


async def forget_ended_sessions(connection: Connection, now: datetime) -> int:
    """Delete sessions that have ended and return how many; those of crews once they cannot call for help any more."""
    done = await connection.execute(
        "DELETE FROM sessions s WHERE (s.expires_at < $1 OR s.ended_at IS NOT NULL) AND NOT (s.expires_at > $2 "
        "AND s.created_at > $3 AND (s.ended_at IS NULL OR s.ended_at = s.expires_at) "
        "AND EXISTS (SELECT FROM grants g WHERE g.account_id = s.account_id AND g.role = $4))",
        now,
        now - LATE,
        now - LATE_AGE_MOST,
        Role.UNIT_OFFICER.value,
    )
    return int(done.split()[-1])


_BROWSERS = (("edge", r"Edg(?:e|A|iOS)?/"), ("firefox", r"Firefox/|FxiOS/"), ("chrome", r"Chrom(?:e|ium)/|CriOS/"))
_SYSTEMS = (
    ("android", r"Android"),
    ("ios", r"iPhone|iPad"),
    ("windows", r"Windows"),
    ("macos", r"Mac OS X"),
    ("linux", r"Linux|X11"),
)


def coarse_agent(header: str) -> str:
    """Return the browser family and the system of a User-Agent header, as in `firefox.windows`; no versions."""
    seen = header[:400]
    browser = next((name for name, mark in _BROWSERS if re.search(mark, seen)), None)
    if browser is None:
        browser = "safari" if "Safari/" in seen else "other"
    system = next((name for name, mark in _SYSTEMS if re.search(mark, seen)), "other")
    return f"{browser}.{system}"
