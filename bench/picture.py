"""picture: how soon a key press shows while a whole country's picture moves.

2,000 open incidents and 10,000 units with positions on one console in headless Chromium (software graphics), while 50
events a second arrive, half of units, half of incidents. The keys of the queue (J, K) are pressed at random moments;
`desk.picture` is the 95th percentile from the press to the first frame painted after it. Each run also keeps a trace of
the browser; `_script_share` and `_paint_share` say where its main thread spent the time. Set MARKAZ_BENCH_KEEP to a
folder to keep the traces for Chromium's own viewer. Only reported against a target: there is no yardstick for a picture.
"""

import asyncio
import os
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import uvloop

from bench.client import Client
from bench.cluster import bench_cluster
from bench.desk import Officer, make_desk
from bench.figures import Figure, alone
from bench.server import Server, serving
from bench.settings import RUNS, Scale, SkippedError, say
from bench.snapshot import FLAGS, INCIDENTS, NOTE_FIRST_PICTURE, SHOWN_MS, UNITS, chromium, fill, missing
from markaz.core.settings import DemoScale
from markaz.web.guard import SESSION_COOKIE

TARGET_MS = 100.0
EVENTS_PER_S = {Scale.SMALL: 20, Scale.FULL: 50}
PRESSES = {Scale.SMALL: 15, Scale.FULL: 60}
LEAST_PAUSE_S, MOST_PAUSE_S = 0.12, 0.35
P95 = 0.95

# From the press (the event's own time stamp) to the first frame after it: a message posted in the frame's callback runs once it is drawn.
NOTE_PRESSES = """
(() => {
  window.markazShown_ms = [];
  addEventListener("keydown", (event) => {
    const pressed = event.timeStamp;
    requestAnimationFrame(() => {
      const drawn = new MessageChannel();
      drawn.port1.onmessage = () => window.markazShown_ms.push(performance.now() - pressed);
      drawn.port2.postMessage(null);
    });
  }, { capture: true });
})();
"""
SCRIPT = {"FunctionCall", "EvaluateScript", "FireAnimationFrame", "TimerFire", "RunMicrotasks"}
PAINT = {"UpdateLayoutTree", "Layout", "PrePaint", "Paint", "Layerize", "Commit"}


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures. Raises SkippedError without a browser or a built console."""
    reason = missing()
    if reason is not None:
        raise SkippedError(reason)
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        say("picture: making a country")
        database = cluster.empty()
        plan, (officer,) = runner.run(make_desk(database.access.app_dsn, 1, DemoScale.COUNTRY))
        runner.run(fill(database, plan, INCIDENTS[scale], UNITS[scale]))
        with serving(database, cluster.home / "centre") as server:
            p95_ms, script, paint, rates = [], [], [], []
            for number in range(RUNS + 1):
                say(f"picture: run {number} of {RUNS}" if number else "picture: warming up")
                shown_ms, trace, rate = asyncio.run(_one(server, officer, scale))
                if number:
                    p95_ms.append(_quantile(shown_ms, P95))
                    script.append(_share(trace, SCRIPT))
                    paint.append(_share(trace, PAINT))
                    rates.append(rate)
                _keep(trace, number)
            yield alone("desk.picture", "ms", p95_ms, target=TARGET_MS)
            yield alone("desk.picture_script_share", "of one core", script)
            yield alone("desk.picture_paint_share", "of one core", paint)
            yield alone("desk.picture_events", "per s", rates)


async def _one(server: Server, officer: Officer, scale: Scale) -> tuple[list[float], bytes, float]:
    """Return the time of each press in ms, the browser's trace, and how many events a second there really were."""
    from playwright.async_api import async_playwright

    address = f"http://{server.host}:{server.port}"
    chance = random.Random(102)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = await browser.new_context(viewport={"width": 1366, "height": 768})
        await context.add_cookies([{"name": SESSION_COOKIE, "value": officer.token, "url": address}])
        await context.add_init_script(NOTE_FIRST_PICTURE)
        await context.add_init_script(NOTE_PRESSES)
        page = await context.new_page()
        await page.goto(f"{address}/desk")
        await page.wait_for_function("() => window.markazFirstPicture_ms", timeout=SHOWN_MS)
        traffic = asyncio.create_task(_traffic(server, officer, EVENTS_PER_S[scale]))
        await asyncio.sleep(2)
        await browser.start_tracing(page=page)
        for _ in range(PRESSES[scale]):
            await page.keyboard.press(chance.choice(("j", "j", "k")))
            await asyncio.sleep(chance.uniform(LEAST_PAUSE_S, MOST_PAUSE_S))
        trace = await browser.stop_tracing()
        traffic.cancel()
        rate = (await asyncio.gather(traffic, return_exceptions=True))[0]
        if isinstance(rate, BaseException):
            raise rate
        shown_ms = await page.evaluate("() => window.markazShown_ms")
        await browser.close()
    return [float(one) for one in shown_ms], trace, rate


async def _traffic(server: Server, officer: Officer, per_s: int) -> float:
    """Change units and incidents in turns at a steady rate until cancelled; return the rate that came about."""
    clients = [await Client.connect(server.host, server.port, officer.headers) for _ in range(4)]
    picture = orjson.loads(await clients[0].get("/api/snapshot"))
    units = [unit for unit in picture["units"] if unit["incident_id"] is None]
    incidents = picture["incidents"]
    loop = asyncio.get_running_loop()
    began, done = loop.time(), 0
    try:
        while True:
            batch = []
            for client in clients:
                one = units[done % len(units)] if done % 2 else incidents[done % len(incidents)]
                batch.append(_change(client, one, done))
                done += 1
            await asyncio.gather(*batch)
            await asyncio.sleep(max(0.0, began + done / per_s - loop.time()))
    except asyncio.CancelledError:
        return done / (loop.time() - began)
    finally:
        for client in clients:
            await client.close()


async def _change(client: Client, one: dict[str, Any], number: int) -> None:
    if "call_sign" in one:
        status = "busy" if one["status"] == "available" else "available"
        answer = await client.post(f"/api/units/{one['id']}/status", {"status": status, "version": one["version"]})
        one["status"] = status
    else:
        priority = "2" if one["priority"] == "3" else "3"
        body = {"priority": priority, "version": one["version"], "reason": f"bench {number}"}
        answer = await client.post(f"/api/incidents/{one['id']}/changes", body)
        one["priority"] = priority
    one["version"] = answer["version"]


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _share(trace: bytes, names: set[str]) -> float:
    """Return the share of the traced time that the page's main thread spent in events of these names, outermost only."""
    events = orjson.loads(trace)["traceEvents"]
    mains = {
        (e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    spans = sorted(
        (e["ts"], e["ts"] + e.get("dur", 0)) for e in events if e["name"] in names and (e["pid"], e["tid"]) in mains
    )
    whole = [e["ts"] for e in events if (e["pid"], e["tid"]) in mains and e["ts"] > 0]
    if not spans or not whole:
        return 0.0
    busy, end = 0.0, 0.0
    for begin, until in spans:
        busy += max(0.0, until - max(begin, end))
        end = max(end, until)
    return float(busy / (max(whole) - min(whole)))


def _keep(trace: bytes, number: int) -> None:
    folder = os.environ.get("MARKAZ_BENCH_KEEP")
    if folder:
        path = Path(folder) / f"desk.picture.{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(trace)
