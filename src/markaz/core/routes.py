"""What every module of routes stands on: the guard it needs, the right a route declares, and how it answers.

Beside `web` and the `routes` of the programmes this is the one module that knows FastAPI. It decides nothing.
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import orjson
from fastapi import Request as HttpRequest
from fastapi import Response

from markaz.core.acts import Answer, Request
from markaz.core.permissions import Permission

PACKED_FROM_BYTES = 50_000  # below it packing saves no round trip
JSON_TYPE: Final = "application/json"


class Guard(Protocol):
    """What routes need of the web floor."""

    def requires(self, permission: Permission) -> Callable[[HttpRequest], Awaitable[Request]]:
        """Return a dependency that yields the request of an actor who holds `permission` somewhere."""
        ...

    def requires_for_help(self, permission: Permission) -> Callable[[HttpRequest], Awaitable[Request]]:
        """Return the same for a call for help: a session whose time was over lately is taken, `state.is_late` says so."""
        ...

    def let_call_late(self, http: HttpRequest, response: Response) -> None:
        """Let the browser of this request bring its session also after its end."""
        ...


def declares(permission: Permission) -> dict[str, Any]:
    """Return what a route puts into its OpenAPI entry, so that the right is public and checked at the start."""
    return {"x-permission": permission.value}


def reply(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """Return JSON bytes; the bodies are ours, so nothing needs validating on the way out."""
    return Response(orjson.dumps(body), status_code=status, media_type=JSON_TYPE, headers=headers)


def reply_of(answer: Answer) -> Response:
    """Return what an act answered, as JSON bytes."""
    return reply(answer.status, answer.body)


async def reply_packed(http: HttpRequest, body: Any) -> Response:
    """Return JSON bytes, packed when they are many and the client can unpack them: a country's picture is megabytes."""
    plain = orjson.dumps(body)
    if len(plain) < PACKED_FROM_BYTES or "gzip" not in http.headers.get("accept-encoding", ""):
        return Response(plain, media_type=JSON_TYPE, headers={"vary": "accept-encoding"})
    # Level 1 takes about 7 ms a megabyte, in a thread; the others halve the bytes once more at ten times the price.
    packed = await asyncio.to_thread(gzip.compress, plain, 1)
    headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(packed, media_type=JSON_TYPE, headers=headers)
