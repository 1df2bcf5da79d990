"""The SQL of taking calls. It decides nothing and commits nothing."""

from collections.abc import Sequence
from datetime import datetime
from math import cos, radians
from typing import Any
from uuid import UUID

from markaz.core.access.residual import Where
from markaz.core.db.pool import Connection
from markaz.kit.geometry import Point
from markaz.programmes.incidents.store import INCIDENT, Record

M_PER_DEGREE = 111_000.0  # of latitude; a little short, so that a box is never too small
CANDIDATES_MOST = 500
CALLS_MOST = 500

# A record under restriction is not found: that somebody called is itself something of them.
_OF_PHONE = """
i WHERE i.status = 'open' AND territory_id = ANY($1::int[]) AND id IN (
    SELECT k.incident_id FROM sealed_search s JOIN (
        SELECT incident_id, sealed_id FROM calls UNION ALL SELECT incident_id, sealed_id FROM call_details) k
        ON k.sealed_id = s.sealed_id
    WHERE s.field = 'caller_phone' AND s.keyed_hash = $2
      AND NOT EXISTS (SELECT FROM restrictions r WHERE r.sealed_id = s.sealed_id AND r.lifted_at IS NULL))
AND id NOT IN (SELECT incident_id FROM shut_out_accounts WHERE account_id = $4)
AND {where} ORDER BY received_at DESC, id LIMIT $3
"""
_CALLERS = """
SELECT i.*, k.sealed_id FROM incidents i JOIN (
    SELECT incident_id, sealed_id FROM calls WHERE sealed_id IS NOT NULL
    UNION ALL SELECT incident_id, sealed_id FROM call_details) k ON k.incident_id = i.id
WHERE i.status = 'open' AND i.territory_id = ANY($1::int[]) AND {where}
AND i.id NOT IN (SELECT incident_id FROM shut_out_accounts WHERE account_id = $3)
ORDER BY i.received_at DESC, i.id, k.sealed_id LIMIT $2
"""
# Where the parameters of what the asker may see begin in these queries.
PHONE_FIRST, CALLERS_FIRST = 5, 4
# For whoever is shut out of an incident by name there is no such incident, however they ask.
_NOT_SHUT_OUT = "id NOT IN (SELECT incident_id FROM shut_out_accounts WHERE account_id = ${})"

Box = tuple[float, float, float, float]


def box_around(place: Point, radius_m: float) -> Box:
    """Return west, south, east, north in degrees of a box that holds the circle; clipped at the date line and poles."""
    lat = radius_m / M_PER_DEGREE
    lon = min(180.0, lat / max(cos(radians(min(89.0, abs(place.lat_deg) + lat))), 0.01))
    return (
        max(-180.0, place.lon_deg - lon),
        max(-90.0, place.lat_deg - lat),
        min(180.0, place.lon_deg + lon),
        min(90.0, place.lat_deg + lat),
    )


async def incidents_in(
    connection: Connection,
    box: Box,
    territories: Sequence[int],
    *,
    received_from: datetime,
    received_to: datetime,
    closed_from: datetime,
) -> list[Record]:
    """Return incidents of a box that were received then and are open, or closed since `closed_from`; newest first."""
    return await connection.fetch(
        INCIDENT + "WHERE lon BETWEEN $1 AND $3 AND lat BETWEEN $2 AND $4 AND territory_id = ANY($5::int[]) "
        "AND received_at BETWEEN $6 AND $7 AND (status = 'open' OR closed_at >= $8) AND merged_into IS NULL "
        "ORDER BY received_at DESC, id LIMIT $9",
        *box,
        territories,
        received_from,
        received_to,
        closed_from,
        CANDIDATES_MOST,
    )


async def insert_call(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a further call of an incident. Keys of `values` are the columns."""
    await connection.execute(
        "INSERT INTO calls (id, incident_id, channel, received_at, sealed_id, is_first, by_id, entered_via, reference, "
        "safe_contact) VALUES ($1, $2, $3, $4, $5, false, $6, $7, $8, $9)",
        values["id"],
        values["incident_id"],
        values["channel"],
        values["received_at"],
        values["sealed_id"],
        values["by_id"],
        values["entered_via"],
        values["reference"],
        values["safe_contact"],
    )


async def count_call(
    connection: Connection, incident_id: UUID, by: UUID, calls: int, safe_contact: Sequence[str], *, is_covert: bool
) -> None:
    """Write what a further call or detail adds to its incident, and move the version on."""
    await connection.execute(
        "UPDATE incidents SET call_count = call_count + $3, safe_contact = $4, is_covert = $5, version = version + 1, "
        "updated_by = $2, updated_at = clock_timestamp() WHERE id = $1",
        incident_id,
        by,
        calls,
        safe_contact,
        is_covert,
    )


async def calls_of(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the calls of an incident, the first one first, then by the time they were received."""
    return await connection.fetch(
        "SELECT c.id, c.channel, c.received_at, c.sealed_id, c.is_first, c.entered_via, c.reference, c.safe_contact, "
        "a.display_name AS by FROM calls c LEFT JOIN accounts a ON a.id = c.by_id WHERE c.incident_id = $1 "
        "ORDER BY c.is_first DESC, c.received_at, c.id LIMIT $2",
        incident_id,
        CALLS_MOST,
    )


async def insert_detail(
    connection: Connection, detail_id: UUID, incident_id: UUID, at: datetime, by: UUID, sealed_id: UUID
) -> None:
    """Insert what was learnt of the caller later; it is sealed."""
    await connection.execute(
        "INSERT INTO call_details (id, incident_id, at, by_id, sealed_id) VALUES ($1, $2, $3, $4, $5)",
        detail_id,
        incident_id,
        at,
        by,
        sealed_id,
    )


async def lock_drafts(connection: Connection, account_id: UUID) -> None:
    """Let one act at a time write the drafts of an account, until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 106))", str(account_id))


async def draft(connection: Connection, draft_id: UUID) -> Record | None:
    """Return the row of a draft that has not ended."""
    return await connection.fetchrow(
        "SELECT id, account_id, sealed_id, started_at FROM call_drafts WHERE id = $1 AND sealed_id IS NOT NULL",
        draft_id,
    )


async def count_drafts(connection: Connection, account_id: UUID) -> int:
    """Return how many drafts an account has."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM call_drafts WHERE account_id = $1 AND sealed_id IS NOT NULL", account_id
        )
    )


async def drafts_under_way(connection: Connection, account_id: UUID, since: datetime) -> list[Record]:
    """Return the drafts of an account that were saved after `since`, the one saved last first."""
    return await connection.fetch(
        "SELECT id, account_id, sealed_id, started_at FROM call_drafts WHERE account_id = $1 AND saved_at > $2 "
        "AND sealed_id IS NOT NULL ORDER BY saved_at DESC LIMIT 100",
        account_id,
        since,
    )


async def drafts_of(connection: Connection, account_id: UUID) -> list[Record]:
    """Return the drafts of an account, the one saved last first."""
    return await connection.fetch(
        "SELECT id, sealed_id, started_at, saved_at FROM call_drafts WHERE account_id = $1 "
        "AND sealed_id IS NOT NULL ORDER BY saved_at DESC, id LIMIT 100",
        account_id,
    )


async def insert_draft(
    connection: Connection, draft_id: UUID, account_id: UUID, sealed_id: UUID, now: datetime
) -> bool:
    """Insert a draft; return False when the id is another's, whose row is in nobody else's reach, or has ended."""
    done = await connection.execute(
        "INSERT INTO call_drafts (id, account_id, sealed_id, started_at, saved_at) VALUES ($1, $2, $3, $4, $4) "
        "ON CONFLICT DO NOTHING",
        draft_id,
        account_id,
        sealed_id,
        now,
    )
    return done == "INSERT 0 1"


async def update_draft(connection: Connection, draft_id: UUID, sealed_id: UUID, now: datetime) -> None:
    """Write a draft again; the caller has seen that it is the account's own and locked it."""
    await connection.execute(
        "UPDATE call_drafts SET sealed_id = $2, saved_at = $3 WHERE id = $1", draft_id, sealed_id, now
    )


async def end_draft(connection: Connection, draft_id: UUID, account_id: UUID, now: datetime) -> None:
    """End a draft, kept or not: its id stays, so that a field saved too late does not bring it back.

    Its sealed record goes before, because it is in reach only as long as the draft holds it.
    """
    done = await connection.execute(
        "UPDATE call_drafts SET sealed_id = NULL, saved_at = $2 WHERE id = $1", draft_id, now
    )
    if done == "UPDATE 0":
        await connection.execute(
            "INSERT INTO call_drafts (id, account_id, started_at, saved_at) VALUES ($1, $2, $3, $3) "
            "ON CONFLICT DO NOTHING",
            draft_id,
            account_id,
            now,
        )


async def delete_drafts_before(connection: Connection, before: datetime) -> list[UUID]:
    """Delete up to a thousand drafts saved or ended before then and return the sealed records of those that had one."""
    rows = await connection.fetch(
        "DELETE FROM call_drafts WHERE id IN (SELECT id FROM call_drafts WHERE saved_at < $1 ORDER BY saved_at LIMIT 1000) "
        "RETURNING sealed_id",
        before,
    )
    return [row["sealed_id"] for row in rows if row["sealed_id"] is not None]


async def history_in(
    connection: Connection, box: Box, territories: Sequence[int], since: datetime, but: UUID
) -> list[Record]:
    """Return where, when, what and how it ended of incidents of a box since then, newest first, `but` one."""
    return await connection.fetch(
        "SELECT lon, lat, received_at, category, outcome FROM incidents "
        "WHERE lon BETWEEN $1 AND $3 AND lat BETWEEN $2 AND $4 AND territory_id = ANY($5::int[]) "
        "AND received_at >= $6 AND id <> $7 AND merged_into IS NULL ORDER BY received_at DESC, id LIMIT $8",
        *box,
        territories,
        since,
        but,
        CANDIDATES_MOST,
    )


async def insert_hazard(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a hazard note. Keys of `values` are the columns."""
    await connection.execute(
        "INSERT INTO hazard_notes (id, territory_id, lon, lat, radius_m, source, ground, sealed_id, written_by, "
        "written_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values["id"],
        values["territory_id"],
        values["lon"],
        values["lat"],
        values["radius_m"],
        values["source"],
        values["ground"],
        values["sealed_id"],
        values["written_by"],
        values["written_at"],
        values["expires_at"],
    )


async def lock_hazard(connection: Connection, note_id: UUID) -> Record | None:
    """Return a hazard note's row, locked."""
    return await connection.fetchrow("SELECT * FROM hazard_notes WHERE id = $1 FOR UPDATE", note_id)


async def withdraw_hazard(connection: Connection, note_id: UUID, by: UUID, at: datetime) -> None:
    """Mark a note withdrawn and its text as erased."""
    await connection.execute(
        "UPDATE hazard_notes SET withdrawn_by = $2, withdrawn_at = $3, is_erased = true WHERE id = $1", note_id, by, at
    )


async def hazards_in(connection: Connection, box: Box, territories: Sequence[int], now: datetime) -> list[Record]:
    """Return the notes of a box that stand now."""
    return await connection.fetch(
        "SELECT h.id, h.lon, h.lat, h.radius_m, h.source, h.ground, h.sealed_id, h.written_at, h.expires_at, "
        "a.display_name AS by FROM hazard_notes h LEFT JOIN accounts a ON a.id = h.written_by "
        "WHERE h.lon BETWEEN $1 AND $3 AND h.lat BETWEEN $2 AND $4 AND h.territory_id = ANY($5::int[]) "
        "AND h.expires_at > $6 AND h.withdrawn_at IS NULL ORDER BY h.written_at DESC, h.id LIMIT $7",
        *box,
        territories,
        now,
        CANDIDATES_MOST,
    )


async def ended_hazards(connection: Connection, now: datetime) -> list[Record]:
    """Return up to a thousand notes that are over and whose text is still there, locked."""
    return await connection.fetch(
        "SELECT id, sealed_id FROM hazard_notes WHERE NOT is_erased AND expires_at <= $1 "
        "ORDER BY expires_at LIMIT 1000 FOR UPDATE",
        now,
    )


async def mark_hazards_erased(connection: Connection, note_ids: Sequence[UUID]) -> None:
    """Remember that the text of these notes is gone."""
    await connection.execute("UPDATE hazard_notes SET is_erased = true WHERE id = ANY($1::uuid[])", note_ids)


async def incidents_by_number(
    connection: Connection, territories: Sequence[int], number: str, limit: int, account_id: UUID
) -> list[Record]:
    """Return incidents of that number, and open ones whose number begins so; the very number first."""
    return await connection.fetch(
        INCIDENT
        + "WHERE territory_id = ANY($1::int[]) AND (number = $2 OR (status = 'open' AND starts_with(number, $2))) "
        f"AND {_NOT_SHUT_OUT.format(4)} ORDER BY number <> $2, received_at DESC, id LIMIT $3",
        territories,
        number,
        limit,
        account_id,
    )


async def open_places(connection: Connection, territories: Sequence[int], account_id: UUID) -> list[Record]:
    """Return up to five thousand open incidents whose place has a name, newest first."""
    return await connection.fetch(
        INCIDENT + "WHERE status = 'open' AND territory_id = ANY($1::int[]) AND place_label IS NOT NULL "
        f"AND {_NOT_SHUT_OUT.format(2)} ORDER BY received_at DESC, id LIMIT 5000",
        territories,
        account_id,
    )


async def open_by_phone(
    connection: Connection,
    territories: Sequence[int],
    keyed_hash: bytes,
    limit: int,
    account_id: UUID,
    where: Where,
) -> list[Record]:
    """Return open incidents one of whose callers has the phone of that keyed hash, as far as `where` allows."""
    return await connection.fetch(
        INCIDENT + _OF_PHONE.format(where=where.sql),
        territories,
        keyed_hash,
        limit,
        account_id,
        *where.parameters,
    )


async def open_with_callers(
    connection: Connection, territories: Sequence[int], account_id: UUID, where: Where
) -> list[Record]:
    """Return the sealed records of the callers of open incidents, up to five hundred, those of the newest incidents.

    `where` keeps to the incidents (alias i) that the asker may look callers up in.
    """
    return await connection.fetch(
        _CALLERS.format(where=where.sql),
        territories,
        CALLS_MOST,
        account_id,
        *where.parameters,
    )
