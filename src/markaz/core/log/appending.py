"""Appending to the log: leaf, tiles and opening in one statement, inside the transaction of what they tell of.

The statement takes the one row that counts the leaves and holds it until the commit: it must be the last of its
transaction, after the event numbers where there are any. Two transactions that took them the other way round would
wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markaz.core.db.pool import Connection
from markaz.core.log.entry import Entry, leaf_of

_APPEND = "SELECT log_append($1::bytea[], $2::bytea[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz)"


async def append(connection: Connection, now: datetime, entries: Sequence[Entry]) -> int:
    """Append `entries` in order and return the size of the log with them. Raises ValueError when there are none.

    Whoever asked is answered only after the commit: then the entries are as durable as what they tell of.
    """
    if not entries:
        raise ValueError("nothing to append")
    return int(await connection.fetchval(_APPEND, *append_arguments(now, entries)))


def append_arguments(now: datetime, entries: Sequence[Entry]) -> list[Any]:
    """Return the arguments of the append: one array per column of the leaves, then the time they share."""
    leaves = [leaf_of(entry, now) for entry in entries]
    return [
        [leaf.hash for leaf in leaves],
        [leaf.body for leaf in leaves],
        [leaf.opening for leaf in leaves],
        [leaf.salt for leaf in leaves],
        [entry.kind.value for entry in entries],
        now,
    ]


async def size(connection: Connection) -> int:
    """Return how many leaves the log has, as this transaction sees it."""
    return int(await connection.fetchval("SELECT size FROM log_state"))
