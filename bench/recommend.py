"""desk.recommend: putting 2,000 units in order for one incident, all of them considered, over the default travel port.

Ours is the whole read in the application: who is on duty from the database, positions from memory, travel times, reasons,
order, and the JSON bytes of the first 200 (`_all` of every one). Yardstick: the least that answers "who is near":
PostgreSQL's own great-circle distances over a table of last positions, sorted, as rows in Python.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import asyncpg
import orjson
import uvloop

from bench.cluster import BenchDatabase, bench_cluster
from bench.desk import Officer, make_desk
from bench.figures import Figure, alone, compared
from bench.settings import RUNS, Scale, say
from markaz.core.memory import keep_for_good
from markaz.core.permissions import Actor, Grant, Role
from markaz.core.settings import Settings
from markaz.core.territories import ROOT_ID
from markaz.kit.clock import SystemClock
from markaz.kit.geometry import Point
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.positions import Fix
from markaz.web.centre import open_centre

UNITS = 2_000
ASKED = {Scale.SMALL: 20, Scale.FULL: 200}  # in one run
SHOWN = 200
TARGET_P95_MS = 50.0
KINDS = ("patrol_car", "patrol_foot", "road_patrol", "neighbourhood_post", "women_inspector")
STATUSES = ("available", "available", "en_route", "on_scene", "busy")

_NEAREST = """
SELECT u.id, 2 * 6371008.8 * asin(sqrt(sin(radians(p.lat - $2) / 2) ^ 2
       + cos(radians($2)) * cos(radians(p.lat)) * sin(radians(p.lon - $1) / 2) ^ 2)) AS distance_m
FROM units u JOIN bench_last p ON p.unit_id = u.id WHERE u.status <> 'off_duty' ORDER BY 2
"""


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures."""
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        database = cluster.empty()
        _, (officer,) = runner.run(make_desk(database.access.app_dsn, 1))
        yield from runner.run(_measure(database, Settings(home=cluster.home / "centre"), officer, ASKED[scale]))


async def _measure(database: BenchDatabase, settings: Settings, officer: Officer, asked: int) -> list[Figure]:
    chance, now = Random(102), datetime.now(UTC)
    place = officer.place
    owner = await asyncpg.connect(database.access.owner_dsn)
    settings.home.mkdir(exist_ok=True)
    incident_id, fixes = await _fill(owner, chance, now, place)
    centre = await open_centre(settings, database.access.app_dsn, SystemClock())
    await centre.positions.load()
    actor = Actor(uuid7(), "bench", "Bench", False, (Grant(Role.DUTY_OFFICER, ROOT_ID),), 1)
    centre.positions.report(
        Actor(uuid7(), "device", "Device", True, (Grant(Role.UNIT_DEVICE, ROOT_ID),), 1), fixes, centre.tree, now
    )
    keep_for_good()  # as `markaz serve` does once it is up
    ours: dict[int, list[list[float]]] = {SHOWN: [], UNITS: []}
    yardstick: list[list[float]] = []
    cpu: list[float] = []  # of this process for one answer; it does not hang on what else the machine does
    for number in range(RUNS + 1):
        say(f"recommend: run {number} of {RUNS}" if number else "recommend: warming up")
        for limit, runs in ours.items():
            began = time.process_time()
            times = [await _ours(centre, actor, incident_id, limit) for _ in range(asked)]
            if number and limit == SHOWN:
                cpu.append((time.process_time() - began) / asked * 1e3)
            if number:
                runs.append(sorted(times))
        times = [await _yardstick(owner, place) for _ in range(asked)]
        if number:
            yardstick.append(sorted(times))
    await centre.recommending.close()
    await centre.database.close()
    await owner.close()
    return [
        *(compared(f"desk.recommend_p{p}", "ms", _at(ours[SHOWN], p), _at(yardstick, p)) for p in (50, 99)),
        alone("desk.recommend_p95", "ms", _at(ours[SHOWN], 95), target=TARGET_P95_MS),
        alone("desk.recommend_cpu", "ms CPU", cpu),
        alone("desk.recommend_all_p95", "ms", _at(ours[UNITS], 95), target=TARGET_P95_MS),
    ]


def _at(runs: list[list[float]], percent: int) -> list[float]:
    return [times[min(len(times) - 1, len(times) * percent // 100)] for times in runs]


async def _fill(
    owner: asyncpg.Connection, chance: Random, now: datetime, place: dict[str, float]
) -> tuple[UUID, list[Fix]]:
    """Write the units, one incident and, for the yardstick, a table of last positions."""
    territories = [r["id"] for r in await owner.fetch("SELECT id FROM territories WHERE level = 'neighbourhood'")]
    by, units, fixes = uuid7(), [], []
    for number in range(UNITS):
        unit_id, territory = uuid7(), chance.choice(territories)
        units.append((unit_id, f"R-{number}", chance.choice(KINDS), territory, chance.choice(STATUSES), now, by))
        point = Point(place["lon"] + chance.gauss(0, 0.3), place["lat"] + chance.gauss(0, 0.2))
        if number % 10:  # a tenth is of unknown position
            fixes.append(Fix(unit_id, point, now, now, 10.0))
    columns = ["id", "call_sign", "kind", "territory_id", "status", "since", "updated_by"]
    await owner.copy_records_to_table("units", records=units, columns=columns)
    await owner.execute("CREATE TABLE bench_last (unit_id uuid PRIMARY KEY, lon float8, lat float8)")
    last = [(fix.unit_id, fix.point.lon_deg, fix.point.lat_deg) for fix in fixes]
    await owner.copy_records_to_table("bench_last", records=last)
    await owner.execute("ANALYZE")
    incident_id = uuid7()
    await owner.execute(
        "INSERT INTO incidents (id, number, status, category, priority, initial_priority, channel, territory_id, lon, lat, "
        "received_at, opened_by, updated_by) VALUES ($1, '1', 'open', 'family_violence', '1', '1', 'phone', $2, $3, $4, $5, $6, $6)",
        incident_id,
        territories[0],
        place["lon"],
        place["lat"],
        now,
        by,
    )
    return incident_id, fixes


async def _ours(centre: object, actor: Actor, incident_id: UUID, limit: int) -> float:
    began = time.perf_counter()
    answer = await centre.recommending.recommend(actor, incident_id, limit)  # type: ignore[attr-defined]
    orjson.dumps(answer)
    spent = time.perf_counter() - began
    assert answer["of"] >= UNITS
    return spent * 1e3


async def _yardstick(owner: asyncpg.Connection, place: dict[str, float]) -> float:
    began = time.perf_counter()
    rows = await owner.fetch(_NEAREST, place["lon"], place["lat"])
    spent = time.perf_counter() - began
    assert len(rows) == UNITS * 9 // 10
    return spent * 1e3
