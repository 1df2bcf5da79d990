"""All SQL of history: pages of the log, which incidents an erasure reached, and counts to compare with. It only reads.

Everything goes by the number of events, in pages, so that no statement and no memory grows with the log.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import orjson

from markaz.analytics.snapshots.rows import Logged
from markaz.core.db.pool import Connection
from markaz.core.events import last_seq

PAGE = 5_000
SPAN = 200_000  # events whose days are told apart in one statement; well under the timeout of a statement
ERASED = "incident.erased/1"

_DAY = "(recorded_at AT TIME ZONE 'UTC')::date"
_PAGE = """
SELECT seq, type, aggregate_id, territory_id, from_territory_id, occurred_at, occurred_precision, occurred_source,
       recorded_at, payload::text AS payload
FROM events WHERE seq > $1 AND seq <= $2 AND recorded_at >= $3 AND recorded_at < $4 ORDER BY seq LIMIT $5
"""
# Where the sealed records of an incident stand: the table, and the column or join by which it names the incident.
_HOLDERS = (
    ("calls t", "t.incident_id"),
    ("call_details t", "t.incident_id"),
    ("notes t", "t.incident_id"),
    ("parties t", "t.incident_id"),
    ("parties p JOIN parties_before t ON t.party_id = p.id", "p.incident_id"),
    ("vehicles t", "t.incident_id"),
    ("vehicles v JOIN vehicles_before t ON t.vehicle_id = v.id", "v.incident_id"),
    ("attachments t", "t.incident_id"),
)
# An incident, what was merged with it and what was split from it share their people, so an erasure reaches all of them.
_FAMILY = """
family (root, id) AS (
    SELECT given, given FROM unnest($1::uuid[]) given
    UNION
    SELECT f.root, n.id FROM family f CROSS JOIN LATERAL (
        SELECT i.merged_into AS id FROM incidents i WHERE i.id = f.id AND i.merged_into IS NOT NULL
        UNION ALL SELECT i.id FROM incidents i WHERE i.merged_into = f.id
        UNION ALL SELECT l.to_id FROM incident_links l WHERE l.from_id = f.id AND l.kind = 'split'
        UNION ALL SELECT l.from_id FROM incident_links l WHERE l.to_id = f.id AND l.kind = 'split') n
)
"""
_HELD = " UNION ALL ".join(
    f"SELECT t.sealed_id FROM {held} WHERE {incident} = f.id"  # noqa: S608 - constants of this file
    for held, incident in _HOLDERS
)
# From the incidents to what they hold, and only then to erasures and events, of which there may be millions: behind OFFSET 0
# the planner looks up each by its index, however many it believes there are.
_CUT = f"""
WITH RECURSIVE {_FAMILY}
SELECT f.root FROM family f CROSS JOIN LATERAL ({_HELD}) h
CROSS JOIN LATERAL (SELECT FROM erasures e WHERE e.sealed_id = h.sealed_id OFFSET 0) erased
UNION SELECT f.root FROM family f
CROSS JOIN LATERAL (SELECT FROM events v WHERE v.aggregate_id = f.id AND v.type = '{ERASED}' OFFSET 0) erased
"""  # noqa: S608 - constants of this file
_LATELY = " UNION ".join(
    f"SELECT {incident} AS incident_id FROM {held} JOIN erasures e ON e.sealed_id = t.sealed_id WHERE e.erased_at > $1"  # noqa: S608 - constants of this file
    for held, incident in _HOLDERS
)
_DAYS_OF = f"""
WITH RECURSIVE {_FAMILY}
SELECT DISTINCT v.day FROM family f CROSS JOIN LATERAL (
    SELECT {_DAY} AS day FROM events WHERE aggregate_id = f.id AND seq <= $2 OFFSET 0) v
"""  # noqa: S608 - constants of this file


@dataclass(frozen=True, slots=True)
class Span:
    """The numbers of the first and last event of a day."""

    first: int
    last: int

    def joined(self, other: "Span") -> "Span":
        """Return the span that holds both."""
        return Span(min(self.first, other.first), max(self.last, other.last))


async def try_lock(connection: Connection) -> bool:
    """Take the right to write history until the transaction ends; say whether it was free."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('history', 103))"))


async def horizon(connection: Connection, after: int, before: datetime) -> int:
    """Return the number of the last event after `after` that was recorded before a time; `after` when there is none.

    It need not be the newest: a clock that was set back leaves later numbers with earlier times.
    """
    newest, found = await last_seq(connection), after
    for start in range(after, newest, SPAN):
        last = await connection.fetchval(
            "SELECT max(seq) FROM events WHERE seq > $1 AND seq <= $2 AND recorded_at < $3", start, start + SPAN, before
        )
        found = last or found
    return found


async def spans(connection: Connection, after: int, until: int) -> dict[date, Span]:
    """Return the days of record of the events in (after, until], with the span of each."""
    found: dict[date, Span] = {}
    for start in range(after, until, SPAN):
        rows = await connection.fetch(
            f"SELECT {_DAY} AS day, min(seq) AS first, max(seq) AS last FROM events "  # noqa: S608 - a constant
            "WHERE seq > $1 AND seq <= $2 GROUP BY 1",
            start,
            min(start + SPAN, until),
        )
        for row in rows:
            span = Span(row["first"], row["last"])
            found[row["day"]] = span.joined(found[row["day"]]) if row["day"] in found else span
    return dict(sorted(found.items()))


async def tip_of(connection: Connection, seq: int) -> list[Any] | None:
    """Return what makes event `seq` itself and no other, without any id; None when there is no such event."""
    row = await connection.fetchrow("SELECT seq, type, territory_id, recorded_at FROM events WHERE seq = $1", seq)
    return None if row is None else [row["seq"], row["type"], row["territory_id"], row["recorded_at"].isoformat()]


async def pages(connection: Connection, day: date, span: Span) -> AsyncIterator[list[Logged]]:
    """Yield the events of a day of record in their order, up to 5,000 at a time."""
    begins = datetime.combine(day, time(), UTC)
    after = span.first - 1
    while True:
        rows = await connection.fetch(_PAGE, after, span.last, begins, begins + timedelta(days=1), PAGE)
        if rows:
            yield [_logged(row) for row in rows]
            after = rows[-1]["seq"]
        if len(rows) < PAGE:
            return


async def cut(connection: Connection, incident_ids: Collection[UUID]) -> set[UUID]:
    """Return those incidents of which something was erased, or of one that shares its people with them."""
    if not incident_ids:
        return set()
    return {row["root"] for row in await connection.fetch(_CUT, list(incident_ids))}


async def days_reached(connection: Connection, since: datetime | None, after: int, until: int) -> set[date]:
    """Return the days with events of incidents of which something was erased since a time, or after a number."""
    if since is None:
        return set()
    lately = {row["incident_id"] for row in await connection.fetch(_LATELY, since)}
    rows = await connection.fetch("SELECT aggregate_id FROM events WHERE seq > $1 AND type = $2", after, ERASED)
    lately |= {row["aggregate_id"] for row in rows}
    found: set[date] = set()
    for some in _parts(sorted(lately)):
        found |= {row["day"] for row in await connection.fetch(_DAYS_OF, some, until)}
    return found


async def counts(connection: Connection, until: int) -> Counter[tuple[date, int, str]]:
    """Return how many events up to a number there are, by day of record, territory and type."""
    found: Counter[tuple[date, int, str]] = Counter()
    for start in range(0, until, SPAN):
        rows = await connection.fetch(
            f"SELECT {_DAY} AS day, territory_id, type, count(*) AS n FROM events "  # noqa: S608 - a constant
            "WHERE seq > $1 AND seq <= $2 GROUP BY 1, 2, 3",
            start,
            min(start + SPAN, until),
        )
        for row in rows:
            found[row["day"], row["territory_id"], row["type"]] += row["n"]
    return found


def _parts(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)]


def _logged(row: Any) -> Logged:
    return Logged(
        row["type"],
        row["aggregate_id"],
        row["territory_id"],
        row["from_territory_id"],
        row["occurred_at"],
        row["occurred_precision"],
        row["occurred_source"],
        row["recorded_at"],
        orjson.loads(row["payload"]),
    )
