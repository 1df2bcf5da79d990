"""Whoever is faster than the live picture never conflicts with themselves, and still conflicts with everybody else.

The picture is held back here as a slow line would hold it: what comes by the stream waits until the test lets it go.
"""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Locator, Response, Route, expect
from tests.e2e.conftest import SHOWN_MS, Screen, Show
from tests.e2e.test_dispatch import header_of, units_around
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, register_unit

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser

HOLDABLE = """
    const plain = window.fetch;
    let go = [];
    window.holdPicture = () => (window.isHeld = true);
    window.letPictureGo = () => ((window.isHeld = false), go.splice(0).forEach((one) => one()));
    window.fetch = async (...asked) => {
        const response = await plain(...asked);
        if (!String(asked[0]).includes("/api/stream")) return response;
        const held = new TransformStream({
            async transform(chunk, out) {
                while (window.isHeld) await new Promise((resolve) => go.push(resolve));
                out.enqueue(chunk);
            },
        });
        return new Response(response.body.pipeThrough(held), { status: response.status, headers: response.headers });
    };
"""


async def shown_late(show: Show, path: str) -> tuple[Screen, list[str]]:
    """Open a duty officer's screen whose picture stands still; return it and what was refused, as it is refused."""
    screen = await show(Role.DUTY_OFFICER)
    await screen.page.add_init_script(HOLDABLE)
    await screen.go(path)
    await screen.page.evaluate("holdPicture()")
    refused: list[str] = []

    def note(answer: Response) -> None:
        if answer.status >= 400:
            refused.append(f"{answer.status} {answer.url}")

    screen.page.on("response", note)
    return screen, refused


async def enter(screen: Screen, *lines: str) -> None:
    """Type lines one after another and wait for nothing."""
    await screen.page.locator("#command-line").focus()
    for line in lines:
        await screen.page.keyboard.type(line)
        await screen.page.keyboard.press("Enter")


def says(screen: Screen) -> Locator:
    return screen.page.locator("#command-says")


async def test_lines_typed_faster_than_the_picture_are_done_one_after_another(
    centre: RunningCentre, show: Show
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor)
    await register_unit(supervisor, "U17")
    screen, refused = await shown_late(show, "/desk")
    number = incident["number"]
    await enter(
        screen,
        f"a {number} U17",
        f"t {number} two men",
        f"b {number} 2",
        "s U17 er",
        "s U17 os",
        "s U17 cl",
        "s U17 oo",
    )
    await expect(says(screen)).to_contain_text("✓ Set U17 to out of service", timeout=SHOWN_MS)
    assert refused == []
    types = await centre.rows(
        "SELECT type, payload ->> 'stage' AS stage FROM events WHERE aggregate_id = $1 ORDER BY seq", incident["id"]
    )
    happened = [(row["type"].removeprefix("incident.").partition("/")[0], row["stage"]) for row in types]
    wanted = ["unit_assigned", "note_added", "backup_asked", "stage_reached", "stage_reached", "stage_reached"]
    assert [what for what, _ in happened if what in wanted] == wanted
    assert [stage for _, stage in happened if stage] == ["en_route", "on_scene", "cleared"]
    (unit,) = await centre.rows("SELECT status FROM units")
    assert unit["status"] == "out_of_service"
    await screen.page.evaluate("letPictureGo()")
    await expect(header_of(screen, "U17")).to_be_visible()


async def test_what_somebody_else_changed_meanwhile_still_conflicts(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor)
    screen, refused = await shown_late(show, "/desk")
    await enter(screen, f"b {incident['number']} 2")
    await expect(says(screen)).to_contain_text("✓ Ask for 2 more units", timeout=SHOWN_MS)
    await assign(supervisor, incident | {"version": incident["version"] + 1}, await register_unit(supervisor, "U17"))
    assert refused == []
    conflict = says(screen).get_by_role("alert")
    await enter(screen, f"b {incident['number']} 3")
    await expect(conflict).to_contain_text("supervisor.region was faster", timeout=SHOWN_MS)
    # A note names no version and is taken; it must not carry the unseen sending over to the next act.
    await screen.page.locator("#command-line").fill("")
    await enter(screen, f"t {incident['number']} two men")
    await expect(says(screen)).to_contain_text("✓ Note on", timeout=SHOWN_MS)
    await enter(screen, f"b {incident['number']} 3")
    await expect(conflict).to_contain_text("Nothing of yours was saved", timeout=SHOWN_MS)
    assert [one.rpartition("/")[2] for one in refused] == ["backup", "backup"]
    await screen.page.evaluate("letPictureGo()")
    await expect(screen.page.get_by_role("region", name="Units")).to_contain_text("U17")
    await screen.page.locator("#command-line").fill("")
    await enter(screen, f"b {incident['number']} 3")
    await expect(says(screen)).to_contain_text("✓ Ask for 3 more units", timeout=SHOWN_MS)


async def test_after_a_failure_nothing_behind_it_is_sent_and_all_of_it_can_be_brought_back(
    centre: RunningCentre, show: Show
) -> None:
    incident = await open_incident(await centre.person(Role.SUPERVISOR))
    screen = await show(Role.DUTY_OFFICER)
    await screen.go("/desk")
    number, may_answer = incident["number"], asyncio.Event()

    async def refuse(route: Route) -> None:
        await may_answer.wait()
        body = '{"code": "not_possible_now", "message": "The line is being tested."}'
        await route.fulfill(status=409, content_type="application/json", body=body)

    await screen.context.route("**/backup", refuse)
    line = screen.page.locator("#command-line")
    await enter(screen, f"b {number} 2", f"t {number} first", f"t {number} second")
    await expect(says(screen)).to_contain_text(f"Sending: Ask for 2 more units for {number}")
    await expect(says(screen)).to_contain_text(f"Next: Note on {number}: first")
    await expect(says(screen)).to_contain_text(f"Next: Note on {number}: second")
    await screen.page.keyboard.type("t ")
    may_answer.set()
    await expect(says(screen).get_by_role("alert")).to_contain_text("The line is being tested", timeout=SHOWN_MS)
    await screen.page.keyboard.type("99")  # whoever types on without looking still finds it there
    await expect(line).to_have_value("t 99")
    await expect(says(screen).get_by_role("alert")).to_be_visible()
    assert await centre.rows("SELECT id FROM notes") == []
    await says(screen).get_by_role("button", name=f"t {number} first").click()
    await expect(line).to_have_value(f"t {number} first")
    await expect(line).to_be_focused()
    await screen.page.keyboard.press("Enter")
    await expect(says(screen)).to_contain_text(f"✓ Note on {number}: first", timeout=SHOWN_MS)
    await expect(says(screen).get_by_role("button", name=f"t {number} second")).to_be_visible()
    await says(screen).get_by_role("button", name="Leave them").click()
    await expect(says(screen).get_by_role("alert")).to_be_hidden()
    assert len(await centre.rows("SELECT id FROM notes")) == 1


async def test_two_keys_on_the_card_are_two_acts(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(supervisor)
    for sign in ("U17", "U18"):
        incident = await assign(supervisor, incident, await register_unit(supervisor, sign))
    screen, refused = await shown_late(show, f"/desk/{incident['id']}")
    under_way = asyncio.Event()
    may_go = asyncio.Event()

    async def slow(route: Route) -> None:
        under_way.set()
        await may_go.wait()
        await route.continue_()

    await screen.context.route("**/owner", slow)
    await expect(header_of(screen, "U18")).to_be_visible()
    await screen.page.keyboard.press("o")
    await under_way.wait()
    for sign in ("U17", "U18"):  # while the first has no answer
        row = screen.page.locator("table.stages tr").filter(has_text=sign)
        await row.get_by_role("button", name="En route", exact=True).click()
    may_go.set()
    await reached(centre, incident, 2)
    assert refused == []


async def test_two_sendings_from_the_list_of_units_are_two_acts(centre: RunningCentre, show: Show) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    incident, other = await open_incident(supervisor, priority="1"), await open_incident(supervisor, priority="4")
    units = await units_around(centre, supervisor, "NEAR", "MIDDLE", "FAR")
    await assign(supervisor, other, units["FAR"])
    screen, refused = await shown_late(show, f"/desk/{incident['id']}")
    await screen.page.keyboard.press("F4")
    await expect(screen.page.get_by_label("Tick NEAR")).to_be_focused()
    sent = screen.page.expect_response("**/dispatches")
    async with sent:
        await screen.page.keyboard.press("Enter")
    async with screen.page.expect_response("**/diversions"):
        await screen.page.get_by_role("button", name="Divert").click()
    assert refused == []
    assert len(await centre.rows("SELECT 1 FROM assignments WHERE incident_id = $1", incident["id"])) == 2


async def reached(centre: RunningCentre, incident: dict[str, Any], count: int) -> None:
    """Wait until so many units have said that they are on their way."""
    async with asyncio.timeout(SHOWN_MS / 1000):
        while True:
            rows = await centre.rows(
                "SELECT 1 FROM events WHERE aggregate_id = $1 AND payload ->> 'stage' = 'en_route'", incident["id"]
            )
            if len(rows) == count:
                return
            await asyncio.sleep(0.05)
