"""A PostgreSQL of the benchmarks' own, as a centre embeds it (fsync on), and copies of a prepared database on it."""

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from markaz.core.db.cluster import is_alive
from markaz.core.db.embedded import DatabaseAccess, running_database, superuser_dsn
from markaz.core.db.folder import APP_ROLE, OWNER_ROLE, CentreFolder
from markaz.core.db.migrate import migrate
from markaz.core.db.status import read_status
from markaz.core.settings import Settings

STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class BenchDatabase:
    """One database and how to reach it."""

    name: str
    access: DatabaseAccess


@dataclass(frozen=True, slots=True)
class BenchCluster:
    """The benchmarks' own server, and a folder for whatever they write."""

    home: Path
    access: DatabaseAccess
    super_dsn: str

    def empty(self) -> BenchDatabase:
        """Return a new, migrated database without any row."""
        return self.copy("markaz")

    def copy(self, template: str) -> BenchDatabase:
        """Return a new copy of a database to which nobody is connected."""
        name = f"bench_{secrets.token_hex(4)}"
        self.execute(
            f"CREATE DATABASE {name} OWNER {OWNER_ROLE} TEMPLATE {template} STRATEGY file_copy",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {name} TO {APP_ROLE}",
        )
        access = DatabaseAccess(
            *(dsn.replace("@/markaz?", f"@/{name}?") for dsn in (self.access.owner_dsn, self.access.app_dsn))
        )
        return BenchDatabase(name, access)

    def drop(self, database: BenchDatabase) -> None:
        """Drop a copy."""
        self.execute(f"DROP DATABASE {database.name} WITH (FORCE)")

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, each by itself."""
        asyncio.run(self._execute(statements))

    async def _execute(self, statements: tuple[str, ...]) -> None:
        connection = await asyncpg.connect(self.super_dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def bench_cluster() -> Iterator[BenchCluster]:
    """Run a cluster with a migrated database while the block runs; nothing of it is left afterwards."""
    home = Path("/tmp") / f"markaz-bench-{secrets.token_hex(4)}"  # short: the socket stands below it
    home.mkdir(mode=0o711)
    try:
        with running_database(Settings(home=home, database_url=None, database_owner_url=None)) as access:
            migrate(access)
            yield BenchCluster(home, access, superuser_dsn(home))
    finally:
        _stop_and_remove(home)


def _stop_and_remove(home: Path) -> None:
    folder = CentreFolder.at(home)
    status = read_status(folder.status)
    if status is not None and status.pid > 0:
        with suppress(ProcessLookupError):
            os.kill(status.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while is_alive(status.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
    if folder.database.is_symlink():
        outside = folder.database.readlink()
        shutil.rmtree(outside, ignore_errors=True)
        outside.with_name(outside.name + ".home").unlink(missing_ok=True)
    shutil.rmtree(home, ignore_errors=True)
