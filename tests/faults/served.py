"""A centre as people run it: `markaz serve` in a process of its own, on a home of its own, that a test may kill."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
from tests.support.database import server_pid
from tests.support.land import make_land

from markaz.core.db.embedded import DatabaseAccess, running_database
from markaz.core.db.migrate import migrate
from markaz.core.db.pool import Database
from markaz.core.settings import Settings

START_S = 90.0
UNHURRIED_PER_S = "100000"


class ServedCentre:
    """Starts, kills and starts again. `access` is known after `prepare`."""

    def __init__(self, settings: Settings, *, log_level: str = "WARNING") -> None:
        self.settings = settings
        self._log_level = log_level
        self.home: Path = settings.home
        self.port = free_port()
        self.access: DatabaseAccess
        self.process: subprocess.Popen[str] | None = None
        self.starts = 0

    @property
    def base_url(self) -> str:
        """Where it listens; the same after every start."""
        return f"http://127.0.0.1:{self.port}"

    async def prepare(self) -> Database:
        """Make the database with the small land and return a way into it; the server is not started yet."""
        with running_database(self.settings) as access:
            migrate(access)
            self.access = access
            connection = await asyncpg.connect(access.app_dsn)
            try:
                async with connection.transaction():
                    await make_land(connection)
            finally:
                await connection.close()
            return await Database.open(access.app_dsn)

    def start(self) -> None:
        """Start the server and return when it says that it listens."""
        self.starts += 1
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKAZ_")}
        environment |= {
            "MARKAZ_HOME": str(self.home),
            "MARKAZ_PORT": str(self.port),
            "MARKAZ_TRIAL": "1",
            "MARKAZ_LOG_LEVEL": self._log_level,
            "MARKAZ_RATE_LIMIT_PER_S": UNHURRIED_PER_S,
        }
        if self.settings.postgres_bin is not None:
            environment["MARKAZ_POSTGRES_BIN"] = str(self.settings.postgres_bin)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "markaz.cli.main", "serve"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_S
        for line in self.process.stdout:
            if line.startswith("Markaz listens at"):
                return
            assert time.monotonic() < deadline, "the server took too long"
        raise AssertionError(f"the server ended with {self.process.wait()}: {self.log.read_text()[-3000:]}")

    @property
    def log(self) -> Path:
        """What all runs of the server wrote to standard error."""
        return self.home.parent / f"{self.home.name}.server.log"

    def kill_server(self) -> None:
        """SIGKILL, as a crash or the out-of-memory killer does it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def kill_database(self) -> None:
        """SIGKILL to PostgreSQL's own first process."""
        os.kill(server_pid(self.home), signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server as an operator does."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        self.kill_server()
        print(self.log.read_text()[-20_000:])  # shown by pytest when the test fails
        self.log.unlink(missing_ok=True)


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
