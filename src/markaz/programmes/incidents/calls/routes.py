"""The HTTP routes of taking calls: parse, authorise, call the service, answer. Each names its permission.

Its fixed paths, such as /api/incidents/nearby, must be included before those that hold an incident's id.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from markaz.core.acts import Request
from markaz.core.codes import CodeTables
from markaz.core.permissions import Permission
from markaz.kit.geometry import Point
from markaz.programmes.incidents import commands
from markaz.programmes.incidents.calls import shapes
from markaz.programmes.incidents.calls.service import AddCall, Calls, NearbyQuery
from markaz.programmes.incidents.routes import Guard, reply
from markaz.programmes.incidents.shapes import Caller, Code, Time

P = Permission
LonQuery = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)]
LatQuery = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)]
AccuracyQuery = Annotated[float, Query(ge=0, le=100_000, allow_inf_nan=False)]


def _needs(permission: Permission) -> dict[str, Any]:
    return {"x-permission": permission.value}


def calls_router(calls: Calls, guard: Guard, codes: CodeTables) -> APIRouter:
    """Return the routes of calls and their incidents."""
    router = APIRouter(prefix="/api", tags=["calls"])

    @router.post("/incidents", status_code=201, openapi_extra=_needs(P.INCIDENT_OPEN))
    async def open_incident(
        body: shapes.OpenIncidentBody, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_OPEN))]
    ) -> Response:
        """Register a call and open its incident; one that lies with another desk is passed on to it, never refused."""
        answer = await calls.open_incident(request, _opening(body, codes))
        return reply(answer.status, answer.body)

    @router.get("/incidents/nearby", openapi_extra=_needs(P.INCIDENT_READ))
    async def nearby(
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))],
        lon: LonQuery,
        lat: LatQuery,
        category: Annotated[Code, Query()] = "unknown",
        accuracy_m: AccuracyQuery = 0.0,
        received_at: Annotated[Time | None, Query()] = None,
    ) -> Response:
        """Return up to nine incidents a call may be about, the likeliest first, each with why."""
        query = NearbyQuery(Point(lon, lat), accuracy_m, category, received_at)
        return reply(200, await calls.nearby(request.actor, query))

    @router.post("/incidents/{incident_id}/calls", status_code=201, openapi_extra=_needs(P.INCIDENT_OPEN))
    async def add_call(
        incident_id: UUID,
        body: shapes.AddCallBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_OPEN))],
    ) -> Response:
        """Write a further call about an open incident down."""
        caller = body.caller or Caller()
        command = AddCall(
            channel=codes.channels.check(body.channel),
            occurred_at=body.occurred_at,
            caller_name=caller.name,
            caller_phone=caller.phone,
            address=body.address,
            text=body.text,
            is_covert=body.covert,
            safe_contact=tuple(body.safe_contact),
            entered_via=body.entered_via,
            reference=body.reference,
        )
        answer = await calls.add_call(request, incident_id, command)
        return reply(answer.status, answer.body)

    @router.get("/incidents/{incident_id}/calls", openapi_extra=_needs(P.INCIDENT_READ))
    async def calls_of(
        incident_id: UUID, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))]
    ) -> Response:
        """Return the calls of an incident; what names a caller only with the right to it, and then audited."""
        return reply(200, await calls.calls(request, incident_id))

    return router


def _opening(body: shapes.OpenIncidentBody, codes: CodeTables) -> commands.OpenIncident:
    caller = body.caller or Caller()
    category = codes.categories.get(codes.categories.check(body.category))
    return commands.OpenIncident(
        category=body.category,
        priority=codes.priorities.check(body.priority),
        channel=codes.channels.check(body.channel),
        place=None if body.place is None else body.place.point(),
        territory_id=body.territory_id,
        occurred_at=body.occurred_at,
        caller_name=caller.name,
        caller_phone=caller.phone,
        address=body.address,
        note=body.note,
        confidence=body.confidence,
        accuracy_m=body.accuracy_m,
        place_label=body.place_label,
        is_covert=body.covert,
        safe_contact=tuple(body.safe_contact),
        entered_via=body.entered_via,
        reference=body.reference,
        proposed_priority=None if category is None else category.priority,
        priority_reason=body.priority_reason,
    )
