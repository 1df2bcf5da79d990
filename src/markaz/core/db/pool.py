"""The one way to the database: a pool of connections and the edge at which everything commits.

Nothing else in the code begins or commits a transaction. Each one begins with the reach of the work under way
(core.reach), which ends with it. Lost or full databases leave here as `Unavailable`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from markaz.core import reach
from markaz.core.errors import MarkazError, Unavailable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 30  # longer than any honest read of a page or a snapshot
SILENCE_TIMEOUT_S = 35.0  # a server that has not even said "too long" by then is not there, or cut off
LOCK_TIMEOUT_S = 10  # a command that waits longer than this is told so, rather than hanging a desk


async def _keep_session(_connection: Any) -> None:
    """Replace asyncpg's reset on release: only SET LOCAL is used, so a round trip is saved."""


class Session(asyncpg.Connection):
    """A connection whose transactions begin with a reach, in the same round trip; savepoints stay in that reach."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - the driver's own
        """Run a statement; the one that begins a transaction carries the reach along."""
        known = reach.current()
        if known is not None and not args and query.startswith("BEGIN"):
            query = f"{query}{known.begin}"
        return await super().execute(query, *args, timeout=timeout)


class Database:
    """A pool of connections as one role. Open it with `open`, close it with `close`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", dsn: str) -> None:
        self._pool = pool
        self.dsn = dsn

    @classmethod
    async def open(cls, dsn: str, *, max_size: int = 8) -> "Database":
        """Connect to `dsn`. Raises Unavailable when nothing answers there."""
        with _translated():
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=max_size,
                timeout=CONNECT_TIMEOUT_S,
                command_timeout=SILENCE_TIMEOUT_S,
                connection_class=Session,
                reset=_keep_session,
                server_settings={
                    "application_name": "markaz",
                    "statement_timeout": str(STATEMENT_TIMEOUT_S * 1000),
                    "lock_timeout": str(LOCK_TIMEOUT_S * 1000),
                    "idle_in_transaction_session_timeout": str(STATEMENT_TIMEOUT_S * 1000),
                    "timezone": "UTC",
                    "jit": "off",  # short statements only: compiling them costs more than it saves
                },
            )
        return cls(pool, dsn)

    async def close(self) -> None:
        """Close every connection, waiting for the acts under way."""
        await self._pool.close()

    def terminate(self) -> None:
        """Drop every connection at once."""
        self._pool.terminate()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One READ COMMITTED transaction: commits when the block ends, rolls back when it raises.

        Raises Unavailable when the database is away or full; then nothing was written, or, if the connection broke
        during the commit itself, the caller's idempotency key finds out which.
        """
        with _translated():
            async with self._pool.acquire(timeout=CONNECT_TIMEOUT_S) as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """One REPEATABLE READ, READ ONLY transaction: everything read in it is of one moment."""
        with _translated():
            async with (
                self._pool.acquire(timeout=CONNECT_TIMEOUT_S) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single reads: bare for whoever has no reach, else inside a transaction that holds it."""
        if reach.current() is not None:
            async with self.transaction() as connection:
                yield connection
            return
        async with self.session() as connection:
            yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """A bare connection for what outlives a transaction, such as a lock of the session. It meets no covered row."""
        with _translated():
            async with self._pool.acquire(timeout=CONNECT_TIMEOUT_S) as connection:
                yield connection


class _translated:  # noqa: N801 - reads as a clause: `with _translated():`
    """Turn the driver's ways of saying "away" or "full" into Unavailable; let every other error through."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, MarkazError):
            return
        if isinstance(error, ValueError):
            return  # a value of ours that the driver cannot send is a fault of ours, whatever its base class says
        if isinstance(error, asyncpg.DiskFullError) or _is_limited(error):
            raise Unavailable(
                "The database has no room left: free disk space, then send the same request again."
            ) from error
        if isinstance(error, asyncpg.InsufficientResourcesError):
            raise Unavailable("The database is overloaded: wait a moment, then send the same request again.") from error
        if isinstance(error, asyncpg.LockNotAvailableError | asyncpg.QueryCanceledError):
            raise Unavailable("The database is busy with this record: send the same request again.") from error
        if isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
            raise Unavailable("Two acts waited for each other: send the same request again.") from error
        if isinstance(error, _AWAY):
            raise Unavailable(
                "The database is not reachable: wait a moment, then send the same request again."
            ) from error


def _is_limited(error: BaseException) -> bool:
    """Say whether a limit on file sizes (EFBIG) or a quota (EDQUOT) was met: PostgreSQL calls both internal errors."""
    words = ("File too large", "Disk quota exceeded")  # strerror(3), as PostgreSQL passes it on
    return isinstance(error, asyncpg.InternalServerError) and any(word in str(error) for word in words)


_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.exceptions.PostgresIOError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a server killed between two messages leaves the driver in the midst of one
    ConnectionError,
    TimeoutError,
    FileNotFoundError,
)

# What background work waits out and tries again: the database is away, full or busy.
DATABASE_TROUBLE = (
    Unavailable,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
