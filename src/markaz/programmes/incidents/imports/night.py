"""A past night of this centre as calls to come in again: what happened where, by codes; never who called."""

from datetime import datetime

from markaz.core.db.pool import Connection
from markaz.kit.clock import iso
from markaz.programmes.incidents.imports.timetable import CALL_PATH, Command

SOURCE = "night"
MOST_CALLS = 50_000  # a night of a whole country is a third of that

_CALLS = """
SELECT id, number, category, priority, initial_priority, channel, lon, lat, received_at
FROM incidents WHERE received_at >= $1 AND received_at < $2 ORDER BY received_at, id LIMIT $3
"""


async def past_calls(connection: Connection, begin: datetime, end: datetime) -> tuple[list[Command], int]:
    """Return the calls received in [begin, end) as commands of the intake, and how many have no place and stay out."""
    rows = await connection.fetch(_CALLS, begin, end, MOST_CALLS)
    calls = [
        Command(
            at=row["received_at"],
            path=CALL_PATH,
            lanes=(str(row["id"]),),
            key=str(row["id"]),
            body={
                "source": SOURCE,
                "call_key": str(row["id"]),
                "number": row["number"],
                "category": row["category"],
                "priority": row["initial_priority"],
                "initial_priority": row["initial_priority"],
                "channel": row["channel"],
                "place": {"lon": row["lon"], "lat": row["lat"]},
                "received": {"at": iso(row["received_at"])},
            },
        )
        for row in rows
        if row["lon"] is not None
    ]
    return calls, len(rows) - len(calls)
