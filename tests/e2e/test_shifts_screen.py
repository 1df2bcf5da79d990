"""The shifts screen: a supervisor plans, puts people on units, sees who is not logged on yet, and confirms a swap."""

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Show
from tests.e2e.test_units_screen import a_running_shift, an_officer, look
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import register_unit
from tests.support.land import Land
from tests.support.sound import holds

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser


async def test_a_shift_is_planned_and_people_are_put_on_units(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    await register_unit(supervisor, "P-7", available=False)
    officer = await an_officer(centre)
    screen = await show(Role.SUPERVISOR)
    await screen.go("/shifts")
    page = screen.page
    await page.get_by_role("button", name="The day after").click()
    await page.get_by_role("button", name="Plan a shift").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("evening shift").check()
    await dialog.get_by_role("button", name="Plan").click()
    await expect(page.locator(".shift-card")).to_contain_text("Nobody stands in this shift yet", timeout=SHOWN_MS)
    await page.locator(".shift-card select").nth(0).select_option("P-7")
    await page.locator(".shift-card select").nth(1).select_option(f"Officer {officer.login}")
    await page.get_by_role("button", name="Add").press("Enter")
    unit = page.locator(".roster-unit")
    await expect(unit).to_contain_text(f"Officer {officer.login}", timeout=SHOWN_MS)
    await expect(unit).not_to_contain_text("not logged on yet")
    assert len(await centre.rows("SELECT FROM roster")) == 1
    await page.get_by_role("button", name=f"Take Officer {officer.login} off P-7").click()
    await expect(unit).to_have_count(0, timeout=SHOWN_MS)
    assert not await centre.rows("SELECT FROM roster")


async def test_who_is_not_logged_on_shows_until_they_are(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    unit = await register_unit(supervisor, "P-7", available=False)
    here, late = await an_officer(centre), await an_officer(centre)
    shift_id = await a_running_shift(centre, supervisor)
    entries = [{"unit_id": unit["id"], "account_id": str(one.id)} for one in (here, late)]
    planned = await supervisor.send("PUT", f"/api/shifts/{shift_id}/roster", {"version": 1, "entries": entries})
    assert planned.status_code == 200
    await log_on(here, unit)
    desk = await show(Role.DUTY_OFFICER)
    await desk.go("/shifts")
    await expect(desk.page.locator(".not-on")).to_have_count(1, timeout=SHOWN_MS)
    await expect(desk.page.locator("li").filter(has=desk.page.locator(".not-on"))).to_contain_text(late.login)
    # Looking is the desk's right, planning is not.
    await expect(desk.page.get_by_role("button", name="Plan a shift")).to_have_count(0)
    await expect(desk.page.get_by_role("button", name="Add")).to_have_count(0)


@pytest.mark.parametrize(("language", "viewport"), [("en", DESKTOP), ("uz-Cyrl", PHONE)], ids=["desktop", "phone"])
async def test_a_swap_is_confirmed_in_every_size(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    units = [await register_unit(supervisor, f"P-{number}", available=False) for number in range(4)]
    people = [await an_officer(centre) for _ in range(5)]
    shift_id = await a_running_shift(centre, supervisor)
    entries = [{"unit_id": units[n]["id"], "account_id": str(people[n].id)} for n in range(4)]
    await supervisor.send("PUT", f"/api/shifts/{shift_id}/roster", {"version": 1, "entries": entries})
    await centre.as_owner("UPDATE shifts SET starts_at = starts_at + interval '90 minutes'")
    asked = await people[0].post("/api/roster-swaps", {"shift_id": shift_id, "to": str(people[4].id)})
    swap = f"/api/roster-swaps/{asked.json()['id']}"
    assert (await people[4].post(f"{swap}/steps", {"version": 1, "step": "accepted"})).status_code == 200
    await centre.as_owner("UPDATE shifts SET starts_at = starts_at - interval '90 minutes'")
    screen = await show(Role.SUPERVISOR, viewport=viewport, language=language)
    await screen.page.goto(f"{screen.base_url}/shifts")
    await screen.page.locator(".swap .is-primary").wait_for(timeout=SHOWN_MS * 3)
    await screen.page.locator(".roster-unit").first.wait_for(timeout=SHOWN_MS)
    await holds(screen.page, "/shifts")
    await look(screen.page, f"shifts-{'phone' if viewport is PHONE else 'wide'}-{language}")
    await screen.page.locator(".swap .is-primary").click()
    await expect(screen.page.locator(".roster")).to_contain_text(people[4].login, timeout=SHOWN_MS)
    await expect(screen.page.locator(".swap .is-primary")).to_have_count(0)
