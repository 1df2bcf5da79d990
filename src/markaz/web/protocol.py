"""HTTP/1.1 as uvicorn reads it, with bounds on the head of a request and on how long a request may take to arrive.

The parser collects a request line and headers without end, so one peer that never ends them could fill the memory; and
it waits without end, so one that sends a byte now and then could hold every connection there is. The bound on the size
of the body is in web.middleware.
"""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT_BYTES = 32_768  # request line and headers; browsers and proxies stay below 16 KB
HEAD_WAIT_S = 20.0  # from connecting, or from the first byte, to the end of the head
BODY_WAIT_S = 60.0  # a full body over a line of 17 KB/s

log = logging.getLogger(__name__)


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose request head grows past the limit (by one read at most), or whose request is too slow."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_is_open = True
        self._head_bytes = 0
        self._is_under_way = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._expect_within(HEAD_WAIT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._expect_within(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        if self._deadline is None and not self._is_under_way:
            # Also for blank lines between requests, which begin none: uvicorn's own timer has just been stopped by them.
            self._expect_within(HEAD_WAIT_S)
        super().data_received(data)
        if not self._head_is_open:
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_LIMIT_BYTES and not self.transport.is_closing():
            log.warning("closed a connection whose request head is over %d bytes", HEAD_LIMIT_BYTES)
            self.send_400_response("The request line and headers are too long.")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._is_under_way = True
        self._head_is_open = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._head_is_open = False
        self._expect_within(BODY_WAIT_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop waiting: how long the answer takes is not the peer's doing."""
        self._is_under_way = False
        self._expect_within(None)
        super().on_message_complete()

    def _expect_within(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            log.info("closed a connection whose request did not arrive in time")
            self.transport.close()
