"""The SQL of the import. It decides nothing and commits nothing."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import orjson

from markaz.core.db.pool import Connection
from markaz.core.db.rows import TEXTS, add_rows
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.sealing import FieldRow, KeyRow, SearchRow
from markaz.kit.clock import Precision
from markaz.programmes.incidents.imports.records import (
    ASSIGNMENT_COLUMNS,
    CALL_COLUMNS,
    INCIDENT_COLUMNS,
    ROW_COLUMNS,
    UNIT_COLUMNS,
    Batch,
    JoinedCall,
    KnownCall,
    Sending,
)
from markaz.programmes.incidents.imports.rows import UNIT_STAGES

_TYPES = {
    **dict.fromkeys(("id", "incident_id", "sealed_id", "opened_by", "updated_by"), "uuid"),
    **dict.fromkeys(("received_at", "entered_at", "arrived_at", "closed_at"), "timestamptz"),
    **dict.fromkeys(("lon", "lat"), "float8"),
    "territory_id": "int",
    "precisions": "jsonb",
    "flags": TEXTS,
}
_STAGES = ", ".join(f"{stage}_at" for stage in UNIT_STAGES)


def _typed(columns: Iterable[str]) -> dict[str, str]:
    return {name: _TYPES.get(name, "text") for name in columns}


async def present_rows(connection: Connection, source: str, row_keys: Sequence[str]) -> set[str]:
    """Return which of these rows of a source the centre holds already."""
    rows = await connection.fetch(
        "SELECT row_key FROM import_rows WHERE source = $1 AND row_key = ANY($2::text[])", source, row_keys
    )
    return {row[0] for row in rows}


async def known_calls(connection: Connection, incident_ids: Sequence[UUID]) -> dict[UUID, KnownCall]:
    """Return, locked until the transaction ends, those of these calls that the centre holds already."""
    rows = await connection.fetch(
        "SELECT id, status, territory_id, category, priority, outcome, received_at, precisions::text AS precisions, "
        "flags FROM incidents WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",
        incident_ids,
    )
    if not rows:
        return {}
    sendings = await _sendings(connection, [row["id"] for row in rows])
    return {
        row["id"]: KnownCall(
            is_open=row["status"] == "open",
            territory_id=row["territory_id"],
            category=row["category"],
            priority=row["priority"],
            outcome=row["outcome"],
            received=row["received_at"],
            received_precision=Precision(orjson.loads(row["precisions"]).get("received", Precision.SECOND)),
            flags=tuple(row["flags"]),
            sendings=sendings.get(row["id"], {}),
        )
        for row in rows
    }


async def _sendings(connection: Connection, incident_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, list[Sending]]]:
    found: dict[UUID, dict[UUID, list[Sending]]] = {}
    rows = await connection.fetch(
        f"SELECT incident_id, unit_id, ordinal, {_STAGES} FROM assignments "  # noqa: S608 - columns of a closed set
        "WHERE incident_id = ANY($1::uuid[]) ORDER BY ordinal",
        incident_ids,
    )
    for incident_id, unit_id, ordinal, *times in rows:
        found.setdefault(incident_id, {}).setdefault(unit_id, []).append(Sending(ordinal, tuple(times)))
    return found


async def present_units(connection: Connection, unit_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these units the centre holds already."""
    rows = await connection.fetch("SELECT id FROM units WHERE id = ANY($1::uuid[])", unit_ids)
    return {row[0] for row in rows}


async def taken_call_signs(connection: Connection, territory_id: int, call_signs: Sequence[str]) -> list[str]:
    """Return which of these call signs belong to a unit of that territory already."""
    rows = await connection.fetch(
        "SELECT call_sign FROM units WHERE territory_id = $1 AND call_sign = ANY($2::text[]) ORDER BY call_sign",
        territory_id,
        call_signs,
    )
    return [row[0] for row in rows]


async def write(connection: Connection, batch: Batch) -> None:
    """Write everything of a batch but its sealed fields and its events."""
    if batch.units:
        await connection.copy_records_to_table("units", records=batch.units, columns=UNIT_COLUMNS)
    if batch.incidents:
        await add_rows(connection, "incidents", _typed(INCIDENT_COLUMNS), batch.incidents)
    if batch.calls:
        await add_rows(connection, "calls", _typed(CALL_COLUMNS), batch.calls)
    for table, columns, records in (
        ("assignments", ASSIGNMENT_COLUMNS, batch.assignments),
        ("import_rows", ROW_COLUMNS, batch.rows),
    ):
        if records:
            await connection.copy_records_to_table(table, records=records, columns=columns)
    if batch.superseded:
        await connection.executemany(
            "UPDATE assignments SET is_current = false WHERE incident_id = $1 AND unit_id = $2 AND ordinal < $3",
            batch.superseded,
        )
    if batch.joined:
        await _join(connection, batch.joined)


async def write_sealed(
    connection: Connection, fields: Sequence[FieldRow], keys: Sequence[KeyRow], search: Sequence[SearchRow]
) -> None:
    """Write sealed fields, their wrapped keys and their search hashes."""
    for table, columns, records in (
        ("keys.sealed_keys", {"sealed_id": "uuid", "wrapped_key": "bytea"}, keys),
        ("sealed_fields", {"sealed_id": "uuid", "field": "text", "ciphertext": "bytea"}, fields),
        ("sealed_search", {"sealed_id": "uuid", "field": "text", "keyed_hash": "bytea"}, search),
    ):
        if records:
            await add_rows(connection, table, columns, records)


async def _join(connection: Connection, joined: Iterable[JoinedCall]) -> None:
    await connection.executemany(
        "UPDATE incidents SET closed_at = $2, flags = $3, version = version + 1, updated_by = $4, "
        "updated_at = clock_timestamp() WHERE id = $1",
        [(call.incident_id, call.closed_at, call.flags, SYSTEM_ACTOR_ID) for call in joined],
    )
