"""The card with all it may hold, by keyboard, and in every language and size: banner, people, photos, merge, closing, late notes."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.e2e.conftest import DESKTOP, EACH_LANGUAGE, SHOWN_MS, Show
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.operations_contents import photo_bytes
from tests.support.sound import holds

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("MARKAZ_TEST_SHOTS")  # a folder for pictures to look at
HOSTILE = "<img src=x onerror=alert(1)> \u202eright to left\u202c " + "long" * 60


async def a_full_incident(centre: RunningCentre) -> dict[str, Any]:
    officer = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(
        officer, caller={"name": HOSTILE[:190], "phone": "+998 90 000-00-00"}, note="first words"
    )
    path = f"/api/incidents/{incident['id']}"
    other = await open_incident(officer)
    for where, body in (
        (
            "parties",
            {
                "role": "victim",
                "is_minor": True,
                "name": "Zuhra (synthetic)",
                "phone": "+998 90 111-11-11",
                "fact": "says her arm hurts",
                "opinion": HOSTILE,
            },
        ),
        ("parties", {"role": "suspected", "is_unknown": True, "safe_contact": ["no_call"]}),
        ("vehicles", {"role": "left_scene", "plate": "01 A 000 AA", "description": "white, old"}),
        ("attachments", photo_bytes()),
        ("links", {"other_id": other["id"], "kind": "related"}),
        ("notes", {"text": "from paper", "via": "paper", "occurred_at": "2026-01-01T03:12:00Z"}),
    ):
        answer = await officer.post(f"{path}/{where}", body)
        assert answer.status_code == 201, answer.text
    version = (await officer.get(path)).json()["incident"]["version"]
    rules = {"version": version, "safe_contact": ["no_call", "no_text", "no_message"], "covert": True}
    assert (await officer.post(f"{path}/contact-rules", rules)).status_code == 200
    return incident | {"other": other}


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png")


@EACH_LANGUAGE
async def test_a_full_card_has_no_serious_fault_and_its_banner_stands_still(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    incident = await a_full_incident(centre)
    screen = await show(Role.SUPERVISOR, viewport=viewport, language=language)
    page = screen.page
    await page.goto(f"{screen.base_url}/desk/{incident['id']}")
    await page.locator(".parties li").nth(1).wait_for(timeout=SHOWN_MS * 3)
    await expect(page.locator(".safety")).to_be_visible(timeout=SHOWN_MS)
    assert await page.locator('.card a[href^="tel:"]').count() == 0  # nothing to click where a call would endanger
    await holds(page, "a full card")
    if viewport is DESKTOP:
        assert not await page.evaluate("document.documentElement.scrollHeight > innerHeight")
    await shot(page, f"card-{language}-{viewport['width']}")
    await page.locator(".card-body").evaluate("body => body.scrollTo(0, body.scrollHeight)")
    await expect(page.locator(".safety")).to_be_visible(timeout=SHOWN_MS)
    await shot(page, f"card-end-{language}-{viewport['width']}")


async def choose(page: Page, act: str) -> None:
    """Open the menu of seldom acts and take one, by keyboard."""
    await page.get_by_role("button", name="More ▾").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("menuitem", name=act).wait_for(timeout=SHOWN_MS)
    await page.get_by_role("menuitem", name=act).focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("dialog").wait_for(timeout=SHOWN_MS)


async def test_people_photos_merge_close_and_reopen_by_keyboard(
    centre: RunningCentre, show: Show, tmp_path: Path
) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    one, into = await open_incident(officer), await open_incident(officer)
    screen = await show(Role.DUTY_OFFICER)
    page = screen.page
    await page.goto(f"{screen.base_url}/desk/{one['id']}")
    await page.get_by_role("button", name="Add a person").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Name", exact=True).focus()
    await page.keyboard.type("Anvar (synthetic)")
    await page.keyboard.press("Enter")
    await expect(page.locator(".parties").first).to_contain_text("Anvar (synthetic)", timeout=SHOWN_MS)
    party = {"role": "witness", "name": "Zuhra (synthetic)", "safe_contact": ["no_call"]}
    assert (await officer.post(f"/api/incidents/{one['id']}/parties", party)).status_code == 201
    banner = page.locator(".safety")  # a rule of one person, above everything and with whose it is
    await expect(banner).to_contain_text("witness Zuhra (synthetic): Do not call", timeout=SHOWN_MS)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photo_bytes())
    await page.locator('.photo-add input[type="file"]').set_input_files(photo)
    look = page.get_by_role("button", name="Look at photo 1 (recorded)")
    await look.focus(timeout=SHOWN_MS)
    assert await centre.rows("SELECT id FROM audit_entries WHERE action = 'incident.read_attachment'") == []
    await page.keyboard.press("Enter")
    await page.get_by_role("img", name="Photo 1 of this incident").wait_for(timeout=SHOWN_MS)
    assert len(await centre.rows("SELECT id FROM audit_entries WHERE action = 'incident.read_attachment'")) == 1
    await choose(page, "Merge into another…")
    await page.get_by_label("Number of the incident that stays").fill(into["number"])
    # By its place and time too, so that nobody merges into a mistyped number.
    await expect(page.get_by_role("dialog")).to_contain_text("West South, ")
    await page.get_by_label("Reason", exact=True).fill("the same quarrel")
    await shot(page, "merge")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card")).to_contain_text("Closed: Duplicate", timeout=SHOWN_MS)
    await page.goto(f"{screen.base_url}/desk/{into['id']}")
    await expect(page.locator(".parties").first).to_contain_text("Anvar (synthetic)", timeout=SHOWN_MS)
    await page.get_by_role("button", name="Close", exact=True).focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Crime recorded").check()
    await expect(page.get_by_role("button", name="Close incident")).to_be_disabled()
    await page.get_by_label("Number of the crime report, such as 12-345/2026").fill("77/2026")
    await shot(page, "close")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card .notice").first).to_contain_text("Closed: Crime recorded", timeout=SHOWN_MS)
    await expect(page.locator(".card .notice").first).to_contain_text("Report number: 77/2026")
    await choose(page, "Reopen…")
    await page.get_by_label("Reason", exact=True).fill("it goes on")
    await page.keyboard.press("Enter")
    await expect(page.locator(".timeline")).to_contain_text("Reopened", timeout=SHOWN_MS)
    await expect(page.locator(".card-actions")).to_contain_text("Change", timeout=SHOWN_MS)
    await choose(page, "Split off a part…")
    await shot(page, "split")
    await page.get_by_label("caller: Anvar (synthetic)").check()
    await page.get_by_label("Reason", exact=True).fill("another matter")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card")).to_contain_text("split off", timeout=SHOWN_MS)
