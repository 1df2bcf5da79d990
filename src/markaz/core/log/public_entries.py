"""What the log tells everybody: entries with a public part, newest first, each with its proof to one signed checkpoint.

No opening is ever in it, and of other entries nothing: their leaves stand in the proofs as hashes over salted commitments.
What it does tell is how many entries there were whenever one of these was made. `witness.py verify FILE` checks a page.
"""

from typing import Any, Final

from markaz.core.db.pool import Connection
from markaz.core.log import tiles
from markaz.core.log.checkpoints import note_at
from markaz.core.log.keys import KeyRing
from markaz.core.log.proofs import opened
from markaz.core.log.reading import RUN_COLUMNS, entry_tree, public_tree, run_of
from markaz.core.log.tree import inclusion_ranges

FORMAT: Final = "markaz-public/1"
PAGE_MOST: Final = 10  # a proof costs up to 512 hashes, and whoever asks is a stranger

# The condition is that of the index log_leaves_public: the last bytes of a canonical leaf that tells nobody anything.
_PAGE: Final = f"""
SELECT l.index AS entry, l.body, i.*
FROM log_leaves l CROSS JOIN LATERAL (
    SELECT {RUN_COLUMNS} FROM log_intervals WHERE entries_size > l.index ORDER BY entries_size, index LIMIT 1
) i
WHERE l.body NOT LIKE '%"public":{{}},"v":1}}'::bytea AND l.index < $1 AND i.index < $2 ORDER BY l.index DESC LIMIT $3
"""  # noqa: S608 - constants


async def page_of(connection: Connection, ring: KeyRing, *, before: int, limit: int) -> dict[str, Any]:
    """Return a page of public entries before the entry `before`, JSON-ready; `next_before` is null on the last page.

    What no published checkpoint covers yet comes a few seconds later. Raises SaltMissing when a salt key is lost.
    """
    newest: int = await connection.fetchval("SELECT coalesce(max(size), 0) FROM log_checkpoints")
    rows = await connection.fetch(_PAGE, before, newest, min(limit, PAGE_MOST) + 1)
    page, has_more = rows[: min(limit, PAGE_MOST)], len(rows) > min(limit, PAGE_MOST)
    last = max((row["index"] for row in page), default=0)
    # One that a witness cosigned says more than the newest, where it covers the page.
    cosigned = await connection.fetchval("SELECT max(size) FROM log_cosignatures WHERE size > $1", last)
    size = newest if cosigned is None else cosigned
    return {
        "format": FORMAT,
        "keys": ring.statement(),
        "checkpoint": await note_at(connection, size) if size else None,
        "items": [await _item(connection, ring, row, size) for row in page],
        "next_before": page[-1]["entry"] if has_more else None,
    }


async def _item(connection: Connection, ring: KeyRing, row: Any, size: int) -> dict[str, Any]:
    """Return one entry without its opening, and the interval that covers it, each with its path."""
    run, index = run_of(row), row["entry"]
    in_public = await tiles.subtree_roots(inclusion_ranges(run.index, size), public_tree(connection, ring.salts))
    in_entries = await tiles.subtree_roots(inclusion_ranges(index, run.entries_size), entry_tree(connection))
    return {
        "interval": {**opened(run, run.index, ring.salts), "path": [step.hex() for step in in_public]},
        "entry": {
            "index": index,
            "body": bytes(row["body"]).decode(),
            "path": [step.hex() for step in in_entries],
        },
    }
