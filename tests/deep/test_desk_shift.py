"""A shift on real calls: a city's log is replayed as it happens while a scripted officer works the desk in a browser.

MARKAZ_TEST_SHIFT_MINUTES says how long (30), MARKAZ_TEST_SHIFT_REPORT into which file the report goes as JSON.
"""

import asyncio
import json
import os
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from tests.deep.shift_city import AREAS, EXPORT, UNITS, City, Piece, Replay, cut_piece
from tests.deep.shift_officer import Book, DeskOfficer
from tests.deep.shift_page import Watched
from tests.deep.shift_shown import Desk, shown_by_desk, told_by_snapshot
from tests.e2e.conftest import DESKTOP, browser, chromium
from tests.faults.served import ServedCentre
from tests.support.exports import needs_data
from tests.support.people import Person

from markaz.core.permissions import Role
from markaz.core.settings import Settings
from markaz.web.guard import SESSION_COOKIE

__all__ = ["browser", "chromium"]

MINUTES = float(os.environ.get("MARKAZ_TEST_SHIFT_MINUTES", "30"))
EMERGENCIES = 4  # in a shift
LEAST_ACTS_PER_MINUTE = 4  # else the officer slept
STALE_MS = 5_000  # the line may be away that long, for no reload, on a machine that does other work too
SETTLED_S = 30
LAG_S = 3.0  # from the commit to the page, as the page itself says it
# What the officer's acts are in the log.
EVENTS: dict[str, Callable[[Book], int]] = {
    "incident.opened/1": lambda book: len(book.incidents),
    "incident.unit_assigned/1": lambda book: len(book.sent),
    "incident.stage_reached/1": lambda book: len(book.stages),
    "incident.note_added/1": lambda book: book.notes.total(),
    "incident.call_added/1": lambda book: book.joined.total(),
    "incident.closed/1": lambda book: len(book.closed),
    "alarm.cleared/1": lambda book: book.ended,
}

pytestmark = [pytest.mark.deep, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), needs_data]


@pytest_asyncio.fixture(loop_scope="module")
async def city(embedded_settings: Settings, tmp_path: Path) -> AsyncIterator[City]:
    if not (EXPORT.is_file() and AREAS.is_file()):
        pytest.skip(f"the log of the city is not there: {EXPORT}")
    made = City(ServedCentre(embedded_settings, log_level="INFO"), tmp_path)
    yield made
    await made.stop()


async def test_a_shift_on_real_calls(city: City, browser: Browser, tmp_path: Path) -> None:
    piece = cut_piece(tmp_path, MINUTES)
    await city.prepare()
    await city.man_units()
    officer, importer = await city.person("officer", Role.DUTY_OFFICER), await city.person("log", Role.IMPORTER)
    device = await city.person("radio", Role.UNIT_DEVICE)
    context = await browser.new_context(viewport=DESKTOP, locale="en-GB")  # type: ignore[arg-type]
    token = officer.credentials["Cookie"].partition("=")[2]
    await context.add_cookies(
        [
            {
                "name": SESSION_COOKIE,
                "value": token,
                "url": city.served.base_url,
                "httpOnly": True,
                "sameSite": "Strict",
            }
        ]
    )
    await context.add_init_script("localStorage.setItem('markaz.language', 'en')")
    watched = Watched(await context.new_page())
    await watched.begin()
    desk = DeskOfficer(watched, city.addresses, sorted(city.units), city.served.base_url, tmp_path.parent)
    load_before = os.getloadavg()
    driving = asyncio.create_task(city.drive(device))
    pressing = asyncio.create_task(_press_now_and_then(city, device))
    replay = Replay(city.served.base_url, importer.credentials["Authorization"].removeprefix("Bearer "), piece)
    try:
        await desk.sit_down()
        await watched.weigh("at the start")
        await desk.work(MINUTES * 60)
        pressing.cancel()
        summary = await replay.end(patience_s=120)
        for task in (driving, pressing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        report = await _report(watched, desk.book, piece, summary, load_before)
        shown, told = await _settled_desk(desk, officer)
        await watched.weigh("at the end")
        await watched.leave_page()
    finally:
        replay.kill()
        for task in (driving, pressing):
            task.cancel()
        await context.close()
    _tell(report, watched)
    assert desk.book.failures == []
    assert shown == told
    assert told.incidents, "an empty desk shows nothing"
    await _each_act_once(city, officer, watched, desk.book)
    await _replayed_as_sent(city, importer, piece, summary)
    _nobody_complained(city, watched)
    assert sum(desk.book.acts.values()) >= LEAST_ACTS_PER_MINUTE * MINUTES
    assert watched.not_live_ms <= STALE_MS
    assert watched.lag_s <= LAG_S


async def _press_now_and_then(city: City, device: Person) -> None:
    for number in range(EMERGENCIES):
        await asyncio.sleep(MINUTES * 60 / (EMERGENCIES + 1))
        await city.press_emergency(device, f"P-{1 + number * 3 % UNITS:02}")


async def _settled_desk(desk: DeskOfficer, officer: Person) -> tuple[Desk, Desk]:
    """Once nothing happens any more: what the desk shows, and what the snapshot says it should show."""
    await desk.to("/desk")
    deadline = time.monotonic() + SETTLED_S
    while True:
        told = told_by_snapshot((await officer.get("/api/snapshot")).json())
        shown = await shown_by_desk(desk.page)
        if shown == told or time.monotonic() > deadline:
            return shown, told
        await asyncio.sleep(1)


async def _each_act_once(city: City, officer: Person, watched: Watched, book: Book) -> None:
    """What the server said and what the screen said was done stands in the database, each once."""
    told = await watched.settled()
    numbered = {one.key: one.seq for one in told if one.seq is not None}
    async with city.database.snapshot() as connection:
        kept = await connection.fetch(
            "SELECT key, (response ->> 'seq')::bigint AS seq FROM idempotency WHERE actor_id = $1 AND response ? 'seq'",
            officer.id,
        )
        events = await connection.fetch(
            "SELECT type, count(*) AS n FROM events WHERE actor_id = $1 GROUP BY 1", officer.id
        )
        seqs = await connection.fetch("SELECT seq FROM events WHERE actor_id = $1", officer.id)
        assigned = await connection.fetch(
            "SELECT a.incident_id::text AS id, u.call_sign, a.en_route_at, a.on_scene_at, a.cleared_at FROM assignments a "
            "JOIN units u ON u.id = a.unit_id JOIN incidents i ON i.id = a.incident_id WHERE i.source IS NULL"
        )
        notes = await connection.fetch(
            "SELECT incident_id::text AS id, count(*) AS n FROM notes WHERE by_id = $1 GROUP BY 1", officer.id
        )
        own = await connection.fetch("SELECT id::text AS id, status, outcome FROM incidents WHERE source IS NULL")
    assert {row["key"]: row["seq"] for row in kept} == numbered
    # One act may be told again under its number (an alarm that is noticed already); two acts never share one.
    assert set(numbered.values()) <= {row["seq"] for row in seqs}
    counted = Counter({row["type"]: row["n"] for row in events})
    assert {type_: counted[type_] for type_ in EVENTS} == {type_: of(book) for type_, of in EVENTS.items()}
    assert sorted((row["id"], row["call_sign"]) for row in assigned) == sorted(book.sent)
    stamped = [
        (row["id"], row["call_sign"], stage)
        for row in assigned
        for stage in ("en_route", "on_scene", "cleared")
        if row[f"{stage}_at"] is not None
    ]
    assert sorted(stamped) == sorted(book.stages)
    assert {row["id"]: row["n"] for row in notes} == dict(book.notes)
    assert {row["id"] for row in own} == set(book.incidents)
    assert {row["id"]: row["outcome"] for row in own if row["status"] == "closed"} == book.closed
    async with city.database.snapshot() as connection:
        assert await connection.fetch("SELECT 1 FROM events HAVING max(seq) <> count(*)") == []


async def _replayed_as_sent(city: City, importer: Person, piece: Piece, summary: dict[str, Any]) -> None:
    assert (summary["commands"], summary["refused"], summary["refusals"]) == (piece.commands, 0, [])
    async with city.database.snapshot() as connection:
        calls, sendings = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM incidents WHERE source = 'sffd'), "
            "(SELECT count(*) FROM assignments JOIN incidents i ON i.id = incident_id WHERE i.source = 'sffd')"
        ) or (0, 0)
    assert (calls, sendings) == (piece.calls, piece.sendings)


def _nobody_complained(city: City, watched: Watched) -> None:
    assert watched.complaints == []
    assert watched.refused == []
    lines = [orjson.loads(line) for line in city.served.log.read_text().splitlines() if line.startswith("{")]
    assert [line for line in lines if line.get("status", 0) >= 500 or line["level"] in {"ERROR", "CRITICAL"}] == []
    assert any(line.get("route") == "/api/incidents" for line in lines), "the log of requests was not kept"


async def _report(
    watched: Watched, book: Book, piece: Piece, summary: dict[str, Any], load: tuple[float, ...]
) -> dict[str, Any]:
    return {
        "minutes": MINUTES,
        "acts": dict(book.acts),
        "places": dict(book.places),
        "opened": len(book.incidents),
        "joined": book.joined.total(),
        "dispatches": book.dispatches,
        "units_sent": len(book.sent),
        "stages": len(book.stages),
        "notes": book.notes.total(),
        "closed": len(book.closed),
        "emergencies_ended": book.ended,
        "most_alarms": book.most_alarms,
        "failures": book.failures,
        "replayed": {"calls": piece.calls, "sendings": piece.sendings, **summary},
        "load_before": [round(one, 1) for one in load],
        "load_after": [round(one, 1) for one in os.getloadavg()],
    }


def _tell(report: dict[str, Any], watched: Watched) -> None:
    report |= {
        "keystrokes": watched.keys,
        "commands": len(watched.told),
        "requests": dict(watched.requests),
        "refused": watched.refused,
        "complaints": watched.complaints,
        "shown_ms": {kind: _figures(times) for kind, times in sorted(watched.shown_ms.items())},
        "memory": watched.memory,
        "longest_task_ms": round(watched.longest_task_ms),
        "long_tasks": watched.tasks,
        "not_live_ms": round(watched.not_live_ms),
        "lag_s": watched.lag_s,
        "first_live_ms": [round(one) for one in watched.first_live_ms],
    }
    text = json.dumps(report, indent=1)
    print(text)
    if file := os.environ.get("MARKAZ_TEST_SHIFT_REPORT"):
        Path(file).write_text(text + "\n", encoding="utf-8")


def _figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "n": len(ordered),
        "p50": round(statistics.median(ordered)),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]),
        "most": round(ordered[-1]),
    }
