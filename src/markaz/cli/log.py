"""`markaz log` and `markaz verify`: the log's keys and witnesses, its export for a period, and the check of an export."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from markaz import witness as stand_alone
from markaz.cli.entering import enter_within, migrated
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import InvalidInput, NotPossibleNow
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.log import exporting, keys, rotation, witnesses
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.log.intervals import SaltMissing
from markaz.core.sealing import KeysMissing
from markaz.core.settings import Settings
from markaz.kit.clock import SystemClock, iso

app = typer.Typer(help="The log of use that nobody can rewrite: keys, witnesses, export.", no_args_is_help=True)
witness_app = typer.Typer(help="Who outside the centre holds and cosigns the log's checkpoints.", no_args_is_help=True)
verify_app = typer.Typer(
    help="Check what the log gave out (without a server or a database), or history.", no_args_is_help=True
)
app.add_typer(witness_app, name="witness")

Result = TypeVar("Result")
KeyOption = Annotated[list[str] | None, typer.Option(help="Key of the log, learned by another way; repeatable.")]


@app.command("keys")
def keys_() -> None:
    """Print the log's public keys: the last line is what a witness is told, by another way than the network."""
    for key in _ring(Settings()).keys:
        typer.echo(f"{key.made_at}  {key.signer.verifier.vkey}")


@app.command("rotate-key")
def rotate_key() -> None:
    """Make a new signing key, introduced by the present one. What was signed before still verifies."""
    settings, now = Settings(), SystemClock().now()
    ring = _in_database(settings, lambda connection: rotation.rotate(connection, now, settings.home))
    typer.echo(ring.signer.verifier.vkey)


@app.command("begin-anew")
def begin_anew() -> None:
    """After the key file was lost for ever: end the public log and begin another. Every witness will say so."""
    settings = Settings()
    if keys.load(settings.home) is not None:
        raise NotPossibleNow(f"{keys.KEY_FILE} is there: the log goes on. `rotate-key` changes the key.")
    now = SystemClock().now()

    async def begin(connection: Connection) -> int:
        size = int(await connection.fetchval("SELECT size FROM log_public FOR UPDATE"))
        await connection.execute("TRUNCATE log_cosignatures, log_checkpoints, log_public_tiles, log_intervals")
        await connection.execute(
            "UPDATE log_public SET origin = NULL, size = 0, at = NULL, pending = NULL, vkey = NULL"
        )
        reason = f"public leaves: {size}"
        entry = Entry(EntryKind.ADMINISTRATION, "log.begun_anew", SYSTEM_ACTOR_ID, "log_key", None, reason)
        await append(connection, now, [entry])
        return size

    size = _in_database(settings, begin, as_owner=True)
    typer.echo(f"a log of {size} public leaves has ended; the next start begins another, with a new key. Entries stay.")


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write; it must not be there yet.")],
    since: Annotated[str, typer.Option("--from", help="Begin of the period, as 2026-01-01 or with a time and offset.")],
    until: Annotated[str, typer.Option("--to", help="End of the period; the day itself is not in it.")],
    openings: Annotated[
        bool, typer.Option("--openings", help="With who, what and why of each entry, for whoever may read them.")
    ] = False,
) -> None:
    """Write the log of a period, to be checked offline with `markaz verify log FOLDER` or the witness's own file."""
    settings = Settings()
    ring, begin, end = _ring(settings), _moment(since, "from"), _moment(until, "to")

    async def write(connection: Connection) -> exporting.Exported:
        now = SystemClock().now()
        return await exporting.export(connection, ring, folder.absolute(), begin, end, now, with_openings=openings)

    async def enter(connection: Connection) -> None:
        period = {"openings": int(openings), "from": iso(begin), "to": iso(end)}
        await enter_within(connection, "log.exported", EntryKind.EXPORT, period)

    _in_database(settings, enter)
    try:
        made = _in_database(settings, write, is_snapshot=True)
    except SaltMissing as error:
        raise KeysMissing(f"The key that opens the intervals of this period is lost ({error}).") from error
    typer.echo(f"{folder}: {made.entries} entries between checkpoints of {made.first_size} and {made.last_size} leaves")


@witness_app.command("add")
def add_witness(vkey: Annotated[str, typer.Argument(help="The line that the witness's `keygen` printed.")]) -> None:
    """Register a witness by its key; its cosignatures count from now on."""
    now = SystemClock().now()

    async def add(connection: Connection) -> str:
        return await witnesses.add(connection, now, vkey)

    typer.echo(f"{_in_database(Settings(), add)} is registered")


@witness_app.command("remove")
def remove_witness(name: str) -> None:
    """Take a witness off the list; what it signed stays."""
    now = SystemClock().now()

    async def remove(connection: Connection) -> None:
        await witnesses.remove(connection, now, name)

    _in_database(Settings(), remove)
    typer.echo(f"{name} is removed")


@witness_app.command("list")
def list_witnesses() -> None:
    """Print the witnesses and when each was last seen."""
    for one in _in_database(Settings(), witnesses.registered):
        seen = (
            "never seen" if one.last_seen_at is None else f"last seen {iso(one.last_seen_at)} at {one.last_size} leaves"
        )
        typer.echo(f"{one.name}  {seen}  {one.vkey}")


CODES = "; ".join(f"{code} {meaning}" for code, meaning in stand_alone.CODES.items())


@verify_app.command("log", epilog=f"Exit codes: {CODES}.")
def verify_log(
    folder: Annotated[Path, typer.Argument(help="Exported folder, or the file of one proof.")],
    key: KeyOption = None,
    witness: Annotated[list[str] | None, typer.Option(help="Key of a witness whose cosignature counts.")] = None,
    seen: Annotated[Path | None, typer.Option("--dir", help="Folder of a witness: what it saw must be there.")] = None,
) -> None:
    """Check an export or a proof offline, by the very program that witnesses use, with its exit codes."""
    arguments = ["verify", str(folder)]
    for name, values in (("--key", key), ("--witness", witness)):
        for value in values or []:
            arguments += [name, value]
    if seen is not None:
        arguments += ["--dir", str(seen)]
    raise typer.Exit(stand_alone.main(arguments))


def _ring(settings: Settings) -> keys.KeyRing:
    ring = keys.load(settings.home)
    if ring is None:
        raise KeysMissing(f"There is no {keys.KEY_FILE}: it is made when the centre is first served.")
    return ring


def _in_database(
    settings: Settings,
    work: Callable[[Connection], Awaitable[Result]],
    *,
    is_snapshot: bool = False,
    as_owner: bool = False,
) -> Result:
    async def run(dsn: str) -> Result:
        database = await Database.open(dsn, max_size=1)
        try:
            async with database.snapshot() if is_snapshot else database.transaction() as connection:
                return await work(connection)
        finally:
            await database.close()

    with running_database(settings) as access:
        migrated(access)
        return asyncio.run(run(access.owner_dsn if as_owner else access.app_dsn))


def _moment(text: str, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"--{field} {text}: write a day as 2026-01-31 or a time with its offset.", field=field
        ) from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
