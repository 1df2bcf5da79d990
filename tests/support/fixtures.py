"""The fixtures made of tests.support. A conftest brings them into its folder by importing them from here."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from pydantic import SecretStr
from tests.support.centre import RunningCentre, opened_centre

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.settings import Settings
from markaz.kit.clock import Clock

if TYPE_CHECKING:
    from tests.conftest import TestCluster

OpenCentre = Callable[..., Awaitable[RunningCentre]]


@asynccontextmanager
async def opening(settings: Settings, database: DatabaseAccess) -> AsyncIterator[OpenCentre]:
    """Yield a function that opens a centre on this database: (clock=None, *, with_land=True, **settings); all close at the end."""
    async with AsyncExitStack() as stack:

        async def open_one(clock: Clock | None = None, *, with_land: bool = True, **changes: Any) -> RunningCentre:
            running = opened_centre(settings, database, clock, with_land=with_land, **changes)
            return await stack.enter_async_context(running)

        yield open_one


@pytest.fixture
async def open_centre_with(centre_settings: Settings, database: DatabaseAccess) -> AsyncIterator[OpenCentre]:
    """Return what opens centres on the test's own database."""
    async with opening(centre_settings, database) as open_one:
        yield open_one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_centre(
    cluster: "TestCluster", tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningCentre]:
    """A running centre for all tests of a file that make records of their own; mark them with loop_scope="module"."""
    name = f"test_{secrets.token_hex(6)}"
    access = cluster.make(name, "markaz_template")
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        database_url=SecretStr(access.app_dsn),
        database_owner_url=SecretStr(access.owner_dsn),
    )
    async with opened_centre(settings, access) as running:
        yield running
    cluster.drop(name)


@pytest.fixture
async def centre(open_centre_with: OpenCentre) -> RunningCentre:
    """Return a running centre with the small land, on the wall clock."""
    return await open_centre_with()
