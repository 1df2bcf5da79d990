"""A crew's phone in a real browser: with network, without it, over a reload, and beside the desk's own word."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.async_api import Page, Route, expect
from tests.e2e.conftest import PHONE, SHOWN_MS, Screen, Show
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident, register_unit
from tests.support.land import Land
from tests.support.operations_contents import photo_bytes
from tests.support.people import Person
from tests.support.sound import barriers

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso
from markaz.web.guard import SESSION_COOKIE

pytestmark = pytest.mark.browser


async def a_phone(centre: RunningCentre, show: Show, language: str = "en") -> tuple[Screen, Person, dict[str, object]]:
    desk = await centre.person(Role.SUPERVISOR)
    unit = await register_unit(desk, "F-1", Land.WEST_SOUTH, available=False)
    officer = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    phone = await show(person=officer, viewport=PHONE, language=language)
    await phone.page.goto(f"{phone.base_url}/unit/")
    return phone, desk, unit


async def officer_of(centre: RunningCentre) -> UUID:
    [row] = await centre.rows("SELECT account_id FROM unit_crews WHERE is_open")
    return UUID(str(row["account_id"]))


async def sign_in_again(centre: RunningCentre, phone: Screen) -> None:
    """Give the phone a new session of its officer."""
    token = (await centre.sign_in_again(await officer_of(centre))).credentials["Cookie"].partition("=")[2]
    await phone.context.add_cookies(
        [{"name": SESSION_COOKIE, "value": token, "url": phone.base_url, "httpOnly": True, "sameSite": "Strict"}]
    )


async def send(desk: Person, unit: dict[str, object], **more: object) -> dict[str, object]:
    incident = await open_incident(desk, Land.WEST_SOUTH, **more)
    view = next(u for u in (await desk.get("/api/units")).json()["items"] if u["id"] == unit["id"])
    body = {"unit_id": unit["id"], "version": incident["version"], "unit_version": view["version"]}
    sent = await desk.post(f"/api/incidents/{incident['id']}/assignments", body)
    assert sent.status_code == 201, sent.text
    return incident | {"version": sent.json()["version"]}


async def look_again(phone: Screen) -> None:
    """Let the phone look at once, as it does when the network comes back: only one test waits for its own round."""
    await phone.page.evaluate("dispatchEvent(new Event('online'))")


async def a_sent_phone(
    centre: RunningCentre, show: Show, language: str = "en", **more: object
) -> tuple[Screen, Person, dict[str, object], dict[str, object]]:
    """Return a phone whose unit was just sent, its desk, the unit and the incident."""
    phone, desk, unit = await a_phone(centre, show, language)
    await phone.page.get_by_role("button", name="F-1").click()
    await phone.page.locator(".unit-none").wait_for(timeout=SHOWN_MS)
    incident = await send(desk, unit, **more)
    await look_again(phone)
    return phone, desk, unit, incident


async def press_the_button(page: Page) -> None:
    """Call for help: twice, as a hand in trouble does."""
    await page.locator(".unit-sos").press("Enter")
    await press_once_more(page)


async def press_once_more(page: Page) -> None:
    """On a slow machine the second press may come too late, and is the first of another two."""
    await page.locator(".unit-sos").press("Enter")
    while await page.locator(".unit-sos.is-armed").count():
        await page.locator(".unit-sos").press("Enter")


async def test_a_day_without_network_is_reported_in_order_and_nothing_is_lost(
    centre: RunningCentre, show: Show
) -> None:
    phone, desk, unit = await a_phone(centre, show)
    page = phone.page
    await page.get_by_role("button", name="F-1").click()
    await expect(page.get_by_text("No incident")).to_be_visible(timeout=SHOWN_MS)
    incident = await send(desk, unit, caller={"name": "Synthetic Caller", "phone": "+998 90 000 00 00"})
    await expect(page.get_by_text("Synthetic Caller")).to_be_visible(timeout=SHOWN_MS * 3)
    await expect(page.get_by_text("you are in the crew of a unit sent to it")).to_contain_text("Shown to Officer ")
    await page.wait_for_function("navigator.serviceWorker.controller !== null", timeout=SHOWN_MS * 3)

    await phone.context.set_offline(True)
    await page.get_by_role("button", name="En route").click()
    await page.get_by_role("button", name="On scene").click()
    await page.get_by_label("Note").fill("The gate is locked.")
    await page.get_by_role("button", name="Add the note").click()
    await expect(page.get_by_text("3 unsent")).to_be_visible(timeout=SHOWN_MS)
    await page.reload()
    await expect(page.get_by_text("3 unsent")).to_be_visible(timeout=SHOWN_MS)
    await expect(page.get_by_text("Synthetic Caller")).to_be_visible(timeout=SHOWN_MS)

    # Meanwhile the desk enters by hand what it heard by radio: another word on the same stage.
    said = await desk.post(
        f"/api/incidents/{incident['id']}/assignments/{unit['id']}/stages",
        {"stage": "en_route", "version": incident["version"]},
    )
    assert said.status_code == 200, said.text
    await phone.context.set_offline(False)
    await expect(page.get_by_text("unsent", exact=False)).to_have_count(0, timeout=SHOWN_MS * 4)
    await expect(page.locator(".unit-reports li")).to_have_count(3)
    stages = (await desk.get(f"/api/incidents/{incident['id']}")).json()
    assert set(stages["incident"]["units"][str(unit["id"])]["stages"]) == {"assigned", "en_route", "on_scene"}
    assert [note["text"] for note in stages["notes"]] == ["The gate is locked."]


async def test_what_was_pressed_for_a_sending_that_was_taken_back_leaves_the_new_one_alone(
    centre: RunningCentre, show: Show
) -> None:
    phone, desk, unit, incident = await a_sent_phone(centre, show)
    page = phone.page
    await page.get_by_role("button", name="En route").wait_for(timeout=SHOWN_MS * 3)
    await phone.context.set_offline(True)
    for stage in ("En route", "Cleared"):
        await page.get_by_role("button", name=stage).click()
    await expect(page.get_by_text("2 unsent")).to_be_visible()
    path = f"/api/incidents/{incident['id']}/assignments"
    back = await desk.post(f"{path}/{unit['id']}/withdrawal", {"version": incident["version"], "reason": "mistake"})
    assert back.status_code == 200, back.text
    again = await desk.post(path, {"unit_id": unit["id"], "version": back.json()["version"]})
    assert again.status_code == 201, again.text
    await phone.context.set_offline(False)
    await expect(page.locator(".unit-reports li.is-beside")).to_have_count(2, timeout=SHOWN_MS * 4)
    await expect(page.locator(".unit-why")).to_have_text([re.compile("took back")] * 2)
    # The new sending is on the screen, and nothing of it is done yet.
    await expect(page.get_by_role("button", name="En route")).to_be_enabled(timeout=SHOWN_MS * 3)
    await page.get_by_role("button", name="En route").click()
    await expect(page.locator(".unit-reports li.is-taken")).to_have_count(1)
    card = (await desk.get(f"/api/incidents/{incident['id']}")).json()["incident"]
    assert set(card["units"][str(unit["id"])]["stages"]) == {"assigned", "en_route"}


async def test_what_was_told_of_an_incident_that_was_merged_says_where_it_went(
    centre: RunningCentre, show: Show
) -> None:
    phone, desk, _unit, incident = await a_sent_phone(centre, show)
    page = phone.page
    await page.get_by_role("button", name="En route").wait_for(timeout=SHOWN_MS * 3)
    await phone.context.set_offline(True)
    await page.get_by_role("button", name="En route").click()
    await page.get_by_label("Note").fill("The gate is locked.")
    await page.get_by_role("button", name="Add the note").click()
    await expect(page.get_by_text("2 unsent")).to_be_visible()
    into = await open_incident(desk, Land.WEST_SOUTH)
    body = {"version": incident["version"], "into_id": into["id"], "reason": "the same"}
    merged = await desk.post(f"/api/incidents/{incident['id']}/merge", body)
    assert merged.status_code == 200, merged.text
    await phone.context.set_offline(False)
    await expect(page.locator(".unit-reports li.is-taken")).to_have_count(2, timeout=SHOWN_MS * 4)
    await expect(page.locator(".unit-why")).to_have_text([re.compile(f"written to #{into['number']}")] * 2)
    await expect(page.get_by_role("button", name="En route")).to_be_disabled(timeout=SHOWN_MS * 3)
    card = (await desk.get(f"/api/incidents/{into['id']}")).json()
    assert [note["text"] for note in card["notes"]] == ["The gate is locked."]
    # The desk reads in the timeline of which incident it was told.
    show_desk = await show(person=desk)
    await show_desk.page.goto(f"{show_desk.base_url}/incidents/{into['id']}")
    told_of = show_desk.page.get_by_text(f"told of #{incident['number']}, which was merged into this")
    await expect(told_of).to_have_count(2, timeout=SHOWN_MS * 3)


async def test_an_emergency_says_that_it_is_not_sent_until_it_is(centre: RunningCentre, show: Show) -> None:
    phone, desk, _unit = await a_phone(centre, show)
    page = phone.page
    await page.get_by_role("button", name="F-1").click()
    await expect(page.get_by_text("No incident")).to_be_visible(timeout=SHOWN_MS)
    await phone.context.set_offline(True)
    button = page.locator(".unit-sos")
    await button.press("Enter")
    assert not (await desk.get("/api/snapshot")).json()["alarms"]
    await press_once_more(page)
    await expect(page.locator(".unit-emergency").get_by_text("NOT SENT")).to_be_visible(timeout=SHOWN_MS)
    await phone.context.set_offline(False)
    await expect(page.get_by_text("The centre has your emergency", exact=False)).to_be_visible(timeout=SHOWN_MS * 4)
    alarms = (await desk.get("/api/snapshot")).json()["alarms"]
    assert [alarm["kind"] for alarm in alarms] == ["emergency"]


async def test_an_emergency_and_words_do_not_wait_for_a_photo_that_hangs(centre: RunningCentre, show: Show) -> None:
    phone, desk, _unit, incident = await a_sent_phone(centre, show)
    page = phone.page
    await page.get_by_role("button", name="En route").wait_for(timeout=SHOWN_MS * 3)
    hanging: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/api/field/photos*", lambda route: hanging.put_nowait(route))
    await page.locator("input[type=file]").set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes()}
    )
    await expect(page.get_by_text("1 unsent")).to_be_visible()
    photo = await asyncio.wait_for(hanging.get(), SHOWN_MS / 1000)
    await press_the_button(page)
    await expect(page.get_by_text("The centre has your emergency", exact=False)).to_be_visible()
    assert [alarm["kind"] for alarm in (await desk.get("/api/snapshot")).json()["alarms"]] == ["emergency"]
    await page.get_by_role("button", name="En route").click()
    await page.get_by_label("Note").fill("The gate is locked.")
    await page.get_by_role("button", name="Add the note").click()
    await expect(page.locator(".unit-reports li.is-taken")).to_have_count(3)
    await expect(page.locator(".unit-reports li.is-unsent")).to_have_text([re.compile("Photo")])
    assert [note["text"] for note in (await desk.get(f"/api/incidents/{incident['id']}")).json()["notes"]] == [
        "The gate is locked."
    ]
    assert hanging.empty(), "the photo under way was begun a second time"
    await photo.abort()
    await page.unroute("**/api/field/photos*")
    await expect(page.locator(".unit-reports li.is-taken")).to_have_count(4)
    contents = (await desk.get(f"/api/incidents/{incident['id']}/contents")).json()
    assert len(contents["attachments"]) == 1


async def test_the_phone_says_what_would_endanger_the_caller(centre: RunningCentre, show: Show) -> None:
    phone, desk, unit = await a_phone(centre, show)
    await phone.page.get_by_role("button", name="F-1").click()
    await expect(phone.page.get_by_text("No incident")).to_be_visible(timeout=SHOWN_MS)
    caller = {"name": "Synthetic Caller", "phone": "+998 90 000 00 00"}
    incident = await send(desk, unit, caller=caller, safe_contact=["no_text", "no_message"])
    await look_again(phone)
    warnings = phone.page.locator(".unit-warning")
    await expect(warnings).to_have_text(["✕ Do not text · Leave no message"], timeout=SHOWN_MS * 3)
    await expect(phone.page.locator('a[href^="tel:"]')).to_be_visible()
    rules = {"version": incident["version"], "safe_contact": ["no_call", "no_text"], "covert": False}
    assert (await desk.post(f"/api/incidents/{incident['id']}/contact-rules", rules)).status_code == 200
    await look_again(phone)
    await expect(warnings).to_have_count(2, timeout=SHOWN_MS * 3)
    await expect(phone.page.locator('a[href^="tel:"]')).to_have_count(0)


async def test_the_rules_of_the_people_there_and_the_hazards_of_the_place_are_on_the_phone(
    centre: RunningCentre, show: Show
) -> None:
    caller = {"name": "Synthetic Caller", "phone": "+998 90 000 00 00"}
    phone, desk, _unit, incident = await a_sent_phone(centre, show, caller=caller)
    page = phone.page
    await expect(page.locator('a[href^="tel:"]')).to_be_visible(timeout=SHOWN_MS * 3)
    victim = {"role": "victim", "is_unknown": True, "safe_contact": ["no_call", "no_message"]}
    added = await desk.post(f"/api/incidents/{incident['id']}/parties", victim)
    assert added.status_code == 201, added.text
    await look_again(phone)
    await expect(page.locator(".unit-warning")).to_have_text(
        ["✕ Do not call, text or leave a message.", "✕ Leave no message"]
    )
    await expect(page.locator('a[href^="tel:"]')).to_have_count(0)
    await expect(page.get_by_text("+998 90 000 00 00")).to_have_count(0)
    place = (await desk.get(f"/api/incidents/{incident['id']}")).json()["incident"]["place"]
    note = {"place": {name: place[name] for name in ("lon", "lat")}, "radius_m": 50.0, "source": "utility"}
    note |= {"ground": "gas", "text": "Gas in the cellar.", "expires_at": iso(datetime.now(UTC) + timedelta(days=9))}
    assert (await desk.post("/api/hazards", note)).status_code == 201
    await look_again(phone)
    await expect(page.locator(".unit-hazards")).to_contain_text("Gas in the cellar.")


async def test_a_session_that_ended_takes_the_caller_off_the_phone(centre: RunningCentre, show: Show) -> None:
    phone, _desk, _unit, _incident = await a_sent_phone(
        centre, show, caller={"name": "Synthetic Caller", "phone": "+998 90 000 00 00"}
    )
    page = phone.page
    await expect(page.get_by_text("Synthetic Caller")).to_be_visible(timeout=SHOWN_MS * 3)
    await phone.context.clear_cookies()
    await look_again(phone)
    await expect(page.get_by_text("Sign in to your unit")).to_be_visible(timeout=SHOWN_MS * 4)
    await page.reload()
    await expect(page.get_by_text("Sign in to your unit")).to_be_visible(timeout=SHOWN_MS * 2)
    held = await page.evaluate(
        "new Promise((done) => { const open = indexedDB.open('markaz-unit'); open.onsuccess = () => { const all = "
        "open.result.transaction('known').objectStore('known').getAll(); all.onsuccess = () => done(JSON.stringify(all.result)); }; })"
    )
    assert "Synthetic Caller" not in held
    # What is no person's stays, and so do the queue and the button; a phone that the centre does not know says what else to do.
    await expect(page.get_by_role("heading", name="Theft")).to_be_visible()
    await expect(page.get_by_text("Sign in to send what waits", exact=False)).to_be_visible()
    await page.get_by_role("button", name="En route").click()
    await press_the_button(page)
    await expect(page.locator(".unit-emergency")).to_contain_text("NOT SENT: your session has ended. USE THE RADIO")
    await page.reload()
    await expect(page.locator(".unit-reports li.is-unsent")).to_have_count(2)
    await expect(page.locator(".unit-emergency")).to_contain_text("NOT SENT: your session has ended. USE THE RADIO")
    await sign_in_again(centre, phone)
    await look_again(phone)
    await expect(page.get_by_text("The centre has your emergency", exact=False)).to_be_visible()
    await expect(page.get_by_text("Synthetic Caller")).to_be_visible()
    await expect(page.locator(".unit-reports li.is-taken")).to_have_count(2)


async def test_a_queue_outlives_a_day_and_the_session_and_the_emergency_goes_without_a_password(
    centre: RunningCentre, show: Show
) -> None:
    phone, desk, _unit, _incident = await a_sent_phone(centre, show)
    page = phone.page
    await page.get_by_role("button", name="En route").wait_for(timeout=SHOWN_MS * 3)
    await page.wait_for_function("navigator.serviceWorker.controller !== null", timeout=SHOWN_MS * 3)
    await page.clock.install()
    await phone.context.set_offline(True)
    await page.reload()
    began = await page.evaluate("Date.now()")
    await page.get_by_role("button", name="En route").click()
    await page.get_by_role("button", name="On scene").click()
    await page.get_by_label("Note").fill("The gate is locked.")
    await page.get_by_role("button", name="Add the note").click()
    await expect(page.get_by_text("3 unsent")).to_be_visible()
    await page.clock.fast_forward("25:00:00")
    assert await page.evaluate("Date.now()") - began > 25 * 3600 * 1000
    await page.reload()
    await expect(page.get_by_text("3 unsent")).to_be_visible()
    await press_the_button(page)
    await expect(page.locator(".unit-emergency")).to_contain_text("NOT SENT: no network")
    # Meanwhile the session is over: the browser has let its cookie go, and the centre knows it as ended by time.
    await centre.as_owner(
        "UPDATE sessions SET created_at = now() - interval '13 hours', expires_at = now() - interval '1 hour', "
        "ended_at = now() - interval '1 hour' WHERE account_id = $1",
        await officer_of(centre),
    )
    await phone.context.clear_cookies(name=SESSION_COOKIE)
    await phone.context.set_offline(False)
    await expect(page.get_by_text("The centre has your emergency", exact=False)).to_be_visible()
    await expect(page.get_by_text("Sign in to send what waits", exact=False)).to_be_visible()
    assert [alarm["kind"] for alarm in (await desk.get("/api/snapshot")).json()["alarms"]] == ["emergency"]
    await expect(page.locator(".unit-reports li.is-unsent")).to_have_count(3)
    await sign_in_again(centre, phone)
    await look_again(phone)
    await expect(page.locator(".unit-reports li.is-taken")).to_have_count(4)
    await expect(page.get_by_text("Sign in to send what waits", exact=False)).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "uz-Cyrl"])
async def test_the_phone_has_no_barrier_that_axe_knows(centre: RunningCentre, show: Show, language: str) -> None:
    phone, _desk, _unit, _incident = await a_sent_phone(
        centre, show, language, caller={"name": "Synthetic Caller", "phone": "+998 90 000 00 00"}, note="A note."
    )
    page = phone.page
    await expect(page.get_by_text("Synthetic Caller")).to_be_visible(timeout=SHOWN_MS * 3)
    assert await barriers(page) == []
