"""The briefing in a browser: two officers hand over by keyboard alone, and a supervisor makes the summary of the day."""

import io
import os
import re
from pathlib import Path

import pypdf
import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Show
from tests.e2e.test_screens import HOSTILE, holds_in_both_sizes
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, reach, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.summaries import half_a_day_ago

from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_centre_with: OpenCentre) -> RunningCentre:
    return await open_centre_with(summary_day_starts_at=half_a_day_ago())


SHOTS = os.environ.get("MARKAZ_TEST_SHOTS")  # a folder for pictures to look at


async def a_night(centre: RunningCentre) -> list[dict[str, object]]:
    supervisor = await centre.person(Role.SUPERVISOR)
    incidents = []
    for n, category in enumerate(("theft", "death", "road_crash", "missing_person", "theft")):
        incident = await open_incident(supervisor, (Land.WEST_SOUTH, Land.EAST_NORTH)[n % 2], category=category)
        if n < 3:
            unit = await register_unit(supervisor, f"P-{n}", Land.REGION)
            incident = await reach(supervisor, await assign(supervisor, incident, unit), unit, "on_scene")
        incidents.append(incident)
    return incidents


async def test_two_officers_hand_over_by_keyboard_alone(centre: RunningCentre, show: Show) -> None:
    await a_night(centre)
    outgoing = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION), login="first")
    incoming = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION), login="second")
    one = await show(person=outgoing)
    await one.go("/briefing")
    page = one.page
    await expect(page.get_by_text("Lines still to be filled in: 4")).to_be_visible(timeout=SHOWN_MS)
    await page.get_by_role("group", name="Persons brought in").get_by_label("Count").focus()
    for count in ("0", "3", "12", "9"):
        await page.keyboard.type(count)
        await page.keyboard.press("Tab")  # to the remark
        await page.keyboard.press("Tab")  # to the next count
    sign = page.get_by_role("button", name="I hand over: sign")
    await expect(sign).to_be_enabled(timeout=SHOWN_MS)
    await sign.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nobody has begun to take over.")).to_be_visible(timeout=SHOWN_MS)

    two = await show(person=incoming)
    await two.go("/briefing")
    await two.page.get_by_role("link", name="Take over").focus()
    await two.page.keyboard.press("Enter")
    await expect(two.page.get_by_text("0 of 9")).to_be_visible(timeout=SHOWN_MS)
    await expect(two.page.locator(".look-mark")).to_contain_text("Shown to Officer second at ")
    accept = two.page.get_by_role("button", name="I take over: sign")
    await expect(accept).to_be_disabled()
    await two.page.locator("main").focus()
    for n in range(1, 10):
        await two.page.keyboard.press("Space")
        await expect(two.page.get_by_text(f"{n} of 9", exact=True)).to_be_visible(timeout=SHOWN_MS)
    await two.page.keyboard.press("KeyK")
    await expect(accept).to_be_enabled()
    late = await open_incident(outgoing)
    await accept.focus()
    await two.page.keyboard.press("Enter")
    await expect(two.page.get_by_role("alert")).to_contain_text("not acknowledged", timeout=SHOWN_MS)
    await two.page.get_by_role("alert").get_by_role("button", name="Reload").click()
    row = two.page.locator("li.take", has=two.page.get_by_role("link", name=str(late["number"]), exact=True))
    await expect(row).to_contain_text("since the offer", timeout=SHOWN_MS)
    await row.get_by_role("button", name="Acknowledge").click()
    await expect(two.page.get_by_text("10 of 10", exact=True)).to_be_visible(timeout=SHOWN_MS)
    await accept.click()
    await expect(two.page.get_by_text("Signed by both")).to_be_visible(timeout=SHOWN_MS)


async def test_a_supervisor_makes_the_summary_and_takes_it_away(
    centre: RunningCentre, show: Show, tmp_path: Path
) -> None:
    first, *_ = await a_night(centre)
    screen = await show(Role.SUPERVISOR)
    page = screen.page
    day = centre.centre.summaries.today().isoformat()
    await screen.go(f"/briefing/summary?day={day}")
    await expect(page.locator(".fact .figure").first).to_have_text("5", timeout=SHOWN_MS)
    await page.get_by_label("Persons brought in (entered by hand)").fill("2")
    await page.get_by_text("Choose significant incidents").click()
    await page.locator("li label.choice", has_text="Theft").locator("input").last.check()  # the newest stand first
    await page.get_by_label(f"Sentence for {first['number']}").fill("<b>A shop</b> #read without light")
    await page.get_by_role("button", name="Make the summary").click()
    await page.wait_for_url("**/briefing/summary/*")
    await expect(page.get_by_text("<b>A shop</b> #read without light")).to_be_visible(timeout=SHOWN_MS)
    await page.get_by_role("button", name="Check against the log").click()
    await expect(page.get_by_text("the same, to the last figure")).to_be_visible(timeout=SHOWN_MS)
    await page.get_by_role("button", name="What has changed since").click()
    await expect(page.get_by_text("No figure differs.").first).to_be_visible(timeout=SHOWN_MS)
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="PDF").click()
    target = tmp_path / "summary.pdf"
    await (await saved.value).save_as(target)
    text = "".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(target.read_bytes())).pages)
    assert "A shop" in text
    viewer = f"Officer {(await centre.person(Role.SUPERVISOR)).login}"
    assert f"Shown to: {viewer}, " in text
    await expect(page.locator(".look-mark")).to_contain_text(f"Shown to {viewer} at ")
    for sheet in pypdf.PdfReader(io.BytesIO(await page.pdf())).pages:  # what a printer would put on paper
        assert re.search(rf"Printed by {viewer}, .+ \(UTC[+-]\d\d:\d\d\)", sheet.extract_text())
    await page.locator("tr", has_text="Theft").get_by_role("link").first.click()
    await page.wait_for_url("**/incidents?**category=theft**")
    await expect(page.locator("tbody tr")).to_have_count(2, timeout=SHOWN_MS)


@pytest.mark.parametrize(
    ("language", "make", "said"),
    [
        ("en", "Make the summary", "holds the name of a person"),
        ("ru", "Составить сводку", "есть имя лица"),
        ("uz-Latn", "Maʼlumotni tuzish", "shaxsning ismi bor"),
    ],
)
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_sentence_with_a_name_is_not_made_and_the_desk_is_told_which(
    centre: RunningCentre, show: Show, language: str, make: str, said: str, viewport: dict[str, int]
) -> None:
    officer = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(officer, caller={"name": "Каримова Зуҳра"})
    screen = await show(person=officer, viewport=viewport, language=language)
    page = screen.page
    await page.goto(f"{screen.base_url}/briefing/summary?day={centre.centre.summaries.today().isoformat()}")
    await page.locator("details.choose summary").click(timeout=SHOWN_MS * 3)
    await page.locator("li label.choice input").check()
    sentence = page.locator("input.sentence")
    await sentence.fill("Karimovani shifoxonaga olib borishdi")
    await page.get_by_role("button", name=make, exact=True).click()
    await expect(page.locator(".make [role=alert]")).to_contain_text(said)
    await expect(page.locator(".make [role=alert]")).to_contain_text(incident["number"])
    await expect(sentence).to_have_attribute("aria-invalid", "true")
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/sentence-{language}-{viewport['width']}.png")
    await sentence.fill("Bir ayolni shifoxonaga olib borishdi")
    await page.get_by_role("button", name=make, exact=True).click()
    await page.wait_for_url("**/briefing/summary/*", timeout=SHOWN_MS)


@pytest.mark.parametrize("language", ["uz-Latn", "uz-Cyrl", "ru", "en"])
async def test_the_briefing_has_no_serious_accessibility_fault_and_does_not_scroll_sideways(
    centre: RunningCentre, show: Show, language: str
) -> None:
    first, *_ = await a_night(centre)
    supervisor = await centre.person(Role.SUPERVISOR)
    day = centre.centre.summaries.today().isoformat()
    hostile = HOSTILE[:190].strip()
    significant = [{"incident_id": first["id"], "sentence": hostile}]
    body = {"territory_id": int(Land.REGION), "day": day, "significant": significant}
    made = (await supervisor.post("/api/summaries", body)).json()
    outgoing = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    by_hand = [{"kind": "person_held", "count": 2, "since": "2026-01-01T00:00:00Z", "text": hostile}]
    offer = {"territory_id": int(Land.REGION), "shift": "night", "by_hand": by_hand}
    offered = (await outgoing.post("/api/handovers", offer)).json()
    screen = await show(Role.SUPERVISOR, language=language)
    for path in (
        "/briefing/handover",
        f"/briefing/handover/{offered['id']}",
        f"/briefing/summary?day={day}",
        "/briefing/summary?day=2020-01-01",
        f"/briefing/summary/{made['id']}",
    ):
        await screen.page.goto(screen.base_url + path)
        await screen.page.locator("main h2, main h1").first.wait_for(timeout=SHOWN_MS * 3)
        await screen.page.wait_for_timeout(300)
        await holds_in_both_sizes(screen.page, path)
