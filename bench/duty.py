"""duty: what an acknowledged command costs, over the bare driver sending the same statements.

`duty.command` is CPU time (user and system) of the application and of its database backends for each command over HTTP
on kept-alive connections, every command of its own idempotency key, four officers at once. The client is a process of
its own and not counted. Yardstick: the statements of the same commands (bench/tape.py), the session's look-up among
them, each command one transaction, sent by asyncpg alone; this process is then the application.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence

import asyncpg
import uvloop

from bench import cpu
from bench.client import Client
from bench.cluster import BenchCluster, BenchDatabase, bench_cluster
from bench.desk import COMMANDS_PER_INCIDENT, Officer, make_desk, work_one_incident
from bench.figures import Figure, alone, compared
from bench.server import Server, serving
from bench.settings import RUNS, Scale, say
from bench.tape import Driver, Tape, play_all, record
from markaz.core.db.pool import Session

OFFICERS = 4
INCIDENTS = {Scale.SMALL: 5, Scale.FULL: 40}  # each officer's, in one run
TARGET = 6.0


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures."""
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        template = cluster.empty()
        _, officers = runner.run(make_desk(template.access.app_dsn, OFFICERS))
        say("duty: recording the statements")
        recorded, ours, yardstick = (cluster.copy(template.name) for _ in range(3))
        incidents = INCIDENTS[scale] * (RUNS + 1)
        tape = runner.run(record(recorded.access.app_dsn, cluster.home / "recorded", officers, incidents))
        yield from _measure(cluster, runner, ours, yardstick, officers, tape, INCIDENTS[scale])


def _measure(
    cluster: BenchCluster,
    runner: asyncio.Runner,
    ours: BenchDatabase,
    yardstick: BenchDatabase,
    officers: Sequence[Officer],
    tape: Tape,
    incidents: int,
) -> Iterable[Figure]:
    application, database, bare = [], [], []
    with serving(ours, cluster.home / "centre") as server:
        desks = runner.run(_connect(server, officers))
        connections = runner.run(_drivers(yardstick, len(officers)))
        for number in range(RUNS + 1):
            say(f"duty: run {number} of {RUNS}" if number else "duty: warming up")
            app_ms, backends_ms = _ours(runner, server, ours, desks, officers, incidents)
            driver_ms = _yardstick(runner, yardstick, connections, tape, number, incidents)
            if number:
                application.append(app_ms)
                database.append(backends_ms)
                bare.append(driver_ms)
        runner.run(_close(desks, connections))
    whole = [app_ms + backends_ms for app_ms, backends_ms in zip(application, database, strict=True)]
    yield compared("duty.command", "ms CPU", whole, bare, target=TARGET)
    yield alone("duty.command_application", "ms CPU", application)
    yield alone("duty.command_database", "ms CPU", database)


def _ours(
    runner: asyncio.Runner,
    server: Server,
    database: BenchDatabase,
    desks: Sequence[Client],
    officers: Sequence[Officer],
    incidents: int,
) -> tuple[float, float]:
    """Return the application's and its backends' CPU of one command, in ms."""
    before = cpu.process_ns(server.pid), cpu.backends_ns(database.name)
    runner.run(_work(desks, officers, incidents))
    spent = cpu.process_ns(server.pid) - before[0], cpu.backends_ns(database.name) - before[1]
    commands = len(officers) * incidents * COMMANDS_PER_INCIDENT
    return spent[0] / commands / 1e6, spent[1] / commands / 1e6


def _yardstick(
    runner: asyncio.Runner,
    database: BenchDatabase,
    connections: Sequence[Driver],
    tape: Tape,
    number: int,
    incidents: int,
) -> float:
    """Return this process's and its backends' CPU of one command, in ms."""
    size = incidents * COMMANDS_PER_INCIDENT
    backends = cpu.backends_ns(database.name)
    own = time.process_time_ns()  # without the look-up of the backends
    runner.run(play_all(connections, tape, number * size, (number + 1) * size))
    own = time.process_time_ns() - own
    spent = own + cpu.backends_ns(database.name) - backends
    return spent / (len(tape) * size) / 1e6


async def _work(desks: Sequence[Client], officers: Sequence[Officer], incidents: int) -> None:
    async def work(desk: Client, officer: Officer) -> None:
        for _ in range(incidents):
            await work_one_incident(desk.post, officer)

    await asyncio.gather(*(work(desk, officer) for desk, officer in zip(desks, officers, strict=True)))


async def _connect(server: Server, officers: Sequence[Officer]) -> list[Client]:
    return [await Client.connect(server.host, server.port, officer.headers) for officer in officers]


async def _drivers(database: BenchDatabase, count: int) -> list[Driver]:
    return [await asyncpg.connect(database.access.app_dsn, connection_class=Session) for _ in range(count)]


async def _close(desks: Sequence[Client], connections: Sequence[Driver]) -> None:
    for desk in desks:
        await desk.close()
    for connection in connections:
        await connection.close()
