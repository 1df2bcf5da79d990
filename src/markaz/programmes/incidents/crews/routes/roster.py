"""The routes of shifts, the roster and swaps."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.incidents.crews import shapes
from markaz.programmes.incidents.crews.roster import Rosters

P = Permission


def roster_router(rosters: Rosters, guard: Guard) -> APIRouter:
    """Return the routes of shifts, the roster and swaps."""
    router = APIRouter(prefix="/api", tags=["crews"])

    @router.get("/shifts", openapi_extra=declares(P.CREW_READ))
    async def shifts(request: Annotated[Request, Depends(guard.requires(P.CREW_READ))]) -> Response:
        """Return the shifts of your territories that run, come or have just ended."""
        return reply(200, await rosters.shifts(request.actor))

    @router.post("/shifts", status_code=201, openapi_extra=declares(P.ROSTER_PLAN))
    async def plan(
        body: shapes.ShiftBody, request: Annotated[Request, Depends(guard.requires(P.ROSTER_PLAN))]
    ) -> Response:
        """Plan a shift."""
        return reply_of(await rosters.plan(request, body.territory_id, body.name, body.day))

    @router.get("/shifts/{shift_id}", openapi_extra=declares(P.CREW_READ))
    async def shift(shift_id: UUID, request: Annotated[Request, Depends(guard.requires(P.CREW_READ))]) -> Response:
        """Return a shift, who stands in it, and who is not logged on yet."""
        return reply(200, await rosters.shift(request.actor, shift_id))

    @router.put("/shifts/{shift_id}/roster", openapi_extra=declares(P.ROSTER_PLAN))
    async def put(
        shift_id: UUID,
        body: shapes.RosterBody,
        request: Annotated[Request, Depends(guard.requires(P.ROSTER_PLAN))],
    ) -> Response:
        """Replace the roster of a shift."""
        entries = [(one.unit_id, one.account_id) for one in body.entries]
        return reply_of(await rosters.put(request, shift_id, body.version, entries))

    @router.get("/me/roster", openapi_extra=declares(P.FIELD_REPORT))
    async def mine(request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))]) -> Response:
        """Return your coming shifts and your swaps."""
        return reply(200, await rosters.mine(request.actor))

    @router.get("/roster-swaps", openapi_extra=declares(P.ROSTER_PLAN))
    async def swaps(request: Annotated[Request, Depends(guard.requires(P.ROSTER_PLAN))]) -> Response:
        """Return the swaps of your territories."""
        return reply(200, await rosters.swaps(request.actor))

    @router.post("/roster-swaps", status_code=201, openapi_extra=declares(P.FIELD_REPORT))
    async def ask(
        body: shapes.RosterSwapBody, request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))]
    ) -> Response:
        """Ask a colleague to stand in for you."""
        return reply_of(await rosters.ask_swap(request, body.shift_id, body.to))

    @router.post("/roster-swaps/{swap_id}/steps", openapi_extra=declares(P.FIELD_REPORT))
    async def step(
        swap_id: UUID,
        body: shapes.SwapStepBody,
        request: Annotated[Request, Depends(guard.requires(P.FIELD_REPORT))],
    ) -> Response:
        """Accept, decline or withdraw a swap."""
        return reply_of(await rosters.step(request, swap_id, body.version, body.step))

    @router.post("/roster-swaps/{swap_id}/decision", openapi_extra=declares(P.ROSTER_PLAN))
    async def decide(
        swap_id: UUID,
        body: shapes.SwapDecisionBody,
        request: Annotated[Request, Depends(guard.requires(P.ROSTER_PLAN))],
    ) -> Response:
        """Confirm or reject a swap that was accepted."""
        return reply_of(await rosters.step(request, swap_id, body.version, body.step))

    return router
