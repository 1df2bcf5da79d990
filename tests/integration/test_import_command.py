"""`markaz import dispatch` as a person starts it, refuses it and kills it."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.imports import HEADER, MAPPING, Into, line, opened

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.sealing import KEY_FILE
from markaz.core.settings import Settings
from markaz.programmes.incidents.imports.mapping import parse_mapping


@pytest.fixture
async def centre(database: DatabaseAccess, tmp_path: Path) -> AsyncIterator[Into]:
    async with opened(database, tmp_path) as into:
        yield into


class Command:
    """`markaz import dispatch` as a person starts it."""

    def __init__(self, settings: Settings, access: DatabaseAccess, folder: Path) -> None:
        self._folder = folder
        self._environment = os.environ | {
            "MARKAZ_HOME": str(settings.home),
            "MARKAZ_DATABASE_URL": access.app_dsn,
            "MARKAZ_DATABASE_OWNER_URL": access.owner_dsn,
        }

    def start(self, file: Path, *more: str) -> "subprocess.Popen[str]":
        mapping = self._folder / "city.toml"
        mapping.write_text(MAPPING)
        command = [sys.executable, "-m", "markaz.cli.main", "import", "dispatch", str(file), "--mapping", str(mapping)]
        pipe = subprocess.PIPE
        return subprocess.Popen([*command, *more], env=self._environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, file: Path, *more: str) -> tuple[int, str, str]:
        process = self.start(file, *more)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def command(centre_settings: Settings, database: DatabaseAccess, tmp_path: Path) -> Command:
    return Command(centre_settings, database, tmp_path)


def test_command_prints_one_object_and_writes_a_report(command: Command, tmp_path: Path) -> None:
    export, report = tmp_path / "export.csv", tmp_path / "report.json"
    export.write_bytes((HEADER + line("1", "c1") + line("2", "c2", "E2") + "3,c3\n").encode() + b"4,c4,\xff,,,,,,,,,\n")
    code, out, err = command.run(export, "--json", "--report", str(report))
    assert (code, json.loads(out).keys()) == (
        0,
        {"rows", "calls", "units", "flagged", "already_present", "rejected", "seconds"},
    )
    assert json.loads(out) | {"seconds": 0} == {
        "rows": 4, "calls": 2, "units": 2, "flagged": 0, "already_present": 0, "rejected": 2, "seconds": 0,
    }  # fmt: skip
    assert "row 3 (line 4), received" in err
    assert [(row["row"], row["field"]) for row in json.loads(report.read_text())["rejected_rows"]] == [
        (3, "received"),
        (4, "received"),
    ]


def test_the_report_is_for_nobody_else(command: Command, tmp_path: Path) -> None:
    export, report = tmp_path / "export.csv", tmp_path / "report.json"
    export.write_text(HEADER + line("1", "c1", kind="a word of the export"))
    assert command.run(export, "--report", str(report))[0] == 0
    assert "a word of the export" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_no_new_key_file_is_made_beside_sealed_data(
    command: Command, centre_settings: Settings, tmp_path: Path
) -> None:
    for name in ("1", "2"):
        (tmp_path / name).write_text(HEADER + line(name, f"c{name}", street=f"{name} Secret Street"))
    assert command.run(tmp_path / "1")[0] == 0
    key_file = centre_settings.home / KEY_FILE
    key_file.rename(tmp_path / "lost")
    code, _, err = command.run(tmp_path / "2")
    assert (code, key_file.exists()) == (1, False)
    assert "restore it from the key backup" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "empty"), ("row,call,received\n", "lacks kind"), ("PAR1", "damaged")],
)
def test_command_refuses_a_file_before_it_touches_the_centre(
    command: Command, tmp_path: Path, content: str, message: str
) -> None:
    export = tmp_path / "export.csv"
    export.write_text(content)
    code, out, err = command.run(export, "--json")
    assert (code, out) == (1, "")
    assert message in err
    assert len(err.splitlines()) == 1


async def test_killed_import_run_again_leaves_what_an_undisturbed_one_leaves(
    command: Command, centre: Into, cluster: Any, tmp_path: Path
) -> None:
    export = tmp_path / "export.csv"
    rows = 24_000
    export.write_text(HEADER + "".join(line(f"{n}", f"c{n // 3}", f"E{n % 90}") for n in range(rows)))
    for part in (0.2, 0.6):
        process = command.start(export)
        try:
            await _until(lambda: _imported(centre), part * rows, process)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        killed_at = await _imported(centre)
        assert 0 < killed_at < rows
        assert killed_at == await centre.value("SELECT count(*) FROM assignments")
    code, out, _ = await asyncio.to_thread(command.run, export, "--json")
    assert code == 0
    assert json.loads(out)["already_present"] == killed_at
    assert await centre.value("SELECT max(seq) = count(*) FROM events")
    mended = await centre.contents()
    name = "test_import_undisturbed"
    other = cluster.make(name, "markaz_template")
    try:
        async with opened(other, tmp_path) as into:
            await into.file(export, parse_mapping(MAPPING))
            assert await into.contents() == mended
    finally:
        cluster.drop(name)


async def _imported(centre: Into) -> int:
    return int(await centre.value("SELECT count(*) FROM import_rows"))


async def _until(count: Callable[[], Any], enough: float, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while await count() < enough:
        assert process.poll() is None, "the import ended before it could be killed"
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)
