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


async def test_lines_that_come_before_the_last_one_is_answered_wait_their_turn(
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
    await expect(says).to_contain_text(f"Sending: Note on {number}: first")
    await expect(says).not_to_contain_text("Next:")
    for text in range(2, 9):
        await line.fill(f"t {number} note {text}")
        await page.keyboard.press("Enter")
    await expect(says).to_contain_text(f"Next: Note on {number}: note 8")
    await line.fill(f"t {number} one too many")
    await page.keyboard.press("Enter")
    await expect(says).to_contain_text("Not done: the command before it has no answer yet")
    await expect(line).to_have_value(f"t {number} one too many")
    await line.fill("u")  # what it would take back is not known yet
    await page.keyboard.press("Enter")
    await expect(says).to_contain_text("Not done: the command before it has no answer yet")
    await line.fill("n")  # a call comes in: it waits for nothing, and the screen stays its own
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{screen.base_url}/new")
    may_answer.set()
    await expect(says).not_to_contain_text("Sending:")
    assert len(await centre.rows("SELECT id FROM notes")) == 8
    await expect(page).to_have_url(f"{screen.base_url}/new")
