"""The ways the stream reaches a client, behind one face, and the strict reading of its bytes.

A new transport is added to TRANSPORTS and must pass tests/contract/test_stream_contract.py unchanged. The reading is
stricter than a browser's: it takes exactly the frames of core/stream/frames.py and nothing else.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from tests.contract.wire import Answer, get
from tests.support.centre import RunningCentre
from tests.support.live import serving
from tests.support.people import Person

from markaz.core.errors import MarkazError
from markaz.core.identity import actor_of_session, token_hash

PATIENCE_S = 20.0  # a loaded machine is no fault of the stream
HEARTBEAT = re.compile(rb":\n\n")
EVENTS = re.compile(rb"id: ([1-9][0-9]*)\nevent: events\ndata: (\{[^\n]*\})\n\n")
TELEMETRY = re.compile(rb"event: (positions|clock|end)\ndata: ([^\n]*)\n\n")


@dataclass(frozen=True)
class Frame:
    """One frame as it was read. `kind` is heartbeat, events, positions, clock or end."""

    kind: str
    data: Any = None


class Refused(Exception):
    """The stream was not opened."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class Stream:
    """One open stream. `chunk` returns the next bytes, empty at the end."""

    def __init__(self, chunk: Callable[[], Any], close: Callable[[], Any]) -> None:
        self._chunk = chunk
        self._close = close
        self._rest = b""
        self.raw = b""

    async def next(self, *kinds: str, patience_s: float = PATIENCE_S) -> Frame:
        """Return the next frame of these kinds (events and end, if none is named). Raises EOFError at the end."""
        wanted = kinds or ("events", "end")
        async with asyncio.timeout(patience_s):
            while True:
                frame = self._parse()
                if frame is None:
                    piece = await self._chunk()
                    if not piece:
                        assert self._rest == b"", "the stream ended within a frame"
                        raise EOFError
                    self._rest += piece
                    self.raw += piece
                elif frame.kind in wanted:
                    return frame

    async def until(self, seq: int, *, patience_s: float = PATIENCE_S) -> list[dict[str, Any]]:
        """Return the events frames up to the one that covers `seq`."""
        frames: list[dict[str, Any]] = []
        async with asyncio.timeout(patience_s):
            while not frames or frames[-1]["seq"] < seq:
                frame = await self.next(patience_s=patience_s)
                assert frame.kind == "events", frame
                frames.append(frame.data)
        return frames

    async def end(self) -> dict[str, Any]:
        """Return the end frame, and see that nothing follows it."""
        frame = await self.next("end")
        try:
            extra = await self.next("heartbeat", "events", "positions", "clock", "end")
        except EOFError:
            assert isinstance(frame.data, dict)
            return frame.data
        raise AssertionError(f"after the end: {extra}")

    async def close(self) -> None:
        """Hang up."""
        await self._close()

    def _parse(self) -> Frame | None:
        if b"\n\n" not in self._rest:
            return None
        for pattern in (HEARTBEAT, EVENTS, TELEMETRY):
            found = pattern.match(self._rest)
            if found is None:
                continue
            self._rest = self._rest[found.end() :]
            if pattern is HEARTBEAT:
                return Frame("heartbeat")
            data = orjson.loads(found[2])
            if pattern is EVENTS:
                assert int(found[1]) == data["seq"], "the id is not the number"
                assert set(data) == {"after", "seq", "events"}
                return Frame("events", data)
            return Frame(found[1].decode(), data)
        raise AssertionError(f"not a frame: {self._rest[:200]!r}")


class Opener(Protocol):
    """A running centre and a way to read its stream."""

    running: RunningCentre

    async def open(self, person: Person, after: int) -> Stream:
        """Open the stream of `person` after a number. Raises Refused."""
        ...


@dataclass
class HubOpener:
    """The hub itself: the bytes before any transport."""

    running: RunningCentre

    async def open(self, person: Person, after: int) -> Stream:
        """Open the stream of `person` after a number."""
        token = person.credentials["Cookie"].partition("=")[2]
        centre = self.running.centre
        async with centre.database.connection() as connection:
            actor, expires_at = await actor_of_session(connection, token, now=centre.clock.now())
        try:
            frames = await centre.hub.open(actor, after, expires_at=expires_at, session_key=token_hash(token))
        except MarkazError as error:
            raise Refused(error.status, error.code) from error

        async def chunk() -> bytes:
            return await anext(frames, b"")

        async def close() -> None:
            async with aclosing(frames):
                pass

        return Stream(chunk, close)


@dataclass
class SseOpener:
    """Server-sent events over HTTP/1.1."""

    running: RunningCentre
    base_url: str

    async def open(self, person: Person, after: int) -> Stream:
        """Open the stream of `person` after a number."""
        answer = await self.ask(person, f"/api/stream?after={after}")
        if answer.status != 200:
            body = orjson.loads(await answer.chunk())
            answer.close()
            raise Refused(answer.status, body["code"])
        return stream_of(answer)

    async def ask(self, person: Person, path: str, **more: str) -> Answer:
        """Send a GET as `person`."""
        return await get(urlsplit(self.base_url).port or 0, path, {**person.credentials, **more})


def stream_of(answer: Answer) -> Stream:
    """Return the stream of an accepted request."""

    async def close() -> None:
        answer.close()

    return Stream(answer.chunk, close)


@asynccontextmanager
async def _hub(running: RunningCentre) -> AsyncIterator[Opener]:
    yield HubOpener(running)


@asynccontextmanager
async def _sse(running: RunningCentre) -> AsyncIterator[Opener]:
    async with serving(running) as base_url:
        yield SseOpener(running, base_url)


TRANSPORTS: dict[str, Callable[[RunningCentre], AbstractAsyncContextManager[Opener]]] = {"hub": _hub, "sse": _sse}
