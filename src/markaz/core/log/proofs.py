"""Proofs for outsiders: that one entry is in the log of a signed checkpoint, each step of it checkable by hand.

entry -> inclusion in the entry tree -> opening of a public interval -> inclusion in the public tree -> signed checkpoint.
`markaz/witness.py verify FILE` checks such a proof without any server.
"""

from typing import Any, Final

import orjson

from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound, NotPossibleNow
from markaz.core.log import tiles
from markaz.core.log.checkpoints import note_at
from markaz.core.log.intervals import Run, Salts, opening_of, salt_of
from markaz.core.log.keys import KeyRing
from markaz.core.log.reading import RUN_COLUMNS, entry_tree, public_tree, run_of
from markaz.core.log.tree import inclusion_ranges

FORMAT: Final = "markaz-proof/1"
# What an entry's commitment hides; the order of the columns is that of `opening_from`.
ENTRY_SQL: Final = """
SELECT l.index, l.body, e.salt, e.action, e.actor_id, e.details::text AS details, e.purpose_id, e.reason, e.record_id,
       e.record_kind, e.request_id, e.roles::text AS roles, e.territory_id
FROM log_leaves l LEFT JOIN audit_entries e ON e.leaf = l.index
"""


async def proof_of(connection: Connection, ring: KeyRing, index: int) -> dict[str, Any]:
    """Return the proof that the entry `index` is in the log, JSON-ready.

    Its opening is null where that has been deleted. Raises NotFound for no such entry, NotPossibleNow for one that no
    published checkpoint covers yet.
    """
    row = await connection.fetchrow(ENTRY_SQL + "WHERE l.index = $1", index)
    if row is None:
        raise NotFound("There is no such entry in the log.", what="entry")
    size = await _checkpoint_for(connection, index)
    found = await connection.fetchrow(
        f"SELECT {RUN_COLUMNS} FROM log_intervals WHERE entries_size > $1 ORDER BY entries_size, index LIMIT 1",  # noqa: S608 - a constant
        index,
    )
    if size is None or found is None or found["index"] >= size:
        raise NotPossibleNow("No checkpoint covers this entry yet: ask again in a few seconds.")
    run = run_of(found)
    in_public = await tiles.subtree_roots(inclusion_ranges(run.index, size), public_tree(connection, ring.salts))
    in_entries = await tiles.subtree_roots(inclusion_ranges(index, run.entries_size), entry_tree(connection))
    return {
        "format": FORMAT,
        "keys": ring.statement(),
        "checkpoint": await note_at(connection, size),
        "interval": {**opened(run, run.index, ring.salts), "path": [step.hex() for step in in_public]},
        "entry": {**entry_from(row, with_opening=True), "path": [step.hex() for step in in_entries]},
    }


async def _checkpoint_for(connection: Connection, index: int) -> int | None:
    """Return the size of the newest checkpoint that a witness cosigned and that covers the entry, else of the newest."""
    size: int | None = await connection.fetchval(
        "SELECT max(c.size) FROM log_cosignatures c WHERE c.size > "
        "(SELECT min(i.index) FROM log_intervals i WHERE i.entries_size > $1)",
        index,
    )
    return size if size is not None else await connection.fetchval("SELECT max(size) FROM log_checkpoints")


def opened(run: Run, index: int, salts: Salts) -> dict[str, Any]:
    """Return the public leaf `index` with what opens it."""
    return {"salt": salt_of(run, index, salts).hex(), "opening": opening_of(run, index)}


def entry_from(row: Any, *, with_opening: bool) -> dict[str, Any]:
    """Return an entry as proofs and exports hold it, from a row of ENTRY_SQL."""
    has_opening = with_opening and row["salt"] is not None
    return {
        "index": row["index"],
        "body": bytes(row["body"]).decode(),
        "salt": bytes(row["salt"]).hex() if has_opening else None,
        "opening": opening_from(row) if has_opening else None,
    }


def opening_from(row: Any) -> dict[str, Any]:
    """Return the opening of an entry as it was committed to (core.log.entry)."""
    return {
        "action": row["action"],
        "actor_id": str(row["actor_id"]),
        "details": orjson.loads(row["details"]),
        "purpose_id": None if row["purpose_id"] is None else str(row["purpose_id"]),
        "reason": row["reason"],
        "record_id": None if row["record_id"] is None else str(row["record_id"]),
        "record_kind": row["record_kind"],
        "request_id": row["request_id"],
        "roles": orjson.loads(row["roles"]),
        "territory_id": row["territory_id"],
    }
