"""The routes that send units: parse, authorise, call the service, answer. Each names its permission."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi import Request as HttpRequest

from markaz.contracts.incidents import EnteredVia
from markaz.core.acts import Request
from markaz.core.codes import CodeTables
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of, reply_packed
from markaz.programmes.incidents.dispatch import commands, shapes
from markaz.programmes.incidents.dispatch.entering import Entering
from markaz.programmes.incidents.dispatch.holding import Holding
from markaz.programmes.incidents.dispatch.recommending import Recommending
from markaz.programmes.incidents.dispatch.service import Dispatching
from markaz.programmes.incidents.dispatch.undoing import Undoing

P = Permission
MOST_ITEMS = 2_000
NEEDS: dict[str, Any] = declares(P.INCIDENT_DISPATCH)


def dispatch_router(recommending: Recommending, dispatching: Dispatching, guard: Guard) -> APIRouter:
    """Return the routes that recommend, send, swap, divert and withdraw units."""
    router = APIRouter(prefix="/api/incidents/{incident_id}", tags=["dispatch"])
    allowed = guard.requires(P.INCIDENT_DISPATCH)

    @router.get("/recommendations", openapi_extra=NEEDS)
    async def recommendations(
        incident_id: UUID,
        http: HttpRequest,
        request: Annotated[Request, Depends(allowed)],
        limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 200,
    ) -> Response:
        """Return the units to send, the best first, with coded reasons; `of` is how many were considered."""
        return await reply_packed(http, await recommending.recommend(request.actor, incident_id, limit))

    @router.post("/dispatches", status_code=201, openapi_extra=NEEDS)
    async def dispatch(
        incident_id: UUID, body: shapes.DispatchBody, request: Annotated[Request, Depends(allowed)]
    ) -> Response:
        """Send units, all or none; 409 names for each one that is not free who was faster."""
        command = commands.Dispatch(
            unit_ids=tuple(dict.fromkeys(body.unit_ids)),
            version=body.version,
            recommendation_id=body.recommendation_id,
            override_reason=body.override_reason,
            occurred_at=body.occurred_at,
            via=body.via or EnteredVia.CONSOLE,
        )
        return reply_of(await dispatching.dispatch(request, incident_id, command))

    @router.post("/assignments/{unit_id}/withdrawal", openapi_extra=NEEDS)
    async def withdraw(
        incident_id: UUID,
        unit_id: UUID,
        body: shapes.WithdrawalBody,
        request: Annotated[Request, Depends(allowed)],
    ) -> Response:
        """Take a unit back before it arrives; its stages stay in the timeline."""
        command = commands.Withdraw(unit_id, body.version, commands.Withdrawn(body.reason.value))
        return reply_of(await dispatching.withdraw(request, incident_id, command))

    @router.post("/diversions", status_code=201, openapi_extra=NEEDS)
    async def divert(
        incident_id: UUID, body: shapes.DiversionBody, request: Annotated[Request, Depends(allowed)]
    ) -> Response:
        """Take a unit from the incident it drives to and send it here."""
        command = commands.Divert(body.unit_id, body.version, body.unit_version)
        return reply_of(await dispatching.divert(request, incident_id, command))

    @router.post("/swaps", status_code=201, openapi_extra=NEEDS)
    async def swap(incident_id: UUID, body: shapes.SwapBody, request: Annotated[Request, Depends(allowed)]) -> Response:
        """Send one unit instead of another that has not arrived."""
        command = commands.Swap(body.out_unit_id, body.in_unit_id, body.version)
        return reply_of(await dispatching.swap(request, incident_id, command))

    return router


def finished_router(entering: Entering, guard: Guard) -> APIRouter:
    """Return the routes of sendings that are over before anybody writes them down."""
    router = APIRouter(prefix="/api/incidents/{incident_id}", tags=["dispatch"])
    allowed = guard.requires(P.INCIDENT_DISPATCH)

    @router.post("/finished-sendings", status_code=201, openapi_extra=NEEDS)
    async def enter_finished(
        incident_id: UUID, body: shapes.FinishedBody, request: Annotated[Request, Depends(allowed)]
    ) -> Response:
        """Enter a sending that is over, of any unit; 409 when the unit is recorded at other work in that time."""
        command = commands.EnterFinished(body.unit_id, body.version, body.stages, body.via or EnteredVia.CONSOLE)
        return reply_of(await entering.enter(request, incident_id, command))

    @router.post("/finished-sendings/{seq}/strike", openapi_extra=declares(P.INCIDENT_CORRECT))
    async def strike_finished(
        incident_id: UUID,
        seq: Annotated[int, Path(ge=1, le=2**63 - 1)],
        body: shapes.StrikeBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CORRECT))],
    ) -> Response:
        """Strike out a finished sending that was entered wrongly; `seq` is its number in the timeline, where it stays."""
        command = commands.StrikeFinished(seq, body.version, body.reason)
        return reply_of(await entering.strike(request, incident_id, command))

    return router


def holding_router(holding: Holding, guard: Guard, codes: CodeTables) -> APIRouter:
    """Return the routes of the held queue and of backup."""
    router = APIRouter(prefix="/api/incidents/{incident_id}", tags=["dispatch"])
    allowed = guard.requires(P.INCIDENT_DISPATCH)

    @router.post("/hold", openapi_extra=NEEDS)
    async def hold(incident_id: UUID, body: shapes.HoldBody, request: Annotated[Request, Depends(allowed)]) -> Response:
        """Let an incident wait until a time."""
        return reply_of(await holding.hold(request, incident_id, commands.Hold(body.until, body.reason, body.version)))

    @router.post("/release", openapi_extra=NEEDS)
    async def release(
        incident_id: UUID, body: shapes.VersionBody, request: Annotated[Request, Depends(allowed)]
    ) -> Response:
        """Let a held incident wait no more."""
        return reply_of(await holding.release(request, incident_id, body.version))

    @router.post("/backup", openapi_extra=NEEDS)
    async def ask_backup(
        incident_id: UUID, body: shapes.BackupBody, request: Annotated[Request, Depends(allowed)]
    ) -> Response:
        """Ask for further units."""
        kind = None if body.kind is None else codes.unit_kinds.check(body.kind)
        return reply_of(
            await holding.ask_backup(request, incident_id, commands.AskBackup(body.count, kind, body.version))
        )

    @router.post("/backup/withdrawal", openapi_extra=NEEDS)
    async def end_backup(
        incident_id: UUID, body: shapes.VersionBody, request: Annotated[Request, Depends(allowed)]
    ) -> Response:
        """Take the flag down: no further units are needed."""
        return reply_of(await holding.end_backup(request, incident_id, body.version))

    return router


def undo_router(undoing: Undoing, guard: Guard) -> APIRouter:
    """Return the route that says what one may take back."""
    router = APIRouter(prefix="/api", tags=["dispatch"])

    @router.get("/undo", openapi_extra=NEEDS)
    async def last_act(
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_DISPATCH))],
    ) -> Response:
        """Return your last act that still stands and can be taken back by a correcting event, or null."""
        return reply(200, await undoing.last(request.actor))

    return router
