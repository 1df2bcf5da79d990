"""The routes of the centre itself: code tables, territories, the stream, health and metrics."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Request as HttpRequest
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from markaz.core.acts import Request
from markaz.core.db.migrate import SchemaState, schema_of
from markaz.core.errors import MarkazError
from markaz.core.permissions import Actor, Permission, scope
from markaz.core.routes import declares, reply, reply_packed
from markaz.web.centre import Centre
from markaz.web.stream import open_stream

P = Permission


def common_router(centre: Centre) -> APIRouter:
    """Return the routes of what every programme shares."""
    router = APIRouter(prefix="/api", tags=["common"])
    signed_in = centre.guard.requires(P.SIGNED_IN)

    @router.get("/centre", openapi_extra=declares(P.PUBLIC))
    async def about() -> Response:
        """Return what a page must show before anybody signs in: whether this is real, and which words it uses."""
        settings, site = centre.settings, centre.signing_in.site
        provider = settings.provider_name or urlsplit(settings.provider_issuer or "").hostname
        ways = {"passkeys_at": None if site is None else site.origin, "provider": provider}
        modes = {"demo": settings.demo, "training": settings.training, "trial": settings.trial}
        words = {**modes, "profile": settings.profile.value}
        return reply(200, words | {"sign_in": ways})

    @router.get("/codes", openapi_extra=declares(P.SIGNED_IN))
    async def codes(_request: Annotated[Request, Depends(signed_in)]) -> Response:
        """Return the code tables in every language."""
        return reply(200, centre.codes.wire())

    @router.get("/norms", openapi_extra=declares(P.SIGNED_IN))
    async def norms(http: HttpRequest, _request: Annotated[Request, Depends(signed_in)]) -> Response:
        """Return how soon something must happen per priority and terrain, and the terrain of territories."""
        return await reply_packed(http, centre.norms.wire())

    @router.get("/territories", openapi_extra=declares(P.SIGNED_IN))
    async def territories(http: HttpRequest, request: Annotated[Request, Depends(signed_in)]) -> Response:
        """Return your territories, everything below them, and what is above them for orientation."""
        return await reply_packed(http, {"territories": _territories(centre, request.actor)})

    @router.get("/territories/{territory_id}/boundaries", openapi_extra=declares(P.SIGNED_IN))
    async def boundaries(
        territory_id: int, http: HttpRequest, _request: Annotated[Request, Depends(signed_in)]
    ) -> Response:
        """Return the boundaries of a territory's children as GeoJSON. Boundaries are public, so no scope applies."""
        page = centre.boundaries.page(territory_id)
        headers = {"etag": page.etag, "cache-control": "private, no-cache"}
        if http.headers.get("if-none-match") == page.etag:
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type="application/geo+json", headers=headers)

    @router.get("/stream", openapi_extra=declares(P.INCIDENT_READ))
    async def stream(
        http: HttpRequest,
        request: Annotated[Request, Depends(centre.guard.requires(P.INCIDENT_READ))],
        after: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    ) -> Response:
        """Stream what happens after a number, as server-sent events; 410 when that is too far back."""
        return await open_stream(centre.hub, http, request, after, centre.guard.cookie)

    return router


def health_router(centre: Centre) -> APIRouter:
    """Return the routes for the machine room."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", openapi_extra=declares(P.PUBLIC))
    async def healthz() -> Response:
        """Say that the process runs."""
        return reply(200, {"status": "ok"})

    @router.get("/readyz", openapi_extra=declares(P.PUBLIC))
    async def readyz() -> Response:
        """Say whether the centre can work: database reachable, schema current, log without holes."""
        problems = []
        try:
            async with centre.database.connection() as connection:
                schema = await schema_of(connection)
            if schema.state is not SchemaState.CURRENT:
                problems.append(f"schema is {schema.state.value}")
        except MarkazError as error:
            problems.append(error.message)
        if centre.hub.holes:
            problems.append("the event log has a hole: run `markaz check`")
        return reply(503 if problems else 200, {"status": "not ready" if problems else "ready", "problems": problems})

    @router.get("/metrics", openapi_extra=declares(P.METRICS_READ))
    async def metrics(_request: Annotated[Request, Depends(centre.guard.requires(P.METRICS_READ))]) -> Response:
        """Return figures for Prometheus (text format); sign in or use a service key."""
        return Response(generate_latest(centre.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _territories(centre: Centre, actor: Actor) -> list[dict[str, Any]]:
    tree = centre.tree
    roots = [g.territory_id for g in actor.grants]
    shown = set(scope(roots, tree))
    for root in roots:
        shown |= set(tree.path(root))
    return [
        {
            "id": territory.id,
            "code": territory.code,
            "parent_id": tree.parent(territory.id),
            "level": territory.level.value,
            "names": dict(territory.names),
            "bbox": tree.bbox(territory.id),
        }
        for territory in tree
        if territory.id in shown
    ]
