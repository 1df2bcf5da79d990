"""All SQL of alarms. It decides nothing and commits nothing; incidents and units are only read here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import AlarmKind, Stage
from markaz.core.db.pool import Connection
from markaz.core.permissions import Role
from markaz.kit.clock import iso
from markaz.programmes.incidents.alarms.domain import Sent, Waiting
from markaz.programmes.incidents.norms import STRICTEST, Norms
from markaz.programmes.incidents.picture import JSON, Row
from markaz.programmes.incidents.store import Record, assignment_of

AT_ONCE = 1_000  # incidents looked at in one turn, those that wait longest first; the rest come two seconds later

# A plain query, so that what an alarm shows is the same in the snapshot and in its events. Whoever sees a territory sees
# its alarms, so an alarm names an incident only where that is closed to nobody there: an emergency stands with its unit,
# whose post may be shut out of the incident; a clock's alarm stands with its incident, from the next look after a move.
_ALARM = """
SELECT a.id, a.kind, a.cause, a.level, a.incident_id, a.unit_id, coalesce(n.is_named, true) AS is_named, a.territory_id, a.due_at, a.raised_at, a.raised_by,
       a.occurred_at, a.escalated_at, a.escalated_to, a.lon, a.lat, a.fix_at, a.accuracy_m, a.cleared_at,
       a.presses, i.number, u.call_sign,
       array(SELECT k.account_id FROM acknowledgements k WHERE k.alarm_id = a.id AND k.press = a.presses ORDER BY k.account_id) AS by_ids,
       array(SELECT k.at FROM acknowledgements k WHERE k.alarm_id = a.id AND k.press = a.presses ORDER BY k.account_id) AS by_times
FROM alarms a LEFT JOIN incidents i ON i.id = a.incident_id LEFT JOIN units u ON u.id = a.unit_id
LEFT JOIN LATERAL (
    SELECT CASE WHEN a.kind IN ('emergency','break_glass') THEN NOT EXISTS (SELECT FROM shut_out_posts p WHERE p.incident_id = i.id)
                ELSE i.territory_id = a.territory_id END AS is_named
) n ON i.id IS NOT NULL
"""

# Which open incidents have a clock that may be red and no alarm for it. The least norm of each priority over all
# terrains is used here, so some of these turn out to have time left; none is missed. Calls of another system run by
# that system's clocks, not by ours.
_MAYBE_DUE = """
WITH n AS (
    SELECT * FROM unnest($2::text[], $3::int[], $4::int[], $5::int[], $6::int[])
    AS n (priority, unassigned_s, en_route_s, arrival_s, welfare_s)
), o AS (
    SELECT i.id, i.received_at, i.held_until, i.waits_from, n.*
    FROM incidents i JOIN n ON n.priority = CASE WHEN i.priority = ANY($2::text[]) THEN i.priority ELSE $7 END
    WHERE i.status = 'open' AND i.source IS NULL
), s AS (
    SELECT a.*, u.last_word_at FROM assignments a JOIN o ON o.id = a.incident_id JOIN units u ON u.id = a.unit_id
    WHERE a.is_current
), w AS (
    SELECT o.*,
           coalesce((SELECT bool_or(s.cleared_at IS NULL) FROM s WHERE s.incident_id = o.id), false) AS is_worked_on,
           coalesce((SELECT bool_or(coalesce(s.on_scene_at, s.transporting_at, s.at_hospital_at) IS NOT NULL)
                     FROM s WHERE s.incident_id = o.id), false) AS is_reached,
           -- Who left before the incident was reopened attends to it no more.
           coalesce((SELECT bool_or(coalesce(s.on_scene_at, s.transporting_at, s.at_hospital_at) IS NOT NULL
                                    AND coalesce(s.cleared_at > o.waits_from, true))
                     FROM s WHERE s.incident_id = o.id), false) AS is_attended
    FROM o
), due AS (
    SELECT w.id, w.received_at, 'unassigned:' || w.id AS cause FROM w
    WHERE NOT is_worked_on AND NOT is_attended AND held_until IS NULL
      AND greatest(received_at, waits_from) <= $1::timestamptz - make_interval(secs => unassigned_s)
    UNION ALL
    SELECT w.id, w.received_at, 'held_over:' || w.id FROM w
    WHERE NOT is_worked_on AND NOT is_attended AND held_until <= $1
    UNION ALL
    SELECT w.id, w.received_at, 'arrival:' || w.id FROM w
    WHERE is_worked_on AND NOT is_reached AND received_at <= $1::timestamptz - make_interval(secs => arrival_s)
    UNION ALL
    SELECT w.id, w.received_at, 'en_route:' || w.id || ':' || s.unit_id || ':' || s.ordinal
    FROM w JOIN s ON s.incident_id = w.id
    WHERE coalesce(s.en_route_at, s.on_scene_at, s.transporting_at, s.at_hospital_at, s.cleared_at) IS NULL
      AND coalesce(s.assigned_at, w.received_at) <= $1::timestamptz - make_interval(secs => en_route_s)
    UNION ALL
    SELECT w.id, w.received_at, 'welfare:' || w.id || ':' || s.unit_id || ':' || s.ordinal
    FROM w JOIN s ON s.incident_id = w.id
    WHERE s.on_scene_at IS NOT NULL AND coalesce(s.transporting_at, s.at_hospital_at, s.cleared_at) IS NULL
      AND greatest(s.on_scene_at, s.last_word_at) <= $1::timestamptz - make_interval(secs => welfare_s)
)
SELECT d.id FROM due d
WHERE NOT EXISTS (SELECT FROM alarms a WHERE a.cause = d.cause AND a.cleared_at IS NULL)
GROUP BY d.id, d.received_at ORDER BY d.received_at, d.id LIMIT $8
"""


async def maybe_due(connection: Connection, norms: Norms, now: datetime) -> list[UUID]:
    """Return open incidents with a clock that may be red and has no alarm, the oldest first."""
    least = {name: norms.least(name) for name in ("unassigned_s", "en_route_s", "arrival_s", "welfare_s")}
    priorities = sorted(least["arrival_s"])
    columns = [[seconds[p] for p in priorities] for seconds in least.values()]
    rows = await connection.fetch(_MAYBE_DUE, now, priorities, *columns, STRICTEST, AT_ONCE)
    return [row["id"] for row in rows]


async def waiting(connection: Connection, incident_ids: Iterable[UUID]) -> dict[UUID, tuple[Record, Waiting]]:
    """Return incidents that are open here, with their rows, by id."""
    rows = await connection.fetch(
        "SELECT id, priority, territory_id, received_at, held_until, waits_from FROM incidents "
        "WHERE id = ANY($1::uuid[]) AND status = 'open' AND source IS NULL",
        list(incident_ids),
    )
    return {
        row["id"]: (row, Waiting(row["id"], row["received_at"], row["held_until"], row["waits_from"])) for row in rows
    }


async def sent(connection: Connection, incident_ids: Iterable[UUID]) -> dict[UUID, list[Sent]]:
    """Return the current sendings of incidents."""
    stages = ", ".join(f"a.{stage.value}_at" for stage in Stage)
    rows = await connection.fetch(
        f"SELECT a.incident_id, a.unit_id, a.ordinal, {stages}, u.last_word_at "  # noqa: S608 - names of a closed set
        "FROM assignments a JOIN units u ON u.id = a.unit_id "
        "WHERE a.incident_id = ANY($1::uuid[]) AND a.is_current ORDER BY a.unit_id",
        list(incident_ids),
    )
    found: dict[UUID, list[Sent]] = {}
    for row in rows:
        one = Sent(row["unit_id"], row["ordinal"], assignment_of(row).stages, row["last_word_at"])
        found.setdefault(row["incident_id"], []).append(one)
    return found


async def open_alarms(connection: Connection) -> list[Record]:
    """Return every alarm that has not ended, the oldest first: no more than clocks run for open incidents."""
    return await connection.fetch(_ALARM + "WHERE a.cleared_at IS NULL ORDER BY a.raised_at, a.id")


async def alarms_in(connection: Connection, territory_ids: Sequence[int], glass_in: Sequence[int]) -> list[JSON]:
    """Return the views of the alarms in these territories that have not ended, the oldest first.

    Broken glass is among them in the territories `glass_in` only.
    """
    rows = await connection.fetch(
        _ALARM + "WHERE a.cleared_at IS NULL AND a.territory_id = "
        "ANY(CASE WHEN a.kind = 'break_glass' THEN $2::int[] ELSE $1::int[] END) "
        "AND (a.kind IN ('emergency','break_glass') OR i.territory_id IS NULL OR i.territory_id = ANY($1::int[])) ORDER BY a.raised_at, a.id",
        territory_ids,
        glass_in,
    )
    return [alarm_view(row) for row in rows]


async def alarm(connection: Connection, alarm_id: UUID) -> Record | None:
    """Return an alarm."""
    return await connection.fetchrow(_ALARM + "WHERE a.id = $1", alarm_id)


async def lock_alarm(connection: Connection, alarm_id: UUID) -> Record | None:
    """Return an alarm, locked until the act ends. Lock incident and unit before it."""
    await connection.execute("SELECT FROM alarms WHERE id = $1 FOR UPDATE", alarm_id)
    return await alarm(connection, alarm_id)  # read after the lock, so that it shows what the one before did


async def open_emergency(connection: Connection, unit_id: UUID) -> Record | None:
    """Return the emergency of a unit that has not ended."""
    return await connection.fetchrow(
        _ALARM + "WHERE a.cause = $1 AND a.cleared_at IS NULL", f"{AlarmKind.EMERGENCY.value}:{unit_id}"
    )


async def insert_alarm(connection: Connection, values: Mapping[str, Any]) -> Record | None:
    """Insert an alarm and return it, or None when the same cause has one already."""
    inserted = await connection.fetchval(
        "INSERT INTO alarms (id, kind, cause, incident_id, unit_id, territory_id, due_at, raised_at, raised_by, "
        "occurred_at, lon, lat, fix_at, accuracy_m) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
        "ON CONFLICT (cause) WHERE cleared_at IS NULL DO NOTHING RETURNING id",
        values["id"],
        values["kind"],
        values["cause"],
        values["incident_id"],
        values["unit_id"],
        values["territory_id"],
        values["due_at"],
        values["raised_at"],
        values["raised_by"],
        values["occurred_at"],
        values.get("lon"),
        values.get("lat"),
        values.get("fix_at"),
        values.get("accuracy_m"),
    )
    return None if inserted is None else await alarm(connection, inserted)


async def escalate(connection: Connection, row: Record, at: datetime, to_territory_id: int) -> Record | None:
    """Note that an alarm went up, unless somebody acknowledged it or it ended at this moment; return it."""
    done = await connection.fetchval(
        "UPDATE alarms SET level = 'escalated', escalated_at = $2, escalated_to = $3 "
        "WHERE id = $1 AND cleared_at IS NULL AND escalated_at IS NOT DISTINCT FROM $4 "
        "AND (SELECT count(*) FROM acknowledgements k WHERE k.alarm_id = $1 AND k.press = alarms.presses) = $5 RETURNING id",
        row["id"],
        at,
        to_territory_id,
        row["escalated_at"],
        len(row["by_ids"]),
    )
    return None if done is None else await alarm(connection, row["id"])


async def supervised(connection: Connection) -> set[int]:
    """Return the territories that somebody supervises."""
    rows = await connection.fetch("SELECT DISTINCT territory_id FROM grants WHERE role = $1", Role.SUPERVISOR.value)
    return {row["territory_id"] for row in rows}


async def noticed_from(connection: Connection, alarm_ids: Iterable[UUID]) -> dict[UUID, set[int]]:
    """Return for each alarm the territories that those who have acknowledged its newest press supervise."""
    rows = await connection.fetch(
        "SELECT k.alarm_id, g.territory_id FROM acknowledgements k JOIN alarms a ON a.id = k.alarm_id AND a.presses = k.press "
        "JOIN grants g ON g.account_id = k.account_id AND g.role = $2 WHERE k.alarm_id = ANY($1::uuid[])",
        list(alarm_ids),
        Role.SUPERVISOR.value,
    )
    found: dict[UUID, set[int]] = {}
    for row in rows:
        found.setdefault(row["alarm_id"], set()).add(row["territory_id"])
    return found


async def move(connection: Connection, alarm_id: UUID, territory_id: int) -> Record | None:
    """Let an alarm follow its incident to another territory, unless it ended at this moment; return it."""
    done = await connection.fetchval(
        "UPDATE alarms SET territory_id = $2 WHERE id = $1 AND cleared_at IS NULL RETURNING id", alarm_id, territory_id
    )
    return None if done is None else await alarm(connection, alarm_id)


async def clear(connection: Connection, alarm_id: UUID, at: datetime, by: UUID, reason: str) -> bool:
    """End an alarm; return whether it had not ended before."""
    done = await connection.fetchval(
        "UPDATE alarms SET cleared_at = $2, cleared_by = $3, clear_reason = $4 "
        "WHERE id = $1 AND cleared_at IS NULL RETURNING id",
        alarm_id,
        at,
        by,
        reason,
    )
    return done is not None


async def press_again(connection: Connection, alarm_id: UUID, values: Mapping[str, Any]) -> Record | None:
    """Write the newest press of an emergency and its place; who acknowledged those before has not noticed a new one."""
    await connection.execute(
        "UPDATE alarms SET presses = presses + $2, occurred_at = $3, incident_id = $4, lon = $5, lat = $6, fix_at = $7, "
        "accuracy_m = $8 WHERE id = $1 AND cleared_at IS NULL",
        alarm_id,
        values["further"],
        values["occurred_at"],
        values["incident_id"],
        values["lon"],
        values["lat"],
        values["fix_at"],
        values["accuracy_m"],
    )
    return await alarm(connection, alarm_id)


async def acknowledge(connection: Connection, alarm_id: UUID, account_id: UUID, at: datetime, press: int) -> bool:
    """Note that a person has noticed a press of an alarm; return whether they had not before."""
    done = await connection.fetchval(
        "INSERT INTO acknowledgements (alarm_id, account_id, at, press) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING RETURNING alarm_id",
        alarm_id,
        account_id,
        at,
        press,
    )
    return done is not None


async def last_fix(connection: Connection, unit_id: UUID, now: datetime) -> Record | None:
    """Return the last position of a unit within the past day."""
    return await connection.fetchrow(
        "SELECT lon, lat, fix_at, accuracy_m FROM unit_positions "
        "WHERE unit_id = $1 AND fix_at > $2::timestamptz - interval '1 day' ORDER BY fix_at DESC LIMIT 1",
        unit_id,
        now,
    )


async def was_sent_by(connection: Connection, incident_id: UUID, unit_id: UUID, at: datetime) -> bool:
    """Return whether the current sending of a unit to an incident had begun at a time."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM assignments WHERE incident_id = $1 AND unit_id = $2 AND is_current "
            "AND coalesce(assigned_at, '-infinity') <= $3)",
            incident_id,
            unit_id,
            at,
        )
    )


async def set_word(connection: Connection, unit_id: UUID, at: datetime) -> Record | None:
    """Note when a unit was last heard of and return its row. Its version stays: nobody's command is in the way."""
    return await connection.fetchrow(
        "UPDATE units SET last_word_at = greatest(last_word_at, $2) WHERE id = $1 RETURNING *", unit_id, at
    )


async def names(connection: Connection, account_ids: Iterable[UUID]) -> dict[str, str]:
    """Return the display names of accounts by id, for those who share the desk with them."""
    rows = await connection.fetch(
        "SELECT id, display_name FROM accounts WHERE id = ANY($1::uuid[])", list(set(account_ids))
    )
    return {str(row["id"]): row["display_name"] for row in rows}


def alarm_view(row: Row) -> JSON:
    """Return the picture of one alarm: ids, codes, times and coordinates; no name."""
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "level": row["level"],
        "incident_id": str(row["incident_id"]) if row["incident_id"] is not None and row["is_named"] else None,
        "number": row["number"] if row["is_named"] else None,
        "unit_id": None if row["unit_id"] is None else str(row["unit_id"]),
        "call_sign": row["call_sign"],
        "territory_id": row["territory_id"],
        "due_at": None if row["due_at"] is None else iso(row["due_at"]),
        "occurred_at": iso(row["occurred_at"]),
        "presses": row["presses"],
        "raised_at": iso(row["raised_at"]),
        "raised_by": str(row["raised_by"]),
        "escalated_to": row["escalated_to"],
        "place": None if row["lon"] is None else {"lon": row["lon"], "lat": row["lat"]},
        "fix_at": None if row["fix_at"] is None else iso(row["fix_at"]),
        "accuracy_m": row["accuracy_m"],
        "acknowledged": {str(id_): iso(at) for id_, at in zip(row["by_ids"], row["by_times"], strict=True)},
    }
