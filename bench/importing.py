"""import: what an import costs over COPY of the rows it leaves.

`import.cost` is CPU time (user and system) of the client and of its database backend for `markaz import dispatch` on 14
days of a city's dispatch log into an empty centre, from the open database to the last commit, without the start of the
interpreter. Yardstick: the rows that the import left in all tables, as Python objects in memory, sent by the driver's
COPY into an equal empty schema with all its indexes, constraints and foreign keys, in one transaction. The harder
yardstick of `import.cost_raw` gets the same rows as finished bytes of COPY's binary form: then the client does nothing.
"""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow.parquet
import uvloop

from bench import cpu
from bench.cluster import BenchCluster, BenchDatabase, bench_cluster
from bench.figures import Figure, alone, compared
from bench.settings import RUNS, Scale, SkippedError, say
from bench.tape import Driver
from markaz.core.db.pool import Database
from markaz.core.sealing import Sealer
from markaz.core.territories import ensure_root
from markaz.programmes.incidents.imports.importing import import_table
from markaz.programmes.incidents.imports.loader import open_target
from markaz.programmes.incidents.imports.mapping import load_mapping
from markaz.programmes.incidents.imports.reader import open_table

DATA = Path(__file__).parents[2] / "shared/data/sffd-dispatch/dispatch_2020-04.parquet"
MAPPING = "sffd"
SMALL_ROWS = 2_000
TARGET = 4.0

# Columns and contents by table, in an order that foreign keys allow.
Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]
Bytes = dict[str, tuple[list[str], bytes]]
Send = Callable[[Driver, str, list[str], Any], Awaitable[None]]


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures. Raises SkippedError where the data are absent."""
    if not DATA.exists():
        raise SkippedError("the dispatch log is not here (shared/data/sffd-dispatch/dispatch_2020-04.parquet)")
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        file = DATA if scale is Scale.FULL else _first_rows(cluster.home)
        template = cluster.empty()
        runner.run(_make_root(template))
        Sealer.open(cluster.home)  # makes the keys
        ours, client, yardstick, raw = [], [], [], []
        for number in range(RUNS + 1):
            say(f"import: run {number} of {RUNS}" if number else "import: warming up")
            imported, bare, raw_bare = (cluster.copy(template.name) for _ in range(3))
            client_ms, backend_ms = runner.run(_import(imported, cluster, file))
            rows = runner.run(_rows_left(imported))
            copied_ms = runner.run(_copy(bare, _send_records, rows))
            raw_ms = runner.run(_copy(raw_bare, _send_bytes, runner.run(_as_bytes(bare, rows))))
            for database in (imported, bare, raw_bare):
                cluster.drop(database)
            if number:
                ours.append(client_ms + backend_ms)
                client.append(client_ms)
                yardstick.append(copied_ms)
                raw.append(raw_ms)
    yield compared("import.cost", "ms CPU", ours, yardstick, target=TARGET)
    yield compared("import.cost_raw", "ms CPU", ours, raw)
    yield alone("import.cost_client", "ms CPU", client)


def _first_rows(folder: Path) -> Path:
    file = folder / "small.parquet"
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(DATA).slice(0, SMALL_ROWS), file)
    return file


async def _make_root(database: BenchDatabase) -> None:
    connection = await asyncpg.connect(database.access.owner_dsn)
    await ensure_root(connection)
    await connection.close()


async def _import(database: BenchDatabase, cluster: BenchCluster, file: Path) -> tuple[float, float]:
    """Return the CPU of this process and of its backend, in ms."""
    centre = await Database.open(database.access.app_dsn, max_size=1)
    backend, own = cpu.backends_ns(database.name), time.process_time_ns()
    now = datetime.now(UTC)
    mapping = load_mapping(MAPPING)
    target = await open_target(centre, Sealer.open(cluster.home), None, now)
    report = await import_table(open_table(file, mapping), mapping, target, now=now)
    own = time.process_time_ns() - own
    backend = cpu.backends_ns(database.name) - backend
    await centre.close()
    if report.rejected or not report.calls:
        raise RuntimeError(f"the import went wrong: {report.summary()}")
    return own / 1e6, backend / 1e6


_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'keys') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT IN ('alembic_version', 'event_counter', 'territories', 'log_state', 'log_public')
"""
_NEEDS = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid
"""


async def _rows_left(database: BenchDatabase) -> Rows:
    """Return every row the import wrote: the template holds one territory and the counter, and nothing else."""
    connection = await asyncpg.connect(database.access.owner_dsn)
    tables = {row[0] for row in await connection.fetch(_TABLES)}
    order = TopologicalSorter({table: set[str]() for table in tables})
    for table, needed in await connection.fetch(_NEEDS):
        order.add(table, needed)
    rows: Rows = {}
    for table in order.static_order():
        found = await connection.fetch(f"SELECT * FROM {table}") if table in tables else []
        if found:
            rows[table] = list(found[0].keys()), [tuple(row.values()) for row in found]
    await connection.close()
    return rows


async def _as_bytes(database: BenchDatabase, rows: Rows) -> Bytes:
    """Return the rows of these tables in COPY's binary form."""
    connection = await asyncpg.connect(database.access.owner_dsn)
    finished: Bytes = {}
    for table, (columns, _) in rows.items():
        output = io.BytesIO()
        await connection.copy_from_table(**_named(table), columns=columns, output=output, format="binary")
        finished[table] = columns, output.getvalue()
    await connection.close()
    return finished


async def _copy(database: BenchDatabase, send: Send, rows: Mapping[str, tuple[list[str], Any]]) -> float:
    """Return the CPU of this process and of its backend for COPY of these rows, in ms."""
    connection = await asyncpg.connect(database.access.owner_dsn)
    backend, own = cpu.backends_ns(database.name), time.process_time_ns()
    async with connection.transaction():
        for table, (columns, contents) in rows.items():
            await send(connection, table, columns, contents)
    own = time.process_time_ns() - own
    backend = cpu.backends_ns(database.name) - backend
    await connection.close()
    return (own + backend) / 1e6


async def _send_records(connection: Driver, table: str, columns: list[str], records: list[tuple[Any, ...]]) -> None:
    await connection.copy_records_to_table(**_named(table), columns=columns, records=records)


async def _send_bytes(connection: Driver, table: str, columns: list[str], finished: bytes) -> None:
    await connection.copy_to_table(**_named(table), columns=columns, source=io.BytesIO(finished), format="binary")


def _named(table: str) -> dict[str, Any]:
    schema, _, name = table.rpartition(".")
    return {"table_name": name, "schema_name": schema or None}
