"""What the contract tests share: a running centre of tests.support, and every transport the stream has."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

# pytest imports test files one by one; the helpers they share are found from the root of the checkout.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.contract.transports import TRANSPORTS, Opener, SseOpener
from tests.support.fixtures import OpenCentre, centre, open_centre_with

__all__ = ["centre", "open_centre_with"]


@pytest.fixture(params=sorted(TRANSPORTS))
async def opener(request: pytest.FixtureRequest, open_centre_with: OpenCentre) -> AsyncIterator[Opener]:
    """A running centre and one way to read its stream; each test runs once for each transport."""
    running = await open_centre_with(stream_backlog_events=2_000)
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(TRANSPORTS[request.param](running))


@pytest.fixture
async def sse_opener(open_centre_with: OpenCentre) -> AsyncIterator[SseOpener]:
    """The same over HTTP alone, for what is a matter of HTTP."""
    async with TRANSPORTS["sse"](await open_centre_with()) as made:
        assert isinstance(made, SseOpener)
        yield made
