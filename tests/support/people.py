"""People and services of a test's centre: an account, its grant, and an HTTP client signed in as it."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from markaz.core import identity
from markaz.core.db.pool import Database
from markaz.core.events import append
from markaz.core.permissions import Grant, Role
from markaz.web.guard import SESSION_COOKIE

SERVICE_RATE_PER_S = 100_000.0


def new_key() -> str:
    """Return an idempotency key nobody used."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Person:
    """Somebody signed in, or a service with its key. Every sending takes a new idempotency key unless given one."""

    id: UUID
    login: str
    client: httpx.AsyncClient
    credentials: dict[str, str]  # the header that signs in, for other clients such as one of a stream

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        """Read; None parameters are left out."""
        return await self.client.get(path, params={k: v for k, v in parameters.items() if v is not None})

    async def send(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a command with any method; `body` is sent as JSON unless it is None or bytes already."""
        all_headers = {"Idempotency-Key": key or new_key(), "Content-Type": "application/json", **(headers or {})}
        if isinstance(body, bytes):
            return await self.client.request(method, path, content=body, headers=all_headers)
        return await self.client.request(method, path, json=body, headers=all_headers)

    async def post(
        self, path: str, body: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a command with POST."""
        return await self.send("POST", path, body, key=key, headers=headers)


async def open_session(database: Database, account_id: UUID, *, now: datetime, life: timedelta) -> str:
    """Open a session without a password, which would cost 20 ms of Argon2, and return its token."""
    token = secrets.token_urlsafe(32)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO sessions (token_hash, account_id, expires_at, method) VALUES ($1, $2, $3, 'passkey')",
            identity.token_hash(token),
            account_id,
            now + life,
        )
    return token


async def make_person(
    database: Database,
    login: str,
    grants: tuple[Grant, ...],
    *,
    now: datetime,
    password: str | None = None,
) -> UUID:
    """Insert a person's account with its event and return its id. Without a password nobody can sign in by one."""
    async with database.transaction() as connection:
        account_id, event = await identity.create_account(
            connection, login=login, display_name=f"Officer {login}", password=password, grants=grants, at=now
        )
        await append(connection, [event])
    return account_id


async def make_service(database: Database, login: str, grants: tuple[Grant, ...], *, now: datetime) -> tuple[UUID, str]:
    """Insert a service account with its event and return its id and its key."""
    async with database.transaction() as connection:
        key, event = await identity.create_service_key(
            connection,
            login=login,
            display_name=f"Service {login}",
            grants=grants,
            rate_limit_per_s=SERVICE_RATE_PER_S,
            at=now,
        )
        await append(connection, [event])
    return event.aggregate_id, key


def cookie(token: str) -> dict[str, str]:
    """Return the header of a browser that holds this session."""
    return {"Cookie": f"{SESSION_COOKIE}={token}"}


def bearer(key: str) -> dict[str, str]:
    """Return the header of a service that holds this key."""
    return {"Authorization": f"Bearer {key}"}


SERVICE_ROLES = frozenset({Role.IMPORTER, Role.UNIT_DEVICE})
