"""The HTTP routes of taking calls: parse, authorise, call the service, answer. Each names its permission.

Its fixed paths, such as /api/incidents/nearby, must be included before those that hold an incident's id.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from markaz.core.acts import Request
from markaz.core.codes import CodeTables
from markaz.core.guides import load_guides
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.kit.geometry import Point
from markaz.programmes.incidents import commands
from markaz.programmes.incidents.calls import shapes
from markaz.programmes.incidents.calls.drafts import Drafts
from markaz.programmes.incidents.calls.finding import Finding, Question
from markaz.programmes.incidents.calls.hazards import Hazards, NoteHazard
from markaz.programmes.incidents.calls.history import History
from markaz.programmes.incidents.calls.looking import Purpose
from markaz.programmes.incidents.calls.service import AddCall, AddCaller, Calls, NearbyQuery
from markaz.programmes.incidents.shapes import Caller, Code, Time

P = Permission
LonQuery = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)]
LatQuery = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)]
OptionalLon = Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)]
OptionalLat = Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)]
AccuracyQuery = Annotated[float, Query(ge=0, le=100_000, allow_inf_nan=False)]


def calls_router(calls: Calls, guard: Guard, codes: CodeTables) -> APIRouter:
    """Return the routes of calls and their incidents."""
    router = APIRouter(prefix="/api", tags=["calls"])

    @router.post("/incidents", status_code=201, openapi_extra=declares(P.INCIDENT_OPEN))
    async def open_incident(
        body: shapes.OpenIncidentBody, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_OPEN))]
    ) -> Response:
        """Register a call and open its incident; one that lies with another desk is passed on to it, never refused."""
        return reply_of(await calls.open_incident(request, _opening(body, codes)))

    @router.get("/incidents/nearby", openapi_extra=declares(P.INCIDENT_READ))
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

    @router.post("/incidents/{incident_id}/calls", status_code=201, openapi_extra=declares(P.INCIDENT_OPEN))
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
            category=None if body.category is None else codes.categories.check(body.category),
            priority=None if body.priority is None else codes.priorities.check(body.priority),
            draft_id=body.draft_id,
        )
        return reply_of(await calls.add_call(request, incident_id, command))

    @router.post("/incidents/{incident_id}/caller", status_code=201, openapi_extra=declares(P.INCIDENT_CHANGE))
    async def add_caller(
        incident_id: UUID,
        body: shapes.CallerBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Add what is learnt of the caller after the incident was opened."""
        caller = body.caller or Caller()
        command = AddCaller(caller.name, caller.phone, body.address, body.covert, tuple(body.safe_contact))
        return reply_of(await calls.add_caller(request, incident_id, command))

    @router.get("/incidents/{incident_id}/calls", openapi_extra=declares(P.INCIDENT_READ))
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
        draft_id=body.draft_id,
    )


def drafts_router(drafts: Drafts, guard: Guard) -> APIRouter:
    """Return the routes of unfinished forms: one's own, whatever the territory."""
    router = APIRouter(prefix="/api", tags=["calls"])
    needs = declares(P.INCIDENT_OPEN)

    @router.get("/call-drafts", openapi_extra=needs)
    async def own(request: Annotated[Request, Depends(guard.requires(P.INCIDENT_OPEN))]) -> Response:
        """Return your unfinished calls, the one saved last first."""
        return reply(200, await drafts.own(request))

    @router.put("/call-drafts/{draft_id}", openapi_extra=needs)
    async def save(
        draft_id: UUID,
        body: shapes.DraftBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_OPEN))],
    ) -> Response:
        """Keep fields of an unfinished call; the last write of each field stands."""
        return reply(200, await drafts.save(request, draft_id, body.fields))

    @router.delete("/call-drafts/{draft_id}", status_code=204, openapi_extra=needs)
    async def drop(draft_id: UUID, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_OPEN))]) -> Response:
        """Throw an unfinished call away; one that is not yours, or not there, is left as it is."""
        await drafts.drop(request, draft_id)
        return Response(status_code=204)

    return router


def knowledge_router(
    history: History, hazards: Hazards, finding: Finding, guard: Guard, codes: CodeTables
) -> APIRouter:
    """Return the routes of what is known of a place, and of finding."""
    router = APIRouter(prefix="/api", tags=["calls"])

    @router.get("/guides", openapi_extra=declares(P.SIGNED_IN))
    async def guides(_request: Annotated[Request, Depends(guard.requires(P.SIGNED_IN))]) -> Response:
        """Return the guide card of each category: three questions, three instructions."""
        return reply(200, {"guides": [guide.wire() for guide in load_guides()]})

    @router.get("/places/history", openapi_extra=declares(P.INCIDENT_READ_SEALED))
    async def place_history(
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ_SEALED))],
        purpose: Annotated[Purpose, Depends(_purpose)],
    ) -> Response:
        """Return a year of a place: category and outcome only. Give the incident, or your unfinished call and its place."""
        return reply(200, await history.of_place(request, purpose))

    @router.get("/hazards", openapi_extra=declares(P.INCIDENT_READ_SEALED))
    async def hazards_near(
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ_SEALED))],
        purpose: Annotated[Purpose, Depends(_purpose)],
    ) -> Response:
        """Return what endangers whoever goes there. Give the incident, or your unfinished call and its place."""
        return reply(200, await hazards.near(request, purpose))

    @router.post("/hazards", status_code=201, openapi_extra=declares(P.HAZARD_WRITE))
    async def note_hazard(
        body: shapes.HazardBody, request: Annotated[Request, Depends(guard.requires(P.HAZARD_WRITE))]
    ) -> Response:
        """Write a hazard of a place down, for six months at most."""
        command = NoteHazard(
            place=body.place.point(),
            radius_m=body.radius_m,
            source=codes.hazard_sources.check(body.source),
            ground=codes.hazard_grounds.check(body.ground),
            text=body.text,
            expires_at=body.expires_at,
        )
        return reply_of(await hazards.note(request, command))

    @router.post("/hazards/{note_id}/withdraw", openapi_extra=declares(P.HAZARD_WRITE))
    async def withdraw_hazard(
        note_id: UUID, request: Annotated[Request, Depends(guard.requires(P.HAZARD_WRITE))]
    ) -> Response:
        """End a hazard note now."""
        return reply_of(await hazards.withdraw(request, note_id))

    @router.post("/find", openapi_extra=declares(P.INCIDENT_READ))
    async def find(
        body: shapes.FindBody, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))]
    ) -> Response:
        """Find an incident by number, a unit by call sign, an open incident by its place; a caller among open ones only.

        It only reads, but what is asked may be a name, and a name must not stand in an address.
        """
        return reply(200, await finding.find(request, Question(body.q, body.callers)))

    return router


def _purpose(
    incident: Annotated[UUID | None, Query()] = None,
    draft: Annotated[UUID | None, Query()] = None,
    lon: OptionalLon = None,
    lat: OptionalLat = None,
    accuracy_m: AccuracyQuery = 0.0,
) -> Purpose:
    place = None if lon is None or lat is None else Point(lon, lat)
    return Purpose(incident, draft, place, accuracy_m)
