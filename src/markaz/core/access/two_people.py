"""What needs two different people: one asks, another approves, and only then it is done, in the approving act.

The caller keeps its own right checks and says what `what` means; here stands only that the two differ, that the request
is still open, and that every step is an event. A service account is no second person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from markaz.core.access import store
from markaz.core.acts import Act, officer_event
from markaz.core.db.pool import Connection
from markaz.core.errors import Forbidden, InvalidInput, NotFound, NotPossibleNow
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7

ASKED = "two_people.asked/1"
APPROVED = "two_people.approved/1"
REFUSED = "two_people.refused/1"
WITHDRAWN = "two_people.withdrawn/1"

LONGEST = timedelta(days=14)  # a request nobody approves within two weeks has lost its ground


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the second person finds it. `what` holds ids and codes only."""

    id: UUID
    kind: str
    what: Mapping[str, Any]
    territory_id: int
    asked_by: UUID
    asked_name: str
    asked_at: datetime
    ends_at: datetime

    def wire(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "id": str(self.id),
            "kind": self.kind,
            "what": dict(self.what),
            "territory_id": self.territory_id,
            "asked_by": {"id": str(self.asked_by), "name": self.asked_name},
            "asked_at": iso(self.asked_at),
            "ends_at": iso(self.ends_at),
        }


async def ask(act: Act, kind: str, what: Mapping[str, Any], territory_id: int, life: timedelta) -> UUID:
    """Ask for a second person and return the request's id. Raises InvalidInput for a life beyond 14 days.

    `kind` and `what` go into the event: codes and ids only.
    """
    if not timedelta(0) < life <= LONGEST:
        raise InvalidInput("A request ends within 14 days.", field="life")
    _check_person(act)
    request_id = uuid7()
    await store.insert_request(
        act.connection,
        {
            "id": request_id,
            "kind": kind,
            "what": orjson.dumps(what).decode(),
            "territory_id": territory_id,
            "asked_by": act.actor.id,
            "asked_at": act.now,
            "ends_at": act.now + life,
        },
    )
    act.events.append(officer_event(act, ASKED, request_id, territory_id, {"kind": kind, "what": dict(what)}))
    return request_id


async def approve(act: Act, request_id: UUID, kind: str) -> Asked:
    """Approve as the second person and return what the caller now does in the same act.

    Raises NotFound for no such request of that kind, Forbidden for whoever asked, NotPossibleNow when it was decided or
    is over.
    """
    asked = await _other(act, request_id, kind)
    await store.decide_request(act.connection, request_id, "approved", act.actor.id, act.now)
    act.events.append(officer_event(act, APPROVED, request_id, asked.territory_id, {"kind": kind}))
    return asked


async def refuse(act: Act, request_id: UUID, kind: str) -> Asked:
    """Refuse as the second person. Raises as `approve` does."""
    asked = await _other(act, request_id, kind)
    await store.decide_request(act.connection, request_id, "refused", act.actor.id, act.now)
    act.events.append(officer_event(act, REFUSED, request_id, asked.territory_id, {"kind": kind}))
    return asked


async def withdraw(act: Act, request_id: UUID, kind: str) -> Asked:
    """Take one's own request back. Raises Forbidden for anybody else's."""
    asked = await _locked(act, request_id, kind)
    if asked.asked_by != act.actor.id:
        raise Forbidden("Only whoever asked takes a request back: refuse it instead.")
    await store.decide_request(act.connection, request_id, "withdrawn", act.actor.id, act.now)
    act.events.append(officer_event(act, WITHDRAWN, request_id, asked.territory_id, {"kind": kind}))
    return asked


async def waiting(
    connection: Connection, kinds: Sequence[str], territories: Sequence[int], now: datetime
) -> list[Asked]:
    """Return what waits for a second person in these territories, the oldest first."""
    return [_asked(row) for row in await store.open_requests(connection, kinds, territories, now)]


async def _other(act: Act, request_id: UUID, kind: str) -> Asked:
    _check_person(act)
    asked = await _locked(act, request_id, kind)
    if asked.asked_by == act.actor.id:
        raise Forbidden("Two different people are needed: somebody else must decide what you asked for.")
    return asked


async def _locked(act: Act, request_id: UUID, kind: str) -> Asked:
    row = await store.lock_request(act.connection, request_id)
    if row is None or row["kind"] != kind:
        raise NotFound("There is no such request.", what="two_person_request")
    if row["state"] != "asked":
        raise NotPossibleNow(f"This request was {row['state']} already.", state=row["state"])
    if row["ends_at"] <= act.now:
        raise NotPossibleNow("This request is over: ask again.", state="over")
    return _asked(row)


def _asked(row: store.Record) -> Asked:
    return Asked(
        row["id"],
        row["kind"],
        orjson.loads(row["what"]),
        row["territory_id"],
        row["asked_by"],
        row["asked_name"],
        row["asked_at"],
        row["ends_at"],
    )


def _check_person(act: Act) -> None:
    if act.actor.is_service:
        raise Forbidden("A service is not one of two people.")
