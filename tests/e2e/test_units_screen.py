"""The units screen: a crew that reports by radio is logged on, named, given a status with its reason, and logged off."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Screen, Show
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import open_incident, register_unit
from tests.support.land import Land
from tests.support.people import Person
from tests.support.sound import holds

from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("MARKAZ_TEST_SHOTS")  # a folder for pictures to look at


async def look(page: Page, name: str) -> None:
    """Keep a picture when asked to."""
    if SHOTS:
        await page.wait_for_timeout(300)
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


async def an_officer(centre: RunningCentre, territory: Land = Land.WEST) -> Person:
    return await centre.newcomer(Grant(Role.UNIT_OFFICER, territory))


async def a_running_shift(centre: RunningCentre, supervisor: Person, territory: Land = Land.WEST) -> str:
    """Plan tomorrow's shift and let it run now: a shift of the profile cannot be planned for this very minute."""
    day = (centre.centre.clock.now() + timedelta(days=1)).date().isoformat()
    body = {"territory_id": int(territory), "name": "morning", "day": day}
    answer = await supervisor.post("/api/shifts", body)
    assert answer.status_code == 201, answer.text
    now = centre.centre.clock.now()
    await centre.as_owner(
        "UPDATE shifts SET starts_at = $1, ends_at = $2", now - timedelta(hours=1), now + timedelta(hours=7)
    )
    shift_id: str = answer.json()["id"]
    return shift_id


def panel(screen: Screen) -> Any:
    return screen.page.locator(".unit-panel")


async def test_a_crew_that_reports_by_radio_is_logged_on_and_off_by_keyboard(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    unit = await register_unit(supervisor, "P-7", available=False)
    officer = await an_officer(centre)
    shift_id = await a_running_shift(centre, supervisor)
    roster = {"version": 1, "entries": [{"unit_id": unit["id"], "account_id": str(officer.id)}]}
    assert (await supervisor.send("PUT", f"/api/shifts/{shift_id}/roster", roster)).status_code == 200
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/units")
    await expect(screen.page.get_by_role("button", name="P-7", exact=True)).to_be_visible(timeout=SHOWN_MS)
    keys = screen.page.keyboard
    await keys.press("j")
    await keys.press("Enter")
    await expect(panel(screen)).to_contain_text("Nobody is logged on", timeout=SHOWN_MS)
    await keys.press("l")
    dialog = screen.page.get_by_role("dialog")
    # Who stands in the roster of this unit is proposed.
    await expect(dialog.get_by_role("checkbox", name=f"Officer {officer.login}")).to_be_checked(timeout=SHOWN_MS)
    await dialog.get_by_label("People on the unit").fill("3")
    await dialog.get_by_label("Vehicle").fill("10 A 123")
    await dialog.get_by_label("first aid").check()
    await look(screen.page, "log-on")
    await keys.press("Enter")
    await expect(dialog).to_have_count(0, timeout=SHOWN_MS)
    for text in (f"Officer {officer.login}", "and 2 more, not named", "10 A 123", "first aid", "morning shift"):
        await expect(panel(screen)).to_contain_text(text, timeout=SHOWN_MS)
    (row,) = await centre.rows(
        "SELECT crew_size, vehicle, skills, shift_id FROM unit_logons WHERE logged_off_at IS NULL"
    )
    assert (row["crew_size"], row["vehicle"], row["skills"]) == (3, "10 A 123", ["medical_aid"])
    assert str(row["shift_id"]) == shift_id
    await keys.press("l")
    await expect(screen.page.get_by_role("dialog")).to_contain_text("Log off P-7")
    await screen.page.get_by_role("dialog").get_by_role("button", name="Log off").press("Enter")
    await expect(panel(screen)).to_contain_text("Nobody is logged on", timeout=SHOWN_MS)
    assert not await centre.rows("SELECT FROM unit_logons WHERE logged_off_at IS NULL")


async def test_who_is_on_another_unit_is_refused_in_words_that_name_it(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    first, second = [await register_unit(supervisor, sign, available=False) for sign in ("P-1", "P-2")]
    officer = await an_officer(centre)
    await a_running_shift(centre, supervisor)
    await log_on(officer, first)
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/units?unit={second['id']}")
    await panel(screen).get_by_role("button", name="Log on").click()
    dialog = screen.page.get_by_role("dialog")
    await dialog.get_by_role("checkbox", name=f"Officer {officer.login}").check(timeout=SHOWN_MS)
    await dialog.get_by_role("button", name="Log on").click()
    await expect(dialog).to_contain_text("Already logged on to P-1", timeout=SHOWN_MS)


async def test_a_busy_unit_says_why_and_a_free_one_is_not_asked(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    await register_unit(supervisor, "P-7")
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/units")
    row = screen.page.get_by_role("row").filter(has_text="P-7")
    await row.get_by_role("button", name="Set the status").click()
    await screen.page.get_by_role("menuitem", name="busy").click()
    dialog = screen.page.get_by_role("dialog")
    await dialog.get_by_label("meal").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("meal", timeout=SHOWN_MS)
    await row.get_by_role("button", name="Set the status").click()
    await screen.page.get_by_role("menuitem", name="available").click()
    await expect(row).not_to_contain_text("meal", timeout=SHOWN_MS)
    assert (await centre.rows("SELECT status, status_reason FROM units"))[0]["status_reason"] is None


async def test_a_supervisor_registers_a_unit_and_an_officer_has_no_such_button(
    centre: RunningCentre, show: Show
) -> None:
    desk = await show(Role.DUTY_OFFICER)
    await desk.go("/units")
    await expect(desk.page.get_by_role("button", name="Register a unit")).to_have_count(0)
    screen = await show(Role.SUPERVISOR)
    await screen.go("/units")
    await screen.page.keyboard.press("r")
    dialog = screen.page.get_by_role("dialog")
    await dialog.get_by_label("Call sign").fill("PA-99")
    await dialog.get_by_role("combobox", name="Territory").fill("west")
    await screen.page.locator(".popover [role=option]").first.click()
    await dialog.get_by_role("button", name="Register").click()
    await expect(panel(screen)).to_contain_text("PA-99", timeout=SHOWN_MS)
    assert (await centre.rows("SELECT status FROM units WHERE call_sign = 'PA-99'"))[0]["status"] == "off_duty"


async def test_o_takes_over_and_x_opens_the_outcome_from_the_command_line(centre: RunningCentre, show: Show) -> None:
    owner = await centre.person(Role.SUPERVISOR)
    incident, other = await open_incident(owner), await open_incident(owner)
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/desk/{other['id']}")
    keys = screen.page.keyboard
    await keys.press("/")
    await keys.type(f"o {incident['number']}")
    await expect(screen.page.locator("#command-says")).to_contain_text("Take", timeout=SHOWN_MS)
    await keys.press("Enter")
    await expect(screen.page.locator(".card-head .owner-mark")).to_contain_text("you", timeout=SHOWN_MS)
    await expect(screen.page.locator(".card-head")).to_contain_text(incident["number"])
    await keys.type(f"x {other['number']}")
    await keys.press("Enter")
    dialog = screen.page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"{other['number']}", timeout=SHOWN_MS)
    await expect(dialog.get_by_role("radio").first).to_be_visible()


@pytest.mark.parametrize(("language", "viewport"), [("en", DESKTOP), ("uz-Cyrl", PHONE)], ids=["desktop", "phone"])
async def test_units_hold_in_every_size(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    units = [await register_unit(supervisor, f"P-{number}", available=number % 2 == 0) for number in range(30)]
    officers = [await an_officer(centre) for _ in range(3)]
    await a_running_shift(centre, supervisor)
    await log_on(
        supervisor, units[1], *officers, crew_size=4, vehicle="10 A 123", skills=["dog", "armed", "negotiator"]
    )
    screen = await show(Role.SUPERVISOR, viewport=viewport, language=language)
    size = "phone" if viewport is PHONE else "wide"
    await screen.page.goto(f"{screen.base_url}/units")
    await screen.page.locator(".unit-open").first.wait_for(timeout=SHOWN_MS * 3)
    await holds(screen.page, "/units")
    await look(screen.page, f"units-{size}-{language}")
    await screen.page.goto(f"{screen.base_url}/units?unit={units[1]['id']}")
    await screen.page.locator(".unit-panel .plain-list").wait_for(timeout=SHOWN_MS * 3)
    await holds(screen.page, "a unit")
    await look(screen.page, f"unit-{size}-{language}")
    await screen.page.keyboard.press("l")
    await screen.page.get_by_role("dialog").wait_for(timeout=SHOWN_MS)
    await holds(screen.page, "logging off")
