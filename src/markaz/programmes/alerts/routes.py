"""The warnings' HTTP routes: parse, authorise, call the service, answer. Each names its permission."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Request as HttpRequest

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.alerts import shapes
from markaz.programmes.alerts.reading import Bulletin
from markaz.programmes.alerts.receiving import Receiving
from markaz.programmes.alerts.service import Warnings
from markaz.programmes.alerts.templates import templates

P = Permission
CAP_TYPE = "application/cap+xml"
PUBLIC_CACHE = {"cache-control": "public, max-age=15"}
_XML_BODY = {"required": True, "content": {CAP_TYPE: {"schema": {"type": "string", "format": "binary"}}}}


def _cap_file(xml: bytes, alert_id: UUID, headers: dict[str, str] | None = None) -> Response:
    # As a file, so that no browser ever runs or styles what a stranger wrote.
    name = {"content-disposition": f'attachment; filename="{alert_id}.cap.xml"'}
    return Response(xml, media_type=CAP_TYPE, headers=name | (headers or {}))


def alerts_router(warnings: Warnings, receiving: Receiving, bulletin: Bulletin, guard: Guard) -> APIRouter:
    """Return the routes of people and services of this centre."""
    router = APIRouter(prefix="/api/alerts", tags=["alerts"])
    _add_reading(router, bulletin, guard)
    _add_writing(router, warnings, guard)
    _add_release(router, warnings, bulletin, guard)

    @router.post(
        "/received",
        status_code=201,
        openapi_extra=declares(P.ALERT_RECEIVE) | {"requestBody": _XML_BODY},
        responses={200: {"description": "The message is here already."}},
    )
    async def receive(
        http: HttpRequest,
        request: Annotated[Request, Depends(guard.requires(P.ALERT_RECEIVE))],
        territory: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    ) -> Response:
        """Keep a CAP 1.2 message of another sender, up to 512 kB; 200 when it is here already."""
        return reply_of(await receiving.receive(request, await http.body(), territory))

    return router


def _add_reading(router: APIRouter, bulletin: Bulletin, guard: Guard) -> None:
    @router.get("", openapi_extra=declares(P.ALERT_READ))
    async def lists(request: Annotated[Request, Depends(guard.requires(P.ALERT_READ))]) -> Response:
        """Return the warnings that hold now, drafts, and the newest that are over."""
        return reply(200, await bulletin.lists(request.actor))

    @router.get("/templates", openapi_extra=declares(P.ALERT_READ))
    async def kinds(_request: Annotated[Request, Depends(guard.requires(P.ALERT_READ))]) -> Response:
        """Return kinds of event with the words a draft may begin with, in four languages."""
        return reply(200, {"templates": templates()})

    @router.get("/{alert_id}", openapi_extra=declares(P.ALERT_READ))
    async def whole(alert_id: UUID, request: Annotated[Request, Depends(guard.requires(P.ALERT_READ))]) -> Response:
        """Return one warning whole."""
        return reply(200, await bulletin.whole(request.actor, alert_id))

    @router.get("/{alert_id}/cap", openapi_extra=declares(P.ALERT_READ))
    async def cap(alert_id: UUID, request: Annotated[Request, Depends(guard.requires(P.ALERT_READ))]) -> Response:
        """Return the CAP message of a warning, byte by byte as it was signed."""
        return _cap_file(await bulletin.xml(request.actor, alert_id), alert_id)


def _add_writing(router: APIRouter, warnings: Warnings, guard: Guard) -> None:
    @router.post("", status_code=201, openapi_extra=declares(P.ALERT_DRAFT))
    async def draft(
        body: shapes.NewDraftBody, request: Annotated[Request, Depends(guard.requires(P.ALERT_DRAFT))]
    ) -> Response:
        """Begin a warning."""
        return reply_of(await warnings.draft(request, body.territory_id, body.draft()))

    @router.put("/{alert_id}/draft", openapi_extra=declares(P.ALERT_DRAFT))
    async def change(
        alert_id: UUID,
        body: shapes.ChangedDraftBody,
        request: Annotated[Request, Depends(guard.requires(P.ALERT_DRAFT))],
    ) -> Response:
        """Write a draft anew; one that waited for release is a draft again."""
        return reply_of(await warnings.change(request, alert_id, body.version, body.draft()))

    @router.post("/{alert_id}/submit", openapi_extra=declares(P.ALERT_DRAFT))
    async def submit(
        alert_id: UUID, body: shapes.VersionBody, request: Annotated[Request, Depends(guard.requires(P.ALERT_DRAFT))]
    ) -> Response:
        """Ask a second person for release; 422 with every rule that is broken."""
        return reply_of(await warnings.submit(request, alert_id, body.version))

    @router.post("/{alert_id}/withdraw", openapi_extra=declares(P.ALERT_DRAFT))
    async def withdraw(
        alert_id: UUID, body: shapes.VersionBody, request: Annotated[Request, Depends(guard.requires(P.ALERT_DRAFT))]
    ) -> Response:
        """Give up a draft that never went out."""
        return reply_of(await warnings.withdraw(request, alert_id, body.version))

    @router.post("/{alert_id}/follow-ups", status_code=201, openapi_extra=declares(P.ALERT_DRAFT))
    async def follow_up(
        alert_id: UUID, body: shapes.FollowUpBody, request: Annotated[Request, Depends(guard.requires(P.ALERT_DRAFT))]
    ) -> Response:
        """Begin the update or the cancel of an issued warning."""
        return reply_of(await warnings.follow_up(request, alert_id, body.version, body.msg_type))


def _add_release(router: APIRouter, warnings: Warnings, bulletin: Bulletin, guard: Guard) -> None:
    @router.post("/{alert_id}/return", openapi_extra=declares(P.ALERT_APPROVE))
    async def give_back(
        alert_id: UUID, body: shapes.ReturnBody, request: Annotated[Request, Depends(guard.requires(P.ALERT_APPROVE))]
    ) -> Response:
        """Give a draft back to its authors."""
        return reply_of(await warnings.give_back(request, alert_id, body.version, body.reason))

    @router.post("/{alert_id}/approve", openapi_extra=declares(P.ALERT_APPROVE))
    async def approve(
        alert_id: UUID, body: shapes.VersionBody, request: Annotated[Request, Depends(guard.requires(P.ALERT_APPROVE))]
    ) -> Response:
        """Release a warning to the public; 403 for anybody who wrote in it."""
        answer = await warnings.approve(request, alert_id, body.version)
        bulletin.forget_feed()
        return reply_of(answer)


def public_router(bulletin: Bulletin) -> APIRouter:
    """Return what anybody may fetch: issued warnings are public by purpose."""
    router = APIRouter(prefix="/api/public/alerts", tags=["public"])

    @router.get("", openapi_extra=declares(P.PUBLIC))
    async def feed() -> Response:
        """Return the Atom feed of issued warnings, cancels included, up to a day after their end."""
        return Response(await bulletin.feed(), media_type="application/atom+xml", headers=PUBLIC_CACHE)

    @router.get("/certificate", openapi_extra=declares(P.PUBLIC))
    async def certificate() -> Response:
        """Return the certificate with which the messages are checked (PEM)."""
        return Response(await bulletin.certificate(), media_type="application/x-pem-file", headers=PUBLIC_CACHE)

    @router.get("/{alert_id}/cap", openapi_extra=declares(P.PUBLIC))
    async def cap(alert_id: UUID) -> Response:
        """Return a signed CAP 1.2 message."""
        return _cap_file(await bulletin.public_xml(alert_id), alert_id, PUBLIC_CACHE)

    return router
