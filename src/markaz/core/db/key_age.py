"""How old a backup of keys may be: what was erased must not come back from one.

Keys are backed up apart from the data and for no longer than an erasure may take (the schedule's `backup_keys_days`).
An older one is refused by `markaz restore` and destroyed by `markaz backup --prune-keys`.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from markaz.core.db.manifest import NAME, Manifest
from markaz.core.db.trouble import DatabaseRefused

AHEAD = timedelta(days=1)  # clocks differ; beyond it the time is not to be believed


def check_keys(keys: Manifest, now: datetime, days: int) -> None:
    """Raise DatabaseRefused when a backup of keys is older than `days`, or says that it is of the future."""
    made_at = _made_at(keys)
    if made_at > now + AHEAD:
        raise DatabaseRefused(f"The keys say they are of {keys.made_at}, which lies ahead: set this machine's clock.")
    if made_at < now - timedelta(days=days):
        raise DatabaseRefused(
            f"These keys are of {keys.made_at}, older than the {days} days that a backup of keys may live: what was erased "
            "since would come back. Use newer keys and destroy these; without any, --without-keys restores the rest."
        )


def check_erased(keys: Manifest, erased: Path | None, *, is_waived: bool) -> None:
    """Raise DatabaseRefused when nothing says who was erased after these keys were backed up, unless that is waived.

    A list beside a backup of keys that is no newer than these says nothing of it.
    """
    if erased is None and not is_waived:
        raise DatabaseRefused(
            f"Who was erased after {keys.made_at} would come back with these keys: give the newest list of erasures with "
            "--erased (erasures.json of the latest backup of keys). If these keys are the latest, say --no-newer-erasures "
            "and erase again by hand whoever was erased since."
        )
    if erased is not None and (erased.parent / NAME).is_file():
        beside = Manifest.read(erased.parent, "keys")
        if beside.backup_id == keys.backup_id or _made_at(beside) < _made_at(keys):
            raise DatabaseRefused(
                f"{erased} is of {beside.made_at}, no later than the keys of {keys.made_at}: it does not say who was erased "
                "since. Give a newer one, or --no-newer-erasures if there is none."
            )


def prune_keys(folder: Path, now: datetime, days: int) -> list[Path]:
    """Destroy every backup of keys in `folder` (each a folder, or `keys` in one) that is too old; return which.

    Nothing else is touched. Raises OSError when one cannot be removed.
    """
    gone = []
    for one in sorted(folder.iterdir()):
        for part in (one, one / "keys"):
            if (part / NAME).is_file() and _is_too_old(part, now, days):
                shutil.rmtree(part)
                gone.append(part)
    return gone


def _is_too_old(part: Path, now: datetime, days: int) -> bool:
    try:
        keys = Manifest.read(part, "keys")
    except DatabaseRefused:
        return False  # a backup of data, or nothing of ours
    return _made_at(keys) < now - timedelta(days=days)


def _made_at(keys: Manifest) -> datetime:
    try:
        made_at = datetime.fromisoformat(keys.made_at)
    except ValueError as error:
        raise DatabaseRefused(f"The keys' manifest has no time that can be read ({keys.made_at[:40]!r}).") from error
    return made_at if made_at.tzinfo is not None else made_at.replace(tzinfo=UTC)
