"""`markaz import dispatch`: bring a dispatch export into the centre, by a mapping file.

Standard output holds the result alone; progress and what was odd go to standard error.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from markaz.cli import dropped
from markaz.cli.entering import enter_within, migrated
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Database
from markaz.core.errors import InvalidInput
from markaz.core.sealing import Sealer
from markaz.core.settings import Settings
from markaz.kit.clock import SystemClock
from markaz.programmes.incidents.imports.importing import import_table
from markaz.programmes.incidents.imports.loader import open_target
from markaz.programmes.incidents.imports.mapping import Mapping, load_mapping
from markaz.programmes.incidents.imports.reader import open_table
from markaz.programmes.incidents.imports.report import Report
from markaz.programmes.incidents.imports.table import Table

LINE_EVERY_S = 5.0  # in a log file
REDRAW_EVERY_S = 0.2  # on a terminal
REJECTED_SHOWN = 5

app = typer.Typer(help="Bring data of other systems into the centre.", no_args_is_help=True)


@app.callback()
def import_() -> None:
    """Hold the sub-commands; with one only, typer would leave its name out."""


@app.command("dispatch")
def dispatch(
    file: Annotated[Path, typer.Argument(help="The export, CSV or Parquet.")],
    mapping: Annotated[str, typer.Option(help="Name of a shipped mapping (sffd, seattle), or a TOML file.")],
    report: Annotated[
        Path | None, typer.Option(help="Write what was rejected, unmapped and odd here, as JSON.")
    ] = None,
    territory: Annotated[
        str | None,
        typer.Option(help="Code of the territory of calls without a known place, and of new units; else the whole."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as one JSON object.")] = False,
) -> None:
    """Import a dispatch export: every row once, however often it is run. Starts the database when none runs."""
    how = load_mapping(mapping)
    table = open_table(file, how)
    if report is not None:
        _check_writable(report)
    settings = Settings()
    with running_database(settings) as access:
        migrated(access)
        result = asyncio.run(_import(settings, access.app_dsn, table, how, territory))
    if report is not None:
        with open(report, "w", encoding="utf-8", opener=_private) as written:
            written.write(json.dumps(result.full(), indent=2, ensure_ascii=False) + "\n")
    if as_json:
        print(json.dumps(result.summary()))
    else:
        print(_in_words(file, result))
    dropped.tell(result.unmapped_columns)
    _tell_rejected(result, report)


async def _import(settings: Settings, dsn: str, table: Table, mapping: Mapping, territory: str | None) -> Report:
    database = await Database.open(dsn, max_size=1)
    try:
        now = SystemClock().now()
        async with database.connection() as connection:
            sealer = await Sealer.open_for(connection, settings.home)
        target = await open_target(database, sealer, territory, now)
        async with database.transaction() as connection:
            await enter_within(connection, "import.dispatch")
        progress = Progress()
        try:
            return await import_table(table, mapping, target, now=now, on_progress=progress.show)
        finally:
            progress.end()
    finally:
        await database.close()


class Progress:
    """Says on standard error how far a long work is: one line redrawn on a terminal, a line now and then in a log."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._began = self._shown = time.monotonic()
        self._drawn = False

    def show(self, report: Report, part: float | None) -> None:
        """Say how many rows are done, how fast, and how long it will still take."""
        now = time.monotonic()
        if now - self._shown < (REDRAW_EVERY_S if self._is_terminal else LINE_EVERY_S):
            return
        self._shown = now
        elapsed_s = now - self._began
        line = f"{report.rows:,} rows, {report.rows / elapsed_s:,.0f} rows/s"
        if part:
            line += f", {part:.0%}, about {elapsed_s / part - elapsed_s:.0f} s left"
        if self._is_terminal:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            self._drawn = True
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._drawn:
            print(file=sys.stderr)


def _check_writable(report: Path) -> None:
    """Find out before the import, not after it, that its report cannot be written."""
    try:
        open(report, "a", opener=_private).close()
    except OSError as error:
        raise InvalidInput(f"The report cannot be written to {report}: {error.strerror}.", field="report") from error


def _private(path: str, flags: int) -> int:
    """Open a file that others cannot read: the codes it quotes are words of the export."""
    return os.open(path, flags, 0o600)


def _in_words(file: Path, result: Report) -> str:
    return (
        f"{file.name}: {result.rows:,} rows read in {result.seconds:.1f} s; {result.calls:,} calls and "
        f"{result.units:,} units added, {result.already_present:,} rows were there already, {result.flagged:,} are "
        f"flagged, {result.rejected:,} rejected"
    )


def _tell_rejected(result: Report, report: Path | None) -> None:
    if not result.rejected:
        return
    print(f"{result.rejected:,} rows were rejected and are not in the centre:", file=sys.stderr)
    full = result.full()
    for row in full["rejected_rows"][:REJECTED_SHOWN]:
        where = f"row {row['row']}" + (f" (line {row['line']})" if "line" in row else "")
        print(f"  {where}, {row['field']}: {row['reason']}", file=sys.stderr)
    if result.rejected > REJECTED_SHOWN:
        where = str(report) if report is not None else "run again with --report FILE"
        print(f"  ... all of them: {where}", file=sys.stderr)
