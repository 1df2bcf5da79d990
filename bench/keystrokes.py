"""keystrokes: how many keys a call costs, from ring to unit sent, and how much of it the server works.

The real call form in headless Chromium, without the mouse: F2, the place by name and house, the category by its first
letters, the priority as proposed, F4 for the units, Enter for the suggested one. The place is one of 20,000 invented ones;
letters are typed until its street stands first, then the house. Keys are counted by the page itself (`desk.keystrokes`); the server's
time is the sum of what its access log says of every request between ring and sent (`desk.keystrokes_server_s`). There is
no yardstick for a hand.
"""

import asyncio
import random
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import orjson
import uvloop

from bench.client import Client
from bench.cluster import BenchDatabase, bench_cluster
from bench.desk import Officer, make_desk
from bench.figures import Figure, alone
from bench.gazetteer import Entry, entries
from bench.places import TAGS
from bench.server import Server, serving
from bench.settings import RUNS, Scale, SkippedError, say
from bench.snapshot import FLAGS, SHOWN_MS, chromium, fill, missing
from markaz.demo.plan import Plan
from markaz.web.guard import SESSION_COOKIE

PLACES = {Scale.SMALL: 2_000, Scale.FULL: 20_000}
UNITS = 50
TARGET_KEYS = 25
SEED = 102
CATEGORY = "thef"
FEWEST_LETTERS = 3
LETTER_MS = 120  # a practised typist; the search waits half of that after each letter
QUIET_S = 1.0  # so that nothing of the page's own loading is counted

COUNT_KEYS = """
window.markazKeys = 0;
addEventListener("keydown", (event) => { if (event.isTrusted) window.markazKeys += 1; }, { capture: true });
"""


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures. Raises SkippedError without a browser or a built console."""
    reason = missing()
    if reason is not None:
        raise SkippedError(reason)
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        database = cluster.empty()
        plan, (officer,) = runner.run(make_desk(database.access.app_dsn, 1))
        runner.run(fill(database, plan, 0, UNITS))
        wanted = runner.run(_write_places(database, plan, PLACES[scale]))
        with serving(database, cluster.home / "centre") as server:
            measured = asyncio.run(_calls(server, officer, wanted))
    yield alone("desk.keystrokes", "keys", [keys for keys, _ in measured], target=TARGET_KEYS)
    yield alone("desk.keystrokes_server_s", "s", [seconds for _, seconds in measured])


async def _write_places(database: BenchDatabase, plan: Plan, count: int) -> list[Entry]:
    """Write an invented gazetteer over the region; return a house for each call, that of the warm-up first."""
    chance = random.Random(SEED)
    made = list(islice(entries(count, SEED), count))
    records = []
    for number, entry in enumerate(made):
        point = chance.choice(plan.units).place.point
        names = orjson.dumps(dict(zip(TAGS, entry.names, strict=True))).decode()
        records.append(("bench", str(number), entry.kind, names, entry.house, point.lon_deg, point.lat_deg))
    owner = await asyncpg.connect(database.access.owner_dsn)
    try:
        columns = ["source", "source_key", "kind", "names", "house", "lon", "lat"]
        await owner.copy_records_to_table("places", columns=columns, records=records)
        await owner.execute("ANALYZE places")
    finally:
        await owner.close()
    return chance.sample([entry for entry in made if entry.house], RUNS + 1)


async def _calls(server: Server, officer: Officer, wanted: list[Entry]) -> list[tuple[int, float]]:
    """Take one call for each place; return the keys and the server's seconds of each, without the first."""
    from playwright.async_api import async_playwright

    address = f"http://{server.host}:{server.port}"
    client = await Client.connect(server.host, server.port, officer.headers)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-US")
        await context.add_cookies([{"name": SESSION_COOKIE, "value": officer.token, "url": address}])
        await context.add_init_script(COUNT_KEYS)
        page = await context.new_page()
        measured = []
        for number, entry in enumerate(wanted):
            say(f"keystrokes: call {number} of {RUNS}" if number else "keystrokes: warming up")
            typed = await _typed(client, entry)
            await page.goto(f"{address}/desk")
            await page.locator(".new-call").wait_for(timeout=SHOWN_MS)
            await asyncio.sleep(QUIET_S)
            logged = server.log.stat().st_size
            await _take(page, typed)
            measured.append((int(await page.evaluate("() => window.markazKeys")), _server_s(server.log, logged)))
        await browser.close()
    await client.close()
    return measured[1:]


async def _take(page: Any, typed: str) -> None:
    """Take one call from the ring to the unit sent. Raises a time-out of the browser where the form does not follow."""
    await page.keyboard.press("F2")
    await page.locator(".place-field input:focus").wait_for(timeout=SHOWN_MS)
    await page.keyboard.type(typed, delay=LETTER_MS)
    await page.keyboard.press("Enter")
    await page.locator("#call-category:focus").wait_for(timeout=SHOWN_MS)
    await page.keyboard.type(CATEGORY)
    await page.locator(".category-hit").first.wait_for(timeout=SHOWN_MS)
    await page.keyboard.press("Enter")
    await page.locator(".priorities input:focus").wait_for(timeout=SHOWN_MS)
    await page.keyboard.press("F4")
    await page.locator("input[data-unit]:focus").wait_for(timeout=SHOWN_MS)
    async with page.expect_response(lambda answer: answer.url.endswith("/dispatches"), timeout=SHOWN_MS) as sent:
        await page.keyboard.press("Enter")
    answer = await sent.value
    if not answer.ok:
        raise RuntimeError(f"the unit was not sent: {answer.status}")


async def _typed(client: Client, entry: Entry) -> str:
    """Return the fewest letters after which the street stands first, with the house that then stands first.

    Raises RuntimeError when even the whole name does not bring it there.
    """
    name = entry.bare[0].lower()
    for count in range(FEWEST_LETTERS, len(name) + 1):
        text = f"{name[:count]} {entry.house}"
        street, house = await _first(client, name[:count]), await _first(client, text)
        if street and house and street[0] == house[0] == entry.names[0] and house[1] == entry.house:
            return text
    raise RuntimeError(f"{name} {entry.house} is not found")


async def _first(client: Client, text: str) -> tuple[str | None, str | None] | None:
    """Return the Latin name and the house of the first hit."""
    items = orjson.loads(await client.get(f"/api/places?{urlencode({'q': text, 'limit': 8})}"))["items"]
    return (items[0]["label"].get(TAGS[0]), items[0]["house"]) if items else None


def _server_s(log: Path, since: int) -> float:
    """Add up what the access log says of the requests written after a place in it; the stream has no line until it ends."""
    lines = log.read_bytes()[since:].splitlines()
    requests = [line for line in map(orjson.loads, lines) if line.get("message") == "request"]
    return float(sum(line["ms"] for line in requests if line["route"] != "/api/stream")) / 1000
