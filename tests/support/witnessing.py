"""A witness on a machine of its own, and a centre whose log ticks by hand, both on one clock that goes on by hand."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.support.centre import RunningCentre, opened_centre
from tests.support.live import serving
from tests.support.transparency import entry

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.log import keys, witnesses
from markaz.core.log.appending import append
from markaz.core.log.checkpoints import CHUNK
from markaz.core.settings import Settings
from markaz.kit.clock import FakeClock

# Runs the program as it is, at the time of the test.
AT_ITS_TIME = """
import runpy, sys, time
now = float(sys.argv[1])
time.time = lambda: now
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass
class Outside:
    """The witness's own machine: a folder, the program as it was fetched, a clock, and what the last command said."""

    folder: Path
    program: Path
    clock: FakeClock
    said: str = ""

    async def run(self, *arguments: object) -> int:
        """Run the program as a process of its own; return its exit code."""
        now = str(self.clock.now().timestamp())
        words = [sys.executable, "-I", "-c", AT_ITS_TIME, now, *(str(one) for one in (self.program, *arguments))]
        process = await asyncio.create_subprocess_exec(*words, stdout=-1, stderr=-1)
        out, err = await process.communicate()
        self.said = out.decode() + err.decode()
        return process.returncode or 0

    async def look(self, url: str, *keys_: str) -> int:
        """Look at the log once."""
        pinned = [word for key in keys_ for word in ("--key", key)]
        return await self.run("watch", url, "--dir", self.folder, "--once", *pinned)


@dataclass
class Day:
    """A centre whose log ticks by hand."""

    running: RunningCentre
    clock: FakeClock
    url: str

    @property
    def ring(self) -> keys.KeyRing:
        """Return the keys of the log."""
        ring = keys.load(self.running.centre.settings.home)
        assert ring is not None
        return ring

    @property
    def vkey(self) -> str:
        """Return the key that signs."""
        return self.ring.signer.verifier.vkey

    async def passes(self, seconds: int = 1, entries: int = 0, *, stated_ago: timedelta = timedelta(0)) -> None:
        """Let time pass, with entries at its end, which state a time so long ago."""
        self.clock.advance(timedelta(seconds=seconds))
        if entries:
            async with self.running.centre.database.transaction() as connection:
                await append(connection, self.clock.now() - stated_ago, [entry(n) for n in range(entries)])
        while await self.running.centre.checkpointer.tick() >= CHUNK:
            pass

    async def register(self, vkey: str) -> None:
        """Register a witness."""
        async with self.running.centre.database.transaction() as connection:
            await witnesses.add(connection, self.clock.now(), vkey)


@asynccontextmanager
async def day_of(
    settings: Settings, access: DatabaseAccess, clock: FakeClock, *, is_new: bool = True
) -> AsyncIterator[Day]:
    async with opened_centre(settings, access, clock, with_land=is_new) as running, serving(running) as url:
        yield Day(running, clock, url)
