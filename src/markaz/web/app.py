"""The application factory: every route, one error shape, one edge, and the console."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from markaz import __version__
from markaz.core.permissions import Permission
from markaz.core.routes import declares
from markaz.programmes.alerts.routes import alerts_router, public_router
from markaz.programmes.incidents.alarms.routes import alarms_router
from markaz.programmes.incidents.briefing.routes import handovers_router, summaries_router
from markaz.programmes.incidents.calls.drafts import Drafts
from markaz.programmes.incidents.calls.finding import Finding
from markaz.programmes.incidents.calls.hazards import Hazards
from markaz.programmes.incidents.calls.history import History
from markaz.programmes.incidents.calls.routes import calls_router, drafts_router, knowledge_router
from markaz.programmes.incidents.contents.routes import contents_router
from markaz.programmes.incidents.crews.routes.aid import aid_router
from markaz.programmes.incidents.crews.routes.logons import logons_router
from markaz.programmes.incidents.crews.routes.owners import owners_router
from markaz.programmes.incidents.crews.routes.roster import roster_router
from markaz.programmes.incidents.dispatch.entering import Entering
from markaz.programmes.incidents.dispatch.routes import dispatch_router, finished_router, holding_router, undo_router
from markaz.programmes.incidents.dispatch.undoing import Undoing
from markaz.programmes.incidents.field.routes import field_router
from markaz.programmes.incidents.routes import desk_router, intake_router, positions_router, reading_router
from markaz.web import errors
from markaz.web.access import access_router
from markaz.web.accounts import accounts_router
from markaz.web.audit import audit_router
from markaz.web.background import running
from markaz.web.centre import Centre
from markaz.web.guard import check_routes
from markaz.web.log import log_router
from markaz.web.middleware import Edge
from markaz.web.own_account import own_account_router
from markaz.web.places import places_router
from markaz.web.routes import common_router, health_router
from markaz.web.sign_in import sign_in_router

STATIC = Path(__file__).parent / "static"


def create_app(centre: Centre) -> FastAPI:
    """Return the application of `centre`. Raises RuntimeError when a route lacks a declared permission."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with running(centre):
            yield

    app = FastAPI(
        title="Markaz", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    for router in _routers(centre):
        # Not include_router: it makes every route a second time, for a prefix and defaults that none is given here.
        app.router.routes.extend(router.routes)
    document = cache(lambda: openapi(app))

    # Made when first asked for, in a thread: a third of a second of work that a start need not wait for.
    @app.get("/openapi.json", include_in_schema=False, openapi_extra=declares(Permission.PUBLIC))
    def openapi_json() -> dict[str, Any]:
        return document()

    check_routes(app.routes)
    errors.install(app)
    _serve_console(app, centre)
    if centre.settings.demo:
        # Its passwords are known: a website must not reach it by a name of its own that leads to this machine.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"], www_redirect=False)
    app.add_middleware(
        Edge,
        body_limit_bytes=centre.settings.body_limit_bytes,
        attachment_limit_bytes=centre.settings.attachment_limit_bytes,
        registry=centre.registry,
    )
    return app


def _routers(centre: Centre) -> tuple[APIRouter, ...]:
    return (
        health_router(centre),
        sign_in_router(centre),
        own_account_router(centre),
        common_router(centre),
        audit_router(centre),
        accounts_router(centre),
        access_router(centre),
        knowledge_router(
            History(centre.spine), Hazards(centre.spine), Finding(centre.spine), centre.guard, centre.codes
        ),
        places_router(centre),
        positions_router(centre.positions, centre.guard, centre.spine),
        calls_router(centre.calls, centre.guard, centre.codes),
        drafts_router(Drafts(centre.spine), centre.guard),
        desk_router(centre.desk, centre.guard, centre.codes),
        dispatch_router(centre.recommending, centre.dispatching, centre.guard),
        finished_router(Entering(centre.spine), centre.guard),
        holding_router(centre.holding, centre.guard, centre.codes),
        undo_router(Undoing(centre.spine), centre.guard),
        reading_router(centre.reading, centre.guard, lambda: centre.replay_clock),
        handovers_router(centre.handovers, centre.guard),
        alarms_router(centre.alarms, centre.guard),
        field_router(centre.unit_phone, centre.guard),
        summaries_router(centre.summaries, centre.papers, centre.guard),
        contents_router(centre.contents, centre.guard, centre.codes),
        intake_router(centre.intake, centre.guard, centre.set_replay_clock),
        alerts_router(centre.warnings, centre.receiving, centre.bulletin, centre.guard),
        public_router(centre.bulletin),
        logons_router(centre.crews, centre.guard, centre.codes),
        owners_router(centre.ownership, centre.presence, centre.reading, centre.guard),
        aid_router(centre.aid, centre.holds, centre.guard, centre.codes),
        roster_router(centre.roster, centre.guard),
        *centre.governing.routers(centre.guard, centre.at_the_top),
        *centre.oversight.routers(centre.guard),
        log_router(centre),
    )


def openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document: every operation with its permission and the one error shape."""
    document = get_openapi(title="Markaz", version=__version__, routes=app.routes)
    document.setdefault("components", {}).setdefault("schemas", {})["Error"] = errors.ERROR_SCHEMA
    refused = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            responses["422"] = refused | {"description": "A field is wrong; details.field names it."}
            for status, why in _REFUSALS.items():
                responses.setdefault(status, refused | {"description": why})
    document["components"]["schemas"].pop("HTTPValidationError", None)
    document["components"]["schemas"].pop("ValidationError", None)
    return document


_REFUSALS = {
    "401": "Not signed in.",
    "403": "The right is missing, or another site asked.",
    "404": "No such record in your territory.",
    "409": "Somebody was faster, or it is not possible now.",
    "410": "The cursor is too old: take a new snapshot.",
    "413": "The body is too large.",
    "429": "Too many requests.",
    "503": "The database is away: send the same request again.",
}


def _serve_console(app: FastAPI, centre: Centre) -> None:
    basemap = centre.settings.basemap_pmtiles
    if basemap is not None:

        async def serve_basemap(_request: Any) -> Response:
            return FileResponse(basemap, media_type="application/vnd.pmtiles")

        app.add_route("/basemap.pmtiles", serve_basemap, methods=["GET"])
    if not (STATIC / "index.html").exists():
        return

    class Console(StaticFiles):
        """The built console; any page address of its own gets index.html."""

        async def get_response(self, path: str, scope: Any) -> Response:
            try:
                response = await super().get_response(path, scope)
            except HTTPException as error:
                if error.status_code != 404 or path.startswith(("api/", "assets/")):
                    raise
                return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})
            hashed = path.startswith("assets/")
            response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
            return response

    app.mount("/", Console(directory=STATIC, html=True))
