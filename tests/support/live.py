"""The same centre behind a real socket, and a reader of its stream: for what only bytes on a wire can show."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from tests.support.centre import RunningCentre
from tests.support.people import Person

from markaz.web.protocol import BoundedHttp

WAIT_S = 60.0  # not a measurement: what comes, comes at once


@dataclass(frozen=True)
class Frame:
    """One server-sent event; `data` is parsed."""

    event: str
    id: int | None
    data: Any


@asynccontextmanager
async def serving(running: RunningCentre) -> AsyncIterator[str]:
    """Serve a running centre on a free loopback port while the block runs; yields its base URL."""
    # Named as TCP, so that asyncio turns Nagle's algorithm off: answers would wait 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        running.app, http=BoundedHttp, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(WAIT_S):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells by a flag only
                await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        running.centre.hub.shut()
        server.should_exit = True
        await task
        listener.close()


class FrameReader:
    """Reads frames of one stream in their order."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.raw: list[str] = []

    async def next(self, *events: str, timeout_s: float = WAIT_S) -> Frame:
        """Return the next frame of one of these kinds (any, if none is named). Raises EOFError at the end."""
        async with asyncio.timeout(timeout_s):
            while True:
                frame = await self._frame()
                if not events or frame.event in events:
                    return frame

    async def next_event(self, type_: str) -> dict[str, Any]:
        """Return the next wire event of a type."""
        while True:
            for wire in (await self.next("events")).data["events"]:
                if wire["type"] == type_:
                    return dict(wire)

    async def rest(self, timeout_s: float = WAIT_S) -> list[Frame]:
        """Return every frame until the stream ends."""
        frames = []
        try:
            while True:
                frames.append(await self.next(timeout_s=timeout_s))
        except EOFError:
            return frames

    async def _frame(self) -> Frame:
        fields: dict[str, str] = {}
        async for line in self._lines:
            self.raw.append(line)
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                id_ = fields.get("id")
                return Frame(fields.get("event", "message"), None if id_ is None else int(id_), _parsed(fields["data"]))
            else:
                fields.clear()
        raise EOFError


def _parsed(data: str) -> Any:
    return json.loads(data)


@asynccontextmanager
async def streaming(base_url: str, person: Person, after: int) -> AsyncIterator[FrameReader]:
    """Open the stream of `person` behind event `after`; raises AssertionError when it is refused."""
    async with (
        httpx.AsyncClient(base_url=base_url, headers=person.credentials, timeout=WAIT_S) as client,
        client.stream("GET", "/api/stream", params={"after": after}, timeout=None) as response,
    ):
        assert response.status_code == 200, await response.aread()
        yield FrameReader(response)
