"""The route of the openings of the log: who looked at what, for whoever watches over use. Each reading is an entry too."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from markaz.core import audit
from markaz.core.access.asking import require_reading
from markaz.core.acts import Request, entry_of
from markaz.core.errors import InvalidInput
from markaz.core.log.appending import append
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Permission, Role, require
from markaz.core.routes import declares, reply
from markaz.kit.clock import iso
from markaz.web.centre import Centre

P = Permission
LONGEST = timedelta(days=92)  # a quarter: what is asked for by kind, office or place is looked for in no more than that
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # no log begins before
TimeQuery = Annotated[AwareDatetime | None, Query()]


def audit_router(centre: Centre) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/api", tags=["common"])

    @router.get("/audit", openapi_extra=declares(P.AUDIT_READ))
    async def audit_entries(
        request: Annotated[Request, Depends(centre.guard.requires(P.AUDIT_READ))],
        record: Annotated[UUID | None, Query()] = None,
        actor: Annotated[UUID | None, Query()] = None,
        since: TimeQuery = None,
        until: TimeQuery = None,
        kind: Annotated[EntryKind | None, Query()] = None,
        office: Annotated[Role | None, Query()] = None,
        territory: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """Return who looked at what, newest first, by period, kind, office held then and place, of up to a quarter.

        The right is needed at the top, because not every entry has a territory. This reading is an entry of the log.
        """
        require(request.actor, P.AUDIT_READ, centre.tree.root_id or 0, centre.tree)
        now = centre.clock.now()
        require_reading(request.actor, centre.tree.root_id or 0, centre.tree, now)
        if kind is not None or office is not None or territory is not None or since is not None:
            since = _since(since, until or now)
        below = None if territory is None else sorted(centre.tree.subtree(territory))
        sought = audit.Sought(record, actor, since, until, kind, office, below)
        async with centre.database.transaction() as connection:
            items = await audit.entries(connection, sought, before=before, limit=limit)
            details = _asked(sought, territory, before) | {"shown": len(items)}
            entry = entry_of(request, EntryKind.REVIEW, "audit.read", "audit", None, "audit", details=details)
            await append(connection, now, [entry])
        return reply(200, {"items": items})

    return router


def _asked(sought: audit.Sought, territory_id: int | None, before: int | None) -> dict[str, Any]:
    """Return what was asked for, as an entry says it: ids, codes, whole seconds. So it is seen who looked up whom."""
    asked = {
        "actor_id": None if sought.actor_id is None else str(sought.actor_id),
        "record_id": None if sought.record_id is None else str(sought.record_id),
        "since": _second(sought.since),
        "until": _second(sought.until),
        "kind": sought.kind,
        "office": sought.office,
        "territory_id": territory_id,
        "before": before,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _second(at: datetime | None) -> str | None:
    return None if at is None else iso(at.replace(microsecond=0))


def _since(since: datetime | None, until: datetime) -> datetime:
    """Return when the period begins that is looked through. Raises InvalidInput for none, or one of more than a quarter."""
    start = since if since is not None else max(until, EARLIEST) - LONGEST
    if not timedelta(0) < until - start <= LONGEST:
        raise InvalidInput(f"Name a period of up to {LONGEST.days} days.", field="since")
    return start
