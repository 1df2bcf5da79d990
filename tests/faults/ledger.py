"""Compares what officers were told with what the database holds: each act once, none twice, nothing half done."""

from collections import Counter

from tests.faults.load import Book

from markaz.core.db.pool import Database
from markaz.core.log.tree import leaf_hash

TYPE_OF = {
    "open": "incident.opened/1",
    "assign": "incident.unit_assigned/1",
    "stage": "incident.stage_reached/1",
    "note": "incident.note_added/1",
    "close": "incident.closed/1",
    "register": "unit.registered/1",
}


async def each_act_once(database: Database, book: Book) -> None:
    """Every acknowledged command is in the log exactly once, under the number that was told."""
    async with database.snapshot() as connection:
        rows = await connection.fetch("SELECT key, (response ->> 'seq')::bigint AS seq FROM idempotency")
        types = await connection.fetch("SELECT type, count(*) AS n FROM events GROUP BY type")
        owned = await connection.fetch("SELECT seq FROM events")
    kept = {row["key"]: row["seq"] for row in rows}
    assert kept == {key: answer["seq"] for key, answer in book.answers.items()}
    assert set(kept.values()) <= {row["seq"] for row in owned}
    assert len(set(kept.values())) == len(kept), "two acts under one number"
    counted = Counter({row["type"]: row["n"] for row in types})
    assert {what: counted[type_] for what, type_ in TYPE_OF.items()} == {what: book.acts[what] for what in TYPE_OF}


async def nothing_half_done(database: Database) -> None:
    """The log is dense, and every row stands exactly where its events say."""
    async with database.snapshot() as connection:
        count, last, counter = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM events), (SELECT coalesce(max(seq), 0) FROM events), seq FROM event_counter"
        ) or (0, 0, 0)
        wrong = {
            "incidents whose version is not the number of their events": await connection.fetchval(
                "SELECT count(*) FROM incidents i WHERE version <> "
                "(SELECT count(*) FROM events e WHERE e.aggregate_id = i.id)"
            ),
            "units whose version is not the number of their events": await connection.fetchval(
                "SELECT count(*) FROM units u WHERE version <> (SELECT count(*) FROM events e "
                "WHERE e.aggregate_id = u.id)"
            ),
            "opened events without their incident": await connection.fetchval(
                "SELECT count(*) FROM events e WHERE type = 'incident.opened/1' "
                "AND NOT EXISTS (SELECT FROM incidents i WHERE i.id = e.aggregate_id)"
            ),
            "notes without their text or their event": await connection.fetchval(
                "SELECT count(*) FROM notes n WHERE NOT EXISTS "
                "(SELECT FROM sealed_fields s WHERE s.sealed_id = n.sealed_id)"
            ),
            "sealed fields without their key": await connection.fetchval(
                "SELECT count(*) FROM sealed_fields s WHERE NOT EXISTS "
                "(SELECT FROM keys.sealed_keys k WHERE k.sealed_id = s.sealed_id)"
            ),
        }
    assert count == last == counter
    assert {what: number for what, number in wrong.items() if number} == {}


async def log_is_whole(database: Database, book: Book) -> None:
    """Every look that was shown has its entry, every act of power has exactly one, and each leaf is what it hashes."""
    async with database.snapshot() as connection:
        size = await connection.fetchval("SELECT size FROM log_state")
        rows = await connection.fetch(
            "SELECT l.index, l.hash, l.body, e.* FROM log_leaves l JOIN audit_entries e ON e.leaf = l.index ORDER BY 1"
        )
        tiles = await connection.fetchval("SELECT count(*) FROM log_tiles WHERE level = 1")
    assert [row["index"] for row in rows] == list(range(size))
    assert tiles == size // 256
    assert all(row["hash"] == leaf_hash(row["body"]) for row in rows)
    seen = Counter(str(row["record_id"]) for row in rows if row["action"] == "incident.read_sealed")
    unseen = {incident: shown for incident, shown in book.looks.items() if seen[incident] < shown}
    assert unseen == {}, "shown without an entry"
    assert book.looks.total() > 0
    # An act of power and its entry: both or neither, however the centre died in between.
    assert sum(row["kind"] == "access_change" for row in rows) == book.acts["grants"]
