"""Which operating-system user PostgreSQL runs as, and what that user can reach.

PostgreSQL refuses to run as root. A root start therefore uses a user of its own. No file mode is ever widened for it:
what the user cannot reach is put where it can.
"""

import os
import pwd
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from markaz.core.db.trouble import DatabaseRefused

USER_NAME = "markaz-db"
USERADD_ATTEMPTS = 5  # another centre's first start may hold the lock on /etc/passwd
CLEAN_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class OsUser:
    """The user that owns the data and runs PostgreSQL; `switch` says whether processes must change to it."""

    uid: int
    gid: int
    name: str
    switch: bool

    def start(self, command: list[str], *, stdin: int, output: int) -> "subprocess.Popen[bytes]":
        """Start `command` as this user, in a session of its own, with a clean environment and umask 077.

        Raises DatabaseRefused when this process may not change to the user, OSError when the command cannot start.
        """
        user, group, extra = (self.uid, self.gid, [self.gid]) if self.switch else (None, None, None)
        try:
            return subprocess.Popen(  # noqa: S603 - fixed programs of our own choice, no shell
                command,
                stdin=stdin,
                stdout=output,
                stderr=output,
                env=CLEAN_ENVIRONMENT,
                cwd="/",
                user=user,
                group=group,
                extra_groups=extra,
                umask=0o077,
                start_new_session=True,
            )
        except PermissionError as error:
            if self.switch and error.filename != command[0]:  # the change of user failed, not the program itself
                raise DatabaseRefused(
                    f"Root may not change to user {self.name} here (no CAP_SETUID). Start Markaz as an ordinary user."
                ) from error
            raise

    def can_reach(self, path: Path) -> bool:
        """Say whether this user can pass through every folder down to `path` and into it."""
        probe = self.start(["/bin/sh", "-c", 'cd "$0"', str(path)], stdin=subprocess.DEVNULL, output=subprocess.DEVNULL)
        return probe.wait() == 0

    def own(self, path: Path) -> None:
        """Hand a file or folder that we just made to this user."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def current_user() -> OsUser:
    """Return the user this process runs as, root included: for programs that root may run."""
    return OsUser(os.geteuid(), os.getegid(), _name_of(os.geteuid()), switch=False)


def database_user() -> OsUser:
    """Return the user PostgreSQL runs as: the caller, or as root `markaz-db`, made when missing.

    Raises DatabaseRefused with advice when the user is missing and cannot be made.
    """
    if os.geteuid() != 0:
        return current_user()
    entry = _find(USER_NAME) or _make(USER_NAME)
    return OsUser(entry.pw_uid, entry.pw_gid, entry.pw_name, switch=True)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make(name: str) -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", "--comment", "Markaz embedded database", name]
    said = "useradd is not installed"
    for _ in range(USERADD_ATTEMPTS):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed command
        except FileNotFoundError:
            break
        entry = _find(name)
        if entry is not None:
            return entry
        said = done.stderr.strip()
        time.sleep(0.3)
    raise DatabaseRefused(
        f"PostgreSQL refuses to run as root, and its own user {name} could not be made ({said}). Either run "
        f"`{' '.join(command[:3])} --no-create-home {name}` by hand, or start Markaz as an ordinary user."
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run as a number without a name
        return str(uid)
