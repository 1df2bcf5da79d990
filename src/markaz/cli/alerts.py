"""`markaz alerts`: bring a CAP message of another sender in from a file, and show the certificate of our own."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from markaz.cli.entering import enter, migrated
from markaz.core.acts import Acts, Request
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Database
from markaz.core.errors import InvalidInput
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.permissions import Actor, Grant, Role
from markaz.core.settings import Settings
from markaz.core.territories import load_tree
from markaz.kit.clock import SystemClock
from markaz.kit.ids import uuid7
from markaz.programmes.alerts.acting import Ground
from markaz.programmes.alerts.cap import MESSAGE_MAX_BYTES
from markaz.programmes.alerts.receiving import Receiving
from markaz.programmes.alerts.signing import KNOWN_FOLDER, Signer

app = typer.Typer(help="Public warnings (CAP 1.2).", no_args_is_help=True)


@app.callback()
def alerts() -> None:
    """Hold the sub-commands; with one only, typer would leave its name out."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="One CAP 1.2 message, up to 512 kB.")],
    territory: Annotated[
        str | None, typer.Option(help="Code of the territory it is for; else the whole centre.")
    ] = None,
) -> None:
    """Keep a CAP message of another sender. A message that is here already is not kept twice."""
    with file.open("rb") as opened:
        data = opened.read(MESSAGE_MAX_BYTES + 1)
    settings = Settings()
    with running_database(settings) as access:
        migrated(access)
        asyncio.run(enter(access.app_dsn, "alerts.imported"))
        is_new, signature = asyncio.run(_import(settings, access.app_dsn, data, territory))
    typer.echo(f"{file.name}: {'kept' if is_new else 'here already'}, signature {signature}")


async def _import(settings: Settings, dsn: str, data: bytes, code: str | None) -> tuple[bool, str]:
    database, clock = await Database.open(dsn, max_size=1), SystemClock()
    try:
        async with database.connection() as connection:
            tree = await load_tree(connection, clock.now().date())
        root = tree.root_id
        where = root if code is None else tree.find(code)
        if root is None or where is None:
            raise InvalidInput("There is no such territory: see `markaz territories`.", field="territory")
        ground = Ground(
            database=database,
            acts=Acts(database, clock),
            clock=clock,
            territories=lambda: tree,
            signer=Signer(settings.home, settings.alert_key, settings.alert_sender or "markaz"),
            sender=settings.alert_sender,
            sender_name=settings.alert_sender_name,
            is_training=settings.demo or settings.training,
            known_senders=settings.alert_known_senders or settings.home / KNOWN_FOLDER,
        )
        # Whoever may run this command on the server could read the whole database anyway.
        actor = Actor(SYSTEM_ACTOR_ID, "system", "The centre", True, (Grant(Role.IMPORTER, root),), 0)
        answer = await Receiving(ground).receive(Request(actor, uuid7().hex), data, int(where))
        return bool(answer.body["is_new"]), str(answer.body["signature"])
    finally:
        await database.close()
