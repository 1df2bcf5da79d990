"""The rhythm of the log: a public leaf for each interval, and a signed checkpoint for each tree that is durable.

Three steps, each of which may be the last before a crash. (1) Leaf, tiles and the text of the checkpoint are committed.
(2) The text is signed; Ed25519 gives the same signature however often. (3) The note is committed to `log_checkpoints`,
from where it is published. A text that waits is signed and published before any further leaf is made, so there are never
two checkpoints of one size with different roots. One process at a time does this; which one does not matter.

Time in the log never goes backward: while a clock that was set back has not caught up, the leaves repeat the last time.
That it was set back, or that no leaf was made while entries were, is an entry of the log (core.log.clock_steps).
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from markaz import __version__
from markaz.core.db.pool import DATABASE_TROUBLE, Connection, Database
from markaz.core.log import keys, rotation, tiles
from markaz.core.log.clock_steps import SLACK, Step, has_late, state_step
from markaz.core.log.intervals import Run, hashes_between
from markaz.core.log.note import Checkpoint, Note
from markaz.core.log.reading import LogBroken, entry_tree, public_tree, run_at
from markaz.core.sealing import KeysMissing
from markaz.kit.clock import Clock, iso

log = logging.getLogger(__name__)

SOFTWARE: Final = f"markaz/{__version__}"
CHUNK: Final = 3_600  # missed intervals made up for in one transaction: an hour of seconds, a tenth of a second of work
CATCH_UP: Final = timedelta(days=7)  # after a longer pause one leaf says that time has passed, instead of 600,000
PASSING: Final = timedelta(hours=1)  # how long a witness may take to cosign a checkpoint that it fetched
WITNESSED_WITHIN: Final = timedelta(hours=24)  # the longest a witness may be silent before the log says `unwitnessed`
AFTER_FAULT_S: Final = 30.0  # between two tries that only a person can help
UNWITNESSED: Final = "unwitnessed"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('log.checkpoints', 102))"


class Stage(StrEnum):
    """Where one checkpoint stands; tests end the process there."""

    COMMITTED = "committed"
    SIGNED = "signed"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Pending:
    """A checkpoint whose tree is durable and whose note is not published yet."""

    size: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """What the clock last showed, and whether the leaves were behind it by more than an entry may take."""

    at: datetime | None = None
    is_paused: bool = False


class Checkpointer:
    """Adds public leaves and publishes checkpoints, of the centre whose keys stand in `home`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        home: Path,
        *,
        step: timedelta = timedelta(seconds=1),
        policy_hash: Callable[[], str] = lambda: "none",
        software: str = SOFTWARE,
        reached: Callable[[Stage], None] = lambda _stage: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._home = home
        self._step = step
        self._policy_hash = policy_hash
        self._software = software
        self._reached = reached
        self.failures = 0  # ticks that made no checkpoint where they should have
        self._clock_seen = ClockSeen()
        self._clock_noted = ClockSeen()  # as the transaction under way makes it
        self._growth: tiles.Growth | None = None  # the right edge as it is durable
        self._grown: tiles.Growth | None = None  # and as the transaction under way makes it

    async def run(self) -> None:
        """Tick for ever. Trouble with the database or the keys is counted, logged and tried again; the duty desk works on."""
        while True:
            is_behind = False
            try:
                is_behind = await self.tick() >= CHUNK
            except DATABASE_TROUBLE:
                self.failures += 1
                log.warning("the log waits for the database")
            except (KeysMissing, LogBroken) as trouble:
                self.failures += 1
                log.error("no checkpoint of the log is made: %s", trouble.message)
                await asyncio.sleep(AFTER_FAULT_S)
            except Exception:
                # A fault of ours in one checkpoint must not end all that would follow unnoticed.
                self.failures += 1
                log.exception("no checkpoint of the log was made")
                await asyncio.sleep(AFTER_FAULT_S)
            await asyncio.sleep(0 if is_behind else self._wait_s())

    def _wait_s(self) -> float:
        """Return how long it is to the end of the interval."""
        step_s = self._step.total_seconds()
        return step_s - (self._clock.now() - EPOCH).total_seconds() % step_s

    async def tick(self) -> int:
        """Add the leaves that are due, sign, publish; return how many leaves were added.

        Raises KeysMissing, LogBroken and Unavailable.
        """
        ring = await self._ring()
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_LOCK):
                return 0
            try:
                await rotation.introduce(connection, self._clock.now(), ring)
            except KeysMissing:
                ring = await self._ring()  # perhaps a rotation came in between
                await rotation.introduce(connection, self._clock.now(), ring)
            pending = await _pending(connection)
            added = 0
            if pending is None:
                added, pending = await self._extend(connection, ring)
        self._clock_seen = self._clock_noted
        if pending is None:
            return 0
        self._growth, self._grown = self._grown, None
        self._reached(Stage.COMMITTED)
        note = Note(pending.text, (ring.signer.sign(pending.text),))
        self._reached(Stage.SIGNED)
        await self._publish(pending, note)
        self._reached(Stage.PUBLISHED)
        return added

    async def _ring(self) -> keys.KeyRing:
        """Read the keys; make them when the log is new."""
        ring = keys.load(self._home)
        if ring is not None:
            return ring
        async with self._database.connection() as connection:
            if await connection.fetchval("SELECT size > 0 FROM log_public"):
                raise KeysMissing(
                    f"The key file {keys.KEY_FILE} is missing: restore it from the key backup. If it is lost for ever, "
                    "`markaz log begin-anew` ends this public log, and witnesses will notice."
                )
        try:
            return keys.make(self._home, keys.new_ring(self._clock.now()))
        except OSError as error:
            raise KeysMissing(f"The key file {keys.KEY_FILE} could not be made: {error.strerror}.") from error

    async def _extend(self, connection: Connection, ring: keys.KeyRing) -> tuple[int, Pending | None]:
        state = await connection.fetchrow("SELECT size, at FROM log_public FOR UPDATE")
        assert state is not None, "migration 0015 makes the row"
        size: int = state["size"]
        last = await run_at(connection, size - 1) if size else None
        await self._state_steps(connection, state["at"], last)
        current = await self._current(connection, ring, last)
        due = self._due(size, state["at"], last, current)
        if not due:
            return 0, None
        kept = last
        runs = [last] if last else []
        for run in due[:-1]:
            if kept is None or not run.continues(kept):
                await _insert_run(connection, run)
                runs.append(run)
                kept = run
        end = due[-1].index
        growth = self._grown = await self._growth_at(connection, ring, size)
        filled = [one for leaf in hashes_between(runs, size, end, ring.salts) for one in growth.append(leaf)]
        await connection.executemany("INSERT INTO log_public_tiles (level, index, hash) VALUES ($1, $2, $3)", filled)
        at = due[-2].at_of(end - 1)
        text = Checkpoint(ring.origin, end, growth.root(), await self._extensions(connection, due[-2], at)).text()
        await connection.execute(
            "UPDATE log_public SET origin = $1, size = $2, at = $3, pending = $4", ring.origin, end, at, text
        )
        return end - size, Pending(end, at, text)

    async def _state_steps(self, connection: Connection, before: datetime | None, last: Run | None) -> None:
        """State, once each, that the clock was set back, or that entries wait since longer than they may."""
        now, seen = self._clock.now(), self._clock_seen
        is_paused = before is not None and now - before > SLACK
        if before is None or last is None:
            pass
        elif now <= before - self._step:
            if seen.at is None or now <= seen.at - self._step:
                await state_step(connection, Step.SET_BACK, before, now)
        elif is_paused and not seen.is_paused and await has_late(connection, last.entries_size, now):
            await state_step(connection, Step.PAUSE, before, now)
        self._clock_noted = ClockSeen(now, is_paused)

    def _due(self, size: int, before: datetime | None, last: Run | None, current: Run) -> list[Run]:
        """Return what the leaves that are due say: runs, the last of them only the end; none when none is due."""
        now, step = self._clock.now(), self._step
        ended = EPOCH + (now - EPOCH) // step * step
        if before is None or last is None:
            return [replace(current, index=0, at=ended), replace(current, index=1)]
        if now <= before - step:  # set back: time stands still
            return [replace(current, index=size, at=before, step_ms=0), replace(current, index=size + 1)]
        count = (ended - before) // step
        if count <= 0:
            return []
        if ended - before > CATCH_UP:
            return [replace(current, index=size, at=ended), replace(current, index=size + 1)]
        idle = replace(last, index=size, at=before + step, step_ms=current.step_ms, salt_id=current.salt_id)
        if count > CHUNK:  # what came since belongs to the leaf of now, which a later turn makes
            return [idle, replace(idle, index=size + CHUNK)]
        newest = replace(current, index=size + count - 1, at=before + step * count)
        return [*([idle] if count > 1 else []), newest, replace(newest, index=size + count)]

    async def _current(self, connection: Connection, ring: keys.KeyRing, last: Run | None) -> Run:
        """Return what a leaf made now says. Its size and root are of one moment: the row is taken last by every writer."""
        size: int = await connection.fetchval("SELECT size FROM log_state")
        if last is not None and last.entries_size == size:
            root = last.entries_root
        else:
            try:
                root = (await tiles.frontier_of(size, entry_tree(connection))).root()
            except KeyError as error:
                raise LogBroken("The log of entries has a hole: it was changed past this program.") from error
        step_ms = int(self._step / timedelta(milliseconds=1))
        return Run(0, EPOCH, step_ms, size, root, self._software, self._policy_hash(), ring.salt_id)

    async def _growth_at(self, connection: Connection, ring: keys.KeyRing, size: int) -> tiles.Growth:
        """Return the right edge of the public tree, from memory while nobody else has added to it."""
        growth = self._growth
        self._growth = None  # it is changed now: should the transaction fail, it is read again
        if growth is None or growth.size != size:
            try:
                growth = await tiles.Growth.load(size, public_tree(connection, ring.salts))
            except LookupError as error:
                raise LogBroken(
                    "The public log is not whole, or the key file is not the one it was made with."
                ) from error
        return growth

    async def _extensions(self, connection: Connection, current: Run, at: datetime) -> tuple[str, ...]:
        """Return what a checkpoint states beside its tree. By the time of its last leaf a witness tells a frozen log."""
        witnessed = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM log_witnesses WHERE removed_at IS NULL AND last_seen_at > $1)",
            self._clock.now() - WITNESSED_WITHIN,
        )
        says = (f"software {current.software}", f"policy {current.policy_hash}", f"time {iso(at)}")
        return says if witnessed else (*says, UNWITNESSED)

    async def _publish(self, pending: Pending, note: Note) -> None:
        lines = "".join(signature.line() for signature in note.signatures)
        async with self._database.transaction() as connection:
            newest = await connection.fetchval("SELECT at FROM log_checkpoints ORDER BY size DESC LIMIT 1")
            is_kept = newest is None or _hour(newest) != _hour(pending.at)
            await connection.execute(
                "INSERT INTO log_checkpoints (size, at, body, signatures, is_kept) VALUES ($1, $2, $3, $4, $5) "
                "ON CONFLICT (size) DO NOTHING",
                pending.size,
                pending.at,
                pending.text,
                lines,
                is_kept,
            )
            await connection.execute("UPDATE log_public SET pending = NULL WHERE size = $1", pending.size)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


async def _pending(connection: Connection) -> Pending | None:
    row = await connection.fetchrow("SELECT size, at, pending FROM log_public WHERE pending IS NOT NULL")
    return None if row is None else Pending(row["size"], row["at"], row["pending"])


async def _insert_run(connection: Connection, run: Run) -> None:
    await connection.execute(
        "INSERT INTO log_intervals (index, at, step_ms, entries_size, entries_root, software, policy_hash, salt_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        run.index,
        run.at,
        run.step_ms,
        run.entries_size,
        run.entries_root,
        run.software,
        run.policy_hash,
        run.salt_id,
    )


async def forget_passing(connection: Connection, now: datetime) -> int:
    """Delete checkpoints older than an hour that nobody cosigned; the first of each hour stays."""
    return int(await connection.fetchval("SELECT log_forget_checkpoints($1)", now - PASSING))


NOTE_SQL: Final = (
    "SELECT p.size, p.body, p.signatures, p.timestamp_token, (SELECT string_agg(c.line, '' ORDER BY c.witness) "
    "FROM log_cosignatures c WHERE c.size = p.size) AS cosignatures FROM log_checkpoints p "
)


async def newest_note(connection: Connection) -> str | None:
    """Return the newest published checkpoint with every cosignature; None before the first."""
    row = await connection.fetchrow(NOTE_SQL + "ORDER BY p.size DESC LIMIT 1")
    return None if row is None else note_from(row)


async def note_at(connection: Connection, size: int) -> str | None:
    """Return the published checkpoint of `size` with every cosignature; None when there is none, or no longer."""
    row = await connection.fetchrow(NOTE_SQL + "WHERE p.size = $1", size)
    return None if row is None else note_from(row)


def note_from(row: Any) -> str:
    """Return the note of a row of NOTE_SQL."""
    return f"{row['body']}\n{row['signatures']}{row['cosignatures'] or ''}"
