"""Officers who go on working, and consoles that go on watching, while their centre is killed under them.

Both do what real ones do: send the same request again under the same key, and come back with their cursor. What they
were told is kept, to be compared with what the database holds afterwards.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import orjson
from tests.contract.console import Console
from tests.contract.transports import Stream, stream_of
from tests.contract.wire import get
from tests.support.land import Land

RETRY_S = 0.05
REQUEST_S = 10.0
ERROR_FIELDS = {"code", "message", "details", "request_id"}


@dataclass
class Book:
    """What was acknowledged, and what trouble there was meanwhile."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # idempotency key -> the answer
    acts: dict[str, int] = field(default_factory=dict)  # what was done -> how often it was acknowledged
    lost: int = 0
    unavailable: int = 0
    looks: Counter[str] = field(default_factory=Counter)  # incident -> how often its sealed part was shown

    async def progress(self, count: int, patience_s: float = 60.0) -> None:
        """Wait until that many more acts were acknowledged: the centre is at work again."""
        goal = len(self.answers) + count
        async with asyncio.timeout(patience_s):
            while len(self.answers) < goal:  # noqa: ASYNC110 - the officers ring no bell
                await asyncio.sleep(0.01)


class Officer:
    """Opens an incident, sends the one unit, follows it to the end, and begins again."""

    def __init__(self, base_url: str, credentials: dict[str, str], book: Book, number: int) -> None:
        self._client = httpx.AsyncClient(base_url=base_url, headers=credentials, timeout=REQUEST_S)
        self._book = book
        self._number = number

    async def work(self, stop: asyncio.Event) -> None:
        """Work until told to stop, then finish the incident at hand."""
        async with self._client:
            unit = {"call_sign": f"K-{self._number}", "kind": "patrol_car", "territory_id": int(Land.WEST)}
            unit_id = (await self._act("register", "/api/units", unit))["id"]
            await self._act("status", f"/api/units/{unit_id}/status", {"status": "available", "version": 1})
            while not stop.is_set():
                await self._incident(unit_id)

    async def _incident(self, unit_id: str) -> None:
        call = {"category": "theft", "priority": "3", "channel": "phone", "place": {"lon": 60.5, "lat": 40.5}}
        opened = await self._act("open", "/api/incidents", call | {"note": "a note"})
        path, version = f"/api/incidents/{opened['id']}", opened["version"]
        sent = await self._act("assign", f"{path}/assignments", {"unit_id": unit_id, "version": version})
        version = sent["version"]
        await self._look(opened["id"])
        for stage in ("en_route", "on_scene", "cleared"):
            body = {"stage": stage, "version": version}
            version = (await self._act("stage", f"{path}/assignments/{unit_id}/stages", body))["version"]
        version = (await self._act("note", f"{path}/notes", {"text": "a note"}))["version"]
        await self._act("close", f"{path}/close", {"version": version, "outcome": "resolved"})

    async def _look(self, incident_id: str) -> None:
        """Open the card once; a look that fails shows nothing and may leave nothing."""
        with suppress(httpx.TransportError):
            answer = await self._client.get(f"/api/incidents/{incident_id}")
            assert answer.status_code in {200, 503}, answer.text
            if answer.is_success:
                self._book.looks[incident_id] += 1

    async def _act(self, what: str, path: str, body: dict[str, Any], method: str = "POST") -> dict[str, Any]:
        """Send one command until it is answered. Anything but success or "not now" fails the test."""
        key = uuid4().hex
        while True:
            try:
                answer = await self._client.request(method, path, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                self._book.lost += 1
                await asyncio.sleep(RETRY_S)
                continue
            if answer.status_code == 503:
                assert set(answer.json()) == ERROR_FIELDS, answer.text
                assert answer.headers["retry-after"], answer.text
                self._book.unavailable += 1
                await asyncio.sleep(RETRY_S)
                continue
            assert answer.is_success, f"{what} {path}: {answer.status_code} {answer.text}"
            told: dict[str, Any] = answer.json()
            self._book.answers[key] = told
            self._book.acts[what] = self._book.acts.get(what, 0) + 1
            return told


class Administrator(Officer):
    """Gives a colleague a right and takes it away again: acts that must stand in the log of use as well."""

    def __init__(self, base_url: str, credentials: dict[str, str], book: Book, colleague_id: str) -> None:
        super().__init__(base_url, credentials, book, 0)
        self._path = f"/api/accounts/{colleague_id}/grants"

    async def work(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        async with self._client:
            while not stop.is_set():
                for grants in ([], [{"role": "observer", "territory_id": int(Land.EAST)}]):
                    await self._act("grants", self._path, {"grants": grants}, method="PUT")
                    await asyncio.sleep(RETRY_S)  # the officers' acts are to be the many


class Watcher:
    """A console that comes back with its cursor whenever its stream breaks, and never takes another snapshot."""

    def __init__(self, port: int, credentials: dict[str, str]) -> None:
        self._port = port
        self.credentials = credentials
        self.console: Console
        self.reconnects = -1
        self.ends: list[str] = []

    async def begin(self) -> None:
        """Take the one snapshot."""
        answer = await get(self._port, "/api/snapshot", self.credentials)
        self.console = Console(orjson.loads(await answer.chunk()))
        answer.close()

    async def watch(self) -> None:
        """Follow the stream until cancelled; a gap or a refused cursor fails the test."""
        while True:
            with suppress(OSError, EOFError):  # EOFError: also a frame that was cut in the middle
                await self._follow()
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        headers = {**self.credentials, "Last-Event-ID": str(self.console.seq)}
        answer = await get(self._port, "/api/stream", headers)
        if answer.status == 503:
            answer.close()
            return
        assert answer.status == 200, (answer.status, await answer.chunk())
        self.reconnects += 1
        stream: Stream = stream_of(answer)
        try:
            while True:
                frame = await stream.next(patience_s=30)
                if frame.kind == "end":
                    assert frame.data["code"] == "shutdown", frame
                    self.ends.append(frame.data["code"])
                    return
                assert frame.data["after"] <= self.console.seq
                self.console.take(frame.data)
        finally:
            answer.close()
