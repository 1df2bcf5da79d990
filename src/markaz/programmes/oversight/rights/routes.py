"""The rights' HTTP routes: parse, authorise, call the service, answer. Each names its permission."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.press.pdf import Press
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.oversight.rights import shapes
from markaz.programmes.oversight.rights.delays import Delays
from markaz.programmes.oversight.rights.paper import Wording, letter_of
from markaz.programmes.oversight.rights.service import Rights

P = Permission
PUBLIC_CACHE = {"cache-control": "public, max-age=300"}
Words = Callable[[str], Wording]


def rights_router(rights: Rights, delays: Delays, press: Press, words: Words, guard: Guard) -> APIRouter:
    """Return the routes of requests and of delays."""
    router = APIRouter(prefix="/api/oversight", tags=["oversight"])
    _add_requests(router, rights, guard)
    _add_answers(router, rights, press, words, guard)
    _add_delays(router, delays, guard)
    _add_ending(router, delays, guard)
    return router


def _add_requests(router: APIRouter, rights: Rights, guard: Guard) -> None:
    @router.get("/requests", openapi_extra=declares(P.RIGHT_HANDLE))
    async def requests(request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))]) -> Response:
        """Return what persons asked in your territories, open requests first, and which ended delays are to be told."""
        return reply(200, await rights.requests(request.actor))

    @router.post("/requests", status_code=201, openapi_extra=declares(P.RIGHT_HANDLE))
    async def take(
        body: shapes.RightRequestBody, request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))]
    ) -> Response:
        """Take a person's request after their identity was checked, and look for their data once."""
        return reply_of(await rights.take(request, body.new()))

    @router.get("/requests/{request_id}", openapi_extra=declares(P.RIGHT_HANDLE))
    async def whole(request_id: UUID, request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))]) -> Response:
        """Return one request whole; this look is an entry of the log."""
        return reply(200, await rights.request(request, request_id))

    @router.post("/requests/{request_id}/answer", openapi_extra=declares(P.RIGHT_HANDLE))
    async def answer(
        request_id: UUID,
        body: shapes.RightAnswerBody,
        request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))],
    ) -> Response:
        """Answer a request, and carry out what it grants."""
        return reply_of(await rights.answer(request, request_id, body.version, body.answer, body.reasons, body.records))

    @router.post("/requests/{request_id}/lift", openapi_extra=declares(P.RIGHT_HANDLE))
    async def lift(request_id: UUID, request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))]) -> Response:
        """Lift the restriction that a request brought; a record is shown again when no other request's stands over it."""
        return reply_of(await rights.lift(request, request_id))


def _add_answers(router: APIRouter, rights: Rights, press: Press, words: Words, guard: Guard) -> None:
    @router.get("/requests/{request_id}/answer", openapi_extra=declares(P.RIGHT_HANDLE))
    async def read(request_id: UUID, request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))]) -> Response:
        """Return the answer as the person gets it: the same whether there is nothing or something delayed."""
        document, _ = await rights.answer_document(request, request_id)
        return reply(200, document)

    @router.get("/requests/{request_id}/answer.pdf", openapi_extra=declares(P.RIGHT_HANDLE))
    async def pdf(
        request_id: UUID,
        request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))],
        language: Annotated[shapes.Language | None, Query()] = None,
    ) -> Response:
        """Return the answer as a PDF, in the person's language unless another is named."""
        document, asked = await rights.answer_document(request, request_id)
        letter = await press.pdf_of(letter_of(document, words(language or asked)))
        name = {"content-disposition": f'inline; filename="{document["number"]}.pdf"'}
        return Response(letter, media_type="application/pdf", headers=name)


def _add_delays(router: APIRouter, delays: Delays, guard: Guard) -> None:
    @router.get("/delays", openapi_extra=declares(P.PUBLIC))
    async def counts() -> Response:
        """Return how many delays of disclosure were set, renewed and ended by quarter. Counts only; anybody may read them."""
        return reply(200, await delays.counts(), PUBLIC_CACHE)

    @router.get("/delays/running", openapi_extra=declares(P.REVIEW_READ))
    async def running(request: Annotated[Request, Depends(guard.requires(P.REVIEW_READ))]) -> Response:
        """Return the delays that stand in your territories: ground, times, and the numbers of the entries they cover."""
        return reply(200, await delays.running(request.actor))

    @router.post("/delays", status_code=201, openapi_extra=declares(P.RIGHT_HANDLE))
    async def delay(
        body: shapes.DelayBody, request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))]
    ) -> Response:
        """Delay the disclosure of looks on a listed ground, for twelve months at most; none of your own, none told already."""
        return reply_of(await delays.set(request, body.entries, body.ground, body.months))


def _add_ending(router: APIRouter, delays: Delays, guard: Guard) -> None:
    @router.post("/delays/{delay_id}/renewal", status_code=201, openapi_extra=declares(P.RIGHT_RENEW))
    async def renew(
        delay_id: UUID,
        body: shapes.RenewalBody,
        request: Annotated[Request, Depends(guard.requires(P.RIGHT_RENEW))],
    ) -> Response:
        """Renew a delay in its last thirty days; only a body outside the chain may."""
        return reply_of(await delays.renew(request, delay_id, body.ground, body.months))

    @router.post("/delays/{delay_id}/end", openapi_extra=declares(P.RIGHT_HANDLE))
    async def end(delay_id: UUID, request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))]) -> Response:
        """End a delay before its time, with its whole chain of renewals; whoever asked is to be told."""
        return reply_of(await delays.end(request, delay_id))

    @router.post("/delays/{delay_id}/told", openapi_extra=declares(P.RIGHT_HANDLE))
    async def told(delay_id: UUID, request: Annotated[Request, Depends(guard.requires(P.RIGHT_HANDLE))]) -> Response:
        """Say that everybody who asked was told of an ended delay."""
        return reply_of(await delays.told(request, delay_id))
