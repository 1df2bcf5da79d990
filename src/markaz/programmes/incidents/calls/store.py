"""The SQL of taking calls. It decides nothing and commits nothing."""

from collections.abc import Sequence
from datetime import datetime
from math import cos, radians
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.kit.geometry import Point
from markaz.programmes.incidents.store import INCIDENT, Record

M_PER_DEGREE = 111_000.0  # of latitude; a little short, so that a box is never too small
CANDIDATES_MOST = 500
CALLS_MOST = 500

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
