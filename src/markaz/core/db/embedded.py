"""The users' side of the embedded database: hold it, and it runs.

`running_database` is all that other code needs. It starts the supervisor (core.db.supervisor) as a process of its own
and prints nothing. With MARKAZ_DATABASE_URL set, nothing is started at all.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from markaz.core.db.folder import APP_ROLE, DATABASE_NAME, OWNER_ROLE, SUPER_ROLE, CentreFolder
from markaz.core.db.place import SOCKET_NAME
from markaz.core.db.status import State, Status, read_status, write_status
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable
from markaz.core.settings import Settings

START_S = 60.0  # the longest a user waits for a start: a first set-up, or recovery after a crash
TROUBLE_S = 6.0  # trouble that lasts longer than this is told to the user; the supervisor goes on trying
LEASE_S = 75.0  # a supervisor that is just stopping holds the lease until PostgreSQL is gone
WATCH_S = 1.0
POLL_S = 0.01
ANSWER_S = 2.0
PROTOCOL_3 = 3 << 16  # PostgreSQL's "Message Formats": StartupMessage, and the type byte of its answers
AUTHENTICATION = b"R"


@dataclass(frozen=True)
class DatabaseAccess:
    """Addresses of one database for its owner (migrations, backup) and for the application; both hold a password."""

    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)


@contextmanager
def running_database(settings: Settings) -> Iterator[DatabaseAccess]:
    """Keep the database of `settings` running while the block runs, and yield how to reach it.

    Raises DatabaseRefused when a person must act first, DatabaseUnavailable when it does not come up for now.
    """
    if settings.database_url is not None and settings.database_owner_url is not None:
        yield DatabaseAccess(settings.database_owner_url.get_secret_value(), settings.database_url.get_secret_value())
        return
    folder = CentreFolder.at(settings.home)
    lease = _take_lease(folder)
    watch = threading.Event()
    watcher: threading.Thread | None = None
    try:
        sockets = _await_ready(folder, settings.postgres_bin)
        watcher = threading.Thread(target=_watch, args=(folder, settings.postgres_bin, watch), daemon=True)
        watcher.start()
        yield _access(folder, sockets)
    finally:
        watch.set()
        if watcher is not None:
            watcher.join()
            with suppress(DatabaseUnavailable):  # one killed just now would leave nobody to stop the server
                ensure_supervisor(folder.home, settings.postgres_bin)
        os.close(lease)


def ensure_supervisor(home: Path, postgres_bin: Path | None = None) -> bool:
    """Start a supervisor for `home` unless one runs; return whether one was started.

    The caller must hold the lease, else the supervisor ends again. Raises DatabaseUnavailable when it cannot start.
    """
    folder = CentreFolder.at(home)
    if _is_supervised(folder):
        return False
    # -P: what stands in the caller's folder must not be taken for our modules.
    command = [sys.executable, "-P", "-m", "markaz.core.db.supervisor", str(folder.home)]
    if postgres_bin is not None:
        command.append(str(postgres_bin.absolute()))
    log = folder.log / "supervisor.log"
    try:
        with open(log, "ab", opener=_private_file) as output:
            done = subprocess.run(  # noqa: S603 - ourselves
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                timeout=START_S,
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DatabaseUnavailable(f"The database's supervisor could not be started: {error}") from error
    if done.returncode != 0:
        raise DatabaseUnavailable(f"The database's supervisor could not start: its reason is at the end of {log}.")
    return True


def superuser_dsn(home: Path, database: str = "postgres") -> str:
    """Return the address for the database's superuser: for tests and repair by hand, never for the application."""
    folder = CentreFolder.at(home)
    status = read_status(folder.status)
    if status is None or not status.socket_folder:
        raise DatabaseUnavailable(f"No database runs for {folder.home}.")
    return _dsn(SUPER_ROLE, folder.passwords().super_role, status.socket_folder, database)


def _access(folder: CentreFolder, sockets: str) -> DatabaseAccess:
    passwords = folder.passwords()
    return DatabaseAccess(
        owner_dsn=_dsn(OWNER_ROLE, passwords.owner_role, sockets, DATABASE_NAME),
        app_dsn=_dsn(APP_ROLE, passwords.app_role, sockets, DATABASE_NAME),
    )


def _dsn(role: str, password: str, sockets: str, database: str) -> str:
    return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={quote(sockets, safe='')}"


def _take_lease(folder: CentreFolder) -> int:
    """Return an open, share-locked lease; closing it gives it back."""
    try:
        folder.create()
        if not folder.status.exists():
            write_status(folder.status, Status(State.STOPPED, 0))
        lease = os.open(folder.lease, os.O_RDWR)
    except OSError as error:
        raise DatabaseUnavailable(
            f"MARKAZ_HOME={folder.home} cannot be used ({error.strerror}: {error.filename}). Free disk space, or "
            "choose a folder that this user may write to."
        ) from error
    deadline = time.monotonic() + LEASE_S
    while True:
        try:
            fcntl.flock(lease, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lease)
                raise DatabaseUnavailable(f"The database in {folder.home} is still stopping: try again.") from None
            time.sleep(POLL_S)
        else:
            return lease


def _await_ready(folder: CentreFolder, postgres_bin: Path | None) -> str:
    """Start a supervisor where none runs and wait for its word; return the socket's folder."""
    deadline = time.monotonic() + START_S
    trouble_since: float | None = None
    while time.monotonic() < deadline:
        ensure_supervisor(folder.home, postgres_bin)
        status = read_status(folder.status)
        if status is not None and status.state is State.REFUSED:
            raise DatabaseRefused(status.message)
        if status is not None and status.state is State.READY and _answers(status.socket_folder):
            return status.socket_folder
        if status is None or status.state is not State.TROUBLE:
            trouble_since = None
        elif trouble_since is None:
            trouble_since = time.monotonic()
        elif time.monotonic() - trouble_since > TROUBLE_S:
            raise DatabaseUnavailable(status.message)
        time.sleep(POLL_S)
    raise DatabaseUnavailable(f"The database did not come up within {START_S:.0f} s: see {folder.log}.")


def _answers(sockets: str) -> bool:
    """Begin to sign in: a server that is starting or recovering refuses at once, one that is ready asks for more."""
    wish = f"user\0{APP_ROLE}\0database\0{DATABASE_NAME}\0\0".encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(ANSWER_S)
        try:
            probe.connect(f"{sockets}/{SOCKET_NAME}")
            probe.sendall(struct.pack("!ii", 8 + len(wish), PROTOCOL_3) + wish)
            return probe.recv(1024)[:1] == AUTHENTICATION  # read whole, or the server logs a broken connection
        except OSError:
            return False


def _private_file(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _is_supervised(folder: CentreFolder) -> bool:
    try:
        lock = os.open(folder.supervisor_lock, os.O_RDWR)
    except OSError as error:
        raise DatabaseUnavailable(f"{folder.supervisor_lock} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _watch(folder: CentreFolder, postgres_bin: Path | None, ended: threading.Event) -> None:
    """Start the supervisor again whenever it was killed, for as long as the database is held."""
    while not ended.wait(WATCH_S):
        with suppress(DatabaseUnavailable):  # a full disk, or the home is gone: the next round tries again
            ensure_supervisor(folder.home, postgres_bin)
