"""The HTTP routes of appointments: parse, authorise, call the service, answer. Each names its permission."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Response
from fastapi import Request as HttpRequest
from pydantic import BaseModel, ConfigDict, Field

from markaz.core.acts import Answer, Request
from markaz.core.permissions import Grant, Permission, Role
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


class Guard(Protocol):
    """What these routes need of the web floor."""

    def requires(self, permission: Permission) -> Callable[[HttpRequest], Awaitable[Request]]:
        """Return a dependency that yields the request of an actor who holds `permission` somewhere."""
        ...


def appointments_router(appointments: Appointments, guard: Guard) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/oversight/appointments", tags=["oversight"])
    maker = guard.requires(P.APPOINTMENT_MAKE)
    makes, reads = {"x-permission": P.APPOINTMENT_MAKE.value}, {"x-permission": P.GOVERNANCE_READ.value}

    @router.get("", openapi_extra=reads)
    async def view(request: Annotated[Request, Depends(guard.requires(P.GOVERNANCE_READ))]) -> Response:
        """Return who holds the offices that watch over use, and what waits for a second person."""
        return _reply(200, await appointments.view(request.actor))

    @router.post("", status_code=201, openapi_extra=makes)
    async def ask(body: AppointmentBody, request: Annotated[Request, Depends(maker)]) -> Response:
        """Ask to give a right that takes two people, or to take an office away."""
        grant = Grant(body.role, body.territory_id)
        return _answer(await appointments.ask(request, body.account_id, grant, body.change))

    @router.post("/{request_id}/approval", openapi_extra=makes)
    async def approve(request_id: UUID, request: Annotated[Request, Depends(maker)]) -> Response:
        """Approve as the second person; it holds at once."""
        return _answer(await appointments.approve(request, request_id))

    @router.post("/{request_id}/refusal", openapi_extra=makes)
    async def refuse(request_id: UUID, request: Annotated[Request, Depends(maker)]) -> Response:
        """Refuse as the second person."""
        return _answer(await appointments.refuse(request, request_id))

    @router.post("/{request_id}/withdrawal", openapi_extra=makes)
    async def withdraw(request_id: UUID, request: Annotated[Request, Depends(maker)]) -> Response:
        """Take your own request back."""
        return _answer(await appointments.withdraw(request, request_id))

    return router


def _reply(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


def _answer(answer: Answer) -> Response:
    return _reply(answer.status, answer.body)
