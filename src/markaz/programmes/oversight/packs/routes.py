"""The HTTP route of audit packs: one button, one file."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from pydantic import AwareDatetime
from starlette.background import BackgroundTask

from markaz.core.acts import Request
from markaz.core.permissions import Actor, Permission
from markaz.core.routes import Guard, declares
from markaz.programmes.oversight.packs.service import Packs, remove

P = Permission


def packs_router(packs: Packs, guard: Guard, at_the_top: Callable[[Actor, Permission], None]) -> APIRouter:
    """Return the route. `at_the_top` raises Forbidden unless the actor holds a right in the whole centre."""
    router = APIRouter(prefix="/api/oversight", tags=["oversight"])
    file = {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}

    @router.get("/packs", openapi_extra=declares(P.AUDIT_PACK), responses={200: file}, response_class=FileResponse)
    async def pack(
        request: Annotated[Request, Depends(guard.requires(P.AUDIT_PACK))],
        since: Annotated[AwareDatetime, Query()],
        until: Annotated[AwareDatetime, Query()],
    ) -> FileResponse:
        """Return the signed audit pack of a period as a zip file; `witness.py verify` checks it unpacked, offline."""
        at_the_top(request.actor, P.AUDIT_PACK)
        made = await packs.make(request, since, until)
        return FileResponse(
            made, media_type="application/zip", filename=made.name, background=BackgroundTask(remove, made)
        )

    return router
