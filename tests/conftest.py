"""The database every test may ask for: one cluster for each test worker, one fresh migrated database for each test.

Nothing starts until a test asks. MARKAZ_TEST_POSTGRES_BIN=/usr/lib/postgresql/15/bin runs everything on those programs.
"""

import asyncio
import gc
import os
import secrets
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg
import hypothesis
import pytest
from pydantic import SecretStr

from markaz.core import reach
from markaz.core.db.cluster import is_alive
from markaz.core.db.embedded import DatabaseAccess, running_database, superuser_dsn
from markaz.core.db.folder import OWNER_ROLE, CentreFolder
from markaz.core.db.migrate import migrate
from markaz.core.db.status import read_status
from markaz.core.settings import Settings

# The same examples everywhere, and no example's time is judged on a machine that does other work.
hypothesis.settings.load_profile("ci")

TEMPLATE = "markaz_template"
STOP_S = 20.0
MEMORY = Path("/dev/shm")  # where Linux keeps files in memory
MEMORY_NEEDED_BYTES = 3 << 30  # more than a worker's cluster ever held, several times over

# A developer's own settings must not leak into tests; tests set what they need.
for _name in [name for name in os.environ if name.startswith("MARKAZ_") and not name.startswith("MARKAZ_TEST_")]:
    del os.environ[_name]

# Every centre leaves cycles behind. Looking for them as often as Python does by default is a fifth of a test's time.
GARBAGE_THRESHOLDS = (20_000, 20, 20)

# What a test does itself it does as the centre; a request begins with nobody's reach, as anywhere.
reach.enter(reach.system("tests"))

Result = TypeVar("Result")


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among what lives as long as the run does: modules and the tests themselves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def run_sync(coroutine: Callable[[], Awaitable[Result]]) -> Result:
    """Run a coroutine to its end on a loop of its own, whether or not this thread has one running."""

    async def call() -> Result:
        return await coroutine()

    with ThreadPoolExecutor(max_workers=1) as worker:
        return worker.submit(copy_context().run, asyncio.run, call()).result()


def chosen_binaries() -> Path | None:
    """Return the PostgreSQL programs this run was told to use."""
    chosen = os.environ.get("MARKAZ_TEST_POSTGRES_BIN")
    return Path(chosen) if chosen else None


@dataclass(frozen=True)
class TestCluster:
    """The worker's cluster: makes and drops databases as the superuser."""

    __test__ = False

    home: Path
    access: DatabaseAccess
    super_dsn: str

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, each by itself."""

        async def run() -> None:
            connection = await asyncpg.connect(self.super_dsn)
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        run_sync(run)

    def access_to(self, name: str) -> DatabaseAccess:
        """Return how owner and application reach the database `name`."""
        return DatabaseAccess(_with_database(self.access.owner_dsn, name), _with_database(self.access.app_dsn, name))

    def make(self, name: str, template: str) -> DatabaseAccess:
        """Make a database from a template, with the rights the first set-up gives."""
        self.execute(
            f"CREATE DATABASE {name} OWNER {OWNER_ROLE} TEMPLATE {template} STRATEGY file_copy",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {name} TO markaz_app",
        )
        return self.access_to(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _with_database(dsn: str, name: str) -> str:
    return dsn.replace("@/markaz?", f"@/{name}?")


def new_home(folder: Path = Path("/tmp")) -> Path:
    """Make an empty home folder that the database's own OS user may pass through (pytest's own are closed to it)."""
    home = folder / f"markaz-test-{secrets.token_hex(4)}"
    home.mkdir(mode=0o711)
    return home


def cluster_folder() -> Path:
    """Return where a cluster for tests goes: into memory where there is plenty, else to disk.

    A database of a test's own is hundreds of files. On a disk making them costs fifteen times what it costs in memory.
    """
    is_roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED_BYTES
    return MEMORY if is_roomy else Path("/tmp")


def stop_and_remove(home: Path) -> None:
    """Stop what runs on `home` at once, and remove it with its data, wherever they stand."""
    folder = CentreFolder.at(home)
    status = read_status(folder.status)
    if status is not None and status.pid > 0:
        with suppress(ProcessLookupError):
            os.kill(status.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while is_alive(status.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
    if folder.database.is_symlink():
        outside = folder.database.readlink()
        shutil.rmtree(outside, ignore_errors=True)
        outside.with_name(outside.name + ".home").unlink(missing_ok=True)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[TestCluster]:
    """The worker's own PostgreSQL, with a migrated template. It skips fsync: no test here cuts the power."""
    home = new_home(cluster_folder())
    try:
        with running_database(Settings(home=home, postgres_bin=chosen_binaries())) as access:
            made = TestCluster(home, access, superuser_dsn(home))
            made.execute(
                "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()"
            )
            migrate(made.make(TEMPLATE, "template0"))
            yield made
    finally:
        stop_and_remove(home)


@pytest.fixture
def database(cluster: TestCluster) -> Iterator[DatabaseAccess]:
    """A fresh, migrated database of the test's own. For sync and async tests alike."""
    name = f"test_{secrets.token_hex(6)}"
    yield cluster.make(name, TEMPLATE)
    cluster.drop(name)


@pytest.fixture
def another_database(cluster: TestCluster) -> Iterator[DatabaseAccess]:
    """A second fresh, migrated database, for what goes from one centre to another."""
    name = f"test_{secrets.token_hex(6)}"
    yield cluster.make(name, TEMPLATE)
    cluster.drop(name)


@pytest.fixture
def empty_database(cluster: TestCluster) -> Iterator[DatabaseAccess]:
    """A fresh database without any schema, for tests of the migrations themselves."""
    name = f"test_{secrets.token_hex(6)}"
    yield cluster.make(name, "template0")
    cluster.drop(name)


@pytest.fixture
def fresh_home() -> Iterator[Path]:
    """A MARKAZ_HOME of the test's own, for tests that start, kill or fill up a whole centre; stopped and removed."""
    home = new_home()
    yield home
    stop_and_remove(home)


@pytest.fixture
def hidden_home(fresh_home: Path) -> Iterator[Path]:
    """A MARKAZ_HOME (not made yet) below a folder that only this user may pass through."""
    private = fresh_home / "private"
    private.mkdir(mode=0o700)
    yield private / "home"
    stop_and_remove(private / "home")


@pytest.fixture
def centre_settings(database: DatabaseAccess, tmp_path: Path) -> Settings:
    """Settings of a centre on the test's own database; its home holds only keys and the like."""
    return Settings(
        home=tmp_path / "home",
        database_url=SecretStr(database.app_dsn),
        database_owner_url=SecretStr(database.owner_dsn),
        postgres_bin=chosen_binaries(),
    )


@pytest.fixture
def embedded_settings(fresh_home: Path) -> Settings:
    """Settings of a centre with an embedded database of its own, not started yet."""
    return Settings(home=fresh_home, postgres_bin=chosen_binaries())


@pytest.fixture
def super_dsn(cluster: TestCluster) -> Callable[[DatabaseAccess], str]:
    """Return a function that gives the superuser's address of a test's database."""

    def of(access: DatabaseAccess) -> str:
        name = access.app_dsn.rpartition("@/")[2].partition("?")[0]
        return _with_database(cluster.super_dsn.replace("@/postgres?", "@/markaz?"), name)

    return of
