"""The stream route: it finds out who asks and from where, then only writes the hub's bytes."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from markaz.core.acts import Request
from markaz.core.errors import InvalidInput
from markaz.core.identity import token_hash
from markaz.core.stream.hub import Hub

log = logging.getLogger(__name__)

SEND_TIMEOUT_S = 60.0  # a peer that takes nothing for a minute is gone


def drop_stalled(listener: socket.socket, after_s: float = SEND_TIMEOUT_S) -> None:
    """Let the kernel drop connections whose peer takes nothing for that long; those accepted inherit it (RFC 5482).

    Closing such a connection would wait for ever for what is still unsent, and hold its memory as long. Only where the
    kernel can: on others a stalled peer costs its buffers until it goes.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(after_s * 1000))


class EventStream(Response):
    """Writes frames until the peer leaves, stalls or the hub ends the stream."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._frames = frames
        self._pieces = 0  # given to the transport, the one on its way included
        self._is_sending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        feed = asyncio.ensure_future(self._feed(send))
        gone = asyncio.ensure_future(_until_gone(receive))
        stalled = asyncio.ensure_future(self._until_stalled())
        try:
            await asyncio.wait({feed, gone, stalled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (feed, gone, stalled):
                task.cancel()
            ended, *_ = await asyncio.gather(feed, gone, stalled, return_exceptions=True)
            if isinstance(ended, Exception):
                log.warning("a stream was cut off", exc_info=ended)

    async def _feed(self, send: Send) -> None:
        async with aclosing(self._frames) as frames:
            async for frame in frames:
                self._pieces += 1
                self._is_sending = True
                await send({"type": "http.response.body", "body": frame, "more_body": True})
                self._is_sending = False
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_stalled(self) -> None:
        """Return when one piece has been on its way from one look to the next: the peer takes nothing.

        A look now and then costs nothing; a timer for each piece costs an eighth of sending it to everybody.
        """
        seen = None
        while not self._is_sending or self._pieces != seen:
            seen = self._pieces
            await asyncio.sleep(SEND_TIMEOUT_S)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def open_stream(hub: Hub, http: HttpRequest, request: Request, after: int | None, cookie: str) -> EventStream:
    """Return the stream after `after`, or after the header Last-Event-ID when a browser comes back by itself."""
    last = http.headers.get("last-event-id")
    if last is not None:
        if not last.isascii() or not last.isdigit() or len(last) > 18:
            raise InvalidInput("Last-Event-ID is not a number of ours.", field="Last-Event-ID")
        after = int(last)
    if after is None:
        raise InvalidInput("Say after which number: take a snapshot and pass its seq.", field="after")
    expires_at = http.state.session_expires_at
    token = http.cookies[cookie] if expires_at is not None else None  # a service key has no session
    frames = await hub.open(
        request.actor, after, expires_at=expires_at, session_key=None if token is None else token_hash(token)
    )
    return EventStream(frames)
