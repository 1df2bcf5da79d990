"""`markaz training`: a desk to train on, beside the live one: its own folder, database, keys and port."""

import asyncio
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer

from markaz.cli.entering import enter, migrated
from markaz.cli.serve import serve_centre
from markaz.core import identity, training
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Database
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.events import append
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Grant, Role
from markaz.core.settings import Settings
from markaz.core.territories import ensure_root
from markaz.demo.building import is_demo
from markaz.kit.clock import SystemClock
from markaz.programmes.incidents.imports.night import past_calls
from markaz.programmes.incidents.imports.sender import Pace, Sender
from markaz.programmes.incidents.imports.timetable import Command, shift_to_now, shifted

app = typer.Typer(help="Training desks on a copy of the past, never mixed with the live one.", no_args_is_help=True)

FOLDER = "training"
KEY_FILE = Path("secrets") / "replay.key"
REPLAY = "training-replay"
REPLAY_RATE_PER_S = 2_000.0
TRAINING_PORT = 8103
NIGHT = timedelta(hours=12)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")

NameArgument = Annotated[str, typer.Argument(help="Name of the training desk: small letters, digits and hyphens.")]


@app.command("new")
def new(name: NameArgument) -> None:
    """Copy the live centre's ground, staff and units into a training desk; no incident and nobody's data go along."""
    live, copy = Settings(), _training_settings(name)
    if copy.home.exists():
        raise InvalidInput(f"There is a training desk called {name} already: choose another name.", field="name")
    with running_database(live) as live_access, running_database(copy) as access:
        migrated(live_access)
        migrated(access)
        asyncio.run(enter(live_access.app_dsn, "training.copied", EntryKind.EXPORT))
        counts, key = asyncio.run(_copy(live_access.app_dsn, access.app_dsn))
    path = _write_key(copy.home, key)
    for table, count in counts.items():
        typer.echo(f"{count:>9,} {table.replace('_', ' ')}")
    typer.echo(f"The training desk stands in {copy.home}. Serve it: markaz training serve {name}")
    typer.echo(f"The key for replays into it is in {path}.")


@app.command("serve")
def serve(
    name: NameArgument,
    port: Annotated[int, typer.Option(help="Port of the training desk.")] = TRAINING_PORT,
    replay: Annotated[Path | None, typer.Option(help="An export whose calls come in from now on.")] = None,
    mapping: Annotated[str, typer.Option(help="Mapping of the export.")] = "sffd",
    from_: Annotated[
        str | None, typer.Option("--from", help="First time of receipt to replay; without --replay, of our own past.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Time of receipt before which to stop.")] = None,
    speed: Annotated[float, typer.Option(min=0.0, help="1 is real time.")] = 1.0,
    whole: Annotated[
        bool, typer.Option("--whole", help="Replay what the units did too; without it the trainee sends them.")
    ] = False,
) -> None:
    """Serve a training desk, with the calls of a past night if one is given."""
    settings = _training_settings(name, port=port)
    if not settings.home.exists():
        raise NotFound(
            f"There is no training desk called {name}: make it with `markaz training new {name}`.", what="name"
        )
    if replay is None and from_ is None:
        serve_centre(settings)
        return
    if replay is None:
        arguments = ["training", "night", name, "--port", str(port), "--speed", str(speed)]
    else:
        arguments = ["replay", str(replay), "--mapping", mapping, "--shift-to-now", "--speed", str(speed)]
        arguments += ["--url", f"http://127.0.0.1:{port}", "--key-file", str(settings.home / KEY_FILE)]
        arguments += [] if whole else ["--calls-only"]
    arguments += [*(["--from", from_] if from_ else []), *(["--to", to] if to else [])]
    # The replay waits until the desk answers; it ends with the desk.
    player = subprocess.Popen([sys.executable, "-m", "markaz.cli.main", *arguments])  # noqa: S603 - our own command
    try:
        serve_centre(settings)
    finally:
        player.terminate()
        player.wait()


@app.command("night")
def night(
    name: NameArgument,
    from_: Annotated[str, typer.Option("--from", help="First time of receipt, ISO 8601 with its offset.")],
    to: Annotated[
        str | None, typer.Option(help="Time of receipt before which to stop; 12 hours on without it.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the training desk.")] = TRAINING_PORT,
    speed: Annotated[float, typer.Option(min=0.0, help="1 is real time.")] = 1.0,
) -> None:
    """Let the calls of a past night of this centre come in again at a training desk that is being served."""
    begin = _moment(from_, "from")
    end = begin + NIGHT if to is None else _moment(to, "to")
    copy = _training_settings(name, port=port)
    with running_database(Settings()) as live:
        asyncio.run(enter(live.app_dsn, "training.night_taken", EntryKind.EXPORT))
        calls, unplaced = asyncio.run(_past_calls(live.app_dsn, begin, end))
    typer.echo(f"{len(calls):,} calls of that night come in; {unplaced:,} without a place are left out")
    if calls:
        key = (copy.home / KEY_FILE).read_text(encoding="utf-8").strip()
        asyncio.run(_send(calls, f"http://127.0.0.1:{port}", key, speed))


@app.command("list")
def list_() -> None:
    """Name the training desks there are."""
    folder = Settings().home / FOLDER
    for path in sorted(folder.iterdir()) if folder.exists() else []:
        typer.echo(path.name)


def _training_settings(name: str, port: int = TRAINING_PORT) -> Settings:
    if not _NAME.fullmatch(name):
        raise InvalidInput("Name the training desk with small letters, digits and hyphens.", field="name")
    live = Settings()
    if live.database_url is not None:
        raise InvalidInput(
            "A training desk runs on a database of its own, which is the embedded one: unset MARKAZ_DATABASE_URL for it.",
            field="database_url",
        )
    return Settings(home=live.home / FOLDER / name, port=port, training=True, demo=False)


async def _copy(live_dsn: str, copy_dsn: str) -> tuple[dict[str, int], str]:
    live = await Database.open(live_dsn, max_size=1)
    copy = await Database.open(copy_dsn, max_size=1)
    now = SystemClock().now()
    try:
        async with live.snapshot() as source, copy.transaction() as target:
            counts = await training.copy_ground(source, target, now, is_demo=await is_demo(source))
            root = await ensure_root(target)
            key, event = await identity.create_service_key(
                target,
                login=REPLAY,
                display_name="Replay (training)",
                grants=(Grant(Role.IMPORTER, root),),
                rate_limit_per_s=REPLAY_RATE_PER_S,
                at=now,
            )
            await append(target, [event])
    finally:
        await live.close()
        await copy.close()
    return counts, key


async def _past_calls(dsn: str, begin: datetime, end: datetime) -> tuple[list[Command], int]:
    database = await Database.open(dsn, max_size=1)
    try:
        async with database.snapshot() as connection:
            return await past_calls(connection, begin, end)
    finally:
        await database.close()


async def _send(calls: list[Command], address: str, key: str, speed: float) -> None:
    now = SystemClock().now()
    move = shift_to_now((calls[0].at, calls[-1].at), now, speed)
    run = now.strftime("%Y%m%dT%H%M%SZ")
    async with httpx.AsyncClient(base_url=address, timeout=30.0) as client:
        try:
            await client.get("/healthz")
        except httpx.TransportError:
            typer.echo(f"No training desk answers at {address} yet: waiting. Serve it, or name its port with --port.")
        moved = (shifted(call, move, run) for call in calls)
        sent = await Sender(client, key).send(moved, Pace(calls[0].at, speed), clock_source=None, move=move)
    typer.echo(f"{sent.commands:,} calls came in, {sent.refused:,} were refused")


def _moment(text: str, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"--{field} {text}: write a time as in 2026-11-20T20:00+05:00.", field=field) from error
    if at.tzinfo is None:
        raise InvalidInput(f"--{field} {text}: say its offset, as in 2026-11-20T20:00+05:00.", field=field)
    return at.astimezone(UTC)


def _write_key(home: Path, key: str) -> Path:
    path = home / KEY_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key + "\n")
    return path
