"""Turns at the hashing of passwords, and the count of wrong ones by address: orders and counts, a clock passed in."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from markaz.core.errors import RateLimited
from markaz.core.identity import spraying
from markaz.core.identity.spraying import AGAIN_S, FREE_WRONG, WrongByAddress
from markaz.core.identity.turns import Turns
from markaz.kit.clock import FakeClock

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Line:
    """Whoever comes, in the order in which they got their turn; a turn lasts until `go` lets it end."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.served = turns, list[str]()
        self.refused = list[str]()
        self.go = asyncio.Semaphore(0)

    async def comes(self, place: str, n: int = 1) -> list["asyncio.Task[None]"]:
        """Let `n` people come from a place and stand in line."""
        tasks = [asyncio.create_task(self._one(place)) for _ in range(n)]
        await self.settle()
        return tasks

    async def _one(self, place: str) -> None:
        try:
            async with self.turns.turn(place):
                self.served.append(place)
                await self.go.acquire()
        except RateLimited:
            self.refused.append(place)

    async def end(self, turns: int) -> None:
        """Let so many turns end."""
        for _ in range(turns):
            self.go.release()
            await self.settle()

    @staticmethod
    async def settle() -> None:
        """Let every task run until it waits: nothing here waits for anything but this loop."""
        for _ in range(6):
            await asyncio.sleep(0)


async def test_places_take_turns_so_that_many_from_one_hold_up_another_by_a_turn() -> None:
    line = Line(Turns(2))
    await line.comes("a", 50)
    await line.comes("b", 2)
    await line.comes("c", 1)
    await line.end(7)
    assert line.served == ["a", "a", "a", "b", "c", "a", "b", "a", "a"]
    await line.end(46)
    assert (line.served.count("a"), line.turns.waiting, line.refused) == (50, 0, [])
    await line.comes("d", 3)
    assert (line.served[-2:], line.turns.waiting) == (["d", "d"], 1)  # both turns came back
    await line.end(3)


async def test_a_line_is_bounded_and_who_comes_beyond_it_is_told_at_once_when_to_come_again() -> None:
    turns = Turns(1, per_place=3)
    line = Line(turns)
    await line.comes("a", 4)
    with pytest.raises(RateLimited) as refused:
        async with turns.turn("a"):
            pass
    assert 0 < refused.value.details["retry_after_s"] <= 900
    await line.comes("b", 3)
    assert (line.refused, turns.waiting) == ([], 6)
    await line.end(7)
    assert (line.served.count("a"), line.served.count("b")) == (4, 3)


async def test_where_all_lines_are_full_the_longest_gives_way_to_a_shorter_one_and_never_the_other_way() -> None:
    line = Line(Turns(1, per_place=10, in_all=6))
    await line.comes("a", 6)  # one is served, five wait
    await line.comes("b", 1)
    for come, refused in (("b", ["a"]), ("c", ["a", "a"]), ("a", ["a", "a", "a"]), ("b", ["a", "a", "a", "b"])):
        await line.comes(come)
        assert (line.refused, line.turns.waiting) == (refused, 6), come
    await line.end(7)
    assert (line.served, line.turns.waiting) == (["a", "a", "b", "c", "a", "b", "a"], 0)


async def test_who_goes_away_leaves_the_line_and_a_turn_given_in_that_moment_goes_on() -> None:
    line = Line(Turns(1))
    (served,) = await line.comes("a")
    first, second = await line.comes("a", 2)
    (other,) = await line.comes("b")
    first.cancel()
    await line.settle()
    assert line.turns.waiting == 2
    line.go.release()
    await asyncio.sleep(0)  # the turn is passed on to the second of "a" ...
    second.cancel()  # ... who goes before it wakes
    for gone in (first, second):
        with suppress(asyncio.CancelledError):
            await gone
    await line.settle()
    assert line.served == ["a", "b"]
    await line.end(1)
    assert (served.done(), other.done(), line.turns.waiting) == (True, True, 0)
    await line.comes("c")
    assert line.served[-1] == "c"
    await line.end(1)


async def test_a_turn_in_which_something_breaks_goes_on_too() -> None:
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with turns.turn("a"):
                raise ZeroDivisionError


def waits(action: Callable[[], None]) -> float | None:
    try:
        action()
    except RateLimited as limited:
        return float(limited.details["retry_after_s"])
    return None


def test_wrong_passwords_of_one_address_are_free_at_first_and_come_back_one_by_one() -> None:
    wrong, clock = WrongByAddress(), FakeClock(NOW)

    def wait_of(place: str) -> float | None:
        return waits(lambda: wrong.check(place, clock.now()))

    for _ in range(FREE_WRONG):
        assert wait_of("a") is None
        wrong.count("a", clock.now())
    assert {wait_of("a") for _ in range(50)} == {AGAIN_S}  # being refused costs nothing more
    assert wait_of("b") is None
    for _ in range(20):
        clock.advance(timedelta(seconds=AGAIN_S))
        assert wait_of("a") is None
        wrong.count("a", clock.now())
        assert wait_of("a") == AGAIN_S
    clock.advance(timedelta(days=30))
    for _ in range(FREE_WRONG):  # and never more than at first
        wrong.count("a", clock.now())
    assert wait_of("a") == AGAIN_S
    wrong.count("a", clock.now())  # two were looked at, at once
    assert wait_of("a") == 2 * AGAIN_S <= 900


def test_a_clock_set_back_makes_nobody_wait_longer() -> None:
    wrong = WrongByAddress()
    for _ in range(FREE_WRONG):
        wrong.count("a", NOW)
    back = NOW - timedelta(hours=12)
    assert waits(lambda: wrong.check("a", back)) == AGAIN_S
    assert waits(lambda: wrong.check("a", back + timedelta(seconds=AGAIN_S))) is None


def test_addresses_remembered_are_bounded_and_the_longest_quiet_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spraying, "ADDRESSES_MAX", 10)
    wrong = WrongByAddress()
    for n in range(100):
        for _ in range(FREE_WRONG):
            wrong.count("busy", NOW)
        wrong.count(f"once {n}", NOW)
        assert len(wrong._wrong) <= 10
    assert waits(lambda: wrong.check("busy", NOW)) is not None
