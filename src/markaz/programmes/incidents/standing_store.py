"""The SQL behind `looks`: the facts that make an incident somebody's own. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.programmes.incidents.store import INCIDENT, Record

SAME_NUMBER_MOST = 10

# A further call with neither a caller nor words nor another service's reference is nobody's work yet.
TOLD = (
    "(c.reference IS NOT NULL OR EXISTS (SELECT FROM sealed_fields f WHERE f.sealed_id = c.sealed_id "
    "AND f.field IN ('caller_name', 'caller_phone', 'text')))"
)
_HEARD = (
    "(c.reference IS NOT NULL OR EXISTS (SELECT FROM sealed_fields f WHERE f.sealed_id = c.sealed_id "
    "AND f.field = 'caller_phone'))"
)
_LATELY = "e.aggregate_id = i.id AND e.actor_id = $2 AND e.recorded_at > $3 AND coalesce(e.payload ->> 'via', '') <> 'handover'"
# The LIMIT leaves nothing out. Planning this takes ten times as long as doing it, and a plan for any parameters is kept
# only if it looks no dearer than one for these: without the LIMIT it is reckoned for ten incidents and made anew each time.
_FACTS = f"""
SELECT i.id, EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.by_id = $2 AND {TOLD}) AS took_call,
       EXISTS (SELECT FROM events e WHERE e.aggregate_id = i.id AND e.actor_id = $2 AND e.type = ANY($4::text[]))
           AS dispatched,
       EXISTS (SELECT FROM assignments a JOIN unit_logons l ON l.unit_id = a.unit_id AND l.logged_off_at IS NULL
               JOIN unit_crews k ON k.logon_id = l.id AND k.is_open
               WHERE a.incident_id = i.id AND a.is_current AND a.cleared_at IS NULL AND k.account_id = $2) AS is_crew,
       EXISTS (SELECT FROM alarms a JOIN acknowledgements k ON k.alarm_id = a.id
               WHERE a.incident_id = i.id AND a.cleared_at IS NULL AND a.kind <> 'break_glass' AND k.account_id = $2)
           AS has_alarm,
       EXISTS (SELECT FROM shut_out_accounts s WHERE s.incident_id = i.id AND s.account_id = $2) AS is_shut_out,
       EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND {_HEARD}) AS was_heard_of,
       EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.is_first AND c.by_id IS NULL
               AND c.channel = ANY($5::text[]) AND {_HEARD})
           AND NOT EXISTS (SELECT FROM events e WHERE e.aggregate_id = i.id AND e.payload ? 'split_from')
           AS first_was_heard,
       (SELECT max(e.recorded_at) FROM events e WHERE {_LATELY} AND e.type = ANY($6::text[])) AS edited_at,
       EXISTS (SELECT FROM events e WHERE {_LATELY} AND e.type = ANY($7::text[])) AS drawn_in_lately,
       EXISTS (SELECT FROM events e WHERE {_LATELY} AND NOT e.type = ANY($6::text[] || $7::text[] || $8::text[]))
           OR EXISTS (SELECT FROM alarms a JOIN acknowledgements k ON k.alarm_id = a.id WHERE a.incident_id = i.id
                      AND a.kind <> 'break_glass' AND k.account_id = $2 AND k.at > $3)
           OR EXISTS (SELECT FROM assignments a JOIN unit_logons l ON l.unit_id = a.unit_id
                      JOIN unit_crews k ON k.logon_id = l.id WHERE a.incident_id = i.id AND k.account_id = $2
                      AND l.logged_on_by = $2 AND l.logged_on_at > $3) AS worked_lately,
       EXISTS (SELECT FROM assignments a JOIN unit_logons l ON l.unit_id = a.unit_id
                   AND (l.logged_off_at IS NULL OR l.logged_off_at > $3)
               JOIN unit_crews k ON k.logon_id = l.id AND k.account_id = $2
               JOIN events e ON e.aggregate_id = i.id AND e.type = $9 AND e.actor_id <> $2
                   AND e.payload ->> 'unit_id' = a.unit_id::text AND e.payload ->> 'ordinal' = a.ordinal::text
                   AND (l.logged_on_by <> $2 OR l.logged_on_at <= e.recorded_at)
               WHERE a.incident_id = i.id AND a.is_current AND (a.cleared_at IS NULL OR a.cleared_at > $3)) AS was_sent,
       coalesce((SELECT e.payload ->> 'to' = $2::text AND (e.actor_id <> $2 OR e.payload ->> 'via' = 'handover')
                 FROM events e WHERE e.aggregate_id = i.id AND e.type = $10 ORDER BY e.seq DESC LIMIT 1), FALSE)
           AS was_given
FROM (SELECT u.id FROM unnest($1::uuid[]) AS u (id) LIMIT cardinality($1::uuid[])) AS i
"""  # noqa: S608 - joins constants
_WORKED_ON = f"""
{INCIDENT} AS i WHERE i.status = 'open' AND i.territory_id = ANY($2::int[]) AND (i.owner_id = $1 OR i.opened_by = $1
    OR EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.by_id = $1 AND {TOLD})
    OR EXISTS (SELECT FROM assignments a JOIN unit_logons l ON l.unit_id = a.unit_id AND l.logged_off_at IS NULL
               JOIN unit_crews k ON k.logon_id = l.id AND k.is_open
               WHERE a.incident_id = i.id AND a.is_current AND a.cleared_at IS NULL AND k.account_id = $1))
ORDER BY i.received_at DESC, i.id DESC LIMIT $3
"""  # noqa: S608 - joins constants


@dataclass(frozen=True, slots=True)
class Words:
    """What the questions of `facts` are about: types of events, and the ways in which a call reaches the centre.

    `edits` change what an incident is about, `draws_in` bring what another one held, `opens_nothing` is no act to ask
    about, `sending` and `giving` are how somebody else makes an incident another's.
    """

    dispatching: Sequence[str]
    inbound: Sequence[str]
    edits: Sequence[str]
    draws_in: Sequence[str]
    opens_nothing: Sequence[str]
    sending: str
    giving: str


async def facts(
    connection: Connection, incident_ids: Sequence[UUID], account_id: UUID, since: datetime, words: Words
) -> dict[UUID, Record]:
    """Return what one account has to do with each incident; what was done `lately` was recorded after `since`."""
    rows = await connection.fetch(
        _FACTS,
        incident_ids,
        account_id,
        since,
        words.dispatching,
        words.inbound,
        words.edits,
        words.draws_in,
        words.opens_nothing,
        words.sending,
        words.giving,
    )
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
