"""`markaz migrate`, `backup`, `restore` and `check`: the administrator's commands on the database."""

import asyncio
import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from markaz.cli.entering import enter, migrated
from markaz.cli.live import check_live
from markaz.core.check import Finding
from markaz.core.check import check as run_check
from markaz.core.db.backup import backup as make_backup
from markaz.core.db.backup import check_schema, check_targets
from markaz.core.db.embedded import running_database
from markaz.core.db.folder import CentreFolder
from markaz.core.db.key_age import prune_keys as prune
from markaz.core.db.restore import restore as run_restore
from markaz.core.errors import InvalidInput
from markaz.core.log.entry import EntryKind
from markaz.core.retention import load_governance
from markaz.core.settings import Settings
from markaz.kit.clock import SystemClock

TargetArgument = Annotated[Path, typer.Argument(help="Folder to write; it must not be there yet.")]
SourceArgument = Annotated[Path, typer.Argument(help="Folder that `markaz backup` wrote.")]
KeysOption = Annotated[Path | None, typer.Option(help="Folder of the keys; default is DIR/keys.")]


class What(StrEnum):
    """What `markaz check` looks at."""

    ALL = "all"
    LIVE = "live"


def migrate() -> None:
    """Bring the database's schema to this version's revision."""
    with running_database(Settings()) as access:
        before, after = migrated(access)
    typer.echo(f"already at revision {after}" if before == after else f"from {before or 'empty'} to revision {after}")


def backup(
    target: TargetArgument,
    keys: KeysOption = None,
    prune_keys: Annotated[
        Path | None,
        typer.Option(help="Folder of earlier backups: destroy those of keys that are older than an erasure may take."),
    ] = None,
) -> None:
    """Write a consistent backup while the centre runs, with the keys in a folder of their own."""
    settings = Settings()
    days = load_governance(settings.home, settings.governance).backup_keys_days
    folder = CentreFolder.at(settings.home)
    keys_target = None if keys is None else keys.absolute()
    with running_database(settings) as access:
        check_targets(target.absolute(), keys_target)
        asyncio.run(check_schema(access.owner_dsn))
        asyncio.run(
            enter(access.app_dsn, "backup.made", EntryKind.EXPORT, {"keys_apart": int(keys_target is not None)})
        )
        made = asyncio.run(make_backup(access, folder, target.absolute(), keys_target, settings.postgres_bin))
        if prune_keys is not None:
            asyncio.run(enter(access.app_dsn, "backup.keys_pruned"))
    typer.echo(f"data: {made.data} ({made.rows} rows in {made.tables} tables, {made.seq} events)")
    typer.echo(f"keys: {made.keys} (destroy them within {days} days; older ones are refused)")
    if prune_keys is not None:
        for gone in prune(prune_keys, SystemClock().now(), days):
            typer.echo(f"destroyed the old keys in {gone}")
    if made.keys_beside_data:
        typer.echo(
            "warning: the keys stand beside the data they open; keep them elsewhere (--keys DIR), or whoever finds this "
            "folder reads everything in it, what is erased later included.",
            err=True,
        )


def restore(
    source: SourceArgument,
    keys: KeysOption = None,
    without_keys: Annotated[
        bool,
        typer.Option("--without-keys", help="The keys are lost: names, phones, addresses and notes stay unreadable."),
    ] = False,
    erased: Annotated[
        Path | None,
        typer.Option(help="erasures.json of a later backup of keys: what was erased since is erased again."),
    ] = None,
    no_newer_erasures: Annotated[
        bool,
        typer.Option(
            "--no-newer-erasures", help="These keys are the latest there are: whoever was erased since comes back."
        ),
    ] = False,
) -> None:
    """Bring a backup back into an empty centre, and verify it."""
    settings = Settings()
    if keys is not None and without_keys:
        raise InvalidInput("Give --keys or --without-keys, not both.", field="keys")
    if erased is not None and no_newer_erasures:
        raise InvalidInput("Give --erased or --no-newer-erasures, not both.", field="erased")
    keys_source = None if without_keys else (keys or source / "keys").absolute()
    if keys_source is not None and not keys_source.is_dir():
        raise InvalidInput(
            f"There are no keys in {keys_source}: give their folder with --keys. If they are lost for ever, "
            "--without-keys restores the rest.",
            field="keys",
        )
    folder = CentreFolder.at(settings.home)
    with running_database(settings) as access:
        done = asyncio.run(
            run_restore(
                access,
                folder,
                source.absolute(),
                keys_source,
                settings.postgres_bin,
                keys_days=load_governance(settings.home, settings.governance).backup_keys_days,
                erased=erased,
                without_erased=no_newer_erasures,
            )
        )
        how = {"keys": int(keys_source is not None), "erased_again": done.erased_again, "as_of": done.made_at}
        asyncio.run(enter(access.app_dsn, "backup.restored", details=how))
    typer.echo(f"restored {done.rows} rows in {done.tables} tables, {done.seq} events, as of {done.made_at}; verified")
    if no_newer_erasures and keys_source is not None:
        typer.echo(
            f"warning: who was erased after {done.made_at} can be read again: erase them again before you serve anybody",
            err=True,
        )
    if done.erased_again:
        typer.echo(f"{done.erased_again} records erased after that backup were erased again")
    if done.unreadable:
        typer.echo(f"warning: {done.unreadable} sealed records have no key and cannot be read", err=True)


def check(
    what: Annotated[
        What, typer.Argument(help="all: database and files; live: may it hold data of real people?")
    ] = What.ALL,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Verify the centre's database and files, or that it is ready to go live; exit with 1 when something is missing."""
    if what is What.LIVE:
        check_live(as_json=as_json)
        return
    settings = Settings()
    with running_database(settings) as access:
        findings = asyncio.run(run_check(access, CentreFolder.at(settings.home)))
    is_ok = all(finding.ok for finding in findings)
    if as_json:
        typer.echo(json.dumps({"ok": is_ok, "findings": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            typer.echo(_line(finding))
    if not is_ok:
        raise typer.Exit(1)


def _line(finding: Finding) -> str:
    return f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name:<10}  {finding.found}"
