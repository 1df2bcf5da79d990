"""A full disk, and a limit on the size of files: a clear error, nothing half-written, and recovery without hands."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.database import LOST, ask, server_pid, status_of, wait_for

from markaz.core.db.cluster import is_alive
from markaz.core.db.embedded import DatabaseAccess, running_database, superuser_dsn
from markaz.core.db.migrate import migrate
from markaz.core.db.os_user import OsUser, current_user, database_user
from markaz.core.db.status import State
from markaz.core.db.trouble import DatabaseUnavailable
from markaz.core.settings import Settings

DISK_BYTES = 160_000_000
ADD_EVENT = """
    WITH taken AS (UPDATE event_counter SET seq = seq + 1 RETURNING seq)
    INSERT INTO events (seq, type, aggregate_id, territory_id, actor_id, occurred_at, occurred_source, payload)
    SELECT seq, 'incident.opened/1', gen_random_uuid(), 1, gen_random_uuid(), now(), 'test',
        jsonb_build_object('weight', (SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 2000)))
    FROM taken RETURNING seq
"""


def until_it_fails(access: DatabaseAccess) -> int:
    """Add events, each committed, until one is refused; return how many were acknowledged."""
    acknowledged = 0
    try:
        while True:
            acknowledged = ask(access.app_dsn, ADD_EVENT)
    except LOST:
        return acknowledged


def until_the_log_is_full(dsn: str) -> None:
    """Use up the room in PostgreSQL's own log, so that it cannot even recover."""
    try:
        while True:
            ask(dsn, "SELECT (pg_logical_emit_message(true, 'test', repeat('x', 1000000)) IS NOT NULL)::int")
    except LOST:
        return


def log_is_whole(access: DatabaseAccess, at_least: int) -> bool:
    query = (
        "SELECT (SELECT count(*) FROM events) || ' ' || (SELECT max(seq) FROM events) || ' ' || seq FROM event_counter"
    )
    count, last, counter = (int(number) for number in str(ask(access.owner_dsn, query)).split())
    return count >= at_least and count == last == counter


@pytest.fixture
def small_disk(fresh_home: Path) -> Iterator[Path]:
    """A disk of its own for the home, as small as DISK_BYTES."""
    disk = fresh_home / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0755", "tmpfs", str(disk)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here; the same faults are tested with a limit on file sizes")
    if done.returncode != 0:
        pytest.skip(f"mounting is not allowed here ({done.stderr.strip()}); file size limits are tested instead")
    yield disk
    if pid := status_of(disk / "home").pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        while is_alive(pid):
            time.sleep(0.02)
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Take every free byte of the disk."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (1_000_000, 4_096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


def test_full_disk_refuses_writes_keeps_what_was_said_and_recovers(
    small_disk: Path, embedded_settings: Settings
) -> None:
    settings = embedded_settings.model_copy(update={"home": small_disk / "home"})
    with running_database(settings) as access:
        migrate(access)
        assert ask(access.app_dsn, ADD_EVENT) == 1
        filler = fill(small_disk)
        acknowledged = max(1, until_it_fails(access))
        filler.unlink()
        wait_for(lambda: log_is_whole(access, acknowledged))
        wait_for(lambda: ask(access.app_dsn, ADD_EVENT) > acknowledged)


def test_start_on_a_full_disk_says_so_and_comes_up_when_there_is_room(
    small_disk: Path, embedded_settings: Settings
) -> None:
    home = small_disk / "home"
    settings = embedded_settings.model_copy(update={"home": home})
    with running_database(settings) as access:
        migrate(access)
        acknowledged = ask(access.app_dsn, ADD_EVENT)
        filler = fill(small_disk)
        until_the_log_is_full(superuser_dsn(home, "markaz"))
        wait_for(lambda: status_of(home).state is State.TROUBLE)
        with pytest.raises(DatabaseUnavailable, match=r"disk under .* is full.*by itself"), running_database(settings):
            pass
        filler.unlink()
        wait_for(lambda: log_is_whole(access, acknowledged))


def test_first_start_on_a_full_disk_says_so_and_leaves_nothing_half_made(
    small_disk: Path, embedded_settings: Settings
) -> None:
    settings = embedded_settings.model_copy(update={"home": small_disk / "home"})
    filler = fill(small_disk)
    with pytest.raises(DatabaseUnavailable, match=r"(?i)disk"), running_database(settings):
        pass
    os.truncate(filler, filler.stat().st_size - 10_000_000)  # room for the folders, not for a database
    with pytest.raises(DatabaseUnavailable, match=r"disk under .* is full"), running_database(settings):
        pass
    filler.unlink()
    with running_database(settings) as access:
        migrate(access)
        assert ask(access.app_dsn, ADD_EVENT) == 1


def limit_file_size(user: OsUser, pid: int, limit: str) -> None:
    """Set the soft limit of a running process, as the user it runs as: even root may lack the right to do it."""
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        pytest.skip("prlimit is not installed")
    command = [prlimit, "--pid", str(pid), f"--fsize={limit}:"]
    assert user.start(command, stdin=subprocess.DEVNULL, output=subprocess.DEVNULL).wait() == 0


def test_limit_on_file_size_refuses_writes_keeps_what_was_said_and_recovers(embedded_settings: Settings) -> None:
    with running_database(embedded_settings) as access:
        migrate(access)
        server = server_pid(embedded_settings.home)
        limit_file_size(database_user(), server, "20000000")  # room for a file of PostgreSQL's log, not for the events
        acknowledged = until_it_fails(access)
        assert acknowledged > 0
        assert server_pid(embedded_settings.home) == server
        limit_file_size(database_user(), server, "unlimited")
        wait_for(lambda: log_is_whole(access, acknowledged))
        wait_for(lambda: ask(access.app_dsn, ADD_EVENT) > acknowledged)


def test_log_that_cannot_be_written_stops_everything_until_it_can(embedded_settings: Settings) -> None:
    home = embedded_settings.home
    with running_database(embedded_settings) as access:
        migrate(access)
        acknowledged = ask(access.app_dsn, ADD_EVENT)
        supervisor = status_of(home).pid
        limit_file_size(current_user(), supervisor, "1000000")  # each server it starts inherits the limit
        limit_file_size(database_user(), server_pid(home), "1000000")
        assert until_it_fails(access) == 0
        wait_for(lambda: status_of(home).state is State.TROUBLE)
        with pytest.raises(DatabaseUnavailable, match="File too large"), running_database(embedded_settings):
            pass
        assert status_of(home).pid == supervisor
        assert (home / "log" / "postgres.log").stat().st_size < 100_000  # it pauses between its attempts
        limit_file_size(current_user(), supervisor, "unlimited")
        wait_for(lambda: log_is_whole(access, acknowledged))
        wait_for(lambda: ask(access.app_dsn, ADD_EVENT) > acknowledged)
