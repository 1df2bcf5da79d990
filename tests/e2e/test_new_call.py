"""A new call begins anew: with no channel of an earlier one, its map at its own place, and for an emergency what its button told."""

import os
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Show
from tests.support.centre import RunningCentre
from tests.support.desk import register_unit
from tests.support.people import Person

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("MARKAZ_TEST_SHOTS")  # a folder for pictures to look at
AT = {"lon": 60.51, "lat": 40.52, "accuracy_m": 25.0}
TOLD = {"en": "Emergency of P-17, pressed ", "uz-Cyrl": "Фавқулодда чақирув: P-17, босилган вақти "}


def starts(text: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(text)}")


async def press(officer: Person, call_sign: str, body: dict[str, Any]) -> None:
    unit = await register_unit(officer, call_sign)
    answer = await officer.post(f"/api/units/{unit['id']}/emergency", body)
    assert answer.status_code == 201, answer.text


async def choose(page: Page, typed: str) -> None:
    field = page.locator(".place-field input")
    await field.fill(typed)
    await page.locator(".place-menu [role=option]").first.wait_for(timeout=SHOWN_MS)
    await field.press("Enter")
    await expect(page.locator(".place-chosen")).to_be_visible(timeout=SHOWN_MS)


async def kept(page: Page) -> None:
    await expect(page.locator(".saved")).to_contain_text("\u2713", timeout=SHOWN_MS)


@pytest.mark.parametrize(("language", "viewport"), [("en", DESKTOP), ("uz-Cyrl", PHONE)], ids=["desktop", "phone"])
async def test_an_emergency_of_no_incident_begins_a_call_of_its_own_and_never_goes_on_with_another(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    screen = await show(person=officer, language=language, viewport=viewport)
    page = screen.page
    await page.goto(f"{screen.base_url}/new")
    await page.locator("#call-note").fill("of somebody else")
    await kept(page)
    await page.goto(f"{screen.base_url}/desk")
    await press(await centre.person(Role.SUPERVISOR), "P-17", AT)
    begin = page.locator(".emergency .link-button")
    await begin.click(timeout=SHOWN_MS * 3)
    note, channel = page.locator("#call-note"), page.locator("select").filter(has=page.locator('[value="officer"]'))
    await expect(note).to_have_value(starts(TOLD[language]), timeout=SHOWN_MS)
    await expect(channel).to_have_value("officer")
    await expect(page.locator(".place-field input")).to_have_value("40.52000, 60.51000")
    await expect(page.locator("#call-category")).to_be_focused()
    await kept(page)
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/emergency-call-{language}-{viewport['width']}.png")
    told = await note.input_value()
    await begin.click()  # once more: the call of this emergency stands on the form already
    await expect(note).to_have_value(told)
    drafts = (await officer.get("/api/call-drafts")).json()["items"]
    assert sorted(one["fields"]["note"] for one in drafts) == sorted(["of somebody else", told])


async def test_an_emergency_without_a_place_begins_a_call_that_asks_for_it(centre: RunningCentre, show: Show) -> None:
    await press(await centre.person(Role.SUPERVISOR), "P-17", {})
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/desk")
    await screen.page.locator(".emergency .link-button").click()
    await expect(screen.page.locator("#call-note")).to_have_value(starts(TOLD["en"]), timeout=SHOWN_MS)
    await expect(screen.page.locator(".place-field input")).to_be_focused()
    await expect(screen.page.locator(".place-field input")).to_have_value("")


async def test_a_channel_that_was_chosen_for_no_call_is_not_that_of_the_next(centre: RunningCentre, show: Show) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    screen = await show(person=officer)
    page, channel = screen.page, screen.page.get_by_label("Channel")
    await screen.go("/new")
    for again in ("reload", "leave", "key"):
        await channel.select_option("walk_in")
        await kept(page)
        if again == "reload":
            await page.reload()
        elif again == "leave":
            await page.keyboard.press("Escape")
            await page.wait_for_url("**/desk")
        await page.locator(".new-call").wait_for(timeout=SHOWN_MS * 3)
        await page.keyboard.press("F2")
        await expect(channel).to_have_value("phone", timeout=SHOWN_MS)
    await channel.select_option("walk_in")
    await page.locator("#call-note").fill("at the counter")
    await kept(page)
    await page.reload()
    await expect(page.locator("#call-note")).to_have_value("at the counter", timeout=SHOWN_MS * 3)
    await expect(channel).to_have_value("walk_in")


async def test_the_map_goes_to_the_place_of_this_call_and_back_when_another_begins(
    centre: RunningCentre, show: Show
) -> None:
    screen = await show(Role.DUTY_OFFICER)
    page, shown = screen.page, screen.page.locator(".pick-map .map")
    await screen.go("/new")
    home = starts("61 ")  # the middle of the own region
    await expect(shown).to_have_attribute("data-centre", home, timeout=SHOWN_MS * 2)
    await choose(page, "40.52 60.51")  # an exact place
    await expect(shown).to_have_attribute("data-centre", "60.51 40.52", timeout=SHOWN_MS)
    await kept(page)
    await page.keyboard.press("F2")
    await expect(shown).to_have_attribute("data-centre", home, timeout=SHOWN_MS)
    await choose(page, "41.52 61.51")
    await expect(shown).to_have_attribute("data-centre", "61.51 41.52", timeout=SHOWN_MS)
    await kept(page)
    await page.reload()
    await expect(shown).to_have_attribute("data-centre", "61.51 41.52", timeout=SHOWN_MS * 3)
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/call-map.png")
