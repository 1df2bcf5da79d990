"""The routes of log-ons: on and off, the own unit, and who is on which unit for the desk."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from markaz.core.acts import Request
from markaz.core.codes import CodeTables
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.incidents.crews import domain, shapes
from markaz.programmes.incidents.crews.logons import Crews

P = Permission


def logons_router(crews: Crews, guard: Guard, codes: CodeTables) -> APIRouter:
    """Return the routes of log-ons."""
    router = APIRouter(prefix="/api", tags=["crews"])

    @router.get("/units/loggable", openapi_extra=declares(P.UNIT_LOG_ON))
    async def loggable(request: Annotated[Request, Depends(guard.requires(P.UNIT_LOG_ON))]) -> Response:
        """Return the units of your territory that wait for a crew."""
        return reply(200, await crews.loggable(request.actor))

    @router.post("/units/{unit_id}/log-on", status_code=201, openapi_extra=declares(P.UNIT_LOG_ON))
    async def log_on(
        unit_id: UUID, body: shapes.LogOnBody, request: Annotated[Request, Depends(guard.requires(P.UNIT_LOG_ON))]
    ) -> Response:
        """Log a crew on: an officer himself, or the desk for a crew that reports by radio. 409 names the other unit."""
        command = domain.LogOn(
            crew=tuple(body.crew),
            crew_size=body.crew_size,
            vehicle=body.vehicle,
            skills=tuple(dict.fromkeys(codes.skills.check(skill) for skill in body.skills)),
            shift_id=body.shift_id,
            takes_over=body.takes_over,
        )
        return reply_of(await crews.log_on(request, unit_id, command))

    @router.post("/units/{unit_id}/log-off", openapi_extra=declares(P.UNIT_LOG_ON))
    async def log_off(unit_id: UUID, request: Annotated[Request, Depends(guard.requires(P.UNIT_LOG_ON))]) -> Response:
        """Log a unit off; not while it works for an incident."""
        return reply_of(await crews.log_off(request, unit_id))

    @router.get("/me/unit", openapi_extra=declares(P.FIELD_REPORT))
    async def own_unit(request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))]) -> Response:
        """Return the unit you are logged on to and the incident it works for."""
        return reply(200, await crews.own_unit(request.actor))

    @router.get("/me/unit/position", openapi_extra=declares(P.FIELD_REPORT))
    async def own_position(request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))]) -> Response:
        """Return whether your unit's position is shared, and what others see of it."""
        return reply(200, await crews.own_position(request.actor))

    @router.get("/crews", openapi_extra=declares(P.CREW_READ))
    async def on_duty(request: Annotated[Request, Depends(guard.requires(P.CREW_READ))]) -> Response:
        """Return the crews on duty in your territories."""
        return reply(200, await crews.crews(request.actor))

    @router.get("/units/{unit_id}/crew", openapi_extra=declares(P.CREW_READ))
    async def crew(unit_id: UUID, request: Annotated[Request, Depends(guard.requires(P.CREW_READ))]) -> Response:
        """Return who is on a unit now."""
        return reply(200, await crews.crew(request.actor, unit_id))

    return router
