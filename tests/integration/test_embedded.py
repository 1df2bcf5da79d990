"""The embedded database under its supervisor: private, bound to its users, and healing by itself."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from tests.support.database import ask, server_pid, status_of, wait_for

from markaz.core.db.cluster import is_alive
from markaz.core.db.embedded import DatabaseAccess, running_database, superuser_dsn
from markaz.core.db.folder import CentreFolder
from markaz.core.db.status import State, read_status
from markaz.core.db.trouble import DatabaseRefused
from markaz.core.settings import Settings

HOLDER = """
import sys, time
from pathlib import Path
from markaz.core.db.embedded import running_database
from markaz.core.settings import Settings
chosen = Path(sys.argv[2]) if len(sys.argv) > 2 else None
with running_database(Settings(home=Path(sys.argv[1]), postgres_bin=chosen)):
    print("held", flush=True)
    time.sleep(600)
"""


def heals(access: DatabaseAccess, query: str, expected: object) -> None:
    wait_for(lambda: ask(access.owner_dsn, query) == expected)


def make_note(access: DatabaseAccess) -> None:
    ask(access.owner_dsn, "CREATE TABLE notes_of_test AS SELECT 42 AS kept")


def hold(settings: Settings) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLDER, str(settings.home)]
    command += [str(settings.postgres_bin)] if settings.postgres_bin else []
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def start_and_stop(settings: Settings) -> None:
    """Set the database up, and stop it without waiting for the lease."""
    with running_database(settings):
        pid = status_of(settings.home).pid
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not is_alive(pid))


def modes_of(path: Path) -> dict[Path, int]:
    return {parent: stat.S_IMODE(parent.stat().st_mode) for parent in [path, *path.parents]}


def test_database_runs_while_held_and_stops_when_nobody_holds_it(
    embedded_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    home = embedded_settings.home
    with running_database(embedded_settings) as access:
        pid = server_pid(home)
        assert ask(access.app_dsn, "SELECT current_user::text") == "markaz_app"
    wait_for(lambda: not is_alive(pid))
    assert status_of(home).state is State.STOPPED
    wait_for(lambda: not is_alive(status_of(home).pid))
    assert "database system is shut down" in (home / "log" / "postgres.log").read_text()
    assert capfd.readouterr() == ("", "")


def test_second_user_keeps_it_running_when_the_first_leaves(embedded_settings: Settings) -> None:
    with running_database(embedded_settings):
        pid = server_pid(embedded_settings.home)
        holder = hold(embedded_settings)
    time.sleep(4)
    assert is_alive(pid)
    holder.kill()
    holder.wait()
    wait_for(lambda: not is_alive(pid))


def test_many_first_users_at_once_get_one_server(embedded_settings: Settings) -> None:
    holders: list[subprocess.Popen[str]] = []
    command = [sys.executable, "-c", HOLDER, str(embedded_settings.home)]
    command += [str(embedded_settings.postgres_bin)] if embedded_settings.postgres_bin else []
    try:
        holders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        assert [h.stdout and h.stdout.readline() for h in holders] == ["held\n"] * 4
        assert (embedded_settings.home / "log" / "supervisor.log").read_text().count("started PostgreSQL") == 1
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()


def test_user_who_comes_while_it_stops_gets_a_new_server(embedded_settings: Settings) -> None:
    for pause_s in (2.95, 3.05, 3.15):
        with running_database(embedded_settings) as access:
            assert ask(access.app_dsn, "SELECT 1") == 1
        time.sleep(pause_s)
    with running_database(embedded_settings) as access:
        assert ask(access.app_dsn, "SELECT 1") == 1


def test_killed_server_comes_back_with_what_was_committed(embedded_settings: Settings) -> None:
    with running_database(embedded_settings) as access:
        make_note(access)
        for _ in range(3):
            killed = server_pid(embedded_settings.home)
            os.kill(killed, signal.SIGKILL)
            heals(access, "SELECT kept FROM notes_of_test", 42)
            assert server_pid(embedded_settings.home) != killed


def test_killed_supervisor_is_replaced_and_the_new_one_takes_the_server_over(embedded_settings: Settings) -> None:
    home = embedded_settings.home
    with running_database(embedded_settings) as access:
        make_note(access)
        server, supervisor = server_pid(home), status_of(home).pid
        os.kill(supervisor, signal.SIGKILL)
        wait_for(lambda: status_of(home).pid != supervisor and status_of(home).state is State.READY)
        assert server_pid(home) == server
        os.kill(server, signal.SIGKILL)  # and it heals a server that it did not start itself
        heals(access, "SELECT kept FROM notes_of_test", 42)
        taken_over = server_pid(home)
    wait_for(lambda: not is_alive(taken_over))


def test_supervisor_and_server_killed_together_come_back(embedded_settings: Settings) -> None:
    home = embedded_settings.home
    with running_database(embedded_settings) as access:
        make_note(access)
        os.kill(status_of(home).pid, signal.SIGKILL)
        os.kill(server_pid(home), signal.SIGKILL)
        heals(access, "SELECT kept FROM notes_of_test", 42)


def test_killed_user_gives_the_database_back(embedded_settings: Settings) -> None:
    holder = hold(embedded_settings)
    pid = server_pid(embedded_settings.home)
    holder.kill()
    holder.wait()
    wait_for(lambda: not is_alive(pid))


def test_next_user_takes_over_when_everybody_but_the_server_was_killed(embedded_settings: Settings) -> None:
    home = embedded_settings.home
    holder = hold(embedded_settings)
    server = server_pid(home)
    holder.kill()
    holder.wait()
    os.kill(status_of(home).pid, signal.SIGKILL)
    with running_database(embedded_settings) as access:
        assert server_pid(home) == server
        assert ask(access.app_dsn, "SELECT 1") == 1
    wait_for(lambda: not is_alive(server))


def test_first_set_up_survives_kills_at_any_point(embedded_settings: Settings) -> None:
    home = embedded_settings.home
    for delay_s in (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4):
        command = [sys.executable, "-c", HOLDER, str(home)]
        command += [str(embedded_settings.postgres_bin)] if embedded_settings.postgres_bin else []
        starter = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(lambda: (status := read_status(CentreFolder.at(home).status)) is not None and status.pid > 0)
        supervisor = status_of(home).pid
        time.sleep(delay_s)
        starter.kill()
        starter.wait()
        if is_alive(supervisor):
            os.kill(supervisor, signal.SIGKILL)
    with running_database(embedded_settings) as access:
        assert ask(access.app_dsn, "SELECT current_user::text") == "markaz_app"
        assert ask(access.owner_dsn, "SELECT current_user::text") == "markaz_owner"
    left = [path.name for path in (home / "database").iterdir()]
    assert sorted(left) == ["cluster", "socket"]


def test_removed_home_stops_the_server(embedded_settings: Settings) -> None:
    with running_database(embedded_settings):
        pid = server_pid(embedded_settings.home)
        shutil.rmtree(embedded_settings.home, ignore_errors=True)  # the server may remove its own files meanwhile
        wait_for(lambda: not is_alive(pid))


def test_everybody_must_give_a_password_and_nothing_listens_on_a_port(embedded_settings: Settings) -> None:
    home = embedded_settings.home
    with running_database(embedded_settings) as access:
        rules = (home / "database" / "cluster" / "pg_hba.conf").read_text()
        lines = [line.split() for line in rules.splitlines() if line and not line.startswith("#")]
        assert lines == [["local", "all", "all", "scram-sha-256"]]
        for dsn in (access.app_dsn, access.owner_dsn, superuser_dsn(home)):
            user, _, rest = dsn.removeprefix("postgresql://").partition(":")
            with pytest.raises(asyncpg.InvalidPasswordError):
                ask(f"postgresql://{user}:wrong@{rest.partition('@')[2]}", "SELECT 1")
        assert ask(superuser_dsn(home), "SELECT current_setting('listen_addresses')") == ""
        assert ask(superuser_dsn(home), "SELECT count(*) FROM pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'") == 3
        assert listening_inodes().isdisjoint(socket_inodes(server_pid(home)))


def listening_inodes() -> set[str]:
    """The sockets of this machine that listen on TCP."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A"}


def socket_inodes(pid: int) -> set[str]:
    links = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    return {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:[")}


def test_files_are_private_and_no_parent_changes_its_mode(embedded_settings: Settings) -> None:
    home = embedded_settings.home
    before = modes_of(home)
    with running_database(embedded_settings):
        for folder in ("database", "database/cluster", "database/socket", "secrets", "run", "log"):
            assert stat.S_IMODE((home / folder).stat().st_mode) == 0o700, folder
        for file in ("secrets/database.json", "log/postgres.log", "log/supervisor.log", "run/lease"):
            assert stat.S_IMODE((home / file).stat().st_mode) == 0o600, file
    assert modes_of(home) == before


def test_passwords_are_in_no_log_and_no_command_line(embedded_settings: Settings) -> None:
    home = embedded_settings.home
    with running_database(embedded_settings) as access:
        secrets = list(vars(CentreFolder.at(home).passwords()).values())
        logs = "".join(log.read_text() for log in (home / "log").iterdir())
        command_line = Path(f"/proc/{server_pid(home)}/cmdline").read_text()
        assert not any(secret in logs or secret in command_line or secret in repr(access) for secret in secrets)


def test_values_of_failed_statements_stay_out_of_the_log(embedded_settings: Settings) -> None:
    with running_database(embedded_settings) as access:
        make_note(access)
        for statement in (
            "INSERT INTO notes_of_test VALUES ('canary-name')",
            "CREATE UNIQUE INDEX ON notes_of_test ((kept::text || 'canary-name'))",
            "INSERT INTO notes_of_test VALUES (42) RETURNING 'canary-name'",
        ):
            try:
                ask(access.owner_dsn, statement)
            except asyncpg.PostgresError:
                continue
        assert "canary-name" not in (embedded_settings.home / "log" / "postgres.log").read_text()


def test_data_of_another_major_version_are_refused_with_advice(embedded_settings: Settings) -> None:
    start_and_stop(embedded_settings)
    version = embedded_settings.home / "database" / "cluster" / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("14\n")
    advice = r"made by PostgreSQL 14.*MARKAZ_POSTGRES_BIN.*markaz backup"
    with pytest.raises(DatabaseRefused, match=advice), running_database(embedded_settings):
        pass
    version.write_text(made_by)
    with running_database(embedded_settings) as access:
        assert ask(access.app_dsn, "SELECT 1") == 1


def test_lost_passwords_are_refused_with_advice(embedded_settings: Settings) -> None:
    start_and_stop(embedded_settings)
    (embedded_settings.home / "secrets" / "database.json").unlink()
    with pytest.raises(DatabaseRefused, match=r"database.json is gone"), running_database(embedded_settings):
        pass


def test_wrong_programs_are_refused_with_advice(fresh_home: Path) -> None:
    settings = Settings(home=fresh_home, postgres_bin=Path("/nonexistent"))
    with pytest.raises(DatabaseRefused, match="MARKAZ_POSTGRES_BIN"), running_database(settings):
        pass


def test_external_database_starts_nothing(centre_settings: Settings) -> None:
    with running_database(centre_settings) as access:
        assert ask(access.app_dsn, "SELECT 1") == 1
    assert not centre_settings.home.exists()
