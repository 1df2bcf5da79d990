"""What `markaz check` says of the log: whether rows, tiles, keys and the newest signed checkpoint fit together.

It sees what was done to the log by accident or in haste. Who changes it with care and signs it anew is seen by a witness.
"""

from pathlib import Path

from markaz.core.db.pool import Connection
from markaz.core.log import keys, tiles
from markaz.core.log.checkpoints import newest_note
from markaz.core.log.note import Checkpoint, Note, NoteRefused
from markaz.core.log.reading import entry_tree, public_tree, run_at
from markaz.core.sealing import KeysMissing

_BODIES = r"SELECT index FROM log_leaves WHERE hash <> sha256('\x00'::bytea || body) ORDER BY index LIMIT 1"


async def examine(connection: Connection, home: Path) -> tuple[bool, str]:
    """Return whether the log is in order, and what was found. Reads every entry once."""
    size = await connection.fetchval("SELECT size FROM log_state")
    count, end = await connection.fetchrow("SELECT count(*), coalesce(max(index) + 1, 0) FROM log_leaves") or (0, 0)
    if not size == count == end:
        return (
            False,
            f"{count} entries up to number {end}, and {size} were written: some were removed past this program",
        )
    changed = await connection.fetchval(_BODIES)
    if changed is not None:
        return False, f"entry {changed} is not what was written"
    note = await newest_note(connection)
    if note is None:
        return True, f"{size} entries, no checkpoint yet"
    try:
        return await _compare(connection, home, note, size)
    except (KeyError, LookupError):
        return False, "the trees of the log are not whole: rows are missing, or the key file is another one"
    except (NoteRefused, KeysMissing) as trouble:
        return False, str(trouble)


async def _compare(connection: Connection, home: Path, note: str, size: int) -> tuple[bool, str]:
    ring = keys.load(home)
    if ring is None:
        return False, f"{keys.KEY_FILE} is missing: restore it from the key backup"
    Note.parse(note).signed_by([key.signer.verifier for key in ring.keys])
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    public = await tiles.frontier_of(checkpoint.size, public_tree(connection, ring.salts))
    last = await run_at(connection, checkpoint.size - 1)
    entries = await tiles.frontier_of(last.entries_size, entry_tree(connection))
    if public.root() != checkpoint.root:
        return False, f"the public log is not the one that was signed at {checkpoint.size} leaves"
    if entries.root() != last.entries_root:
        return False, f"the first {last.entries_size} entries are not those that the signed checkpoint commits to"
    return (
        True,
        f"{size} entries, of which the signed checkpoint of {checkpoint.size} leaves covers {last.entries_size}",
    )
