"""Runs PostgreSQL's own programs against an address. Passwords go by environment, never by argument."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from markaz.core.db.binaries import Binaries, client_binaries
from markaz.core.db.os_user import CLEAN_ENVIRONMENT
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable

CONNECT_TIMEOUT_S = 10
LIBPQ_NAMES = {"host": "PGHOST", "port": "PGPORT", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
# Rows are compared as text, so everything that shapes the text is fixed.
SESSION = {
    "application_name": "markaz-backup",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "statement_timeout": "0",  # a country's table is read for minutes
    "idle_in_transaction_session_timeout": "0",  # the snapshot's transaction waits for pg_dump
    "lock_timeout": "10s",
}


@dataclass(frozen=True)
class Tools:
    """pg_dump and pg_restore for the database at `dsn`."""

    dsn: str
    binaries: Binaries

    @property
    def database_name(self) -> str:
        """Name of the database, which pg_restore wants as an argument."""
        return libpq_environment(self.dsn)["PGDATABASE"]

    async def run(self, program: str, *arguments: str) -> None:
        """Run one program to its end. Raises DatabaseUnavailable with its last words when it fails."""
        command = [self.binaries.program(program), "--no-password", *arguments]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=CLEAN_ENVIRONMENT | libpq_environment(self.dsn),
            umask=0o077,
        )
        try:
            said = (await process.communicate())[1].decode(errors="replace").strip()
        except asyncio.CancelledError:
            process.kill()
            raise
        if process.returncode != 0:
            last = said.splitlines()[-1] if said else "no reason given"
            raise DatabaseUnavailable(f"{program} failed: {last}")


async def tools_for(connection: "asyncpg.Connection[asyncpg.Record]", dsn: str, chosen: Path | None) -> Tools:
    """Return programs that understand the server. Raises DatabaseRefused when they are older than it."""
    binaries = client_binaries(chosen)
    server_major = connection.get_server_version().major
    if binaries.major < server_major:
        raise DatabaseRefused(
            f"The server is PostgreSQL {server_major}, the programs in {binaries.folder} are {binaries.major}: set "
            f"MARKAZ_POSTGRES_BIN to programs of {server_major} or newer."
        )
    return Tools(dsn, binaries)


async def connect_owner(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect as the owner with a session in which the same row always has the same text.

    Raises DatabaseUnavailable when nothing answers.
    """
    try:
        return await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S, server_settings=SESSION)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise DatabaseUnavailable(f"The database cannot be reached as its owner: {error}") from error


def libpq_environment(dsn: str) -> dict[str, str]:
    """Return the environment by which PostgreSQL's programs find `dsn` (a postgresql:// address)."""
    parts = urlsplit(dsn)
    found = {"PGUSER": unquote(parts.username or ""), "PGPASSWORD": unquote(parts.password or "")}
    found["PGDATABASE"] = unquote(parts.path.lstrip("/"))
    if parts.hostname:
        found["PGHOST"] = parts.hostname
    if parts.port:
        found["PGPORT"] = str(parts.port)
    for name, values in parse_qs(parts.query).items():
        if name in LIBPQ_NAMES:
            found[LIBPQ_NAMES[name]] = values[-1]
    return found
