"""Owners on the screen: handed on by name, asked about at sign-out, seen in the queue; and a unit swapped from the card."""

import asyncio

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import SHOWN_MS, Show
from tests.e2e.test_units_screen import look
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, register_unit
from tests.support.sound import holds

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser


async def test_an_incident_is_handed_on_by_name_and_the_queue_says_whose_it_is(
    centre: RunningCentre, show: Show
) -> None:
    owner, colleague = await centre.person(Role.DUTY_OFFICER), await centre.person(Role.SUPERVISOR)
    incident = await open_incident(owner)
    screen, other = await show(Role.DUTY_OFFICER), await show(Role.SUPERVISOR)
    await other.go("/desk")
    await screen.go(f"/desk/{incident['id']}")
    row = screen.page.locator(".queue-row")
    await expect(row).to_contain_text("you", timeout=SHOWN_MS)
    await screen.page.get_by_role("button", name="More").click()
    await screen.page.get_by_role("menuitem", name="Hand on…").click()
    dialog = screen.page.get_by_role("dialog")
    choice = dialog.get_by_role("radio", name=f"Officer {colleague.login}")
    await expect(dialog).to_contain_text("at the desk", timeout=SHOWN_MS)
    await choice.check()
    await holds(screen.page, "handing on")
    await look(screen.page, "hand-on")
    await screen.page.keyboard.press("Enter")
    await expect(row).to_contain_text(f"Officer {colleague.login}", timeout=SHOWN_MS)
    await expect(other.page.locator(".queue-row")).to_contain_text("you", timeout=SHOWN_MS)
    await look(screen.page, "card-buttons")


async def test_whoever_signs_out_owning_incidents_is_asked_first(centre: RunningCentre, show: Show) -> None:
    owner = await centre.person(Role.DUTY_OFFICER)
    for _ in range(3):
        await open_incident(owner)
    screen = await show(Role.DUTY_OFFICER, person=owner)
    await screen.go("/desk")
    await expect(screen.page.locator(".queue-row")).to_have_count(3, timeout=SHOWN_MS)
    await screen.page.get_by_role("button", name="Sign out").click()
    dialog = screen.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("You own 3 open incidents")
    await holds(screen.page, "leaving")
    await look(screen.page, "leave")
    await dialog.get_by_role("button", name="Stay").click()
    await expect(screen.page.locator(".queue-row")).to_have_count(3)
    await screen.page.get_by_role("button", name="Sign out").click()
    await dialog.get_by_role("button", name="Sign out all the same").click()
    await expect(screen.page.get_by_label("Password")).to_be_visible(timeout=SHOWN_MS)
    # The stream ends with the session, so that the page may be back at its beginning while the same request lets go.
    owned = "SELECT FROM incidents WHERE owner_id IS NOT NULL"
    for _ in range(200):
        if not await centre.rows(owned):
            break
        await asyncio.sleep(0.05)
    assert not await centre.rows(owned)


async def test_a_unit_that_has_not_arrived_is_swapped_for_a_free_one(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor)
    first, second = await register_unit(supervisor, "U17"), await register_unit(supervisor, "U22")
    await assign(supervisor, incident, first)
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/desk/{incident['id']}")
    await screen.page.locator(".unit-actions summary").click(timeout=SHOWN_MS)
    await screen.page.get_by_label("send", exact=True).fill("u22")
    await screen.page.get_by_role("button", name="Swap").click()
    await expect(screen.page.locator("table.stages").get_by_role("rowheader", name="U22")).to_be_visible(
        timeout=SHOWN_MS
    )
    (row,) = await centre.rows("SELECT status FROM units WHERE id = $1", second["id"])
    assert row["status"] == "assigned"
    (row,) = await centre.rows("SELECT status FROM units WHERE id = $1", first["id"])
    assert row["status"] == "available"
