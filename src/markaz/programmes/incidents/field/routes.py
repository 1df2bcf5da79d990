"""The HTTP routes of a unit's phone. Each names its permission; whose unit it is, the service knows."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Request as HttpRequest

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.kit.geometry import Point
from markaz.programmes.incidents.field import shapes
from markaz.programmes.incidents.field.service import Kind, Report, UnitPhone
from markaz.programmes.incidents.shapes import Body, Time

P = Permission
_PHOTO = {
    "requestBody": {
        "required": True,
        "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _names_incident(body: Body) -> bool:
    """Say whether a phone said which incident it showed; that it showed none is said too."""
    return "incident_id" in body.model_fields_set


def field_router(phone: UnitPhone, guard: Guard) -> APIRouter:
    """Return the routes of the phone."""
    router = APIRouter(prefix="/api/field", tags=["field"])
    needs = declares(P.FIELD_REPORT)

    @router.get("/now", openapi_extra=needs)
    async def now(
        http: HttpRequest,
        request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))],
        incident: Annotated[UUID | None, Query()] = None,
        version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        hazards: Annotated[str | None, Query(pattern="^[0-9a-f]{16}$")] = None,
    ) -> Response:
        """Return my unit and the incident it works for; what the phone holds already is not sent again."""
        answer = await phone.now(request, incident_id=incident, version=version, hazards=hazards)
        response = reply(200, answer)
        if answer["unit"] is not None:
            guard.let_call_late(http, response)
        return response

    @router.post("/reports", openapi_extra=needs)
    async def report(
        body: shapes.ReportBody, request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))]
    ) -> Response:
        """Take one report of a crew in, also late, and say whether it was taken, said before, or stands beside."""
        return reply_of(await phone.report(request, Report(**body.model_dump(), names_incident=_names_incident(body))))

    @router.post("/emergencies", openapi_extra=needs)
    async def emergency(
        http: HttpRequest,
        body: shapes.FieldEmergencyBody,
        request: Annotated[Request, Depends(guard.requires_for_help(P.FIELD_REPORT))],
    ) -> Response:
        """Take the emergency button of a crew, also late, also while its session is over and it is still logged on."""
        what = Report(kind=Kind.EMERGENCY, **body.model_dump(), names_incident=_names_incident(body))
        return reply_of(await phone.report(request, what, is_late=http.state.is_late))

    @router.post("/photos", openapi_extra=needs | _PHOTO)
    async def photo(
        http: HttpRequest,
        request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))],
        key: UUID,
        unit_id: UUID,
        incident_id: UUID,
        at: Time,
        device_now: Time,
    ) -> Response:
        """Take a photo of a crew in, as a report: JPEG, PNG or WebP, drawn anew on the way."""
        what = Report(key, Kind.PHOTO, unit_id, at, device_now, incident_id)
        return reply_of(await phone.report(request, what, await http.body()))

    @router.post("/position", status_code=204, openapi_extra=needs)
    async def position(
        body: shapes.FieldPositionBody, request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))]
    ) -> Response:
        """Say where my unit is; kept only while it is logged on."""
        await phone.position(request, Point(body.lon, body.lat), body.accuracy_m, body.age_s)
        return Response(status_code=204)

    return router
