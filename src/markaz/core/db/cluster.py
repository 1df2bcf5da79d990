"""One PostgreSQL data folder: made once, started, found running, and stopped.

It listens on a Unix socket only and asks every role for its password (SCRAM). It never touches a folder it did not make.
"""

import locale
import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from markaz.core.db.binaries import Binaries
from markaz.core.db.folder import APP_ROLE, DATABASE_NAME, OWNER_ROLE, SUPER_ROLE, Passwords, sync_folder, write_private
from markaz.core.db.os_user import OsUser
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable

HBA = "# Written by Markaz: the socket only, and a password from everybody.\nlocal all all scram-sha-256\n"

# For a small machine (2 cores, 4 GB). Written once into postgresql.conf, where the operator may tune them.
TUNABLE = {
    "max_connections": "100",
    "shared_buffers": "'256MB'",
    "effective_cache_size": "'1GB'",
    "work_mem": "'8MB'",
    "maintenance_work_mem": "'64MB'",
    "random_page_cost": "1.1",  # solid-state disks
    "wal_compression": "on",
    "max_wal_size": "'1GB'",
    "checkpoint_timeout": "'5min'",
    # Two cores serve many short statements; parallel workers would also need more shared memory than Docker gives.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
}

# Given on the command line at every start, so that no file can weaken them.
FIXED = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
    # Messages of failed statements quote values of persons; they reach the caller, and stay out of the server's log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # PostgreSQL would start its own recovery over and over without a pause (on a full disk, say); the supervisor backs off.
    "restart_after_crash": "off",
}

STOP_S = 60.0  # a fast stop writes one checkpoint; longer than this and the next start recovers from the log instead
POLL_S = 0.02


@dataclass(frozen=True)
class Cluster:
    """The data folder `place`/cluster, its socket folder, and the programs and the user that run it."""

    place: Path
    sockets: Path
    binaries: Binaries
    user: OsUser

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.place / "cluster"

    def check_major(self) -> None:
        """Refuse a data folder of another major version. Raises DatabaseRefused."""
        try:
            made_by = int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return
        if made_by != self.binaries.major:
            raise DatabaseRefused(
                f"The data in {self.data} were made by PostgreSQL {made_by}, these programs are "
                f"{self.binaries.major}. Set MARKAZ_POSTGRES_BIN to a folder of PostgreSQL {made_by} programs and "
                f"start again. To move to {self.binaries.major}: run `markaz backup DIR` that way, then `markaz "
                f"restore DIR` into a new MARKAZ_HOME without that setting."
            )

    def ensure_made(self, passwords: Passwords, log: int) -> None:
        """Make the data folder with roles and database, unless it is there. A kill at any point leaves none or all.

        Raises DatabaseUnavailable when a step fails (a full disk, say); calling again starts afresh.
        """
        if self.data.exists():
            return
        for left in self.place.glob("cluster.partial-*"):  # of a set-up that was killed; its initdb may still run
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        fresh = self.place / f"cluster.partial-{secrets.token_hex(4)}"
        secret = self.place / f"{fresh.name}-password"
        try:
            self._write_owned(secret, passwords.super_role)
            self._run(self._initdb(fresh, secret), log, "")
            self._write_owned(fresh / "pg_hba.conf", HBA)
            with (fresh / "postgresql.conf").open("a") as conf:
                conf.writelines(f"{name} = {value}\n" for name, value in TUNABLE.items())
            # One statement a line is what a server in single-user mode reads; no role can sign in meanwhile.
            postgres = self.binaries.program("postgres")
            single = [postgres, "--single", "-D", str(fresh), "-c", "exit_on_error=on"]
            self._run([*single, "postgres"], log, "\n".join(_first_statements(passwords)) + "\n")
            self._run([*single, DATABASE_NAME], log, "REVOKE ALL ON SCHEMA public FROM PUBLIC\n")
            sync_folder(fresh)
            fresh.rename(self.data)
            sync_folder(self.place)
        except OSError as error:
            raise DatabaseUnavailable(f"The database could not be set up in {self.place}: {error}") from error
        finally:
            secret.unlink(missing_ok=True)

    def start(self, log: int) -> "subprocess.Popen[bytes]":
        """Start the server and return at once; `is_ready` says when it answers. Raises OSError.

        The caller must be the process that calls `running_pid` and found none.
        """
        self._disown_dead_server()
        command = [self.binaries.program("postgres"), "-D", str(self.data)]
        command += ["-c", f"unix_socket_directories={self.sockets}"]
        for name, value in FIXED.items():
            command += ["-c", f"{name}={value}"]
        return self.user.start(command, stdin=subprocess.DEVNULL, output=log)

    def running_pid(self) -> int | None:
        """Return the process id of the server that runs on this folder, whoever started it."""
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        return pid if is_alive(pid) and self._serves_here(pid) else None

    def is_ready(self) -> bool:
        """Say whether the running server accepts connections, by its own statement."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def stop(self, pid: int, child: "subprocess.Popen[bytes] | None") -> None:
        """Stop the server cleanly, dropping its sessions; harder when it does not obey. Returns when it is gone.

        `child` is its process when this very process started it, so that its end can be collected.
        """
        for how, patience_s in ((signal.SIGINT, STOP_S), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            deadline = time.monotonic() + patience_s
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            while time.monotonic() < deadline:
                if child is not None:
                    child.poll()
                if not is_alive(pid):
                    return
                time.sleep(POLL_S)

    def _disown_dead_server(self) -> None:
        """Let the next server start although the number of a killed one still exists.

        PostgreSQL refuses while postmaster.pid names an existing process: one that ended and was never collected (a
        container without an init), or a stranger that got the number after a restart. Our own number says "my parent
        left this", which PostgreSQL takes as stale. The other lines stay: by them it still refuses while a session of
        the dead server holds its shared memory.
        """
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit() or self.running_pid() is not None:
            return
        path = self.data / "postmaster.pid"
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _serves_here(self, pid: int) -> bool:
        """Tell our server from a stranger that got a dead server's number: PostgreSQL works inside its data folder."""
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == self.data.resolve()
        except OSError:
            return not Path("/proc/self").exists()  # without /proc, believe the file

    def _initdb(self, fresh: Path, secret: Path) -> list[str]:
        command = [self.binaries.program("initdb"), "-D", str(fresh), "-U", SUPER_ROLE, "--pwfile", str(secret)]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions"]
        # Bytewise order never changes with the C library; letters beyond ASCII still have upper and lower case.
        return [*command, "--locale=C", f"--lc-ctype={_character_type()}"]

    def _write_owned(self, path: Path, text: str) -> None:
        path.unlink(missing_ok=True)
        write_private(path, text)
        self.user.own(path)

    def _run(self, command: list[str], log: int, text: str) -> None:
        process = self.user.start(command, stdin=subprocess.PIPE, output=log)
        process.communicate(text.encode())
        if process.returncode != 0:
            raise OSError(f"{Path(command[0]).name} failed with {process.returncode}; its log says why")


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return not Path("/proc/self").exists()


def _character_type() -> str:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def _first_statements(passwords: Passwords) -> list[str]:
    """Passwords are generated URL-safe text, so that they need no quoting."""
    plain = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN"
    return [
        f"CREATE ROLE {OWNER_ROLE} {plain} PASSWORD '{passwords.owner_role}'",
        f"CREATE ROLE {APP_ROLE} {plain} PASSWORD '{passwords.app_role}'",
        f"CREATE DATABASE {DATABASE_NAME} OWNER {OWNER_ROLE} TEMPLATE template0",
        f"REVOKE ALL ON DATABASE {DATABASE_NAME}, postgres, template1 FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {DATABASE_NAME} TO {APP_ROLE}",
    ]
