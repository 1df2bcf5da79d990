"""Every screen of the desk when it is full: an incident with people in it, alarms, an emergency, alerts; none has a serious fault."""

from typing import Any

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Show
from tests.e2e.test_alarms import emergency, overdue
from tests.e2e.test_contents import a_full_incident
from tests.support.alerts import drafted, issued
from tests.support.centre import RunningCentre
from tests.support.desk import assign, register_unit
from tests.support.land import Land
from tests.support.sound import holds

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser


async def a_full_desk(centre: RunningCentre) -> dict[str, Any]:
    """Fill a centre; return the incident with everything in it, an alert that was let out, and one still written."""
    supervisor, other = await centre.person(Role.SUPERVISOR), await centre.person(Role.SUPERVISOR, Land.ROOT)
    incident = await a_full_incident(centre)
    seen = (await supervisor.get(f"/api/incidents/{incident['id']}")).json()["incident"]
    await assign(supervisor, seen, await register_unit(supervisor, "P-1"))
    for priority in ("1", "3"):
        await overdue(centre, 30, priority=priority)
    await emergency(centre)
    now = centre.centre.clock.now()
    released = await issued(supervisor, other, now)
    return {"incident": incident["id"], "alert": released["id"], "draft": (await drafted(supervisor, now))["id"]}


@pytest.mark.parametrize(("language", "viewport"), [("ru", DESKTOP), ("uz-Latn", PHONE)], ids=["ru", "uz-phone"])
async def test_no_full_screen_has_a_serious_accessibility_fault_or_scrolls_sideways(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    full = await a_full_desk(centre)
    screen = await show(Role.SUPERVISOR, viewport=viewport, language=language)
    page = screen.page
    for path, filled in (
        (f"/desk/{full['incident']}", ".parties li"),
        (f"/incidents/{full['incident']}", ".parties li"),
        ("/desk", ".queue-row"),
        ("/incidents", "tbody tr"),
        ("/units", "[role=rowheader]"),
        ("/shifts", "main h1"),
        ("/alerts", ".alert-row"),
        (f"/alerts/{full['alert']}", "main h1"),
        ("/alerts/new", "main form"),
        (f"/alerts/{full['draft']}/edit", "main form"),
        ("/briefing/handover", "main li"),
        ("/briefing/summary", ".fact .figure"),
        ("/territories", "main h1"),
        ("/figures", "main h1"),
    ):
        await page.goto(screen.base_url + path)
        await expect(page.locator(filled).first).to_be_attached(timeout=SHOWN_MS)
        await expect(page.locator(".emergency")).to_be_visible(timeout=SHOWN_MS)
        await holds(page, path)
    await page.locator(".alarm-chip").click()
    await expect(page.locator(".alarm-row").nth(2)).to_be_visible(timeout=SHOWN_MS)
    await holds(page, "the alarms")
