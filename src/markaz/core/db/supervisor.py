"""The process that keeps one centre's PostgreSQL running: `python -m markaz.core.db.supervisor HOME [BIN]`.

It lives while somebody holds the lease (a shared lock on HOME/run/lease) and stops PostgreSQL, cleanly, when nobody has
for a few seconds. Killing it, its users or PostgreSQL in any order heals: the next supervisor takes over a server that
still runs. It imports little, so that it starts at once and stays small; it never connects to the database.
"""

import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from markaz.core.db.binaries import server_binaries
from markaz.core.db.cluster import Cluster
from markaz.core.db.folder import CentreFolder
from markaz.core.db.os_user import database_user
from markaz.core.db.place import database_folder, socket_folder
from markaz.core.db.status import State, Status, write_status
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable

GRACE_S = 3.0  # without a user for this long, the database stops
TICK_S = 0.1
LOCK_ATTEMPTS = 20  # a user asking whether a supervisor runs holds the lock for an instant
BACK_OFF_FIRST_S = 0.2
BACK_OFF_FACTOR = 1.5
BACK_OFF_LAST_S = 5.0
GOOD_RUN_S = 2.0  # after this long, the next crash starts the back-off anew
LOG_LIMIT_BYTES = 16_000_000
LOG_CHECK_S = 60.0
FULL_DISK_BYTES = 32_000_000  # PostgreSQL takes its log in files of 16 MB, and needs one to recover

log = logging.getLogger("markaz.supervisor")


class Supervisor:
    """One life of the supervisor. `run` returns when PostgreSQL is stopped, or a person must act first."""

    def __init__(self, folder: CentreFolder, chosen_bin: Path | None) -> None:
        self.folder = folder
        self.chosen_bin = chosen_bin
        self.postgres_log = folder.log / "postgres.log"
        self.lease = os.open(folder.lease, os.O_RDWR)
        self.stopping = False
        self.cluster: Cluster | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.pid: int | None = None  # of the server, started by us or found running
        self.is_ready = False
        self.ready_since = 0.0
        self.back_off_s = BACK_OFF_FIRST_S
        self.log_start = 0
        self.log_checked = 0.0

    def run(self) -> None:
        """Keep PostgreSQL running until the lease ends, a signal comes, the home is gone, or it must be refused."""
        idle_since: float | None = time.monotonic()
        while not self.stopping and self._home_is_ours():
            try:
                self._keep_running()
            except DatabaseRefused as error:
                log.error("refused: %s", error)
                self._say(State.REFUSED, error.message)
                return
            except (DatabaseUnavailable, OSError) as error:
                self._trouble(str(error))
            if not self._is_unused():
                idle_since = None
            elif idle_since is None:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > GRACE_S and self._take_lease():
                log.info("nobody needs the database")
                break
            time.sleep(TICK_S if self.is_ready else TICK_S / 10)
        self._stop()

    def _keep_running(self) -> None:
        """Take one step towards a server that answers. Raises DatabaseUnavailable when it ended by itself."""
        if self.cluster is None:
            self.cluster = self._prepare()
        self.pid = self._server_pid()
        if self.pid is None:
            if self.child is not None:
                ended, self.child, self.is_ready = self.child, None, False
                raise DatabaseUnavailable(f"PostgreSQL ended with {ended.returncode}: {self._last_words()}")
            self.is_ready = False
            self._start()
        elif not self.is_ready and self.cluster.is_ready():
            self.is_ready, self.ready_since = True, time.monotonic()
            log.info("PostgreSQL %d is ready", self.pid)
            self._say(State.READY)
        elif self.is_ready:
            if time.monotonic() - self.ready_since > GOOD_RUN_S:
                self.back_off_s = BACK_OFF_FIRST_S
            self.trim_logs()

    def _prepare(self) -> Cluster:
        """Find user, programs and folders, and make the data folder the first time."""
        user = database_user()
        binaries = server_binaries(self.chosen_bin, user)
        place = database_folder(self.folder, user)
        cluster = Cluster(place, socket_folder(place, user), binaries, user)
        cluster.check_major()
        if cluster.data.exists() and not self.folder.passwords_file.exists():
            raise DatabaseRefused(
                f"{self.folder.passwords_file} is gone, and with it the passwords of the database in {place}. Bring it "
                "back, or restore a backup into a new MARKAZ_HOME."
            )
        passwords = self.folder.make_passwords()
        with self.postgres_log.open("ab") as output:
            cluster.ensure_made(passwords, output.fileno())
        return cluster

    def _server_pid(self) -> int | None:
        assert self.cluster is not None
        if self.child is not None and self.child.poll() is None:
            return self.child.pid
        return self.cluster.running_pid()

    def _start(self) -> None:
        assert self.cluster is not None
        with self.postgres_log.open("ab") as output:
            self.log_start = output.tell()
            self.child = self.cluster.start(output.fileno())
        self.pid = self.child.pid
        log.info("started PostgreSQL %d", self.pid)

    def _stop(self) -> None:
        """Stop the server that we started or took over, and say so."""
        self._say(State.STOPPED)
        if self.cluster is not None and self.pid is not None:
            self.cluster.stop(self.pid, self.child)
            log.info("stopped PostgreSQL %d", self.pid)
        if self.cluster is not None and self.cluster.sockets.parent != self.cluster.place:
            with suppress(OSError):  # a short folder outside the home, made by us; not empty means not stopped
                self.cluster.sockets.rmdir()

    def _trouble(self, message: str) -> None:
        """Report, wait, and let the loop try again; the wait grows to a few seconds."""
        if self._free_bytes() < FULL_DISK_BYTES:
            message = f"The disk under {self.folder.home} is full. Free some space: the database then starts by itself."
        log.warning("trouble: %s", message)
        self._say(State.TROUBLE, message)
        time.sleep(self.back_off_s)
        self.back_off_s = min(self.back_off_s * BACK_OFF_FACTOR, BACK_OFF_LAST_S)

    def _free_bytes(self) -> int:
        try:
            found = os.statvfs(self.folder.database if self.folder.database.exists() else self.folder.home)
        except OSError:
            return FULL_DISK_BYTES
        return found.f_bavail * found.f_frsize

    def _last_words(self) -> str:
        """Return the newest fatal line of PostgreSQL's log since its last start."""
        with self.postgres_log.open("rb") as written:
            written.seek(self.log_start)
            lines = written.read(100_000).decode(errors="replace").splitlines()
        fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
        return (fatal or lines or ["without a word"])[-1] + f" (see {self.postgres_log})"

    def _say(self, state: State, message: str = "") -> None:
        sockets = "" if self.cluster is None else str(self.cluster.sockets)
        try:
            write_status(self.folder.status, Status(state, os.getpid(), message, sockets))
        except OSError as error:  # the home may have been removed under us
            log.warning("cannot write %s: %s", self.folder.status, error)

    def _home_is_ours(self) -> bool:
        """Say whether the home still stands: it may have been removed, or removed and made anew."""
        try:
            return self.folder.lease.stat().st_ino == os.fstat(self.lease).st_ino
        except OSError:
            log.warning("%s is gone", self.folder.home)
            return False

    def _is_unused(self) -> bool:
        if not self._take_lease():
            return False
        fcntl.flock(self.lease, fcntl.LOCK_UN)
        return True

    def _take_lease(self) -> bool:
        """Shut new users out: they wait until this process is gone, then start another supervisor."""
        try:
            fcntl.flock(self.lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def trim_logs(self) -> None:
        """Keep one older copy of a log that grew large. Its writers append, so cutting it under them is safe."""
        if time.monotonic() - self.log_checked < LOG_CHECK_S:
            return
        self.log_checked = time.monotonic()
        for path in (self.postgres_log, self.folder.log / "supervisor.log"):
            if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
                shutil.copyfile(path, path.with_suffix(".log.1"))
                os.truncate(path, 0)


def main(arguments: list[str]) -> int:
    """Detach, and return once the supervisor holds its lock or another does."""
    folder = CentreFolder(Path(arguments[1]))
    chosen_bin = Path(arguments[2]) if len(arguments) > 2 else None
    os.umask(0o077)
    os.chdir("/")  # keep no folder of the caller's busy
    heard, tell = os.pipe()
    if os.fork() > 0:  # the parent ends at once, so that no user keeps an ended supervisor as its child
        os.close(tell)
        return 0 if os.read(heard, 1) else 1
    os.close(heard)
    lock = os.open(folder.supervisor_lock, os.O_RDWR)
    if not _locked(lock):
        os.write(tell, b"1")
        return 0
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.Formatter.converter = time.gmtime
    logging.raiseExceptions = False  # a log that cannot be written (full disk) must not end the supervisor
    supervisor = Supervisor(folder, chosen_bin)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(supervisor, "stopping", True))
    write_status(folder.status, Status(State.STARTING, os.getpid()))
    os.write(tell, b"1")
    os.close(tell)
    supervisor.run()
    os.close(lock)  # before the lease, so that whoever gets the lease finds no supervisor and starts one
    return 0


def _locked(lock: int) -> bool:
    for _ in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv))
