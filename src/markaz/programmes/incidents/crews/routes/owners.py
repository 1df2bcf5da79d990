"""The routes of owners, colleagues and presence."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.incidents.crews import shapes
from markaz.programmes.incidents.crews.owners import Ownership, SetOwner
from markaz.programmes.incidents.crews.presence import Presence
from markaz.programmes.incidents.reading import Reading

P = Permission


def owners_router(ownership: Ownership, presence: Presence, reading: Reading, guard: Guard) -> APIRouter:
    """Return the routes of owners, colleagues and presence."""
    router = APIRouter(prefix="/api", tags=["crews"])

    @router.post("/incidents/{incident_id}/owner", openapi_extra=declares(P.INCIDENT_CHANGE))
    async def set_owner(
        incident_id: UUID,
        body: shapes.OwnerBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Take an incident over (`me`) or hand it to a colleague; 409 names who was faster."""
        to = None if body.to == "me" else body.to
        return reply_of(await ownership.set_owner(request, incident_id, SetOwner(to, body.version)))

    @router.get("/colleagues", openapi_extra=declares(P.CREW_READ))
    async def colleagues(request: Annotated[Request, Depends(guard.requires(P.CREW_READ))]) -> Response:
        """Return the people of the desks of your territories."""
        return reply(200, await ownership.colleagues(request.actor))

    @router.put("/presence", status_code=204, openapi_extra=declares(P.CREW_READ))
    async def put_presence(
        body: shapes.PresenceBody, request: Annotated[Request, Depends(guard.requires(P.CREW_READ))]
    ) -> Response:
        """Say that you are at your desk, and which incident you have open."""
        territory_id = None
        if body.incident_id is not None:
            territory_id = await reading.territory_of(request.actor, body.incident_id)
        presence.beat(request.actor, body.incident_id, territory_id)
        return Response(status_code=204)

    return router
