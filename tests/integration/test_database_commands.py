"""`markaz migrate`, `backup`, `restore` and `check` as an administrator types them."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from tests.support.database import as_centre, populate
from typer.testing import CliRunner, Result

from markaz.cli import database as commands
from markaz.cli import history
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.migrate import known_revisions, newest_revision, upgrade_to
from markaz.core.db.trouble import DatabaseRefused
from markaz.core.errors import InvalidInput
from markaz.core.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def run_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, centre_settings: Settings) -> Callable[..., Result]:
    """Return a function that runs a command on a database: (access, *arguments)."""
    app = typer.Typer()
    for name in ("migrate", "backup", "restore", "check"):
        app.command(name)(getattr(commands, name))
    app.command("history")(history.write)

    def run(access: DatabaseAccess, *arguments: str) -> Result:
        monkeypatch.setenv("MARKAZ_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("MARKAZ_DATABASE_URL", access.app_dsn)
        monkeypatch.setenv("MARKAZ_DATABASE_OWNER_URL", access.owner_dsn)
        if centre_settings.postgres_bin:
            monkeypatch.setenv("MARKAZ_POSTGRES_BIN", os.fspath(centre_settings.postgres_bin))
        return CliRunner().invoke(app, arguments)

    return run


def test_migrate_says_from_where_to_where(run_on: Run, empty_database: DatabaseAccess) -> None:
    newest = newest_revision()
    assert run_on(empty_database, "migrate").stdout == f"from empty to revision {newest}\n"
    assert run_on(empty_database, "migrate").stdout == f"already at revision {newest}\n"


async def test_whichever_command_brings_the_schema_on_enters_it_once(
    run_on: Run, empty_database: DatabaseAccess
) -> None:
    newest, older = newest_revision(), sorted(known_revisions())[-2]
    await upgrade_to(empty_database.owner_dsn, older)
    for _ in range(2):
        done = await asyncio.to_thread(run_on, empty_database, "history")
        assert done.exit_code == 0, done.output
    async with as_centre(empty_database) as connection:
        rows = await connection.fetch("SELECT kind, action, reason, details::text FROM audit_entries ORDER BY id")
    moved = ("administration", "schema.migrated", "machine", {"from": older, "to": newest})
    written = ("administration", "history.written", "machine", {"rebuilt": 0})
    assert [(*row[:3], json.loads(row["details"])) for row in rows] == [moved, written, written]


def test_check_prints_each_finding_and_fails_when_one_does(run_on: Run, database: DatabaseAccess) -> None:
    done = run_on(database, "check")
    assert done.exit_code == 1  # the tests' own cluster skips fsync
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("FAIL")] == [
        "FAIL  durability  switched off: fsync, full_page_writes"
    ]
    assert all(line.startswith(("ok    ", "FAIL  ")) for line in lines)
    stated = json.loads(run_on(database, "check", "--json").stdout)
    assert stated["ok"] is False
    assert {finding["name"] for finding in stated["findings"]} >= {"events", "counter", "rights", "modes", "disk"}


async def test_backup_and_restore_by_command(
    run_on: Run, database: DatabaseAccess, empty_database: DatabaseAccess, tmp_path: Path
) -> None:
    await populate(database.owner_dsn, sorted(known_revisions()))
    there = str(tmp_path / "data")
    made = await asyncio.to_thread(run_on, database, "backup", there)
    assert made.exit_code == 0, made.output
    assert "warning: the keys stand beside the data" in made.stderr
    again = await asyncio.to_thread(run_on, database, "backup", there)
    assert isinstance(again.exception, DatabaseRefused)
    unsure = await asyncio.to_thread(run_on, empty_database, "restore", there)
    assert isinstance(unsure.exception, DatabaseRefused)
    assert "--erased" in unsure.exception.message
    back = await asyncio.to_thread(run_on, empty_database, "restore", there, "--no-newer-erasures")
    assert back.exit_code == 0, back.output
    assert "warning: who was erased after" in back.stderr
    assert "2 events" in back.stdout
    assert "verified" in back.stdout


def test_restore_without_its_keys_asks_for_them(run_on: Run, empty_database: DatabaseAccess, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    missing = run_on(empty_database, "restore", str(tmp_path / "data"))
    assert isinstance(missing.exception, InvalidInput)
    assert "--keys" in missing.exception.message
    assert "--without-keys" in missing.exception.message
    both = run_on(empty_database, "restore", str(tmp_path / "data"), "--keys", "x", "--without-keys")
    assert isinstance(both.exception, InvalidInput)
