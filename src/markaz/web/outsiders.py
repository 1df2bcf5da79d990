"""What outsiders of the log may take: so much for each network place, so much together, and never the desk's database.

Each place has a small share of its own that no other can use up, so that whoever floods the public log keeps no witness
out; what goes beyond comes out of one share for all. Behind a proxy the address is the one that the server trusts it to say
(FORWARDED_ALLOW_IPS, docs/guides/sign-in.md). Accounts are counted elsewhere (web.guard).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import Request as HttpRequest

from markaz.core.db.pool import Connection, Database
from markaz.core.errors import RateLimited
from markaz.core.identity.guessing import coarse_address
from markaz.web.guard import RateLimiter

PER_PLACE_PER_S: Final = 50.0  # a witness that was away for months asks for about fifty tiles at once
OWN_PER_S: Final = 2.0  # of it, what is never refused for what others ask: a look of a witness is three requests
SHARED_PER_S: Final = 100.0  # of everybody together beyond that
AT_ONCE: Final = 2  # connections of the pool that outsiders hold
WAITING_MOST: Final = 100  # for these


class Outsiders:
    """Counts requests by place, in a bounded table of its own, and lends connections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._limiter = RateLimiter(PER_PLACE_PER_S)
        self._lent = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def take(self, http: HttpRequest) -> None:
        """Count a request. Raises RateLimited beyond the share of its place and the one for all."""
        place = coarse_address(http.client.host if http.client else "")
        self._limiter.take_key(place, PER_PLACE_PER_S)
        try:
            self._limiter.take_key(("own", place), OWN_PER_S)
        except RateLimited:
            self._limiter.take_key("shared", SHARED_PER_S)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend one of the few connections that outsiders may hold. Raises RateLimited when too many wait."""
        async with self._turn(), self._database.transaction() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Lend one as `connection` does, on which everything read is of one moment."""
        async with self._turn(), self._database.snapshot() as connection:
            yield connection

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= WAITING_MOST:
            raise RateLimited("Too many requests: wait a moment.", retry_after_s=1.0)
        self._waiting += 1
        try:
            async with self._lent:
                yield
        finally:
            self._waiting -= 1
