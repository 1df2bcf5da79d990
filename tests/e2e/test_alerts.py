"""A public alert in browsers: one person writes it and cannot release it, another does, the public feed shows it."""

import re

import pytest
from playwright.async_api import Locator, Page, expect
from tests.e2e.conftest import SHOWN_MS, Show
from tests.support.alerts import drafted, issued
from tests.support.centre import RunningCentre
from tests.support.land import Land

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser
LANGUAGES = ("Oʻzbekcha", "Ўзбекча", "Русский", "English")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def write_by_keyboard(page: Page) -> None:
    """Fill the form as it stands: a template, an exercise, a territory by typing, and save with Enter."""
    await page.get_by_label("Begin with the words for").select_option("flood")
    await page.get_by_label("Kind").select_option("Exercise")
    territory = page.get_by_role("combobox", name="Add a territory")
    await territory.focus()
    await page.keyboard.type("west south")
    await page.get_by_role("option").first.wait_for(timeout=SHOWN_MS)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator(".alert-chips li")).to_have_count(1)
    for name in LANGUAGES:
        headline = page.get_by_role("region", name=name).get_by_label("Headline")
        assert await headline.input_value()
    await page.get_by_role("region", name="English").get_by_label("What happens").fill("The river <b>rises</b>.")
    await page.get_by_role("region", name="English").get_by_label("Headline").press("Enter")


async def test_one_person_writes_another_releases_and_the_public_reads(centre: RunningCentre, show: Show) -> None:
    first = await show(Role.SUPERVISOR)
    second = await show(Role.SUPERVISOR, Land.ROOT)
    await first.go("/alerts")
    await expect(first.page.get_by_text("No alert is in force.")).to_be_visible(timeout=SHOWN_MS)
    await first.page.get_by_role("link", name="New alert").click()
    await write_by_keyboard(first.page)
    await button(first.page, "Ask for release").click()
    await expect(button(first.page, "Release to the public")).to_be_disabled(timeout=SHOWN_MS)
    await first.sees("You wrote in this alert: somebody else must release it.")
    await first.sees("The river <b>rises</b>.")

    await second.go("/alerts")
    await second.page.locator(".alert-row").first.click()
    await button(second.page, "Release to the public").click()
    dialog = second.page.get_by_role("dialog")
    await expect(dialog.get_by_text("EXERCISE: Flash flood danger")).to_be_visible()
    await dialog.get_by_role("button", name="Release to the public").click()
    await second.sees("signed by this centre")
    feed = (await centre.nobody.get("/api/public/alerts")).text
    assert "MASHQ: Sel xavfi" in feed

    await button(second.page, "Call off").click()
    await second.page.get_by_role("region", name="English").get_by_label("Headline").fill("The danger is over")
    await button(second.page, "Save the draft").click()
    await button(second.page, "Ask for release").click()
    await expect(button(second.page, "Release to the public")).to_be_disabled(timeout=SHOWN_MS)
    await first.go("/alerts")
    await first.page.locator(".alert-row").first.click()
    await button(first.page, "Release to the public").click()
    await first.page.get_by_role("dialog").get_by_role("button", name="Release to the public").click()
    await first.sees("Called off")
    await first.sees("signed by this centre")
    await first.go("/alerts")
    await expect(first.page.get_by_text("No alert is in force.")).to_be_visible(timeout=SHOWN_MS)
    feed = (await centre.nobody.get("/api/public/alerts")).text
    assert feed.count("<entry>") == 2
    assert 'term="Cancel"' in feed


async def test_an_observer_reads_alerts_and_can_do_nothing(centre: RunningCentre, show: Show) -> None:
    author = await centre.person(Role.DUTY_OFFICER)
    now = centre.centre.clock.now()
    await issued(author, await centre.person(Role.SUPERVISOR), now)
    await drafted(author, now)
    screen = await show(Role.OBSERVER)
    await screen.go("/alerts")
    await expect(screen.page.locator(".alert-row")).to_have_count(2, timeout=SHOWN_MS)
    await expect(screen.page.get_by_role("link", name="New alert")).to_have_count(0)
    await screen.page.locator(".alert-row", has_text=re.compile("signed by this centre")).click()
    await screen.sees("As people will read it")
    await expect(screen.page.locator(".alert-actions button, .alert-actions a")).to_have_count(0)
