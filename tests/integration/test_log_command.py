"""The administrator's commands on the log, beside a server of its own process, and the offline check without either."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.support.database import ask
from typer.testing import CliRunner

from markaz import witness
from markaz.cli.main import app
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.errors import NotPossibleNow
from markaz.core.log import keys

WAIT_S = 30.0


@pytest.fixture
def home(database: DatabaseAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {
        "HOME": str(tmp_path),
        "DATABASE_URL": database.app_dsn,
        "DATABASE_OWNER_URL": database.owner_dsn,
        "PORT": "0",
        "LOG_INTERVAL_S": "0.2",
        "TRIAL": "1",
    }.items():
        monkeypatch.setenv(f"MARKAZ_{name}", value)
    return tmp_path


@pytest.fixture
def served(home: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "markaz.cli.main", "serve"]
    with subprocess.Popen(
        command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = next(line for line in process.stdout if line.startswith("Markaz listens at")).split()[-1]
        yield address
        process.terminate()


def said(*words: str) -> str:
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return str(done.stdout).strip()


def looked(url: str, folder: Path, *words: str) -> int:
    """Look until there is a checkpoint: the server makes the first one after its start."""
    deadline = time.monotonic() + WAIT_S
    while (code := witness.main(["watch", url, "--dir", str(folder), "--once", *words])) == 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return code


def signs_again(url: str) -> None:
    """Wait for two further checkpoints: the second was begun after this call."""
    signed, deadline = {httpx.get(f"{url}/api/log/checkpoint").text}, time.monotonic() + WAIT_S
    while len(signed) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        signed.add(httpx.get(f"{url}/api/log/checkpoint").text)


def test_a_centre_gets_a_witness_exports_its_log_and_anybody_verifies_it_offline(
    served: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = tmp_path / "outside"
    witness.keygen(outside, "court.example/w")
    vkey = capsys.readouterr().out.strip()
    assert said("log", "witness", "add", vkey) == "court.example/w is registered"
    pinned = _first_key(home)
    assert looked(served, outside, "--key", pinned) == 0
    assert "court.example/w" in said("log", "witness", "list")
    new_key = said("log", "rotate-key")
    assert said("log", "keys").endswith(new_key)
    signs_again(served)  # with the new key
    assert looked(served, outside) == 0
    assert said("log", "witness", "remove", "court.example/w")
    signs_again(served)
    folder = tmp_path / "exported"
    assert "entries between" in said(
        "log", "export", str(folder), "--from", "2020-01-01", "--to", "2100-01-01", "--openings"
    )
    entries = [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]
    actions = [
        entry["opening"]["action"] for entry in entries if entry["opening"]["record_kind"].startswith(("log", "wit"))
    ]
    assert actions == [
        "log.witness_added",
        "log.cosigned",
        "log.key_rotated",
        "log.cosigned",
        "log.witness_removed",
    ]
    assert "complete and unchanged" in said(
        "verify", "log", str(folder), "--key", pinned, "--witness", vkey, "--dir", str(outside)
    )
    (folder / "entries.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries[:-1]))
    assert CliRunner().invoke(app, ["verify", "log", str(folder)]).exit_code == 3


def _first_key(home: Path) -> str:
    deadline = time.monotonic() + WAIT_S
    while (ring := keys.load(home)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return ring.keys[0].signer.verifier.vkey


def test_a_log_is_begun_anew_only_when_its_keys_are_lost(home: Path, database: DatabaseAccess) -> None:
    assert "public leaves has ended" in said("log", "begin-anew")
    ring = keys.make(home, keys.new_ring(datetime.now(UTC)))
    with pytest.raises(NotPossibleNow):
        said("log", "begin-anew")
    assert said("log", "keys").endswith(ring.signer.verifier.vkey)


def test_a_rotation_that_the_disk_refuses_leaves_key_and_log_as_they_were(
    home: Path, database: DatabaseAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = keys.make(home, keys.new_ring(datetime.now(UTC)))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", full)
        with pytest.raises(NotPossibleNow, match="No space left"):
            said("log", "rotate-key")
    kept = keys.load(home)
    assert kept is not None
    assert kept.statement() == ring.statement()
    assert ask(database.owner_dsn, "SELECT size FROM log_state") == 0
