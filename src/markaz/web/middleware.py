"""What surrounds every request: an id, a bound on the body, security headers, one log line, and the figures of /metrics.

Plain ASGI, so that a stream passes through without being wrapped chunk by chunk.
"""

import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from markaz.core import reach
from markaz.kit.ids import uuid7
from markaz.web.protocol import HEAD_LIMIT_BYTES

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("markaz.access")

CSP = (
    "default-src 'self'; img-src 'self' blob: data:; worker-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(self)"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
# The routes whose body is a file.
_ATTACHMENTS = re.compile(r"/api/incidents/[^/]+/attachments|/api/field/photos")
# Of others only what a proxy or a tracer makes: it goes into events and entries for ever, where no name may be said.
_REQUEST_ID = re.compile(rb"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Edge:
    """The outermost layer of the application."""

    def __init__(
        self, app: App, *, body_limit_bytes: int, attachment_limit_bytes: int, registry: CollectorRegistry
    ) -> None:
        self._app = app
        self._limit = body_limit_bytes
        self._attachment_limit = attachment_limit_bytes
        self._requests = Counter(
            "markaz_http_requests_total", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "markaz_http_request_seconds", "Time to the end of the answer.", ["route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", []))
                headers += [*SECURITY_HEADERS, (b"x-request-id", request_id.encode())]
                if scope["path"].startswith("/api/") and not any(k == b"cache-control" for k, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        app = self._app if _head_bytes(scope) <= HEAD_LIMIT_BYTES else _head_too_large
        try:
            with reach.within(None):  # nobody yet: the guard gives the request the reach of its actor
                await app(scope, _bounded(scope, receive, self._limit_of(scope)), send_on)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - began)

    def _limit_of(self, scope: Scope) -> int:
        is_attachment = scope["method"] == "POST" and _ATTACHMENTS.fullmatch(scope["path"]) is not None
        return self._attachment_limit if is_attachment else self._limit

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")  # the template: a path may hold ids
        self._requests.labels(scope["method"], route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        log.info(
            "request",
            extra={
                "request_id": request_id,
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "actor": scope["state"].get("actor_id"),
            },
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return uuid7().hex


def _head_bytes(scope: Scope) -> int:
    return sum(len(name) + len(value) for name, value in scope["headers"]) + len(scope["query_string"])


async def _head_too_large(scope: Scope, receive: Receive, send: Send) -> None:
    message = f"The address and headers are longer than {HEAD_LIMIT_BYTES} bytes: send less."
    body = {"code": "head_too_large", "message": message, "details": {}, "request_id": scope["state"]["request_id"]}
    await JSONResponse(body, status_code=431)(scope, receive, send)


def _bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
    too_long = declared.isdigit() and int(declared) > limit
    too_large = HTTPException(413, f"The request is larger than {limit} bytes: send less at once.")
    total = 0

    async def receive_bounded() -> Message:
        nonlocal total
        if too_long:
            raise too_large
        message = await receive()
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > limit:
                raise too_large
        return message

    return receive_bounded
