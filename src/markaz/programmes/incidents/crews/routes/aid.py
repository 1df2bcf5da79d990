"""The routes of mutual aid and of held positions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from markaz.core.acts import Request
from markaz.core.codes import CodeTables
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.incidents.crews import shapes
from markaz.programmes.incidents.crews.aid import Aid, Ask, Lend
from markaz.programmes.incidents.crews.holds import Holds

P = Permission


def aid_router(aid: Aid, holds: Holds, guard: Guard, codes: CodeTables) -> APIRouter:
    """Return the routes of mutual aid and of held positions."""
    router = APIRouter(prefix="/api", tags=["crews"])
    needs = declares(P.UNIT_LEND)

    @router.get("/aid", openapi_extra=needs)
    async def overview(request: Annotated[Request, Depends(guard.requires(P.UNIT_LEND))]) -> Response:
        """Return what your territories ask, are asked, lend and borrow."""
        return reply(200, await aid.overview(request.actor))

    @router.post("/aid-requests", status_code=201, openapi_extra=needs)
    async def ask(body: shapes.AidBody, request: Annotated[Request, Depends(guard.requires(P.UNIT_LEND))]) -> Response:
        """Ask a neighbour for units."""
        kind, reason = codes.unit_kinds.check(body.kind), codes.lend_reasons.check(body.reason)
        command = Ask(body.territory_id, body.from_territory, kind, body.count, body.until, reason)
        return reply_of(await aid.ask(request, command))

    @router.post("/aid-requests/{request_id}/refusal", openapi_extra=needs)
    async def refuse(
        request_id: UUID, body: shapes.RefusalBody, request: Annotated[Request, Depends(guard.requires(P.UNIT_LEND))]
    ) -> Response:
        """Say no, with a reason."""
        reason = codes.lend_refusals.check(body.reason)
        return reply_of(await aid.refuse(request, request_id, body.version, reason))

    @router.post("/aid-requests/{request_id}/withdrawal", openapi_extra=needs)
    async def withdraw(
        request_id: UUID, body: shapes.UnitReturnBody, request: Annotated[Request, Depends(guard.requires(P.UNIT_LEND))]
    ) -> Response:
        """Take a request back."""
        return reply_of(await aid.withdraw(request, request_id, body.version))

    @router.post("/units/{unit_id}/loan", openapi_extra=needs)
    async def lend(
        unit_id: UUID, body: shapes.LendBody, request: Annotated[Request, Depends(guard.requires(P.UNIT_LEND))]
    ) -> Response:
        """Lend a unit to a neighbour until a time."""
        command = Lend(body.to_territory, body.until, body.version, body.request_id)
        return reply_of(await aid.lend(request, unit_id, command))

    @router.post("/units/{unit_id}/return", openapi_extra=needs)
    async def bring_back(
        unit_id: UUID, body: shapes.UnitReturnBody, request: Annotated[Request, Depends(guard.requires(P.UNIT_LEND))]
    ) -> Response:
        """Send a lent unit home."""
        return reply_of(await aid.bring_back(request, unit_id, body.version))

    _add_holds(router, holds, guard)
    return router


def _add_holds(router: APIRouter, holds: Holds, guard: Guard) -> None:
    @router.post("/incidents/{incident_id}/position-hold", openapi_extra=declares(P.POSITION_HOLD))
    async def hold(
        incident_id: UUID,
        body: shapes.PositionHoldBody,
        request: Annotated[Request, Depends(guard.requires(P.POSITION_HOLD))],
    ) -> Response:
        """Hold the positions of an incident's units past their 30 days."""
        return reply_of(await holds.hold(request, incident_id, body.until, body.reason))

    @router.get("/incidents/{incident_id}/positions", openapi_extra=declares(P.POSITION_HOLD))
    async def held(
        incident_id: UUID, request: Annotated[Request, Depends(guard.requires(P.POSITION_HOLD))]
    ) -> Response:
        """Return the positions an incident holds; each look is recorded."""
        return reply(200, await holds.held(request, incident_id))
