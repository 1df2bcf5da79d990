"""The scripted duty officer: works the whole desk from the keyboard, and keeps a book of what the screen said was done."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from playwright.async_api import TimeoutError as NotShown
from tests.deep.shift_city import Address
from tests.deep.shift_page import Watched

SEED = 102
MOST_FAILURES = 10
MOST_OPEN = 7  # own incidents at a time: what one officer keeps in mind
TYPING_ERROR = 0.25  # of the addresses
FORGOTTEN = 0.15  # of the calls get no unit before an alarm says so
PAUSE_S = (0.4, 2.5)  # between two acts
RELOADS_AT = (0.12, 0.3, 0.45)  # of the shift; after the last the page lives on to the end
# What is typed, and the priority that is proposed for it.
CATEGORIES = [
    ("fire", "1"),
    ("med", "1"),
    ("assa", "1"),
    ("road c", "2"),
    ("miss", "2"),
    ("susp", "2"),
    ("thef", "3"),
    ("noi", "3"),
    ("frau", "3"),
]
OUTCOMES = ["administrative", "resolved", "not_found", "no_offence", "cancelled"]
NEXT = {"assigned": ("er", "en_route"), "en_route": ("os", "on_scene"), "on_scene": ("cl", "cleared")}
STAMPS = """[...document.querySelectorAll("table.stages tbody tr")].filter(
    (row) => row.querySelector("th")?.textContent.trim() === given.sign).at(-1)?.querySelectorAll("td time").length"""
CARD = """document.querySelector(".card-head .num bdi")?.textContent === given"""
FOCUS = """document.activeElement?.matches(given)"""


@dataclass
class Own:
    """An incident that this officer opened; `units` by call sign, with the last stage that the screen showed."""

    id: str
    number: str
    priority: str
    is_forgotten: bool
    units: dict[str, str] = field(default_factory=dict)
    is_open: bool = True


@dataclass
class Book:
    """What the screen said was done."""

    incidents: dict[str, Own] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)  # (incident, call sign)
    dispatches: int = 0
    stages: list[tuple[str, str, str]] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)  # by incident
    joined: Counter[str] = field(default_factory=Counter)  # by incident
    closed: dict[str, str] = field(default_factory=dict)
    ended: int = 0  # emergencies
    acts: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)  # how the address was found
    most_alarms: int = 0
    failures: list[str] = field(default_factory=list)


class DeskOfficer:
    """One officer at one page. `work` until told to stop; whatever the screen does not show in time fails the test."""

    def __init__(
        self, watched: Watched, addresses: list[Address], signs: list[str], base_url: str, pictures: Path
    ) -> None:
        self.watched = watched
        self.page = watched.page
        self.book = Book()
        self._addresses = addresses
        self._signs = signs
        self._base_url = base_url
        self._pictures = pictures
        self._chance = Random(SEED)
        self._reloads = 0

    async def sit_down(self) -> None:
        """Open the desk."""
        await self.page.goto(f"{self._base_url}/desk")
        await self.page.locator(".topbar .link.is-live").wait_for(timeout=30_000)
        await self.watched.press("Shift")

    async def work(self, seconds: float) -> None:
        """Work that long, then finish the act at hand."""
        began = time.monotonic()
        while (share := (time.monotonic() - began) / seconds) < 1:
            if self._reloads < len(RELOADS_AT) and share > RELOADS_AT[self._reloads]:
                self._reloads += 1
                await self.reload()
            act = await self._choose()
            self.book.acts[act.__name__.strip("_")] += 1
            try:
                await act()
            except NotShown as error:
                await self._note_failure(act.__name__.strip("_"), error)
            await asyncio.sleep(self._chance.uniform(*PAUSE_S))

    async def _note_failure(self, act: str, error: Exception) -> None:
        """Keep what was not shown, with a picture of it, and go on at a fresh desk, so that one shift finds many faults."""
        self.book.failures.append(f"{act} at {self.page.url}: {str(error)[:200]}")
        await self.page.screenshot(path=str(self._pictures / f"shift-failure-{len(self.book.failures)}.png"))
        assert len(self.book.failures) <= MOST_FAILURES, self.book.failures
        await self.page.goto(f"{self._base_url}/desk")
        await self.page.locator(".topbar .link.is-live").wait_for(timeout=30_000)

    async def _choose(self) -> Callable[[], Awaitable[None]]:
        alarms = await self.page.locator(".alarm-bar").get_attribute("data-sound")
        if alarms == "emergency" or (alarms != "none" and self._chance.random() < 0.6):
            return self._alarm
        mine = [own for own in self.book.incidents.values() if own.is_open]
        draw = self._chance.random()
        if draw < 0.12:
            return self._look
        if draw < 0.2:
            return self._look_around
        if draw < 0.32 and mine:
            return self._note
        waiting = [own for own in mine if not own.units and not own.is_forgotten]
        if waiting and self._free():
            return self._send_by_line if draw > 0.8 else self._send_recommended
        if any(own.units and set(own.units.values()) == {"cleared"} for own in mine) and draw < 0.7:
            return self._close
        if len(mine) >= MOST_OPEN or (draw < 0.75 and self._moving()):
            return self._stage if self._moving() else self._close if mine else self._look
        return self._take_call

    # ---- calls

    async def _take_call(self) -> None:
        watched, page = self.watched, self.page
        letters, priority = self._chance.choice(CATEGORIES)
        await self._rest()
        await watched.press("F2")
        await watched.shown("form", FOCUS, ".place-field input")
        if await page.locator(".place-field input").input_value():
            raise AssertionError("a new call began with the place of an old one")
        await self._type_place(self._chance.choice(self._addresses))
        await watched.shown("place taken", FOCUS, "#call-category")
        await watched.type(letters)
        await watched.shown("category shown", "document.querySelector('.category-hit')")
        await watched.press("Enter")
        await watched.shown("category taken", FOCUS, f'.priorities input[value="{priority}"]')
        await watched.shown("duplicates asked", "document.querySelector('#call-duplicates[aria-busy=false]')")
        await watched.press("Enter")
        like = await page.locator("button.likely-row").count()  # a closed one cannot be joined, but is asked about
        if priority != "1" or await page.locator(".likely-row").count() > 0:
            await watched.shown("to duplicates", FOCUS, "#call-duplicates")
            if like > 0 and self._chance.random() < 0.4:
                await watched.press("1")
                await watched.shown(
                    "call joined", "location.pathname.startsWith('/desk/') && document.querySelector('.card-head')"
                )
                self.book.joined[page.url.rpartition("/")[2]] += 1
                return
            await watched.press("Enter")
        if priority == "1":
            await self._go_on_with_form()
        else:
            await watched.shown(
                "call opened", "location.pathname.startsWith('/desk/') && document.querySelector('.card-head .num bdi')"
            )
            await self._remember(priority)

    async def _go_on_with_form(self) -> None:
        """At priority 1 the incident stands already; what the caller goes on to say is sent with F4."""
        watched = self.watched
        await watched.shown(
            "call opened", "document.querySelector('.call-facts') && document.activeElement?.id === 'call-note'"
        )
        await watched.type(
            f"The caller says it is the {self._chance.choice(['second', 'third', 'ground'])} floor", delay_ms=15
        )
        await watched.press("F4")
        await watched.shown(
            "to the card", "location.pathname.startsWith('/desk/') && document.querySelector('.card-head .num bdi')"
        )
        own = await self._remember("1")
        self.book.notes[own.id] += 1

    async def _type_place(self, address: Address) -> None:
        """Type an address as it is said, one in four with a slip of the finger; take the hit that says it."""
        text = f"{address.name} {address.house}".strip().lower()
        kind = "right"
        if self._chance.random() < TYPING_ERROR and len(address.name) > 5:
            kind, at = "slipped", self._chance.randrange(1, len(address.name) - 3)
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        await self.watched.type(text)
        given = {"name": address.name.lower(), "house": address.house}
        hit = """[...document.querySelectorAll('.place-menu [role=option] .place-name')].findIndex((one) => {
            const said = one.textContent.toLowerCase().replaceAll(',', ''); return said.includes(given.name) && said.includes(given.house); })"""
        try:
            await self.watched.shown("place found", f"{hit} >= 0", given, patience_s=4)
        except NotShown:
            self.book.places[f"{kind}, not found"] += 1
            await self._type_coordinates(address)
            return
        at = int(await self.page.evaluate(f"(given) => {hit}", given))
        self.book.places[f"{kind}, {'first' if at == 0 else 'further down'}"] += 1
        if at > 0:
            await self.watched.press(*["ArrowDown"] * (at + 1))
        await self.watched.press("Enter")

    async def _type_coordinates(self, address: Address) -> None:
        await self.watched.press("Control+a")
        await self.watched.type(f"{address.lat:.4f} {address.lon:.4f}")
        await self.page.locator(".place-menu [role=option]").first.wait_for(timeout=5_000)
        await self.watched.press("Enter")

    async def _remember(self, priority: str) -> Own:
        id_ = self.page.url.partition("/desk/")[2].partition("#")[0]
        number = (await self.page.locator(".card-head .num bdi").first.text_content()) or ""
        own = Own(id_, number, priority, is_forgotten=self._chance.random() < FORGOTTEN)
        assert id_ not in self.book.incidents, "opened twice"
        self.book.incidents[id_] = own
        return own

    # ---- units

    def _busy(self) -> set[str]:
        return {sign for own in self.book.incidents.values() for sign, stage in own.units.items() if stage != "cleared"}

    def _free(self) -> set[str]:
        return set(self._signs) - self._busy()

    def _moving(self) -> list[tuple[Own, str, str]]:
        return [
            (own, sign, at)
            for own in self.book.incidents.values()
            if own.is_open
            for sign, at in own.units.items()
            if at != "cleared"
        ]

    async def _open(self, own: Own) -> None:
        """Go to the card, as an officer does by its number."""
        if await self.watched.is_true(CARD, own.number) and own.id in self.page.url:
            return
        await self._line(f"i {own.number}")
        await self.watched.shown("card opened", CARD, own.number)

    async def _line(self, text: str) -> None:
        await self._rest()
        await self.watched.press("/")
        await self.watched.shown("command line", FOCUS, "#command-line")
        # As one sees the line before go when it is answered; without the last key there is nothing to measure.
        await self.page.wait_for_function("document.querySelector('#command-line').value === ''", timeout=20_000)
        await self.watched.type(text)
        await self.watched.press("Enter")

    async def _rest(self) -> None:
        """Leave whatever has the keys, as one does before a key of the desk."""
        if await self.watched.is_true("document.activeElement?.matches('input, textarea, select')"):
            await self.watched.press("Escape")

    async def _send_recommended(self) -> None:
        own = self._chance.choice(
            [one for one in self.book.incidents.values() if one.is_open and not one.units and not one.is_forgotten]
        )
        watched = self.watched
        await self._open(own)
        await self._rest()
        await watched.press("F4")
        await watched.shown("recommended", "document.activeElement?.dataset?.unit", patience_s=20)
        signs = []
        for number in range(1 + (own.priority == "1" and len(self._free()) > 4)):
            if number > 0:
                was = await self.page.evaluate("document.activeElement.dataset.unit")
                await watched.press("ArrowDown")
                await watched.shown(
                    "next unit",
                    "document.activeElement?.dataset?.unit && document.activeElement.dataset.unit !== given",
                    was,
                )
            label = await self.page.evaluate("document.activeElement.getAttribute('aria-label')")
            signs.append(label.rpartition("Tick ")[2])
            await watched.press("Space")
        await watched.press("Enter")
        await self._sent(own, signs)

    async def _send_by_line(self) -> None:
        own = self._chance.choice(
            [one for one in self.book.incidents.values() if one.is_open and not one.units and not one.is_forgotten]
        )
        sign = self._chance.choice(sorted(self._free()))
        await self._line(f"a {own.number} {sign}")
        await self._sent(own, [sign])

    async def _sent(self, own: Own, signs: list[str]) -> None:
        rows = "given.every((sign) => [...document.querySelectorAll('table.stages th')].some((th) => th.textContent.trim() === sign))"
        await self.watched.shown("unit sent", rows, signs)
        self.book.dispatches += 1
        for sign in signs:
            own.units[sign] = "assigned"
            self.book.sent.append((own.id, sign))

    async def _stage(self) -> None:
        own, sign, at = self._chance.choice(self._moving())
        word, stage = NEXT[at]
        await self._open(own)
        before = await self.page.evaluate(f"(given) => {STAMPS}", {"sign": sign})
        await self._line(f"s {sign} {word}")
        await self.watched.shown("stage", f"{STAMPS} > given.before", {"sign": sign, "before": before})
        own.units[sign] = stage
        self.book.stages.append((own.id, sign, stage))

    async def _note(self) -> None:
        own = self._chance.choice([one for one in self.book.incidents.values() if one.is_open])
        await self._open(own)
        text = f"Note {sum(self.book.notes.values()) + 1} of the shift: heard by radio"
        await self._line(f"t {own.number} {text}")
        await self.watched.shown("note", "document.querySelector('.notes')?.textContent.includes(given)", text)
        self.book.notes[own.id] += 1

    async def _close(self) -> None:
        ready = [
            one
            for one in self.book.incidents.values()
            if one.is_open and one.units and set(one.units.values()) == {"cleared"}
        ]
        if not ready:
            return
        own, watched = self._chance.choice(ready), self.watched
        outcome = self._chance.choice(OUTCOMES)
        await self._line(f"x {own.number}")
        await watched.shown("outcome asked", "document.querySelector('[role=dialog] input[name=outcome]')")
        for _ in range(6):
            if await watched.is_true("document.activeElement?.name === 'outcome'"):
                break
            await watched.press("Tab")
        await watched.press("Space")
        for _ in range(20):
            if await watched.is_true("document.querySelector('input[name=outcome]:checked')?.value === given", outcome):
                break
            await watched.press("ArrowDown")
        if await self.page.locator("input[name=needed]").count():
            await watched.press("Tab", "Space")
        await watched.press("Enter")
        await watched.shown(
            "closed", "!document.querySelector('[role=dialog]') && document.querySelector('.card .notice')"
        )
        own.is_open = False
        self.book.closed[own.id] = outcome

    # ---- alarms and looking about

    async def _alarm(self) -> None:
        watched, page = self.watched, self.page
        count = await page.locator(".emergency").count()
        self.book.most_alarms = max(
            self.book.most_alarms,
            int(await page.evaluate("document.querySelector('.alarm-chip').innerText.match(/\\d+/)?.[0] ?? 0")),
        )
        noticed = await page.locator(".emergency.is-noticed").count()
        await watched.press("F8")
        try:
            async with page.expect_response("**/acknowledgements?*", timeout=20_000):
                await watched.press("F9")
        except NotShown:
            if await page.locator(".alarm-bar").get_attribute("data-sound") != "none":
                raise
            return  # it ended by itself between the look and the key
        if count:
            await watched.shown(
                "acknowledged", "document.querySelectorAll('.emergency.is-noticed').length > given", noticed
            )
        for own in self.book.incidents.values():
            own.is_forgotten = False
        if count and await page.locator(".emergency.is-noticed").count():
            await self._end_emergency()

    async def _end_emergency(self) -> None:
        """Tab to the button that ends it; F8 has put the keys on the band."""
        watched, page = self.watched, self.page
        bands = await page.locator(".emergency").count()
        await page.locator(".emergency.is-noticed .emergency-do button").last.focus()
        await watched.press("Enter")
        await watched.shown("end asked", "document.querySelector('[role=dialog] input[type=radio]')")
        for _ in range(4):
            if await watched.is_true("document.activeElement?.type === 'radio'"):
                break
            await watched.press("Tab")
        await watched.press("Space", "Enter")
        await watched.shown(
            "emergency ended",
            "!document.querySelector('[role=dialog]') && document.querySelectorAll('.emergency').length < given",
            bands,
        )
        self.book.ended += 1

    async def _look(self) -> None:
        """Through the queue, and into whatever stands there; mostly an incident of the other system."""
        watched = self.watched
        await self._rest()
        if not await watched.is_true("location.pathname.startsWith('/desk')"):
            await self.to("/desk")
        steps = self._chance.randrange(1, 6)
        for _ in range(steps):
            await watched.press("j")
            await asyncio.sleep(0.15)
        await watched.press("k")
        if await self.page.locator(".queue-row.is-selected").count() == 0:
            return
        number = await self.page.locator(".queue-row.is-selected .queue-where bdi").first.text_content()
        await watched.press("Enter")
        await watched.shown("card opened", CARD, number)

    async def _look_around(self) -> None:
        await self._rest()
        await self.to(self._chance.choice(["/map", "/briefing", "/units", "/incidents"]))
        await asyncio.sleep(self._chance.uniform(1, 3))
        await self.to("/desk")

    async def to(self, path: str) -> None:
        """Go to another screen by its link in the rail."""
        await self.page.locator(f'.rail a[href="{path}"]').focus()
        await self.watched.press("Enter")
        await self.watched.shown(
            f"screen {path}", "location.pathname.startsWith(given) && document.querySelector('main h1, main h2')", path
        )

    async def reload(self) -> None:
        """Reload the page, as one does when something looks odd."""
        self.book.acts["reload"] += 1
        await self.watched.settled()
        await self.watched.weigh("before a reload")
        await self.watched.leave_page()
        await self.page.reload()
        await self.page.locator(".topbar .link.is-live").wait_for(timeout=30_000)
        await self.watched.press("Shift")
