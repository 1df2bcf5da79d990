"""audit: what it costs to enter every use into the log, and what a proof costs in a large one.

`audit.single`: one writer; an act (a row changed, an event appended, committed with the disk's flush) that also enters one
leaf, against the same act without. `audit.group_rate`: looks by 2,000 tasks at once through core.log.grouping, each
answered after the commit that holds its entry; time for one durable entry. `audit.look`: one look alone (a row read in a
snapshot, then its entry through the group), against the same row and entry in one transaction;
`audit.looks`: the same by 64 tasks at once over the pool of a centre. `audit.proof`: inclusion of a random leaf and
consistency with a random earlier size, each read from the tables and computed, in a log of 10 million leaves; every
proof is verified afterwards, outside the time. `audit.public_proof`: the same of the public tree, whose lowest tiles are made
anew from the salts.
"""

import asyncio
import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import asyncpg
import uvloop

from bench import cpu
from bench.cluster import BenchDatabase, bench_cluster
from bench.figures import Figure, alone, compared
from bench.settings import RUNS, Scale, say
from markaz.core.db.pool import Connection, Database
from markaz.core.events import APPEND, Event, append_arguments
from markaz.core.log import appending, tiles, tree
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.log.grouping import Group
from markaz.core.log.intervals import Run, hashes_between
from markaz.core.log.reading import entry_tree, public_tree
from markaz.kit.ids import uuid7

ACTS = {Scale.SMALL: 200, Scale.FULL: 1_000}
LOOKS = {Scale.SMALL: 4_000, Scale.FULL: 40_000}
AT_ONCE = 2_000
ALONE = {Scale.SMALL: 300, Scale.FULL: 2_000}
DESKS = 64  # that look at once
POOL = 8  # connections, as MARKAZ_DATABASE_POOL_SIZE
LEAVES = {Scale.SMALL: 200_000, Scale.FULL: 10_000_000}
PUBLIC_LEAVES = {Scale.SMALL: 70_000, Scale.FULL: 2_592_000}  # thirty days of seconds
PROOFS = 280
COPY_AT_ONCE = 256 * 256
SALTS = {1: b"b" * 32}
ACTOR = UUID(int=1)
RUN = Run(0, datetime(2026, 1, 1, tzinfo=UTC), 1_000, 0, tree.EMPTY_ROOT, "markaz/bench", "none", 1)
READ = "SELECT id, call_sign, status, version FROM units WHERE id = $1"
TOUCH = "UPDATE units SET version = version + 1, updated_at = clock_timestamp() WHERE id = $1"


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures."""
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        acts = cluster.empty()
        runner.run(_one_unit(acts))
        costs = []
        for number in range(RUNS + 1):
            say(f"audit: acts, run {number} of {RUNS}" if number else "audit: acts, warming up")
            without, with_leaf = (runner.run(_acts(acts, ACTS[scale], is_entered=one)) for one in (False, True))
            costs.append((with_leaf, without))
        yield compared("audit.single", "ms/act", *zip(*costs[1:], strict=True), target=2.0)
        rates = []
        for number in range(RUNS + 1):
            say(f"audit: looks, run {number} of {RUNS}" if number else "audit: looks, warming up")
            rates.append(runner.run(_looks(acts, LOOKS[scale])))
        yield alone("audit.group_rate", "us/entry", [rate for rate, _ in rates[1:]], target=100.0)
        yield alone("audit.group_rate_cpu", "us CPU/entry", [spent for _, spent in rates[1:]])
        for name, desks in (("audit.look", 1), ("audit.looks", DESKS)):
            costs = []
            for number in range(RUNS + 1):
                say(
                    f"audit: {desks} at once, run {number} of {RUNS}"
                    if number
                    else f"audit: {desks} at once, warming up"
                )
                together, apart = (
                    runner.run(_full_looks(acts, ALONE[scale] * (4 if desks > 1 else 1), desks, is_grouped=one))
                    for one in (True, False)
                )
                costs.append((together, apart))
            yield compared(name, "ms/look", *zip(*costs[1:], strict=True))
        large = cluster.empty()
        say(f"audit: filling a log of {LEAVES[scale]:,} leaves")
        runner.run(_fill(large, scale))
        yield from runner.run(_proofs(large, scale))


async def _one_unit(database: BenchDatabase) -> None:
    connection = await asyncpg.connect(database.access.app_dsn)
    await connection.execute(
        "INSERT INTO units (id, call_sign, kind, territory_id, status, since, updated_by) "
        "VALUES ($1, 'B-1', 'patrol_car', 1, 'available', now(), $1)",
        ACTOR,
    )
    await connection.close()


def _entry(number: int) -> Entry:
    reason = f"2026-{number:06d}"
    return Entry(EntryKind.VIEW, "incident.read_sealed", ACTOR, "incident", ACTOR, reason, 7, roles=("duty_officer@7",))


async def _acts(database: BenchDatabase, acts: int, *, is_entered: bool) -> float:
    """Return the time of one act in ms."""
    connection = await asyncpg.connect(database.access.app_dsn)
    began = 0
    for number in itertools.chain([-1], range(acts)):
        if number == 0:
            began = time.perf_counter_ns()
        now = datetime.now(UTC)
        event = Event("unit.status_changed/1", uuid7(), 1, ACTOR, now, "officer", {"status": "available", "version": 1})
        async with connection.transaction():
            await connection.execute(TOUCH, ACTOR)
            await connection.fetchval(APPEND, *append_arguments([event]))
            if is_entered:
                await appending.append(connection, now, [_entry(number)])
    elapsed = time.perf_counter_ns() - began
    await connection.close()
    return elapsed / acts / 1e6


async def _looks(database: BenchDatabase, looks: int) -> tuple[float, float]:
    """Return the time of one durable entry in us, and its CPU time in this process and in the database."""
    opened = await Database.open(database.access.app_dsn, max_size=2)
    group, numbers = Group(opened), iter(range(looks))

    async def looking() -> None:
        for number in numbers:
            await group.append(datetime.now(UTC), [_entry(number)])

    async with opened.connection() as connection:
        before = await appending.size(connection)
    backends, own, began = cpu.backends_ns(database.name), time.process_time_ns(), time.perf_counter_ns()
    await asyncio.gather(*(looking() for _ in range(AT_ONCE)))
    elapsed, own = time.perf_counter_ns() - began, time.process_time_ns() - own
    backends = cpu.backends_ns(database.name) - backends
    async with opened.connection() as connection:
        if await appending.size(connection) - before != looks:
            raise RuntimeError("an entry is missing")
    await opened.close()
    return elapsed / looks / 1e3, (own + backends) / looks / 1e3


async def _warm(opened: Database) -> None:
    """Open a connection of the pool and keep it until all others are open."""
    async with opened.transaction() as connection:
        await connection.fetchrow("SELECT pg_sleep(0.05)")


async def _full_looks(database: BenchDatabase, looks: int, desks: int, *, is_grouped: bool) -> float:
    """Return the time of one look in ms: the row, the entry, the answer after the commit."""
    opened = await Database.open(database.access.app_dsn, max_size=POOL)
    group, numbers = Group(opened), iter(range(looks))

    async def looking() -> None:
        for number in numbers:
            now, entry = datetime.now(UTC), _entry(number)
            async with opened.snapshot() if is_grouped else opened.transaction() as connection:
                await connection.fetchrow(READ, ACTOR)
                if not is_grouped:
                    await appending.append(connection, now, [entry])
            if is_grouped:
                await group.append(now, [entry])

    await asyncio.gather(*(_warm(opened) for _ in range(POOL)))
    began = time.perf_counter_ns()
    await asyncio.gather(*(looking() for _ in range(desks)))
    elapsed = time.perf_counter_ns() - began
    await opened.close()
    return elapsed * desks / looks / 1e6


async def _fill(database: BenchDatabase, scale: Scale) -> None:
    """Write leaves and tiles in bulk, as the owner; the leaf is the hash of its index."""
    owner = await asyncpg.connect(database.access.owner_dsn)
    size, public = LEAVES[scale], PUBLIC_LEAVES[scale]
    await owner.execute("UPDATE log_state SET size = $1", size)
    await owner.execute(
        "INSERT INTO log_intervals VALUES (0, $1, 1000, 0, $2, 'markaz/bench', 'none', 1)", RUN.at, RUN.entries_root
    )
    entries, seconds = tiles.Growth(0, [[]] * 8), tiles.Growth(0, [[]] * 8)
    for start in range(0, size, COPY_AT_ONCE):
        leaves = [_leaf(index) for index in range(start, min(start + COPY_AT_ONCE, size))]
        rows = ((start + offset, leaf, b"{}") for offset, leaf in enumerate(leaves))
        await owner.copy_records_to_table("log_leaves", records=rows, columns=["index", "hash", "body"])
        await _keep(owner, "log_tiles", [one for leaf in leaves for one in entries.append(leaf)])
    for start in range(0, public, COPY_AT_ONCE):
        leaves = hashes_between([RUN], start, min(start + COPY_AT_ONCE, public), SALTS)
        await _keep(owner, "log_public_tiles", [one for leaf in leaves for one in seconds.append(leaf)])
    await owner.execute("VACUUM ANALYZE log_leaves, log_tiles, log_public_tiles")
    await owner.close()


def _leaf(index: int) -> bytes:
    return hashlib.sha256(b"\x00" + index.to_bytes(8, "big")).digest()


async def _keep(
    owner: "asyncpg.Connection[asyncpg.Record]", table: str, rows: Sequence[tuple[int, int, bytes]]
) -> None:
    await owner.copy_records_to_table(table, records=rows, columns=["level", "index", "hash"])


async def _proofs(database: BenchDatabase, scale: Scale) -> list[Figure]:
    opened = await Database.open(database.access.app_dsn, max_size=1)
    figures: list[Figure] = []
    async with opened.connection() as connection:
        for name, fetch, size, is_public in (
            ("audit.proof", entry_tree(connection), LEAVES[scale], False),
            ("audit.public_proof", public_tree(connection, SALTS), PUBLIC_LEAVES[scale], True),
        ):
            root = (await tiles.frontier_of(size, fetch)).root()
            inclusion = [one async for one in _inclusions(fetch, size, root, is_public)]
            consistency = [one async for one in _consistencies(connection, fetch, size, root)]
            for what, times in (("inclusion", inclusion), ("consistency", consistency)):
                figures.append(alone(f"{name}_{what}", "ms", _runs(times, 0.5), target=None if is_public else 5.0))
                figures.append(alone(f"{name}_{what}_p95", "ms", _runs(times, 0.95)))
    await opened.close()
    return figures


def _runs(times_ms: list[float], quantile: float) -> list[float]:
    """Return a quantile of each seventh of the proofs."""
    share = len(times_ms) // RUNS
    parts = [sorted(times_ms[n * share : (n + 1) * share]) for n in range(RUNS)]
    return [part[int(len(part) * quantile)] for part in parts]


async def _inclusions(fetch: tiles.Fetch, size: int, root: bytes, is_public: bool) -> AsyncIterator[float]:
    chance = Random(4)
    for _ in range(PROOFS):
        index = chance.randrange(size)
        began = time.perf_counter_ns()
        path = await tiles.subtree_roots(tree.inclusion_ranges(index, size), fetch)
        yield (time.perf_counter_ns() - began) / 1e6
        leaf = hashes_between([RUN], index, index + 1, SALTS)[0] if is_public else _leaf(index)
        tree.check_inclusion(leaf, index, size, path, root)


async def _consistencies(connection: Connection, fetch: tiles.Fetch, size: int, root: bytes) -> AsyncIterator[float]:
    chance = Random(5)
    for _ in range(PROOFS):
        old = chance.randrange(1, size)
        began = time.perf_counter_ns()
        path = await tiles.subtree_roots(tree.consistency_ranges(old, size), fetch)
        yield (time.perf_counter_ns() - began) / 1e6
        old_root = (await tiles.frontier_of(old, fetch)).root()
        tree.check_consistency(old, size, path, old_root, root)
