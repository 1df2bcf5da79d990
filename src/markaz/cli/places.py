"""`markaz places`: bring a gazetteer in from CSV or GeoJSON, or take one out of the search."""

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from markaz.cli.dropped import Dropped
from markaz.cli.entering import enter_within, migrated
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Database
from markaz.core.errors import InvalidInput
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.places.checking import Reading
from markaz.core.places.importing import Import, checked_source, import_places, remove_source
from markaz.core.places.model import PlaceKind
from markaz.core.places.reading import Broken, read_rows
from markaz.core.settings import Settings
from markaz.kit.clock import SystemClock

app = typer.Typer(help="The gazetteer: places found by name.", no_args_is_help=True)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV with column names, or GeoJSON; WGS 84.")
    ],
    source: Annotated[
        str | None, typer.Option(help="Name of the source; else that of the file. The same source again updates it.")
    ] = None,
    kind: Annotated[PlaceKind | None, typer.Option(help="Kind of the rows that state none.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=COLUMN, as in name_en=street_name; may be repeated. Else the usual names are tried."),
    ] = None,
) -> None:
    """Import places: new ones are added, changed ones updated, broken rows named and left out. See docs/guides/places.md."""
    settings = Settings()
    name = checked_source(source if source is not None else file.stem.lower())
    reading = Reading(_columns(column or []), kind)
    with running_database(settings) as access:
        migrated(access)
        counts = asyncio.run(_import(access.app_dsn, file, name, reading)).counts
    typer.echo(
        f"{file.name}: {counts.added} added, {counts.changed} changed, {counts.unchanged} unchanged, "
        f"{counts.broken} broken, as {name}"
    )


@app.command("remove")
def remove(source: Annotated[str, typer.Argument(help="Name of the source, as it was imported.")]) -> None:
    """Take every place of a source out of the search. Records that name such a place go on meaning it."""
    settings = Settings()
    with running_database(settings) as access:
        migrated(access)
        removed = asyncio.run(_remove(access.app_dsn, source))
    typer.echo(f"{source}: {removed} places removed")


def _columns(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign or not column:
            raise InvalidInput(f"--column {pair}: write FIELD=COLUMN, as in name_en=street_name.", field="column")
        columns[field] = column
    return columns


def _report(broken: Broken) -> None:
    where = f"row {broken.number}" + (f", {broken.field}" if broken.field else "")
    print(f"{where}: {broken.reason}", file=sys.stderr)


async def _import(dsn: str, file: Path, source: str, reading: Reading) -> Import:
    database = await Database.open(dsn, max_size=1)
    try:
        left = Dropped(reading.read())
        async with database.transaction() as connection:
            done = await import_places(
                connection,
                left.watch(read_rows(file), lambda row: None if isinstance(row, Broken) else row.values),
                source,
                reading,
                actor_id=SYSTEM_ACTOR_ID,
                at=SystemClock().now(),
                report=_report,
            )
            await enter_within(connection, "places.imported", details=asdict(done.counts))
        left.tell()
        return done
    finally:
        await database.close()


async def _remove(dsn: str, source: str) -> int:
    database = await Database.open(dsn, max_size=1)
    try:
        async with database.transaction() as connection:
            removed = await remove_source(connection, source, actor_id=SYSTEM_ACTOR_ID, at=SystemClock().now())
            await enter_within(connection, "places.removed", details={"places": removed})
            return removed
    finally:
        await database.close()
