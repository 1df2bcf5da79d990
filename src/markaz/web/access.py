"""The routes of access to person data: purposes, broken glass with its verdict, and why one may or may not look."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from markaz.core.access.glass import BreakGlass, Ground, Verdict
from markaz.core.access.model import DataClass
from markaz.core.access.purpose_rules import LONGEST, Need, PurposeKind
from markaz.core.access.purposes import StatePurpose
from markaz.core.acts import Request
from markaz.core.errors import NotFound
from markaz.core.permissions import Permission
from markaz.core.routes import declares, reply, reply_of
from markaz.programmes.incidents import shapes
from markaz.web.centre import Centre

P = Permission
SENTENCE_LEAST = 3  # characters: in an emergency a word must do


class PurposeBody(BaseModel):
    """A purpose. `text` is not held against the minimum here, so that its refusal leaves an entry like any other."""

    model_config = ConfigDict(extra="forbid")

    kind: PurposeKind
    reference: Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(shapes.storable)]
    need: Need
    text: Annotated[str, StringConstraints(max_length=LONGEST), AfterValidator(shapes.storable)]
    incident: UUID | None = None


class GlassBody(BaseModel):
    """Which incident, the ground and one sentence."""

    model_config = ConfigDict(extra="forbid")

    incident: UUID
    ground: Ground
    sentence: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=SENTENCE_LEAST, max_length=LONGEST),
        AfterValidator(shapes.storable),
    ]


class TakeBody(BaseModel):
    """The version of the task that was seen."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 3, strict=True)]


class VerdictBody(BaseModel):
    """The verdict and, if wanted, a remark."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    remark: Annotated[str, StringConstraints(max_length=1_000), AfterValidator(shapes.storable)] | None = None


def access_router(centre: Centre) -> APIRouter:
    """Return the routes of access to person data."""
    router = APIRouter(prefix="/api/access", tags=["access"])
    looks = centre.guard.requires(P.INCIDENT_READ_SEALED)
    reviews = centre.guard.requires(P.GLASS_REVIEW)

    @router.get("/purpose", openapi_extra=declares(P.INCIDENT_READ_SEALED))
    async def purpose(request: Annotated[Request, Depends(looks)]) -> Response:
        """Return your purpose that holds now, if any, and the open records of yours that one could be tied to."""
        return reply(200, await centre.access.purposes.mine(request))

    @router.post("/purposes", status_code=201, openapi_extra=declares(P.INCIDENT_READ_SEALED))
    async def state(body: PurposeBody, request: Annotated[Request, Depends(looks)]) -> Response:
        """State a purpose; 422 `purpose_refused` says why it does not hold."""
        command = StatePurpose(body.kind, body.reference, body.need, body.text, body.incident)
        return reply_of(await centre.access.purposes.state(request, command))

    @router.post("/purposes/{purpose_id}/end", openapi_extra=declares(P.INCIDENT_READ_SEALED))
    async def end(purpose_id: UUID, request: Annotated[Request, Depends(looks)]) -> Response:
        """End a purpose of yours."""
        return reply_of(await centre.access.purposes.end(request, purpose_id))

    @router.post("/glass", status_code=201, openapi_extra=declares(P.INCIDENT_READ_SEALED))
    async def break_glass(body: GlassBody, request: Annotated[Request, Depends(looks)]) -> Response:
        """Open one incident for half an hour at once; supervisors hear of it and somebody judges it."""
        command = BreakGlass(body.incident, body.ground, body.sentence)
        return reply_of(await centre.access.glass.break_glass(request, command))

    @router.get("/glass", openapi_extra=declares(P.GLASS_REVIEW))
    async def listed(
        request: Annotated[Request, Depends(reviews)],
        waiting: Annotated[bool, Query()] = False,
        before: Annotated[shapes.Time | None, Query()] = None,
    ) -> Response:
        """Return broken glass of your territories, what waits for a verdict first."""
        at: datetime | None = before
        return reply(200, await centre.access.glass.listed(request.actor, only_waiting=waiting, before=at))

    @router.get("/glass/{glass_id}", openapi_extra=declares(P.GLASS_REVIEW))
    async def read(glass_id: UUID, request: Annotated[Request, Depends(reviews)]) -> Response:
        """Return one with its sentence and what was looked at under it; this leaves an entry."""
        return reply(200, await centre.access.glass.read(request, glass_id))

    @router.post("/glass/{glass_id}/take", openapi_extra=declares(P.GLASS_REVIEW))
    async def take(glass_id: UUID, body: TakeBody, request: Annotated[Request, Depends(reviews)]) -> Response:
        """Take the task of judging one, never your own nor your superior's; a purpose can then be tied to it."""
        return reply_of(await centre.access.glass.take(request, glass_id, body.version))

    @router.post("/glass/{glass_id}/verdict", openapi_extra=declares(P.GLASS_REVIEW))
    async def judge(glass_id: UUID, body: VerdictBody, request: Annotated[Request, Depends(reviews)]) -> Response:
        """Judge one, never your own and never your superior's."""
        return reply_of(await centre.access.glass.judge(request, glass_id, body.verdict, body.remark))

    @router.get("/why", openapi_extra=declares(P.INCIDENT_READ))
    async def why(
        request: Annotated[Request, Depends(centre.guard.requires(P.INCIDENT_READ))],
        incident: Annotated[UUID, Query()],
        data_class: Annotated[DataClass, Query()] = DataClass.CALLER,
    ) -> Response:
        """Return whether you may see this class of data of an incident now, and the rule that decides, in words."""
        async with centre.database.connection() as connection:
            standing = await centre.spine.standings.by_id(connection, request.actor, incident)
        if standing is None:
            raise NotFound("There is no such incident in your territory.", what="incident")
        return reply(200, await centre.spine.looking.why(request, standing, data_class))

    return router
