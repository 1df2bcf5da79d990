"""Browser tests: the built console, a real server on loopback, and an installed Chromium; skipped loudly without them.

The tests of a file share one Chromium, and so one event loop; each has a centre and browser contexts of its own.
"""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre, opening
from tests.support.land import Land
from tests.support.live import serving
from tests.support.pages import note_outcome, tell_of
from tests.support.people import Person

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.permissions import Role
from markaz.core.settings import Settings
from markaz.web.app import STATIC
from markaz.web.guard import SESSION_COOKIE

CHROMIUM = os.environ.get("MARKAZ_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",  # pages are drawn plainly, only maps by the graphics card that is imitated: nearly a third less work
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
# Each language once, the two of the longest words where there is least room; what needs no hands is tried in every size and language.
EACH_LANGUAGE = pytest.mark.parametrize(
    ("language", "viewport"),
    [("en", DESKTOP), ("uz-Latn", DESKTOP), ("ru", PHONE), ("uz-Cyrl", PHONE)],
    ids=["en", "uz-Latn", "ru-phone", "uz-Cyrl-phone"],
)
# How long a browser on a busy machine may take to show what it was told. Not a measurement: a test that passes never
# waits so long, and one that fails says what its pages showed.
SHOWN_MS = 30_000
expect.set_options(timeout=SHOWN_MS)


@dataclass
class Screen:
    """One person's browser, and what its console complained of."""

    page: Page
    context: BrowserContext
    base_url: str
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        """Open a page of the console and wait for the live picture."""
        await self.page.goto(self.base_url + path)
        await self.page.get_by_text("live", exact=False).first.wait_for(timeout=SHOWN_MS * 3)

    async def sees(self, text: str, *, within: str = "body") -> None:
        """Wait until `text` is shown."""
        await self.page.locator(within).get_by_text(text).first.wait_for(timeout=SHOWN_MS)


Show = Callable[..., Awaitable[Screen]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    note_outcome(item, report)
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(loop_scope="module")
async def open_centre_with(centre_settings: Settings, database: DatabaseAccess) -> AsyncIterator[OpenCentre]:
    async with opening(centre_settings, database) as open_one:
        yield open_one


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_centre_with: OpenCentre) -> RunningCentre:
    """Return a running centre with the small land, on the wall clock."""
    return await open_centre_with()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: install one with `make browser`; nothing of the console was tried")
    if not (STATIC / "index.html").exists():
        pytest.skip("NO CONSOLE: build it with `npm run build` in console/; nothing of it was tried")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def browser(request: pytest.FixtureRequest, chromium: Browser) -> AsyncIterator[Browser]:
    """The Chromium of this file, with no page of another test in it."""
    yield chromium
    await tell_of(request.node, chromium)
    for context in chromium.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def address(centre: RunningCentre) -> AsyncIterator[str]:
    async with serving(centre) as base_url:
        yield base_url


@pytest_asyncio.fixture(loop_scope="module")
async def show(
    request: pytest.FixtureRequest, browser: Browser, centre: RunningCentre, address: str
) -> AsyncIterator[Show]:
    """Return a function that opens a browser for a person: (role, territory, viewport, language) -> Screen."""
    contexts: list[BrowserContext] = []
    screens: list[Screen] = []

    async def open_one(
        role: Role = Role.DUTY_OFFICER,
        territory: Land = Land.REGION,
        *,
        person: Person | None = None,
        viewport: dict[str, int] = DESKTOP,
        language: str = "en",
    ) -> Screen:
        person = person or await centre.person(role, territory)
        context = await browser.new_context(viewport=viewport, locale="en-GB")  # type: ignore[arg-type]
        context.set_default_timeout(SHOWN_MS * 2)
        contexts.append(context)
        token = person.credentials["Cookie"].partition("=")[2]
        await context.add_cookies(
            [{"name": SESSION_COOKIE, "value": token, "url": address, "httpOnly": True, "sameSite": "Strict"}]
        )
        await context.add_init_script(f"localStorage.setItem('markaz.language', {language!r})")
        page = await context.new_page()
        screen = Screen(page, context, address)
        screens.append(screen)
        page.on("console", lambda message: _note(screen, message))
        page.on("pageerror", lambda error: screen.complaints.append(str(error)))
        return screen

    yield open_one
    await tell_of(request.node, browser)
    for context in contexts:
        await context.close()
    complaints = [complaint for screen in screens for complaint in screen.complaints]
    assert not complaints, f"the browser complained: {complaints}"


def _note(screen: Screen, message: Any) -> None:
    # A refused request is logged by the browser as an error; tests that provoke one look at the page instead.
    if message.type == "error" and "Failed to load resource" not in message.text:
        screen.complaints.append(message.text)
