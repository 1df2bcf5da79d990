"""What each screen must hold in every language and size: no serious accessibility fault, nothing cut off, no outside request."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Show
from tests.e2e.test_two_sessions import assign_button
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, reach, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land, place_in
from tests.support.live import serving
from tests.support.looks import take_over
from tests.support.sound import holds

from markaz.core.permissions import Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.browser

PAGES = ("/desk", "/map", "/units", "/incidents", "/territories", "/figures", "/new", "/alerts", "/alerts/new")
HOSTILE = "<img src=x onerror=alert(1)> \u202eright to left\u202c ' OR 1=1 -- " + "long " * 500


async def holds_in_both_sizes(page: Page, what: str) -> None:
    """The same page on a desk and on a phone: its window is made smaller, and what it shows is drawn anew."""
    for viewport in (PHONE, DESKTOP):
        await page.set_viewport_size(viewport)  # type: ignore[arg-type]
        await page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        await holds(page, f"{what} at {viewport['width']}")


@pytest.mark.parametrize("language", ["uz-Latn", "uz-Cyrl", "ru", "en"])
async def test_no_screen_has_a_serious_accessibility_fault_or_scrolls_sideways(
    centre: RunningCentre, show: Show, language: str
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor, note=HOSTILE)
    unit = await register_unit(supervisor, "P-1")
    await assign(supervisor, incident, unit)
    screen = await show(Role.SUPERVISOR, language=language)
    page, outside = screen.page, list[str]()
    page.on("request", lambda r: outside.append(r.url) if not r.url.startswith(screen.base_url) else None)
    for path in (*PAGES, f"/desk/{incident['id']}"):
        await page.goto(screen.base_url + path)
        await page.locator("main").wait_for(timeout=SHOWN_MS * 3)
        await page.wait_for_timeout(300)
        await holds_in_both_sizes(page, path)
        if path == "/desk":
            down = await page.evaluate("document.documentElement.scrollHeight > innerHeight")
            assert not down, "the desk scrolls at 1366x768"
    assert not [url for url in outside if not url.startswith(("data:", "blob:"))]


async def test_hostile_text_is_shown_as_text(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(
        supervisor, note=HOSTILE, address="<script>alert(2)</script>", caller={"name": "\u202eevil<b>bold</b>"}
    )
    screen = await show(Role.SUPERVISOR)
    dialogs: list[str] = []
    screen.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await screen.go(f"/desk/{incident['id']}")
    await screen.sees("<script>alert(2)</script>")
    assert await screen.page.locator("main img[src='x'], main b:text-is('bold')").count() == 0
    assert not dialogs


async def test_a_stale_position_looks_stale_and_says_its_age(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    device = await centre.person(Role.UNIT_DEVICE)
    fresh, stale = await register_unit(supervisor, "FRESH"), await register_unit(supervisor, "STALE")
    now = centre.centre.clock.now()
    place = place_in(Land.WEST_SOUTH)
    answer = await device.post(
        "/api/units/positions",
        {
            "positions": [
                {
                    "unit_id": fresh["id"],
                    **place,
                    "fix_at": iso(now + timedelta(seconds=90)),
                },  # fresh for as long as this takes
                {"unit_id": stale["id"], **place, "fix_at": iso(now - timedelta(minutes=10))},
            ]
        },
    )
    assert answer.status_code == 200
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/units")
    stale_row = screen.page.get_by_role("row").filter(has_text="STALE")
    await expect(stale_row.get_by_text(re.compile(r"stale: 1\d min ago"))).to_be_visible(timeout=SHOWN_MS)
    await expect(stale_row.locator("[class*=stale]")).to_be_visible()
    fresh_row = screen.page.get_by_role("row").filter(has_text="FRESH")
    await expect(fresh_row.locator("[class*=stale]")).to_have_count(0)


async def test_a_correction_stands_beside_what_it_corrects_with_both_times_and_the_name(
    centre: RunningCentre, show: Show
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor)
    unit = await register_unit(supervisor, "P-3")
    incident = await assign(supervisor, incident, unit)
    incident = await reach(supervisor, incident, unit, "on_scene")
    await take_over(await centre.person(Role.DUTY_OFFICER), incident["id"])  # its reasons are read by who works on it
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/desk/{incident['id']}")
    line = screen.page.locator("table.timeline tr", has_text="On scene").first
    await line.get_by_role("button", name="Correct").click()
    dialog = screen.page.get_by_role("dialog")
    await dialog.get_by_label("It did not happen").check()
    await dialog.get_by_label("Reason").fill("pressed by mistake")
    await dialog.get_by_role("button", name="Correct", exact=True).click()
    await screen.sees("Officer duty_officer.region", within="table.timeline, .timeline")
    struck = screen.page.locator("table.timeline tr.is-struck", has_text="On scene")
    await expect(struck.locator("time").first).to_have_css("text-decoration-line", "line-through", timeout=SHOWN_MS)
    await expect(struck.get_by_text("did not happen, says")).to_be_visible()
    await expect(screen.page.locator("table.timeline").get_by_text("pressed by mistake")).to_be_visible()
    await expect(screen.page.locator("table.stages tbody time")).to_have_count(1)  # only `assigned` is left


async def test_a_supervisor_drills_from_region_to_district_to_neighbourhood(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    await open_incident(supervisor, Land.EAST_NORTH)
    screen = await show(Role.SUPERVISOR)
    await screen.go("/territories")
    for name in ("East", "East North"):
        await screen.page.get_by_role("link", name=name, exact=True).first.click()
    await expect(screen.page.get_by_role("heading", name="East North")).to_be_visible(timeout=SHOWN_MS)


async def test_a_demo_says_so_before_anybody_signs_in(open_centre_with: OpenCentre, browser: Browser) -> None:
    running = await open_centre_with(demo=True)
    async with serving(running) as address:
        page = await browser.new_page(locale="en-GB")
        await page.goto(address)
        await expect(page.get_by_text("DEMO: invented territory and traffic")).to_be_visible(timeout=SHOWN_MS)
        await page.close()


async def test_the_desk_is_worked_from_the_keyboard(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    await open_incident(supervisor)
    await register_unit(supervisor, "P-4")
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/desk")
    await screen.page.keyboard.press("j")
    await screen.page.keyboard.press("Enter")
    button = assign_button(screen, "P-4")
    await button.focus()
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator("table.stages").get_by_role("rowheader", name="P-4")).to_be_visible(
        timeout=SHOWN_MS
    )
