"""All SQL of requests, delays and restrictions. It decides nothing and commits nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from markaz.contracts.rights import PersonRecord, Stay
from markaz.core.db.pool import Connection
from markaz.core.errors import NotPossibleNow

Record = asyncpg.Record

REQUESTS_MOST = 300
LOOKS_MOST = 20_000  # of one answer; more is refused, never cut
DELAYS_MOST = 300
END_BATCH = 200

_REQUEST = """
SELECT r.id, r.number, r.kind, r.territory_id, r.language, r.received_at, r.sealed_id, r.identity_document, r.answer,
       r.answer_id, r.answered_at, r.version, t.due_at, t.id AS task_id, t.version AS task_version,
       (SELECT count(*) FROM right_records x WHERE x.request_id = r.id) AS records
FROM right_requests r JOIN tasks t ON t.id = r.task_id
"""


async def next_number(connection: Connection) -> int:
    """Return the next number of a request; a refused act leaves a gap."""
    return int(await connection.fetchval("SELECT nextval('right_request_numbers')"))


async def insert_request(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a request."""
    await connection.execute(
        "INSERT INTO right_requests (id, number, kind, territory_id, language, received_at, sealed_id, "
        "identity_document, identity_checked_by, task_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        *(values[name] for name in ("id", "number", "kind", "territory_id", "language", "received_at", "sealed_id")),
        *(values[name] for name in ("identity_document", "identity_checked_by", "task_id")),
    )


async def insert_records(connection: Connection, request_id: UUID, records: Iterable[PersonRecord]) -> None:
    """Keep which records were found for a request."""
    await connection.executemany(
        "INSERT INTO right_records VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        [
            (request_id, one.sealed_id, one.incident_id, one.number, one.territory_id, one.role, one.received_at)
            for one in records
        ],
    )


async def insert_correction(connection: Connection, task_id: UUID, request_id: UUID) -> None:
    """Keep for which request a desk was told to correct."""
    await connection.execute("INSERT INTO right_corrections (task_id, request_id) VALUES ($1, $2)", task_id, request_id)


async def requests(connection: Connection, territories: Sequence[int]) -> list[Record]:
    """Return the requests of territories, open ones first, by their due time."""
    return await connection.fetch(
        _REQUEST + "WHERE r.territory_id = ANY($1::int[]) ORDER BY r.answered_at DESC NULLS FIRST, t.due_at, r.number "
        "LIMIT $2",
        territories,
        REQUESTS_MOST,
    )


async def request(connection: Connection, request_id: UUID) -> Record | None:
    """Return one request."""
    return await connection.fetchrow(_REQUEST + "WHERE r.id = $1", request_id)


async def lock_request(connection: Connection, request_id: UUID) -> Record | None:
    """Return the same, its row locked until the act ends."""
    await connection.execute("SELECT FROM right_requests WHERE id = $1 FOR UPDATE", request_id)
    return await request(connection, request_id)


async def records(connection: Connection, request_id: UUID) -> list[Record]:
    """Return the records found for a request, and whether each is restricted now, by it or by any, or erased."""
    return await connection.fetch(
        "SELECT x.sealed_id, x.incident_id, x.incident_number, x.territory_id, x.role, x.received_at, "
        "EXISTS (SELECT FROM restrictions s WHERE s.sealed_id = x.sealed_id AND s.lifted_at IS NULL) AS is_restricted, "
        "EXISTS (SELECT FROM restrictions s WHERE s.sealed_id = x.sealed_id AND s.request_id = x.request_id "
        "AND s.lifted_at IS NULL) AS is_restricted_by_this, "
        "EXISTS (SELECT FROM erasures e WHERE e.sealed_id = x.sealed_id) AS is_erased "
        "FROM right_records x WHERE x.request_id = $1 ORDER BY x.received_at DESC, x.sealed_id",
        request_id,
    )


# A text that tells of an incident goes on telling what it told, so a look at one counts however long ago the record left.
_SEEN = """
(SELECT e.id, e.at, e.kind, e.action, e.record_id AS incident_id, e.purpose_id, e.roles, e.actor_id,
   coalesce(e.details ->> 'by' = 'glass', false) AS under_glass FROM audit_entries e
 WHERE e.record_id = ANY($1::uuid[]) AND e.kind = ANY($2::text[]) AND e.at <= $3
   AND EXISTS (SELECT FROM unnest($1::uuid[], $7::timestamptz[], $8::timestamptz[]) AS p (id, since, until)
               WHERE p.id = e.record_id AND (p.since IS NULL OR e.at >= p.since) AND (p.until IS NULL OR e.at <= p.until))
 UNION ALL
 SELECT e.id, e.at, e.kind, e.action, told.id::uuid, e.purpose_id, e.roles, e.actor_id,
   coalesce(e.details ->> 'by' = 'glass', false)
 FROM audit_entries e CROSS JOIN LATERAL jsonb_array_elements_text(e.details -> 'incidents') AS told (id)
 WHERE e.record_kind IN ('handover', 'summary') AND e.at >= $5 AND e.kind = ANY($2::text[]) AND e.at <= $3
   AND EXISTS (SELECT FROM unnest($1::uuid[], $7::timestamptz[]) AS p (id, since)
               WHERE p.id = told.id::uuid AND (p.since IS NULL OR e.at >= p.since))) seen
"""
_MARKED = f"""
(SELECT seen.*, EXISTS (SELECT FROM delayed_looks l JOIN disclosure_delays d ON d.id = l.delay_id WHERE l.entry_id = seen.id
   AND d.begins_at <= $6 AND d.ends_at > $6 AND d.ended_at IS NULL) AS is_delayed FROM {_SEEN}) marked
"""  # noqa: S608 - a constant of this file
_LINE = "kind, action, incident_id, purpose_id, roles::text AS roles, actor_id, under_glass"
# An answer tells the minute, so what one officer did over and over within it reads the same line by line. A delayed look is
# never folded with another: it would take that one with it, or change what is told.
_MINUTE = (
    "actor_id, kind, action, incident_id, purpose_id, roles, under_glass, is_delayed, date_trunc('minute', at) "
    "ORDER BY 1 DESC, incident_id LIMIT $4"
)
_EVERY = f"SELECT id, at, {_LINE} FROM {_MARKED} ORDER BY id DESC, incident_id LIMIT $4"  # noqa: S608
_EVERY_OF_MINUTES = f"SELECT min(id) AS id, min(at) AS at, {_LINE} FROM {_MARKED} GROUP BY {_MINUTE}"  # noqa: S608
_TOLD = f"SELECT id, at, {_LINE} FROM {_MARKED} WHERE NOT is_delayed ORDER BY id DESC, incident_id LIMIT $4"  # noqa: S608
_TOLD_OF_MINUTES = (
    f"SELECT min(id) AS id, min(at) AS at, {_LINE} FROM {_MARKED} WHERE NOT is_delayed GROUP BY {_MINUTE}"  # noqa: S608
)
_GIVEN = f"""
SELECT id, at, {_LINE} FROM {_SEEN} WHERE id IN (SELECT entry_id FROM disclosed_looks WHERE request_id = $6)
ORDER BY id DESC, incident_id LIMIT $4
"""  # noqa: S608 - a constant of this file


@dataclass(frozen=True, slots=True)
class Asked:
    """Looks of which `kinds` at incidents while they held records of a person, up to a moment.

    Among them are looks at texts of a handover or a summary that tell of one: from `since` on, when the first of the
    incidents came in, since none can be told of before. `in_parts`: a request by number would find less.
    """

    stays: Sequence[Stay]
    kinds: Sequence[str]
    since: datetime
    until: datetime
    in_parts: bool


async def every_look(connection: Connection, asked: Asked, now: datetime) -> tuple[list[Record], bool]:
    """Return the newest looks, delayed ones among them, one row for each of the incidents; and whether that is all.

    Where there are more than LOOKS_MOST, the same look of one officer counts once a minute.
    """
    rows = await _read(connection, _EVERY, asked, now)
    if len(rows) > LOOKS_MOST:
        rows = await _read(connection, _EVERY_OF_MINUTES, asked, now)
    return rows[:LOOKS_MOST], len(rows) <= LOOKS_MOST


async def looks_to_tell(connection: Connection, asked: Asked, now: datetime) -> list[Record]:
    """Return the looks whose disclosure is not delayed now, the newest first, one row for each of the incidents.

    Delayed ones are left out before anything is counted or folded: what is told, and whether it is too much, is the same
    as if there were none. Where there are more than LOOKS_MOST, the same look of one officer counts once a minute: nobody
    keeps a person from an answer by looking thousands of times. Raises NotPossibleNow for more than LOOKS_MOST even so.
    """
    rows = await _read(connection, _TOLD, asked, now)
    if len(rows) > LOOKS_MOST:
        rows = await _read(connection, _TOLD_OF_MINUTES, asked, now)
    if len(rows) > LOOKS_MOST:
        way = (
            "Take a request for each incident by its number, answer those, and refuse this one with that reason."
            if asked.in_parts
            else "Refuse it with that reason; the auditor's pack holds every look."
        )
        raise NotPossibleNow(f"More than {LOOKS_MOST} looks are to be told, and an answer is never cut. {way}")
    return rows


async def looks_given(connection: Connection, asked: Asked, request_id: UUID) -> list[Record]:
    """Return the looks that the answer to a request named, whatever has been delayed or ended since."""
    return await _read(connection, _GIVEN, asked, request_id)


async def _read(connection: Connection, query: str, asked: Asked, last: datetime | UUID) -> list[Record]:
    rows: list[Record] = await connection.fetch(
        query,
        [stay.incident_id for stay in asked.stays],
        asked.kinds,
        asked.until,
        LOOKS_MOST + 1,
        asked.since,
        last,
        [stay.since for stay in asked.stays],
        [stay.until for stay in asked.stays],
    )
    return rows


async def insert_told(connection: Connection, request_id: UUID, entry_ids: Iterable[int]) -> None:
    """Keep which entries an answer named."""
    await connection.executemany(
        "INSERT INTO disclosed_looks VALUES ($1, $2)", [(request_id, entry_id) for entry_id in set(entry_ids)]
    )


async def write_answer(
    connection: Connection, request_id: UUID, answer: str, answer_id: UUID | None, by: UUID, at: datetime
) -> int:
    """Write the answer of a request and return its new version."""
    version: int = await connection.fetchval(
        "UPDATE right_requests SET answer = $2, answer_id = $3, answered_by = $4, answered_at = $5, "
        "version = version + 1 WHERE id = $1 RETURNING version",
        request_id,
        answer,
        answer_id,
        by,
        at,
    )
    return version


async def restrict(connection: Connection, id_: UUID, sealed_id: UUID, request_id: UUID, at: datetime) -> bool:
    """Restrict a sealed record for a request, whatever others restrict it; False when this one does already."""
    done = await connection.execute(
        "INSERT INTO restrictions (id, sealed_id, request_id, restricted_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        id_,
        sealed_id,
        request_id,
        at,
    )
    return done == "INSERT 0 1"


async def lift(connection: Connection, request_id: UUID, at: datetime) -> int:
    """Lift the restrictions of a request, no other's, and return how many stood."""
    done = await connection.execute(
        "UPDATE restrictions SET lifted_at = $2 WHERE request_id = $1 AND lifted_at IS NULL", request_id, at
    )
    return int(done.split()[-1])


async def delayed(connection: Connection, entry_ids: Sequence[int], now: datetime) -> dict[int, Record]:
    """Return which of these entries are delayed now, and by what."""
    rows = await connection.fetch(
        "SELECT l.entry_id, d.id, d.ground, d.ends_at FROM delayed_looks l JOIN disclosure_delays d ON d.id = l.delay_id "
        "WHERE l.entry_id = ANY($1::bigint[]) AND d.begins_at <= $2 AND d.ends_at > $2 AND d.ended_at IS NULL",
        entry_ids,
        now,
    )
    return {row["entry_id"]: row for row in rows}


async def lock_delays(connection: Connection) -> None:
    """Let one act at a time set, renew or end delays, or tell looks: which are told or delayed must not change meanwhile."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('right.delays', 119))")


async def ever_delayed(connection: Connection, entry_ids: Sequence[int]) -> bool:
    """Say whether any of these entries is or was delayed, whenever and by whom."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM delayed_looks WHERE entry_id = ANY($1::bigint[]))", entry_ids
        )
    )


async def ever_told(connection: Connection, entry_ids: Sequence[int]) -> bool:
    """Say whether the answer to any request named one of these entries."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM disclosed_looks WHERE entry_id = ANY($1::bigint[]))", entry_ids
        )
    )


async def any_look_of(connection: Connection, entry_ids: Sequence[int], account_id: UUID) -> bool:
    """Say whether any of these entries is a look of this account, which always sees its own (row security)."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM audit_entries WHERE id = ANY($1::bigint[]) AND actor_id = $2)",
            entry_ids,
            account_id,
        )
    )


async def entries(connection: Connection, entry_ids: Sequence[int], kinds: Sequence[str]) -> list[Record]:
    """Return those of the entries that are looks: id, record_id, territory_id."""
    return await connection.fetch(
        "SELECT id, record_id, territory_id FROM audit_entries WHERE id = ANY($1::bigint[]) AND kind = ANY($2::text[]) "
        "ORDER BY id",
        entry_ids,
        kinds,
    )


async def insert_delay(connection: Connection, values: Sequence[Any], entry_ids: Iterable[int]) -> None:
    """Insert a delay (id, territory_id, ground, begins_at, ends_at, set_by, renews) and the looks it covers."""
    await connection.execute(
        "INSERT INTO disclosure_delays (id, territory_id, ground, begins_at, ends_at, set_by, renews) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *values,
    )
    await connection.executemany("INSERT INTO delayed_looks VALUES ($1, $2)", [(values[0], one) for one in entry_ids])


_DELAY = """
SELECT d.id, d.territory_id, d.ground, d.begins_at, d.ends_at, d.set_by, d.renews, d.ended_at,
       ARRAY(SELECT l.entry_id FROM delayed_looks l WHERE l.delay_id = d.id ORDER BY l.entry_id) AS entries,
       EXISTS (SELECT FROM disclosure_delays n WHERE n.renews = d.id) AS is_renewed,
       EXISTS (SELECT FROM disclosure_delays n WHERE n.renews = d.id AND n.ended_at IS NULL) AS goes_on
FROM disclosure_delays d
"""
_CHAIN = f"""
WITH RECURSIVE chain AS (
    SELECT id, renews FROM disclosure_delays WHERE id = $1
    UNION SELECT n.id, n.renews FROM disclosure_delays n JOIN chain ON n.renews = chain.id OR n.id = chain.renews)
{_DELAY} WHERE d.id IN (SELECT id FROM chain) AND d.ended_at IS NULL ORDER BY d.begins_at, d.id
"""  # noqa: S608 - a constant of this file


async def delay(connection: Connection, delay_id: UUID) -> Record | None:
    """Return one delay, its row locked until the act ends."""
    await connection.execute("SELECT FROM disclosure_delays WHERE id = $1 FOR UPDATE", delay_id)
    return await connection.fetchrow(_DELAY + "WHERE d.id = $1", delay_id)


async def running(connection: Connection, territories: Sequence[int]) -> list[Record]:
    """Return the delays of territories that have not ended, those that end first first."""
    return await connection.fetch(
        _DELAY + "WHERE d.ended_at IS NULL AND d.territory_id = ANY($1::int[]) ORDER BY d.ends_at, d.id LIMIT $2",
        territories,
        DELAYS_MOST,
    )


async def end_delay(connection: Connection, delay_id: UUID, at: datetime) -> None:
    """Write that a delay has ended."""
    await connection.execute("UPDATE disclosure_delays SET ended_at = $2 WHERE id = $1", delay_id, at)


async def standing_in_chain(connection: Connection, delay_id: UUID) -> list[Record]:
    """Return what still stands of a chain of renewals, whichever of its delays is named; the earliest first."""
    return await connection.fetch(_CHAIN, delay_id)


async def over(connection: Connection, now: datetime) -> list[Record]:
    """Return delays whose time is over and that are not ended yet, locked, a bounded number of them."""
    ids = await connection.fetch(
        "SELECT id FROM disclosure_delays WHERE ended_at IS NULL AND ends_at <= $1 ORDER BY ends_at LIMIT $2 "
        "FOR UPDATE SKIP LOCKED",
        now,
        END_BATCH,
    )
    return await connection.fetch(_DELAY + "WHERE d.id = ANY($1::uuid[])", [row["id"] for row in ids])


async def task_of_delay(connection: Connection, delay_id: UUID) -> Record | None:
    """Return the open task that an ended delay left."""
    return await connection.fetchrow(
        "SELECT id, version, territory_id FROM tasks WHERE kind = 'right_delay_ended' AND record_id = $1 "
        "AND closed_at IS NULL FOR UPDATE",
        delay_id,
    )


async def delay_counts(connection: Connection, zone: str, before: datetime) -> list[Record]:
    """Return by local quarter that is over how many delays were set, renewed and ended; counts only."""
    return await connection.fetch(
        "WITH happened AS ("
        "SELECT begins_at AS at, renews IS NULL AS is_set, renews IS NOT NULL AS is_renewed, false AS is_ended, ground "
        "FROM disclosure_delays WHERE renews IS NULL OR ended_at IS NULL OR ended_at > begins_at "
        "UNION ALL SELECT ended_at, false, false, true, ground FROM disclosure_delays d "
        "WHERE ended_at IS NOT NULL AND NOT EXISTS (SELECT FROM disclosure_delays n WHERE n.renews = d.id)) "
        "SELECT to_char(at AT TIME ZONE $1, 'YYYY-\"Q\"Q') AS quarter, count(*) FILTER (WHERE is_set) AS set, "
        "count(*) FILTER (WHERE is_renewed) AS renewed, count(*) FILTER (WHERE is_ended) AS ended FROM happened "
        "WHERE at < $2 GROUP BY 1 ORDER BY 1 DESC LIMIT 40",
        zone,
        before,
    )


async def standing_at(connection: Connection, at: datetime) -> int:
    """Return how many delays stood at a moment."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM disclosure_delays WHERE begins_at <= $1 AND ends_at > $1 "
            "AND (ended_at IS NULL OR ended_at > $1)",
            at,
        )
    )
