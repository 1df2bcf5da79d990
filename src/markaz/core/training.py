"""A training centre: a database of its own that holds the ground and the staff of a live one, and nothing of its people.

It is never mixed with live work: it carries a mark, and neither kind of server starts on the other's data.
"""

import io
from datetime import datetime

from markaz.core.db.pool import Connection
from markaz.core.errors import NotPossibleNow

MARK = "training.copy"
DEMO_MARK = "training.copy demo"  # its passwords are well known

# What a desk needs to be trained on. No incident, call, event, session or sealed field; units come as they are registered.
COPIED = (
    (
        "territories",
        "id, code, parent_id, level, names, valid_from, valid_to",
        "true ORDER BY parent_id NULLS FIRST, id",
    ),
    ("territory_boundaries", "territory_id, geometry, bbox", "true"),
    ("accounts", "id, login, display_name, kind, password_hash", "kind = 'person' AND is_active"),
    (
        "grants",
        "account_id, role, territory_id",
        "account_id IN (SELECT id FROM accounts WHERE kind = 'person' AND is_active)",
    ),
    ("places", "*", "true"),
    ("territory_terrain", "*", "true"),
)
_UNITS = (
    "SELECT id, call_sign, kind, coalesce(home_territory_id, territory_id), 'available', $1::timestamptz, updated_by "
    "FROM units WHERE source IS NULL"
)
_UNIT_COLUMNS = ["id", "call_sign", "kind", "territory_id", "status", "since", "updated_by"]


async def is_copy(connection: Connection) -> bool:
    """Say whether this database is a training copy."""
    marks = [MARK, DEMO_MARK]
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM job_runs WHERE job = ANY($1::text[]))", marks))


async def check(connection: Connection, *, is_meant: bool, is_loopback: bool) -> None:
    """Raise NotPossibleNow unless this database is of the kind that is meant to be served, to those meant to reach it."""
    mark = await connection.fetchval("SELECT job FROM job_runs WHERE job = ANY($1::text[])", [MARK, DEMO_MARK])
    is_training = mark is not None
    if mark == DEMO_MARK and not is_loopback:
        raise NotPossibleNow("This is a copy of a demo, whose passwords are well known: set MARKAZ_HOST=127.0.0.1.")
    if is_training and not is_meant:
        raise NotPossibleNow("This centre is a training copy: serve it with `markaz training serve`.")
    if is_meant and not is_training:
        raise NotPossibleNow(
            "This is no training copy: make one with `markaz training new`, and never train on live data."
        )


async def copy_ground(live: Connection, copy: Connection, now: datetime, *, is_demo: bool) -> dict[str, int]:
    """Copy territories, places, staff with their rights and units into an empty centre; return how many of each.

    `is_demo` says that the passwords are well known.

    Both connections are inside a transaction of their own. Raises NotPossibleNow when the copy holds data already.
    """
    if await copy.fetchval("SELECT EXISTS (SELECT FROM territories) OR EXISTS (SELECT FROM events)"):
        raise NotPossibleNow("There is a training copy of this name already: choose another name.")
    counts = {}
    for table, columns, which in COPIED:
        query = f"SELECT {columns} FROM {table} WHERE {which}"  # noqa: S608 - from the closed list above
        names = None if columns == "*" else columns.split(", ")
        counts[table] = await _copy(live, copy, query, table, names)
    counts["units"] = await _copy(live, copy, _UNITS, "units", _UNIT_COLUMNS, now)
    await copy.execute(
        "INSERT INTO job_runs (job, started_at, finished_at) VALUES ($1, $2, $2)",
        DEMO_MARK if is_demo else MARK,
        now,
    )
    return counts


async def _copy(
    live: Connection, copy: Connection, query: str, table: str, columns: list[str] | None, *arguments: object
) -> int:
    buffer = io.BytesIO()
    await live.copy_from_query(query, *arguments, output=buffer, format="binary")
    buffer.seek(0)
    done = await copy.copy_to_table(table, source=buffer, columns=columns, format="binary")
    return int(done.split()[-1])
