"""All SQL of the contents of incidents. It decides nothing and commits nothing.

Parties and vehicles are found by their incident and by their own id; no statement here finds an incident by them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import LinkKind
from markaz.core.db.pool import Connection
from markaz.programmes.incidents.contents.commands import Party, Vehicle
from markaz.programmes.incidents.store import Record

# What an incident holds, by table: a closed set, since a table's name cannot be a parameter.
HELD = ("calls", "notes", "parties", "vehicles", "attachments")


def _move(table: str, sets: str = "", only: str = "") -> str:
    """Return the statement that moves rows and keeps, for whoever asks who looked, which incident held them until when.

    All parts of a statement read the rows as they were before it: `o` still knows whether a call was the first one.
    """
    was_first = "o.is_first" if table == "calls" else "false"
    return (
        f"WITH moved AS (UPDATE {table} SET incident_id = $2{sets} WHERE incident_id = $1{only} RETURNING id), "  # noqa: S608 - closed set
        "kept AS (INSERT INTO record_moves (kind, item_id, from_id, to_id, at, was_first) "
        f"SELECT '{table}', o.id, $1, $2, $3::timestamptz, {was_first} FROM {table} o JOIN moved USING (id)) "
        "SELECT id FROM moved"
    )


_MOVE_ALL = {table: _move(table) for table in HELD}
# A call that joins another incident is not its first one. What was learnt later of its caller stays with the merged
# incident, because it is not about the first caller of the other one; it is erased with that one all the same.
_MOVE_ALL["calls"] = _move("calls", sets=", is_first = false")
_MOVE = {table: _move(table, only=" AND id = ANY($4::uuid[])") for table in HELD}
_COUNT = {table: f"SELECT count(*) FROM {table} WHERE incident_id = $1" for table in HELD}  # noqa: S608 - closed set
_PARTY = "SELECT id, incident_id, role, is_minor, is_unknown, safe_contact, sealed_id, version, at, by_id FROM parties "
_VEHICLE = "SELECT id, incident_id, role, sealed_id, version, at, by_id FROM vehicles "


async def count(connection: Connection, table: str, incident_id: UUID) -> int:
    """Return how many rows of one of HELD an incident has."""
    return int(await connection.fetchval(_COUNT[table], incident_id))


async def insert_party(
    connection: Connection,
    party_id: UUID,
    incident_id: UUID,
    party: Party,
    sealed_id: UUID | None,
    at: datetime,
    by: UUID,
) -> None:
    """Insert a party; what names it is sealed."""
    await connection.execute(
        "INSERT INTO parties (id, incident_id, role, is_minor, is_unknown, safe_contact, sealed_id, at, by_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        party_id,
        incident_id,
        party.role.value,
        party.is_minor,
        party.is_unknown,
        [rule.value for rule in party.safe_contact],
        sealed_id,
        at,
        by,
    )


async def lock_party(connection: Connection, incident_id: UUID, party_id: UUID) -> Record | None:
    """Return a party of an incident, locked until the act ends."""
    return await connection.fetchrow(_PARTY + "WHERE incident_id = $1 AND id = $2 FOR UPDATE", incident_id, party_id)


async def correct_party(
    connection: Connection, row: Record, party: Party, sealed_id: UUID | None, at: datetime, by: UUID
) -> int:
    """Keep the party as it was, write it anew and return its version."""
    await connection.execute(
        "INSERT INTO parties_before (party_id, version, role, is_minor, is_unknown, safe_contact, sealed_id, at, by_id) "
        "SELECT id, version, role, is_minor, is_unknown, safe_contact, sealed_id, at, by_id FROM parties WHERE id = $1",
        row["id"],
    )
    return int(
        await connection.fetchval(
            "UPDATE parties SET role = $2, is_minor = $3, is_unknown = $4, safe_contact = $5, sealed_id = $6, at = $7, "
            "by_id = $8, version = version + 1 WHERE id = $1 RETURNING version",
            row["id"],
            party.role.value,
            party.is_minor,
            party.is_unknown,
            [rule.value for rule in party.safe_contact],
            sealed_id,
            at,
            by,
        )
    )


async def insert_vehicle(
    connection: Connection,
    vehicle_id: UUID,
    incident_id: UUID,
    vehicle: Vehicle,
    sealed_id: UUID,
    at: datetime,
    by: UUID,
) -> None:
    """Insert a vehicle; its plate and description are sealed."""
    await connection.execute(
        "INSERT INTO vehicles (id, incident_id, role, sealed_id, at, by_id) VALUES ($1, $2, $3, $4, $5, $6)",
        vehicle_id,
        incident_id,
        vehicle.role.value,
        sealed_id,
        at,
        by,
    )


async def lock_vehicle(connection: Connection, incident_id: UUID, vehicle_id: UUID) -> Record | None:
    """Return a vehicle of an incident, locked until the act ends."""
    return await connection.fetchrow(
        _VEHICLE + "WHERE incident_id = $1 AND id = $2 FOR UPDATE", incident_id, vehicle_id
    )


async def correct_vehicle(
    connection: Connection, row: Record, vehicle: Vehicle, sealed_id: UUID, at: datetime, by: UUID
) -> int:
    """Keep the vehicle as it was, write it anew and return its version."""
    await connection.execute(
        "INSERT INTO vehicles_before (vehicle_id, version, role, sealed_id, at, by_id) "
        "SELECT id, version, role, sealed_id, at, by_id FROM vehicles WHERE id = $1",
        row["id"],
    )
    return int(
        await connection.fetchval(
            "UPDATE vehicles SET role = $2, sealed_id = $3, at = $4, by_id = $5, version = version + 1 WHERE id = $1 "
            "RETURNING version",
            row["id"],
            vehicle.role.value,
            sealed_id,
            at,
            by,
        )
    )


async def insert_attachment(connection: Connection, values: Sequence[Any]) -> None:
    """Insert an attachment: id, incident, media type, size, width, height, sealed record, at, by."""
    await connection.execute(
        "INSERT INTO attachments (id, incident_id, media_type, size_bytes, width_px, height_px, sealed_id, at, by_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *values,
    )


async def attachment(connection: Connection, incident_id: UUID, attachment_id: UUID) -> Record | None:
    """Return an attachment of an incident, without its bytes."""
    return await connection.fetchrow(
        "SELECT t.id, t.media_type, t.sealed_id, t.at, EXISTS (SELECT FROM restrictions r "
        "WHERE r.sealed_id = t.sealed_id AND r.lifted_at IS NULL) AS is_restricted "
        "FROM attachments t WHERE t.incident_id = $1 AND t.id = $2",
        incident_id,
        attachment_id,
    )


async def set_contact_rules(
    connection: Connection, incident_id: UUID, safe_contact: Collection[str], is_covert: bool
) -> None:
    """Write how the people of an incident may be reached."""
    await connection.execute(
        "UPDATE incidents SET safe_contact = $2, is_covert = $3 WHERE id = $1",
        incident_id,
        sorted(safe_contact),
        is_covert,
    )


async def insert_link(
    connection: Connection, from_id: UUID, to_id: UUID, kind: LinkKind, at: datetime, by: UUID
) -> bool:
    """Link two incidents; return False when they are linked so already, in either direction."""
    done = await connection.execute(
        "INSERT INTO incident_links (from_id, to_id, kind, at, by_id) SELECT $1, $2, $3, $4, $5 "
        "WHERE NOT EXISTS (SELECT FROM incident_links WHERE from_id = $2 AND to_id = $1 AND kind = $3) "
        "ON CONFLICT DO NOTHING",
        from_id,
        to_id,
        kind.value,
        at,
        by,
    )
    return done == "INSERT 0 1"


async def count_links(connection: Connection, incident_id: UUID) -> int:
    """Return to how many incidents this one is linked."""
    return int(
        await connection.fetchval("SELECT count(*) FROM incident_links WHERE from_id = $1 OR to_id = $1", incident_id)
    )


async def move_all(connection: Connection, table: str, from_id: UUID, to_id: UUID, at: datetime) -> list[str]:
    """Move everything an incident holds in one of HELD to another incident; return the ids."""
    rows = await connection.fetch(_MOVE_ALL[table], from_id, to_id, at)
    return [str(row["id"]) for row in rows]


async def move(
    connection: Connection, table: str, from_id: UUID, to_id: UUID, at: datetime, ids: Collection[UUID]
) -> list[str]:
    """Move what is named of one of HELD to another incident; return the ids that were there."""
    return [str(row["id"]) for row in await connection.fetch(_MOVE[table], from_id, to_id, at, list(ids))]


async def most_moved(connection: Connection, ids: Collection[UUID]) -> int:
    """Return how often that one of these was moved which was moved most often."""
    return int(
        await connection.fetchval(
            "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM record_moves WHERE item_id = ANY($1::uuid[]) "
            "GROUP BY item_id) moves",
            list(ids),
        )
    )


async def working_units(connection: Connection, incident_id: UUID) -> list[UUID]:
    """Return the units at work for an incident, in the order in which they are locked."""
    rows = await connection.fetch(
        "SELECT unit_id FROM assignments WHERE incident_id = $1 AND is_current AND cleared_at IS NULL ORDER BY unit_id",
        incident_id,
    )
    return [row["unit_id"] for row in rows]


async def move_assignment(connection: Connection, unit_id: UUID, from_id: UUID, to_id: UUID) -> int:
    """Let a unit's current work for one incident be work for another, with its times; return the ordinal there."""
    ordinal = int(
        await connection.fetchval(
            "INSERT INTO assignments (incident_id, unit_id, ordinal, assigned_at, en_route_at, on_scene_at, "
            "transporting_at, at_hospital_at, precisions, flags) "
            "SELECT $3, unit_id, (SELECT coalesce(max(ordinal), 0) + 1 FROM assignments WHERE incident_id = $3 AND unit_id = $2), "
            "assigned_at, en_route_at, on_scene_at, transporting_at, at_hospital_at, precisions, flags "
            "FROM assignments WHERE incident_id = $1 AND unit_id = $2 AND is_current RETURNING ordinal",
            from_id,
            unit_id,
            to_id,
        )
    )
    await connection.execute(
        "UPDATE assignments SET is_current = false WHERE unit_id = $1 AND (incident_id = $2 OR incident_id = $3 AND ordinal < $4)",
        unit_id,
        from_id,
        to_id,
        ordinal,
    )
    return ordinal


async def close_as_merged(connection: Connection, incident_id: UUID, into_id: UUID, at: datetime) -> None:
    """Close an incident because it is another one."""
    await connection.execute(
        "UPDATE incidents SET status = 'closed', outcome = 'duplicate', closed_at = $3, merged_into = $2, "
        "held_until = NULL, held_reason = NULL, held_since = NULL, "
        "backup_asked_at = NULL, backup_by = NULL, backup_count = NULL, backup_kind = NULL WHERE id = $1",
        incident_id,
        into_id,
        at,
    )


async def recount_calls(connection: Connection, incident_id: UUID) -> None:
    """After calls were moved: let the earliest one be the first, and count them. One that keeps none keeps its count of 1."""
    await connection.execute(
        "UPDATE calls c SET is_first = (c.id = f.id) FROM "
        "(SELECT id FROM calls WHERE incident_id = $1 ORDER BY is_first DESC, received_at, id LIMIT 1) f "
        "WHERE c.incident_id = $1 AND c.is_first <> (c.id = f.id)",
        incident_id,
    )
    await connection.execute(
        "UPDATE incidents SET call_count = greatest(1, (SELECT count(*) FROM calls WHERE incident_id = $1)) WHERE id = $1",
        incident_id,
    )


async def insert_split(connection: Connection, from_id: UUID, new_id: UUID, values: Sequence[Any]) -> None:
    """Insert a new open incident with what the one it comes from says. `values`: number, category, priority, received, at, by."""
    await connection.execute(
        "INSERT INTO incidents (id, number, status, category, priority, initial_priority, channel, territory_id, lon, lat, "
        "received_at, entered_at, opened_by, updated_by, place_label, place_confidence, place_accuracy_m, is_covert, "
        "safe_contact, entered_via, owner_id) "
        "SELECT $2, $3, 'open', $4, $5, $5, channel, territory_id, lon, lat, $6, $7, $8, $8, place_label, "
        "place_confidence, place_accuracy_m, is_covert, safe_contact, entered_via, "
        "CASE WHEN status = 'open' THEN coalesce(owner_id, $8) ELSE $8 END FROM incidents WHERE id = $1",
        from_id,
        new_id,
        *values,
    )
    for copy in (
        "INSERT INTO shut_out_posts (incident_id, territory_id, from_territory_id, ground, at, by_id) "
        "SELECT $2, territory_id, from_territory_id, ground, at, by_id FROM shut_out_posts WHERE incident_id = $1",
        "INSERT INTO shut_out_accounts (incident_id, account_id) "
        "SELECT $2, account_id FROM shut_out_accounts WHERE incident_id = $1",
    ):
        await connection.execute(copy, from_id, new_id)


async def sealed_of_callers(connection: Connection, incident_id: UUID) -> list[UUID]:
    """Return the sealed records of every call of an incident, and of what was learnt of its caller later."""
    rows = await connection.fetch(
        "SELECT sealed_id FROM calls WHERE incident_id = $1 AND sealed_id IS NOT NULL "
        "UNION ALL SELECT sealed_id FROM call_details WHERE incident_id = $1",
        incident_id,
    )
    return [row["sealed_id"] for row in rows]


async def first_received(connection: Connection, incident_id: UUID, calls: Collection[UUID]) -> datetime | None:
    """Return when the first of these calls of an incident was received; None when none of them is there."""
    at: datetime | None = await connection.fetchval(
        "SELECT min(received_at) FROM calls WHERE incident_id = $1 AND id = ANY($2::uuid[])", incident_id, list(calls)
    )
    return at


async def reopen(connection: Connection, incident_id: UUID, now: datetime) -> None:
    """Take the closing of an incident back, so that it waits for a unit from now; the event keeps what the closing said."""
    await connection.execute(
        "UPDATE incidents SET status = 'open', outcome = NULL, closed_at = NULL, report_number = NULL, "
        "outcome_reason = NULL, waits_from = $2 WHERE id = $1",
        incident_id,
        now,
    )


async def shut_out(
    connection: Connection, incident_id: UUID, post: int, came_from: int, to: int, ground: str, at: datetime, by: UUID
) -> None:
    """Keep which post an incident is closed to, and hand it to the territory above, without an owner."""
    await connection.execute(
        "INSERT INTO shut_out_posts (incident_id, territory_id, from_territory_id, ground, at, by_id) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        incident_id,
        post,
        came_from,
        ground,
        at,
        by,
    )
    await connection.execute("UPDATE incidents SET territory_id = $2, owner_id = NULL WHERE id = $1", incident_id, to)


async def shut_out_accounts(connection: Connection, incident_id: UUID, account_ids: Collection[UUID]) -> None:
    """Keep which people an incident is closed to."""
    await connection.execute(
        "INSERT INTO shut_out_accounts (incident_id, account_id) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING",
        incident_id,
        list(account_ids),
    )


async def grants_of_people(connection: Connection) -> list[Record]:
    """Return account, role and territory of every grant of an active person."""
    return await connection.fetch(
        "SELECT g.account_id, g.role, g.territory_id FROM grants g JOIN accounts a ON a.id = g.account_id "
        "WHERE a.is_active AND a.kind = 'person'"
    )
