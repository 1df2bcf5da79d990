"""The HTTP routes of retention: the schedule in force and the certificates. Each names its permission."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from markaz.core.acts import Request
from markaz.core.permissions import Permission
from markaz.core.routes import Guard, declares, reply
from markaz.programmes.oversight.retention.service import Retention

P = Permission


def retention_router(retention: Retention, guard: Guard) -> APIRouter:
    """Return the routes. They tell classes and counts of the whole centre, nothing of any person."""
    router = APIRouter(prefix="/api/oversight", tags=["oversight"])
    reader = guard.requires(P.GOVERNANCE_READ)
    needs = declares(P.GOVERNANCE_READ)

    @router.get("/retention", openapi_extra=needs)
    async def schedule(_request: Annotated[Request, Depends(reader)]) -> Response:
        """Return when each class of person data ends, on which ground, and what ended so far."""
        return reply(200, await retention.view())

    @router.get("/certificates", openapi_extra=needs)
    async def certificates(
        _request: Annotated[Request, Depends(reader)],
        data_class: Annotated[str | None, Query(alias="class", pattern=r"^[a-z_]{1,40}$")] = None,
        before: Annotated[AwareDatetime | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """Return the certificates of what ended, the newest first; each is an entry of the log as well."""
        earliest: datetime | None = before
        return reply(200, await retention.certificates(data_class, earliest, limit))

    return router
