"""The HTTP route of the register of processing. Everybody who works here may read it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

import orjson
from fastapi import APIRouter, Depends, Response
from fastapi import Request as HttpRequest

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.programmes.oversight.register.service import Register

P = Permission


class Guard(Protocol):
    """What this route needs of the web floor."""

    def requires(self, permission: Permission) -> Callable[[HttpRequest], Awaitable[Request]]:
        """Return a dependency that yields the request of an actor who holds `permission` somewhere."""
        ...


def register_router(register: Register, guard: Guard) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/api/oversight", tags=["oversight"])

    @router.get("/register", openapi_extra={"x-permission": P.SIGNED_IN.value})
    async def view(_request: Annotated[Request, Depends(guard.requires(P.SIGNED_IN))]) -> Response:
        """Return the register of processing activities: what is held, for what, on which ground, until when."""
        return Response(orjson.dumps(await register.view()), media_type="application/json")

    return router
