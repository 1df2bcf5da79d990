"""A training desk as people make and serve it, beside the live centre it was copied from: another desk on every page.

`markaz training new`, `serve` and `night` run as commands, each in a process of its own. What the pages are is read from the
console's router, so that a page that is new is tried here or fails here.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.conftest import DESKTOP, SHOWN_MS
from tests.faults.served import START_S, ServedCentre, free_port
from tests.support.desk import call_body
from tests.support.land import Land
from tests.support.operations import PASSWORD
from tests.support.people import cookie, make_person, new_key, open_session

from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Database
from markaz.core.permissions import Grant, Role
from markaz.core.settings import Settings
from markaz.kit.clock import iso

pytestmark = pytest.mark.browser

ROUTER = Path(__file__).parents[2] / "console" / "src" / "app.tsx"
NAME = "spring"
CALLS = 3
BAND = {
    "en": "TRAINING: a copy of the past. Nothing here reaches a caller, a unit or a live figure.",
    "ru": "УЧЕБНЫЙ РЕЖИМ: копия прошлого",
    "uz-Latn": "MASHGʻULOT: oʻtmishning nusxasi",
}
# What stands for the parts of an address; a page that asks for another part must be given one here.
PARTS = {"territory": str(int(Land.WEST)), "part": "summary", "id": ""}
# Everybody who has a page of their own, in one person, so that one visit sees them all; nothing of ours makes such a one.
GRANTS = (Grant(Role.SUPERVISOR, Land.REGION), Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
# The colour of the bar, and what it would be on a desk that does not train.
BAR = """() => {
    const desk = document.querySelector(".is-training");
    const colour = () => getComputedStyle(document.querySelector(".topbar")).backgroundColor;
    const held = colour();
    desk.classList.remove("is-training");
    const plain = colour();
    desk.classList.add("is-training");
    return [held, plain];
}"""
COUNTED = (
    "incidents",
    "calls",
    "assignments",
    "units",
    "sealed_fields",
    "alerts",
    "handovers",
    "summaries",
    "call_drafts",
)


class Commands:
    """`markaz` beside a served live centre, as the same person starts it in another window."""

    def __init__(self, live: ServedCentre) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKAZ_")}
        self.environment |= {"MARKAZ_HOME": str(live.home), "MARKAZ_RATE_LIMIT_PER_S": "100000"}
        if live.settings.postgres_bin is not None:
            self.environment["MARKAZ_POSTGRES_BIN"] = str(live.settings.postgres_bin)
        self.port = free_port()
        self.desk: subprocess.Popen[str] | None = None
        self.log = live.home.parent / f"{live.home.name}.training.log"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            self._command(*arguments), env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def serve(self) -> None:
        command = self._command("training", "serve", NAME, "--port", str(self.port))
        with self.log.open("a") as log:
            self.desk = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.desk.stdout is not None
        deadline = time.monotonic() + START_S
        for line in self.desk.stdout:
            if line.startswith("Markaz listens at"):
                return
            assert time.monotonic() < deadline, "the training desk took too long"
        raise AssertionError(f"the training desk ended with {self.desk.wait()}: {self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self.desk is not None:
            self.desk.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.desk.wait(20)
            self.desk.kill()
            self.desk.wait()
            if self.desk.stdout is not None:
                self.desk.stdout.close()
        self.log.unlink(missing_ok=True)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "markaz.cli.main", *arguments]


@pytest.fixture
def live(embedded_settings: Settings) -> Iterator[ServedCentre]:
    centre = ServedCentre(embedded_settings)
    yield centre
    centre.stop()


@pytest.fixture
def commands(live: ServedCentre) -> Iterator[Commands]:
    made = Commands(live)
    yield made
    made.stop()


async def counts(live: ServedCentre) -> dict[str, Any]:
    """How many rows there are of what a live centre counts, and how many events of incidents."""
    connection = await asyncpg.connect(live.access.app_dsn)
    try:
        found = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COUNTED}
        found["events"] = await connection.fetchval("SELECT count(*) FROM events WHERE type LIKE 'incident.%'")
        return found
    finally:
        await connection.close()


async def figures(client: httpx.AsyncClient) -> Any:
    answer = await client.get("/api/figures/response")
    assert answer.status_code == 200, answer.text
    return answer.json()


def addresses() -> list[str]:
    """Every address of the router, with and without what it may leave out."""
    found = []
    for path in re.findall(r'<Route path="(/[^"]*)"', ROUTER.read_text(encoding="utf-8")):
        plain, parts = re.sub(r"/:\w+\??", "", path) or "/", re.findall(r"/:(\w+)(\??)", path)
        assert all(name in PARTS for name, _ in parts), f"{path}: say in PARTS what stands for its parts"
        if not parts or parts[0][1] == "?":
            found.append(plain)
        if parts:
            found.append(re.sub(r":(\w+)\??", lambda part: PARTS[part[1]], path))
    return found


async def is_another_desk(page: Page, path: str, band: str) -> None:
    """See that a page says that it trains and looks it: the band, a frame all round, another bar."""
    await expect(page.locator("main")).to_be_visible(timeout=SHOWN_MS)
    await expect(page.locator(".band-training"), path).to_contain_text(band, timeout=SHOWN_MS)
    await expect(page.locator(".band-training"), path).to_be_in_viewport()
    frame = await page.evaluate("getComputedStyle(document.querySelector('.is-training'), '::after').borderTopWidth")
    assert frame == "4px", f"{path} has no frame"
    if await page.locator(".topbar").count() > 0:
        bar, plain = await page.evaluate(BAR)
        assert bar != plain, f"{path} has the bar of a live desk"


async def tabs(page: Page) -> list[str]:
    return [
        str(href) for href in await page.locator(".tabs a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    ]


async def test_a_training_desk_is_another_desk_on_every_page_and_live_counts_nothing_of_it(
    live: ServedCentre, commands: Commands, browser: Browser
) -> None:
    database = await live.prepare()
    now = datetime.now(UTC)
    account_id = await make_person(database, "trainee", GRANTS[:1], now=now, password=PASSWORD)
    async with database.transaction() as connection:
        values = [(account_id, grant.role.value, int(grant.territory_id)) for grant in GRANTS[1:]]
        await connection.executemany("INSERT INTO grants VALUES ($1, $2, $3)", values)
    await make_person(database, "crew", (Grant(Role.UNIT_OFFICER, Land.WEST),), now=now, password=PASSWORD)
    token = await open_session(database, account_id, now=now, life=timedelta(hours=1))
    await database.close()
    live.start()
    async with httpx.AsyncClient(base_url=live.base_url, headers=cookie(token), timeout=30) as client:
        for _ in range(CALLS):
            body = call_body(Land.WEST_SOUTH, caller={"name": "Nozima Tursunova", "phone": "+998901234567"})
            answer = await client.post("/api/incidents", json=body, headers={"Idempotency-Key": new_key()})
            assert answer.status_code == 201, answer.text
        before, seen_before = await counts(live), await figures(client)

        assert "The training desk stands in" in commands.run("training", "new", NAME)
        commands.serve()
        assert commands.run("training", "list").split() == [NAME]
        begin, end = iso(now - timedelta(hours=1)), iso(datetime.now(UTC) + timedelta(minutes=1))
        port = ("--port", str(commands.port))
        said = commands.run("training", "night", NAME, "--from", begin, "--to", end, "--speed", "0", *port)
        assert f"{CALLS} calls of that night come in" in said
        assert f"{CALLS} calls came in, 0 were refused" in said

        await every_page(commands, browser, live)
        await work_there(commands)
        assert await counts(live) == before
        assert await figures(client) == seen_before


async def every_page(commands: Commands, browser: Browser, live: ServedCentre) -> None:
    context = await browser.new_context(viewport=DESKTOP, locale="en-GB")  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(live.base_url)
    await expect(page.locator(".sign-in")).to_be_visible(timeout=SHOWN_MS)
    await expect(page.locator(".band-training, .is-training")).to_have_count(
        0
    )  # the live one neither says nor looks it
    await page.goto(commands.base_url)
    await is_another_desk(page, "the sign-in", BAND["en"])
    await page.get_by_label("Login").fill("trainee")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.locator(".queue-row").first.wait_for(timeout=SHOWN_MS)
    incidents = (await (await page.request.get(f"{commands.base_url}/api/snapshot")).json())["incidents"]
    assert len(incidents) == CALLS
    PARTS["id"] = str(incidents[0]["id"])
    todo, seen = [*addresses(), "/no/such/page"], list[str]()
    while todo:
        path = todo.pop(0)
        seen.append(path)
        await page.goto(commands.base_url + path)
        await is_another_desk(page, path, BAND["en"])
        assert "Nozima" not in await page.inner_text("body"), f"{path} shows who called the live centre"
        if path in {"/briefing", "/oversight"}:
            await page.locator(".tabs a").first.wait_for(timeout=SHOWN_MS)
        todo += [tab for tab in await tabs(page) if tab not in (*seen, *todo)]
    assert {"/oversight/tasks", "/briefing/summary"} <= set(seen)
    for language in ("ru", "uz-Latn"):
        await page.evaluate("tag => localStorage.setItem('markaz.language', tag)", language)
        await page.goto(commands.base_url + "/desk")
        await is_another_desk(page, f"the desk in {language}", BAND[language])
    await page.goto(commands.base_url + "/unit")
    await expect(page.locator(".band-training")).to_contain_text(BAND["uz-Latn"], timeout=SHOWN_MS)
    await context.close()


async def work_there(commands: Commands) -> None:
    """Open one more incident at the training desk: only there is it counted."""
    async with httpx.AsyncClient(base_url=commands.base_url, timeout=30) as client:
        signed = await client.post(
            "/api/session", json={"login": "trainee", "password": PASSWORD}, headers={"Idempotency-Key": new_key()}
        )
        assert signed.status_code == 200, signed.text
        answer = await client.post(
            "/api/incidents", json=call_body(Land.WEST_SOUTH, priority="3"), headers={"Idempotency-Key": new_key()}
        )
        assert answer.status_code == 201, answer.text
        assert len((await client.get("/api/snapshot")).json()["incidents"]) == CALLS + 1
    copy = Settings(home=Path(commands.environment["MARKAZ_HOME"]) / "training" / NAME)
    with running_database(copy) as access:
        database = await Database.open(access.app_dsn)
        try:
            async with database.connection() as connection:
                assert await connection.fetchval("SELECT count(*) FROM sealed_fields") == 0
        finally:
            await database.close()
