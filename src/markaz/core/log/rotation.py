"""Which key signs now: the log itself knows, so that a key file from before a rotation signs nothing.

A new key is durable in its file before the log hears of it: its entry is written by whoever first finds the file ahead of
the log, be it the command that made the key or, after a crash or on a full disk, the next checkpoint. The keys themselves
never come here.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from markaz.core.db.pool import Connection
from markaz.core.errors import NotPossibleNow
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.log import keys
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.sealing import KeysMissing

ACTION: Final = "log.key_rotated"


async def check(connection: Connection, ring: keys.KeyRing) -> tuple[keys.LogKey, ...]:
    """Return the keys at the end of the ring that the log does not know yet.

    Raises KeysMissing when the file is of another log, or from before the key that signs now: what it signs would
    contradict, or seem to take back, what was signed.
    """
    row = await connection.fetchrow("SELECT origin, vkey FROM log_public")
    assert row is not None, "migration 0015 makes the row"
    origin, vkey = row["origin"], row["vkey"]
    if origin is not None and origin != ring.origin:
        raise KeysMissing(
            f"The key file {keys.KEY_FILE} is of another log ({ring.origin}, not {origin}): restore it from the key backup."
        )
    if vkey is None:
        # Of a new log the first key is the one it begins with; an older log learns of its key now.
        return ring.keys[1:] if origin is None else ()
    known = [key.signer.verifier.vkey for key in ring.keys]
    if vkey not in known:
        raise KeysMissing(
            f"The key file {keys.KEY_FILE} is from before the log's key was changed: restore the newest key backup. If the "
            "newer key is lost for ever, move the file away; `markaz log begin-anew` then ends this public log."
        )
    return ring.keys[known.index(vkey) + 1 :]


async def introduce(connection: Connection, now: datetime, ring: keys.KeyRing) -> int:
    """Enter the keys that the log does not know yet and return how many; else change nothing. Raises as `check`.

    The entries lock the log until the transaction ends.
    """
    await check(connection, ring)
    vkey = ring.signer.verifier.vkey
    if await connection.fetchval("SELECT vkey FROM log_public") == vkey:
        return 0
    await connection.execute("SELECT FROM log_public FOR UPDATE")
    fresh = await check(connection, ring)
    await connection.execute("UPDATE log_public SET vkey = $1", vkey)
    if fresh:
        await append(connection, now, [_entry(key) for key in fresh])
    return len(fresh)


async def rotate(connection: Connection, now: datetime, home: Path) -> keys.KeyRing:
    """Make a new signing key, introduced by the present one, and return the ring with it.

    One at a time: of two at once the second would write its file over the first one's key, which the log may know by
    then, and nothing signs any more. Raises KeysMissing, and NotPossibleNow when the file cannot be written: the key stays.
    """
    await connection.execute("SELECT FROM log_public FOR UPDATE")
    before = keys.load(home)
    if before is None:
        raise KeysMissing(f"There is no {keys.KEY_FILE}: it is made when the centre is first served.")
    await check(connection, before)
    ring = before.rotated(now)
    # First the key, durable: what is entered must be there to sign. An entry that fails is made by the next checkpoint.
    try:
        keys.replace(home, ring)
    except OSError as error:
        raise NotPossibleNow(f"{keys.KEY_FILE} could not be written ({error.strerror}): the key stays.") from error
    await introduce(connection, now, ring)
    return ring


def _entry(key: keys.LogKey) -> Entry:
    key_id = key.signer.verifier.key_id.hex()
    return Entry(EntryKind.ADMINISTRATION, ACTION, SYSTEM_ACTOR_ID, "log_key", None, key_id, public={"key_id": key_id})
