"""Turns at the hashing of passwords: few at once, lines of bounded length, and the places take turns.

Each place (an address, or a browser that is known) stands in a line of its own, and the lines are served one after the
other. So three hundred guesses from one place hold up whoever comes from another by a turn, not by three hundred. Nothing
here knows what a turn is for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from markaz.core.errors import RateLimited

PER_PLACE = 300  # waiting: a whole shift behind one address, at the same moment; some seconds of hashing
IN_ALL = 1_500  # waiting from everywhere; beyond it the longest line gives way to a shorter one
AGAIN_AFTER_S = 5.0


class Turns:
    """Lends `at_once` turns. For one event loop."""

    def __init__(self, at_once: int, per_place: int = PER_PLACE, in_all: int = IN_ALL) -> None:
        self._free = at_once
        self._per_place = per_place
        self._in_all = in_all
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}  # the place whose turn comes next stands first
        self.waiting = 0

    @asynccontextmanager
    async def turn(self, place: str) -> AsyncIterator[None]:
        """Hold a turn. Raises RateLimited, at once when too many wait already, later when a shorter line needs the room."""
        await self._wait(place)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, place: str) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            return
        self._make_room(place)
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(place, deque()).append(mine)
        self.waiting += 1
        try:
            await mine
        except asyncio.CancelledError:
            if mine.cancelled():
                self._leave(place, mine)
            elif mine.exception() is None:
                self._pass_on()  # the turn came in the moment of the cancelling
            raise

    def _make_room(self, place: str) -> None:
        own = len(self._lines.get(place, ()))
        if own >= self._per_place:
            raise _too_many()
        if self.waiting < self._in_all:
            return
        longest = max(self._lines, key=lambda other: len(self._lines[other]))
        if len(self._lines[longest]) <= own + 1:
            raise _too_many()
        last = self._lines[longest][-1]
        self._leave(longest, last)
        if not last.done():
            last.set_exception(_too_many())

    def _leave(self, place: str, one: "asyncio.Future[None]") -> None:
        line = self._lines.get(place)
        if line is None or one not in line:
            return
        line.remove(one)
        self.waiting -= 1
        if not line:
            del self._lines[place]

    def _pass_on(self) -> None:
        """Give this turn to the first of the next line, which then goes behind the others; or back."""
        while self._lines:
            place = next(iter(self._lines))
            line = self._lines.pop(place)
            first = line.popleft()
            self.waiting -= 1
            if line:
                self._lines[place] = line
            if not first.done():
                first.set_result(None)
                return
        self._free += 1


def _too_many() -> RateLimited:
    return RateLimited("Too many are signing in: wait a moment.", retry_after_s=AGAIN_AFTER_S)
