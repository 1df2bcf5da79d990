"""All SQL of daily summaries. It decides nothing and commits nothing."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson

from markaz.core.db.pool import Connection
from markaz.programmes.incidents.briefing.domain import MAX_DAY_INCIDENTS
from markaz.programmes.incidents.briefing.facts import Fact, Told, fact_of

JSON = dict[str, Any]
INCIDENTS_AT_ONCE = 500  # some 5,000 events: a few MB, and other requests get their turn between two batches

# The times stand in the payloads as text that sorts as time down to the second; the bounds of a day are whole seconds.
# The condition and the expression are those of the index events_received.
_OF_DAY = """
SELECT DISTINCT e.aggregate_id FROM events e
WHERE e.type IN ('incident.opened/1', 'incident.imported/1')
  AND (coalesce(e.payload #>> '{view,received,at}', e.payload ->> 'received')) COLLATE "C" >= $1
  AND (coalesce(e.payload #>> '{view,received,at}', e.payload ->> 'received')) COLLATE "C" < $2
  AND e.seq <= $3
  AND EXISTS (SELECT FROM events t WHERE t.aggregate_id = e.aggregate_id AND t.territory_id = ANY($4::int[]))
  AND ($5::bigint IS NULL
       OR EXISTS (SELECT FROM events n WHERE n.aggregate_id = e.aggregate_id AND n.seq > $5 AND n.seq <= $3))
ORDER BY e.aggregate_id
LIMIT $6
"""
_SUMMARY = """
SELECT s.id, s.territory_id, s.day, s.version, s.made_at, s.made_by, a.display_name AS made_by_name, s.as_of_seq,
       s.inputs::text AS inputs, s.content::text AS content
FROM summaries s JOIN accounts a ON a.id = s.made_by
"""


async def incidents_of_day(
    connection: Connection,
    begins_at: datetime,
    ends_at: datetime,
    territory_ids: Sequence[int],
    as_of_seq: int,
    *,
    changed_after_seq: int | None = None,
) -> list[UUID]:
    """Return the incidents received in [begins_at, ends_at) that ever lay in these territories, as the log has them.

    With `changed_after_seq` only those of which anything was recorded after that number. At most one more than
    MAX_DAY_INCIDENTS: the caller refuses a day that is larger.
    """
    rows = await connection.fetch(
        _OF_DAY,
        _second(begins_at),
        _second(ends_at),
        as_of_seq,
        list(territory_ids),
        changed_after_seq,
        MAX_DAY_INCIDENTS + 1,
    )
    return [row["aggregate_id"] for row in rows]


async def facts(connection: Connection, incident_ids: Sequence[UUID], as_of_seq: int) -> AsyncIterator[Fact]:
    """Yield what the log says of each incident up to `as_of_seq`; those that did not exist by then are left out."""
    for start in range(0, len(incident_ids), INCIDENTS_AT_ONCE):
        rows = await connection.fetch(
            "SELECT aggregate_id, type, territory_id, payload::text AS payload FROM events "
            "WHERE aggregate_id = ANY($1::uuid[]) AND seq <= $2 ORDER BY aggregate_id, seq",
            incident_ids[start : start + INCIDENTS_AT_ONCE],
            as_of_seq,
        )
        told: dict[UUID, list[Told]] = {}
        for row in rows:
            event = Told(row["type"], row["territory_id"], orjson.loads(row["payload"]))
            told.setdefault(row["aggregate_id"], []).append(event)
        for incident_id, events in told.items():
            fact = fact_of(str(incident_id), events)
            if fact is not None:
                yield fact


async def insert_summary(connection: Connection, values: JSON) -> int:
    """Insert the next version of a summary and return it. Raises UniqueViolationError when a twin was faster."""
    return int(
        await connection.fetchval(
            "INSERT INTO summaries (id, territory_id, day, version, made_at, made_by, as_of_seq, inputs, content) "
            "SELECT $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7::text::jsonb, $8::text::jsonb "
            "FROM summaries WHERE territory_id = $2 AND day = $3 RETURNING version",
            values["id"],
            values["territory_id"],
            values["day"],
            values["made_at"],
            values["made_by"],
            values["as_of_seq"],
            orjson.dumps(values["inputs"]).decode(),
            orjson.dumps(values["content"]).decode(),
        )
    )


async def insert_sentences(connection: Connection, summary_id: UUID, rows: Sequence[tuple[UUID, UUID | None]]) -> None:
    """Insert the significant incidents of a summary, in order: incident, and the sealed record of its sentence."""
    await connection.executemany(
        "INSERT INTO summary_incidents (summary_id, ordinal, incident_id, sealed_id) VALUES ($1, $2, $3, $4)",
        [(summary_id, ordinal, *row) for ordinal, row in enumerate(rows, 1)],
    )


async def summary(connection: Connection, summary_id: UUID) -> Any | None:
    """Return the row of a summary."""
    return await connection.fetchrow(_SUMMARY + "WHERE s.id = $1", summary_id)


async def sentences(
    connection: Connection, summary_id: UUID, posts: Sequence[int], reader: UUID
) -> dict[str, UUID | None]:
    """Return the sealed record of the sentence of each significant incident, None where none was written.

    None also where the incident was closed since to one of `posts` or to the reader: what it says is not theirs to read.
    """
    rows = await connection.fetch(
        "SELECT s.incident_id, CASE WHEN EXISTS (SELECT FROM shut_out_posts p WHERE p.incident_id = s.incident_id "
        "AND p.territory_id = ANY($2::int[])) OR EXISTS (SELECT FROM shut_out_accounts a "
        "WHERE a.incident_id = s.incident_id AND a.account_id = $3) THEN NULL ELSE s.sealed_id END AS sealed_id "
        "FROM summary_incidents s WHERE s.summary_id = $1 ORDER BY s.ordinal",
        summary_id,
        list(posts),
        reader,
    )
    return {str(row["incident_id"]): row["sealed_id"] for row in rows}


async def sealed_persons(connection: Connection, incident_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return the sealed records of callers and parties of these incidents by incident.

    Also what was entered before a correction, and what stayed with an incident that was merged into one of them.
    """
    rows = await connection.fetch(
        "WITH held AS (SELECT id, id AS of FROM incidents WHERE id = ANY($1::uuid[]) "
        "UNION SELECT id, merged_into FROM incidents WHERE merged_into = ANY($1::uuid[])), "
        "persons AS (SELECT incident_id, sealed_id FROM calls UNION ALL "
        "SELECT incident_id, sealed_id FROM call_details UNION ALL SELECT incident_id, sealed_id FROM parties UNION ALL "
        "SELECT p.incident_id, b.sealed_id FROM parties_before b JOIN parties p ON p.id = b.party_id) "
        "SELECT h.of, persons.sealed_id FROM persons JOIN held h ON h.id = persons.incident_id "
        "WHERE persons.sealed_id IS NOT NULL",
        list(incident_ids),
    )
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["of"], []).append(row["sealed_id"])
    return found


async def list_summaries(
    connection: Connection, territory_ids: Sequence[int], territory_id: int | None, before: date | None, limit: int
) -> list[Any]:
    """Return summaries of these territories without their figures, newest day and version first."""
    return await connection.fetch(
        "SELECT s.id, s.territory_id, s.day, s.version, s.made_at, a.display_name AS made_by_name, "
        "(s.content ->> 'incidents')::int AS incidents "
        "FROM summaries s JOIN accounts a ON a.id = s.made_by "
        "WHERE s.territory_id = ANY($1::int[]) AND ($2::int IS NULL OR s.territory_id = $2) "
        "AND ($3::date IS NULL OR s.day < $3) ORDER BY s.day DESC, s.territory_id, s.version DESC LIMIT $4",
        list(territory_ids),
        territory_id,
        before,
        limit,
    )


async def latest_of_days(connection: Connection, territory_id: int, first: date, last: date) -> list[Any]:
    """Return the last version of the summary of each day of [first, last] of one territory, oldest day first."""
    return await connection.fetch(
        "SELECT DISTINCT ON (day) day, as_of_seq, content ->> 'from' AS begins_at, content ->> 'to' AS ends_at "
        "FROM summaries WHERE territory_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, version DESC",
        territory_id,
        first,
        last,
    )


def _second(at: datetime) -> str:
    """Return the beginning of the text of every time of that second, whatever its fraction."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
