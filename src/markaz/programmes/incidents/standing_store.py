"""The SQL behind `looks`: the facts that make an incident somebody's own. Reads only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.programmes.incidents.store import INCIDENT, Record

SAME_NUMBER_MOST = 10

_FACTS = """
SELECT i.id, EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.by_id = $2) AS took_call,
       EXISTS (SELECT FROM events e WHERE e.aggregate_id = i.id AND e.actor_id = $2 AND e.type = ANY($3::text[]))
           AS dispatched,
       EXISTS (SELECT FROM events e WHERE e.aggregate_id = i.id AND e.actor_id = $2 AND e.type = ANY($4::text[])
               AND e.recorded_at > $5 AND coalesce(e.payload ->> 'via', '') <> 'handover') AS edited_lately,
       EXISTS (SELECT FROM assignments a JOIN unit_logons l ON l.unit_id = a.unit_id AND l.logged_off_at IS NULL
               JOIN unit_crews k ON k.logon_id = l.id AND k.is_open
               WHERE a.incident_id = i.id AND a.is_current AND a.cleared_at IS NULL AND k.account_id = $2) AS is_crew,
       EXISTS (SELECT FROM alarms a JOIN acknowledgements k ON k.alarm_id = a.id
               WHERE a.incident_id = i.id AND a.cleared_at IS NULL AND a.kind <> 'break_glass' AND k.account_id = $2)
           AS has_alarm,
       EXISTS (SELECT FROM shut_out_accounts s WHERE s.incident_id = i.id AND s.account_id = $2) AS is_shut_out,
       EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND (c.reference IS NOT NULL OR EXISTS
               (SELECT FROM sealed_fields f WHERE f.sealed_id = c.sealed_id AND f.field = 'caller_phone')))
           AS was_heard_of
FROM unnest($1::uuid[]) AS i (id)
"""
_WORKED_ON = f"""
{INCIDENT} AS i WHERE i.status = 'open' AND i.territory_id = ANY($2::int[]) AND (i.owner_id = $1 OR i.opened_by = $1
    OR EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.by_id = $1)
    OR EXISTS (SELECT FROM assignments a JOIN unit_logons l ON l.unit_id = a.unit_id AND l.logged_off_at IS NULL
               JOIN unit_crews k ON k.logon_id = l.id AND k.is_open
               WHERE a.incident_id = i.id AND a.is_current AND a.cleared_at IS NULL AND k.account_id = $1))
ORDER BY i.received_at DESC, i.id DESC LIMIT $3
"""  # noqa: S608 - joins constants


async def facts(
    connection: Connection,
    incident_ids: Sequence[UUID],
    account_id: UUID,
    *,
    dispatching: Sequence[str],
    edits: Sequence[str],
    since: datetime,
) -> dict[UUID, Record]:
    """Return what one account has to do with each incident; `edited_lately` is about what was recorded after `since`."""
    rows = await connection.fetch(_FACTS, incident_ids, account_id, dispatching, edits, since)
    return {row["id"]: row for row in rows}


async def by_number(connection: Connection, number: str, territories: Sequence[int]) -> list[Record]:
    """Return the incidents of a number in these territories, the newest first."""
    return await connection.fetch(
        INCIDENT + "WHERE number = $1 AND territory_id = ANY($2::int[]) ORDER BY received_at DESC LIMIT $3",
        number,
        territories,
        SAME_NUMBER_MOST,
    )


async def worked_on(connection: Connection, account_id: UUID, territories: Sequence[int], limit: int) -> list[Record]:
    """Return the open incidents an account owns, opened, took a call of or crews, the newest first."""
    return await connection.fetch(_WORKED_ON, account_id, territories, limit)
