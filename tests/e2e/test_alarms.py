"""Alarms in real browsers: what each person sees and hears, by their own acknowledgement alone."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Screen, Show
from tests.support.centre import RunningCentre
from tests.support.desk import call_body, register_unit
from tests.support.land import Land
from tests.support.people import Person
from tests.support.sound import holds

from markaz.core.permissions import Role
from markaz.kit.clock import iso
from markaz.web.guard import SESSION_COOKIE

pytestmark = pytest.mark.browser


async def emergency(centre: RunningCentre, call_sign: str = "P-17") -> str:
    supervisor = await centre.person(Role.SUPERVISOR)
    unit = await register_unit(supervisor, call_sign, Land.WEST_SOUTH)
    response = await supervisor.post(f"/api/units/{unit['id']}/emergency", {"lon": 60.5, "lat": 40.5})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def overdue(centre: RunningCentre, minutes: float, **changes: Any) -> dict[str, Any]:
    """Open an incident that came some minutes ago and let the centre look at the clocks."""
    supervisor: Person = await centre.person(Role.SUPERVISOR)
    came_at = centre.centre.clock.now() - timedelta(minutes=minutes)
    body = call_body(Land.WEST_SOUTH, **changes) | {"occurred_at": iso(came_at)}
    response = await supervisor.post("/api/incidents", body)
    assert response.status_code == 201, response.text
    await centre.centre.watcher.look()
    answer: dict[str, Any] = response.json()
    return answer


async def hears(page: Page, sound: str, output: str | None = None) -> None:
    bar = page.locator(".alarm-bar")
    await expect(bar).to_have_attribute("data-sound", sound, timeout=SHOWN_MS)
    if output is not None:
        await expect(bar).to_have_attribute("data-output", output, timeout=SHOWN_MS)


async def at_the_desk(show: Show, role: Role) -> Screen:
    screen = await show(role)
    await screen.go("/desk")
    await screen.page.keyboard.press("Shift")  # a browser lets a page sound after its first key
    return screen


async def test_what_one_acknowledges_goes_on_sounding_for_the_other(centre: RunningCentre, show: Show) -> None:
    a, b = [await at_the_desk(show, role) for role in (Role.DUTY_OFFICER, Role.CALL_TAKER)]
    await hears(a.page, "none", "silent")
    await emergency(centre)
    for screen in (a, b):
        await expect(screen.page.locator(".emergency")).to_contain_text("P-17", timeout=SHOWN_MS)
        await hears(screen.page, "emergency", "playing")

    await a.page.keyboard.press("F9")
    await hears(a.page, "none", "silent")
    await expect(b.page.locator(".emergency")).to_contain_text("acknowledged by Officer duty_officer", timeout=SHOWN_MS)
    await hears(b.page, "emergency", "playing")
    await expect(a.page.locator(".emergency")).to_be_visible()  # noticed is not ended

    await b.page.keyboard.press("F9")
    await hears(b.page, "none", "silent")
    await expect(b.page.locator(".emergency")).to_be_visible()
    await expect(b.page.get_by_role("button", name="End with a reason")).to_have_count(0)  # not a call-taker's

    await a.page.get_by_role("button", name="End with a reason").click()
    dialog = a.page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="End with a reason")).to_be_disabled()
    await dialog.get_by_label("Help has come").check()
    await dialog.get_by_role("button", name="End with a reason").click()
    for screen in (a, b):
        await expect(screen.page.locator(".emergency")).to_have_count(0, timeout=SHOWN_MS)


async def test_f8_goes_to_the_next_alarm_and_f9_is_for_me(centre: RunningCentre, show: Show) -> None:
    first, second = [await overdue(centre, minutes, priority="1") for minutes in (20, 10)]
    desk = await at_the_desk(show, Role.DUTY_OFFICER)
    await hears(desk.page, "routine", "playing")
    selected = desk.page.locator(".queue-row.is-selected")
    for incident in (first, second, first):
        await desk.page.keyboard.press("F8")
        await expect(selected).to_contain_text(incident["number"], timeout=SHOWN_MS)
    await expect(selected).to_contain_text("+")
    opened = await centre.rows("SELECT count(*) AS n FROM audit_entries WHERE action = 'incident.read_sealed'")
    assert opened[0]["n"] == 0  # selected, not opened: nobody's data was read
    await desk.page.keyboard.press("F9")
    await desk.page.keyboard.press("F9")
    await hears(desk.page, "none")
    await expect(desk.page.locator(".alarm-count.is-routine")).to_contain_text("2")


MUTE = "Mute routine alarms of clocks until I sign out"


async def mute(desk: Screen) -> None:
    await desk.page.locator(".alarm-chip").click()
    await desk.page.get_by_label(MUTE).check()
    await desk.page.keyboard.press("Escape")


async def test_routine_can_be_muted_and_what_cannot_wait_cannot(centre: RunningCentre, show: Show) -> None:
    await overdue(centre, 20, priority="3")
    desk = await at_the_desk(show, Role.DUTY_OFFICER)
    await hears(desk.page, "routine", "playing")
    await mute(desk)
    await hears(desk.page, "none")
    # However long the browser took: what was heard first has not climbed meanwhile.
    await centre.as_owner("UPDATE alarms SET raised_at = now()")
    await overdue(centre, 2, priority="1")  # danger to life, and nobody is sent
    await hears(desk.page, "routine", "playing")
    await desk.page.keyboard.press("F8")
    await expect(desk.page.locator(".queue-row.is-selected")).to_be_visible(timeout=SHOWN_MS)
    await emergency(centre)
    await hears(desk.page, "emergency", "playing")


async def test_a_mute_ends_with_the_session_of_who_chose_it(centre: RunningCentre, show: Show) -> None:
    await overdue(centre, 20, priority="3")
    desk = await at_the_desk(show, Role.DUTY_OFFICER)
    await mute(desk)
    await hears(desk.page, "none")
    await desk.go("/desk")
    await desk.sees("Routine muted")  # the page anew, the same sign-in
    person = await centre.person(Role.DUTY_OFFICER)
    for following in (await centre.person(Role.DISPATCHER), await centre.sign_in_again(person.id, person.login)):
        await desk.page.get_by_role("button", name="Sign out").click()
        await desk.sees("Sign in")
        await desk.context.add_cookies(
            [{"name": SESSION_COOKIE, "value": following.credentials["Cookie"].partition("=")[2], "url": desk.base_url}]
        )
        await desk.go("/desk")
        await desk.page.keyboard.press("Shift")
        await hears(desk.page, "routine", "playing")
        await expect(desk.page.get_by_text("Routine muted")).to_have_count(0)
        await mute(desk)


async def test_before_the_first_key_it_says_that_sound_is_off(centre: RunningCentre, show: Show) -> None:
    await emergency(centre)
    desk = await show(Role.DUTY_OFFICER)
    # Whatever Playwright asks of a page counts as a gesture there; a page that a person has just opened has had none.
    await desk.context.add_init_script(
        "Object.defineProperty(navigator, 'userActivation', {value: {hasBeenActive: false, isActive: false}})"
    )
    await desk.go("/desk")
    await desk.sees("Alarms cannot be heard yet: press any key or tap the page")
    await desk.page.keyboard.press("Shift")
    await hears(desk.page, "emergency", "playing")


async def test_one_tab_of_a_browser_sounds(centre: RunningCentre, show: Show) -> None:
    desk = await at_the_desk(show, Role.DUTY_OFFICER)
    await emergency(centre)
    await hears(desk.page, "emergency", "playing")
    twin = await desk.context.new_page()
    await twin.goto(desk.base_url + "/desk")
    await twin.keyboard.press("Shift")
    await hears(twin, "emergency", "elsewhere")
    await desk.page.close()
    await twin.keyboard.press("Shift")
    await hears(twin, "emergency", "playing")


async def test_the_queue_groups_overdue_held_and_in_time(centre: RunningCentre, show: Show) -> None:
    late = await overdue(centre, 20, priority="3")
    calm = await overdue(centre, 0, priority="4")
    held = await overdue(centre, 0, priority="1")
    until = centre.centre.clock.now() + timedelta(hours=1)
    await centre.as_owner(
        "UPDATE incidents SET held_until = $2, held_reason = 'no_unit' WHERE id = $1", held["id"], until
    )
    desk = await at_the_desk(show, Role.DUTY_OFFICER)
    rows = desk.page.locator(".queue-row")
    await expect(rows).to_have_count(3, timeout=SHOWN_MS)
    for at, incident in enumerate((late, calm, held)):
        await expect(rows.nth(at)).to_contain_text(incident["number"])
    await desk.page.get_by_role("button", name="Held 1").click()
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("held")
    size = await desk.page.evaluate("[document.documentElement.scrollHeight, innerHeight]")
    assert size[0] <= size[1]


async def test_the_desk_with_an_emergency_fits_a_phone_and_a_small_screen(centre: RunningCentre, show: Show) -> None:
    for number in range(5):
        await emergency(centre, f"P-{number}")
    for viewport in (None, PHONE):
        screen = await show(Role.DUTY_OFFICER, **({} if viewport is None else {"viewport": viewport}))
        await screen.go("/desk")
        await expect(screen.page.locator(".emergency")).to_have_count(3, timeout=SHOWN_MS)
        await screen.sees("2 more", within=".emergencies")
        await screen.page.locator(".alarm-chip").click()
        await screen.page.get_by_role("dialog").wait_for(timeout=SHOWN_MS)
        await holds(screen.page, "the alarms")


# Pairs of what stands side by side in the bar and runs over each other, and what leaves the screen.
OVERLAPS = """() => {
  const shown = [...document.querySelectorAll('.topbar > *, .topbar .alarm-count')].filter(e => e.getBoundingClientRect().width > 1);
  const box = new Map(shown.map(e => [e, e.getBoundingClientRect()]));
  const found = shown.filter(e => box.get(e).right > innerWidth || box.get(e).bottom > 46).map(e => e.className + ' leaves');
  for (const a of shown) for (const b of shown) {
    const [x, y] = [box.get(a), box.get(b)];
    if (a === b || a.contains(b) || b.contains(a) || x.left > y.left) continue;
    if (x.right > y.left + 0.5 && x.bottom > y.top + 0.5 && y.bottom > x.top + 0.5) found.push(a.className + ' over ' + b.className);
  }
  return found;
}"""


@pytest.mark.parametrize("language", ["en", "ru", "uz-Latn", "uz-Cyrl"])
async def test_three_kinds_of_alarms_stand_beside_the_rest_of_the_bar(
    centre: RunningCentre, show: Show, language: str
) -> None:
    for number in range(10):
        await emergency(centre, f"P-{number}")
    await overdue(centre, 90, priority="1")
    an_hour_ago = centre.centre.clock.now() - timedelta(hours=1)
    await centre.as_owner("UPDATE alarms SET raised_at = $1 WHERE kind <> 'emergency'", an_hour_ago)
    await overdue(centre, 90, priority="2")
    for viewport in (PHONE, DESKTOP, {"width": 1280, "height": 720}, {"width": 1024, "height": 768}):
        screen = await show(Role.SUPERVISOR, viewport=viewport, language=language)
        await screen.page.goto(f"{screen.base_url}/desk")
        await expect(screen.page.locator(".alarm-count")).to_have_count(3, timeout=SHOWN_MS * 3)
        assert await screen.page.evaluate(OVERLAPS) == [], viewport
