"""The guard of the HTTP edge without a database: no start without a permission, rate limits, and other sites' requests."""

from datetime import date
from typing import Annotated, Any

import asyncpg
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi import Request as HttpRequest
from starlette.responses import PlainTextResponse

from markaz.core.acts import Request
from markaz.core.db.pool import Database
from markaz.core.errors import Forbidden, RateLimited
from markaz.core.permissions import Permission
from markaz.core.routes import declares
from markaz.core.sealing import KEY_BYTES, Sealer
from markaz.core.settings import Settings
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import FakeClock
from markaz.web import app as app_module
from markaz.web.centre import Centre
from markaz.web.guard import BUCKETS_MAX, Guard, RateLimiter, check_routes, check_same_origin

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
async def centre() -> Centre:
    """A centre around a database that is never asked. It needs a loop for its events, hence async."""
    return Centre(
        settings=Settings.model_construct(),
        database=Database(asyncpg.create_pool(NOWHERE), NOWHERE),
        clock=FakeClock(),
        sealer=Sealer(bytes(KEY_BYTES), bytes(KEY_BYTES)),
        tree=TerritoryTree([], {}, date(2026, 1, 1)),
    )


def started(router: APIRouter) -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    outer = APIRouter(prefix="/api")
    outer.include_router(router)
    app.include_router(outer)
    check_routes(app.routes)


def guarded(guard: Guard, requires: Permission, named: Permission | None) -> APIRouter:
    router = APIRouter()

    @router.get("/thing", openapi_extra=None if named is None else declares(named))
    async def thing(_request: Annotated[Request, Depends(guard.requires(requires))]) -> None:
        """Do nothing."""

    return router


def test_a_route_that_declares_what_it_requires_starts(centre: Centre) -> None:
    started(guarded(centre.guard, Permission.INCIDENT_READ, Permission.INCIDENT_READ))


def test_a_route_without_a_declared_permission_does_not_start(centre: Centre) -> None:
    with pytest.raises(RuntimeError, match=r"/api/thing declares no permission"):
        started(guarded(centre.guard, Permission.INCIDENT_READ, None))


def test_a_route_that_requires_another_permission_than_it_declares_does_not_start(centre: Centre) -> None:
    with pytest.raises(RuntimeError, match=r"declares incident.read and requires unit.read"):
        started(guarded(centre.guard, Permission.UNIT_READ, Permission.INCIDENT_READ))


def test_a_route_that_declares_a_permission_and_requires_none_does_not_start() -> None:
    router = APIRouter()

    @router.get("/thing", openapi_extra=declares(Permission.INCIDENT_READ))
    async def thing() -> None:
        """Do nothing."""

    with pytest.raises(RuntimeError, match="requires nothing"):
        started(router)


def test_a_route_past_the_framework_does_not_start() -> None:
    router = APIRouter()

    async def plain(_request: Any) -> PlainTextResponse:
        return PlainTextResponse("hello")

    router.add_route("/plain", plain)
    with pytest.raises(RuntimeError, match="/api/plain"):
        started(router)


async def test_the_application_itself_does_not_start_with_such_a_route(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_module.create_app(centre)
    bare = guarded(centre.guard, Permission.INCIDENT_READ, None)
    monkeypatch.setattr(app_module, "health_router", lambda _centre: bare)
    with pytest.raises(RuntimeError, match="/thing declares no permission"):
        app_module.create_app(centre)


@pytest.fixture
def monotonic(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("markaz.web.guard.time.monotonic", lambda: now[0])
    return now


def test_a_burst_is_served_and_the_next_is_told_when_to_come_back(monotonic: list[float]) -> None:
    limiter = RateLimiter(10.0)
    for _ in range(20):  # two seconds' worth
        limiter.take_key("a", 10.0)
    with pytest.raises(RateLimited) as refused:
        limiter.take_key("a", 10.0)
    assert refused.value.details["retry_after_s"] == pytest.approx(0.1)
    limiter.take_key("b", 10.0)
    monotonic[0] += 0.11
    limiter.take_key("a", 10.0)


def test_the_rate_limiter_forgets_the_longest_idle_and_stays_bounded(monotonic: list[float]) -> None:
    limiter = RateLimiter(10.0)
    for number in range(BUCKETS_MAX + 10):
        monotonic[0] += 0.001
        limiter.take_key(number, 0.5)
    assert len(limiter._buckets) <= BUCKETS_MAX
    assert BUCKETS_MAX + 9 in limiter._buckets


def sent_with(**headers: str) -> HttpRequest:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HttpRequest({"type": "http", "method": "POST", "headers": [(b"host", b"centre.example:8102"), *raw]})


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://centre.example"},
        {"origin": "https://centre.example:8102.evil.example"},
        {"sec_fetch_site": "same-origin", "origin": "https://evil.example"},
    ],
    ids=str,
)
def test_a_request_that_another_site_caused_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        check_same_origin(sent_with(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "http://centre.example:8102"},
        {"origin": "https://centre.example:8102", "sec_fetch_site": "same-origin"},
    ],
    ids=str,
)
def test_a_request_of_our_own_page_or_of_no_browser_passes(headers: dict[str, str]) -> None:
    check_same_origin(sent_with(**headers))
