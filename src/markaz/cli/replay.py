"""`markaz replay`: send an export through the public HTTP intake, as if it happened now or again."""

import asyncio
import json
import os
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer

from markaz.core.errors import InvalidInput
from markaz.core.settings import Settings
from markaz.kit.clock import SystemClock
from markaz.programmes.incidents.imports.importing import understood_rows
from markaz.programmes.incidents.imports.mapping import Mapping, load_mapping
from markaz.programmes.incidents.imports.reader import open_table
from markaz.programmes.incidents.imports.report import Report
from markaz.programmes.incidents.imports.rows import DispatchRow
from markaz.programmes.incidents.imports.sender import LANES, Pace, Sender, Sent
from markaz.programmes.incidents.imports.table import Table
from markaz.programmes.incidents.imports.timetable import CALL_PATH, Timetable, shift_to_now, shifted

KEY_VARIABLE = "MARKAZ_IMPORTER_KEY"
REQUEST_TIMEOUT_S = 30.0
SAY_EVERY_S = 5.0


def replay(
    file: Annotated[Path, typer.Argument(help="The export, CSV or Parquet.")],
    mapping: Annotated[str, typer.Option(help="Name of a shipped mapping (sffd, seattle), or a TOML file.")],
    speed: Annotated[float, typer.Option(min=0.0, help="1 is real time, 60 a minute in a second, 0 as it goes.")] = 1.0,
    to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="Move all times to now, as calls of their own: a rehearsal.")
    ] = False,
    calls_only: Annotated[
        bool, typer.Option("--calls-only", help="Send the calls alone: what the units did is left to a trainee.")
    ] = False,
    from_: Annotated[str | None, typer.Option("--from", help="First time of receipt, ISO 8601.")] = None,
    to: Annotated[str | None, typer.Option(help="Time of receipt before which to stop, ISO 8601.")] = None,
    url: Annotated[str | None, typer.Option(help="Address of the centre; else MARKAZ_HOST and MARKAZ_PORT.")] = None,
    key_file: Annotated[
        Path | None, typer.Option(help=f"File with an importer key; else the variable {KEY_VARIABLE}.")
    ] = None,
) -> None:
    """Replay an export through the intake: every permission checked, every command once, in its own order."""
    how = load_mapping(mapping)
    between = (_moment(from_, how, "from"), _moment(to, how, "to"))
    key, address = _key(key_file), url or _address()
    table = open_table(file, how)
    with Timetable(how.source) as timetable:
        report = _fill(timetable, table, how, between)
        print(f"{len(timetable):,} commands of {report.rows:,} rows; {report.rejected:,} rejected", file=sys.stderr)
        sent = asyncio.run(_send(timetable, how.source, address, key, speed, to_now=to_now, calls_only=calls_only))
    for refusal in sent.refusals:
        print(f"  refused: {refusal.key}: {refusal.status} {refusal.code}: {refusal.message}", file=sys.stderr)
    print(json.dumps(sent.summary()))


def _fill(
    timetable: Timetable, table: Table, mapping: Mapping, between: tuple[datetime | None, datetime | None]
) -> Report:
    """Spool the rows of calls received in [from, to)."""
    begin, end = between
    report = Report()
    with ExitStack() as stack:
        for row in understood_rows(table, mapping, now=SystemClock().now(), report=report, stack=stack):
            report.rows += 1
            if not isinstance(row, DispatchRow):
                report.reject(row)
            elif (begin is None or row.call.received >= begin) and (end is None or row.call.received < end):
                timetable.add(row)
    return report


async def _send(
    timetable: Timetable, source: str, address: str, key: str, speed: float, *, to_now: bool, calls_only: bool
) -> Sent:
    span = timetable.span()
    if span is None:
        return Sent()
    limits = httpx.Limits(max_connections=LANES + 1)
    async with httpx.AsyncClient(base_url=address, timeout=REQUEST_TIMEOUT_S, limits=limits) as client:
        commands = (command for command in timetable if not calls_only or command.path == CALL_PATH)
        sender = Sender(client, key, on_progress=_Saying(len(timetable)).progress)
        pace = Pace(span[0], speed)
        if not to_now:
            return await sender.send(commands, pace, clock_source=source)
        now = SystemClock().now()
        move, run = shift_to_now(span, now, speed), now.strftime("%Y%m%dT%H%M%SZ")
        moved = (shifted(command, move, run) for command in commands)
        return await sender.send(moved, pace, clock_source=None, move=move)


class _Saying:
    """Says on standard error how far the replay is, now and then."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._said = time.monotonic()

    def progress(self, sent: Sent, at: datetime) -> None:
        """Say it when it is time again."""
        if time.monotonic() - self._said < SAY_EVERY_S:
            return
        self._said = time.monotonic()
        print(
            f"{sent.commands:,} of {self._total:,} commands, at {at.isoformat()}; {sent.retried:,} sent again, "
            f"{sent.refused:,} refused",
            file=sys.stderr,
            flush=True,
        )


def _moment(text: str | None, mapping: Mapping, field: str) -> datetime | None:
    """Return a time; one without an offset is a local time of the mapping's zone."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"--{field} {text}: write a time as in 2020-04-07T00:00.", field=field) from error
    return (at if at.tzinfo is not None else at.replace(tzinfo=mapping.zone)).astimezone(UTC)


def _key(key_file: Path | None) -> str:
    if key_file is not None:
        try:
            return key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"The key file {key_file} cannot be read: {error}", field="key_file") from error
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise InvalidInput(
            f"A replay needs an importer key: give --key-file or set {KEY_VARIABLE}. "
            "`markaz accounts create-key NAME importer` makes one.",
            field="key",
        )
    return key


def _address() -> str:
    settings = Settings()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
