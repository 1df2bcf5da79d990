"""CPU time of processes, user and system, in nanoseconds (Linux).

A benchmark's database has a name of its own, by which its backends are found. What the server does for everybody (WAL
writer, checkpointer, autovacuum) is left out on both sides of a comparison.
"""

import time
from pathlib import Path

CPUCLOCK_SCHED = 2  # include/linux/posix-timers.h: the clock id of another process is (~pid << 3) | this


def process_ns(pid: int) -> int:
    """Return the CPU time of a process with all its threads, also those that ended. Raises OSError when it is gone."""
    return time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED)


def backends(database: str) -> list[int]:
    """Return the process ids of PostgreSQL's backends connected to this database."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and f" {database} " in _title(folder):
            found.append(int(folder.name))
    return found


def backends_ns(database: str) -> int:
    """Return the CPU time of all backends connected to this database now. Ask twice with the same ones connected."""
    return sum(process_ns(pid) for pid in backends(database))


def _title(folder: Path) -> str:
    try:
        title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:  # ended meanwhile
        return ""
    return title if title.startswith("postgres: ") else ""
