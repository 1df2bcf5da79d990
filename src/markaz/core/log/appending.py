"""Appending to the log: leaf, tiles and opening in one statement, inside the transaction of what they tell of.

The statement takes the one row that counts the leaves and holds it until the commit: it must be the last of its
transaction, after the event numbers where there are any. Two transactions that took them the other way round would
wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime

from markaz.core.db.pool import Connection
from markaz.core.log.entry import Entry, Leaf, leaf_of

_APPEND = "SELECT log_append($1::bytea[], $2::bytea[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[])"


async def append(connection: Connection, now: datetime, entries: Sequence[Entry]) -> int:
    """Append `entries` in order and return the size of the log with them. Raises ValueError when there are none.

    Whoever asked is answered only after the commit: then the entries are as durable as what they tell of.
    """
    if not entries:
        raise ValueError("nothing to append")
    return await append_leaves(connection, [leaf_of(entry, now) for entry in entries])


async def append_leaves(connection: Connection, leaves: Sequence[Leaf]) -> int:
    """Append what was made beforehand, each with a time of its own; else as `append`."""
    return int(
        await connection.fetchval(
            _APPEND,
            [leaf.hash for leaf in leaves],
            [leaf.body for leaf in leaves],
            [leaf.opening for leaf in leaves],
            [leaf.salt for leaf in leaves],
            [leaf.kind.value for leaf in leaves],
            [leaf.at for leaf in leaves],
        )
    )


async def size(connection: Connection) -> int:
    """Return how many leaves the log has, as this transaction sees it."""
    return int(await connection.fetchval("SELECT size FROM log_state"))
