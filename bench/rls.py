"""rls: what row security costs a read, against the same statements by the owner, whom no policy binds.

10,000 incidents over a country of 9,231 territories, each with a call and its sealed record. The actor is an officer of the
whole country, the largest reach there is; so every row is met and both sides return the same. Ours begins each transaction
with its reach, the yardstick without.
- `access.rls`: 10,000 incidents counted and summed up by the server, so that no sending hides what a policy costs.
- `access.rls_rows`: the same rows with the columns that the desk reads, sent to the client.
- `access.rls_calls`: 10,000 calls, each looked up through its incident, counted by the server.
- `access.rls_one`: one incident by its id, the transaction included; `_one_sealed` adds its call, key and sealed field.
Costs are CPU time of client and backend; `_ms` is the time on the clock, of the fastest tenth, so that a neighbour counts less.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import asyncpg
import uvloop

from bench import cpu
from bench.cluster import BenchDatabase, bench_cluster
from bench.desk import make_desk
from bench.figures import Figure, alone, compared
from bench.settings import RUNS, Scale, say
from markaz.core import reach
from markaz.core.db.pool import Connection, Database
from markaz.core.permissions import Actor, Grant, Role
from markaz.core.settings import DemoScale
from markaz.core.territories import ROOT_ID, load_tree
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.store import INCIDENT

INCIDENTS = 10_000
ASKED = {Scale.SMALL: 10, Scale.FULL: 15}  # times the large ones are asked in one run; one record ten times as often
TARGET = 1.5
TARGET_ONE_MS = 1.0
COUNTED = "SELECT count(*), sum(version) FROM incidents"
CALLS = "SELECT count(*), count(sealed_id) FROM calls"
CALL = "SELECT id, sealed_id FROM calls WHERE incident_id = $1"
KEY = "SELECT wrapped_key FROM keys.sealed_keys WHERE sealed_id = $1"
FIELD = "SELECT ciphertext FROM sealed_fields WHERE sealed_id = $1"

Read = Callable[[Connection, UUID], Awaitable[object]]


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures."""
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        database = cluster.empty()
        runner.run(make_desk(database.access.app_dsn, 1, DemoScale.COUNTRY))
        yield from runner.run(_measure(database, ASKED[scale]))


async def _measure(database: BenchDatabase, asked: int) -> list[Figure]:
    incidents = await _fill(database)
    ours = await Database.open(database.access.app_dsn, max_size=1)
    yardstick = await Database.open(database.access.owner_dsn, max_size=1)
    async with yardstick.connection() as connection:
        tree = await load_tree(connection, datetime.now(UTC).date())
    officer = Actor(uuid7(), "bench", "Bench", False, (Grant(Role.DUTY_OFFICER, ROOT_ID),), 1)
    mine = reach.Reaches(lambda: tree).of(officer)
    reads: dict[str, tuple[Read, int]] = {
        "access.rls": (_counted, asked),
        "access.rls_rows": (_rows, asked),
        "access.rls_calls": (_calls, asked),
        "access.rls_one": (_one, asked * 10),
        "access.rls_one_sealed": (_one_sealed, asked * 10),
    }
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in reads}
    clock: dict[str, list[float]] = {name: [] for name in reads}
    chance = Random(1)
    for number in range(RUNS + 1):
        say(f"rls: run {number} of {RUNS}" if number else "rls: warming up")
        for name, (read, times) in reads.items():
            chosen = [chance.choice(incidents) for _ in range(times)]
            with reach.within(mine):
                one, quick = await _spent_ms(database.name, ours, read, chosen)
            with reach.within(None):
                other, _ = await _spent_ms(database.name, yardstick, read, chosen)
            if number:
                spent[name].append((one, other))
                clock[name].append(quick)
    await ours.close()
    await yardstick.close()
    figures = []
    for name, pairs in spent.items():
        target = None if name.startswith("access.rls_one") or name == "access.rls_calls" else TARGET
        figures.append(
            compared(name, "ms CPU", [one for one, _ in pairs], [other for _, other in pairs], target=target)
        )
        if name.startswith("access.rls_one"):
            figures.append(alone(f"{name}_ms", "ms", clock[name], target=TARGET_ONE_MS))
    return figures


async def _spent_ms(name: str, database: Database, read: Read, chosen: list[UUID]) -> tuple[float, float]:
    """Return the mean CPU time of one read with its transaction, and the time within which the fastest tenth ended."""
    backends, own = cpu.backends_ns(name), time.process_time_ns()
    times = []
    for incident_id in chosen:
        began = time.perf_counter()
        async with database.transaction() as connection:
            await read(connection, incident_id)
        times.append(time.perf_counter() - began)
    own = time.process_time_ns() - own
    spent = own + cpu.backends_ns(name) - backends
    return spent / len(chosen) / 1e6, sorted(times)[len(times) // 10] * 1e3


async def _counted(connection: Connection, _: UUID) -> None:
    row = await connection.fetchrow(COUNTED)
    assert row is not None
    assert row[0] == INCIDENTS


async def _rows(connection: Connection, _: UUID) -> None:
    assert len(await connection.fetch(INCIDENT)) == INCIDENTS


async def _calls(connection: Connection, _: UUID) -> None:
    row = await connection.fetchrow(CALLS)
    assert row is not None
    assert row[0] == INCIDENTS


async def _one(connection: Connection, incident_id: UUID) -> None:
    assert await connection.fetchrow(INCIDENT + "WHERE id = $1", incident_id) is not None


async def _one_sealed(connection: Connection, incident_id: UUID) -> None:
    await _one(connection, incident_id)
    call = await connection.fetchrow(CALL, incident_id)
    assert call is not None
    assert await connection.fetchval(KEY, call["sealed_id"]) is not None
    assert await connection.fetchval(FIELD, call["sealed_id"]) is not None


async def _fill(database: BenchDatabase) -> list[UUID]:
    """Write the incidents, their calls and sealed records, as the owner."""
    owner = await asyncpg.connect(database.access.owner_dsn)
    chance, now, by = Random(1), datetime.now(UTC), uuid7()
    territories = [row["id"] for row in await owner.fetch("SELECT id FROM territories")]
    ids = [(uuid7(), uuid7(), uuid7()) for _ in range(INCIDENTS)]
    columns = ["id", "number", "status", "category", "priority", "initial_priority", "channel", "territory_id"]
    incidents = [
        (id_, str(n), "open", "fire", "2", "2", "phone", chance.choice(territories), now - timedelta(seconds=n), by, by)
        for n, (id_, _, _) in enumerate(ids)
    ]
    columns += ["received_at", "opened_by", "updated_by"]
    await owner.copy_records_to_table("incidents", columns=columns, records=incidents)
    keys = [(sealed_id, b"k" * 60) for _, _, sealed_id in ids]
    await owner.copy_records_to_table("sealed_keys", schema_name="keys", records=keys)
    fields = [(sealed_id, "caller_name", b"c" * 60) for _, _, sealed_id in ids]
    await owner.copy_records_to_table("sealed_fields", records=fields)
    calls = [(call_id, id_, "phone", now, sealed_id) for id_, call_id, sealed_id in ids]
    columns = ["id", "incident_id", "channel", "received_at", "sealed_id"]
    await owner.copy_records_to_table("calls", columns=columns, records=calls)
    await owner.execute("ANALYZE")
    await owner.close()
    return [id_ for id_, _, _ in ids]
