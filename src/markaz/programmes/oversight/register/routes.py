"""The HTTP route of the register of processing. Everybody who works here may read it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply
from markaz.programmes.oversight.register.service import Register

P = Permission


def register_router(register: Register, guard: Guard) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/api/oversight", tags=["oversight"])

    @router.get("/register", openapi_extra=declares(P.SIGNED_IN))
    async def view(_request: Annotated[Request, Depends(guard.requires(P.SIGNED_IN))]) -> Response:
        """Return the register of processing activities: what is held, for what, on which ground, until when."""
        return reply(200, await register.view())

    return router
