"""The SQL that reads what an incident holds. Reads only, always by the incident."""

from collections.abc import Sequence
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.programmes.incidents.store import Record

EARLIER_SHOWN = 20  # versions of one party or vehicle that a card shows


async def parties(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the parties of an incident, as first entered, without what names them."""
    return await connection.fetch(
        "SELECT p.id, p.role, p.is_minor, p.is_unknown, p.safe_contact, p.sealed_id, p.version, p.at, "
        "a.display_name AS by FROM parties p LEFT JOIN accounts a ON a.id = p.by_id WHERE p.incident_id = $1 ORDER BY p.id",
        incident_id,
    )


async def parties_before(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the parties of an incident as they were before corrections, the newest first."""
    return await connection.fetch(
        "SELECT * FROM (SELECT b.party_id AS id, b.role, b.is_minor, b.is_unknown, b.safe_contact, b.sealed_id, b.version, "
        "b.at, a.display_name AS by, row_number() OVER (PARTITION BY b.party_id ORDER BY b.version DESC) AS place "
        "FROM parties_before b JOIN parties p ON p.id = b.party_id LEFT JOIN accounts a ON a.id = b.by_id "
        "WHERE p.incident_id = $1) AS numbered WHERE place <= $2 ORDER BY id, version DESC",
        incident_id,
        EARLIER_SHOWN,
    )


async def vehicles(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the vehicles of an incident, as first entered, without plate and description."""
    return await connection.fetch(
        "SELECT v.id, v.role, v.sealed_id, v.version, v.at, a.display_name AS by FROM vehicles v "
        "LEFT JOIN accounts a ON a.id = v.by_id WHERE v.incident_id = $1 ORDER BY v.id",
        incident_id,
    )


async def vehicles_before(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the vehicles of an incident as they were before corrections, the newest first."""
    return await connection.fetch(
        "SELECT * FROM (SELECT b.vehicle_id AS id, b.role, b.sealed_id, b.version, b.at, a.display_name AS by, "
        "row_number() OVER (PARTITION BY b.vehicle_id ORDER BY b.version DESC) AS place "
        "FROM vehicles_before b JOIN vehicles v ON v.id = b.vehicle_id LEFT JOIN accounts a ON a.id = b.by_id "
        "WHERE v.incident_id = $1) AS numbered WHERE place <= $2 ORDER BY id, version DESC",
        incident_id,
        EARLIER_SHOWN,
    )


async def attachments(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the attachments of an incident, oldest first, without their bytes; what is not shown is `erased` or `restricted`."""
    return await connection.fetch(
        "SELECT t.id, t.media_type, t.size_bytes, t.width_px, t.height_px, t.at, a.display_name AS by, "
        "EXISTS (SELECT FROM erasures e WHERE e.sealed_id = t.sealed_id) AS erased, "
        "EXISTS (SELECT FROM restrictions r WHERE r.sealed_id = t.sealed_id AND r.lifted_at IS NULL) AS restricted "
        "FROM attachments t LEFT JOIN accounts a ON a.id = t.by_id WHERE t.incident_id = $1 ORDER BY t.id",
        incident_id,
    )


async def links(connection: Connection, incident_id: UUID, territories: Sequence[int]) -> list[Record]:
    """Return to which incidents this one is linked; category and status only of those in `territories`."""
    return await connection.fetch(
        "SELECT i.id, i.number, l.kind, l.at, l.from_id = $1 AS is_from, i.territory_id = ANY($2::int[]) AS is_seen, "
        "CASE WHEN i.territory_id = ANY($2::int[]) THEN i.category END AS category, "
        "CASE WHEN i.territory_id = ANY($2::int[]) THEN i.status END AS status "
        "FROM incident_links l JOIN incidents i ON i.id = CASE WHEN l.from_id = $1 THEN l.to_id ELSE l.from_id END "
        "WHERE l.from_id = $1 OR l.to_id = $1 ORDER BY l.at, i.id",
        incident_id,
        territories,
    )


async def merged_here(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return the incidents that were merged into this one."""
    return await connection.fetch(
        "SELECT id, number FROM incidents WHERE merged_into = $1 ORDER BY received_at, id", incident_id
    )


async def shut_out_posts(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return which posts an incident is closed to, and why."""
    return await connection.fetch(
        "SELECT territory_id, ground, at FROM shut_out_posts WHERE incident_id = $1 ORDER BY at", incident_id
    )
