"""The SQL of the unit phone."""

from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from markaz.contracts.incidents import Stage
from markaz.core.db.pool import Connection
from markaz.programmes.incidents.field.domain import Sending
from markaz.programmes.incidents.picture import JSON, unit_view

Record = asyncpg.Record

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


async def worked_since(connection: Connection, incident_id: UUID, unit_id: UUID, since: datetime) -> bool:
    """Return whether the unit was sent to the incident and had not cleared or been withdrawn before `since`.

    A sending that was taken away, stage by stage or as a whole, has no time left and never was.
    """
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM assignments WHERE incident_id = $1 AND unit_id = $2 "  # noqa: S608 - columns of a closed set
            f"AND {_WAS} AND coalesce(least(cleared_at, withdrawn_at), 'infinity') >= $3)",
            incident_id,
            unit_id,
            since,
        )
    )


async def sendings(connection: Connection, incident_id: UUID, unit_id: UUID) -> list[Sending]:
    """Return every sending of a unit to an incident, the first one first."""
    rows = await connection.fetch(
        f"SELECT ordinal, assigned_at, is_current, withdrawn_at IS NOT NULL OR NOT {_WAS} AS is_void "  # noqa: S608 - columns of a closed set
        "FROM assignments WHERE incident_id = $1 AND unit_id = $2 ORDER BY ordinal",
        incident_id,
        unit_id,
    )
    return [Sending(row["ordinal"], row["assigned_at"], row["is_current"], row["is_void"]) for row in rows]


async def party_rules(connection: Connection, incident_id: UUID) -> list[str]:
    """Return how parties of an incident must not be reached: every code that any of them has."""
    rows = await connection.fetch(
        "SELECT DISTINCT unnest(safe_contact) AS rule FROM parties WHERE incident_id = $1", incident_id
    )
    return [row["rule"] for row in rows]
