"""The reviews' HTTP routes: parse, authorise, call the service, answer. Each names its permission."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.oversight.reviews import shapes
from markaz.programmes.oversight.reviews.page import Language, page_of
from markaz.programmes.oversight.reviews.publishing import Publishing
from markaz.programmes.oversight.reviews.service import Reviews

P = Permission
PUBLIC_CACHE = {"cache-control": "public, max-age=300"}


def reviews_router(reviews: Reviews, publishing: Publishing, guard: Guard) -> APIRouter:
    """Return the routes of reviewers, and of those who watch over them."""
    router = APIRouter(prefix="/api/oversight", tags=["oversight"])
    _add_queue(router, reviews, guard)
    _add_rates(router, publishing, guard)
    _add_declared(router, reviews, guard)
    return router


def _add_queue(router: APIRouter, reviews: Reviews, guard: Guard) -> None:
    @router.get("/reviews", openapi_extra=declares(P.REVIEW_JUDGE))
    async def queue(request: Annotated[Request, Depends(guard.requires(P.REVIEW_JUDGE))]) -> Response:
        """Return the cases that wait for your verdict; they name no viewer."""
        return reply(200, await reviews.queue(request.actor))

    @router.get("/reviews/{case_id}", openapi_extra=declares(P.REVIEW_JUDGE))
    async def case(case_id: UUID, request: Annotated[Request, Depends(guard.requires(P.REVIEW_JUDGE))]) -> Response:
        """Return one case with the words of its purpose; this look is an entry of the log."""
        return reply(200, await reviews.case(request, case_id))

    @router.post("/reviews/{case_id}/verdict", openapi_extra=declares(P.REVIEW_JUDGE))
    async def judge(
        case_id: UUID,
        body: shapes.VerdictBody,
        request: Annotated[Request, Depends(guard.requires(P.REVIEW_JUDGE))],
    ) -> Response:
        """Give the verdict on a case, with its reason."""
        return reply_of(await reviews.judge(request, case_id, body.version, body.verdict, body.reason))


def _add_rates(router: APIRouter, publishing: Publishing, guard: Guard) -> None:
    @router.get("/samples", openapi_extra=declares(P.REVIEW_READ))
    async def samples(request: Annotated[Request, Depends(guard.requires(P.REVIEW_READ))]) -> Response:
        """Return the samples of the last hundred days: from which log each was drawn, and how far it is judged."""
        return reply(200, await publishing.samples(request.actor))

    @router.get("/misuse-rate/preview", openapi_extra=declares(P.REVIEW_READ))
    async def preview(
        quarter: Annotated[shapes.Quarter, Query()],
        request: Annotated[Request, Depends(guard.requires(P.REVIEW_READ))],
    ) -> Response:
        """Return what a quarter's document would say now."""
        return reply(200, await publishing.preview(request.actor, quarter))

    @router.post("/misuse-rate", status_code=201, openapi_extra=declares(P.REVIEW_PUBLISH))
    async def publish(
        body: shapes.PublishBody, request: Annotated[Request, Depends(guard.requires(P.REVIEW_PUBLISH))]
    ) -> Response:
        """Publish the misuse rate of a quarter that is over; a further time makes a further version."""
        return reply_of(await publishing.publish(request, body.quarter))

    @router.get("/misuse-rate", openapi_extra=declares(P.PUBLIC))
    async def published() -> Response:
        """Return the published misuse rates, the newest quarter first. Anybody may read them."""
        return reply(200, await publishing.published(), PUBLIC_CACHE)

    @router.get("/misuse-rate/page", openapi_extra=declares(P.PUBLIC))
    async def page(language: Annotated[Language, Query()] = Language.EN) -> Response:
        """Return the published misuse rates as a page to read and to print."""
        html = page_of(await publishing.published(), language)
        return Response(html, media_type="text/html; charset=utf-8", headers=PUBLIC_CACHE)


def _add_declared(router: APIRouter, reviews: Reviews, guard: Guard) -> None:
    @router.get("/declared", openapi_extra=declares(P.SIGNED_IN))
    async def declared(request: Annotated[Request, Depends(guard.requires(P.SIGNED_IN))]) -> Response:
        """Return what you declared of yourself."""
        return reply(200, await reviews.declared(request.actor))

    @router.put("/declared", status_code=204, openapi_extra=declares(P.SIGNED_IN))
    async def declare(
        body: shapes.DeclaredBody, request: Annotated[Request, Depends(guard.requires(P.SIGNED_IN))]
    ) -> Response:
        """Declare where you live, so that looks at your own surroundings can be asked about. Replaces what was declared; an entry says that, not what."""
        await reviews.declare(request, body.home_territory_id, body.home_address)
        return Response(status_code=204)

    @router.delete("/declared", status_code=204, openapi_extra=declares(P.SIGNED_IN))
    async def withdraw(request: Annotated[Request, Depends(guard.requires(P.SIGNED_IN))]) -> Response:
        """Take back what you declared; until the draw of this day it counts all the same. It is an entry of the log."""
        await reviews.withdraw(request)
        return Response(status_code=204)
