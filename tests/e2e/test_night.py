"""A whole night at the desk in real browsers, and the summary of it equals what the players themselves noted down.

Forty calls by keyboard, twelve units, two handovers, an outage with paper entries, a merge, a silent call and an emergency
button. The ledger below is kept by this test alone, from what it typed and pressed; nothing in it is asked of the centre.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect
from tests.e2e.conftest import PHONE, SHOWN_MS, Screen, Show
from tests.e2e.test_contents import choose
from tests.e2e.test_dispatch import units_around
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.line import Line, line_to
from tests.support.live import serving
from tests.support.people import Person

from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser

ZONE = ZoneInfo("Asia/Tashkent")
CALLS = 40
PATIENT_MS = SHOWN_MS * 4  # a busy machine; not a measurement
SIGNS = tuple(f"N{number}" for number in range(1, 13))
# What is typed into the category field, and what it means.
KINDS = (
    ("thef", "theft"),
    ("fir", "fire"),
    ("road cr", "road_crash"),
    ("nois", "noise"),
    ("deat", "death"),
    ("frau", "fraud"),
)


@dataclass
class Ledger:
    """What was done that night, by those who did it."""

    kinds: dict[str, str] = field(default_factory=dict)  # incident id -> category
    districts: dict[str, Land] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    merged: set[str] = field(default_factory=set)

    def counted(self) -> set[str]:
        return set(self.kinds) - self.merged


@pytest.fixture
async def centre(open_centre_with: OpenCentre) -> RunningCentre:
    """A centre whose day began half a day ago, so that no night of this test crosses its edge."""
    return await open_centre_with(summary_day_starts_at=(datetime.now(ZONE).hour + 12) % 24)


def place_of(number: int) -> tuple[float, float, Land]:
    """Return a place of its own for each call, kilometres from the others, in the west and the east by turns."""
    column, row = divmod(number // 2, 5)
    west = 60.1 if number % 2 == 0 else 61.1
    return 40.1 + row * 0.15, west + column * 0.15, Land.WEST if number % 2 == 0 else Land.EAST


async def take_call(
    page: Page, number: int, letters: str, *, silent: bool = False, paper: datetime | None = None
) -> str:
    """Take a call by keyboard and open its incident with F4; return the incident's id."""
    lat, lon, _ = place_of(number)
    await page.keyboard.press("F2")
    await expect(page.locator(".place-field input")).to_be_focused(timeout=PATIENT_MS)
    await page.keyboard.type(f"{lat:.2f} {lon:.2f}")
    await page.locator(".place-menu [role=option]").first.wait_for(timeout=PATIENT_MS)
    await page.keyboard.press("Enter")
    await expect(page.locator("#call-category")).to_be_focused(timeout=PATIENT_MS)
    await page.keyboard.type(letters)
    await page.locator(".category-hit").first.wait_for(timeout=PATIENT_MS)
    await page.keyboard.press("Enter")
    await expect(page.locator(".priorities input:checked")).to_be_focused(timeout=PATIENT_MS)
    if silent:
        await page.keyboard.press("Alt+KeyS")
        await expect(page.get_by_text("do not call back", exact=False).first).to_be_visible(timeout=PATIENT_MS)
    if paper is not None:
        await page.get_by_label("Entered from").select_option("paper")
        stated = page.get_by_role("group", name="When the call came in, as noted").locator("input")
        await stated.first.fill(paper.strftime("%Y-%m-%d"))
        await stated.last.fill(paper.strftime("%H:%M"))
    await expect(page.get_by_role("button", name="Open and send units")).to_be_enabled(timeout=PATIENT_MS)
    await page.keyboard.press("F4")
    await page.wait_for_url("**/desk/*#recommend", timeout=PATIENT_MS)
    return page.url.partition("/desk/")[2].partition("#")[0]


async def send_nearest(page: Page) -> str:
    """Send the recommended unit that has the focus; return its call sign."""
    ticked = page.locator("[aria-label^='Tick ']:focus")
    await expect(ticked).to_be_visible(timeout=PATIENT_MS)
    sign = (await ticked.get_attribute("aria-label") or "").removeprefix("Tick ")
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    header = page.locator("table.stages").get_by_role("rowheader", name=sign, exact=True)
    await expect(header).to_be_visible(timeout=PATIENT_MS)
    return sign


async def work_off(dispatcher: Person, incident_id: str, outcome: str | None) -> None:
    """Let every unit of an incident arrive and leave, as radio reports; close it with an outcome, if there is one."""
    path = f"/api/incidents/{incident_id}"
    view = (await dispatcher.get(path)).json()["incident"]
    version = view["version"]
    for unit_id, unit in view["units"].items():
        for stage in ("on_scene", "cleared"):
            if stage not in unit["stages"]:
                reached = {"stage": stage, "version": version, "via": "radio"}
                done = await dispatcher.post(f"{path}/assignments/{unit_id}/stages", reached)
                assert done.status_code == 200, done.text
                version = done.json()["version"]
    if outcome is not None:
        body: dict[str, Any] = {"outcome": outcome, "version": version}
        done = await dispatcher.post(f"{path}/close", body)
        assert done.status_code == 200, done.text


async def hand_over(one: Screen, two: Screen) -> None:
    """One officer signs the night out and the next takes it over, item by item."""
    await one.go("/briefing/handover")
    page = one.page
    group = page.get_by_role("group", name="Persons brought in").get_by_label("Count")
    await expect(group).to_be_visible(timeout=PATIENT_MS)
    await group.focus()
    for count in ("0", "2", "12", "9"):
        await page.keyboard.type(count)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
    sign = page.get_by_role("button", name="I hand over: sign")
    await expect(sign).to_be_enabled(timeout=PATIENT_MS)
    await sign.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nobody has begun to take over.")).to_be_visible(timeout=PATIENT_MS)
    await two.go("/briefing/handover")
    await two.page.get_by_role("link", name="Take over").first.focus()
    await two.page.keyboard.press("Enter")
    progress = two.page.get_by_text("0 of", exact=False).first
    await expect(progress).to_be_visible(timeout=PATIENT_MS)
    items = int((await progress.inner_text()).rpartition(" ")[2])
    await two.page.locator("main").focus()
    for number in range(1, items + 1):
        await two.page.keyboard.press("Space")
        await expect(two.page.get_by_text(f"{number} of {items}", exact=True)).to_be_visible(timeout=PATIENT_MS)
    accept = two.page.get_by_role("button", name="I take over: sign")
    await expect(accept).to_be_enabled(timeout=PATIENT_MS)
    await accept.focus()
    await two.page.keyboard.press("Enter")
    await expect(two.page.get_by_text("Signed by both")).to_be_visible(timeout=PATIENT_MS)


async def merge(page: Page, base_url: str, from_id: str, into_number: str) -> None:
    await page.goto(f"{base_url}/desk/{from_id}")
    await choose(page, "Merge into another…")
    await page.get_by_label("Number of the incident that stays").fill(into_number)
    await page.get_by_label("Reason", exact=True).fill("the same fire, seen from the other side")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card")).to_contain_text("Closed: Duplicate", timeout=PATIENT_MS)


async def press_for_help(centre: RunningCentre, show: Show, supervisor: Person) -> None:
    """An officer of a thirteenth unit presses the emergency button of the phone."""
    unit = await register_unit(supervisor, "N13", Land.WEST_SOUTH, available=False)
    officer = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    await log_on(officer, unit)
    phone = await show(person=officer, viewport=PHONE)
    await phone.page.goto(f"{phone.base_url}/unit/")
    button = phone.page.locator(".unit-sos")
    await button.press("Enter", timeout=PATIENT_MS)
    await button.press("Enter")
    await expect(phone.page.get_by_text("The centre has your emergency", exact=False)).to_be_visible(timeout=PATIENT_MS)


async def end_emergency(desk: Screen) -> None:
    """The band stands at the desk until somebody ends it with a reason."""
    band = desk.page.locator(".emergency")
    await expect(band).to_contain_text("N13", timeout=PATIENT_MS)
    await desk.page.keyboard.press("F9")
    await expect(band).to_be_visible()
    await desk.page.get_by_role("button", name="End with a reason").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_label("Help has come").check()
    await dialog.get_by_role("button", name="End with a reason").click()
    await expect(band).to_have_count(0, timeout=PATIENT_MS)


@pytest.fixture
async def line(centre: RunningCentre) -> AsyncIterator[tuple[str, Line]]:
    async with serving(centre) as url, line_to(url) as made:
        yield made


@pytest.fixture
def address(line: tuple[str, Line]) -> str:
    """Every browser of this night reaches the centre by a line that can be cut."""
    return line[0]


async def test_a_night_of_forty_calls_is_summed_up_as_it_was(
    centre: RunningCentre, show: Show, line: tuple[str, Line]
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    officers = [await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION), login=f"night{n}") for n in range(3)]
    await units_around(centre, supervisor, *SIGNS)
    desks = [await show(person=officer) for officer in officers]
    ledger, outcomes = Ledger(), cycle(("resolved", "administrative", "unfounded", "malicious"))
    desk = desks[0]
    await desk.go("/desk")

    async def note(number: int, incident_id: str, kind: str) -> None:
        ledger.kinds[incident_id], ledger.districts[incident_id] = kind, place_of(number)[2]

    for number in range(CALLS):
        page = desk.page
        letters, kind = KINDS[number % len(KINDS)]
        if number == 20:  # the line goes for a while; what comes in meanwhile is written on paper
            line[1].cut()
            await expect(page.locator(".band-offline")).to_be_visible(timeout=PATIENT_MS * 2)
            line[1].mend()
            await expect(page.locator(".band-offline")).to_have_count(0, timeout=PATIENT_MS * 2)
        paper = datetime.now(UTC) - timedelta(minutes=25) if number in (20, 21, 22) else None
        incident_id = await take_call(page, number, letters, silent=number == 5, paper=paper)
        await note(number, incident_id, kind)
        if paper is not None:
            ledger.late.add(incident_id)
        if number % 3 == 0:
            await send_nearest(page)
            ledger.sent.add(incident_id)
        if number % 3 != 2 or number < 30:
            outcome = next(outcomes)
            await work_off(officers[0], incident_id, outcome)
            ledger.outcomes[incident_id] = outcome
        if number == 15:
            await hand_over(desks[0], desks[1])
            desk = desks[1]
            await desk.go("/desk")
        if number == 30:
            await press_for_help(centre, show, supervisor)
            await end_emergency(desk)
        if number == 35:
            await hand_over(desks[1], desks[2])
            desk = desks[2]
            await desk.go("/desk")

    still_open = [id_ for id_ in ledger.kinds if id_ not in ledger.outcomes]
    kept = (await supervisor.get(f"/api/incidents/{still_open[0]}")).json()["incident"]
    await merge(desk.page, desk.base_url, still_open[1], kept["number"])
    ledger.merged.add(still_open[1])

    await compare(centre, supervisor, ledger)
    await the_screen_says_the_same(show, centre, ledger)


async def compare(centre: RunningCentre, supervisor: Person, ledger: Ledger) -> None:
    """Make the summary of the region and hold it against the ledger."""
    day = centre.centre.summaries.today().isoformat()
    made = await supervisor.post("/api/summaries", {"territory_id": int(Land.REGION), "day": day})
    assert made.status_code == 201, made.text
    summary: dict[str, Any] = (await supervisor.get(f"/api/summaries/{made.json()['id']}")).json()
    content, counted = summary["content"], ledger.counted()
    open_ = [id_ for id_ in counted if id_ not in ledger.outcomes]
    assert (content["incidents"], content["merged"], content["open"]) == (CALLS - 1, 1, len(open_))
    assert {row["category"]: row["n"] for row in content["by_category"]} == Counter(ledger.kinds[i] for i in counted)
    assert {row["territory_id"]: row["n"] for row in content["by_area"]} == Counter(
        int(ledger.districts[i]) for i in counted
    )
    told = Counter(ledger.outcomes.get(i, "open") for i in counted)
    assert {row["outcome"]: row["n"] for row in content["by_outcome"]} == told
    assert content["deaths"] == sum(ledger.kinds[i] == "death" for i in counted)
    assert content["crashes"] == sum(ledger.kinds[i] == "road_crash" for i in counted)
    assert content["late"] == len(ledger.late & counted)
    assert sum(row["with_both"] for row in content["response"]) == len(ledger.sent & counted & set(ledger.outcomes))
    again = (await supervisor.get(f"/api/summaries/{summary['id']}/check")).json()
    assert again["same"]


async def the_screen_says_the_same(show: Show, centre: RunningCentre, ledger: Ledger) -> None:
    screen = await show(Role.SUPERVISOR)
    await screen.go(f"/briefing/summary?day={centre.centre.summaries.today().isoformat()}")
    figure = screen.page.locator(".fact .figure").first
    await expect(figure).to_have_text(str(len(ledger.counted())), timeout=PATIENT_MS)
