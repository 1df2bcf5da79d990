"""events: the price of numbers that are dense and in the order of the commits.

Each act is one transaction: it moves a row's version on and appends one event, and commits with the disk's flush. With
1, 4 and 16 writers at once, each on a connection of its own: `events.append_N` is the time and `events.append_N_cpu`
the CPU time (client and backends) of one act. Ours takes the number from the counter row, last before the commit.
Yardstick: the same transaction with a number from a plain PostgreSQL sequence, which leaves holes and lets a higher
number be seen before a lower one. Both wake the readers with NOTIFY, whose own lock puts such commits in a row, too;
`events.append_N_unordered` has a yardstick without it: neither order nor wake-up, which is what the price buys.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import uvloop

from bench import cpu
from bench.cluster import BenchDatabase, bench_cluster
from bench.figures import Figure, compared
from bench.settings import RUNS, Scale, say
from bench.tape import Driver
from markaz.core.events import APPEND, CHANNEL, Event, append_arguments
from markaz.kit.ids import uuid7

WRITERS = (1, 4, 16)
ACTS = {Scale.SMALL: 320, Scale.FULL: 1_600}  # in one run, by all writers together
COUNTER = "UPDATE event_counter SET seq = seq + $1 RETURNING seq"
SEQUENCE = "SELECT nextval('bench_numbers') AS seq"
NOTIFY = f", pg_notify('{CHANNEL}', '')"
TOUCH = "UPDATE units SET version = version + 1, updated_at = clock_timestamp() WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to append, on a database of its own."""

    sql: str
    database: BenchDatabase


@dataclass(frozen=True, slots=True)
class Cost:
    """What one act cost, in ms."""

    elapsed_ms: float
    cpu_ms: float


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures."""
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        template = cluster.empty()
        runner.run(_prepare(template))
        ours, sequence, unordered = (Variant(sql, cluster.copy(template.name)) for sql in _statements())
        for writers in WRITERS:
            costs: list[tuple[Cost, Cost, Cost]] = []
            for number in range(RUNS + 1):
                say(f"events: {writers} writers, " + (f"run {number} of {RUNS}" if number else "warming up"))
                one, two, three = (
                    runner.run(_append(variant, writers, ACTS[scale])) for variant in (ours, sequence, unordered)
                )
                costs.append((one, two, three))
            yield from _figures(writers, costs[1:])


def _statements() -> Iterable[str]:
    """Return the append of the centre and the two yardsticks made from it, for acts of one event."""
    with_sequence = APPEND.replace(COUNTER, SEQUENCE)
    without_wake = with_sequence.replace(NOTIFY, "")
    if len({APPEND, with_sequence, without_wake}) != 3:
        raise RuntimeError("the append has changed: the yardsticks must be made from it anew")
    return APPEND, with_sequence, without_wake


def _figures(writers: int, costs: Sequence[tuple[Cost, Cost, Cost]]) -> Iterable[Figure]:
    ours, sequence, unordered = zip(*costs, strict=True)
    name = f"events.append_{writers}"
    elapsed = [[cost.elapsed_ms for cost in column] for column in (ours, sequence, unordered)]
    yield compared(name, "ms/act", elapsed[0], elapsed[1])
    yield compared(f"{name}_cpu", "ms CPU/act", [c.cpu_ms for c in ours], [c.cpu_ms for c in sequence])
    yield compared(f"{name}_unordered", "ms/act", elapsed[0], elapsed[2])


async def _prepare(template: BenchDatabase) -> None:
    owner = await asyncpg.connect(template.access.owner_dsn)
    await owner.execute("CREATE SEQUENCE bench_numbers; GRANT USAGE ON SEQUENCE bench_numbers TO markaz_app")
    await owner.close()
    application = await asyncpg.connect(template.access.app_dsn)
    await application.executemany(
        "INSERT INTO units (id, call_sign, kind, territory_id, status, since, updated_by) "
        "VALUES ($1, $2, 'patrol_car', 1, 'available', now(), $1)",
        [(_unit(number), f"B-{number}") for number in range(max(WRITERS))],
    )
    await application.close()


def _unit(number: int) -> UUID:
    return UUID(int=number + 1)


async def _append(variant: Variant, writers: int, acts: int) -> Cost:
    connections = [await asyncpg.connect(variant.database.access.app_dsn) for _ in range(writers)]
    await asyncio.gather(*(_write(c, variant.sql, n, 3) for n, c in enumerate(connections)))  # prepares the statements
    share = acts // writers
    backends, own, began = cpu.backends_ns(variant.database.name), time.process_time_ns(), time.perf_counter_ns()
    await asyncio.gather(*(_write(c, variant.sql, n, share) for n, c in enumerate(connections)))
    elapsed, own = time.perf_counter_ns() - began, time.process_time_ns() - own
    backends = cpu.backends_ns(variant.database.name) - backends
    for connection in connections:
        await connection.close()
    return Cost(elapsed / (share * writers) / 1e6, (own + backends) / (share * writers) / 1e6)


async def _write(connection: Driver, sql: str, number: int, acts: int) -> None:
    unit_id = _unit(number)
    for _ in itertools.repeat(None, acts):
        now = datetime.now(UTC)
        event = Event(
            type="unit.status_changed/1",
            aggregate_id=uuid7(),
            territory_id=1,
            actor_id=unit_id,
            occurred_at=now,
            occurred_source="officer",
            payload={"status": "available", "unit_id": str(unit_id), "version": 1},
        )
        async with connection.transaction():
            await connection.execute(TOUCH, unit_id)
            await connection.fetchval(sql, *append_arguments([event]))
