"""Two people in two browsers see the same live picture, without reloading."""

import pytest
from playwright.async_api import Locator, Route, expect
from tests.e2e.conftest import SHOWN_MS, Screen, Show
from tests.support.centre import RunningCentre
from tests.support.desk import register_unit
from tests.support.land import Land

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser


async def open_by_form(screen: Screen, coordinates: str = "40.50000, 60.50000") -> None:
    page = screen.page
    await page.keyboard.press("n")
    await page.locator(".place-field input").fill(coordinates)
    await page.locator(".place-menu [role=option]").first.wait_for(timeout=SHOWN_MS)
    await page.keyboard.press("Enter")
    await page.locator("#call-category").fill("theft")
    await page.keyboard.press("Enter")
    await page.locator('.priorities input[value="3"]').wait_for(timeout=SHOWN_MS)
    await page.get_by_label("Name").fill("Synthetic Caller")
    await page.get_by_role("button", name="Open incident").click()
    await page.get_by_role("heading", name="Units on this incident").wait_for(timeout=SHOWN_MS)


def assign_button(screen: Screen, call_sign: str) -> Locator:
    return screen.page.locator(".unit-row", has_text=call_sign).get_by_role("button")


async def test_each_step_in_one_browser_is_shown_in_the_other(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    await register_unit(supervisor, "P-17")
    first = await show(Role.DUTY_OFFICER)
    second = await show(Role.SUPERVISOR)
    await first.go("/desk")
    await second.go("/desk")
    await expect(second.page.get_by_text("No open incidents.")).to_be_visible(timeout=SHOWN_MS)

    await open_by_form(first)
    row = second.page.locator(".queue").get_by_text("Theft").first
    await row.wait_for(timeout=SHOWN_MS)
    await row.click()

    await assign_button(first, "P-17").click()
    stages = second.page.locator("table.stages")
    await expect(stages.get_by_role("rowheader", name="P-17")).to_be_visible(timeout=SHOWN_MS)
    for step in ("En route", "On scene", "Cleared"):
        await first.page.locator("table.stages").get_by_role("button", name=step, exact=True).click()
        column = ["Unit", "assigned", "en route", "on scene", "cleared"].index(step.lower())
        cell = stages.locator("tbody tr").first.locator("td").nth(column - 1)
        await expect(cell.locator("time")).to_be_visible(timeout=SHOWN_MS)

    await first.page.get_by_role("button", name="Close", exact=True).click()
    dialog = first.page.get_by_role("dialog")
    await dialog.get_by_role("radio", name="Resolved on scene").check()
    await dialog.get_by_role("button", name="Close incident").click()
    await expect(second.page.get_by_text("No open incidents.")).to_be_visible(timeout=SHOWN_MS)
    await second.sees("closed")


async def test_whoever_is_second_to_send_a_unit_is_told_who_was_faster(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    unit = await register_unit(supervisor, "P-18")
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/desk")
    await open_by_form(screen)
    button = assign_button(screen, "P-18")
    await button.wait_for(timeout=SHOWN_MS)

    async def be_faster(route: Route) -> None:
        """Let the other's act be done after the click and before it arrives."""
        answer = await supervisor.post(
            f"/api/units/{unit['id']}/status", {"status": "busy", "version": unit["version"]}
        )
        assert answer.status_code == 200
        await route.continue_()

    await screen.context.route("**/dispatches", be_faster)
    await button.click()
    await screen.sees("Officer supervisor.region")


async def test_a_district_officer_sees_nothing_of_another_district(centre: RunningCentre, show: Show) -> None:
    west = await show(Role.DUTY_OFFICER, Land.WEST)
    east = await show(Role.DUTY_OFFICER, Land.EAST)
    await west.go("/desk")
    await east.go("/desk")
    await open_by_form(west)
    await open_by_form(east, "40.50000, 61.50000")
    await east.go("/desk")
    await expect(east.page.locator(".queue li")).to_have_count(1, timeout=SHOWN_MS)


async def test_eight_tabs_share_one_stream_and_stay_usable(centre: RunningCentre, show: Show) -> None:
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/desk")
    tabs = [screen.page]
    for _ in range(7):
        page = await screen.context.new_page()
        await page.goto(screen.base_url + "/desk")
        await page.get_by_text("live").first.wait_for(timeout=SHOWN_MS * 3)
        tabs.append(page)
    assert centre.centre.hub.recipients == 1
    last = Screen(tabs[-1], screen.context, screen.base_url)
    await open_by_form(last)
    for page in tabs[:-1]:
        await page.locator(".queue").get_by_text("Theft").first.wait_for(timeout=SHOWN_MS)
    await tabs[0].close()  # the one that held the stream
    await open_by_form(Screen(tabs[3], screen.context, screen.base_url), "41.50000, 60.50000")
    for page in tabs[4:]:
        await expect(page.locator(".queue li")).to_have_count(2, timeout=SHOWN_MS * 2)
