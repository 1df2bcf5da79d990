"""Makes an audit pack as one zip file, in a thread of its own: proving a month takes seconds that the desk must not wait.

That a pack was made, by whom and for which period, is an entry of the log before the first byte leaves.
"""

import asyncio
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol

from markaz.core.acts import Request, entry_of
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import InvalidInput, NotPossibleNow
from markaz.core.log import rotation
from markaz.core.log.appending import append
from markaz.core.log.entry import EntryKind
from markaz.core.log.intervals import SaltMissing
from markaz.core.log.keys import KeyRing
from markaz.core.sealing import KeysMissing
from markaz.kit.clock import Clock, iso
from markaz.programmes.oversight.packs.content import Period, write_pack

LONGEST = timedelta(days=31)  # 86 MB of hashes; a longer period is several packs, which join at their checkpoints


class Register(Protocol):
    """What a pack needs of the register of processing."""

    async def view_within(self, connection: Connection) -> dict[str, Any]:
        """Return the register as a transaction sees it."""
        ...


class Packs:
    """Makes audit packs, one at a time."""

    def __init__(
        self, database: Database, clock: Clock, register: Register, ring: Callable[[], KeyRing | None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._register = register
        self._ring = ring
        self._busy = asyncio.Lock()

    async def make(self, request: Request, since: datetime, until: datetime) -> Path:
        """Return a zip file in a folder of its own, which the caller removes with `remove`.

        Raises InvalidInput for a period that is not one, NotPossibleNow while another pack is made or when the log has
        no two checkpoints in it, KeysMissing when the log's keys are lost.
        """
        now = self._clock.now()
        if not since < until <= now + timedelta(minutes=1):
            raise InvalidInput("The period must end after it begins, and not in the future.", field="until")
        if until - since > LONGEST:
            raise InvalidInput("A pack holds at most 31 days: ask for the period in parts.", field="since")
        ring = self._ring()
        if ring is None:
            raise NotPossibleNow("The log has no key yet: it is made when the centre is first served.")
        if self._busy.locked():
            raise NotPossibleNow("Another pack is being made: try again in a minute.")
        async with self._busy:
            async with self._database.transaction() as connection:
                await rotation.check(connection, ring)
                reason = f"{iso(since)} {iso(until)}"
                entry = entry_of(request, EntryKind.EXPORT, "audit.pack", "audit_pack", None, reason)
                await append(connection, now, [entry])
            home = Path(await asyncio.to_thread(mkdtemp, prefix="markaz-pack-"))
            period = Period(since, until, request.actor.display_name)
            try:
                return await asyncio.to_thread(lambda: asyncio.run(self._zipped(home, ring, period, now)))
            except SaltMissing as error:
                await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
                raise KeysMissing("The key that opens the intervals of this period is lost.") from error
            except BaseException:
                # Whatever ends it, a half-made pack must not stay behind.
                await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
                raise

    async def _zipped(self, home: Path, ring: KeyRing, period: Period, now: datetime) -> Path:
        database = await Database.open(self._database.dsn, max_size=1)
        try:
            async with database.snapshot() as connection:
                register = await self._register.view_within(connection)
                await write_pack(connection, ring, home / "pack", period, register, now)
        finally:
            await database.close()
        return _zip(home / "pack", home / f"audit-{period.since:%Y%m%d}-{period.until:%Y%m%d}.zip")


def remove(made: Path) -> None:
    """Take away the folder of a pack that was sent."""
    with suppress(OSError):
        shutil.rmtree(made.parent)


def _zip(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            # Hashes do not shrink; a day of them is three megabytes.
            kind = zipfile.ZIP_STORED if path.suffix == ".bin" else zipfile.ZIP_DEFLATED
            file.write(path, path.relative_to(folder), compress_type=kind)
    shutil.rmtree(folder)
    return target
