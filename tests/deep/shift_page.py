"""The page an officer works at, with what a stopwatch and an ear on it learn: times, tasks, the line, memory, complaints."""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from playwright.async_api import CDPSession, ConsoleMessage, Page, Request, Response

# Runs before the page's own scripts. `key` is when the last key went down, on the page's own clock.
PROBE = """(() => {
  const probe = (window.__probe = { key: 0, longest: 0, tasks: 0, kind: null, changes: [], lag: 0, csp: [] });
  addEventListener("keydown", () => (probe.key = performance.now()), true);
  addEventListener("securitypolicyviolation", (event) => probe.csp.push(event.violatedDirective + " " + event.blockedURI));
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      probe.tasks += 1;
      probe.longest = Math.max(probe.longest, duration);
    }
  }).observe({ type: "longtask", buffered: true });
  setInterval(() => {
    const chip = document.querySelector(".topbar .link");
    const kind = chip ? [...chip.classList].find((name) => name.startsWith("is-")) : null;
    if (kind !== probe.kind) probe.changes.push([performance.now(), (probe.kind = kind)]);
    const lag = chip && /([0-9.]+)\\s*s/.exec(chip.textContent);
    if (lag) probe.lag = Math.max(probe.lag, Number(lag[1]));
  }, 100);
})()"""
LIVE = "is-live"


@dataclass
class Told:
    """A command that the server said it did: its key, the number of its event, and what was asked."""

    method: str
    path: str
    key: str
    status: int
    seq: int | None


@dataclass
class Watched:
    """What was learnt of the page during a shift."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # "409 POST /api/..."; reads that were given up are none
    shown_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    memory: list[dict[str, float]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    keys: int = 0
    longest_task_ms: float = 0.0
    tasks: int = 0
    not_live_ms: float = 0.0  # the longest time without a live line, but for reloads
    first_live_ms: list[float] = field(default_factory=list)  # from each load to a live line
    lag_s: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _cdp: CDPSession | None = None
    _waiting: list[Any] = field(default_factory=list)

    async def begin(self) -> None:
        """Start to listen; before the first page is opened."""
        await self.page.add_init_script(PROBE)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("request", lambda request: self.requests.update([request.method]))
        self.page.on("response", self._response)
        self.page.on("requestfailed", self._failed)
        self._cdp = await self.page.context.new_cdp_session(self.page)
        await self._cdp.send("Performance.enable")

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.keys += 1
            await self.page.keyboard.press(key)

    async def type(self, text: str, *, delay_ms: float = 35) -> None:
        """Type as a practised typist does."""
        self.keys += len(text)
        await self.page.keyboard.type(text, delay=delay_ms)

    async def shown(self, kind: str, condition: str, given: Any = None, *, patience_s: float = 20) -> None:
        """Wait until the page shows it (a JavaScript expression over `given`) and note how long after the last key."""
        found = await self.page.wait_for_function(
            f"(given) => ({condition}) ? {{ms: performance.now() - window.__probe.key}} : null",
            arg=given,
            timeout=patience_s * 1000,
        )
        self.shown_ms[kind].append((await found.json_value())["ms"])

    async def is_true(self, condition: str, given: Any = None) -> bool:
        """Return whether the page shows it now."""
        return bool(await self.page.evaluate(f"(given) => Boolean({condition})", given))

    async def weigh(self, what: str) -> None:
        """Note the memory of the page after its garbage was thrown away."""
        assert self._cdp is not None
        await self._cdp.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in (await self._cdp.send("Performance.getMetrics"))["metrics"]}
        self.memory.append(
            {
                "what": what,  # type: ignore[dict-item]
                "minute": round((time.monotonic() - self._began) / 60, 1),
                "heap_mb": round(found["JSHeapUsedSize"] / 1e6, 2),
                "nodes": found["Nodes"],
                "listeners": found["JSEventListeners"],
            }
        )

    async def leave_page(self) -> None:
        """Collect what the probe saw; before a reload and at the end."""
        probe = await self.page.evaluate("({...window.__probe, now: performance.now()})")
        self.longest_task_ms = max(self.longest_task_ms, probe["longest"])
        self.tasks += probe["tasks"]
        self.lag_s = max(self.lag_s, probe["lag"])
        self.complaints += [f"CSP: {violation}" for violation in probe["csp"]]
        changes = [*probe["changes"], [probe["now"], "end"]]
        firsts = [at for at, kind in changes if kind == LIVE]
        if not firsts:
            self.complaints.append("a page never came to life")
            return
        self.first_live_ms.append(firsts[0])
        for (at, kind), (until, _) in pairwise(changes):
            if at > firsts[0] and kind != LIVE:
                self.not_live_ms = max(self.not_live_ms, until - at)

    async def settled(self) -> list[Told]:
        """Return everything that was told, once every answer was read."""
        while self._waiting:
            await self._waiting.pop()
        return self.told

    def _console(self, message: ConsoleMessage) -> None:
        # The refusal itself stands in `refused`.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # A read that the page gives up (a newer search, a reload) fails as aborted; a lost command would not.
        is_given_up = request.method == "GET" or request.url.endswith("/presence")
        if not is_given_up or "ERR_ABORTED" not in (request.failure or ""):
            self.refused.append(f"failed {request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        path = response.url.partition("/api/")[2]
        if response.status >= 400:
            self.refused.append(f"{response.status} {response.request.method} {path}")
        elif response.request.method != "GET" and path:
            self._waiting.append(asyncio.ensure_future(self._tell(response, path)))

    async def _tell(self, response: Response, path: str) -> None:
        headers = response.request.headers
        key = headers.get("idempotency-key")
        if key is None or response.status == 204:
            return
        body = await response.json()
        seq = body.get("seq") if isinstance(body, dict) else None
        self.told.append(Told(response.request.method, path, key, response.status, seq))
