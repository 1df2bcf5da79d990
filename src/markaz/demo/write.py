"""Writes the plan of the demo: each function is one step, does nothing when it was done before, and can be repeated.

Rows in their thousands go by COPY; what officers do goes through the duty desk like any other command.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import orjson

from markaz.contracts.incidents import IncidentEvent, Stage, UnitStatus
from markaz.core import events
from markaz.core.acts import Request
from markaz.core.db.pool import Connection, Database
from markaz.core.permissions import Actor, Role
from markaz.core.territories import ROOT_ID, Level, store
from markaz.core.territories.importing import Counts, imported_event
from markaz.core.territories.terrain_store import put_terrain
from markaz.demo.calls import seeded
from markaz.demo.logins import TRAFFIC, create_logins
from markaz.demo.opening import OpenIncidentPlan, Opening
from markaz.demo.plan import VALID_FROM, Plan, PlannedUnit, terrain_of
from markaz.kit.ids import plain_id
from markaz.programmes.incidents import commands
from markaz.programmes.incidents.picture import unit_view
from markaz.programmes.incidents.service import Desk

UNITS_AT_ONCE = 500  # keeps the event counter for some 20 ms
NO_SHIFT = frozenset({UnitStatus.OFF_DUTY, UnitStatus.OUT_OF_SERVICE})  # no position exists without a shift
SOURCE = "demo"
CREW_OF = {"patrol_foot": 2, "neighbourhood_post": 1, "probation": 1, "women_inspector": 1, "investigation": 4}
SKILLS = (("armed", 0.5), ("medical_aid", 0.3), ("woman_officer", 0.2), ("crash_report", 0.15), ("dog", 0.05))
CREWED_KIND = "patrol_car"
ON_DUTY = ("unit1", "unit2")  # of demo.logins; the third is free to log on

_LOG_ON = """
INSERT INTO unit_logons (unit_id, crew_size, skills, vehicle, logged_on_at, logged_on_by)
SELECT id, crew_size, skills, call_sign, since, updated_by FROM units
WHERE id = ANY($1::uuid[]) AND status <> 'off_duty'
"""
_JOIN_CREW = """
INSERT INTO unit_crews (logon_id, account_id)
SELECT l.id, a.id FROM unit_logons l, accounts a WHERE l.unit_id = $1 AND l.logged_off_at IS NULL AND a.login = $2
ON CONFLICT DO NOTHING
"""

# A number that no network gives out; the name says what it is.
CALLER_NAME = "Sinov Murojaatchi"
CALLER_PHONE = "+998 00 000 {:02d} {:02d}"
ADDRESS = "Namuna koʻchasi, {}-uy"


async def write_territories(database: Database, plan: Plan, at: datetime) -> None:
    """Insert the whole hierarchy with its boundaries and one event for each level."""
    async with database.transaction() as connection:
        await store.ensure_root(connection)
        if await connection.fetchval("SELECT EXISTS (SELECT 1 FROM territories WHERE parent_id IS NOT NULL)"):
            return
        names = orjson.dumps(plan.territories[0].names).decode()
        await connection.execute("UPDATE territories SET names = $2::text::jsonb WHERE id = $1", ROOT_ID, names)
        await store.insert_territories(connection, plan.territories[1:])
        await store.put_boundaries(connection, list(plan.boundaries.items()))
        await put_terrain(connection, terrain_of(plan).items())
        counts = {level: sum(1 for t in plan.territories if t.level is level) for level in Level}
        await events.append(
            connection,
            [
                imported_event(level, VALID_FROM, Counts(counts[level]), ROOT_ID, events.SYSTEM_ACTOR_ID, at)
                for level in (Level.REGION, Level.DISTRICT, Level.NEIGHBOURHOOD)
            ],
        )


async def write_accounts(database: Database, plan: Plan, at: datetime) -> None:
    """Insert the log-ins, the services and the inspectors, who have no password and cannot sign in."""
    async with database.transaction() as connection:
        if await connection.fetchval("SELECT EXISTS (SELECT 1 FROM accounts WHERE login = $1)", TRAFFIC):
            return
        created = await create_logins(connection, plan, at)
        await connection.copy_records_to_table(
            "accounts",
            columns=["id", "login", "display_name", "kind"],
            records=[(one.id, one.login, one.display_name, "person") for one in plan.inspectors],
        )
        await connection.copy_records_to_table(
            "grants",
            columns=["account_id", "role", "territory_id"],
            records=[(one.id, Role.UNIT_DEVICE.value, one.territory_id) for one in plan.inspectors],
        )
        await events.append(connection, created)


async def write_units(database: Database, plan: Plan, actor_id: UUID, at: datetime) -> None:
    """Insert the units, some hundreds at a time, each with its event."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT id FROM units")
    there = {plain_id(row["id"]) for row in rows}
    missing = (unit for unit in plan.units if unit.id not in there)
    while batch := list(islice(missing, UNITS_AT_ONCE)):
        async with database.transaction() as connection:
            await _write_units(connection, batch, actor_id, at)


async def _write_units(connection: Connection, units: Sequence[PlannedUnit], actor_id: UUID, at: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": unit.id,
            "call_sign": unit.call_sign,
            "kind": unit.kind,
            "territory_id": unit.territory_id,
            "status": unit.status.value,
            "since": at,
            "incident_id": None,
            "version": 1,
            "updated_by": actor_id,
            "crew_size": 0 if unit.status is UnitStatus.OFF_DUTY else CREW_OF.get(unit.kind, 2),
            "skills": [] if unit.status is UnitStatus.OFF_DUTY else _skills(unit),
        }
        for unit in units
    ]
    await connection.copy_records_to_table(
        "units", columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
    )
    await connection.execute(_LOG_ON, [row["id"] for row in rows])
    await events.append(
        connection,
        [
            events.Event(
                type=IncidentEvent.UNIT_REGISTERED,
                aggregate_id=row["id"],
                territory_id=row["territory_id"],
                actor_id=actor_id,
                occurred_at=at,
                occurred_source=SOURCE,
                payload={"view": unit_view(row)},
            )
            for row in rows
        ],
    )


def _skills(unit: PlannedUnit) -> list[str]:
    random = seeded(f"skills {unit.id}", 1)
    return sorted(skill for skill, share in SKILLS if random.random() < share)


async def write_crews(connection: Connection, plan: Plan, opening: Opening) -> None:
    """Put the officers who can sign in on units of their region that are free, one on each; the first of them only."""
    sent = {one.sending.unit.id for one in opening.incidents if one.sending is not None}
    region = plan.tree.subtree(plan.first_region)
    free = (
        unit.id
        for unit in plan.units
        if unit.kind == CREWED_KIND and unit.status is UnitStatus.AVAILABLE
        if unit.id not in sent and unit.territory_id in region
    )
    for login, unit_id in zip(ON_DUTY, free, strict=False):
        await connection.execute(_JOIN_CREW, unit_id, login)


async def open_incidents(desk: Desk, plan: Plan, opening: Opening, actor: Actor, opened_at: datetime) -> None:
    """Tell the desk what happened before the doors opened. The keys make a second telling change nothing."""
    for incident in opening.incidents:
        await _tell(desk, plan, incident, actor, opened_at)


async def _tell(desk: Desk, plan: Plan, incident: OpenIncidentPlan, actor: Actor, opened_at: datetime) -> None:
    steps = _requests(actor, incident.number)
    answer = await desk.open_incident(next(steps), _open_command(plan, incident, opened_at))
    incident_id, version = UUID(answer.body["id"]), int(answer.body["version"])
    if incident.sending is None:
        return
    unit_id = incident.sending.unit.id
    for stage, ago_s in incident.sending.stages:
        at = opened_at - timedelta(seconds=ago_s)
        if stage is Stage.ASSIGNED:
            assign = commands.AssignUnit(unit_id, version, occurred_at=at)
            answer = await desk.assign_unit(next(steps), incident_id, assign)
        else:
            reached = commands.ReportStage(unit_id, stage, version, occurred_at=at)
            answer = await desk.report_stage(next(steps), incident_id, reached)
        version = int(answer.body["version"])


def _requests(actor: Actor, number: int) -> Iterator[Request]:
    """Yield one request for each step of an incident, each under a key of its own."""
    step = 0
    while True:
        step += 1
        key = f"demo {number} {step}"
        yield Request(actor, key, idempotency_key=key, body_hash=b"demo")


def _open_command(plan: Plan, incident: OpenIncidentPlan, opened_at: datetime) -> commands.OpenIncident:
    number = incident.number
    return commands.OpenIncident(
        category=incident.call.category,
        priority=incident.call.priority,
        channel=incident.call.channel,
        place=incident.place,
        territory_id=plan.ground.territory_ids[incident.call.place.cell],
        occurred_at=opened_at - timedelta(seconds=incident.age_s),
        caller_name=f"{CALLER_NAME} {number}" if incident.has_caller else None,
        caller_phone=CALLER_PHONE.format(number // 100, number % 100) if incident.has_caller else None,
        address=ADDRESS.format(number) if incident.has_caller and incident.place is not None else None,
    )


async def write_positions(connection: Connection, plan: Plan, opening: Opening, opened_at: datetime) -> None:
    """Insert the last position of every unit on a shift; silent ones fell silent some time ago."""
    # Where the clock is not the database's own, as in tests, the rows lie in the default partition instead.
    await connection.execute("SELECT ensure_position_partition(current_date)")
    random = seeded("positions", plan.seed)
    rows = []
    for unit in plan.units:
        if unit.status in NO_SHIFT:
            continue
        point = opening.moved.get(unit.id, unit.place).point
        age_s = random.uniform(240, 2_400) if unit.is_silent else random.uniform(0, 25)
        fix_at = opened_at - timedelta(seconds=age_s)
        rows.append((unit.id, fix_at, fix_at, point.lon_deg, point.lat_deg, random.choice((5.0, 8.0, 12.0))))
    await connection.copy_records_to_table(
        "unit_positions", columns=["unit_id", "fix_at", "received_at", "lon", "lat", "accuracy_m"], records=rows
    )
