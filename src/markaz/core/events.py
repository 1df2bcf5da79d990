"""The event log: append-only, dense and in commit order.

Numbers come from one counter row that is taken by the *last* statement before the commit. So a rollback leaves no
hole, a higher number was never visible before a lower one, and a hole is a fault that `markaz check` reports.
Nothing here decides who may see an event; that is core.stream.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from markaz.core.db.pool import Connection

CHANNEL = "markaz_events"  # NOTIFY only wakes; it carries no data
SYSTEM_ACTOR_ID = UUID(int=0)  # acts of the centre itself: jobs, migrations, the first import


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that happened to one aggregate.

    `type` is `<kind>.<what>/<version>`. `payload` is JSON-ready and holds ids and coded values only: never a name, a
    phone, an address or free text (see core.sealing). `occurred_at` is what a person, device or importer stated,
    `occurred_source` says which of them.
    """

    type: str
    aggregate_id: UUID
    territory_id: int
    actor_id: UUID
    occurred_at: datetime
    occurred_source: str
    payload: Mapping[str, Any]
    from_territory_id: int | None = None
    occurred_precision: str = "second"
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with what the log added: its number and the time of record, which is ours alone."""

    seq: int
    recorded_at: datetime
    event: Event


# Behind OFFSET 0 the planner does not see how long the arrays are, so it keeps one plan; it would make a new one for
# every append otherwise, which costs half as much again as the append itself.
_COLUMNS = """
    (SELECT $2::text[], $3::uuid[], $4::int[], $5::int[], $6::uuid[], $7::timestamptz[], $8::text[], $9::text[],
            $10::text[], $11::text[] OFFSET 0)
    AS given(types, aggregate_ids, territory_ids, from_territory_ids, actor_ids, times, precisions, sources, request_ids,
             payloads),
    unnest(types, aggregate_ids, territory_ids, from_territory_ids, actor_ids, times, precisions, sources, request_ids,
           payloads) WITH ORDINALITY
    AS e(type, aggregate_id, territory_id, from_territory_id, actor_id, occurred_at, occurred_precision,
         occurred_source, request_id, payload, ordinal)
"""

# One statement, so that the counter row is locked as late as can be and released by the commit that follows.
APPEND = f"""
WITH n AS (UPDATE event_counter SET seq = seq + $1 RETURNING seq),
i AS (
    INSERT INTO events (seq, type, aggregate_id, territory_id, from_territory_id, actor_id, occurred_at,
                        occurred_precision, occurred_source, request_id, payload)
    SELECT n.seq - $1 + e.ordinal, e.type, e.aggregate_id, e.territory_id, e.from_territory_id, e.actor_id,
           e.occurred_at, e.occurred_precision, e.occurred_source, e.request_id, e.payload::jsonb
    FROM n, {_COLUMNS}
)
SELECT n.seq, pg_notify('{CHANNEL}', '') FROM n
"""  # noqa: S608 - joins two constants of this file

# The same, and the answer of the act kept under its idempotency key.
APPEND_AND_KEEP = f"""
WITH n AS (UPDATE event_counter SET seq = seq + $1 RETURNING seq),
i AS (
    INSERT INTO events (seq, type, aggregate_id, territory_id, from_territory_id, actor_id, occurred_at,
                        occurred_precision, occurred_source, request_id, payload)
    SELECT n.seq - $1 + e.ordinal, e.type, e.aggregate_id, e.territory_id, e.from_territory_id, e.actor_id,
           e.occurred_at, e.occurred_precision, e.occurred_source, e.request_id, e.payload::jsonb
    FROM n, {_COLUMNS}
),
d AS (
    INSERT INTO idempotency (actor_id, key, body_hash, status, response)
    SELECT $12, $13, $14, $15, jsonb_set($16::text::jsonb, '{{seq}}', to_jsonb(n.seq)) FROM n
)
SELECT n.seq, pg_notify('{CHANNEL}', '') FROM n
"""  # noqa: S608 - joins two constants of this file


def append_arguments(events: Sequence[Event]) -> list[Any]:
    """Return the arguments $1..$11 of APPEND: the count, then one array per column."""
    return [
        len(events),
        [e.type for e in events],
        [e.aggregate_id for e in events],
        [e.territory_id for e in events],
        [e.from_territory_id for e in events],
        [e.actor_id for e in events],
        [e.occurred_at for e in events],
        [e.occurred_precision for e in events],
        [e.occurred_source for e in events],
        [e.request_id for e in events],
        [orjson.dumps(e.payload).decode() for e in events],
    ]


async def append(connection: Connection, events: Sequence[Event]) -> int:
    """Append `events` in order and return the number of the last one.

    Must be the last statement of the transaction: from here to the commit every other writer waits. Importers keep
    their batches small enough to hold it under 100 ms.
    """
    if not events:
        raise ValueError("an act without an event is not an act")
    return int(await connection.fetchval(APPEND, *append_arguments(events)))


async def last_seq(connection: Connection) -> int:
    """Return the number of the last event, as this transaction sees it; 0 in an empty log."""
    return int(await connection.fetchval("SELECT seq FROM event_counter"))


async def hold_counter(connection: Connection) -> None:
    """Keep every other act from committing events until this transaction ends.

    For an act whose last decision must be true of the very moment of its event. Call it last, after every lock and
    write, and only read after it: whoever waits for the counter may hold the rows that this act would wait for.
    """
    await connection.execute("SELECT seq FROM event_counter FOR UPDATE")


_READ = """
SELECT seq, type, aggregate_id, territory_id, from_territory_id, actor_id, occurred_at, occurred_precision,
       occurred_source, recorded_at, request_id, payload
FROM events
"""


async def read_after(connection: Connection, seq: int, *, limit: int) -> list[Recorded]:
    """Return up to `limit` events after `seq`, in order."""
    rows = await connection.fetch(_READ + "WHERE seq > $1 ORDER BY seq LIMIT $2", seq, limit)
    return [_recorded(row) for row in rows]


async def read_of(
    connection: Connection,
    aggregate_id: UUID,
    *,
    before: int | None = None,
    type_: str | None = None,
    limit: int = 1_000,
) -> list[Recorded]:
    """Return the newest `limit` events of one aggregate before the number `before`, of one type or of any.

    Oldest first, so that the last of them is the newest there is.
    """
    rows = await connection.fetch(
        _READ + "WHERE aggregate_id = $1 AND ($2::bigint IS NULL OR seq < $2) AND ($3::text IS NULL OR type = $3) "
        "ORDER BY seq DESC LIMIT $4",
        aggregate_id,
        before,
        type_,
        limit,
    )
    return [_recorded(row) for row in reversed(rows)]


def _recorded(row: Any) -> Recorded:
    (
        seq,
        type_,
        aggregate_id,
        territory_id,
        from_id,
        actor_id,
        at,
        precision,
        source,
        recorded_at,
        request,
        payload,
    ) = row
    return Recorded(
        seq,
        recorded_at,
        Event(
            type=type_,
            aggregate_id=aggregate_id,
            territory_id=territory_id,
            actor_id=actor_id,
            occurred_at=at,
            occurred_source=source,
            payload=orjson.loads(payload),
            from_territory_id=from_id,
            occurred_precision=precision,
            request_id=request,
        ),
    )
