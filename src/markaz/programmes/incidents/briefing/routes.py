"""The briefing's HTTP routes: parse, authorise, call the service, answer. Each names its permission."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply, reply_of
from markaz.programmes.incidents.briefing import shapes
from markaz.programmes.incidents.briefing.handover import State
from markaz.programmes.incidents.briefing.handovers import Acknowledge, Handovers, Offer
from markaz.programmes.incidents.briefing.papers import Papers
from markaz.programmes.incidents.briefing.summaries import LIST_LIMIT, MakeSummary, Summaries
from markaz.programmes.incidents.shapes import TerritoryQuery, Time

P = Permission
Language = Literal["uz-Latn", "uz-Cyrl", "ru", "en"]


def handovers_router(handovers: Handovers, guard: Guard) -> APIRouter:
    """Return the routes of handovers."""
    router = APIRouter(prefix="/api/handovers", tags=["briefing"])
    signs = guard.requires(P.HANDOVER_SIGN)
    needs = declares(P.HANDOVER_SIGN)

    @router.get("", openapi_extra=needs)
    async def listed(
        request: Annotated[Request, Depends(signs)],
        state: State | None = None,
        before: Annotated[Time | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = 30,
    ) -> Response:
        """Return handovers, the newest first."""
        return reply(200, await handovers.listed(request.actor, state, before, limit))

    @router.get("/draft", openapi_extra=needs)
    async def draft(
        request: Annotated[Request, Depends(signs)], territory: Annotated[TerritoryQuery, Query()]
    ) -> Response:
        """Return what would be handed over now."""
        return reply(200, await handovers.draft(request.actor, territory))

    @router.post("", status_code=201, openapi_extra=needs)
    async def offer(body: shapes.OfferBody, request: Annotated[Request, Depends(signs)]) -> Response:
        """Sign out: the open incidents are collected, what no programme counts yet is entered by hand."""
        command = Offer(body.territory_id, body.shift, [one.item() for one in body.by_hand])
        return reply_of(await handovers.offer(request, command))

    @router.get("/{handover_id}", openapi_extra=needs)
    async def read(
        handover_id: UUID,
        request: Annotated[Request, Depends(signs)],
        held: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")] = None,
    ) -> Response:
        """Return a handover with its items, and what came in since it was offered; no texts that are `held`."""
        return reply(200, await handovers.read(request, handover_id, held))

    @router.post("/{handover_id}/acknowledgements", openapi_extra=needs)
    async def acknowledge(
        handover_id: UUID, body: shapes.AcknowledgeBody, request: Annotated[Request, Depends(signs)]
    ) -> Response:
        """Acknowledge one item as the officer who comes."""
        command = Acknowledge(body.item_id, body.incident_id, body.remark)
        return reply_of(await handovers.acknowledge(request, handover_id, command))

    @router.post("/{handover_id}/acceptance", openapi_extra=needs)
    async def accept(handover_id: UUID, request: Annotated[Request, Depends(signs)]) -> Response:
        """Sign in; 409 names what is not acknowledged yet, also what came in since the offer."""
        return reply_of(await handovers.accept(request, handover_id))

    @router.post("/{handover_id}/withdrawal", openapi_extra=needs)
    async def withdraw(handover_id: UUID, request: Annotated[Request, Depends(signs)]) -> Response:
        """Take an offered handover back."""
        return reply_of(await handovers.withdraw(request, handover_id))

    return router


def _file(body: bytes, name: str, media_type: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)


def summaries_router(summaries: Summaries, papers: Papers, guard: Guard) -> APIRouter:
    """Return the routes of daily summaries."""
    router = APIRouter(prefix="/api/summaries", tags=["briefing"])
    reads = guard.requires(P.SUMMARY_READ)

    @router.get("", openapi_extra=declares(P.SUMMARY_READ))
    async def listed(
        request: Annotated[Request, Depends(reads)],
        territory: Annotated[TerritoryQuery | None, Query()] = None,
        before: Annotated[shapes.Day | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = 30,
    ) -> Response:
        """Return past summaries, newest day and version first; `before` a day leads to older ones."""
        return reply(200, await summaries.listed(request.actor, territory, before, limit))

    @router.get("/draft", openapi_extra=declares(P.SUMMARY_READ))
    async def draft(
        request: Annotated[Request, Depends(reads)],
        territory: Annotated[TerritoryQuery, Query()],
        day: Annotated[shapes.Day | None, Query()] = None,
    ) -> Response:
        """Return the summary of a day as it would be made now; nothing is kept."""
        return reply(200, await summaries.draft(request.actor, territory, day))

    @router.post("", status_code=201, openapi_extra=declares(P.SUMMARY_MAKE))
    async def make(
        body: shapes.MakeSummaryBody, request: Annotated[Request, Depends(guard.requires(P.SUMMARY_MAKE))]
    ) -> Response:
        """Make the next version of a day's summary; earlier versions stay."""
        significant = {one.incident_id: one.sentence for one in body.significant}
        command = MakeSummary(body.territory_id, body.day, body.by_hand.model_dump(), significant)
        return reply_of(await summaries.make(request, command))

    @router.get("/{summary_id}", openapi_extra=declares(P.SUMMARY_READ))
    async def read(summary_id: UUID, request: Annotated[Request, Depends(reads)]) -> Response:
        """Return a stored summary; an erased sentence says so."""
        return reply(200, await summaries.read(request, summary_id))

    @router.get("/{summary_id}/pdf", openapi_extra=declares(P.SUMMARY_READ), response_class=Response)
    async def pdf(
        summary_id: UUID, request: Annotated[Request, Depends(reads)], language: Language = "uz-Latn"
    ) -> Response:
        """Return a stored summary as PDF, marked with who asks and when."""
        return _file(*await papers.pdf(request, summary_id, language), "application/pdf")

    @router.get("/{summary_id}/csv", openapi_extra=declares(P.SUMMARY_READ), response_class=Response)
    async def csv(
        summary_id: UUID, request: Annotated[Request, Depends(reads)], language: Language = "uz-Latn"
    ) -> Response:
        """Return the figures of a stored summary as CSV: UTF-8 with a byte order mark, the last line says who asked and when."""
        return _file(*await papers.csv(request, summary_id, language), "text/csv; charset=utf-8")

    @router.get("/{summary_id}/check", openapi_extra=declares(P.SUMMARY_READ))
    async def check(summary_id: UUID, request: Annotated[Request, Depends(reads)]) -> Response:
        """Make a stored summary again from the event log and say whether it is the same."""
        return reply(200, await summaries.check(request.actor, summary_id))

    @router.get("/{summary_id}/changes", openapi_extra=declares(P.SUMMARY_READ))
    async def changes(summary_id: UUID, request: Annotated[Request, Depends(reads)]) -> Response:
        """Return how what is known now differs from a stored summary, by figure."""
        return reply(200, await summaries.changes(request.actor, summary_id))

    return router
