"""Decides where the data and the socket of a centre's database stand, and checks that nobody else owns the place.

Data stand in HOME/database. Where the database's own OS user cannot reach that folder (a root start below a private
parent), they stand in /var/lib/markaz/<hash of home> and HOME/database is a symbolic link to it.
"""

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from markaz.core.db.binaries import SHARED_ROOT, make_open_folder
from markaz.core.db.folder import CentreFolder, write_private
from markaz.core.db.os_user import OsUser
from markaz.core.db.trouble import DatabaseRefused

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT_BYTES = 107  # sun_path of Linux, less its final zero
HOMES_PER_HASH = 1000


def database_folder(folder: CentreFolder, user: OsUser) -> Path:
    """Return the database's own folder (0700, owned by `user`), made when missing.

    Raises DatabaseRefused when it belongs to another user or centre, OSError when it cannot be made.
    """
    if not os.path.lexists(folder.database):
        _make(folder, user)
    if folder.database.is_symlink() and not folder.database.exists():
        raise DatabaseRefused(
            f"{folder.database} points to {folder.database.readlink()}, which is gone. Bring that folder back, or move "
            f"{folder.home} away and run `markaz restore` into a new centre."
        )
    place = folder.database.resolve()
    _check_owner(place, user)
    if folder.database.is_symlink():
        _check_claim(place, folder)
    return place


def socket_folder(place: Path, user: OsUser) -> Path:
    """Return the private folder of the database's socket, short enough for a socket's path.

    Raises DatabaseRefused when the short folder outside is not ours.
    """
    inside = place / "socket"
    if len(os.fsencode(inside / SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES:
        return _private(inside, user)
    short = hashlib.sha256(os.fsencode(place)).hexdigest()[:12]
    return _private(_short_parent(user) / f"markaz-{user.uid}-{short}", user)


def _short_parent(user: OsUser) -> Path:
    chosen = os.environ.get("XDG_RUNTIME_DIR", "")
    if chosen and not user.switch and len(os.fsencode(chosen)) < 60 and os.access(chosen, os.W_OK):
        return Path(chosen)
    return Path("/run") if user.switch and os.access("/run", os.W_OK) else Path("/tmp")  # noqa: S108 - checked below


def _private(path: Path, user: OsUser) -> Path:
    """Make a 0700 folder of `user`, or accept the one that is exactly that."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    is_private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
    if not is_private or found.st_uid not in (user.uid, os.geteuid()):
        raise DatabaseRefused(
            f"{path} is not a folder of user {user.name} with mode 0700: somebody else made it. Remove it, or choose a "
            "shorter MARKAZ_HOME."
        )
    if found.st_uid != user.uid:
        user.own(path)  # just made, or by a start that was killed before this line
    return path


def _make(folder: CentreFolder, user: OsUser) -> None:
    if not user.switch or user.can_reach(folder.home):
        # Root passes through a name of its own, so that a kill before the change of owner leaves nothing half-made.
        partial = folder.home / "database.partial"
        if partial.is_dir():
            partial.rmdir()
        partial.mkdir(mode=0o700)
        user.own(partial)
        partial.rename(folder.database)
        return
    make_open_folder(SHARED_ROOT)
    if not user.can_reach(SHARED_ROOT):
        raise DatabaseRefused(
            f"User {user.name} can reach neither {folder.home} nor {SHARED_ROOT}. Choose a MARKAZ_HOME whose parent "
            "folders it may pass through, or start Markaz as an ordinary user."
        )
    place = _new_outside_place(folder)
    user.own(place)
    write_private(_claim_of(place), str(folder.home))
    folder.database.symlink_to(place)


def _new_outside_place(folder: CentreFolder) -> Path:
    """Make a folder named after the home. A deleted home's data may still stand there; they are left alone."""
    name = hashlib.sha256(os.fsencode(folder.home)).hexdigest()[:12]
    for number in range(HOMES_PER_HASH):
        place = SHARED_ROOT / (name if number == 0 else f"{name}-{number + 1}")
        try:
            place.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return place
    raise DatabaseRefused(f"{SHARED_ROOT} is full of data of deleted centres named {name}*: remove what is not needed.")


def _claim_of(place: Path) -> Path:
    """Return the file beside an outside place that names the home it belongs to; only root can write it."""
    return place.with_name(place.name + ".home")


def _check_owner(place: Path, user: OsUser) -> None:
    owner = place.stat().st_uid
    if owner != user.uid:
        raise DatabaseRefused(
            f"The data in {place} belong to user number {owner}, but PostgreSQL would run as {user.name} ({user.uid}). "
            f"Start Markaz as the user who made this centre."
        )


def _check_claim(place: Path, folder: CentreFolder) -> None:
    """Refuse a copied home whose link leads to the data of the original; follow a home that was moved."""
    claim = _claim_of(place)
    claimed = Path(claim.read_text()) if claim.exists() else folder.home
    if claimed == folder.home:
        return
    other = CentreFolder(claimed)
    if other.database.is_symlink() and other.database.resolve() == place:
        raise DatabaseRefused(
            f"{folder.home} is a copy of {claimed}: both lead to the data in {place}. Use `markaz backup` and "
            f"`markaz restore` to copy a centre."
        )
    write_private(claim, str(folder.home))
