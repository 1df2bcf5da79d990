"""The routes of open tasks: parse, authorise, call the service, answer. Each names its permission."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.oversight.tasks import shapes
from markaz.programmes.oversight.tasks.service import Tasks

P = Permission


def tasks_router(tasks: Tasks, guard: Guard) -> APIRouter:
    """Return the routes of the list, and of answers that have no screen of their own."""
    router = APIRouter(prefix="/api/oversight", tags=["oversight"])

    @router.get("/tasks", openapi_extra=declares(P.SIGNED_IN))
    async def waiting(request: Annotated[Request, Depends(guard.requires(P.SIGNED_IN))]) -> Response:
        """Return the open tasks of oversight that wait for you or that you watch, what is due first first."""
        return reply(200, await tasks.waiting(request.actor))

    @router.get("/corrections/{task_id}", openapi_extra=declares(P.RIGHT_CARRY_OUT))
    async def correction(
        task_id: UUID, request: Annotated[Request, Depends(guard.requires(P.RIGHT_CARRY_OUT))]
    ) -> Response:
        """Return a correction your desk must make, with what the person says is wrong; this look is an entry of the log."""
        return reply(200, await tasks.correction(request, task_id))

    @router.post("/tasks/{task_id}/take", openapi_extra=declares(P.RIGHT_CARRY_OUT))
    async def take(
        task_id: UUID,
        body: shapes.TakeBody,
        request: Annotated[Request, Depends(guard.requires(P.RIGHT_CARRY_OUT))],
    ) -> Response:
        """Take a correction that your desk must make, from whoever had it; a purpose can then be tied to it."""
        return reply_of(await tasks.take(request, task_id, body.version))

    @router.post("/corrections/{task_id}/answer", openapi_extra=declares(P.RIGHT_CARRY_OUT))
    async def carry_out(
        task_id: UUID,
        body: shapes.CarriedBody,
        request: Annotated[Request, Depends(guard.requires(P.RIGHT_CARRY_OUT))],
    ) -> Response:
        """Say that the correction was made, or why it cannot be."""
        return reply_of(await tasks.carry_out(request, task_id, body.version, body.answer, body.remark))

    @router.post("/grants/{task_id}/answer", openapi_extra=declares(P.AUDIT_READ))
    async def confirm(
        task_id: UUID,
        body: shapes.ConfirmationBody,
        request: Annotated[Request, Depends(guard.requires(P.AUDIT_READ))],
    ) -> Response:
        """Say whether rights that one person gave on the machine are in order; if not, they end."""
        return reply_of(await tasks.confirm(request, task_id, body.version, body.answer, body.remark))

    return router
