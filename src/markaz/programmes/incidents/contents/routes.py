"""The HTTP routes of an incident's contents: parse, authorise, call the service, answer. Each names its permission."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi import Request as HttpRequest

from markaz.core.acts import Request
from markaz.core.codes import CodeTables
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.incidents.contents import commands, shapes
from markaz.programmes.incidents.contents.service import Contents

P = Permission
# A photo is never a page of ours: opened by itself it may run nothing, whatever a reader makes of it.
_ALONE = {"content-security-policy": "sandbox; default-src 'none'", "cache-control": "no-store"}
_PHOTO = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "One photo; its content decides what it is.",
        "content": {"image/jpeg": _PHOTO, "image/png": _PHOTO, "image/webp": _PHOTO},
    }
}


def contents_router(contents: Contents, guard: Guard, codes: CodeTables) -> APIRouter:
    """Return the routes of this room."""
    router = APIRouter(prefix="/api/incidents/{incident_id}", tags=["contents"])
    _add_people(router, contents, guard)
    _add_attachments(router, contents, guard)
    _add_relations(router, contents, guard, codes)
    return router


def _add_people(router: APIRouter, contents: Contents, guard: Guard) -> None:
    @router.get("/contents", openapi_extra=declares(P.INCIDENT_READ))
    async def read_contents(
        incident_id: UUID, request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ))]
    ) -> Response:
        """Return parties, vehicles, photos and links; what names people only with the right, and audited."""
        return reply(200, await contents.reading.contents(request, incident_id))

    @router.post("/parties", status_code=201, openapi_extra=declares(P.INCIDENT_CHANGE))
    async def add_party(
        incident_id: UUID,
        body: shapes.PartyBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Add a person to this incident."""
        return reply_of(await contents.people.add_party(request, incident_id, body.party()))

    @router.post("/parties/{party_id}/corrections", openapi_extra=declares(P.INCIDENT_CHANGE))
    async def correct_party(
        incident_id: UUID,
        party_id: UUID,
        body: shapes.PartyCorrectionBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Write a party anew; what it was stays readable."""
        people = contents.people
        return reply_of(
            await people.correct_party(request, incident_id, party_id, body.version, body.party(), body.reason)
        )

    @router.post("/vehicles", status_code=201, openapi_extra=declares(P.INCIDENT_CHANGE))
    async def add_vehicle(
        incident_id: UUID,
        body: shapes.VehicleBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Add a vehicle to this incident."""
        return reply_of(await contents.people.add_vehicle(request, incident_id, body.vehicle()))

    @router.post("/vehicles/{vehicle_id}/corrections", openapi_extra=declares(P.INCIDENT_CHANGE))
    async def correct_vehicle(
        incident_id: UUID,
        vehicle_id: UUID,
        body: shapes.VehicleCorrectionBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Write a vehicle anew; what it was stays readable."""
        people = contents.people
        return reply_of(
            await people.correct_vehicle(request, incident_id, vehicle_id, body.version, body.vehicle(), body.reason)
        )

    @router.post("/contact-rules", openapi_extra=declares(P.INCIDENT_CHANGE))
    async def set_contact_rules(
        incident_id: UUID,
        body: shapes.ContactRulesBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Say how the people of this incident may be reached, and whether it is covert."""
        return reply_of(await contents.people.set_contact_rules(request, incident_id, body.command()))


def _add_attachments(router: APIRouter, contents: Contents, guard: Guard) -> None:
    @router.post("/attachments", status_code=201, openapi_extra=declares(P.INCIDENT_CHANGE) | _BODY)
    async def add_attachment(
        incident_id: UUID,
        http: HttpRequest,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Add a photo: JPEG, PNG or WebP. It is drawn anew, so that location and camera do not stay in it."""
        return reply_of(await contents.attachments.add(request, incident_id, await http.body()))

    @router.get(
        "/attachments/{attachment_id}",
        openapi_extra=declares(P.INCIDENT_READ_SEALED),
        response_class=Response,
        responses={200: {"description": "The photo.", "content": {"image/jpeg": _PHOTO, "image/png": _PHOTO}}},
    )
    async def open_attachment(
        incident_id: UUID,
        attachment_id: UUID,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_READ_SEALED))],
    ) -> Response:
        """Return a photo; this look is recorded."""
        opened = await contents.attachments.open(request, incident_id, attachment_id)
        headers = _ALONE | {"content-disposition": f'attachment; filename="{opened.name}"'}
        return Response(opened.data, media_type=opened.media_type, headers=headers)


def _add_relations(router: APIRouter, contents: Contents, guard: Guard, codes: CodeTables) -> None:
    @router.post("/links", status_code=201, openapi_extra=declares(P.INCIDENT_CHANGE))
    async def link(
        incident_id: UUID,
        body: shapes.LinkBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Link this incident to another."""
        command = commands.Link(body.other_id, body.kind)
        return reply_of(await contents.relations.link(request, incident_id, command))

    @router.post("/merge", openapi_extra=declares(P.INCIDENT_CLOSE))
    async def merge(
        incident_id: UUID,
        body: shapes.MergeBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CLOSE))],
    ) -> Response:
        """Close this incident as a duplicate of another, which takes over what it holds."""
        command = commands.Merge(body.version, body.into_id, body.reason, body.into_version)
        return reply_of(await contents.relations.merge(request, incident_id, command))

    @router.post("/split", status_code=201, openapi_extra=declares(P.INCIDENT_CHANGE))
    async def split(
        incident_id: UUID,
        body: shapes.SplitBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Make part of this incident, open or closed, an incident of its own."""
        command = commands.Split(
            version=body.version,
            reason=body.reason,
            category=None if body.category is None else codes.categories.check(body.category),
            priority=None if body.priority is None else codes.priorities.check(body.priority),
            calls=frozenset(body.calls),
            notes=frozenset(body.notes),
            parties=frozenset(body.parties),
            vehicles=frozenset(body.vehicles),
            attachments=frozenset(body.attachments),
        )
        return reply_of(await contents.relations.split(request, incident_id, command))

    @router.post("/reopen", openapi_extra=declares(P.INCIDENT_REOPEN))
    async def reopen(
        incident_id: UUID,
        body: shapes.ReopenBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_REOPEN))],
    ) -> Response:
        """Let a closed incident go on; what its closing said stays in the timeline."""
        return reply_of(
            await contents.relations.reopen(request, incident_id, commands.Reopen(body.version, body.reason))
        )

    @router.post("/shut-out", openapi_extra=declares(P.INCIDENT_CHANGE))
    async def shut_out(
        incident_id: UUID,
        body: shapes.ShutOutBody,
        request: Annotated[Request, Depends(guard.requires(P.INCIDENT_CHANGE))],
    ) -> Response:
        """Close this incident to a post whose own people are in it; the post above takes it."""
        command = commands.ShutOut(body.version, body.ground, body.territory_id, frozenset(body.account_ids))
        return reply_of(await contents.conflict.shut_out(request, incident_id, command))
