"""What was written on paper is entered late from the console, by keyboard: a sending, its stages, a closing, and work that is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, expect
from tests.e2e.conftest import EACH_LANGUAGE, SHOWN_MS, Screen, Show
from tests.e2e.test_dispatch import units_around
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident
from tests.support.late import clock_of, enter_closing, enter_finished, enter_sending, enter_stage
from tests.support.sound import holds

from markaz.core.permissions import Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.browser


def ago(minutes: int) -> datetime:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(second=0, microsecond=0)


def cell(screen: Screen, sign: str, at: datetime) -> Locator:
    head = screen.page.get_by_role("rowheader", name=sign, exact=True)
    row: Locator = screen.page.locator("table.stages tr").filter(has=head)
    return row.locator("td").filter(has_text=clock_of(at))


async def stated(centre: RunningCentre, type_: str) -> list[Any]:
    return await centre.rows(
        "SELECT occurred_at, occurred_source FROM events WHERE type = $1 ORDER BY seq", f"incident.{type_}/1"
    )


async def test_a_sending_its_stages_and_the_closing_are_entered_from_paper(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor, occurred_at=iso(ago(120)), entered_via="paper")
    await units_around(centre, supervisor, "NEAR")
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/desk/{incident['id']}")
    times = {"assigned": ago(90), "en_route": ago(88), "on_scene": ago(80), "cleared": ago(60), "closed": ago(55)}
    await enter_sending(screen.page, "NEAR", times["assigned"])
    for stage in ("en_route", "on_scene", "cleared"):
        await enter_stage(screen.page, "NEAR", stage, times[stage])
    for stage in ("assigned", "en_route", "on_scene", "cleared"):
        await expect(cell(screen, "NEAR", times[stage]).locator(".late-mark")).to_be_visible(timeout=SHOWN_MS)
    await enter_closing(screen.page, "Resolved on scene", times["closed"])
    notice = screen.page.locator(".notice", has_text="Closed: Resolved on scene")
    await expect(notice.locator(".late-mark")).to_be_visible(timeout=SHOWN_MS)
    marks = screen.page.locator(".timeline .corrected-by", has_text="entered late (paper")
    await expect(marks).to_have_count(6)  # the call, the sending, its three stages and the closing
    for type_, expected in (("unit_assigned", [times["assigned"]]), ("closed", [times["closed"]])):
        rows = await stated(centre, type_)
        assert [(row["occurred_at"], row["occurred_source"]) for row in rows] == [(at, "paper") for at in expected]


async def test_work_that_is_over_is_entered_for_a_unit_that_is_busy_by_now(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor, occurred_at=iso(ago(120)), entered_via="paper")
    elsewhere = await open_incident(supervisor)
    units = await units_around(centre, supervisor, "BUSY")
    await assign(supervisor, elsewhere, units["BUSY"])
    screen = await show(Role.DUTY_OFFICER)
    await screen.go(f"/desk/{incident['id']}")
    times = {"assigned": ago(90), "on_scene": ago(80), "cleared": ago(60)}
    await enter_finished(screen.page, "busy", times)
    for at in times.values():
        await expect(cell(screen, "BUSY", at).locator(".late-mark")).to_be_visible(timeout=SHOWN_MS)
    row = (await centre.rows("SELECT status, incident_id FROM units"))[0]
    assert (row["status"], str(row["incident_id"])) == ("assigned", elsewhere["id"])
    # The same paper typed a second time is refused, and nothing typed is lost.
    await enter_finished(screen.page, "busy", times, is_refused=True)
    dialog = screen.page.get_by_role("dialog")
    await expect(dialog.get_by_role("alert")).to_contain_text(f"BUSY was working for incident {incident['number']}")
    await expect(dialog.get_by_label("Unit: call sign")).to_have_value("busy")


@EACH_LANGUAGE
async def test_what_is_folded_out_has_no_serious_fault_and_fits(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor, occurred_at=iso(ago(120)), entered_via="paper")
    units = await units_around(centre, supervisor, "NEAR")
    screen = await show(Role.DUTY_OFFICER, viewport=viewport, language=language)
    page, dialog = screen.page, screen.page.get_by_role("dialog")

    await page.goto(f"{screen.base_url}/desk/{incident['id']}")
    await page.locator("section[aria-labelledby=stages-title] > button").click()
    await dialog.locator("input").first.fill("near")
    await holds(page, "a late sending", "[role=dialog]")
    await page.keyboard.press("Escape")
    await page.locator(".card-close").click()
    await dialog.locator("button[aria-expanded]").click()
    await holds(page, "a late closing", "[role=dialog]")
    await page.keyboard.press("Escape")
    await page.keyboard.press("F4")
    await page.locator(f"#tick-{units['NEAR']['id']}").focus()
    await page.keyboard.press("l")
    await expect(page.locator(".send-bar select")).to_be_focused()
    await holds(page, "the times of a sending", ".send-bar")
