"""The desk's HTTP routes: parse, authorise, call the service, answer. Each names its permission."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Request as HttpRequest

from markaz.contracts.incidents import EnteredVia, PlaceConfidence
from markaz.core.acts import Request
from markaz.core.codes import CodeTables
from markaz.core.permissions import Actor, Permission
from markaz.core.routes import Guard, declares, reply, reply_of, reply_packed
from markaz.programmes.incidents import commands, shapes
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.intake import Intake
from markaz.programmes.incidents.outcomes import closing
from markaz.programmes.incidents.positions import Fix, Positions
from markaz.programmes.incidents.reading import PAGE_LIMIT, IncidentQuery, Reading
from markaz.programmes.incidents.service import Desk

P = Permission
SetClock = Callable[[Actor, shapes.ReplayClockBody | None], None]


def desk_router(desk: Desk, guard: Guard, codes: CodeTables) -> APIRouter:
    """Return the routes of the commands of live officers."""
    router = APIRouter(prefix="/api", tags=["desk"])
    _add_assignments(router, desk, guard)
    _add_incident(router, desk, guard, codes)
    _add_units(router, desk, guard, codes)
    return router


def _add_assignments(router: APIRouter, desk: Desk, guard: Guard) -> None:
    @router.post("/incidents/{incident_id}/assignments", status_code=201, openapi_extra=declares(P.INCIDENT_DISPATCH))
    async def assign_unit(
        incident_id: UUID,
        body: shapes.AssignBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_DISPATCH))],
    ) -> Response:
        """Send a unit; 409 names who was faster."""
        via = body.via or EnteredVia.CONSOLE
        command = commands.AssignUnit(body.unit_id, body.version, body.unit_version, body.occurred_at, via)
        return reply_of(await desk.assign_unit(request, incident_id, command))

    @router.post("/incidents/{incident_id}/assignments/{unit_id}/stages", openapi_extra=declares(P.INCIDENT_DISPATCH))
    async def report_stage(
        incident_id: UUID,
        unit_id: UUID,
        body: shapes.StageBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_DISPATCH))],
    ) -> Response:
        """Record that a unit reached a stage; 422 `stage_order` when that cannot be."""
        command = commands.ReportStage(
            unit_id, body.stage, body.version, body.occurred_at, body.via or EnteredVia.CONSOLE
        )
        return reply_of(await desk.report_stage(request, incident_id, command))

    @router.post("/incidents/{incident_id}/corrections", openapi_extra=declares(P.INCIDENT_CORRECT))
    async def correct_stage(
        incident_id: UUID,
        body: shapes.CorrectionBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CORRECT))],
    ) -> Response:
        """Correct an earlier report; the report stays in the timeline, marked."""
        command = commands.CorrectStage(
            body.unit_id, body.stage, body.version, body.corrects_seq, body.occurred_at, body.reason
        )
        return reply_of(await desk.correct_stage(request, incident_id, command))


def _add_incident(router: APIRouter, desk: Desk, guard: Guard, codes: CodeTables) -> None:
    @router.post("/incidents/{incident_id}/changes", openapi_extra=declares(P.INCIDENT_CHANGE))
    async def change_incident(
        incident_id: UUID,
        body: shapes.ChangeBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Change category, priority, place or territory."""
        command = commands.ChangeIncident(
            version=body.version,
            reason=body.reason,
            category=None if body.category is None else codes.categories.check(body.category),
            priority=None if body.priority is None else codes.priorities.check(body.priority),
            place=None if body.place is None else body.place.point(),
            place_unknown="place" in body.model_fields_set and body.place is None,
            territory_id=body.territory_id,
            confidence=body.confidence or PlaceConfidence.UNKNOWN,
            accuracy_m=body.accuracy_m,
            place_label=body.place_label,
        )
        return reply_of(await desk.change_incident(request, incident_id, command))

    @router.post("/incidents/{incident_id}/close", openapi_extra=declares(P.INCIDENT_CLOSE))
    async def close_incident(
        incident_id: UUID,
        body: shapes.CloseBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CLOSE))],
    ) -> Response:
        """Close an incident with a coded outcome."""
        command = closing(codes, body)
        return reply_of(await desk.close_incident(request, incident_id, command))

    @router.post("/incidents/{incident_id}/notes", status_code=201, openapi_extra=declares(P.INCIDENT_CHANGE))
    async def add_note(
        incident_id: UUID,
        body: shapes.NoteBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Add a note; its text is sealed."""
        return reply_of(
            await desk.add_note(
                request, incident_id, body.text, occurred_at=body.occurred_at, via=body.via or EnteredVia.CONSOLE
            )
        )


def _add_units(router: APIRouter, desk: Desk, guard: Guard, codes: CodeTables) -> None:
    @router.post("/units", status_code=201, openapi_extra=declares(P.UNIT_REGISTER))
    async def register_unit(
        body: shapes.RegisterUnitBody, request: Annotated[Request, Depends(guard.requires(P.UNIT_REGISTER))]
    ) -> Response:
        """Add a unit to a territory."""
        command = commands.RegisterUnit(body.call_sign, codes.unit_kinds.check(body.kind), body.territory_id)
        return reply_of(await desk.register_unit(request, command))

    @router.post("/units/{unit_id}/status", openapi_extra=declares(P.UNIT_STATUS))
    async def set_unit_status(
        unit_id: UUID,
        body: shapes.UnitStatusBody,
        request: Annotated[Request, Depends(guard.requires(P.UNIT_STATUS))],
    ) -> Response:
        """Set what a unit does, between incidents."""
        reason = None if body.reason is None else codes.status_reasons.check(body.reason)
        command = commands.SetUnitStatus(body.status, body.version, body.occurred_at, reason)
        return reply_of(await desk.set_unit_status(request, unit_id, command))


def reading_router(reading: Reading, guard: Guard, replay_clock: Callable[[], Any]) -> APIRouter:
    """Return the routes that read."""
    router = APIRouter(prefix="/api", tags=["reading"])

    @router.get("/snapshot", openapi_extra=declares(P.INCIDENT_READ))
    async def snapshot(
        http: HttpRequest, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))]
    ) -> Response:
        """Return the live picture and the stream number it is of."""
        return await reply_packed(http, await reading.snapshot(request.actor) | {"clock": replay_clock()})

    _add_records(router, reading, guard)
    _add_figures(router, reading, guard)
    return router


def _add_records(router: APIRouter, reading: Reading, guard: Guard) -> None:
    @router.get("/incidents", openapi_extra=declares(P.INCIDENT_READ))
    async def incidents(
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))],
        status: Literal["open", "closed", "all"] = "open",
        territory: Annotated[shapes.TerritoryQuery | None, Query()] = None,
        priority: Annotated[shapes.Code | None, Query()] = None,
        source: Annotated[shapes.Code | None, Query()] = None,
        received_from: Annotated[shapes.Time | None, Query(alias="from")] = None,
        received_to: Annotated[shapes.Time | None, Query(alias="to")] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        category: Annotated[shapes.Code | None, Query()] = None,
        channel: Annotated[shapes.Code | None, Query()] = None,
        outcome: Annotated[shapes.Code | None, Query()] = None,
    ) -> Response:
        """Return a page of incidents, newest first."""
        query = IncidentQuery(
            status, territory, priority, source, received_from, received_to, limit, cursor, category, channel, outcome
        )
        return reply(200, await reading.incidents(request.actor, query))

    @router.get("/incidents/{incident_id}", openapi_extra=declares(P.INCIDENT_READ))
    async def card(
        incident_id: UUID, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))]
    ) -> Response:
        """Return an incident; sealed fields only with the right to them, and then audited."""
        return reply(200, await reading.card(request, incident_id))

    @router.get("/incidents/{incident_id}/timeline", openapi_extra=declares(P.INCIDENT_READ))
    async def timeline(
        incident_id: UUID,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))],
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:
        """Return the newest reports of an incident with their corrections; `earlier` leads to the page before."""
        return reply(200, await reading.timeline(request, incident_id, before))

    @router.post("/incidents/{incident_id}/erasure", openapi_extra=declares(P.PERSON_ERASE))
    async def erase(
        incident_id: UUID, request: Annotated[Request, Depends(guard.requires(P.PERSON_ERASE))]
    ) -> Response:
        """Destroy the keys of what an incident holds of people."""
        return reply_of(await reading.erase(request, incident_id))


def _add_figures(router: APIRouter, reading: Reading, guard: Guard) -> None:
    @router.get("/figures/response", openapi_extra=declares(P.FIGURES_READ))
    async def response_figures(
        request: Annotated[Request, Depends(guard.requires(P.FIGURES_READ))],
        territory: Annotated[shapes.TerritoryQuery | None, Query()] = None,
        source: Annotated[shapes.Code | None, Query()] = None,
        received_from: Annotated[shapes.Time | None, Query(alias="from")] = None,
        received_to: Annotated[shapes.Time | None, Query(alias="to")] = None,
    ) -> Response:
        """Return response times by priority, and for each the list of its records."""
        query = IncidentQuery("all", territory, None, source, received_from, received_to)
        return reply(200, await reading.response_figures(request.actor, query))

    @router.get("/units", openapi_extra=declares(P.UNIT_READ))
    async def units(request: Annotated[Request, Depends(guard.requires(P.UNIT_READ))]) -> Response:
        """Return the units you may see."""
        return reply(200, await reading.units(request.actor))

    @router.get("/territories/{territory_id}/counts", openapi_extra=declares(P.INCIDENT_READ))
    async def counts(
        territory_id: int, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))]
    ) -> Response:
        """Return open incidents and units of a territory and its children."""
        return reply(200, await reading.counts(request.actor, territory_id))


def intake_router(intake: Intake, guard: Guard, set_clock: SetClock) -> APIRouter:
    """Return the routes for other systems' calls."""
    router = APIRouter(prefix="/api/intake", tags=["intake"])
    needs = declares(P.INTAKE)

    @router.post(
        "/calls", status_code=201, openapi_extra=needs, responses={200: {"description": "The call is there already."}}
    )
    async def call(
        body: shapes.IntakeCallBody, request: Annotated[Request, Depends(guard.requires(P.INTAKE))]
    ) -> Response:
        """Register a call of another system; 200 when it is there already."""
        command = commands.IntakeCall(
            source=body.source,
            call_key=body.call_key,
            number=body.number,
            category=body.category,
            priority=body.priority,
            initial_priority=body.initial_priority,
            channel=body.channel,
            place=None if body.place is None else body.place.point(),
            received=body.received.time(),
            entered=None if body.entered is None else body.entered.time(),
            arrived=None if body.arrived is None else body.arrived.time(),
            address=body.address,
            flags=tuple(flag.value for flag in body.flags),
        )
        return reply_of(await intake.call(request, command))

    @router.post(
        "/stages",
        status_code=201,
        openapi_extra=needs,
        responses={200: {"description": "The stage is there already."}},
    )
    async def stage(
        body: shapes.IntakeStageBody, request: Annotated[Request, Depends(guard.requires(P.INTAKE))]
    ) -> Response:
        """Record a stage of a unit as another system has it."""
        command = commands.IntakeStage(
            source=body.source,
            call_key=body.call_key,
            row_key=body.row_key,
            call_sign=body.unit.call_sign,
            unit_kind=body.unit.kind,
            stage=body.stage,
            at=shapes.Stated(at=body.at, precision=body.precision).time(),
            flags=tuple(flag.value for flag in body.flags),
        )
        return reply_of(await intake.stage(request, command))

    @router.post("/close", openapi_extra=needs)
    async def close(
        body: shapes.IntakeCloseBody, request: Annotated[Request, Depends(guard.requires(P.INTAKE))]
    ) -> Response:
        """Close a call as another system did."""
        at = shapes.Stated(at=body.at, precision=body.precision).time()
        return reply_of(await intake.close(request, commands.IntakeClose(body.source, body.call_key, body.outcome, at)))

    _add_clock(router, guard, set_clock)
    return router


def _add_clock(router: APIRouter, guard: Guard, set_clock: SetClock) -> None:
    needs = declares(P.INTAKE)

    @router.put("/clock", status_code=204, openapi_extra=needs)
    async def put_clock(
        body: shapes.ReplayClockBody, request: Annotated[Request, Depends(guard.requires(P.INTAKE))]
    ) -> Response:
        """Label every console with the clock of a replay; the right is needed at the top, because all consoles show it."""
        set_clock(request.actor, body)
        return Response(status_code=204)

    @router.delete("/clock", status_code=204, openapi_extra=needs)
    async def delete_clock(request: Annotated[Request, Depends(guard.requires(P.INTAKE))]) -> Response:
        """Take the label of the replay away."""
        set_clock(request.actor, None)
        return Response(status_code=204)


def positions_router(positions: Positions, guard: Guard, spine: Spine) -> APIRouter:
    """Return the route of telemetry."""
    router = APIRouter(prefix="/api", tags=["positions"])

    @router.post("/units/positions", openapi_extra=declares(P.POSITION_REPORT))
    async def report(
        body: shapes.PositionsBody, request: Annotated[Request, Depends(guard.requires(P.POSITION_REPORT))]
    ) -> Response:
        """Take position fixes in."""
        now: datetime = spine.clock.now()
        fixes = [
            Fix(p.unit_id, shapes.Place(lon=p.lon, lat=p.lat).point(), p.fix_at, now, p.accuracy_m)
            for p in body.positions
        ]
        await positions.learn(fix.unit_id for fix in fixes)
        newer = positions.report(request.actor, fixes, spine.territories(), now)
        return reply(200, {"taken": len(fixes), "newer": newer})

    return router
