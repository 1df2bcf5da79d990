"""All SQL of audit packs. Everything is of one snapshot; it decides nothing and writes nothing."""

from datetime import datetime
from typing import Any

import orjson

from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput

ROWS_MOST = 200_000  # of one list of a pack; a period that holds more is refused, never cut

_USE = """
SELECT e.kind, e.action, e.roles::text AS roles, e.purpose_id IS NOT NULL AS has_purpose, count(*) AS entries,
       count(DISTINCT e.actor_id) AS people, count(DISTINCT e.record_id) AS records
FROM audit_entries e WHERE e.at >= $1 AND e.at < $2 AND e.leaf IS NOT NULL
GROUP BY e.kind, e.action, e.roles::text, e.purpose_id IS NOT NULL ORDER BY e.kind, e.action, roles, has_purpose
"""
# What stands in a list is what an opening of the log still tells: when its time has ended, so has this line.
_PURPOSES = """
WITH used AS (SELECT purpose_id, count(*) AS entries FROM audit_entries WHERE purpose_id IS NOT NULL GROUP BY purpose_id)
SELECT p.id, p.account_id, p.kind, p.reference, p.need, p.territory_id, p.self_opened, p.edited_before, p.stated_at,
       p.ends_at, p.ended_at, u.entries
FROM purposes p JOIN used u ON u.purpose_id = p.id WHERE p.stated_at >= $1 AND p.stated_at < $2 ORDER BY p.stated_at, p.id LIMIT $3
"""
_GLASS = """
SELECT g.id, g.account_id, g.record_kind, g.record_id, g.reference, g.territory_id, g.ground, g.broken_at, g.ends_at,
       g.verdict, g.judged_by, g.judged_at
FROM broken_glass g WHERE g.broken_at >= $1 AND g.broken_at < $2 AND EXISTS (
    SELECT FROM audit_entries e WHERE e.record_id = g.record_id AND e.kind = 'break_glass'
    AND e.details ->> 'glass_id' = g.id::text)
ORDER BY g.broken_at, g.id LIMIT $3
"""
_ENTRIES = """
SELECT e.leaf, e.at, e.action, e.actor_id, e.record_kind, e.record_id, e.reason, e.roles::text AS roles,
       e.details::text AS details
FROM audit_entries e WHERE e.kind = ANY($1::text[]) AND e.at >= $2 AND e.at < $3 AND e.leaf IS NOT NULL
ORDER BY e.leaf LIMIT $4
"""
_CERTIFICATES = """
SELECT id, class, made_at, schedule, records, ended_from, ended_to FROM deletion_certificates
WHERE made_at >= $1 AND made_at < $2 ORDER BY made_at, id LIMIT $3
"""
# What the leaves [$1, $2) of the public log say was in force. A version of before texts were kept has none.
_POLICIES = """
SELECT t.policy_hash, t.name, t.content FROM policy_texts t WHERE t.policy_hash IN (
    SELECT i.policy_hash FROM log_intervals i WHERE i.index < $2
    AND i.index >= coalesce((SELECT max(index) FROM log_intervals WHERE index <= $1), 0))
ORDER BY t.policy_hash, t.name
"""
_PEOPLE = """
SELECT a.id, a.login, a.display_name AS name, a.kind FROM accounts a
WHERE a.id IN (SELECT e.actor_id FROM audit_entries e WHERE e.at >= $1 AND e.at < $2) ORDER BY a.login LIMIT $3
"""


async def use(connection: Connection, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return how often what was done, by sort, by the roles that its actors then held, and with a purpose or without."""
    return [_plain(row) for row in await connection.fetch(_USE, since, until)]


async def purposes(connection: Connection, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the purposes of the period without their words, which are sealed, and how many entries rest on each."""
    return _whole(await connection.fetch(_PURPOSES, since, until, ROWS_MOST + 1))


async def glass(connection: Connection, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return every breaking of the glass with its verdict; None where nobody judged it yet."""
    return _whole(await connection.fetch(_GLASS, since, until, ROWS_MOST + 1))


async def entries_of(
    connection: Connection, kinds: list[str], since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """Return the entries of these sorts, in the order of the log."""
    return _whole(await connection.fetch(_ENTRIES, kinds, since, until, ROWS_MOST + 1))


async def certificates(connection: Connection, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the certificates of deletion."""
    return _whole(await connection.fetch(_CERTIFICATES, since, until, ROWS_MOST + 1))


async def policies(connection: Connection, start: int, end: int) -> list[tuple[str, str, str]]:
    """Return (hash, file, text) of every version of the policies that the public leaves `[start, end)` name."""
    rows = await connection.fetch(_POLICIES, start, end)
    return [(row["policy_hash"], row["name"], row["content"]) for row in rows]


async def people(connection: Connection, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the accounts that did something: an id alone tells an auditor nothing."""
    return _whole(await connection.fetch(_PEOPLE, since, until, ROWS_MOST + 1))


def _whole(rows: list[Any]) -> list[dict[str, Any]]:
    """Return all rows of a list, or refuse: half a list in a signed pack would pass for the whole one."""
    if len(rows) > ROWS_MOST:
        raise InvalidInput(
            f"This period holds more than {ROWS_MOST} rows of one list: ask for a shorter one.", field="until"
        )
    return [_plain(row) for row in rows]


def _plain(row: Any) -> dict[str, Any]:
    packed = {"roles", "details"}
    return {name: orjson.loads(value) if name in packed else value for name, value in row.items()}
