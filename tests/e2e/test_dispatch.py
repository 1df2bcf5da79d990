"""Units are recommended, ticked and sent from the keyboard, and whoever was slower is told for which unit."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Route, expect
from tests.e2e.conftest import SHOWN_MS, Screen, Show
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, register_unit
from tests.support.people import Person

from markaz.core.permissions import Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.browser


async def units_around(centre: RunningCentre, supervisor: Person, *signs: str) -> dict[str, dict[str, Any]]:
    """Register units, the first nearest to the middle of the south-west, each a kilometre further."""
    device = await centre.person(Role.UNIT_DEVICE)
    made, fixes = {}, []
    for number, sign in enumerate(signs):
        made[sign] = await register_unit(supervisor, sign)
        at = iso(centre.centre.clock.now() - timedelta(seconds=20 * number))
        fixes.append({"unit_id": made[sign]["id"], "lon": 60.5 + 0.012 * (number + 1), "lat": 40.5, "fix_at": at})
    assert (await device.post("/api/units/positions", {"positions": fixes})).status_code == 200
    return made


def header_of(screen: Screen, sign: str) -> Any:
    return screen.page.locator("table.stages").get_by_role("rowheader", name=sign, exact=True)


async def test_recommended_units_are_ticked_and_sent_from_the_keyboard(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor, priority="1")
    await units_around(centre, supervisor, "NEAR", "MIDDLE", "FAR")
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/desk/{incident['id']}")
    await screen.page.keyboard.press("F4")
    near = screen.page.get_by_label("Tick NEAR")
    await expect(near).to_be_focused(timeout=SHOWN_MS)
    await screen.page.keyboard.press("Space")
    await screen.page.keyboard.press("ArrowDown")
    await expect(screen.page.get_by_label("Tick MIDDLE")).to_be_focused()
    await screen.page.keyboard.press("Space")
    await expect(screen.page.get_by_role("button", name="Send 2 units")).to_be_visible()
    await screen.page.keyboard.press("Enter")
    for sign in ("NEAR", "MIDDLE"):
        await expect(header_of(screen, sign)).to_be_visible(timeout=SHOWN_MS)
    (row,) = await centre.rows("SELECT considered, cardinality(taken) AS taken, overridden FROM dispatch_decisions")
    assert (row["considered"], row["taken"], row["overridden"]) == (3, 2, [])


async def test_a_slow_recommendation_takes_no_keys_from_whoever_has_gone_on(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor)
    await units_around(centre, supervisor, "NEAR", "FAR")
    screen = await show(Role.DUTY_OFFICER)
    arrives = asyncio.Event()

    async def be_slow(route: Route) -> None:
        await arrives.wait()
        await route.continue_()

    await screen.context.route("**/recommendations*", be_slow)
    await screen.go(f"/desk/{incident['id']}")
    await screen.page.keyboard.press("F4")
    await screen.page.keyboard.press("f")
    search = screen.page.locator("#units-search")
    await expect(search).to_be_focused()
    arrives.set()
    await expect(screen.page.get_by_label("Tick NEAR")).to_be_visible(timeout=SHOWN_MS)
    await expect(screen.page.locator(".units-note")).to_be_visible(timeout=SHOWN_MS)
    await screen.page.evaluate("new Promise(drawn => setTimeout(() => requestAnimationFrame(drawn), 200))")
    await expect(search).to_be_focused()
    await screen.page.keyboard.type("NEAR")
    await expect(search).to_have_value("NEAR")
    await expect(screen.page.get_by_label("Tick FAR")).to_have_count(0)
    # Asked again, now that the answer is there, it goes to the first of what is left.
    await screen.page.keyboard.press("F4")
    await expect(screen.page.get_by_label("Tick NEAR")).to_be_focused()


async def test_the_list_is_focused_by_an_address_and_a_passed_over_unit_may_get_a_reason(
    centre: RunningCentre, show: Show
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor, priority="3")
    units = await units_around(centre, supervisor, "NEAR", "FAR")
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/desk/{incident['id']}#recommend")
    await expect(screen.page.get_by_label("Tick NEAR")).to_be_focused(timeout=SHOWN_MS)
    await screen.page.keyboard.press("j")
    await expect(screen.page.get_by_label("Tick FAR")).to_be_focused()
    await screen.sees("Suggested but not sent: NEAR")
    await screen.page.keyboard.press("3")
    await screen.page.keyboard.press("Enter")
    await expect(header_of(screen, "FAR")).to_be_visible(timeout=SHOWN_MS)
    (row,) = await centre.rows("SELECT overridden, override_reason FROM dispatch_decisions")
    assert [str(unit_id) for unit_id in row["overridden"]] == [units["NEAR"]["id"]]
    assert row["override_reason"] == "language"


async def test_the_slower_of_two_is_told_which_unit_went_to_whom(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident, other = await open_incident(supervisor, priority="1"), await open_incident(supervisor)
    units = await units_around(centre, supervisor, "NEAR", "FAR")
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/desk/{incident['id']}")
    await screen.page.keyboard.press("F4")
    await expect(screen.page.get_by_label("Tick NEAR")).to_be_focused(timeout=SHOWN_MS)

    async def be_faster(route: Route) -> None:
        await assign(supervisor, other, units["NEAR"])
        await route.continue_()

    await screen.context.route("**/dispatches", be_faster)
    await screen.page.keyboard.press("Enter")
    problem = screen.page.locator(".units .problem")
    await expect(problem).to_contain_text("Nothing was sent", timeout=SHOWN_MS)
    await expect(problem).to_contain_text("NEAR: assigned. Officer supervisor.region was faster")


async def test_units_are_sent_from_the_command_line_on_either_layout_and_taken_back(
    centre: RunningCentre, show: Show
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor)
    await units_around(centre, supervisor, "U17", "U22", "U30")
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/desk")
    says, number = screen.page.locator("#command-says"), incident["number"]
    await screen.page.keyboard.press("/")
    await screen.page.keyboard.type(f"a {number} U17 U22")
    await expect(says).to_contain_text(f"Send U17, U22 to {number}", timeout=SHOWN_MS)
    await screen.page.keyboard.press("Enter")
    for sign in ("U17", "U22"):
        await expect(header_of(screen, sign)).to_be_visible(timeout=SHOWN_MS)
    await screen.page.keyboard.type(f"ф {number} Г30")  # the same keys on a Russian layout
    await screen.page.keyboard.press("Enter")
    await expect(header_of(screen, "U30")).to_be_visible(timeout=SHOWN_MS)
    await screen.page.keyboard.type("u")
    await expect(says).to_contain_text(f"Withdraw U30 from {number}", timeout=SHOWN_MS)
    await screen.page.keyboard.press("Enter")
    await expect(header_of(screen, "U30")).to_have_count(0, timeout=SHOWN_MS)
    await screen.page.keyboard.type("a 1")
    await expect(says).to_contain_text("Type: a 1042 U17 U22")
