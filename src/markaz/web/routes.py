"""The routes of the centre itself: sign-in, who am I, code tables, territories, the stream, health and metrics."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Request as HttpRequest
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, StringConstraints

from markaz.core import audit, identity
from markaz.core.acts import Request
from markaz.core.db.migrate import SchemaState, schema_of
from markaz.core.errors import MarkazError, NotSignedIn
from markaz.core.permissions import Actor, Permission, require, scope
from markaz.kit.clock import iso
from markaz.programmes.incidents.positions import STALE_AFTER_S
from markaz.programmes.incidents.routes import reply, reply_packed
from markaz.web.centre import Centre
from markaz.web.guard import check_same_origin, declared
from markaz.web.stream import open_stream

P = Permission
SIGN_INS_AT_ONCE = 2  # each takes 19 MiB, a core and a connection: guessing must leave the rest to the desk
SIGN_INS_PER_S = 0.5  # tries per login: slow for guessing, unnoticed by a person; a stranger's lock ends by itself


class SignInBody(BaseModel):
    """A login and its password."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.@-]+$")]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]


def session_router(centre: Centre) -> APIRouter:
    """Return the routes of sign-in and of who one is."""
    router = APIRouter(prefix="/api", tags=["session"])
    signed_in = centre.guard.requires(P.SIGNED_IN)
    hashing = asyncio.Semaphore(SIGN_INS_AT_ONCE)

    def me(actor: Actor) -> dict[str, Any]:
        return {
            "account": {"id": str(actor.id), "login": actor.login, "display_name": actor.display_name},
            "grants": [{"role": g.role.value, "territory_id": g.territory_id} for g in actor.grants],
            "permissions": sorted(p.value for p in actor.permissions()),
            "demo": centre.settings.demo,
            "training": centre.settings.training,
            "now": iso(centre.clock.now()),
            "profile": centre.settings.profile.value,
            "stale_after_s": STALE_AFTER_S,
            "basemap": centre.settings.basemap_pmtiles is not None,
        }

    @router.post("/session", openapi_extra=declared(P.PUBLIC))
    async def sign_in(body: SignInBody, http: HttpRequest) -> Response:
        """Sign in; the session is a cookie that scripts cannot read."""
        check_same_origin(http)
        centre.guard.limiter.take_key(("sign-in", body.login), SIGN_INS_PER_S)
        now, life = centre.clock.now(), timedelta(hours=centre.settings.session_hours)
        async with hashing, centre.database.transaction() as connection:
            session = await identity.sign_in(connection, body.login, body.password, now=now, life=life)
            actor, _ = await identity.actor_of_session(connection, session.token, now=now)
        response = reply(200, me(actor))
        response.set_cookie(
            centre.guard.cookie,
            session.token,
            max_age=int(life.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=centre.settings.secure_cookies,
        )
        return response

    @router.delete("/session", status_code=204, openapi_extra=declared(P.PUBLIC))
    async def sign_out(http: HttpRequest) -> Response:
        """End this session and its streams."""
        check_same_origin(http)
        token = http.cookies.get(centre.guard.cookie)
        if token is not None:
            actor = await _signed_in(centre, token)
            async with centre.database.transaction() as connection:
                await identity.sign_out(connection, token)
            centre.hub.end_session(identity.token_hash(token))
            if actor is not None:
                centre.presence.leave(actor.id)
                await centre.ownership.let_go(Request(actor, http.state.request_id))
        response = Response(status_code=204)
        response.delete_cookie(centre.guard.cookie)
        return response

    @router.get("/me", openapi_extra=declared(P.SIGNED_IN))
    async def who_am_i(request: Annotated[Request, Depends(signed_in)]) -> Response:
        """Return who is signed in and what they may do where."""
        return reply(200, me(request.actor))

    return router


def common_router(centre: Centre) -> APIRouter:
    """Return the routes of what every programme shares."""
    router = APIRouter(prefix="/api", tags=["common"])
    signed_in = centre.guard.requires(P.SIGNED_IN)

    @router.get("/centre", openapi_extra=declared(P.PUBLIC))
    async def about() -> Response:
        """Return what a page must show before anybody signs in: whether this is real, and which words it uses."""
        settings = centre.settings
        return reply(200, {"demo": settings.demo, "training": settings.training, "profile": settings.profile.value})

    @router.get("/codes", openapi_extra=declared(P.SIGNED_IN))
    async def codes(_request: Annotated[Request, Depends(signed_in)]) -> Response:
        """Return the code tables in every language."""
        return reply(200, centre.codes.wire())

    @router.get("/norms", openapi_extra=declared(P.SIGNED_IN))
    async def norms(http: HttpRequest, _request: Annotated[Request, Depends(signed_in)]) -> Response:
        """Return how soon something must happen per priority and terrain, and the terrain of territories."""
        return await reply_packed(http, centre.norms.wire())

    @router.get("/territories", openapi_extra=declared(P.SIGNED_IN))
    async def territories(http: HttpRequest, request: Annotated[Request, Depends(signed_in)]) -> Response:
        """Return your territories, everything below them, and what is above them for orientation."""
        return await reply_packed(http, {"territories": _territories(centre, request.actor)})

    @router.get("/territories/{territory_id}/boundaries", openapi_extra=declared(P.SIGNED_IN))
    async def boundaries(
        territory_id: int, http: HttpRequest, _request: Annotated[Request, Depends(signed_in)]
    ) -> Response:
        """Return the boundaries of a territory's children as GeoJSON. Boundaries are public, so no scope applies."""
        page = centre.boundaries.page(territory_id)
        headers = {"etag": page.etag, "cache-control": "private, no-cache"}
        if http.headers.get("if-none-match") == page.etag:
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type="application/geo+json", headers=headers)

    @router.get("/audit", openapi_extra=declared(P.AUDIT_READ))
    async def audit_entries(
        request: Annotated[Request, Depends(centre.guard.requires(P.AUDIT_READ))],
        record: Annotated[UUID | None, Query()] = None,
        actor: Annotated[UUID | None, Query()] = None,
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """Return who looked at what, newest first; the right is needed at the top, because entries have no territory."""
        require(request.actor, P.AUDIT_READ, centre.tree.root_id or 0, centre.tree)
        async with centre.database.connection() as connection:
            items = await audit.entries(connection, record_id=record, actor_id=actor, before=before, limit=limit)
        return reply(200, {"items": items})

    @router.get("/stream", openapi_extra=declared(P.INCIDENT_READ))
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

    @router.get("/healthz", openapi_extra=declared(P.PUBLIC))
    async def healthz() -> Response:
        """Say that the process runs."""
        return reply(200, {"status": "ok"})

    @router.get("/readyz", openapi_extra=declared(P.PUBLIC))
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

    @router.get("/metrics", openapi_extra=declared(P.METRICS_READ))
    async def metrics(_request: Annotated[Request, Depends(centre.guard.requires(P.METRICS_READ))]) -> Response:
        """Return figures for Prometheus (text format); sign in or use a service key."""
        return Response(generate_latest(centre.registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _signed_in(centre: Centre, token: str) -> Actor | None:
    async with centre.database.connection() as connection:
        try:
            actor, _ = await identity.actor_of_session(connection, token, now=centre.clock.now())
        except NotSignedIn:
            return None
    return actor


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
