"""One officer, a keyboard and nothing else: from signing in to a closed incident and the shift handed over.

Nothing here may point: no click, fill, check, focus or choice by a locator. Where a key of its own is missing, Tab leads on.
"""

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.conftest import DESKTOP, SHOWN_MS
from tests.e2e.test_alarms import overdue
from tests.e2e.test_dispatch import units_around
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.live import serving
from tests.support.operations import PASSWORD
from tests.support.people import make_person

from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser

MOST_TABS = 150  # round a whole page and further: what is not reached by then cannot be reached
FOCUSED = """() => {
    const one = document.activeElement;
    if (!one.matches("a, button, input, select, textarea, summary")) return "";
    const label = one.labels?.[0]?.innerText ?? "";
    return [one.getAttribute("aria-label"), label, one.innerText, one.value, one.title].filter(Boolean).join(" | ");
}"""


async def tab_to(page: Page, words: str, *, back: bool = False) -> None:
    """Press Tab until what has the focus says these words."""
    seen = []
    for _ in range(MOST_TABS):
        here = str(await page.evaluate(FOCUSED))
        if words in " ".join(here.replace("\u00ad", "").split()):
            return
        seen.append(here[:40])
        await page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"Tab never comes to {words!r}; it came to {seen}")


async def choose(page: Page, words: str) -> None:
    """Tab into the one group of choices of a dialog and press the arrow until it stands on these words."""
    dialog = page.get_by_role("dialog")
    for _ in range(MOST_TABS):
        if await dialog.locator("input[type=radio]:focus").count() > 0:
            break
        await page.keyboard.press("Tab")
    for _ in range(await dialog.locator("input[type=radio]").count()):
        await page.keyboard.press("Space")
        if words in str(await page.evaluate(FOCUSED)):
            return
        await page.keyboard.press("ArrowDown")
    raise AssertionError(f"no arrow comes to {words!r}")


async def sign_in(page: Page, address: str, login: str) -> None:
    await page.goto(address)
    await expect(page.locator("input[name=login]")).to_be_focused(timeout=SHOWN_MS)
    await page.keyboard.type(login)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#command-line")).to_be_visible(timeout=SHOWN_MS)
    await expect(page.locator(".link.is-live")).to_be_visible(timeout=SHOWN_MS)


async def say(page: Page, line: str, answer: str) -> None:
    """Type a line of the command line and wait for what it says."""
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await expect(page.locator("#command-line")).to_be_focused(timeout=SHOWN_MS)
    await page.keyboard.type(line)
    await page.keyboard.press("Enter")
    await expect(page.locator("#command-says")).to_contain_text(answer, timeout=SHOWN_MS)


async def take_call_and_send(page: Page) -> str:
    await page.keyboard.press("F2")
    await expect(page.locator(".place-field input")).to_be_focused(timeout=SHOWN_MS)
    await page.keyboard.type("40.5 60.5")
    await page.locator(".place-menu [role=option]").first.wait_for(timeout=SHOWN_MS)
    await page.keyboard.press("Enter")
    await expect(page.locator("#call-category")).to_be_focused(timeout=SHOWN_MS)
    await page.keyboard.type("nois")
    await page.locator(".category-hit").first.wait_for(timeout=SHOWN_MS)
    await page.keyboard.press("Enter")
    await expect(page.locator(".priorities input:checked")).to_be_focused(timeout=SHOWN_MS)
    await expect(page.get_by_role("button", name="Open and send units")).to_be_enabled(timeout=SHOWN_MS)
    await page.keyboard.press("F4")
    await page.wait_for_url("**/desk/*#recommend", timeout=SHOWN_MS)
    await expect(page.get_by_label("Tick NEAR")).to_be_focused(timeout=SHOWN_MS)
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.locator("table.stages").get_by_role("rowheader", name="NEAR")).to_be_visible(timeout=SHOWN_MS)
    return page.url.partition("/desk/")[2].partition("#")[0]


async def work_and_close(page: Page, number: str) -> None:
    times = page.locator("table.stages tbody time")
    for reached, state in enumerate(("er", "os"), start=2):
        await say(page, f"s NEAR {state}", "✓")
        await expect(times).to_have_count(reached, timeout=SHOWN_MS)  # one who types reads what came of it
    await say(page, f"t {number} music turned down", "✓ Note on")
    await say(page, "s NEAR cl", "✓")
    await expect(times).to_have_count(4, timeout=SHOWN_MS)
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await page.keyboard.type(f"x {number}")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible(timeout=SHOWN_MS)
    await choose(page, "Resolved")
    await tab_to(page, "Close incident")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0, timeout=SHOWN_MS)


async def hand_over(one: Page, two: Page, address: str) -> None:
    await tab_to(one, "Briefing")
    await one.keyboard.press("Enter")
    await expect(one.get_by_role("group", name="Persons brought in")).to_be_visible(timeout=SHOWN_MS)
    await tab_to(one, "Count")
    for count in ("0", "0", "0", "0"):
        await one.keyboard.type(count)
        await one.keyboard.press("Tab")
        await one.keyboard.press("Tab")
    await tab_to(one, "I hand over: sign")
    await one.keyboard.press("Enter")
    await expect(one.get_by_text("Nobody has begun to take over.")).to_be_visible(timeout=SHOWN_MS)
    await sign_in(two, address, "second")
    await tab_to(two, "Briefing")
    await two.keyboard.press("Enter")
    await expect(two.get_by_role("link", name="Take over").first).to_be_visible(timeout=SHOWN_MS)
    await tab_to(two, "Take over")
    await two.keyboard.press("Enter")
    progress = two.get_by_text("0 of", exact=False).first
    await expect(progress).to_be_visible(timeout=SHOWN_MS)
    items = int((await progress.inner_text()).rpartition(" ")[2])
    for number in range(1, items + 1):
        await two.keyboard.press("Space")
        await expect(two.get_by_text(f"{number} of {items}", exact=True)).to_be_visible(timeout=SHOWN_MS)
    await tab_to(two, "I take over: sign")
    await two.keyboard.press("Enter")
    await expect(two.get_by_text("Signed by both")).to_be_visible(timeout=SHOWN_MS)


async def test_a_shift_is_worked_with_a_keyboard_and_nothing_else(
    open_centre_with: OpenCentre, browser: Browser
) -> None:
    centre = await open_centre_with(second_factor_roles=())  # codes are typed in test_sign_in.py
    supervisor = await centre.person(Role.SUPERVISOR)
    for login in ("first", "second"):
        grants, now = (Grant(Role.DUTY_OFFICER, Land.REGION),), centre.centre.clock.now()
        await make_person(centre.centre.database, login, grants, now=now, password=PASSWORD)
    await units_around(centre, supervisor, "NEAR", "FAR")
    async with (
        serving(centre) as address,
        await browser.new_context(viewport=DESKTOP, locale="en-GB") as one,  # type: ignore[arg-type]
        await browser.new_context(viewport=DESKTOP, locale="en-GB") as two,  # type: ignore[arg-type]
    ):
        page = await one.new_page()
        await sign_in(page, address, "first")
        await overdue(centre, 20, priority="3")
        await expect(page.locator(".alarm-bar")).to_have_attribute("data-sound", "routine", timeout=SHOWN_MS)
        await page.keyboard.press("F8")
        await expect(page.locator(".queue-row.is-selected")).to_be_visible(timeout=SHOWN_MS)
        await page.keyboard.press("F9")
        await expect(page.locator(".alarm-bar")).to_have_attribute("data-sound", "none", timeout=SHOWN_MS)
        incident_id = await take_call_and_send(page)
        (row,) = await centre.rows("SELECT number FROM incidents WHERE id = $1", incident_id)
        await work_and_close(page, row["number"])
        (row,) = await centre.rows("SELECT status, outcome FROM incidents WHERE id = $1", incident_id)
        assert (row["status"], row["outcome"]) == ("closed", "resolved")
        (noted,) = await centre.rows("SELECT count(*) AS n FROM notes WHERE incident_id = $1", incident_id)
        assert noted["n"] == 1
        await hand_over(page, await two.new_page(), address)
