"""The supervisor's one-page status file, by which it tells its users how the database is.

The page is allocated once and then overwritten in place, so that "the disk is full" can still be said on a full disk.
"""

import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

PAGE_BYTES = 4096  # one file-system block: overwriting it needs no new space
MESSAGE_LIMIT = 900  # characters; in UTF-8 and JSON this stays inside the page


class State(StrEnum):
    """How the database is, as the supervisor sees it."""

    STARTING = "starting"
    READY = "ready"
    TROUBLE = "trouble"  # being restarted; the message says why
    REFUSED = "refused"  # the supervisor gave up; the message says what a person must do
    STOPPED = "stopped"


@dataclass(frozen=True)
class Status:
    """One statement of the supervisor with process id `pid`."""

    state: State
    pid: int
    message: str = ""
    socket_folder: str = ""


def write_status(path: Path, status: Status) -> None:
    """Overwrite the page. Raises OSError only when the page does not exist yet and cannot be made."""
    stated = asdict(status) | {"message": status.message[:MESSAGE_LIMIT]}
    page = json.dumps(stated, ensure_ascii=False).encode().ljust(PAGE_BYTES)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, page, 0)
    finally:
        os.close(descriptor)


def read_status(path: Path) -> Status | None:
    """Read the page; None when there is none or it is just being written (ask again)."""
    try:
        stated = json.loads(path.read_bytes())
        return Status(State(stated["state"]), stated["pid"], stated["message"], stated["socket_folder"])
    except (FileNotFoundError, ValueError, KeyError):
        return None
