"""What the card tells beside the incident, by keyboard: hazards, place history, further calls; and where a phone may be."""

import os
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect
from tests.e2e.conftest import DESKTOP, EACH_LANGUAGE, SHOWN_MS, Show
from tests.support.centre import RunningCentre
from tests.support.desk import close, open_incident
from tests.support.people import Person
from tests.support.sound import holds

from markaz.core.permissions import Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("MARKAZ_TEST_SHOTS")  # a folder for pictures to look at
HOSTILE = "<img src=x onerror=alert(1)> \u202eright to left\u202c " + "long" * 20


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).first.focus()
    await page.keyboard.press("Enter")


async def looks(centre: RunningCentre, person: Person) -> set[str]:
    rows = await centre.rows("SELECT action FROM audit_entries WHERE actor_id = $1", person.id)
    return {row["action"] for row in rows}


async def test_a_hazard_is_noted_shown_above_the_card_and_withdrawn_and_every_look_was_wanted(
    centre: RunningCentre, show: Show
) -> None:
    person = await centre.person(Role.DUTY_OFFICER)
    await close(person, await open_incident(person, category="noise"), "resolved")
    incident = await open_incident(person, caller={"name": "Zuhra (synthetic)"})
    further = {
        "channel": "phone",
        "caller": {"phone": "+998 90 000-00-00"},
        "text": HOSTILE,
        "safe_contact": ["no_call"],
    }
    assert (await person.post(f"/api/incidents/{incident['id']}/calls", further)).status_code == 201
    screen = await show(person=person)
    page = screen.page
    await screen.go("/desk")
    await page.keyboard.press("j")
    await page.locator(".card h2").wait_for(timeout=SHOWN_MS)
    assert not await looks(centre, person) & {"hazard.read", "place.history", "incident.read_calls"}
    await page.keyboard.press("Enter")
    await screen.sees("No hazard is noted near it.", within=".card")
    assert "hazard.read" in await looks(centre, person)
    assert not await looks(centre, person) & {"place.history", "incident.read_calls"}

    await press(page, "Add a hazard note")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What the danger is").select_option("gas")
    await dialog.get_by_label("Who told it").select_option("utility")
    await dialog.get_by_label("In words (sealed)").fill(HOSTILE)
    await dialog.get_by_label("Ends").select_option("182")
    await page.keyboard.press("Enter")
    note = page.locator(".card .hazards li")
    await expect(note).to_have_count(1, timeout=SHOWN_MS)
    assert "gas or chemicals" in await note.inner_text()
    assert HOSTILE.split()[0] in await note.inner_text()

    await press(page, "12 months of the place")
    await screen.sees("noise", within=".card .history")
    await press(page, "calls: 2")
    await expect(page.locator(".card").get_by_text("first call")).to_have_count(1, timeout=SHOWN_MS)
    assert await looks(centre, person) >= {"place.history", "incident.read_calls"}
    await expect(page.locator(".card .look-mark")).to_have_count(3)  # the card, the history and the calls
    assert await page.locator('.card a[href^="tel:"]').count() == 0  # the further call said: do not call

    await press(page, "Withdraw")
    await dialog.get_by_role("button", name="Withdraw", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(note).to_have_count(0, timeout=SHOWN_MS)
    await screen.sees("No hazard is noted near it.", within=".card")


@EACH_LANGUAGE
async def test_what_is_known_has_no_serious_fault(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    person = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(person, confidence="phone", accuracy_m=350.0, caller={"name": HOSTILE[:90]})
    read = (await person.get(f"/api/incidents/{incident['id']}")).json()["incident"]
    for ground in ("gas", "dog", "attack"):
        note = {"radius_m": 50.0, "source": "officer", "ground": ground, "text": HOSTILE, "place": read["place"]}
        ends = iso(centre.centre.clock.now() + timedelta(days=30))
        assert (await person.post("/api/hazards", note | {"expires_at": ends})).status_code == 201
    screen = await show(person=person, viewport=viewport, language=language)
    page = screen.page
    await page.goto(f"{screen.base_url}/desk/{incident['id']}")
    await expect(page.locator(".card .hazards li")).to_have_count(3, timeout=SHOWN_MS * 3)
    for button in await page.locator(".known-acts button[aria-expanded]").all():
        await button.focus()
        await page.keyboard.press("Enter")
    await page.locator(".card .parties li").first.wait_for(timeout=SHOWN_MS)
    if viewport is DESKTOP:
        await expect(page.locator(".strip .map")).to_have_attribute("data-reach", "350", timeout=SHOWN_MS)
    await holds(page, "what is known")
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/known-{language}-{viewport['width']}.png")
        await page.locator(".known-acts").scroll_into_view_if_needed()
        await page.screenshot(path=f"{SHOTS}/known-end-{language}-{viewport['width']}.png")


async def test_the_position_of_a_phone_is_typed_drawn_and_kept_as_one(centre: RunningCentre, show: Show) -> None:
    screen = await show(Role.DUTY_OFFICER)
    page = screen.page
    await screen.go("/desk")
    await page.keyboard.press("F2")
    await expect(page.locator(".place-field input")).to_be_focused(timeout=SHOWN_MS)
    await page.keyboard.insert_text('A"ML=1;lt=+40.50000;ln=+60.50000;rd=350;lc=68;pm=W;si=123456789012345')
    await page.locator(".place-menu [role=option]").first.wait_for(timeout=SHOWN_MS)
    await page.keyboard.press("Enter")
    await screen.sees("position of a phone", within=".place-chosen")
    assert "123456789012345" not in await page.locator(".place-field input").input_value()
    await expect(page.locator(".pick-map .map")).to_have_attribute("data-reach", "350", timeout=SHOWN_MS * 2)
    if SHOTS:
        await page.wait_for_timeout(1_000)
        await page.screenshot(path=f"{SHOTS}/phone-position.png")
    await page.locator("#call-category").focus()
    await page.keyboard.type("noi")
    await page.locator(".category-hit").first.wait_for(timeout=SHOWN_MS)
    await page.keyboard.press("Enter")
    await page.locator(".priorities input:checked").wait_for(timeout=SHOWN_MS)
    await page.get_by_role("button", name="Open incident").first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/*-*", timeout=SHOWN_MS)
    person = await centre.person(Role.DUTY_OFFICER)
    kept = (await person.get(f"/api/incidents/{page.url.split('/desk/')[1]}")).json()["incident"]
    assert (kept["confidence"], kept["accuracy_m"], kept["place"]) == ("phone", 350.0, {"lon": 60.5, "lat": 40.5})
    await screen.sees("position of a phone", within=".card")
    await expect(page.locator(".strip .map")).to_have_attribute("data-reach", "350", timeout=SHOWN_MS * 2)
