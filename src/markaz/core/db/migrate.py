"""Brings a database's schema to the newest revision, as the owner role, and says which revision it has.

SQLAlchemy is used here only because Alembic needs it; nothing else may build on it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable

MIGRATIONS = Path(__file__).parents[2] / "migrations"
LOCK_TIMEOUT_S = 5  # a migration that must wait longer for a table would stop every desk behind it
STATEMENT_TIMEOUT_S = 600  # one step on a country's data
CONNECT_TIMEOUT_S = 10
ONE_AT_A_TIME = 0x6D61726B  # "mark": the advisory lock that keeps two migrations apart
WAIT_FOR_OTHER_S = 60
UNFINISHED_RESTORE = "markaz_restore_unfinished"  # a schema that stands while core.db.restore is at work


class SchemaState(StrEnum):
    """How the database's schema stands to this program's."""

    CURRENT = "current"
    EMPTY = "empty"  # nothing was migrated yet
    BEHIND = "behind"  # run `markaz migrate`
    AHEAD = "ahead"  # a newer Markaz migrated it
    RESTORING = "restoring"  # a restore is at work, or was broken off


@dataclass(frozen=True)
class Schema:
    """What `schema_of` found: the state, the database's revision, and the one this program needs."""

    state: SchemaState
    found: str | None
    needed: str

    def check(self) -> None:
        """Return when the schema is the needed one. Raises DatabaseRefused, saying what to do."""
        if self.state is SchemaState.RESTORING:
            raise DatabaseRefused("A restore of this centre has not finished: wait, or run `markaz restore` again.")
        if self.state is SchemaState.AHEAD:
            raise DatabaseRefused(
                f"The database has revision {self.found}, which this Markaz (revision {self.needed}) does not know: "
                "install the newer Markaz again, or restore a backup made by this one."
            )
        if self.state is not SchemaState.CURRENT:
            raise DatabaseRefused(
                f"The database has revision {self.found or 'none'} and needs {self.needed}: run `markaz migrate`."
            )


class Fetching(Protocol):
    """Whatever can fetch one value: a connection, a pool's connection, a pool."""

    async def fetchval(self, query: str, /, *args: Any) -> Any:
        """Return the first column of the first row."""


def migrate(access: DatabaseAccess) -> tuple[str | None, str]:
    """Upgrade to the newest revision; return the revision before (None: empty) and after.

    Safe to call again and from several processes at once. May be called with or without a running event loop; it
    blocks. Raises DatabaseRefused when the database is ahead of this program or half-restored, DatabaseUnavailable when a table stays
    locked or another migration does not end; what was committed before stays, and calling again goes on from there.
    """
    with ThreadPoolExecutor(max_workers=1) as worker:
        return worker.submit(asyncio.run, _migrate(access.owner_dsn, newest_revision())).result()


@lru_cache(maxsize=1)
def newest_revision() -> str:
    """Return the revision this program needs: the head of its migrations."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None, "the package lacks its migrations"
    return head


@lru_cache(maxsize=1)
def known_revisions() -> frozenset[str]:
    """Return every revision in this program's history."""
    return frozenset(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


async def current_revision(connection: Fetching) -> str | None:
    """Return the database's revision, None for an empty database. Any role may ask."""
    if await connection.fetchval("SELECT to_regclass('public.alembic_version') IS NULL"):
        return None
    found = await connection.fetchval("SELECT version_num FROM public.alembic_version")
    return None if found is None else str(found)


async def schema_of(connection: Fetching) -> Schema:
    """Compare the database's schema with this program's (for serve, /readyz and check)."""
    found, needed = await current_revision(connection), newest_revision()
    if await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", UNFINISHED_RESTORE):
        state = SchemaState.RESTORING
    elif found is None:
        state = SchemaState.EMPTY
    elif found == needed:
        state = SchemaState.CURRENT
    else:
        state = SchemaState.BEHIND if found in known_revisions() else SchemaState.AHEAD
    return Schema(state, found, needed)


async def upgrade_to(owner_dsn: str, revision: str) -> None:
    """Run every revision up to `revision`; without the guards of `migrate`, which is what programs call."""
    creator: Callable[[], Awaitable[Any]] = lambda: _connect(owner_dsn)  # noqa: E731 - SQLAlchemy wants a callable
    engine = create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
    config = Config(attributes={})
    config.set_main_option("script_location", str(MIGRATIONS))

    def run(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await engine.dispose()


async def _migrate(owner_dsn: str, target: str) -> tuple[str | None, str]:
    guard = await _connect(owner_dsn)
    try:
        await _wait_for_turn(guard)
        schema = await schema_of(guard)
        if schema.state in (SchemaState.AHEAD, SchemaState.RESTORING):
            schema.check()
        if schema.found != target:
            await upgrade_to(owner_dsn, target)
        return schema.found, target
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
        raise _too_busy(str(error)) from error
    finally:
        await guard.close()


async def _wait_for_turn(guard: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Hold the advisory lock until `guard` closes."""
    for _ in range(WAIT_FOR_OTHER_S * 10):
        if await guard.fetchval("SELECT pg_try_advisory_lock($1)", ONE_AT_A_TIME):
            return
        await asyncio.sleep(0.1)
    raise DatabaseUnavailable("Another migration of this database is running: try again when it has ended.")


async def _connect(owner_dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(
            owner_dsn,
            timeout=CONNECT_TIMEOUT_S,
            server_settings={
                "application_name": "markaz-migrate",
                "lock_timeout": f"{LOCK_TIMEOUT_S}s",
                "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
                "timezone": "UTC",
            },
        )
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise DatabaseRefused(f"The owner role may not sign in to the database: {error}") from error
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise DatabaseUnavailable(f"The database cannot be reached as its owner: {error}") from error


def _too_busy(reason: str) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"A table stayed in use too long for the migration ({reason}): try again in a quiet moment, or stop the server."
    )
