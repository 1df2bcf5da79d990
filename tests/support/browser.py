"""A browser without a page: it keeps cookies, and sends commands as the console does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from tests.support.centre import RunningCentre
from tests.support.people import new_key

SITE = "https://markaz.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Browser:
    """One browser at one address."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """Send a command; None is no body."""
        return await self.client.request(method, path, json=body, headers={"Idempotency-Key": key or new_key()})

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        """Send a POST."""
        return await self.send("POST", path, {} if body is None else body)

    async def get(self, path: str) -> httpx.Response:
        """Read."""
        return await self.client.get(path)

    async def sign_in(self, login: str, password: str) -> httpx.Response:
        """Sign in by password."""
        return await self.post("/api/session", {"login": login, "password": password})

    def cookie(self, part: str) -> str | None:
        """Return the value of the one cookie whose name ends so."""
        found = [value for name, value in self.client.cookies.items() if name.endswith(part)]
        assert len(found) <= 1, found
        return found[0] if found else None


@asynccontextmanager
async def browser(
    running: RunningCentre, *, address: str = "198.51.100.7", base_url: str = SITE
) -> AsyncIterator[Browser]:
    """Open a browser that reaches the centre from `address`."""
    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False, client=(address, 50_000))
    headers = {"User-Agent": FIREFOX}
    async with httpx.AsyncClient(transport=transport, base_url=base_url, headers=headers) as client:
        yield Browser(client)
