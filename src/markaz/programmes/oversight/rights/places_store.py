"""The SQL of where the records of an answered request stood, and so of whom a delay concerned. It decides nothing and commits nothing."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from markaz.contracts.rights import Stay
from markaz.core.db.pool import Connection
from markaz.kit.ids import plain_id
from markaz.programmes.oversight.rights import store


async def insert_places(connection: Connection, request_id: UUID, stays: Iterable[Stay]) -> None:
    """Keep which incidents held the records of a request when, as it was answered."""
    await connection.executemany(
        "INSERT INTO right_places (request_id, incident_id, incident_number, received_at, since, until) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        [(request_id, one.incident_id, one.number, one.received_at, one.since, one.until) for one in stays],
    )


async def places(connection: Connection, request_id: UUID) -> list[Stay]:
    """Return what `insert_places` kept of an answered request."""
    rows = await connection.fetch(
        "SELECT incident_id, incident_number, received_at, since, until FROM right_places WHERE request_id = $1",
        request_id,
    )
    return [
        Stay(plain_id(row["incident_id"]), row["incident_number"], row["received_at"], row["since"], row["until"])
        for row in rows
    ]


async def to_tell(connection: Connection, territories: Sequence[int]) -> list[store.Record]:
    """Return the open tasks of ended delays, and the numbers of the answered requests that they concern."""
    return await connection.fetch(
        "SELECT t.id AS task_id, t.version AS task_version, t.record_id AS delay_id, t.territory_id, t.due_at, "
        "(SELECT coalesce(array_agg(DISTINCT r.number), '{}') FROM delayed_looks l "
        "JOIN audit_entries e ON e.id = l.entry_id JOIN right_places x ON x.incident_id = ANY(e.record_id || "
        "ARRAY(SELECT told::uuid FROM jsonb_array_elements_text(e.details -> 'incidents') AS told)) "
        "AND (x.since IS NULL OR e.at >= x.since) "
        "AND (x.until IS NULL OR e.at <= x.until OR x.incident_id IS DISTINCT FROM e.record_id) "
        "JOIN right_requests r ON r.id = x.request_id AND r.kind = 'who_looked' AND r.answered_at IS NOT NULL "
        "WHERE l.delay_id = t.record_id) AS numbers FROM tasks t "
        "WHERE t.kind = 'right_delay_ended' AND t.closed_at IS NULL AND t.territory_id = ANY($1::int[]) "
        "ORDER BY t.due_at, t.id LIMIT $2",
        territories,
        store.DELAYS_MOST,
    )
