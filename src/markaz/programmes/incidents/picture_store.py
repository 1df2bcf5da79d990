"""All SQL of what the picture shows of incidents: the incident, its units at work, and what its parties bind the desk to.

For many incidents at once it asks three times, however many they are. It decides nothing and commits nothing.
"""

from collections.abc import Sequence
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.programmes.incidents.picture import JSON, assignment_view, incident_view
from markaz.programmes.incidents.store import ASSIGNMENT, INCIDENT, Record, assignment_of, plain


async def views_of(connection: Connection, rows: Sequence[Record]) -> dict[UUID, JSON]:
    """Return the full views of incidents by id, in the order of their rows."""
    ids = [row["id"] for row in rows]
    units, rules = await _unit_views(connection, ids), await _party_rules(connection, ids)
    return {row["id"]: incident_view(plain(row), units.get(row["id"], {}), rules.get(row["id"], ())) for row in rows}


async def view_of(connection: Connection, row: Record) -> JSON:
    """Return the full view of one incident."""
    return (await views_of(connection, [row]))[row["id"]]


async def open_incidents(connection: Connection, territory_ids: Sequence[int]) -> list[JSON]:
    """Return the views of all open incidents in these territories."""
    rows = await connection.fetch(
        INCIDENT + "WHERE status = 'open' AND territory_id = ANY($1::int[]) ORDER BY received_at, id",
        territory_ids,
    )
    return list((await views_of(connection, rows)).values())


async def _unit_views(connection: Connection, incident_ids: Sequence[UUID]) -> dict[UUID, dict[str, JSON]]:
    """Return the current assignments of many incidents as views, by incident and unit."""
    rows = await connection.fetch(
        ASSIGNMENT + " FROM assignments a JOIN units u ON u.id = a.unit_id "
        "WHERE a.incident_id = ANY($1::uuid[]) AND a.is_current",
        incident_ids,
    )
    views: dict[UUID, dict[str, JSON]] = {}
    for row in rows:
        value = assignment_of(row)
        view = assignment_view(row["call_sign"], value.ordinal, value.stages.items())
        views.setdefault(row["incident_id"], {})[str(row["unit_id"])] = view
    return views


async def _party_rules(connection: Connection, incident_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return how parties of many incidents must not be reached: codes by incident, of no party by name or number."""
    rows = await connection.fetch(
        "SELECT p.incident_id, array_agg(DISTINCT rule) AS rules FROM parties p, unnest(p.safe_contact) AS rule "
        "WHERE p.incident_id = ANY($1::uuid[]) GROUP BY p.incident_id",
        incident_ids,
    )
    return {row["incident_id"]: row["rules"] for row in rows}
