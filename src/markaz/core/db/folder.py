"""Where the files of one centre's embedded database stand below its home folder.

It makes missing folders private and never changes the mode of a folder that is already there, nor of any parent.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

SUPER_ROLE = "markaz_super"  # only the supervisor's first set-up, tests and repair sign in as it
OWNER_ROLE = "markaz_owner"
APP_ROLE = "markaz_app"
DATABASE_NAME = "markaz"


@dataclass(frozen=True)
class Passwords:
    """The generated passwords of the three roles; never printed."""

    super_role: str
    owner_role: str
    app_role: str

    def __repr__(self) -> str:
        return "Passwords(...)"


@dataclass(frozen=True)
class CentreFolder:
    """The home folder of one centre (MARKAZ_HOME), as an absolute path."""

    home: Path

    @classmethod
    def at(cls, home: Path) -> "CentreFolder":
        """Return the folder for `home`, made absolute; nothing is created."""
        return cls(Path(os.path.abspath(home.expanduser())))  # noqa: PTH100 - a symlinked home keeps its name

    @property
    def run(self) -> Path:
        """Folder of locks and the supervisor's status."""
        return self.home / "run"

    @property
    def lease(self) -> Path:
        """Every process that needs the database holds a shared lock on this file."""
        return self.run / "lease"

    @property
    def supervisor_lock(self) -> Path:
        """The one running supervisor holds an exclusive lock on this file."""
        return self.run / "supervisor.lock"

    @property
    def status(self) -> Path:
        """What the supervisor last said about the database."""
        return self.run / "status.json"

    @property
    def passwords_file(self) -> Path:
        """Generated passwords of the embedded database, mode 0600."""
        return self.home / "secrets" / "database.json"

    @property
    def log(self) -> Path:
        """Folder of the supervisor's and PostgreSQL's logs."""
        return self.home / "log"

    @property
    def keys(self) -> Path:
        """Key-encryption keys (made by core.sealing); backed up apart from the data."""
        return self.home / "keys"

    @property
    def database(self) -> Path:
        """The database's own folder, or a symbolic link to it where its OS user cannot reach the home folder."""
        return self.home / "database"

    def create(self) -> None:
        """Make what is missing. Raises OSError, for example when the disk is full."""
        # As root the database's own OS user must be able to pass through the home folder; what is inside stays private.
        self.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        for folder in (self.run, self.log, self.passwords_file.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        for file in (self.lease, self.supervisor_lock):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))

    def passwords(self) -> Passwords:
        """Read the passwords. Raises FileNotFoundError before the first set-up."""
        stored = json.loads(self.passwords_file.read_text())
        return Passwords(stored["super_role"], stored["owner_role"], stored["app_role"])

    def make_passwords(self) -> Passwords:
        """Read the passwords, or write new ones; a kill half-way leaves either none or all of them."""
        if not self.passwords_file.exists():
            made = {name: secrets.token_urlsafe(24) for name in ("super_role", "owner_role", "app_role")}
            write_private(self.passwords_file, json.dumps(made))
        return self.passwords()


def write_private(path: Path, text: str) -> None:
    """Write `path` (0600) so that a reader, or a restart after a kill, sees the old or the whole new text."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
