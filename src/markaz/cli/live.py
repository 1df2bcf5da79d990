"""`markaz check live`: may this centre hold data of real people? The same questions that `markaz serve` asks at its start."""

import asyncio
import json
from dataclasses import asdict

import typer

from markaz.cli.entering import migrated
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Connection, Database
from markaz.core.live import Finding, check_ready, facts_of, findings
from markaz.core.log import witnesses
from markaz.core.retention import load_governance
from markaz.core.settings import Settings
from markaz.core.territories import ensure_root
from markaz.demo.building import is_demo
from markaz.kit.clock import SystemClock


async def look(connection: Connection, settings: Settings) -> list[Finding]:
    """Return what was found in this centre."""
    governance = load_governance(settings.home, settings.governance)
    now = SystemClock().now()
    watching = sum(not witness.is_silent(now) for witness in await witnesses.registered(connection))
    history = (settings.home / "history").is_dir()
    facts = await facts_of(connection, witnesses=watching, is_demo=await is_demo(connection), has_history=history)
    return findings(settings, governance, facts, now.date())


async def refuse_unready(connection: Connection, settings: Settings) -> None:
    """Raise NotReady unless the centre may hold data of real people, or says that it holds none."""
    if not (settings.demo or settings.training or settings.trial):
        check_ready(await look(connection, settings))


def check_live(*, as_json: bool) -> None:
    """Print one line for each thing that must stand; exit with 1 when one does not."""
    settings = Settings()
    with running_database(settings) as access:
        migrated(access)
        found = asyncio.run(_look(access.app_dsn, settings))
    is_ready = all(one.missing is None or one.warning for one in found)
    if as_json:
        typer.echo(json.dumps({"ready": is_ready, "findings": [asdict(one) for one in found]}))
    else:
        for one in found:
            mark = "ok  " if one.missing is None else "warn" if one.warning else "MISS"
            typer.echo(f"{mark}  {one.what}" + (f": {one.missing}" if one.missing is not None else ""))
        typer.echo("This centre is ready for data of real people." if is_ready else "This centre is not ready.")
    if not is_ready:
        raise typer.Exit(1)


async def _look(dsn: str, settings: Settings) -> list[Finding]:
    database = await Database.open(dsn, max_size=1)
    try:
        async with database.transaction() as connection:
            await ensure_root(connection)
            return await look(connection, settings)
    finally:
        await database.close()
