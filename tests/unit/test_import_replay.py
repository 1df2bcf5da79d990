"""Replays: what is sent, in which order, and that nothing is lost or doubled whatever the network does."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markaz.core.errors import Forbidden, NotSignedIn, Unavailable
from markaz.programmes.incidents.imports import sender as sending
from markaz.programmes.incidents.imports.rows import CallFacts, DispatchRow, UnitFacts
from markaz.programmes.incidents.imports.sender import LANES, Pace, Sender, Sent
from markaz.programmes.incidents.imports.timetable import (
    Command,
    Timetable,
    header_safe,
    shift_to_now,
    shifted,
)

T0 = datetime(2020, 4, 7, 7, tzinfo=UTC)


def minute(n: float) -> datetime:
    return T0 + timedelta(minutes=n)


def call(key: str, received: float = 0, **more: Any) -> CallFacts:
    facts: dict[str, Any] = {
        "key": key, "number": key, "category": "fire", "priority": "1", "initial_priority": "3", "channel": "unknown",
        "outcome": None, "territory_code": None, "lon": None, "lat": None, "address": None,
        "received": minute(received), "entered": None, "arrived": None, "precisions": (), "flags": (),
    }  # fmt: skip
    return CallFacts(**(facts | more))


def row(key: str, facts: CallFacts, call_sign: str | None = "E1", times: tuple[float | None, ...] = ()) -> DispatchRow:
    unit = None
    if call_sign is not None:
        stated = tuple(None if at is None else minute(at) for at in (*times, *[None] * (6 - len(times))))
        unit = UnitFacts(call_sign, "fire_engine", stated, (), ())
    return DispatchRow(1, key, facts, unit)


def plan(*rows: DispatchRow) -> list[Command]:
    with Timetable("city") as timetable:
        for each in rows:
            timetable.add(each)
        commands = list(timetable)
        assert len(timetable) == len(commands)
    return commands


def told(commands: list[Command]) -> list[str]:
    """Return the commands in short: call c1, E1 assigned, close c1."""
    short = []
    for command in commands:
        name = command.path.rpartition("/")[2]
        if name == "stages":
            short.append(f"{command.body['unit']['call_sign']} {command.body['stage']}")
        else:
            short.append(f"{name.removesuffix('s')} {command.body['call_key']}")
    return short


def test_calls_of_a_file_are_told_in_the_order_in_which_they_happened() -> None:
    one, two = call("c1"), call("c2", received=3)
    commands = plan(
        row("r2", two, "E2", (4, None, None, None, None, 9)),
        row("r1", one, "E1", (1, 2, 5, None, None, 8)),
    )
    assert told(commands) == [
        "call c1", "E1 assigned", "E1 en_route", "call c2", "E2 assigned", "E1 on_scene", "E1 cleared", "close c1",
        "E2 cleared", "close c2",
    ]  # fmt: skip


def test_stages_keep_their_order_even_where_their_times_break_it() -> None:
    facts = call("c1", received=5)
    commands = plan(row("r1", facts, "E1", (4, 7, 6, None, None, 6)))
    assert told(commands) == ["call c1", "E1 assigned", "E1 en_route", "E1 on_scene", "E1 cleared", "close c1"]
    assert [c.body["at"] for c in commands[1:]] == [
        "2020-04-07T07:04:00Z", "2020-04-07T07:07:00Z", "2020-04-07T07:06:00Z", "2020-04-07T07:06:00Z",
        "2020-04-07T07:06:00Z",
    ]  # fmt: skip


def test_call_ends_only_when_every_unit_of_it_was_cleared() -> None:
    facts = call("c1", outcome="resolved")
    cleared, working = row("r1", facts, "E1", (1, 2, 3, 4, 5, 6)), row("r2", facts, "E2", (1, 2, 3))
    assert "close c1" in told(plan(cleared))
    assert "close c1" not in told(plan(cleared, working))
    assert told(plan(row("r1", facts, None))) == ["call c1"]
    end = plan(cleared, row("r3", facts, "E3", (1, 2, 3, None, None, 9)))[-1]
    assert end.body == {
        "source": "city", "call_key": "c1", "outcome": "resolved", "at": "2020-04-07T07:09:00Z", "precision": "second",
    }  # fmt: skip


def test_every_command_has_a_key_of_its_own_that_a_header_can_carry() -> None:
    facts = call("c1")
    commands = plan(
        row("r1", facts, "E1", (1, 2, 3, 4, 5, 6)), row("қатор", facts, "E2", (1,)), row("x" * 200, facts, "E3", (1,))
    )
    keys = [command.key for command in commands]
    assert len(set(keys)) == len(keys)
    assert keys[:2] == ["city:c1:call", "city:r1:assigned"]
    assert all(len(key) <= 100 and key.isascii() and key.isprintable() for key in keys)
    assert header_safe("a\x1fb") == header_safe("a\x1fb") != header_safe("a\x1fc")


def test_call_says_only_what_its_row_says() -> None:
    facts = call(
        "c1", lon=69.2, lat=41.3, address="Street 1", precisions=(("received", "minute"),), flags=("time_ambiguous",)
    )
    (command,) = plan(row("r1", facts, None))
    assert command.body == {
        "source": "city", "call_key": "c1", "number": "c1", "category": "fire", "priority": "1",
        "initial_priority": "3", "channel": "unknown", "place": {"lon": 69.2, "lat": 41.3}, "address": "Street 1",
        "flags": ["time_ambiguous"], "received": {"at": "2020-04-07T07:00:00Z", "precision": "minute"},
    }  # fmt: skip


@given(
    hours=st.integers(0, 24 * 60),
    speed=st.sampled_from([0.0, 0.5, 1.0, 60.0, 3600.0]),
    part=st.floats(0, 1),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_shifted_replay_never_speaks_of_the_future(hours: int, speed: float, part: float, now: datetime) -> None:
    span = (T0, T0 + timedelta(hours=hours))
    move = shift_to_now(span, now, speed)
    assert move % timedelta(minutes=1) == timedelta()
    at = span[0] + part * (span[1] - span[0])
    due = now + timedelta(seconds=Pace(span[0], speed).due_s(at))
    assert at + move <= due + timedelta(milliseconds=1)
    if speed in (0.5, 1.0):
        assert now - (span[0] + move) < timedelta(minutes=1)


def test_shifted_command_is_a_call_of_its_own() -> None:
    facts = call("c1", entered=minute(1))
    commands = plan(row("r1", facts, "E1", (2,)))
    moved = [shifted(command, timedelta(days=1), "run1") for command in commands]
    assert [c.body["call_key"] for c in moved] == ["c1@run1", "c1@run1"]
    assert moved[1].body["row_key"] == "r1@run1"
    assert moved[0].body["entered"]["at"] == "2020-04-08T07:01:00Z"
    assert moved[1].body["at"] == "2020-04-08T07:02:00Z"
    assert {c.key for c in moved}.isdisjoint({c.key for c in commands})
    assert moved[1].lanes == commands[1].lanes


# --- sending ---


class FakeCentre:
    """An intake that does each key once and remembers in which order; `trouble` decides what goes wrong with a request."""

    def __init__(self, trouble: Callable[[], str] = lambda: "") -> None:
        self.done: list[dict[str, Any]] = []
        self.answers: dict[str, bytes] = {}
        self.clock: list[tuple[str, Any]] = []
        self.at_once = self.most_at_once = 0
        self._trouble = trouble

    async def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/clock"):
            self.clock.append((request.method, json.loads(request.content) if request.content else None))
            return httpx.Response(204)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            return self._answer(request)
        finally:
            self.at_once -= 1

    def _answer(self, request: httpx.Request) -> httpx.Response:
        match self._trouble():
            case "away":
                raise httpx.ConnectError("away")
            case "busy":
                return httpx.Response(429, headers={"retry-after": "0"})
            case "full":
                return httpx.Response(503, json={"code": "unavailable", "message": "full"})
            case "denied":
                return httpx.Response(403, json={"code": "forbidden", "message": "not here"})
            case "stranger":
                return httpx.Response(401, json={"code": "not_signed_in", "message": "who"})
            case "refused":
                return httpx.Response(409, json={"code": "not_possible_now", "message": "closed"})
            case trouble:
                key = request.headers["idempotency-key"]
                if key in self.answers:
                    assert self.answers[key] == request.content, "the same key came with another body"
                else:
                    self.answers[key] = request.content
                    self.done.append(json.loads(request.content))
                if trouble == "lost":
                    raise httpx.ReadError("the answer was lost")
                return httpx.Response(201, json={})


def commands_of_a_day(calls: int = 40) -> list[Command]:
    rows = []
    for number in range(calls):
        facts = call(f"c{number}", received=number)
        for unit in range(3):
            start = number + unit
            rows.append(
                row(
                    f"r{number}-{unit}",
                    facts,
                    f"E{(number + unit) % 7}",
                    (start, start + 1, start + 2, None, None, start + 3),
                )
            )
    return plan(*rows)


async def send(centre: FakeCentre, commands: list[Command], *, clock: str | None = None, **options: Any) -> Sent:
    async with httpx.AsyncClient(transport=httpx.MockTransport(centre.handle), base_url="http://centre") as client:
        return await Sender(client, "mk_key", **options).send(commands, Pace(T0, 0), clock_source=clock)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(sending, "LONGEST_WAIT_S", 0.001)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("seed", range(3))
async def test_every_command_is_done_once_and_in_its_lanes_whatever_breaks(seed: int) -> None:
    chance = random.Random(seed)
    centre = FakeCentre(lambda: chance.choice(["", "", "away", "lost", "busy", "full"]))
    commands = commands_of_a_day()
    sent = await send(centre, commands)
    assert (sent.commands, sent.refused) == (len(commands), 0)
    assert sent.retried > len(commands) / 4
    assert Counter(map(json.dumps, centre.done)) == Counter(json.dumps(command.body) for command in commands)
    place = {json.dumps(body): position for position, body in enumerate(centre.done)}
    last: dict[str, int] = {}
    for command in commands:
        mine = place[json.dumps(command.body)]
        for lane in command.lanes:
            assert last.get(lane, -1) < mine
            last[lane] = mine
    assert 1 < centre.most_at_once <= LANES


async def test_refused_command_is_counted_named_and_does_not_stop_the_rest() -> None:
    answers = iter(["", "refused"])
    centre = FakeCentre(lambda: next(answers, ""))
    commands = commands_of_a_day(1)
    sent = await send(centre, commands)
    assert (sent.commands, sent.refused, sent.retried) == (len(commands) - 1, 1, 0)
    assert (sent.refusals[0].status, sent.refusals[0].code) == (409, "not_possible_now")
    assert sent.summary().keys() == {"commands", "retried", "refused", "seconds"}


@pytest.mark.parametrize(("trouble", "error"), [("stranger", NotSignedIn), ("denied", Forbidden)])
async def test_key_that_does_not_serve_stops_the_replay(trouble: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await send(FakeCentre(lambda: trouble), commands_of_a_day(3))


@pytest.mark.usefixtures("impatient")
async def test_replay_gives_up_when_the_centre_stays_away() -> None:
    with pytest.raises(Unavailable, match="run the same replay again"):
        await send(FakeCentre(lambda: "away"), commands_of_a_day(2), patience_s=0.02)


async def test_clock_of_the_replay_is_shown_and_taken_away_again() -> None:
    centre = FakeCentre()
    await send(centre, commands_of_a_day(2), clock="city")
    assert [method for method, _ in centre.clock] == ["PUT", "DELETE"]
    assert centre.clock[0][1]["source"] == "city"
    silent = FakeCentre()
    await send(silent, commands_of_a_day(2))
    assert silent.clock == []
    failing = FakeCentre(lambda: "denied")
    with pytest.raises(Forbidden):
        await send(failing, commands_of_a_day(1), clock="city")
    assert failing.clock[-1][0] == "DELETE"


async def test_commands_wait_until_they_are_due() -> None:
    centre = FakeCentre()
    commands = plan(row("r1", call("c1"), "E1", (1,)))
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with httpx.AsyncClient(transport=httpx.MockTransport(centre.handle), base_url="http://centre") as client:
        await Sender(client, "mk_key").send(commands, Pace(T0, 1_200.0), clock_source=None)  # a minute in 50 ms
    assert loop.time() - began >= 0.05


def test_speed_sets_when_a_command_is_due() -> None:
    assert [Pace(T0, speed).due_s(minute(2)) for speed in (1, 60, 0)] == [120.0, 2.0, 0.0]
