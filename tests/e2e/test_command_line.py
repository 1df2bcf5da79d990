"""The command line says what it did once, and loses no line that comes before the last one is answered."""

import asyncio

import pytest
from playwright.async_api import Route, expect
from tests.e2e.conftest import SHOWN_MS, Show
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser


async def test_an_answer_goes_with_the_next_key_the_language_and_the_field(centre: RunningCentre, show: Show) -> None:
    incident = await open_incident(await centre.person(Role.SUPERVISOR))
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/desk")
    page, says = screen.page, screen.page.locator("#command-says")

    async def say_a_note() -> None:
        await page.locator("#command-line").fill(f"t {incident['number']} gas is off")
        await page.keyboard.press("Enter")
        await expect(says).to_contain_text("✓ Note on", timeout=SHOWN_MS)

    await say_a_note()
    await page.keyboard.press("Shift")  # no letter yet
    await expect(says).to_be_visible()
    await page.keyboard.press("ArrowLeft")
    await expect(says).to_be_hidden()
    await say_a_note()
    await page.get_by_role("heading", name="Open incidents").click()
    await page.locator("#command-line").focus()
    await expect(says).to_be_hidden()
    await say_a_note()
    await page.get_by_label("Language").select_option("ru")
    await page.locator("#command-line").focus()
    await expect(says).to_be_hidden()


async def test_a_line_that_comes_before_the_last_one_is_answered_stays_and_says_so(
    centre: RunningCentre, show: Show
) -> None:
    incident = await open_incident(await centre.person(Role.SUPERVISOR))
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/desk")
    page, says, number = screen.page, screen.page.locator("#command-says"), incident["number"]
    may_answer = asyncio.Event()

    async def slow(route: Route) -> None:
        await may_answer.wait()
        await route.continue_()

    await screen.context.route("**/notes", slow)
    line = page.locator("#command-line")
    await line.fill(f"t {number} first")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")  # twice is one act
    await expect(says).not_to_contain_text("Not done")
    await line.fill(f"t {number} second")
    await page.keyboard.press("Enter")
    await expect(says).to_contain_text("Not done: the command before it has no answer yet")
    may_answer.set()
    await expect(says).to_contain_text(f"✓ Note on {number}: first", timeout=SHOWN_MS)
    await expect(line).to_have_value(f"t {number} second")
    await page.keyboard.press("Enter")
    await expect(says).to_contain_text(f"✓ Note on {number}: second", timeout=SHOWN_MS)
    assert len(await centre.rows("SELECT id FROM notes")) == 2
