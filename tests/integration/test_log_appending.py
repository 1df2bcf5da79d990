"""The log under many writers: dense, with the tiles that RFC 9162 asks for, and no way in but its one function."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import asyncpg
import orjson
import pytest
import rfc8785
from tests.contract.acting import stranger

from markaz.core import events
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.log.appending import append, size
from markaz.core.log.entry import Entry, EntryKind, commitment_of
from markaz.core.log.tree import leaf_hash

ACTOR = UUID("01a20000-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
WRITERS = 8
SEED = 102


class ChangedMind(Exception):
    """A writer that rolls back."""


@pytest.fixture
async def log(database: DatabaseAccess) -> AsyncIterator[Database]:
    opened = await Database.open(database.app_dsn, max_size=WRITERS)
    yield opened
    await opened.close()


def entry(number: int = 0, kind: EntryKind = EntryKind.VIEW) -> Entry:
    return Entry(kind, "incident.read_sealed", ACTOR, "incident", ACTOR, f"incident {number}", 7, roles=("observer@7",))


def root(hashes: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, as the text has it."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + root(hashes[:split]) + root(hashes[split:])).digest()


async def test_full_tiles_are_the_roots_of_their_leaves_on_every_level(log: Database) -> None:
    total, chance = 0, Random(SEED)
    while total < 256 * 256 + 300:
        count = min(chance.choice([1, 2, 255, 256, 257, 9_000]), 256 * 256 + 300 - total)
        async with log.transaction() as connection:
            total += count
            assert await append(connection, NOW, [entry(n) for n in range(count)]) == total
    async with log.connection() as connection:
        hashes = [row["hash"] for row in await connection.fetch("SELECT hash FROM log_leaves ORDER BY index")]
        tiles = {(r["level"], r["index"]): r["hash"] for r in await connection.fetch("SELECT * FROM log_tiles")}
    first = [root(hashes[i * 256 : (i + 1) * 256]) for i in range(257)]
    assert tiles == {(1, i): tile for i, tile in enumerate(first)} | {(2, 0): root(hashes[: 256 * 256])}
    assert tiles[2, 0] == root(first[:256])


async def test_an_opening_explains_its_leaf_and_another_does_not(log: Database) -> None:
    one = entry(4711, EntryKind.DISCLOSURE)
    async with log.transaction() as connection:
        await append(connection, NOW, [entry(), one])
        leaf = await connection.fetchrow("SELECT hash, body FROM log_leaves WHERE index = 1")
        row = await connection.fetchrow("SELECT * FROM audit_entries WHERE leaf = 1")
    assert leaf is not None
    assert row is not None
    assert leaf["hash"] == leaf_hash(leaf["body"])
    body = orjson.loads(leaf["body"])
    assert (body["kind"], body["at"], body["v"]) == ("disclosure", "2026-11-22T04:00:00Z", 1)
    assert b"incident 4711" not in leaf["body"]
    assert str(ACTOR).encode() not in leaf["body"]
    opening = rfc8785.dumps(one.opening())
    assert body["commitment"] == commitment_of(row["salt"], opening).hex()
    assert (row["reason"], row["actor_id"], row["territory_id"]) == ("incident 4711", ACTOR, 7)
    changes: tuple[dict[str, object], ...] = ({"reason": "incident 4712"}, {"roles": []}, {"territory_id": None})
    for changed in changes:
        other = rfc8785.dumps(one.opening() | changed)
        assert body["commitment"] != commitment_of(row["salt"], other).hex()


async def test_acts_and_looks_at_once_leave_no_hole_and_wait_for_nobody_in_a_ring(log: Database) -> None:
    async def write(chance: Random) -> int:
        kept = 0
        for _ in range(20):
            with suppress(ChangedMind):
                async with log.transaction() as connection:
                    if chance.random() < 0.5:
                        await events.append(connection, [stranger(count=1)])
                    await append(connection, NOW, [entry(), entry()])
                    if chance.random() < 0.3:
                        raise ChangedMind
                    kept += 2
        return kept

    kept = sum(await asyncio.gather(*(write(Random(SEED + n)) for n in range(WRITERS))))
    async with log.connection() as connection:
        indexes = [row["index"] for row in await connection.fetch("SELECT index FROM log_leaves ORDER BY index")]
        assert await size(connection) == kept
        assert indexes == list(range(kept))
        assert await connection.fetchval("SELECT count(DISTINCT leaf) FROM audit_entries") == kept


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO log_leaves VALUES (0, sha256('a'), 'a')",
        "UPDATE log_leaves SET body = 'a'",
        "DELETE FROM log_leaves",
        "UPDATE log_state SET size = 0",
        "DELETE FROM log_tiles",
        "UPDATE audit_entries SET reason = 'duty'",
        "INSERT INTO audit_entries (actor_id, action, record_kind, reason) SELECT gen_random_uuid(), 'a', 'b', 'c'",
        "TRUNCATE log_leaves",
    ],
)
async def test_the_application_cannot_write_past_the_one_function(log: Database, statement: str) -> None:
    async with log.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_nothing_is_not_an_entry(log: Database) -> None:
    async with log.transaction() as connection:
        with pytest.raises(ValueError, match="nothing"):
            await append(connection, NOW, [])
