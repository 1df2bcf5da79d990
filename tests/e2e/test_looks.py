"""An incident of somebody else's by keyboard: a purpose is asked, a poor one refused, a good one shows it; the glass alarms."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Show
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.looks import break_glass, own_incident
from tests.support.people import Person
from tests.support.sound import barriers

from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("MARKAZ_TEST_SHOTS")  # a folder for pictures to look at
NAME = "Zuhra (synthetic)"
WORDS = "Maybe the same fire as mine"


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


async def is_clean(page: Page, *parts: str) -> None:
    """Let axe look at these parts of the page, or at all of it."""
    assert await barriers(page, *parts) == []


async def two_officers(centre: RunningCentre) -> tuple[Person, Person]:
    taker, other = [await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST)) for _ in range(2)]
    return taker, other


async def test_a_purpose_is_asked_on_leaving_ones_own_incident_refused_when_poor_and_then_shows_it(
    centre: RunningCentre, show: Show
) -> None:
    taker, other = await two_officers(centre)
    foreign = await open_incident(taker, caller={"name": NAME}, note="a note")
    own = await own_incident(other)
    screen = await show(person=other)
    page = screen.page
    await screen.go(f"/desk/{own['id']}")
    await expect(page.locator(".look-mark")).to_contain_text("it is yours", timeout=SHOWN_MS)
    assert await page.locator(".look-needed").count() == 0

    await screen.go(f"/desk/{foreign['id']}")
    needed = page.locator(".look-needed")
    await expect(needed).to_be_visible(timeout=SHOWN_MS)
    assert NAME not in await page.content()
    await is_clean(page)
    await shot(page, "look-needed")
    await needed.get_by_role("button", name="Why?").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("You may not see it.", timeout=SHOWN_MS)
    await shot(page, "look-why")
    await page.keyboard.press("Escape")

    await page.locator("body").press("p")
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("textarea")).to_be_focused(timeout=SHOWN_MS)
    await expect(dialog.locator("select")).to_have_value(f"incident {own['number']}", timeout=SHOWN_MS)
    await page.keyboard.type("just so")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("Too short", timeout=SHOWN_MS)
    await is_clean(page)
    await shot(page, "look-purpose")
    await page.keyboard.press("Control+A")
    await page.keyboard.type(WORDS)
    await page.keyboard.press("Enter")
    await screen.sees(NAME, within=".card")
    await expect(page.locator(".look-mark")).to_contain_text("for your stated purpose", timeout=SHOWN_MS)
    chip = page.locator(".purpose-chip")
    await expect(chip).to_contain_text(own["number"], timeout=SHOWN_MS)
    await shot(page, "look-shown")

    await chip.get_by_role("button", name="End the purpose").focus()
    await page.keyboard.press("Enter")
    await expect(chip).to_contain_text("Own work only", timeout=SHOWN_MS)
    await page.reload()
    await expect(needed).to_be_visible(timeout=SHOWN_MS)
    await page.locator("body").press("p")
    await expect(dialog.locator("select")).to_have_value(f"incident {own['number']}", timeout=SHOWN_MS)
    await page.keyboard.type(WORDS.upper())
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("You gave the same reason before", timeout=SHOWN_MS)


async def test_taking_over_is_one_key_and_asks_nothing(centre: RunningCentre, show: Show) -> None:
    taker, other = await two_officers(centre)
    foreign = await open_incident(taker, caller={"name": NAME})
    screen = await show(person=other)
    await screen.go(f"/desk/{foreign['id']}")
    await expect(screen.page.locator(".look-needed")).to_be_visible(timeout=SHOWN_MS)
    await screen.page.locator("body").press("p")
    await expect(screen.page.get_by_role("dialog")).to_contain_text("No open incident is yours", timeout=SHOWN_MS)
    await expect(screen.page.get_by_role("dialog").locator("textarea")).to_have_count(0)
    await screen.page.keyboard.press("Escape")
    await screen.page.locator("body").press("o")
    await screen.sees(NAME, within=".card")


async def test_the_glass_opens_at_once_alarms_the_supervisors_console_and_is_judged_by_another(
    centre: RunningCentre, show: Show
) -> None:
    taker, other = await two_officers(centre)
    supervisor = await centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    foreign = await open_incident(taker, caller={"name": NAME})
    above = await show(person=supervisor)
    await above.go("/desk")
    screen = await show(person=other)
    page = screen.page
    await screen.go(f"/desk/{foreign['id']}")
    await expect(page.locator(".look-needed")).to_be_visible(timeout=SHOWN_MS)
    await page.locator("body").press("g")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("One sentence")).to_be_focused(timeout=SHOWN_MS)
    await page.keyboard.type("she calls and cannot speak")
    await is_clean(page)
    await shot(page, "look-glass")
    await page.keyboard.press("Enter")
    await screen.sees(NAME, within=".card")
    await expect(page.locator(".look-mark")).to_contain_text("the glass is broken", timeout=SHOWN_MS)

    band = above.page.locator(".bands")
    await expect(band).to_contain_text("Glass broken", timeout=SHOWN_MS)
    await shot(above.page, "look-alarm")
    assert "Glass broken" not in await page.locator(".bands").inner_text()
    [glass] = (await supervisor.get("/api/access/glass", waiting="true")).json()["items"]
    refused = await other.post(f"/api/access/glass/{glass['id']}/verdict", {"verdict": "justified"})
    assert refused.status_code == 403
    await above.page.goto(above.base_url + "/oversight/glass")
    await expect(above.page.locator(".oversight-row")).to_have_count(1, timeout=SHOWN_MS)
    await above.page.keyboard.press("j")  # judged by keyboard, as the cases of the queue are
    await above.sees("she calls and cannot speak")
    await above.page.keyboard.press("1")
    await above.page.keyboard.type("The call was heard by all of us.")
    await above.page.keyboard.press("Control+Enter")
    await expect(above.page.locator("article .notice")).to_contain_text(
        "The call was heard by all of us.", timeout=SHOWN_MS
    )
    kept = await centre.rows("SELECT verdict FROM broken_glass")
    assert [row["verdict"] for row in kept] == ["justified"]
    await expect(band).not_to_contain_text("Glass broken", timeout=SHOWN_MS)


async def test_the_officers_page_shows_and_sounds_a_broken_glass_until_it_is_noticed_or_judged(
    centre: RunningCentre, show: Show
) -> None:
    taker, other = await two_officers(centre)
    first, second = [await open_incident(taker, caller={"name": NAME}) for _ in range(2)]
    officer = await centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    screen = await show(person=officer)
    page = screen.page
    await page.goto(f"{screen.base_url}/oversight/register")  # any page of theirs
    bar, band = page.locator(".alarm-bar"), page.locator(".band-glass")
    await expect(bar).to_be_visible(timeout=SHOWN_MS)
    await page.keyboard.press("Shift")  # a browser lets a page sound after its first key
    await expect(bar).to_have_attribute("data-sound", "none", timeout=SHOWN_MS)
    assert (await break_glass(other, first["id"])).status_code == 201
    await expect(band).to_contain_text(first["number"], timeout=SHOWN_MS)
    await expect(bar).to_have_attribute("data-sound", "escalated")
    await expect(bar).to_have_attribute("data-output", "playing", timeout=SHOWN_MS)
    await is_clean(page, ".topbar", ".bands")
    await shot(page, "glass-officer")

    await page.keyboard.press("F9")  # noticed: silent, and it waits all the same
    await expect(band).to_have_count(0)
    await expect(bar).to_have_attribute("data-output", "silent", timeout=SHOWN_MS)
    await expect(bar.locator(".alarm-count")).to_contain_text("1")
    await page.reload()
    await expect(bar.locator(".alarm-count")).to_contain_text("1", timeout=SHOWN_MS)
    await expect(bar).to_have_attribute("data-sound", "none")

    assert (await break_glass(other, second["id"])).status_code == 201
    await expect(band).to_contain_text(second["number"], timeout=SHOWN_MS)
    await expect(bar).to_have_attribute("data-sound", "escalated")
    for glass in (await officer.get("/api/access/glass", waiting="true")).json()["items"]:
        answer = await officer.post(f"/api/access/glass/{glass['id']}/verdict", {"verdict": "justified"})
        assert answer.status_code == 200, answer.text
    await expect(band).to_have_count(0, timeout=SHOWN_MS)
    await expect(bar).to_have_attribute("data-sound", "none", timeout=SHOWN_MS)
    await expect(bar.locator(".alarm-count")).to_have_count(0)


async def test_the_officers_bar_says_what_is_past_its_day_and_when_the_centre_does_not_answer(
    centre: RunningCentre, show: Show
) -> None:
    taker, other = await two_officers(centre)
    assert (await break_glass(other, (await open_incident(taker))["id"])).status_code == 201
    await centre.as_owner("UPDATE tasks SET due_at = now() - interval '1 day' WHERE kind = 'break_glass_review'")
    screen = await show(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    page = screen.page
    await page.goto(f"{screen.base_url}/oversight")
    late = page.locator(".topbar").get_by_role("link", name="Tasks past their day")
    await expect(late).to_contain_text("1", timeout=SHOWN_MS)
    assert await page.locator(".sound-state").inner_text() == ""
    await screen.context.set_offline(True)
    await expect(page.locator(".sound-state")).to_contain_text("OFFLINE since", timeout=SHOWN_MS)
    await screen.context.set_offline(False)
    await expect(page.locator(".sound-state")).to_have_text("", timeout=SHOWN_MS)


@pytest.mark.parametrize(
    ("language", "viewport"), [("uz-Latn", DESKTOP), ("ru", DESKTOP), ("en", PHONE), ("ru", PHONE)]
)
async def test_the_officers_band_fits_in_every_language(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    taker, other = await two_officers(centre)
    for _ in range(2):
        assert (await break_glass(other, (await open_incident(taker))["id"])).status_code == 201
    await centre.as_owner("UPDATE tasks SET due_at = now() - interval '1 day' WHERE kind = 'break_glass_review'")
    screen = await show(Role.DATA_PROTECTION_OFFICER, Land.ROOT, language=language, viewport=viewport)
    page = screen.page
    await page.goto(f"{screen.base_url}/oversight/tasks")
    await expect(page.locator(".band-glass")).to_have_count(2, timeout=SHOWN_MS)
    await expect(page.locator(".topbar .alarm-count")).to_have_count(2, timeout=SHOWN_MS)
    await expect(page.locator(".oversight-row")).to_have_count(2, timeout=SHOWN_MS)
    await shot(page, f"glass-officer-{language}-{viewport['width']}")
    width = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]


@pytest.mark.parametrize(("language", "viewport"), [("uz-Latn", DESKTOP), ("ru", DESKTOP), ("uz-Cyrl", PHONE)])
async def test_the_questions_fit_in_every_language(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    taker, other = await two_officers(centre)
    foreign = await open_incident(taker, caller={"name": NAME})
    await own_incident(other)
    screen = await show(person=other, language=language, viewport=viewport)
    page = screen.page
    await page.goto(f"{screen.base_url}/desk/{foreign['id']}")
    await expect(page.locator(".look-needed")).to_be_visible(timeout=SHOWN_MS * 3)
    for key in "pg":
        await page.locator("body").press(key)
        await expect(page.get_by_role("dialog")).to_be_visible(timeout=SHOWN_MS)
        await shot(page, f"look-{key}-{language}-{viewport['width']}")
        too_wide = "e => e.scrollWidth > e.clientWidth"
        assert not await page.locator(".dialog").evaluate(too_wide)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0, timeout=SHOWN_MS)
