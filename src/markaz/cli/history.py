"""`markaz history write` and `markaz verify history`: the event log as Parquet, and its comparison with the log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from markaz.analytics.snapshots.writing import Written
from markaz.cli.entering import enter_within, migrated
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Database
from markaz.core.retention import load_governance
from markaz.core.settings import Settings
from markaz.core.territories import load_tree
from markaz.kit.clock import SystemClock
from markaz.programmes.oversight.retention.service import Retention
from markaz.web.history import history_of

app = typer.Typer(help="History: the event log as Parquet files, without persons.", no_args_is_help=True)

Result = TypeVar("Result")


@app.command("write")
def write(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Write all of it again from the log.")] = False,
) -> None:
    """Write the days that are over and not written yet, and again what an erasure, age or another list reached."""
    settings = Settings()
    done = _in_database(settings, lambda database: _write(settings, database, rebuild=rebuild))
    typer.echo(f"{done.days} days written, {done.again} of them again; history goes up to event {done.seq}")
    if done.owed is not None:
        typer.echo(f"{done.owed.events} events lost their detail, as certificate {done.owed.id} says")


def verify() -> None:
    """Compare history with the log: files, keys, and counts by day, territory and type; exit with 1 when they differ."""
    # Here, so that no other command loads DuckDB, which reports itself on standard error when some of them end.
    from markaz.analytics.snapshots.verifying import verify as run_verify

    settings = Settings()
    found = _in_database(settings, lambda database: run_verify(database, settings.home))
    for line in found.wrong:
        typer.echo(f"FAIL  {line}")
    if found.wrong:
        raise typer.Exit(1)
    typer.echo(
        f"ok    {found.events} events up to number {found.seq} in {found.files} files ({found.size_bytes} bytes): "
        "DuckDB counts the same as the log, by day, territory and type"
    )


async def _write(settings: Settings, database: Database, *, rebuild: bool) -> Written:
    clock = SystemClock()
    retention = Retention(database, clock, load_governance(settings.home, settings.governance))
    async with database.transaction() as connection:
        await enter_within(connection, "history.written", details={"rebuilt": int(rebuild)})
    async with database.transaction() as connection:
        tree = await load_tree(connection, clock.now().date())
        return await history_of(settings, retention, clock, lambda: tree).run(connection, rebuild=rebuild)


def _in_database(settings: Settings, work: Callable[[Database], Awaitable[Result]]) -> Result:
    async def run(dsn: str) -> Result:
        database = await Database.open(dsn, max_size=1)
        try:
            return await work(database)
        finally:
            await database.close()

    with running_database(settings) as access:
        migrated(access)
        return asyncio.run(run(access.app_dsn))
