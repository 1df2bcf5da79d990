"""All SQL of the list of tasks. It decides nothing and commits nothing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection

SHOWN_MOST = 200

# A correction is named by the incident as the request of the person found it; the desk itself holds no right to requests.
_TASK = """
SELECT t.id, t.kind, t.record_kind, t.record_id, t.territory_id, t.opened_at, t.due_at, t.escalated_at, t.closed_at,
       t.version, t.owner_id, (SELECT o.display_name FROM accounts o WHERE o.id = t.owner_id) AS owner, c.request_id, r.number AS request_number, r.sealed_id AS request_sealed_id,
       CASE t.record_kind
           WHEN 'account' THEN (SELECT a.display_name FROM accounts a WHERE a.id = t.record_id)
           WHEN 'broken_glass' THEN (SELECT g.reference FROM broken_glass g WHERE g.id = t.record_id)
           WHEN 'misuse_rate' THEN (SELECT d.quarter FROM rate_duties d WHERE d.task_id = t.id)
           WHEN 'right_request' THEN (SELECT q.number FROM right_requests q WHERE q.id = t.record_id)
           WHEN 'incident' THEN (SELECT x.incident_number FROM right_records x
                                 WHERE x.request_id = c.request_id AND x.incident_id = t.record_id LIMIT 1)
       END AS reference,
       CASE t.record_kind WHEN 'account' THEN (SELECT coalesce(array_agg(g.role || '@' || g.territory_id ORDER BY 1), '{}')
                                               FROM grants g WHERE g.account_id = t.record_id) ELSE '{}' END AS roles
FROM tasks t LEFT JOIN right_corrections c ON c.task_id = t.id LEFT JOIN right_requests r ON r.id = c.request_id
"""


async def waiting(connection: Connection, kinds: Sequence[str], territories: Sequence[int]) -> list[Any]:
    """Return open tasks of these kinds in these territories, those first that are due first."""
    return await connection.fetch(
        _TASK + "WHERE t.closed_at IS NULL AND t.kind = ANY($1::text[]) AND t.territory_id = ANY($2::int[]) "
        "ORDER BY t.due_at, t.id LIMIT $3",
        list(kinds),
        list(territories),
        SHOWN_MOST,
    )


async def task(connection: Connection, task_id: UUID, kind: str) -> Any | None:
    """Return one task of that kind, open or closed."""
    return await connection.fetchrow(_TASK + "WHERE t.id = $1 AND t.kind = $2", task_id, kind)
