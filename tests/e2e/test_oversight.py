"""Oversight in a browser: a verdict by keyboard without a name in sight, and "who looked at me?" from intake to letter."""

import asyncio
import io
import os
from pathlib import Path

import pypdf
import pytest
from playwright.async_api import Page, expect
from tests.e2e.conftest import PHONE, SHOWN_MS, Screen, Show
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.oversight import correction_ordered, delayed, judged, look_at, made_alone, make_case, seen_request
from tests.support.sound import barriers

from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser
NUMBER = "+998 90 123 45 67"


SHOTS = os.environ.get("MARKAZ_TEST_SHOTS")  # a folder for pictures to look at


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


async def go(screen: Screen, path: str) -> None:
    """Open a page of somebody who has no live picture to wait for."""
    await screen.page.goto(screen.base_url + path)
    await screen.page.locator(".oversight").wait_for(timeout=SHOWN_MS * 3)


async def test_a_case_is_judged_by_keyboard_and_names_nobody(centre: RunningCentre, show: Show) -> None:
    viewer = await centre.person(Role.SUPERVISOR, Land.WEST)
    first = await make_case(centre, viewer, questions=("colleague",))
    second = await make_case(centre, viewer)
    screen = await show(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    page = screen.page
    await go(screen, "/")  # no picture: oversight is where this person begins
    await expect(page.locator(".oversight-row")).to_have_count(2, timeout=SHOWN_MS)
    await page.keyboard.press("j")
    await screen.sees(f"Case {first['label']}")
    await screen.sees("Somebody in the record has the name of a colleague.")
    text = await page.locator("main").inner_text()
    assert viewer.login not in text
    assert "supervisor" not in text.lower()
    await page.keyboard.press("2")
    await page.keyboard.type("Nothing joins this look to the work of that night.")
    await page.keyboard.press("Control+Enter")
    await screen.sees(f"Case {second['label']}")  # on to the next one
    await expect(page.locator(".verdict.is-misuse").first).to_be_visible(timeout=SHOWN_MS)
    kept = await centre.rows("SELECT verdict FROM review_cases WHERE label = $1", first["label"])
    assert kept[0]["verdict"] == "misuse"


async def test_tasks_show_their_clock_to_whoever_must_act_and_are_answered_there(
    centre: RunningCentre, show: Show
) -> None:
    await correction_ordered(centre)
    overdue = await made_alone(centre)
    await centre.as_owner("UPDATE tasks SET due_at = now() - interval '1 day' WHERE id = $1::uuid", overdue)
    desk = await show(Role.DUTY_OFFICER, Land.WEST)
    await go(desk, "/oversight")  # the one tab of a desk
    row = desk.page.locator(".oversight-row")
    await expect(row).to_have_count(1, timeout=SHOWN_MS)
    await expect(row).to_contain_text("due")
    await row.click()
    await desk.sees("It was not me who called.")
    await desk.page.get_by_label("Corrected", exact=True).check()
    await desk.page.get_by_role("button", name="Answer").click()
    await desk.sees("No task is open.")
    auditor = await show(Role.AUDITOR, Land.ROOT)
    await go(auditor, "/oversight/tasks")
    await auditor.sees("OVERDUE,")
    await auditor.page.locator(".oversight-row").click()
    await auditor.page.get_by_label("Not in order").check()
    give = auditor.page.get_by_role("button", name="Answer")
    await expect(give).to_be_disabled()  # not without a word
    await auditor.page.get_by_label("Remark").fill("Nobody at the desk knows this person.")
    await give.click()
    await auditor.sees("No task is open.")
    assert desk.complaints + auditor.complaints == []


async def test_quarters_that_wait_to_be_published_are_tasks_that_lead_to_the_rate(
    centre: RunningCentre, show: Show
) -> None:
    viewer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    await judged(centre, await make_case(centre, viewer))  # of the first quarter of 2026, long ago
    assert await centre.centre.oversight.publishing.ask_due() >= 2
    await centre.as_owner("UPDATE rate_duties SET due_at = now() - interval '9 days' WHERE quarter = '2026-Q1'")
    screen = await show(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    page = screen.page
    await go(screen, "/oversight/tasks")
    row = page.locator(".oversight-row").filter(has_text="2026-Q1")
    await expect(row).to_contain_text("Publish the misuse rate", timeout=SHOWN_MS)
    await row.click()
    notice = page.locator(".notice").filter(has_text="2026-Q1")
    await expect(notice).to_contain_text("NOT PUBLISHED, it was due", timeout=SHOWN_MS)
    for language in ("ru", "uz-Latn", "en"):
        await page.locator(".topbar").get_by_role("combobox").last.select_option(language)
        await shot(page, f"rate-awaited-{language}")
    await notice.get_by_role("button", name="Show 2026-Q1").click()
    await page.get_by_role("button", name="Publish", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    await screen.sees("Published: version 1")
    await expect(notice.filter(has_text="NOT PUBLISHED")).to_have_count(0, timeout=SHOWN_MS)
    await go(screen, "/oversight/tasks")
    await expect(page.locator(".oversight-row").filter(has_text="2026-Q2")).to_be_visible(timeout=SHOWN_MS)
    await expect(row).to_have_count(0)
    await page.goto(f"{screen.base_url}/api/oversight/misuse-rate/page?language=ru")
    await expect(page.locator("body")).to_contain_text("Ещё не опубликовано, срок:")
    await shot(page, "rate-page")
    assert screen.complaints == []


async def test_a_desk_takes_a_correction_says_why_and_reads_what_it_must_mend(
    centre: RunningCentre, show: Show
) -> None:
    task_id = await correction_ordered(centre)
    rows = await centre.rows("SELECT record_id::text AS id FROM tasks WHERE id = $1::uuid", task_id)
    desk = await show(person=await centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST)))
    page = desk.page
    await go(desk, f"/oversight/tasks/{task_id}")
    await desk.sees("nobody yet")
    await page.get_by_role("button", name="Take it").click()
    await desk.sees("you")
    await expect(page.get_by_role("button", name="Take it")).to_have_count(0)
    await desk.go(f"/desk/{rows[0]['id']}")
    await expect(page.locator(".look-needed")).to_be_visible(timeout=SHOWN_MS)
    await page.locator("body").press("p")
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("select")).to_have_value(f"request {task_id}", timeout=SHOWN_MS)
    await expect(dialog.get_by_role("radio")).to_have_count(1)  # what a task is for
    await page.keyboard.type("The caller says that it was somebody else")
    await page.keyboard.press("Enter")
    await expect(page.locator(".look-mark").first).to_contain_text("for your stated purpose", timeout=SHOWN_MS)
    await desk.sees("Dilnoza Ergasheva", within=".card")


async def test_an_auditor_reads_entries_by_kind_and_opens_the_proof_of_one(centre: RunningCentre, show: Show) -> None:
    viewer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(viewer, caller={"name": "Dilnoza Ergasheva", "phone": NUMBER})
    await look_at(viewer, incident["id"])
    screen = await show(Role.AUDITOR, Land.ROOT)
    page = screen.page
    await go(screen, "/oversight/entries")
    await page.get_by_label("Kind").select_option("view")
    row = page.get_by_role("row").filter(has_text="incident.read_sealed")
    await expect(row).to_have_count(1, timeout=SHOWN_MS)
    await centre.centre.checkpointer.tick()
    await row.get_by_role("button").click()
    await screen.sees("Signed checkpoint")
    await expect(page.locator(".oversight-case pre")).to_contain_text("markaz.log/", timeout=SHOWN_MS)
    async with page.expect_download() as taken:
        await page.get_by_role("link", name="Take the proof").click()
    proof = Path(await (await taken.value).path())
    assert "markaz-proof/1" in await asyncio.to_thread(proof.read_text)
    assert "Ergasheva" not in await page.content()
    await page.get_by_label("Office held then").select_option(label="device of a unit")
    await screen.sees("No entry of this kind in that time.")
    await page.get_by_label("Office held then").select_option("administrator")
    await screen.sees("No entry of this kind in that time.")
    assert screen.complaints == []


async def test_somebody_declares_where_they_live_and_takes_it_back(centre: RunningCentre, show: Show) -> None:
    screen = await show(Role.DUTY_OFFICER, Land.WEST)
    page = screen.page
    await page.goto(screen.base_url + "/account")
    await page.get_by_label("Smallest territory you live in").fill("West S")
    await page.get_by_role("option", name="West South").click()
    await page.get_by_label("Home address").fill("Amir Temur 12")
    await page.get_by_role("button", name="Declare").click()
    await screen.sees("Declared: West South; an address is kept as a hash")
    assert "Amir Temur" not in await page.content()
    kept = await centre.rows("SELECT home_territory_id FROM declared_facts")
    assert [row["home_territory_id"] for row in kept] == [int(Land.WEST_SOUTH)]
    await page.get_by_role("button", name="Take it back").click()
    await screen.sees("Nothing is declared.")
    assert screen.complaints == []


async def test_who_looked_at_me_from_the_counter_to_the_letter(centre: RunningCentre, show: Show) -> None:
    viewer = await centre.person(Role.DUTY_OFFICER)
    incident = await open_incident(viewer, caller={"name": "Dilnoza Ergasheva", "phone": NUMBER})
    await look_at(viewer, incident["id"])
    screen = await show(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    page = screen.page
    await go(screen, "/oversight/rights")
    await page.get_by_role("link", name="New request").click()
    take = page.get_by_role("button", name="Take the request and look")
    await page.get_by_label("Name as the person states it").fill("Dilnoza Ergasheva")
    await page.get_by_label("How the answer reaches them").fill("at the counter")
    await page.get_by_label("Telephone they called from").fill("90 123 45 67 998")
    await expect(take).to_be_disabled()  # nobody's identity was checked yet
    await page.get_by_label("I have seen the document").check()
    await page.get_by_label("Telephone they called from").fill(NUMBER)
    await take.click()
    await screen.sees("R-")
    row = page.get_by_role("row", name="duty officer")
    await expect(row).to_have_count(1, timeout=SHOWN_MS)

    await row.get_by_role("checkbox").check()
    await page.get_by_role("button", name="Delay the disclosure of 1").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("rights of others: a witness, a victim").check()
    await dialog.get_by_role("button", name="Delay the disclosure of 1").click()
    await expect(row.get_by_text("delayed until")).to_be_visible(timeout=SHOWN_MS)

    await page.get_by_role("button", name="Answer", exact=True).click()
    await dialog.get_by_label("Granted", exact=True).check()
    await dialog.get_by_role("button", name="Answer", exact=True).click()
    await screen.sees("Granted, ")
    await expect(page.locator(".look-mark")).to_contain_text("you handle this request")
    href = await page.get_by_role("link", name="Русский").get_attribute("href")
    letter = await screen.context.request.get(f"{screen.base_url}{href}")
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(await letter.body())).pages)
    assert "Кто смотрел мои данные" in text
    assert "дежурный" not in text  # delayed, and nothing says so
    assert "Officer" not in text  # the person's own paper bears no mark
    await go(screen, "/oversight/delays")
    await screen.sees("rights of others: a witness, a victim")


async def test_an_auditor_goes_from_a_delay_to_the_look_it_covers(centre: RunningCentre, show: Show) -> None:
    delay = await delayed(centre)
    await seen_request(centre)  # a later look, which that number does not show
    screen = await show(Role.AUDITOR, Land.ROOT)
    await go(screen, "/oversight/delays")
    await screen.page.locator("summary").click()
    await screen.page.get_by_role("link", name=f"№{delay['request']['entry_id']}").click()
    await expect(screen.page.locator(".entries-table tbody tr")).to_have_count(1, timeout=SHOWN_MS)
    await screen.page.get_by_role("button", name="and its proof").click()
    await screen.sees("incident.read_sealed")
    await screen.page.get_by_role("button", name="All entries").click()
    await expect(screen.page.locator(".entries-filters")).to_be_visible(timeout=SHOWN_MS)


async def test_on_a_phone_a_case_takes_the_whole_page_and_leads_back(centre: RunningCentre, show: Show) -> None:
    case = await make_case(centre, await centre.person(Role.DUTY_OFFICER))
    screen = await show(Role.DATA_PROTECTION_OFFICER, Land.ROOT, viewport=PHONE)
    await go(screen, f"/oversight/reviews/{case['id']}")
    await screen.sees(f"Case {case['label']}")
    await expect(screen.page.locator(".oversight-list")).to_be_hidden()
    await screen.page.get_by_role("link", name="All cases").click()
    await expect(screen.page.locator(".oversight-list")).to_be_visible()
    assert await screen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_every_tab_is_clean_for_those_who_cannot_see(centre: RunningCentre, show: Show) -> None:
    case = await make_case(centre, await centre.person(Role.DUTY_OFFICER), questions=("colleague",))
    request = await seen_request(centre)
    screen = await show(Role.DATA_PROTECTION_OFFICER, Land.ROOT, language="ru")
    for path in (f"reviews/{case['id']}", f"rights/{request['id']}", "rights/new", "delays", "rate", "glass"):
        await go(screen, f"/oversight/{path}")
        await screen.page.wait_for_load_state("networkidle")
        assert await barriers(screen.page) == [], path
