"""What the synthetic traffic reads of the centre: its units, the incidents it left open, and what people changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import Stage, UnitStatus
from markaz.core.db.pool import Connection
from markaz.demo.calls import CALLS, Call, pick, seeded
from markaz.demo.ground import Ground, Place
from markaz.demo.simulation import Shift, UnitStart
from markaz.kit.geometry import Point
from markaz.kit.ids import plain_id

# Oldest first; what is open beyond this was not left by one run of the traffic.
MOST_LEFT_OPEN = 2_000
_OFF = frozenset({UnitStatus.OFF_DUTY, UnitStatus.OUT_OF_SERVICE})

_UNITS = """
SELECT u.id, u.kind, u.territory_id, u.status, p.lon, p.lat
FROM units u
LEFT JOIN LATERAL (
    SELECT lon, lat FROM unit_positions WHERE unit_id = u.id AND fix_at > $1 ORDER BY fix_at DESC LIMIT 1
) p ON true
WHERE u.source IS NULL
ORDER BY u.id
"""
_LEFT_OPEN = """
SELECT i.id, i.version, i.category, i.priority, i.channel, i.territory_id, i.lon, i.lat, a.unit_id, a.assigned_at,
       a.en_route_at, a.on_scene_at, a.transporting_at, a.at_hospital_at, a.cleared_at
FROM (
    SELECT * FROM incidents WHERE status = 'open' AND opened_by = $1 ORDER BY received_at, id LIMIT $2
) i
LEFT JOIN assignments a ON a.incident_id = i.id AND a.is_current
ORDER BY i.received_at, i.id, a.assigned_at
"""
_STATES = """
SELECT u.id, u.status, u.incident_id, i.lon, i.lat
FROM units u LEFT JOIN incidents i ON i.id = u.incident_id
"""


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """An incident of synthetic officers that is still open, and the units still working for it."""

    id: UUID
    version: int
    category: str
    priority: str
    channel: str
    territory_id: int
    place: Point | None
    working: tuple[tuple[UUID, Stage], ...]
    is_done: bool


@dataclass(frozen=True, slots=True)
class UnitState:
    """What a unit does now, and the place of its incident."""

    unit_id: UUID
    status: UnitStatus
    incident_id: UUID | None
    goal: Point | None


async def units(connection: Connection, ground: Ground, since: datetime) -> list[UnitStart]:
    """Return the demo's units where they were last seen since then, else somewhere in their territory.

    Units that an import brought stay out.
    """
    found = []
    for row in await connection.fetch(_UNITS, since):
        seen = ground.locate(Point(row["lon"], row["lat"])) if row["lon"] is not None else None
        place = seen or _somewhere(ground, row["territory_id"])
        status = UnitStatus(row["status"])
        shift = Shift.OFF if status in _OFF else Shift.FREE if status is UnitStatus.AVAILABLE else Shift.HELD
        if place is not None:
            found.append(UnitStart(_plain(row["id"]), row["kind"], place, shift))
    return found


async def left_open(connection: Connection, actor_id: UUID) -> list[LeftOpen]:
    """Return the open incidents that the traffic's account opened, oldest first."""
    rows = await connection.fetch(_LEFT_OPEN, actor_id, MOST_LEFT_OPEN)
    together: dict[UUID, list[Any]] = {}
    for row in rows:
        together.setdefault(_plain(row["id"]), []).append(row)
    return [_left_open(id_, group) for id_, group in together.items()]


def call_of(incident: LeftOpen, ground: Ground, seed: int) -> Call:
    """Return an open incident as a call of the world. Where its place is unknown, the units look somewhere near."""
    place = ground.locate(incident.place) if incident.place is not None else None
    place = place or _somewhere(ground, incident.territory_id) or Place(0, ground.middles[0])
    outcomes = CALLS[incident.category][2] if incident.category in CALLS else (("resolved", 1.0),)
    outcome = pick(seeded(f"outcome {incident.id}", seed), outcomes)
    return Call(incident.category, incident.priority, incident.channel, outcome, place)


async def changed_by_people(connection: Connection, actor_id: UUID, since: datetime) -> list[UnitState]:
    """Return the units that somebody else than the traffic changed since then."""
    rows = await connection.fetch(_STATES + "WHERE u.updated_at >= $1 AND u.updated_by <> $2", since, actor_id)
    return [_state(row) for row in rows]


async def database_time(connection: Connection) -> datetime:
    """Return the database's time at the start of this transaction."""
    at: datetime = await connection.fetchval("SELECT now()")
    return at


async def states_of(connection: Connection, unit_ids: Sequence[UUID]) -> list[UnitState]:
    """Return what these units do now."""
    return [_state(row) for row in await connection.fetch(_STATES + "WHERE u.id = ANY($1::uuid[])", unit_ids)]


async def is_open(connection: Connection, incident_id: UUID) -> bool:
    """Say whether an incident is still open."""
    status = await connection.fetchval("SELECT status FROM incidents WHERE id = $1", incident_id)
    return bool(status == "open")


async def version_of(connection: Connection, incident_id: UUID) -> int:
    """Return the version of an incident; 0 when it is gone."""
    return int(await connection.fetchval("SELECT version FROM incidents WHERE id = $1", incident_id) or 0)


def _left_open(id_: UUID, rows: Sequence[Any]) -> LeftOpen:
    first = rows[0]
    assigned = [row for row in rows if row["unit_id"] is not None]
    working = tuple((_plain(row["unit_id"]), _stage(row)) for row in assigned if row["cleared_at"] is None)
    return LeftOpen(
        id=id_,
        version=first["version"],
        category=first["category"],
        priority=first["priority"],
        channel=first["channel"],
        territory_id=first["territory_id"],
        place=Point(first["lon"], first["lat"]) if first["lon"] is not None else None,
        working=working,
        is_done=bool(assigned) and not working,
    )


def _stage(row: Any) -> Stage:
    reached: Iterable[Stage] = (stage for stage in Stage if row[f"{stage.value}_at"] is not None)
    return max(reached, key=tuple(Stage).index, default=Stage.ASSIGNED)


def _state(row: Any) -> UnitState:
    incident_id = _plain(row["incident_id"]) if row["incident_id"] is not None else None
    goal = Point(row["lon"], row["lat"]) if row["lon"] is not None else None
    return UnitState(_plain(row["id"]), UnitStatus(row["status"]), incident_id, goal)


def _somewhere(ground: Ground, territory_id: int) -> Place | None:
    cells = ground.cells_in(territory_id)
    return ground.point_in(cells[0], seeded("somewhere", territory_id)) if cells else None


def _plain(id_: Any) -> UUID:
    return plain_id(id_)
