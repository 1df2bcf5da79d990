"""`markaz territories`: bring one level of boundaries from a GeoJSON file into the hierarchy, and say which terrain is where."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from markaz.cli.dropped import Dropped
from markaz.cli.entering import enter_within, migrated
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Database
from markaz.core.errors import InvalidInput
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.settings import Settings
from markaz.core.territories.geojson import read_features
from markaz.core.territories.importing import ImportOptions, ImportResult, import_boundaries
from markaz.core.territories.model import Level
from markaz.core.territories.store import load_tree
from markaz.core.territories.terrain import Terrain, read_terrain
from markaz.core.territories.terrain_store import set_terrain
from markaz.kit.clock import SystemClock

app = typer.Typer(help="Territories and their boundaries.", no_args_is_help=True)


@app.callback()
def territories() -> None:
    """Hold the sub-commands; with one only, typer would leave its name out."""


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="GeoJSON, WGS 84, Polygon or MultiPolygon.")
    ],
    level: Annotated[Level, typer.Option(help="Level of every feature of the file: region, district, neighbourhood.")],
    code_property: Annotated[str, typer.Option(help="Property with the territory's lasting code.")] = "code",
    parent_property: Annotated[
        str | None, typer.Option(help="Property with the code of the territory around it; else found on the map.")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="LANGUAGE=PROPERTY, as in ru=name_ru; may be repeated. Else the usual places are tried."),
    ] = None,
    valid_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day on which these boundaries stand; else today."),
    ] = None,
) -> None:
    """Import boundaries: new codes are added, changed ones get a new version, the rest stays. All or nothing."""
    settings = Settings()
    since = valid_from.date() if valid_from is not None else SystemClock().now().date()
    options = ImportOptions(level, since, code_property, parent_property, _names(name or []))
    with running_database(settings) as access:
        migrated(access)
        result = asyncio.run(_import(access.app_dsn, file, options))
    counts = result.counts
    typer.echo(
        f"{file.name}: {counts.added} added, {counts.changed} changed, {counts.renamed} renamed, "
        f"{counts.unchanged} unchanged as {level.value} from {since.isoformat()}"
    )


@app.command("terrain")
def terrain(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with the columns code and terrain.")],
) -> None:
    """Say which territories are urban, rural or mountain; what lies inside one is as it is, unless it is named too."""
    settings = Settings()
    wanted = read_terrain(file)
    with running_database(settings) as access:
        migrated(access)
        written = asyncio.run(_terrain(access.app_dsn, wanted))
    typer.echo(f"{file.name}: terrain of {written} territories set")


def _names(pairs: list[str]) -> dict[str, str]:
    names = {}
    for pair in pairs:
        language, sign, property_ = pair.partition("=")
        if not sign or not property_:
            raise InvalidInput(f"--name {pair}: write LANGUAGE=PROPERTY, as in en=name.", field="name")
        names[language] = property_
    return names


async def _import(dsn: str, file: Path, options: ImportOptions) -> ImportResult:
    database = await Database.open(dsn, max_size=1)
    try:
        left = Dropped(options.read())
        async with database.transaction() as connection:
            features = left.watch(read_features(file), lambda feature: feature.properties)
            done = await import_boundaries(
                connection, features, options, actor_id=SYSTEM_ACTOR_ID, at=SystemClock().now()
            )
            await enter_within(connection, "territories.imported", details=asdict(done.counts))
        left.tell()
        return done
    finally:
        await database.close()


async def _terrain(dsn: str, wanted: dict[str, Terrain]) -> int:
    database = await Database.open(dsn, max_size=1)
    try:
        async with database.transaction() as connection:
            now = SystemClock().now()
            tree = await load_tree(connection, now.date())
            written = await set_terrain(connection, tree, wanted, actor_id=SYSTEM_ACTOR_ID, at=now)
            await enter_within(connection, "territories.terrain_set", details={"territories": written})
            return written
    finally:
        await database.close()
