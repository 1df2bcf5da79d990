"""The fixtures made of tests.support. A conftest brings them into its folder by importing them from here."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.support.centre import RunningCentre, opened_centre

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.settings import Settings
from markaz.kit.clock import Clock

OpenCentre = Callable[..., Awaitable[RunningCentre]]


@pytest.fixture
async def open_centre_with(centre_settings: Settings, database: DatabaseAccess) -> AsyncIterator[OpenCentre]:
    """Return a function that opens a centre on the test's own database: (clock=None, *, with_land=True, **settings)."""
    async with AsyncExitStack() as stack:

        async def open_one(clock: Clock | None = None, *, with_land: bool = True, **changes: Any) -> RunningCentre:
            running = opened_centre(centre_settings, database, clock, with_land=with_land, **changes)
            return await stack.enter_async_context(running)

        yield open_one


@pytest.fixture
async def centre(open_centre_with: OpenCentre) -> RunningCentre:
    """Return a running centre with the small land, on the wall clock."""
    return await open_centre_with()
