"""The HTTP routes of appointments: parse, authorise, call the service, answer. Each names its permission."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from markaz.core.acts import Request
from markaz.core.permissions import Grant, Permission, Role
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.oversight.appointments.service import Appointments

P = Permission
TERRITORY_MOST = 2**31 - 1


class AppointmentBody(BaseModel):
    """What a second person is asked for."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    role: Role
    territory_id: Annotated[int, Field(ge=0, le=TERRITORY_MOST, strict=True)]
    change: Literal["give", "take"]


def appointments_router(appointments: Appointments, guard: Guard) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/oversight/appointments", tags=["oversight"])
    maker = guard.requires(P.APPOINTMENT_MAKE)
    makes, reads = declares(P.APPOINTMENT_MAKE), declares(P.GOVERNANCE_READ)

    @router.get("", openapi_extra=reads)
    async def view(request: Annotated[Request, Depends(guard.requires(P.GOVERNANCE_READ))]) -> Response:
        """Return who holds the offices that watch over use, and what waits for a second person."""
        return reply(200, await appointments.view(request.actor))

    @router.post("", status_code=201, openapi_extra=makes)
    async def ask(body: AppointmentBody, request: Annotated[Request, Depends(maker)]) -> Response:
        """Ask to give a right that takes two people, or to take an office away."""
        grant = Grant(body.role, body.territory_id)
        return reply_of(await appointments.ask(request, body.account_id, grant, body.change))

    @router.post("/{request_id}/approval", openapi_extra=makes)
    async def approve(request_id: UUID, request: Annotated[Request, Depends(maker)]) -> Response:
        """Approve as the second person; it holds at once."""
        return reply_of(await appointments.approve(request, request_id))

    @router.post("/{request_id}/refusal", openapi_extra=makes)
    async def refuse(request_id: UUID, request: Annotated[Request, Depends(maker)]) -> Response:
        """Refuse as the second person."""
        return reply_of(await appointments.refuse(request, request_id))

    @router.post("/{request_id}/withdrawal", openapi_extra=makes)
    async def withdraw(request_id: UUID, request: Annotated[Request, Depends(maker)]) -> Response:
        """Take your own request back."""
        return reply_of(await appointments.withdraw(request, request_id))

    return router
