"""Figures of the duty desk: each is defined here once, in words and in SQL, and opens to the records behind it.

Definitions only; who may ask and where is decided by the caller, who hands in the territories.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markaz.core.db.pool import Connection

RESPONSE_DEFINITION = (
    "Response time: the first arrival on scene of a call minus when the call was received, in whole seconds, for calls "
    "with both (an arrival before its call counts as unknown). The first arrival is the one stated for the call, else the earliest of its units. By final priority; "
    "p50 and p90 are the smallest time that at least 50 % and 90 % of the calls do not exceed (discrete quantile: "
    "always a time that occurred)."
)

# percentile_disc takes the value of rank ceil(p * n), the same as quantile_disc of DuckDB: tests/golden compares them.
_RESPONSE = """
SELECT priority,
       count(*) AS calls,
       count(response_s) AS with_both,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY response_s) AS p50_s,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY response_s) AS p90_s
FROM (
    -- Before the call: one of the two times is wrong, and nobody knows which.
    SELECT i.priority, CASE WHEN coalesce(i.arrived_at, first.on_scene_at) >= i.received_at
               THEN floor(extract(epoch FROM coalesce(i.arrived_at, first.on_scene_at) - i.received_at))::bigint END
               AS response_s
    FROM incidents i
    LEFT JOIN LATERAL (
        SELECT min(a.on_scene_at) AS on_scene_at FROM assignments a WHERE a.incident_id = i.id
    ) first ON true
    WHERE ($1::text IS NULL OR i.source = $1)
      AND ($2::int[] IS NULL OR i.territory_id = ANY($2))
      AND ($3::timestamptz IS NULL OR i.received_at >= $3)
      AND ($4::timestamptz IS NULL OR i.received_at < $4)
) calls
GROUP BY priority
ORDER BY priority
"""


@dataclass(frozen=True, slots=True)
class ResponseFigure:
    """Response times of the calls of one priority; the quantiles are None where no call has both times."""

    priority: str
    calls: int
    with_both: int
    p50_s: int | None
    p90_s: int | None


async def response_times(
    connection: Connection,
    *,
    source: str | None = None,
    territory_ids: Sequence[int] | None = None,
    received_from: datetime | None = None,
    received_to: datetime | None = None,
) -> list[ResponseFigure]:
    """Return response times by priority, of calls received in [received_from, received_to).

    None leaves a filter out; `territory_ids` None means everywhere, so a caller with a scope must hand it in.
    """
    rows = await connection.fetch(_RESPONSE, source, territory_ids, received_from, received_to)
    return [ResponseFigure(row["priority"], row["calls"], row["with_both"], row["p50_s"], row["p90_s"]) for row in rows]
