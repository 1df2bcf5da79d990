"""The small files around the embedded database, without a database."""

import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from markaz.core.db import supervisor
from markaz.core.db.binaries import Binaries
from markaz.core.db.cluster import Cluster, is_alive
from markaz.core.db.folder import CentreFolder, write_private
from markaz.core.db.os_user import current_user
from markaz.core.db.status import PAGE_BYTES, State, Status, read_status, write_status
from markaz.core.db.tools import libpq_environment
from markaz.core.db.trouble import DatabaseRefused


def test_status_is_overwritten_in_place_and_stays_in_its_page(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_status(path, Status(State.STARTING, 1))
    first = path.stat()
    write_status(path, Status(State.TROUBLE, 1, "Қ" * 5_000, "/" * 90))
    assert (path.stat().st_ino, path.stat().st_size) == (first.st_ino, PAGE_BYTES)
    found = read_status(path)
    assert found is not None
    assert found.state is State.TROUBLE
    assert found.message.startswith("ҚҚҚ")


def test_status_that_is_being_written_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    assert read_status(path) is None
    path.write_text('{"state": "rea')
    assert read_status(path) is None


def test_passwords_are_made_once_and_are_private(tmp_path: Path) -> None:
    folder = CentreFolder.at(tmp_path / "home")
    folder.create()
    made = folder.make_passwords()
    assert folder.make_passwords() == made == folder.passwords()
    assert len({made.super_role, made.owner_role, made.app_role}) == 3
    assert stat.S_IMODE(folder.passwords_file.stat().st_mode) == 0o600
    assert made.app_role not in repr(made)


def test_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    (tmp_path / "home").chmod(0o755)
    CentreFolder.at(tmp_path / "home").create()
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o755


def test_private_file_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    (tmp_path / "secret.partial").write_text("left by a kill")
    for text in ("one", "two"):
        write_private(path, text)
        assert path.read_text() == text
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        (
            "postgresql://markaz_owner:a%2Fb@/markaz?host=%2Frun%2Fx",
            {"PGUSER": "markaz_owner", "PGPASSWORD": "a/b", "PGDATABASE": "markaz", "PGHOST": "/run/x"},
        ),
        (
            "postgresql://o:p@db.example:6543/centre?sslmode=verify-full",
            {
                "PGUSER": "o",
                "PGPASSWORD": "p",
                "PGDATABASE": "centre",
                "PGHOST": "db.example",
                "PGPORT": "6543",
                "PGSSLMODE": "verify-full",
            },
        ),
    ],
)
def test_address_reaches_programs_by_environment(dsn: str, expected: dict[str, str]) -> None:
    assert libpq_environment(dsn) == expected


def test_large_log_is_cut_and_one_older_copy_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_LIMIT_BYTES", 10)
    monkeypatch.setattr(supervisor, "LOG_CHECK_S", -1.0)
    folder = CentreFolder.at(tmp_path)
    folder.create()
    watching = supervisor.Supervisor(folder, None)
    log = folder.log / "postgres.log"
    with log.open("ab", buffering=0) as writer:  # PostgreSQL goes on writing through the same open file
        for line in (b"first, a long line\n", b"second, a long line\n"):
            writer.write(line)
            watching.trim_logs()
        writer.write(b"third\n")
    assert log.read_bytes() == b"third\n"
    assert log.with_suffix(".log.1").read_bytes() == b"second, a long line\n"


def test_server_of_another_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, tmp_path, Binaries(tmp_path, 18), current_user())
    cluster.data.mkdir()
    assert cluster.running_pid() is None
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n")  # a number that was given out anew
    assert is_alive(os.getpid())
    assert cluster.running_pid() is None


def test_number_of_a_killed_server_does_not_keep_the_next_one_from_starting(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "postgres").write_text("#!/bin/sh\nexit 0\n")
    (programs / "postgres").chmod(0o755)
    cluster = Cluster(tmp_path, tmp_path, Binaries(programs, 18), current_user())
    cluster.data.mkdir()
    zombie = subprocess.Popen(["true"])
    while is_alive(zombie.pid):
        time.sleep(0.01)
    (cluster.data / "postmaster.pid").write_text(f"{zombie.pid}\n/data\n1\n5432\n/socket\n\n  99  5\nready\n")
    cluster.start(subprocess.DEVNULL).wait()
    zombie.wait()
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    assert lines == [str(os.getpid()), "/data", "1", "5432", "/socket", "", "  99  5", "ready"]


def test_data_of_another_major_version_are_refused(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, tmp_path, Binaries(tmp_path, 18), current_user())
    cluster.check_major()
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(DatabaseRefused, match="made by PostgreSQL 15, these programs are 18"):
        cluster.check_major()
