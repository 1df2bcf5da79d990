"""The HTTP routes of alarms: parse, authorise, call the service, answer. Each names its permission."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from markaz.contracts.incidents import ClearReason
from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.incidents.alarms.service import Alarms
from markaz.programmes.incidents.alarms.shapes import EmergencyBody, ResolutionBody, WelfareBody

P = Permission


def alarms_router(alarms: Alarms, guard: Guard) -> APIRouter:
    """Return the routes of alarms."""
    router = APIRouter(prefix="/api", tags=["alarms"])

    @router.get("/alarms", openapi_extra=declares(P.ALARM_READ))
    async def listed(request: Annotated[Request, Depends(guard.requires(P.ALARM_READ))]) -> Response:
        """Return the alarms that have not ended, and the names of those who acknowledged them."""
        return reply(200, await alarms.listed(request.actor))

    @router.post("/alarms/{alarm_id}/acknowledgements", openapi_extra=declares(P.ALARM_READ))
    async def acknowledge(
        alarm_id: UUID,
        request: Annotated[Request, Depends(guard.requires(P.ALARM_READ))],
        press: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    ) -> Response:
        """Say that you have noticed an alarm. It goes silent for you and for nobody else.

        `press`: of how many presses of an emergency you knew; one that came meanwhile goes on sounding. Left out: all.
        """
        return reply_of(await alarms.acknowledge(request, alarm_id, press))

    @router.post("/alarms/{alarm_id}/resolution", openapi_extra=declares(P.ALARM_RESOLVE))
    async def resolve(
        alarm_id: UUID,
        body: ResolutionBody,
        request: Annotated[Request, Depends(guard.requires(P.ALARM_RESOLVE))],
    ) -> Response:
        """End an emergency and say how it ended."""
        return reply_of(await alarms.resolve(request, alarm_id, ClearReason(body.reason)))

    @router.post("/units/{unit_id}/emergency", status_code=201, openapi_extra=declares(P.EMERGENCY_RAISE))
    async def raise_emergency(
        unit_id: UUID,
        body: EmergencyBody,
        request: Annotated[Request, Depends(guard.requires(P.EMERGENCY_RAISE))],
    ) -> Response:
        """Raise a unit's emergency; a further press goes to the one that is open, which sounds again for everybody."""
        return reply_of(await alarms.raise_emergency(request, unit_id, body.press()))

    @router.post("/units/{unit_id}/welfare", openapi_extra=declares(P.UNIT_STATUS))
    async def hear_from(
        unit_id: UUID, _body: WelfareBody, request: Annotated[Request, Depends(guard.requires(P.UNIT_STATUS))]
    ) -> Response:
        """Note that a crew was heard of and is well."""
        return reply_of(await alarms.hear_from(request, unit_id))

    return router
