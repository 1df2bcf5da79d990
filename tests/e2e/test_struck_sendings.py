"""A finished sending typed for the wrong unit is struck out from the console, by keyboard, while that unit works elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Show
from tests.e2e.test_dispatch import units_around
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident
from tests.support.late import clock_of, enter_finished, header
from tests.support.sound import holds

from markaz.core.permissions import Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.browser

WHY = "the paper says WEST"


def ago(minutes: int) -> datetime:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(second=0, microsecond=0)


@pytest.mark.parametrize(("viewport", "language"), [(DESKTOP, "en"), (PHONE, "en")], ids=["desktop", "phone"])
async def test_it_goes_and_stays_struck_through_in_the_table_and_the_timeline(
    centre: RunningCentre, show: Show, viewport: dict[str, int], language: str
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor, occurred_at=iso(ago(120)), entered_via="paper")
    elsewhere = await open_incident(supervisor)
    units = await units_around(centre, supervisor, "EAST")
    await assign(supervisor, elsewhere, units["EAST"])
    screen = await show(Role.DUTY_OFFICER, viewport=viewport, language=language)
    page, dialog = screen.page, screen.page.get_by_role("dialog")
    await screen.go(f"/desk/{incident['id']}")
    times = {"assigned": ago(90), "on_scene": ago(80), "cleared": ago(60)}
    await enter_finished(page, "east", times)
    await page.locator("table.stages").get_by_role("button", name="Strike out… EAST").focus(timeout=SHOWN_MS)
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Strike out", exact=True)).to_be_disabled()
    await dialog.get_by_label("Reason").focus()
    await page.keyboard.type(WHY)
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0, timeout=SHOWN_MS)
    struck = page.locator("table.stages tr.is-struck")
    await expect(struck).to_have_count(1, timeout=SHOWN_MS)
    await expect(header(page, "EAST")).to_have_css("text-decoration-line", "line-through")
    for at in times.values():
        await expect(struck.locator("time", has_text=clock_of(at))).to_have_css("text-decoration-line", "line-through")
    await expect(page.locator("table.stages .corrected-by")).to_contain_text(WHY)
    old = page.locator("table.timeline tr.is-struck", has_text="EAST")
    await expect(old).to_have_count(3)
    await expect(old.first).to_contain_text("struck out by")
    await expect(page.locator("table.timeline tr", has_text="Finished sending struck out")).to_contain_text(WHY)
    await expect(page.get_by_role("button", name="Strike out…")).to_have_count(0)
    row = (await centre.rows("SELECT status, incident_id FROM units"))[0]
    assert (row["status"], str(row["incident_id"])) == ("assigned", elsewhere["id"])
    await holds(page, "a struck sending", "section[aria-labelledby=stages-title]")
