"""`markaz serve` as a process of its own, as an operator starts it, on a prepared database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cluster import BenchDatabase

COMMAND = (sys.executable, "-m", "markaz.cli.main", "serve")
READY = "Markaz listens at http://"
STOP_S = 20.0
UNLIMITED_PER_S = "1000000"  # the benchmark sends at full speed; the limiter runs all the same


@dataclass(frozen=True, slots=True)
class Server:
    """A serving centre."""

    host: str
    port: int
    pid: int
    log: Path


@contextmanager
def serving(database: BenchDatabase, home: Path) -> Iterator[Server]:
    """Serve `database` while the block runs; keys and the log stand in `home`. Raises RuntimeError if it cannot."""
    home.mkdir(exist_ok=True)
    log = home / "server.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKAZ_")} | {
        "MARKAZ_HOME": str(home),
        "MARKAZ_DATABASE_URL": database.access.app_dsn,
        "MARKAZ_DATABASE_OWNER_URL": database.access.owner_dsn,
        "MARKAZ_PORT": "0",
        "MARKAZ_TRIAL": "1",
        "MARKAZ_RATE_LIMIT_PER_S": UNLIMITED_PER_S,
    }
    with log.open("ab") as errors:
        process = subprocess.Popen(
            COMMAND,
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        host, port = _address(process, log)
        yield Server(host, port, process.pid, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[str]", log: Path) -> tuple[str, int]:
    assert process.stdout is not None
    for line in process.stdout:
        if READY in line:
            host, _, port = line.partition(READY)[2].strip().rpartition(":")
            return host, int(port)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")
