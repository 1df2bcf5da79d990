"""Help between neighbours on the screen: asked for, answered with a unit or a reason, called back; overdue first."""

from datetime import timedelta

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Show
from tests.e2e.test_units_screen import look
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, register_unit
from tests.support.land import Land
from tests.support.sound import holds

from markaz.core.permissions import Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.browser


async def test_a_unit_is_asked_for_lent_and_called_back(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    await register_unit(supervisor, "P-12", Land.WEST)
    east, west = await show(Role.DUTY_OFFICER, Land.EAST), await show(Role.DUTY_OFFICER, Land.WEST)
    await east.go("/units/aid")
    await east.page.get_by_role("button", name="Ask a neighbour").click()
    dialog = east.page.get_by_role("dialog")
    # The neighbour lies outside what this desk sees otherwise, and still has its name.
    await dialog.locator("select").nth(0).select_option(str(int(Land.WEST)))
    await look(east.page, "aid-ask")
    await dialog.get_by_role("button", name="Ask", exact=True).click()
    await expect(east.page.get_by_role("region", name="We ask")).to_contain_text(
        "waits for an answer", timeout=SHOWN_MS
    )
    await west.go("/units/aid")
    await west.page.get_by_role("button", name="Answer").click(timeout=SHOWN_MS)
    answer = west.page.get_by_role("dialog")
    await answer.get_by_label("P-12").check()
    await answer.get_by_role("button", name="Lend").press("Enter")
    lent = west.page.get_by_role("region", name="Lent now")
    await expect(lent).to_contain_text("P-12", timeout=SHOWN_MS)
    await expect(west.page.get_by_role("region", name="Asked of us")).to_contain_text("met")
    assert (await centre.rows("SELECT territory_id FROM units"))[0]["territory_id"] == Land.EAST
    await lent.get_by_role("button", name="Call back").click()
    await expect(lent).to_contain_text("No unit is lent", timeout=SHOWN_MS)
    assert (await centre.rows("SELECT territory_id FROM units"))[0]["territory_id"] == Land.WEST


@pytest.mark.parametrize(("language", "viewport"), [("en", DESKTOP), ("uz-Cyrl", PHONE)], ids=["desktop", "phone"])
async def test_what_is_overdue_stands_first_and_a_request_is_refused_with_a_reason(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR, Land.REGION)
    desk, other = await centre.person(Role.DUTY_OFFICER, Land.WEST), await centre.person(Role.DUTY_OFFICER, Land.EAST)
    until = iso(centre.centre.clock.now() + timedelta(hours=2))
    for sign in ("A-1", "Z-9"):
        unit = await register_unit(supervisor, sign, Land.WEST)
        body = {"to_territory": int(Land.EAST), "until": until, "version": unit["version"]}
        assert (await desk.post(f"/api/units/{unit['id']}/loan", body)).status_code == 200
    # One that is free goes home by itself when its time is over; this one still works for somebody.
    await assign(other, await open_incident(other, Land.EAST_NORTH), unit)
    await centre.as_owner("UPDATE units SET lent_until = lent_until - interval '3 hours' WHERE call_sign = 'Z-9'")
    ask = {"territory_id": int(Land.EAST), "from_territory": int(Land.WEST), "kind": "patrol_car", "count": 2}
    asked = await other.post("/api/aid-requests", ask | {"until": until, "reason": "major_incident"})
    assert asked.status_code == 201
    screen = await show(Role.DUTY_OFFICER, Land.WEST, viewport=viewport, language=language)
    await screen.page.goto(f"{screen.base_url}/units/aid")
    first = screen.page.locator(".aid section").nth(2).locator("li").first
    await expect(first).to_contain_text("Z-9", timeout=SHOWN_MS * 3)
    await holds(screen.page, "/units/aid")
    await look(screen.page, f"aid-{'phone' if viewport is PHONE else 'wide'}-{language}")
    await screen.page.locator(".swap .is-primary").click()
    dialog = screen.page.get_by_role("dialog")
    await dialog.get_by_role("radio").last.check()
    await holds(screen.page, "an answer")
    await dialog.locator(".is-primary").click()
    await expect(dialog).to_have_count(0, timeout=SHOWN_MS)
    assert (await centre.rows("SELECT state, refusal FROM aid_requests"))[0]["refusal"] == "other"
