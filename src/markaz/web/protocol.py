"""HTTP/1.1 as uvicorn reads it, with a bound on the head of a request; the bound on the body is in web.middleware.

The parser collects a request line and headers without end, so one peer that never ends them could fill the memory.
"""

import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT_BYTES = 32_768  # request line and headers; browsers and proxies stay below 16 KB

log = logging.getLogger(__name__)


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose request head grows past the limit (by one read at most) before it is complete."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_is_open = True
        self._head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
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
        self._head_is_open = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._head_is_open = False
        super().on_headers_complete()
