"""A whole night at the desk in real browsers, and the summary of it equals what the players themselves noted down.

Forty calls by keyboard, twelve units, two handovers, an outage with paper entries, a merge, a silent call and an emergency
button. The ledger below is kept by this test alone, from what it typed and pressed; nothing in it is asked of the centre.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from tests.e2e.conftest import PHONE, SHOWN_MS, Screen, Show
from tests.e2e.test_contents import choose
from tests.e2e.test_dispatch import units_around
from tests.e2e.test_unit_phone import press_the_button
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.late import enter_closing, enter_finished, enter_sending, enter_stage, header
from tests.support.line import Line, line_to
from tests.support.live import serving
from tests.support.night import Ledger, Sent
from tests.support.people import Person
from tests.support.summaries import half_a_day_ago

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.browser

ZONE = ZoneInfo("Asia/Tashkent")
CALLS = 40
PATIENT_MS = SHOWN_MS * 4  # a busy machine; not a measurement
SIGNS = tuple(f"N{number}" for number in range(1, 13))
FREE = "N6"  # in the middle of the others, so that another one is always nearer
# What is typed into the category field, what it means, and the priority that is proposed for it and taken.
KINDS = (
    ("thef", "theft", "3"),
    ("fir", "fire", "1"),
    ("road cr", "road_crash", "2"),
    ("nois", "noise", "3"),
    ("deat", "death", "2"),
    ("frau", "fraud", "3"),
)
OUTAGE = timedelta(hours=1)  # before now: older than this test can be, so that no unit of its own stands in the way
YESTERDAY = timedelta(hours=14)  # before now: the day began half a day ago


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_centre_with: OpenCentre) -> RunningCentre:
    """A centre whose day began half a day ago, so that no night of this test crosses its edge."""
    return await open_centre_with(summary_day_starts_at=half_a_day_ago())


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
        await stated.last.fill(paper.strftime("%H:%M:%S"))
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


async def on_screen(times: Locator, since: datetime) -> datetime:
    """Return the time that stands first on the screen, once it is one of after `since`: what an officer would copy."""
    until = datetime.now(UTC) + timedelta(milliseconds=PATIENT_MS)
    while datetime.now(UTC) < until:
        text = await times.first.get_attribute("datetime", timeout=PATIENT_MS)
        shown = datetime.fromisoformat(text or "")
        if since <= shown <= datetime.now(UTC):
            return shown
        await asyncio.sleep(0.05)
    raise AssertionError(f"the screen shows no time after {since}")


async def work_off(dispatcher: Person, incident_id: str, outcome: str | None, ledger: Ledger) -> None:
    """Let every unit of an incident arrive and leave, as radio reports; close it with an outcome, if there is one."""
    path = f"/api/incidents/{incident_id}"
    view = (await dispatcher.get(path)).json()["incident"]
    version = view["version"]
    for unit_id, unit in view["units"].items():
        for stage in ("on_scene", "cleared"):
            if stage not in unit["stages"]:
                at = datetime.now(UTC)
                reached = {"stage": stage, "version": version, "via": "radio", "occurred_at": iso(at)}
                done = await dispatcher.post(f"{path}/assignments/{unit_id}/stages", reached)
                assert done.status_code == 200, done.text
                version = done.json()["version"]
                (noted,) = [
                    one for one in ledger.sent if (one.incident_id, one.sign) == (incident_id, unit["call_sign"])
                ]
                setattr(noted, stage, at)
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
    await phone.page.locator(".unit-sos").wait_for(timeout=PATIENT_MS)
    await press_the_button(phone.page)
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


@pytest_asyncio.fixture(loop_scope="module")
async def line(centre: RunningCentre) -> AsyncIterator[tuple[str, Line]]:
    async with serving(centre) as url, line_to(url) as made:
        yield made


@pytest.fixture
def address(line: tuple[str, Line]) -> str:
    """Every browser of this night reaches the centre by a line that can be cut."""
    return line[0]


@dataclass
class Night:
    """Whoever is at the desk, and what they note down."""

    desk: Screen
    ledger: Ledger

    async def take(self, number: int, *, silent: bool = False, paper: datetime | None = None) -> str:
        """Take a call and note it."""
        letters, kind, priority = KINDS[number % len(KINDS)]
        began, page, ledger = datetime.now(UTC), self.desk.page, self.ledger
        id_ = await take_call(page, number, letters, silent=silent, paper=paper)
        ledger.kinds[id_], ledger.priorities[id_], ledger.districts[id_] = kind, priority, place_of(number)[2]
        if paper is not None:
            ledger.late.add(id_)
        recorded = page.locator(".timeline tbody tr").first.locator(".recorded")
        entered = await on_screen(recorded, began)  # so it is this one's card that stands there
        ledger.received[id_] = entered if paper is None else paper
        if paper is None:
            ledger.received[id_] = await on_screen(page.locator(".timeline tbody tr").first.locator("time"), began)
        ledger.numbers[id_] = await page.locator(".card-title p.num bdi").first.inner_text()
        return id_

    async def send(self, incident_id: str) -> str:
        """Send the recommended unit and note it."""
        began = datetime.now(UTC)
        sign = await send_nearest(self.desk.page)
        head = self.desk.page.get_by_role("rowheader", name=sign, exact=True)
        row = self.desk.page.locator("table.stages tr").filter(has=head)
        self.ledger.sent.append(Sent(incident_id, sign, await on_screen(row.locator("time"), began)))
        return sign

    async def write_up(self, incident_id: str, sign: str, *minutes: int, is_over: bool) -> None:
        """Enter from paper who was sent, arrived and left so many minutes after the call, and when it was closed."""
        received, page = self.ledger.received[incident_id], self.desk.page
        assigned, on_scene, cleared, closed = [received + timedelta(minutes=m) for m in minutes]
        if is_over:
            await enter_finished(page, sign, {"assigned": assigned, "on_scene": on_scene, "cleared": cleared})
            await expect(header(page, sign)).to_be_visible(timeout=PATIENT_MS)
        else:
            await enter_sending(page, sign, assigned)
            await enter_stage(page, sign, "on_scene", on_scene)
            await enter_stage(page, sign, "cleared", cleared)
        await enter_closing(page, "Resolved on scene", closed)
        self.ledger.sent.append(Sent(incident_id, sign, assigned, on_scene, cleared))
        self.ledger.outcomes[incident_id] = "resolved"


async def lose_the_line(page: Page, line: Line) -> None:
    line.cut()
    await expect(page.locator(".band-offline")).to_be_visible(timeout=PATIENT_MS * 2)
    line.mend()
    await expect(page.locator(".band-offline")).to_have_count(0, timeout=PATIENT_MS * 2)


async def test_a_night_of_forty_calls_is_summed_up_as_it_was(
    centre: RunningCentre, show: Show, line: tuple[str, Line]
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    officers = [await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION), login=f"night{n}") for n in range(3)]
    await units_around(centre, supervisor, *SIGNS)
    desks = [await show(person=officer) for officer in officers]
    ledger, outcomes = Ledger(), cycle(("resolved", "administrative", "unfounded", "malicious"))
    night = Night(desks[0], ledger)
    await night.desk.go("/desk")
    before = await the_day_before(centre, supervisor, night)
    busy_id, busy_sign = "", ""

    for number in range(CALLS):
        if number == 20:  # the line goes for a while; what comes in meanwhile is written on paper
            await lose_the_line(night.desk.page, line[1])
        paper = (datetime.now(UTC) - OUTAGE).replace(microsecond=0, second=0) if number in (20, 21, 22) else None
        id_ = await night.take(number, silent=number == 5, paper=paper)
        if number % 3 == 0:
            sign = await night.send(id_)
        if number == 20:
            await night.write_up(id_, FREE, 2, 9, 20, 22, is_over=False)
        elif number == 21:  # its unit is still at it when the paper of the next one says where it was an hour ago
            busy_id, busy_sign = id_, sign
        elif number == 22:
            await night.write_up(id_, busy_sign, 1, 20, 30, 31, is_over=True)
            ledger.outcomes[busy_id] = next(outcomes)
            await work_off(officers[0], busy_id, ledger.outcomes[busy_id], ledger)
        elif number % 3 != 2 or number < 30:
            ledger.outcomes[id_] = next(outcomes)
            await work_off(officers[0], id_, ledger.outcomes[id_], ledger)
        if number == 15:
            await hand_over(desks[0], desks[1])
            night.desk = desks[1]
            await night.desk.go("/desk")
        if number == 30:
            await press_for_help(centre, show, supervisor)
            await end_emergency(night.desk)
        if number == 35:
            await hand_over(desks[1], desks[2])
            night.desk = desks[2]
            await night.desk.go("/desk")

    still_open = [id_ for id_ in ledger.kinds if id_ not in ledger.outcomes]
    await merge(night.desk.page, night.desk.base_url, still_open[1], ledger.numbers[still_open[0]])
    ledger.merged.add(still_open[1])

    corrections = await mend_the_day_before(before, night)
    await compare(centre, supervisor, ledger, corrections)
    await the_screen_says_the_same(show, centre, ledger)


async def the_day_before(centre: RunningCentre, supervisor: Person, night: Night) -> tuple[str, Ledger]:
    """Let two calls of yesterday be open in the summary that is made of it now; return the day and what was noted."""
    today, night.ledger = night.ledger, Ledger()
    paper = (datetime.now(UTC) - YESTERDAY).replace(microsecond=0, second=0)
    for number in (CALLS, CALLS + 1):
        await night.take(number, paper=paper)
    yesterday, night.ledger = night.ledger, today
    day = (centre.centre.summaries.today() - timedelta(days=1)).isoformat()
    made = await supervisor.post("/api/summaries", {"territory_id": int(Land.REGION), "day": day})
    assert made.status_code == 201, made.text
    content = (await supervisor.get(f"/api/summaries/{made.json()['id']}")).json()["content"]
    assert (content["incidents"], content["open"], content["corrections"]) == (2, 2, [])
    return day, yesterday


async def mend_the_day_before(before: tuple[str, Ledger], night: Night) -> list[dict[str, Any]]:
    """Write up one call of yesterday and enter one more; return what today's summary must say of that."""
    day, yesterday = before
    first = next(iter(yesterday.kinds))
    today, night.ledger = night.ledger, yesterday
    await night.desk.go("/desk")
    another = await night.take(CALLS + 2, paper=yesterday.received[first])
    await night.desk.page.goto(f"{night.desk.base_url}/desk/{first}")
    await night.write_up(first, FREE, 3, 15, 50, 52, is_over=True)
    night.ledger = today

    def said(figure: str, was: str, is_: str, incident_id: str) -> dict[str, Any]:
        change = {"day": day, "figure": figure, "before": was, "after": is_}
        return change | {"n": 1, "numbers": [yesterday.numbers[incident_id]]}

    return [
        said("outcome", "open", "resolved", first),
        said("response", "", "", first),
        said("total", "0", "1", another),
    ]


async def compare(centre: RunningCentre, supervisor: Person, ledger: Ledger, corrections: list[dict[str, Any]]) -> None:
    """Make the summary of the region and hold it against the ledger."""
    day = centre.centre.summaries.today().isoformat()
    ledger.chosen = [id_ for id_ in ledger.kinds if id_ in ledger.late or ledger.told(id_) == "malicious"][:4]
    significant = [{"incident_id": id_, "sentence": "chosen by the supervisor"} for id_ in ledger.chosen]
    body = {"territory_id": int(Land.REGION), "day": day, "significant": significant}
    made = await supervisor.post("/api/summaries", body)
    assert made.status_code == 201, made.text
    summary: dict[str, Any] = (await supervisor.get(f"/api/summaries/{made.json()['id']}")).json()
    content, counted = summary["content"], ledger.counted()
    open_ = [id_ for id_ in counted if id_ not in ledger.outcomes]
    assert (content["incidents"], content["merged"], content["open"]) == (CALLS - 1, 1, len(open_))
    assert {row["category"]: row["n"] for row in content["by_category"]} == Counter(ledger.kinds[i] for i in counted)
    assert {row["territory_id"]: row["n"] for row in content["by_area"]} == Counter(
        int(ledger.districts[i]) for i in counted
    )
    assert {row["outcome"]: row["n"] for row in content["by_outcome"]} == Counter(map(ledger.told, counted))
    assert content["deaths"] == sum(ledger.kinds[i] == "death" for i in counted)
    assert content["crashes"] == sum(ledger.kinds[i] == "road_crash" for i in counted)
    assert content["late"] == len(ledger.late & counted)
    assert content["response"] == ledger.response()
    assert any(row["within"] < row["with_both"] for row in content["response"]), "nobody came too late that night"
    assert content["forces"] == ledger.forces()
    told = [{name: value for name, value in row.items() if name != "received_at"} for row in content["significant"]]
    assert told == ledger.significant()
    for row in content["significant"]:
        assert datetime.fromisoformat(row["received_at"]) == ledger.received[row["incident_id"]]
        assert summary["sentences"][row["incident_id"]]["text"] == "chosen by the supervisor"
    assert (content["corrections"], content["corrections_more"]) == (corrections, 0)
    again = (await supervisor.get(f"/api/summaries/{summary['id']}/check")).json()
    assert again["same"]


async def the_screen_says_the_same(show: Show, centre: RunningCentre, ledger: Ledger) -> None:
    screen = await show(Role.SUPERVISOR)
    await screen.go(f"/briefing/summary?day={centre.centre.summaries.today().isoformat()}")
    figure = screen.page.locator(".fact .figure").first
    await expect(figure).to_have_text(str(len(ledger.counted())), timeout=PATIENT_MS)
