"""An act: one command of one actor, in one transaction, answered once.

Rows, sealed fields, events, the answer kept under the idempotency key and log entries commit together or not at all.
The last statements take the event numbers and the places in the log; nothing may be written after them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from markaz.core.db.pool import Connection, Database
from markaz.core.errors import IdempotencyMismatch, MarkazError
from markaz.core.events import APPEND_AND_KEEP, Event, append, append_arguments
from markaz.core.log import appending
from markaz.core.log.entry import Entry, EntryKind, roles_of
from markaz.core.permissions import Actor
from markaz.kit.clock import Clock

KEEP_ANSWERS_DAYS = 7  # longer than any outage after which a client may still retry


@dataclass(frozen=True, slots=True)
class Request:
    """How a command came: who sent it, under which idempotency key, with which body."""

    actor: Actor
    request_id: str
    idempotency_key: str | None = None
    body_hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client is told: an HTTP status and a JSON body of ids, numbers and codes (it is kept for 7 days)."""

    status: int
    body: Mapping[str, Any]


@dataclass(slots=True)
class Act:
    """The transaction under way. What is added to `events` and `entries` is appended in order when the work is done."""

    connection: Connection
    request: Request
    now: datetime
    events: list[Event] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.request.actor


def entry_of(
    request: Request,
    kind: EntryKind,
    action: str,
    record_kind: str,
    record_id: UUID | None,
    reason: str,
    *,
    territory_id: int | None = None,
    purpose_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
    public: Mapping[str, Any] | None = None,
) -> Entry:
    """Return the log entry of something this request does, with the roles its actor holds now."""
    return Entry(
        kind=kind,
        action=action,
        actor_id=request.actor.id,
        record_kind=record_kind,
        record_id=record_id,
        reason=reason,
        territory_id=territory_id,
        purpose_id=purpose_id,
        details=details or {},
        public=public or {},
        roles=roles_of(request.actor.grants),
        request_id=request.request_id,
    )


def officer_event(act: Act, type_: str, aggregate_id: UUID, territory_id: int, payload: Mapping[str, Any]) -> Event:
    """Return the event of what the actor does now; `payload` holds ids and codes only."""
    return Event(
        type=type_,
        aggregate_id=aggregate_id,
        territory_id=territory_id,
        actor_id=act.actor.id,
        occurred_at=act.now,
        occurred_source="officer",
        payload=payload,
        request_id=act.request.request_id,
    )


Work = Callable[[Act], Awaitable[Answer]]

_MAY_BE_A_TWIN = frozenset({404, 409, 422})
_KEPT = "SELECT body_hash, status, response FROM idempotency WHERE actor_id = $1 AND key = $2"


class Acts:
    """Runs commands against one database with one clock."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self, request: Request, work: Work) -> Answer:
        """Run `work` once and return its answer with `seq`, the number of its last event, in the body.

        The same key with the same body returns the kept answer, also when its twin is still running: whoever loses
        the race for a row or for the key looks again. Two who add the same record at once are told apart by running
        the loser again, now that the record is there; so `work` may be called twice. Raises IdempotencyMismatch for
        the same key with another body, and whatever `work` raises; an error is not kept, so the client may mend its
        request and try again.
        """
        try:
            return await self._run_once(request, work)
        except asyncpg.UniqueViolationError:
            kept = await self._look_again(request)
            return kept if kept is not None else await self._run_once(request, work)
        except MarkazError as error:
            # A twin that waited for a row finds it changed, taken or there already by its own first sending.
            kept = await self._look_again(request) if error.status in _MAY_BE_A_TWIN else None
            if kept is None:
                raise
            return kept

    async def _run_once(self, request: Request, work: Work) -> Answer:
        async with self._database.transaction() as connection:
            kept = await _kept_answer(connection, request)
            if kept is not None:
                return kept
            act = Act(connection, request, self._clock.now())
            answer = await work(act)
            seq = await _finish(act, answer) if act.events else None
            if act.entries:
                await appending.append(connection, act.now, act.entries)
            if seq is None:
                # Nothing was left to do, perhaps because a twin did it after the first look.
                return await _kept_answer(connection, request) or answer
        return Answer(answer.status, {**answer.body, "seq": seq})

    async def _look_again(self, request: Request) -> Answer | None:
        if request.idempotency_key is None:
            return None
        async with self._database.connection() as connection:
            return await _kept_answer(connection, request)


async def _kept_answer(connection: Connection, request: Request) -> Answer | None:
    if request.idempotency_key is None:
        return None
    row = await connection.fetchrow(_KEPT, request.actor.id, request.idempotency_key)
    if row is None:
        return None
    if row["body_hash"] != request.body_hash:
        raise IdempotencyMismatch("This idempotency key was used with another body: take a new key for a new act.")
    return Answer(row["status"], orjson.loads(row["response"]))


async def _finish(act: Act, answer: Answer) -> int:
    request = act.request
    if request.idempotency_key is None:
        return await append(act.connection, act.events)
    seq = await act.connection.fetchval(
        APPEND_AND_KEEP,
        *append_arguments(act.events),
        request.actor.id,
        request.idempotency_key,
        request.body_hash,
        answer.status,
        orjson.dumps(answer.body).decode(),
    )
    return int(seq)


async def forget_old_answers(connection: Connection, now: datetime) -> int:
    """Delete kept answers older than 7 days and return how many."""
    done = await connection.execute(
        "DELETE FROM idempotency WHERE created_at < $1::timestamptz - make_interval(days => $2)", now, KEEP_ANSWERS_DAYS
    )
    return int(done.split()[-1])
