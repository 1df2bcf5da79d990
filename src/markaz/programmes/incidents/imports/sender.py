"""Sends the commands of a replay through the public HTTP intake, in order, once each, whatever breaks in between.

Commands of one call, and of one unit, are sent one after the other; different ones side by side. A command that was
not answered is sent again under the same idempotency key, so a server killed in the middle loses and doubles nothing.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson

from markaz.core.errors import Forbidden, NotSignedIn, Unavailable
from markaz.kit.clock import iso
from markaz.programmes.incidents.imports.timetable import Command

LANES = 12  # requests in flight; more than the server has connections to its database gains little
WINDOW = 256  # commands that have begun: most wait for the one before them in their call or unit
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
PATIENCE_S = 120.0  # without a single answer; a restart with recovery takes seconds
CLOCK_EVERY_S = 2.0
MAX_REFUSALS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that the centre refused for good, and its reason."""

    key: str
    status: int
    code: str
    message: str


@dataclass(slots=True)
class Sent:
    """How a replay went. `commands` were acknowledged, `retried` counts sendings that had to be repeated."""

    commands: int = 0
    retried: int = 0
    refused: int = 0
    seconds: float = 0.0
    refusals: list[Refusal] = field(default_factory=list)

    def summary(self) -> dict[str, int | float]:
        """Return what the command prints at its end."""
        return {
            "commands": self.commands,
            "retried": self.retried,
            "refused": self.refused,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Pace:
    """When each command is due: `speed` 1 is real time, 0 as fast as it goes. `first` is when the first one happened."""

    first: datetime
    speed: float

    def due_s(self, at: datetime) -> float:
        """Return after how many seconds of the replay a command is due."""
        return 0.0 if self.speed == 0 else (at - self.first).total_seconds() / self.speed


class Sender:
    """Sends to one centre with one importer key."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        key: str,
        *,
        lanes: int = LANES,
        patience_s: float = PATIENCE_S,
        on_progress: Callable[[Sent, datetime], None] = lambda _sent, _at: None,
    ) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._slots = asyncio.Semaphore(lanes)
        self._window = asyncio.Semaphore(WINDOW)
        self._patience_s = patience_s
        self._on_progress = on_progress
        self._sent = Sent()
        self._last_of: dict[str, asyncio.Task[None]] = {}
        self._there = datetime.min.replace(tzinfo=UTC)
        self._answered_at = time.monotonic()
        self._began = time.monotonic()

    async def send(
        self, commands: Iterable[Command], pace: Pace, *, clock_source: str | None, move: timedelta = timedelta()
    ) -> Sent:
        """Send every command when it is due. `clock_source` labels the consoles' clock while it lasts.

        `move` is by how much the commands were shifted against `pace`. Raises NotSignedIn or Forbidden when the key
        does not serve, Unavailable when the centre stays away; run again, the replay goes on where it was.
        """
        self._began = self._answered_at = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                clock = None if clock_source is None else group.create_task(self._show_clock(clock_source, pace))
                await self._send_all(group, commands, pace, move)
                if clock is not None:
                    clock.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None  # the first to fail; the others were cancelled for its sake
        finally:
            if clock_source is not None:
                await self._command("DELETE", {})
        self._sent.seconds = time.monotonic() - self._began
        return self._sent

    async def _send_all(
        self, group: asyncio.TaskGroup, commands: Iterable[Command], pace: Pace, move: timedelta
    ) -> None:
        for command in commands:
            self._there = command.at
            wait_s = pace.due_s(command.at - move) - (time.monotonic() - self._began)
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            await self._window.acquire()
            self._start(group, command)
        while self._last_of:
            await asyncio.wait(set(self._last_of.values()))

    def _start(self, group: asyncio.TaskGroup, command: Command) -> None:
        before = [self._last_of[lane] for lane in command.lanes if lane in self._last_of]
        task = group.create_task(self._in_turn(command, before))
        for lane in command.lanes:
            self._last_of[lane] = task

        def forget(done: asyncio.Task[None]) -> None:
            self._window.release()
            for lane in command.lanes:
                if self._last_of.get(lane) is done:
                    del self._last_of[lane]

        task.add_done_callback(forget)

    async def _in_turn(self, command: Command, before: list[asyncio.Task[None]]) -> None:
        if before:
            await asyncio.wait(before)
        body = orjson.dumps(command.body)
        headers = {**self._headers, "Idempotency-Key": command.key, "Content-Type": "application/json"}
        back_off_s = FIRST_WAIT_S
        while isinstance(answer := await self._try(command.path, body, headers), float):
            if time.monotonic() - self._answered_at > self._patience_s:
                raise Unavailable(
                    f"The centre at {self._client.base_url} has not answered for {self._patience_s:.0f} s: when it is "
                    "back, run the same replay again; what was acknowledged is not done twice."
                )
            self._sent.retried += 1
            await asyncio.sleep(max(answer, back_off_s))
            back_off_s = min(2 * back_off_s, LONGEST_WAIT_S)
        self._take(command, answer)
        self._on_progress(self._sent, command.at)

    async def _try(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response | float:
        """Return the answer, or how many seconds to wait at least before the same request is sent again."""
        try:
            async with self._slots:
                answer = await self._client.post(path, content=body, headers=headers)
        except httpx.TransportError:
            return 0.0
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return _retry_after_s(answer)
        self._answered_at = time.monotonic()
        return _retry_after_s(answer) if answer.status_code == httpx.codes.TOO_MANY_REQUESTS else answer

    def _take(self, command: Command, answer: httpx.Response) -> None:
        if answer.is_success:
            self._sent.commands += 1
            return
        code, message = _reason(answer)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise NotSignedIn(f"The centre does not know this key: {message}")
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise Forbidden(f"This key may not do that: {message}")
        self._sent.refused += 1
        if len(self._sent.refusals) < MAX_REFUSALS_NAMED:
            self._sent.refusals.append(Refusal(command.key, answer.status_code, code, message))

    async def _show_clock(self, source: str, pace: Pace) -> None:
        while True:
            at = self._there
            if pace.speed > 0:
                at = pace.first + timedelta(seconds=(time.monotonic() - self._began) * pace.speed)
            await self._command("PUT", {"source": source, "at": iso(at), "speed": pace.speed})
            await asyncio.sleep(CLOCK_EVERY_S)

    async def _command(self, method: str, body: dict[str, Any]) -> None:
        """Set or clear the label of the replay clock; it is only a label, so trouble with it stops nothing."""
        headers = {**self._headers, "Idempotency-Key": secrets.token_hex(8), "Content-Type": "application/json"}
        with suppress(httpx.TransportError):
            await self._client.request(
                method, "/api/intake/clock", content=orjson.dumps(body) if body else None, headers=headers
            )


def _retry_after_s(answer: httpx.Response) -> float:
    """Return the seconds of Retry-After; the intake sends no dates."""
    try:
        return min(LONGEST_WAIT_S, max(0.0, float(answer.headers.get("retry-after", ""))))
    except ValueError:
        return 0.0


def _reason(answer: httpx.Response) -> tuple[str, str]:
    try:
        body = answer.json()
        return str(body["code"]), str(body["message"])
    except (ValueError, KeyError, TypeError):
        return "unknown", answer.text[:200]
