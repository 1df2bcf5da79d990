"""All SQL of reviews. It decides nothing and commits nothing."""

from array import array
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from markaz.core.db.pool import Connection
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.programmes.oversight.ground import LOOKS
from markaz.programmes.oversight.reviews.domain import Drawn

Record = asyncpg.Record

LOOKS_MOST = 500_000  # read of one day; a country's desks make some hundred thousand
LEAVES_AT_ONCE = 10_000
CASES_MOST = 500
JUDGED_SHOWN = 50
RATES_MOST = 40  # ten years of quarters
_LEAF_HASHES = "SELECT index, hash FROM log_leaves WHERE index >= $1 AND index < $2"
_TILE_HASHES = "SELECT index, hash FROM log_tiles WHERE index >= $1 AND index < $2 AND level = $3"


# Looks that say they were earlier, and came into the log after the days before were drawn, are among those of a day: a
# clock that is set back takes nothing out of the sample.
_OF_THE_DAY = """WHERE (at >= $1 OR leaf >= (SELECT max(log_size) FROM review_samples)) AND at < $2
AND leaf IS NOT NULL AND kind = ANY($3::text[]) AND actor_id <> $4
"""
_SELECT = """
SELECT id, leaf, at, actor_id, kind, record_kind, record_id, territory_id, purpose_id, details::text AS details
FROM audit_entries
"""
_LEAF = "SELECT leaf FROM audit_entries "
_LOOKS = _SELECT + _OF_THE_DAY + "ORDER BY leaf LIMIT $5"
_LEAVES = _LEAF + _OF_THE_DAY + "ORDER BY leaf"
# The same look of one person counts once an hour, and everybody has the same share of what is read.
_ONCE = """
WITH once AS (
SELECT DISTINCT ON (actor_id, record_id, purpose_id, kind, details, date_trunc('hour', at)) actor_id, leaf FROM audit_entries
"""
_SHARED = """
ORDER BY actor_id, record_id, purpose_id, kind, details, date_trunc('hour', at), leaf),
shared AS (SELECT leaf FROM once ORDER BY row_number() OVER (PARTITION BY actor_id ORDER BY leaf), leaf LIMIT $5)
"""
# What is always asked about (contracts.reviews.ALWAYS_ASKED) has no share: the first of each sort of one person at one
# record, which is the one that is asked about, stays among what is read however much else there is.
_ALWAYS = """,
marked AS (
SELECT e.actor_id, e.record_id, e.leaf, ARRAY[e.kind = 'break_glass',
    coalesce(e.details -> 'self_opened' = 'true'::jsonb, false) OR coalesce(p.self_opened, false),
    coalesce(e.details -> 'edited_before' = 'true'::jsonb, false) OR coalesce(p.edited_before, false)] AS asked
FROM (SELECT actor_id, record_id, leaf, kind, details, purpose_id FROM audit_entries
"""
_ALWAYS_OF_THE_DAY = """) e LEFT JOIN purposes p ON p.id = e.purpose_id),
always AS (
SELECT DISTINCT ON (actor_id, record_id, asked) leaf FROM marked WHERE true = ANY(asked)
ORDER BY actor_id, record_id, asked, leaf)
"""
_KEPT = (
    "WHERE leaf IN (SELECT leaf FROM shared) OR leaf IN (SELECT leaf FROM always) OR leaf = ANY($6::bigint[]) "
    "ORDER BY leaf"
)
_LOOKS_OF_A_FLOOD = _ONCE + _OF_THE_DAY + _SHARED + _ALWAYS + _OF_THE_DAY + _ALWAYS_OF_THE_DAY + _SELECT + _KEPT


async def leaves(connection: Connection, start: datetime, end: datetime) -> Sequence[int]:
    """Return the leaf of every look of a day in the order of the log, eight bytes each, however many there are."""
    found = array("q")
    async for row in connection.cursor(_LEAVES, start, end, LOOKS, SYSTEM_ACTOR_ID, prefetch=LEAVES_AT_ONCE):
        found.append(row["leaf"])
    return found


async def looks(connection: Connection, start: datetime, end: datetime, drawn: Sequence[int]) -> list[Record]:
    """Return the looks of a day in the order of the log.

    Of a day with more than LOOKS_MOST: those `drawn` by lot, and of the others the same look of one person once an hour,
    at most LOOKS_MOST, everybody's share the same; and all that must always be asked about. So nobody stops the review by
    looking often, or hides behind it.
    """
    rows: list[Record] = await connection.fetch(_LOOKS, start, end, LOOKS, SYSTEM_ACTOR_ID, LOOKS_MOST + 1)
    if len(rows) > LOOKS_MOST:
        rows = await connection.fetch(_LOOKS_OF_A_FLOOD, start, end, LOOKS, SYSTEM_ACTOR_ID, LOOKS_MOST, drawn)
    return rows


async def log_size(connection: Connection, end: datetime) -> int:
    """Return how many leaves the log had when a day ended."""
    last = await connection.fetchval("SELECT max(leaf) FROM audit_entries WHERE at < $1 AND leaf IS NOT NULL", end)
    return 0 if last is None else int(last) + 1


async def hashes(connection: Connection, level: int, ranges: Sequence[tuple[int, int]]) -> dict[int, bytes]:
    """Return the hashes of runs of leaves (level 0) or of full tiles, by their index."""
    found: dict[int, bytes] = {}
    for first, last in ranges:
        query = _LEAF_HASHES if level == 0 else _TILE_HASHES
        for row in await connection.fetch(query, first, last, *([level] if level else [])):
            found[row["index"]] = bytes(row["hash"])
    return found


async def first_look(connection: Connection) -> datetime | None:
    """Return when the first look with a leaf was."""
    found: datetime | None = await connection.fetchval(
        "SELECT at FROM audit_entries WHERE leaf IS NOT NULL ORDER BY leaf LIMIT 1"
    )
    return found


async def last_sample(connection: Connection) -> date | None:
    """Return the last day that was drawn."""
    found: date | None = await connection.fetchval("SELECT max(day) FROM review_samples")
    return found


async def staff(connection: Connection) -> list[Record]:
    """Return the names of all people with an account, and what they declared of themselves."""
    return await connection.fetch(
        "SELECT a.id, a.display_name, d.home_territory_id, d.address_hash FROM accounts a "
        "LEFT JOIN declared_facts d ON d.account_id = a.id WHERE a.kind = 'person'"
    )


async def insert_sample(connection: Connection, values: Sequence[Any]) -> bool:
    """Insert the sample of a day: day, drawn_at, rule, size, root, looks, drawn, asked, left_out. False: it is there."""
    done = await connection.execute(
        "INSERT INTO review_samples (day, drawn_at, rule, log_size, log_root, looks, drawn, asked, left_out) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (day) DO NOTHING",
        *values,
    )
    return done == "INSERT 0 1"


async def insert_case(
    connection: Connection, id_: UUID, label: str, day: date, drawn: Drawn, territory_id: int, task_id: UUID
) -> None:
    """Insert one case of a sample."""
    await connection.execute(
        "INSERT INTO review_cases (id, label, day, entry_id, territory_id, viewer_id, probability, questions, task_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id_,
        label,
        day,
        drawn.look.entry_id,
        territory_id,
        drawn.look.viewer_id,
        drawn.probability,
        sorted(drawn.questions),
        task_id,
    )


_CASE = """
SELECT c.id, c.label, c.day, c.territory_id, c.viewer_id, c.probability IS NOT NULL AS is_random, c.questions, c.task_id,
       c.verdict, c.judged_at, c.judged_by, c.version, t.due_at, t.version AS task_version, t.owner_id,
       e.at, e.kind, e.action, e.record_kind, e.record_id, e.purpose_id, e.details::text AS details,
       coalesce(e.roles, '[]')::text AS roles,
       (SELECT coalesce(jsonb_agg(g.role || '@' || g.territory_id), '[]') FROM grants g
        WHERE g.account_id = c.viewer_id)::text AS grants
FROM review_cases c JOIN tasks t ON t.id = c.task_id LEFT JOIN audit_entries e ON e.id = c.entry_id
"""


async def open_cases(connection: Connection, territories: Sequence[int]) -> list[Record]:
    """Return the cases without a verdict, those due first."""
    return await connection.fetch(
        _CASE + "WHERE c.verdict IS NULL AND c.territory_id = ANY($1::int[]) ORDER BY t.due_at, c.label LIMIT $2",
        territories,
        CASES_MOST,
    )


async def judged_cases(connection: Connection, account_id: UUID) -> list[Record]:
    """Return the cases that one reviewer judged last."""
    return await connection.fetch(
        _CASE + "WHERE c.judged_by = $1 ORDER BY c.judged_at DESC, c.label LIMIT $2", account_id, JUDGED_SHOWN
    )


async def case(connection: Connection, case_id: UUID) -> Record | None:
    """Return one case with the entry it is about (whose columns are empty when its time to be kept has ended)."""
    return await connection.fetchrow(_CASE + "WHERE c.id = $1", case_id)


async def lock_case(connection: Connection, case_id: UUID) -> Record | None:
    """Return the same, its row locked until the act ends."""
    await connection.execute("SELECT FROM review_cases WHERE id = $1 FOR UPDATE", case_id)
    return await case(connection, case_id)


async def write_verdict(
    connection: Connection, case_id: UUID, verdict: str, reason_id: UUID, by: UUID, at: datetime
) -> int:
    """Write the verdict of a case and return its new version."""
    version: int = await connection.fetchval(
        "UPDATE review_cases SET verdict = $2, reason_id = $3, judged_by = $4, judged_at = $5, version = version + 1 "
        "WHERE id = $1 RETURNING version",
        case_id,
        verdict,
        reason_id,
        by,
        at,
    )
    return version


async def samples(connection: Connection, start: date, end: date) -> list[Record]:
    """Return the samples of the days from `start` up to `end`, not included, and how far each is judged."""
    return await connection.fetch(
        "SELECT s.day, s.drawn_at, s.rule, s.log_size, s.log_root, s.looks, s.drawn, s.asked, s.left_out, "
        "count(c.id) AS cases, count(c.verdict) AS judged FROM review_samples s LEFT JOIN review_cases c USING (day) "
        "WHERE s.day >= $1 AND s.day < $2 GROUP BY s.day ORDER BY s.day DESC",
        start,
        end,
    )


async def verdicts(connection: Connection, start: date, end: date) -> list[Record]:
    """Return probability (None: asked about only) and verdict of every case of those days."""
    return await connection.fetch(
        "SELECT probability, verdict, cardinality(questions) AS questions FROM review_cases WHERE day >= $1 AND day < $2",
        start,
        end,
    )


async def purposes(connection: Connection, purpose_ids: Sequence[UUID]) -> list[Record]:
    """Return stated purposes: id, sealed_id, self_opened, edited_before."""
    return await connection.fetch(
        "SELECT id, sealed_id, self_opened, edited_before FROM purposes WHERE id = ANY($1::uuid[])", purpose_ids
    )


async def insert_rate(
    connection: Connection, quarter: str, at: datetime, by: UUID, document: dict[str, Any]
) -> int | None:
    """Publish a further version of a quarter's rate and return its number."""
    version: int | None = await connection.fetchval(
        "INSERT INTO misuse_rates (quarter, version, published_at, published_by, document) "
        "SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4::text::jsonb FROM misuse_rates WHERE quarter = $1 "
        "RETURNING version",
        quarter,
        at,
        by,
        orjson.dumps(document).decode(),
    )
    return version


async def lock_rates(connection: Connection) -> None:
    """Let one act at a time publish a rate or ask for one, until it ends: a published quarter is not asked for again."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('review.rates', 119))")


async def first_sample(connection: Connection) -> date | None:
    """Return the first day that was drawn."""
    found: date | None = await connection.fetchval("SELECT min(day) FROM review_samples")
    return found


async def published_quarters(connection: Connection) -> set[str]:
    """Return every quarter whose rate was published."""
    return {row["quarter"] for row in await connection.fetch("SELECT DISTINCT quarter FROM misuse_rates")}


async def insert_duty(connection: Connection, quarter: str, task_id: UUID) -> None:
    """Keep by which task, and so by when, the rate of a quarter is to be published."""
    await connection.execute(
        "INSERT INTO rate_duties (quarter, task_id, due_at) SELECT $1, id, due_at FROM tasks WHERE id = $2",
        quarter,
        task_id,
    )


async def duties(connection: Connection) -> dict[str, datetime]:
    """Return by when the rate of each quarter that was asked for is due."""
    return {row["quarter"]: row["due_at"] for row in await connection.fetch("SELECT quarter, due_at FROM rate_duties")}


async def duty(connection: Connection, quarter: str) -> Record | None:
    """Return id and version of the open task to publish a quarter's rate."""
    return await connection.fetchrow(
        "SELECT t.id, t.version FROM rate_duties d JOIN tasks t ON t.id = d.task_id "
        "WHERE d.quarter = $1 AND t.closed_at IS NULL",
        quarter,
    )


async def rates(connection: Connection) -> list[Record]:
    """Return the newest version of each published quarter, the newest quarter first."""
    return await connection.fetch(
        "SELECT DISTINCT ON (quarter) quarter, version, published_at, document::text AS document FROM misuse_rates "
        "ORDER BY quarter DESC, version DESC LIMIT $1",
        RATES_MOST,
    )


async def declare(
    connection: Connection,
    account_id: UUID,
    territory_id: int | None,
    address_hash: bytes | None,
    at: datetime,
) -> None:
    """Keep what somebody declares of themselves, in the place of what they declared before."""
    await connection.execute(
        "INSERT INTO declared_facts (account_id, home_territory_id, address_hash, declared_at) "
        "VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO UPDATE SET home_territory_id = $2, address_hash = $3, "
        "declared_at = $4",
        account_id,
        territory_id,
        address_hash,
        at,
    )


async def declared(connection: Connection, account_id: UUID) -> Record | None:
    """Return what somebody declared."""
    return await connection.fetchrow(
        "SELECT home_territory_id, address_hash IS NOT NULL AS has_address, declared_at "
        "FROM declared_facts WHERE account_id = $1",
        account_id,
    )


async def lock_declared(connection: Connection, account_id: UUID) -> Record | None:
    """Return what somebody declared, its values too; nobody else changes it until the transaction ends."""
    await connection.execute("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
    return await connection.fetchrow(
        "SELECT home_territory_id, address_hash FROM declared_facts WHERE account_id = $1", account_id
    )


async def withdraw(connection: Connection, account_id: UUID) -> None:
    """Take back what somebody declared."""
    await connection.execute("DELETE FROM declared_facts WHERE account_id = $1", account_id)


async def keep_withdrawn(connection: Connection, account_id: UUID, at: datetime) -> None:
    """Keep what somebody declared so far for the draw of that day. Call it before it is changed."""
    await connection.execute(
        "INSERT INTO withdrawn_facts (account_id, home_territory_id, address_hash, ended_at) "
        "SELECT account_id, home_territory_id, address_hash, $2 FROM declared_facts WHERE account_id = $1",
        account_id,
        at,
    )


async def count_withdrawn(connection: Connection, account_id: UUID) -> int:
    """Return how much somebody took back that no draw has read yet."""
    return int(await connection.fetchval("SELECT count(*) FROM withdrawn_facts WHERE account_id = $1", account_id))


async def withdrawn(connection: Connection) -> list[Record]:
    """Return everything that was taken back and that no draw has read yet."""
    return await connection.fetch(
        "SELECT id, account_id, home_territory_id, address_hash, ended_at FROM withdrawn_facts ORDER BY id"
    )


async def forget_withdrawn(connection: Connection, ids: Sequence[int]) -> None:
    """Forget what was taken back, once the day is drawn on which it was."""
    await connection.execute("DELETE FROM withdrawn_facts WHERE id = ANY($1::bigint[])", ids)
