"""import: what an import costs over COPY of the rows it leaves.

`import.cost` is CPU time (user and system) of the client and of its database backend for `markaz import dispatch` on 14
days of a city's dispatch log into an empty centre, from the open database to the last commit, without the start of the
interpreter. Yardstick: the rows that the import left in all tables, as Python objects in memory, sent by the driver's
COPY into an equal empty schema with all its indexes, constraints and foreign keys, in one transaction.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
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

Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]  # by table, in an order that foreign keys allow


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures. Raises SkippedError where the data are absent."""
    if not DATA.exists():
        raise SkippedError("the dispatch log is not here (shared/data/sffd-dispatch/dispatch_2020-04.parquet)")
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        file = DATA if scale is Scale.FULL else _first_rows(cluster.home)
        template = cluster.empty()
        runner.run(_make_root(template))
        Sealer.open(cluster.home)  # makes the keys
        ours, client, yardstick = [], [], []
        for number in range(RUNS + 1):
            say(f"import: run {number} of {RUNS}" if number else "import: warming up")
            imported, bare = cluster.copy(template.name), cluster.copy(template.name)
            client_ms, backend_ms = runner.run(_import(imported, cluster, file))
            rows = runner.run(_rows_left(imported))
            copied_ms = runner.run(_copy(bare, rows))
            cluster.drop(imported)
            cluster.drop(bare)
            if number:
                ours.append(client_ms + backend_ms)
                client.append(client_ms)
                yardstick.append(copied_ms)
    yield compared("import.cost", "ms CPU", ours, yardstick, target=TARGET)
    yield alone("import.cost_client", "ms CPU", client)


def _first_rows(folder: Path) -> Path:
    file = folder / "small.parquet"
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(DATA).slice(0, SMALL_ROWS), file)
    return file


async def _make_root(database: BenchDatabase) -> None:
    connection = await asyncpg.connect(database.access.app_dsn)
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
  AND c.relname NOT IN ('alembic_version', 'event_counter', 'territories')
"""
_NEEDS = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid
"""


async def _rows_left(database: BenchDatabase) -> Rows:
    """Return every row the import wrote: the template holds one territory and the counter, and nothing else."""
    connection = await asyncpg.connect(database.access.app_dsn)
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


async def _copy(database: BenchDatabase, rows: Rows) -> float:
    """Return the CPU of this process and of its backend for COPY of these rows, in ms."""
    connection = await asyncpg.connect(database.access.app_dsn)
    backend, own = cpu.backends_ns(database.name), time.process_time_ns()
    async with connection.transaction():
        for table, (columns, records) in rows.items():
            await _copy_table(connection, table, columns, records)
    own = time.process_time_ns() - own
    backend = cpu.backends_ns(database.name) - backend
    await connection.close()
    return (own + backend) / 1e6


async def _copy_table(
    connection: "asyncpg.Connection[asyncpg.Record]",
    table: str,
    columns: Sequence[str],
    records: Sequence[tuple[Any, ...]],
) -> None:
    schema, _, name = table.rpartition(".")
    await connection.copy_records_to_table(name, schema_name=schema or None, columns=columns, records=records)
