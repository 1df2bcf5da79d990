"""snapshot: how soon a console shows a country's first picture.

2,000 open incidents, half of them with a unit, and 10,000 units with positions, in a synthetic country of 9,231
territories; an officer of the whole country opens the console. `snapshot.first_picture` is from the navigation to the
queue on the screen (two painted frames after its first row), in headless Chromium with software graphics and an empty
cache; `_server_ms` is one GET of the snapshot over loopback to its last byte, `_bytes` its size, `_gzip_bytes` its size
compressed. Only reported: there is no yardstick for a picture.
"""

import asyncio
import gzip
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import asyncpg
import uvloop

from bench.client import Client
from bench.cluster import BenchDatabase, bench_cluster
from bench.desk import Officer, make_desk
from bench.figures import Figure, alone
from bench.server import Server, serving
from bench.settings import RUNS, Scale, say
from markaz.core.settings import DemoScale
from markaz.demo.calls import draw_call, seeded
from markaz.demo.plan import SEED, Plan
from markaz.kit.ids import uuid7
from markaz.web.app import STATIC
from markaz.web.guard import SESSION_COOKIE

INCIDENTS = {Scale.SMALL: 200, Scale.FULL: 2_000}
UNITS = {Scale.SMALL: 1_000, Scale.FULL: 10_000}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking")
SHOWN_MS = 120_000
# Notes when the first row of the queue has been painted: one frame draws it, the next one proves that it was drawn.
NOTE_FIRST_PICTURE = """
(() => {
  const look = () => {
    if (document.querySelector("[aria-posinset]") === null) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame(() => { window.markazFirstPicture_ms = performance.now(); }));
  };
  requestAnimationFrame(look);
})();
"""


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures; those of the browser only where there is one, and a built console."""
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        say("snapshot: making a country")
        database = cluster.empty()
        plan, (officer,) = runner.run(make_desk(database.access.app_dsn, 1, DemoScale.COUNTRY))
        runner.run(fill(database, plan, INCIDENTS[scale], UNITS[scale]))
        with serving(database, cluster.home / "centre") as server:
            yield from _served(runner, server, officer)
            reason = missing()
            if reason is not None:
                say(f"snapshot: skipped the browser: {reason}")
                return
            shown = []
            for number in range(RUNS + 1):
                say(f"snapshot: browser {number} of {RUNS}" if number else "snapshot: browser, warming up")
                shown.append(asyncio.run(_first_picture_ms(server, officer)))
            yield alone("snapshot.first_picture", "ms", shown[1:])


def _served(runner: asyncio.Runner, server: Server, officer: Officer) -> Iterator[Figure]:
    bodies, elapsed_ms = runner.run(_get(server, officer))
    yield alone("snapshot.first_picture_bytes", "bytes", [len(body) for body in bodies])
    yield alone("snapshot.first_picture_gzip_bytes", "bytes", [len(gzip.compress(body, 6)) for body in bodies])
    yield alone("snapshot.first_picture_server_ms", "ms", elapsed_ms)


async def _get(server: Server, officer: Officer) -> tuple[list[bytes], list[float]]:
    client = await Client.connect(server.host, server.port, officer.headers)
    bodies, elapsed_ms = [], []
    for number in range(RUNS + 1):
        began = time.perf_counter()
        body = await client.get("/api/snapshot")
        if number:
            bodies.append(body)
            elapsed_ms.append((time.perf_counter() - began) * 1000)
    await client.close()
    return bodies, elapsed_ms


async def _first_picture_ms(server: Server, officer: Officer) -> float:
    """Open the console in a fresh profile and return when the queue was on the screen, in ms from the navigation."""
    from playwright.async_api import async_playwright

    address = f"http://{server.host}:{server.port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = await browser.new_context(viewport={"width": 1366, "height": 768})
        await context.add_cookies([{"name": SESSION_COOKIE, "value": officer.token, "url": address}])
        await context.add_init_script(NOTE_FIRST_PICTURE)
        page = await context.new_page()
        await page.goto(f"{address}/desk")
        shown = await page.wait_for_function("() => window.markazFirstPicture_ms", timeout=SHOWN_MS)
        first_ms = float(cast(float, await shown.json_value()))
        await browser.close()
    return first_ms


def missing() -> str | None:
    """Say what a browser's figures lack here, None when nothing."""
    if chromium() is None:
        return "there is no Chromium (`make browser` installs one)"
    if not (STATIC / "index.html").exists():
        return "the console is not built (`make console`)"
    return None


def chromium() -> str | None:
    """Return where the browser is."""
    chosen = os.environ.get("MARKAZ_TEST_CHROMIUM")
    return chosen or next(filter(None, map(shutil.which, CHROMIUM)), None)


async def fill(database: BenchDatabase, plan: Plan, incidents: int, units: int) -> None:
    """Write open incidents, half of them with a unit, and units with positions."""
    connection = await asyncpg.connect(database.access.owner_dsn)
    now = datetime.now(UTC)
    by = await connection.fetchval("SELECT id FROM accounts LIMIT 1")
    chosen = plan.units[:units]
    async with connection.transaction():
        await _copy(
            connection,
            "units",
            ("id", "call_sign", "kind", "territory_id", "status", "since", "updated_by"),
            [(unit.id, unit.call_sign, unit.kind, unit.territory_id, "available", now, by) for unit in chosen],
        )
        await _copy(
            connection,
            "unit_positions",
            ("unit_id", "fix_at", "received_at", "lon", "lat", "accuracy_m"),
            [
                (unit.id, now - timedelta(seconds=number % 60), now, *_lon_lat(unit.place.point), 8.0)
                for number, unit in enumerate(chosen)
            ],
        )
        await _open_incidents(connection, plan, incidents, by, now)
    await connection.close()


INCIDENT_COLUMNS = (
    *("id", "number", "status", "category", "priority", "initial_priority", "channel", "territory_id", "lon", "lat"),
    *("received_at", "opened_by", "updated_by"),
)


async def _open_incidents(connection: Any, plan: Plan, count: int, by: Any, now: datetime) -> None:
    random = seeded("bench", SEED)
    rows, sent = [], []
    for number in range(count):
        call, id_ = draw_call(plan.ground, random), uuid7()
        received = now - timedelta(seconds=2 * number)
        territory_id = plan.ground.territory_ids[call.place.cell]
        what = (call.category, call.priority, call.priority, call.channel)
        rows.append((id_, str(number), "open", *what, territory_id, *_lon_lat(call.place.point), received, by, by))
        if number % 2:
            sent.append((id_, plan.units[number].id, 1, received, received + timedelta(seconds=30)))
    await _copy(
        connection,
        "incidents",
        INCIDENT_COLUMNS,
        rows,
    )
    await _copy(connection, "assignments", ("incident_id", "unit_id", "ordinal", "assigned_at", "en_route_at"), sent)
    await connection.execute(
        "UPDATE units u SET status = 'en_route', incident_id = a.incident_id FROM assignments a WHERE a.unit_id = u.id"
    )


async def _copy(connection: Any, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> None:
    await connection.copy_records_to_table(table, columns=columns, records=records)


def _lon_lat(point: Any) -> tuple[float, float]:
    return point.lon_deg, point.lat_deg
