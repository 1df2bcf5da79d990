"""Safe contact is honoured on a card that stands open while a colleague learns of the danger, and for each number on it."""

import io
import os
from typing import Any

import pypdf
import pytest
from playwright.async_api import Locator, Page, expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Screen, Show
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.people import Person

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("MARKAZ_TEST_SHOTS")  # a folder for pictures to look at
NUMBER = "+998 90 000-00-00"
WORDS = {
    "en": "CAREFUL: Covert or silent call · Do not call · Do not text · Leave no message",
    "ru": "ОСТОРОЖНО: Скрытый или молчаливый вызов · Не звонить · Не писать сообщений · Не оставлять сообщений",
    "uz-Latn": "EHTIYOT BOʻLING: Yashirin yoki jim chaqiruv · Qoʻngʻiroq qilmang · SMS yozmang · Xabar qoldirmang",
}


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png")


async def an_open_card(centre: RunningCentre, show: Show) -> tuple[dict[str, Any], Screen, Person]:
    """Return an incident whose card stands open in a browser, its caller's number a link, and a colleague elsewhere."""
    person = await centre.person(Role.DUTY_OFFICER)
    incident = await open_incident(person, caller={"name": "Zuhra (synthetic)", "phone": NUMBER})
    screen = await show(person=person)
    await screen.go(f"/desk/{incident['id']}")
    await expect(calls_of(screen)).to_have_count(1, timeout=SHOWN_MS)
    return incident, screen, await centre.person(Role.SUPERVISOR)


def calls_of(screen: Screen) -> Locator:
    return screen.page.locator('.card a[href^="tel:"]')


ACTS = {
    "rules": ("contact-rules", {"version": 1, "safe_contact": ["no_call"], "covert": False}),
    "covert": ("contact-rules", {"version": 1, "safe_contact": [], "covert": True}),
    "further call": ("calls", {"channel": "phone", "text": "he is in the room", "safe_contact": ["no_call"]}),
    "a party of the same number": (
        "parties",
        {"role": "victim", "name": "Zuhra", "phone": "90 000 00 00", "safe_contact": ["no_call"]},
    ),
    "a party who calls": ("parties", {"role": "caller", "is_unknown": True, "safe_contact": ["no_call"]}),
}


@pytest.mark.parametrize("act", ACTS)
async def test_what_a_colleague_says_takes_the_call_off_an_open_card(
    centre: RunningCentre, show: Show, act: str
) -> None:
    incident, screen, colleague = await an_open_card(centre, show)
    path, body = ACTS[act]
    answer = await colleague.post(f"/api/incidents/{incident['id']}/{path}", body)
    assert answer.is_success, answer.text
    await expect(screen.page.locator(".safety")).to_be_visible(timeout=SHOWN_MS)
    await expect(calls_of(screen)).to_have_count(0)
    said = "Covert call: do not call back" if act == "covert" else "Do not call"
    await expect(screen.page.locator(".card .facts", has_text=NUMBER)).to_contain_text(said)


async def test_a_rule_of_one_person_leaves_the_number_of_another_to_be_called(
    centre: RunningCentre, show: Show
) -> None:
    incident, screen, colleague = await an_open_card(centre, show)
    for party in (
        {"role": "witness", "name": "Zuhra", "phone": "+998 90 111-11-11", "safe_contact": ["no_call"]},
        {"role": "witness", "name": "Anvar", "phone": "+998 90 222-22-22"},
    ):
        assert (await colleague.post(f"/api/incidents/{incident['id']}/parties", party)).status_code == 201
    await screen.sees("Anvar", within=".parties")
    await expect(calls_of(screen)).to_have_count(2)  # the caller's and Anvar's
    assert await calls_of(screen).filter(has_text="111-11-11").count() == 0


@pytest.mark.parametrize(
    ("language", "viewport"), [("en", DESKTOP), ("ru", PHONE), ("uz-Latn", PHONE)], ids=["en", "ru-phone", "uz-phone"]
)
async def test_the_queue_and_the_handover_carry_the_sign_on_screen_and_on_paper(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    covert = await open_incident(officer, covert=True, safe_contact=["no_call", "no_text", "no_message"])
    await open_incident(officer)  # nothing is to be said of this one
    screen = await show(person=officer, viewport=viewport, language=language)
    page = screen.page
    said = WORDS[language]
    words = said.partition(": ")[2]
    of_covert = page.locator(f'a[href$="{covert["id"]}"]')
    await page.goto(f"{screen.base_url}/desk")
    await expect(page.locator(".queue-row")).to_have_count(2, timeout=SHOWN_MS * 3)
    row = page.locator(f'.row-slot[data-id="{covert["id"]}"]')
    await expect(row.get_by_role("img", name=said, exact=True)).to_be_visible()
    await expect(page.locator(".queue .care")).to_have_count(1)
    await shot(page, f"queue-care-{language}-{viewport['width']}")

    await page.goto(f"{screen.base_url}/briefing/handover")
    await expect(page.locator(".handed", has=of_covert)).to_contain_text(words)
    await expect(page.locator(".handed .care")).to_have_count(1)
    await shot(page, f"offer-care-{language}-{viewport['width']}")
    body = {"territory_id": int(Land.REGION), "shift": "night", "by_hand": []}
    offered = await officer.post("/api/handovers", body)
    assert offered.status_code == 201, offered.text
    await page.goto(f"{screen.base_url}/briefing/handover/{offered.json()['id']}")
    await expect(page.locator(".take", has=of_covert)).to_contain_text(words)
    await expect(page.locator(".take .care")).to_have_count(1)
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    await shot(page, f"take-care-{language}-{viewport['width']}")
    if viewport is DESKTOP:
        printed = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(await page.pdf())).pages)
        assert words.partition(" · ")[0] in " ".join(printed.split())


PERSON = {
    "en": "For one of the persons: Do not call",
    "uz-Cyrl": "Шахслардан бири учун: Қўнғироқ қилманг",
}


@pytest.mark.parametrize(("language", "viewport"), [("en", DESKTOP), ("uz-Cyrl", PHONE)], ids=["desktop", "phone"])
async def test_what_binds_one_person_is_seen_by_who_has_not_opened_the_card(
    centre: RunningCentre, show: Show, language: str, viewport: dict[str, int]
) -> None:
    owner, other = await centre.person(Role.DUTY_OFFICER), await centre.person(Role.SUPERVISOR)
    incident = await open_incident(owner)
    screen = await show(person=other, viewport=viewport, language=language)
    page, banner = screen.page, screen.page.locator(".card .safety")
    await page.goto(f"{screen.base_url}/desk")
    row = page.locator(f'.row-slot[data-id="{incident["id"]}"]')
    await expect(row).to_be_visible(timeout=SHOWN_MS * 3)
    await expect(row.locator(".care")).to_have_count(0)
    party = {"role": "victim", "name": "Zuhra (synthetic)", "phone": NUMBER, "safe_contact": ["no_call"]}
    answer = await owner.post(f"/api/incidents/{incident['id']}/parties", party)
    assert answer.status_code == 201, answer.text
    await expect(row.locator(".care")).to_be_visible(timeout=SHOWN_MS)
    await shot(page, f"queue-person-{language}-{viewport['width']}")
    await page.goto(f"{screen.base_url}/desk/{incident['id']}")
    await expect(banner).to_contain_text(PERSON[language], timeout=SHOWN_MS * 3)
    await expect(page.locator(".card")).not_to_contain_text("Zuhra")
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    await shot(page, f"card-person-{language}-{viewport['width']}")
    body = party | {"version": 1, "reason": "he has gone", "safe_contact": []}
    path = f"/api/incidents/{incident['id']}/parties/{answer.json()['id']}/corrections"
    corrected = await owner.post(path, body)
    assert corrected.is_success, corrected.text
    await expect(banner).to_have_count(0, timeout=SHOWN_MS)
