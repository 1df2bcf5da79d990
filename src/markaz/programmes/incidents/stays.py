"""Which incident held a sealed record of a person at what time, through every merge and split.

What was learnt later of a first caller stays with its incident when the call is moved: it is of the same person. Nothing
here opens a record or decides who may ask. One row is moved fifty times at most (contents.domain.MOVES_MAX).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markaz.contracts.rights import Stay
from markaz.core.db.pool import Connection
from markaz.programmes.incidents.store import Record

MARGIN = timedelta(
    minutes=1
)  # [assumption] longer than a look or a move takes: one while the other went on counts at both

# Every record that names a person, by the row that carries it from incident to incident.
HELD = """
(SELECT id AS item_id, incident_id, sealed_id, 'caller' AS role FROM calls WHERE sealed_id IS NOT NULL
 UNION ALL SELECT id, incident_id, sealed_id, 'caller' FROM call_details
 UNION ALL SELECT id, incident_id, sealed_id, role FROM parties WHERE sealed_id IS NOT NULL
 UNION ALL SELECT p.id, p.incident_id, b.sealed_id, b.role FROM parties_before b JOIN parties p ON p.id = b.party_id
           WHERE b.sealed_id IS NOT NULL) r
"""
_OF_RECORDS = f"SELECT item_id, incident_id, sealed_id FROM {HELD} WHERE r.sealed_id = ANY($1::uuid[])"  # noqa: S608 - a constant
# The calls of those of whom something was learnt later, once they left it behind.
_LEFT_BEHIND = """
SELECT c.id AS item_id, c.incident_id, d.sealed_id FROM call_details d
JOIN record_moves m ON m.from_id = d.incident_id AND m.kind = 'calls' AND m.was_first AND m.at >= d.at
JOIN calls c ON c.id = m.item_id WHERE d.sealed_id = ANY($1::uuid[])
"""
_OF_INCIDENTS = f"""
SELECT item_id, incident_id, sealed_id FROM {HELD} WHERE r.incident_id = ANY($1::uuid[]) OR r.item_id = ANY($2::uuid[])
"""  # noqa: S608 - a constant of this file
_MOVES = "SELECT item_id, from_id, at, was_first FROM record_moves WHERE item_id = ANY($1::uuid[]) ORDER BY id"


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when one record stood in one incident. `was_first`: it was its first call when it left."""

    sealed_id: UUID
    incident_id: UUID
    since: datetime | None
    until: datetime | None
    was_first: bool = False


async def moved_from(connection: Connection, incident_ids: Collection[UUID]) -> list[UUID]:
    """Return the rows that these incidents held before they were moved to others."""
    rows = await connection.fetch(
        "SELECT DISTINCT item_id FROM record_moves WHERE from_id = ANY($1::uuid[])", list(incident_ids)
    )
    return [row["item_id"] for row in rows]


async def in_incidents(connection: Connection, incident_ids: Collection[UUID]) -> list[Span]:
    """Return when each record stood in these incidents that ever stood in one of them."""
    wanted = set(incident_ids)
    held = await connection.fetch(_OF_INCIDENTS, list(wanted), await moved_from(connection, wanted))
    return [span for span in await _spans(connection, held) if span.incident_id in wanted]


async def of_records(connection: Connection, sealed_ids: Iterable[UUID]) -> list[Stay]:
    """Return which incidents held these records when, and what was learnt later of whose call one of them is."""
    wanted = list(sealed_ids)
    held = [*await connection.fetch(_OF_RECORDS, wanted), *await connection.fetch(_LEFT_BEHIND, wanted)]
    spans = await _spans(connection, held)
    ids = list({span.incident_id for span in spans})
    incidents = {
        row["id"]: row
        for row in await connection.fetch(
            "SELECT id, number, received_at FROM incidents WHERE id = ANY($1::uuid[])", ids
        )
    }
    learnt = {
        row["incident_id"]: row["at"]
        for row in await connection.fetch(
            "SELECT incident_id, min(at) AS at FROM call_details WHERE incident_id = ANY($1::uuid[]) GROUP BY 1", ids
        )
    }
    found = set()
    for span in spans:
        row, until = incidents[span.incident_id], span.until
        if until is not None and span.was_first and learnt.get(span.incident_id, until) < until:
            until = None
        found.add(Stay(span.incident_id, row["number"], row["received_at"], span.since, until))
    return list(found)


async def _spans(connection: Connection, held: Iterable[Record]) -> list[Span]:
    rows = list(held)
    moves: dict[UUID, list[Record]] = defaultdict(list)
    for move in await connection.fetch(_MOVES, list({row["item_id"] for row in rows})):
        moves[move["item_id"]].append(move)
    spans = []
    for row in rows:
        came_at: datetime | None = None
        for move in moves[row["item_id"]]:
            # A clock that was set back between two moves makes the stay longer, never none.
            since = None if came_at is None else min(came_at, move["at"]) - MARGIN
            until = max(came_at or move["at"], move["at"]) + MARGIN
            spans.append(Span(row["sealed_id"], move["from_id"], since, until, move["was_first"]))
            came_at = move["at"]
        since = None if came_at is None else came_at - MARGIN
        spans.append(Span(row["sealed_id"], row["incident_id"], since, None))
    return spans
