"""The SQL of the unit phone."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from markaz.contracts.incidents import Stage
from markaz.core.db.pool import Connection
from markaz.programmes.incidents.field.domain import Sending
from markaz.programmes.incidents.picture import JSON, unit_view

Record = asyncpg.Record

MERGES_FOLLOWED = 20  # one after the other; nobody merges one call so often
_WAS = f"num_nonnulls({', '.join(f'{stage.value}_at' for stage in Stage)}) > 0"


async def unit(connection: Connection, unit_id: UUID) -> JSON | None:
    """Return the view of one unit."""
    row = await connection.fetchrow("SELECT * FROM units WHERE id = $1", unit_id)
    return None if row is None else unit_view(row)


async def claim_report(connection: Connection, account_id: UUID, key: UUID, unit_id: UUID, now: datetime) -> bool:
    """Return whether this report is new. A twin waits here until the first one is done."""
    done = await connection.execute(
        "INSERT INTO field_reports (account_id, key, unit_id, received_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        account_id,
        key,
        unit_id,
        now,
    )
    return bool(done == "INSERT 0 1")


async def known_result(connection: Connection, account_id: UUID, key: UUID) -> JSON | None:
    """Return what became of a report that came before."""
    text = await connection.fetchval(
        "SELECT result::text FROM field_reports WHERE account_id = $1 AND key = $2", account_id, key
    )
    if text is None:
        return None
    result: JSON = orjson.loads(text)
    return result


async def keep_result(connection: Connection, account_id: UUID, key: UUID, result: JSON) -> None:
    """Remember what became of a report: ids and codes."""
    await connection.execute(
        "UPDATE field_reports SET result = $3::text::jsonb WHERE account_id = $1 AND key = $2",
        account_id,
        key,
        orjson.dumps(result).decode(),
    )


async def forget_old_reports(connection: Connection, before: datetime) -> int:
    """Delete the keys of old reports and return how many; the facts stay."""
    done = await connection.execute("DELETE FROM field_reports WHERE received_at < $1", before)
    return int(done.split()[-1])


async def merges(connection: Connection, incident_id: UUID) -> list[Record]:
    """Return id, number and received_at of an incident and of what it was merged into, one after the other."""
    return await connection.fetch(
        "WITH RECURSIVE chain AS (SELECT id, number, received_at, merged_into, 1 AS step FROM incidents WHERE id = $1 "
        "UNION ALL SELECT i.id, i.number, i.received_at, i.merged_into, c.step + 1 "
        "FROM incidents i JOIN chain c ON i.id = c.merged_into WHERE c.step < $2) "
        "SELECT id, number, received_at FROM chain ORDER BY step",
        incident_id,
        MERGES_FOLLOWED,
    )


async def worked_since(
    connection: Connection, incident_ids: Sequence[UUID], unit_id: UUID, since: datetime | None
) -> bool:
    """Return whether the unit was sent to one of the incidents and had not cleared or been withdrawn before `since`.

    A sending that was taken away, stage by stage or as a whole, has no time left and never was. None: ever.
    """
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM assignments WHERE incident_id = ANY($1::uuid[]) AND unit_id = $2 "  # noqa: S608 - columns of a closed set
            f"AND {_WAS} AND coalesce(least(cleared_at, withdrawn_at), 'infinity') >= coalesce($3, '-infinity'::timestamptz))",
            incident_ids,
            unit_id,
            since,
        )
    )


async def sendings(connection: Connection, incident_ids: Sequence[UUID], unit_id: UUID) -> dict[UUID, list[Sending]]:
    """Return every sending of a unit to each of some incidents, the first one first."""
    rows = await connection.fetch(
        f"SELECT incident_id, ordinal, assigned_at, is_current, withdrawn_at IS NOT NULL OR NOT {_WAS} AS is_void, "  # noqa: S608 - columns of a closed set
        "NOT is_current AND withdrawn_at IS NULL AND cleared_at IS NULL AS went_on "
        "FROM assignments WHERE incident_id = ANY($1::uuid[]) AND unit_id = $2 ORDER BY ordinal",
        incident_ids,
        unit_id,
    )
    found: dict[UUID, list[Sending]] = {}
    for row in rows:
        is_void: bool = row["is_void"]
        went_on = row["went_on"] and not is_void
        one = Sending(row["ordinal"], row["assigned_at"], row["is_current"], is_void, went_on)
        found.setdefault(row["incident_id"], []).append(one)
    return found


async def party_rules(connection: Connection, incident_id: UUID) -> list[str]:
    """Return how parties of an incident must not be reached: every code that any of them has."""
    rows = await connection.fetch(
        "SELECT DISTINCT unnest(safe_contact) AS rule FROM parties WHERE incident_id = $1", incident_id
    )
    return [row["rule"] for row in rows]
