"""What tests of the log share: entries to append, a log that ticks by hand, and an outsider's view of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Database
from markaz.core.log import keys, tiles, tree
from markaz.core.log.appending import append
from markaz.core.log.checkpoints import Checkpointer, newest_note
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.log.note import Checkpoint, Note
from markaz.core.log.reading import public_tile
from markaz.kit.clock import FakeClock

ACTOR = UUID("01a20000-0000-7000-8000-000000000001")
START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def entry(number: int = 0, kind: EntryKind = EntryKind.VIEW, public: Mapping[str, Any] | None = None) -> Entry:
    """Return one entry."""
    reason, roles = f"incident {number}", ("observer@7",)
    return Entry(kind, "incident.read_sealed", ACTOR, "incident", ACTOR, reason, 7, public=public or {}, roles=roles)


class Ticking:
    """A log with a clock of its own that goes on by hand."""

    def __init__(self, database: Database, home: Path, at: datetime = START) -> None:
        self.database = database
        self.home = home
        self.clock = FakeClock(at)
        self.checkpointer = self.process()

    def process(self, policy: str = "policy-1") -> Checkpointer:
        """Return another process of the same centre."""
        return Checkpointer(self.database, self.clock, self.home, policy_hash=lambda: policy)

    async def enter(self, count: int = 1) -> None:
        """Append entries now."""
        async with self.database.transaction() as connection:
            await append(connection, self.clock.now(), [entry(n) for n in range(count)])

    async def tick(self, seconds: float = 1) -> int:
        """Let time pass and tick once."""
        self.clock.advance(timedelta(seconds=seconds))
        return await self.checkpointer.tick()

    async def newest(self) -> Checkpoint:
        """Return the newest checkpoint, its signature checked."""
        ring = keys.load(self.home)
        assert ring is not None
        async with self.database.connection() as connection:
            note = Note.parse(await newest_note(connection) or "")
        note.signed_by([ring.signer.verifier])
        return Checkpoint.parse(note.text)

    async def leaves(self, size: int) -> Sequence[bytes]:
        """Return the leaf hashes of the published tree, from its tiles."""
        ring = keys.load(self.home)
        assert ring is not None
        async with self.database.connection() as connection:
            rows = [await public_tile(connection, ring.salts, tile) for tile in tiles.tiles_of(size, 0)]
        return [leaf for row in rows for leaf in tiles.split_hashes(row)]

    async def is_whole(self) -> Checkpoint:
        """Return the newest checkpoint after comparing its root with one worked out from every leaf."""
        checkpoint = await self.newest()
        assert tree.root_of(await self.leaves(checkpoint.size)) == checkpoint.root
        return checkpoint
