"""The hub: one reader of the log, one channel per audience, any number of recipients.

Frames are made once per audience and shared. Each recipient has its own place in the channel's bounded ring; one that
falls out of the ring is ended, and nobody else is slowed. NOTIFY only wakes the reader, which also looks every second,
so a lost notification costs a second and nothing else.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from markaz.core.db.pool import DATABASE_TROUBLE, Database
from markaz.core.errors import CursorTooOld, Unavailable
from markaz.core.events import CHANNEL, Recorded, last_seq, read_after
from markaz.core.identity import ACCESS_CHANGED
from markaz.core.permissions import Actor, Hierarchy, Permission
from markaz.core.stream.channel import Channel, Recipient
from markaz.core.stream.frames import HEARTBEAT, end_frame, events_frame, telemetry_frame
from markaz.core.stream.picture import Audience, Rules, filtered

log = logging.getLogger(__name__)

READ_BATCH = 500  # events read at once; a frame holds at most that many
POLL_S = 1.0
HEARTBEAT_S = 15.0  # proxies cut idle connections after 30 s at the earliest
RECONNECT_S = 0.5
UNREADABLE = ("cursor_too_old", 410)  # what was left out stands in the next snapshot


# A picture taken before one of these is of another scope, and no frame would mend it.
_SCOPE_CHANGED = """
SELECT EXISTS (
    SELECT FROM events WHERE seq > $1 AND (type = $2 AND aggregate_id = $3 OR type LIKE 'territory.%')
)
"""
_ACCESS_VERSION = """
SELECT access_version FROM accounts
WHERE id = $1 AND is_active
  AND ($2::bytea IS NULL OR EXISTS (SELECT FROM sessions WHERE token_hash = $2 AND account_id = $1 AND ended_at IS NULL))
"""


class Hub:
    """Turns the log into streams. `start` before use, `stop` at the end.

    `telemetry` names the permissions that `publish` will ask for, besides those of the rules.
    """

    def __init__(
        self,
        database: Database,
        rules: Rules,
        hierarchy: Callable[[], Hierarchy],
        *,
        backlog_events: int,
        now: Callable[[], datetime],
        telemetry: frozenset[Permission] = frozenset(),
        on_event: Callable[[Recorded], None] = lambda _recorded: None,
    ) -> None:
        self._database = database
        self._rules = rules
        self._hierarchy = hierarchy
        self._backlog_events = backlog_events
        self._now = now
        self._on_event = on_event
        self.permissions = frozenset(rule.permission for rule in rules.values()) | telemetry
        self._channels: dict[Audience, Channel] = {}
        self._latest: dict[str, bytes] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.seq = 0
        self.holes = 0
        self.ended_slow = 0
        self.unreadable = 0

    @property
    def recipients(self) -> int:
        """How many streams are open."""
        return sum(len(channel.recipients) for channel in self._channels.values())

    async def start(self) -> None:
        """Begin at the end of the log."""
        async with self._database.connection() as connection:
            self.seq = await last_seq(connection)
        self._tasks = [
            asyncio.create_task(self._follow(), name="stream-follow"),
            asyncio.create_task(self._listen(), name="stream-listen"),
            asyncio.create_task(self._beat(), name="stream-beat"),
        ]

    async def stop(self) -> None:
        """End every stream and the reader."""
        self.shut()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    def shut(self) -> None:
        """End every stream because the server stops; clients come back to the next one with their cursor."""
        self._end(lambda _recipient: True, "shutdown", 503)

    def wake(self) -> None:
        """Say that something was committed in this process."""
        self._wake.set()

    def end_account(self, account_id: UUID, seq: int) -> None:
        """End the streams of an account whose access changed at `seq`, but for those opened with knowledge of it."""
        self._end(lambda r: r.account_id == account_id and r.after < seq, "access_changed", 403)

    def end_session(self, session_key: bytes) -> None:
        """End the streams of a session that was signed out."""
        self._end(lambda recipient: recipient.session_key == session_key, "access_changed", 403)

    def end_all(self) -> None:
        """End every stream: the territories changed, so every scope did."""
        self._end(lambda _recipient: True, "access_changed", 403)
        self._channels.clear()

    def publish(self, name: str, permission: Permission, items: Iterable[tuple[int, Any]]) -> None:
        """Send telemetry `items`, each with its territory, to those who hold `permission` there."""
        items = list(items)
        for channel in self._channels.values():
            seen = channel.scopes.get(permission, frozenset())
            mine = [item for territory_id, item in items if territory_id in seen]
            if mine:
                channel.push(telemetry_frame(name, {name: mine}))
                channel.wake()

    def publish_around(self, name: str, permission: Permission, items: Iterable[tuple[frozenset[int], Any]]) -> None:
        """Send telemetry `items`, each with its territories, to those who hold `permission` in any of them."""
        items = list(items)
        for channel in self._channels.values():
            seen = channel.scopes.get(permission, frozenset())
            mine = [item for territories, item in items if not seen.isdisjoint(territories)]
            if mine:
                channel.push(telemetry_frame(name, {name: mine}))
                channel.wake()

    @property
    def accounts(self) -> set[UUID]:
        """The accounts that have a stream open."""
        return {recipient.account_id for channel in self._channels.values() for recipient in channel.recipients}

    def broadcast(self, name: str, data: Any) -> None:
        """Send one telemetry frame to everybody, and the latest of each name to whoever comes later."""
        frame = self._latest[name] = telemetry_frame(name, data)
        for channel in self._channels.values():
            channel.push(frame)
            channel.wake()

    async def open(
        self, actor: Actor, after: int, *, expires_at: datetime | None = None, session_key: bytes | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Check the cursor and return the frames after it, without end.

        Raises CursorTooOld when `after` is further back than the backlog or than a change of what this actor may see,
        or ahead of the log (it was restored).
        """
        async with self._database.connection() as connection:
            # This process may not have heard of the newest event yet, so the log itself is asked.
            if after > self.seq and after > await last_seq(connection):
                raise CursorTooOld("The stream is not that far: take a new snapshot.")
            if self.seq - after > self._backlog_events:
                raise CursorTooOld("The stream cannot resume that far back: take a new snapshot.")
            if await connection.fetchval(_SCOPE_CHANGED, after, ACCESS_CHANGED, actor.id):
                raise CursorTooOld("What you may see has changed since: take a new snapshot.")
        return self._frames(actor, Recipient(actor.id, after, expires_at, session_key))

    async def _frames(self, actor: Actor, recipient: Recipient) -> AsyncGenerator[bytes, None]:
        channel = self._channel(Audience.of(actor, self.permissions))
        channel.recipients.add(recipient)
        try:
            yield HEARTBEAT  # headers and first byte at once, so that the client knows it is connected
            if not await self._still_may(actor, recipient):
                recipient.ended = ("access_changed", 403)
            after = recipient.after
            while self.seq < after and recipient.ended is None:  # a cursor that this process hears of a moment later
                await channel.changed.wait()
            number = channel.next  # from here on the ring has everything; what is before comes from the log
            goal = self.seq
            for frame in list(self._latest.values()):
                yield frame
            while after < goal and recipient.ended is None:
                async with self._database.connection() as connection:
                    batch = await read_after(connection, after, limit=min(READ_BATCH, goal - after))
                frame, is_whole = self._frame(channel, after, batch)
                yield frame
                after = batch[-1].seq
                if not is_whole:
                    recipient.ended = UNREADABLE
            while recipient.ended is None:
                if number == channel.next:
                    await channel.changed.wait()
                    continue
                pending = channel.since(number)
                if pending is None:
                    self.ended_slow += 1
                    recipient.ended = ("slow_consumer", 410)
                    break
                piece, number = pending
                yield piece
            yield end_frame(*recipient.ended)
        except Unavailable:
            yield end_frame("shutdown", 503)  # the cursor is good: the client comes back with it
        finally:
            channel.recipients.discard(recipient)
            if not channel.recipients and self._channels.get(channel.audience) is channel:
                del self._channels[channel.audience]

    async def _still_may(self, actor: Actor, recipient: Recipient) -> bool:
        """Say whether rights and session are still those the stream was opened with.

        Asked once the recipient stands in its channel, where any later change is heard.
        """
        async with self._database.connection() as connection:
            held = await connection.fetchval(_ACCESS_VERSION, actor.id, recipient.session_key)
        return bool(held == actor.access_version)

    def _channel(self, audience: Audience) -> Channel:
        channel = self._channels.get(audience)
        if channel is None:
            channel = self._channels[audience] = Channel(audience, audience.scopes(self._hierarchy()))
        return channel

    def _frame(self, channel: Channel, after: int, batch: list[Recorded]) -> tuple[bytes, bool]:
        """Return the frame of a batch, and whether every event in it could be read."""
        wires: list[bytes] = []
        is_whole = True
        for recorded in batch:
            try:
                wire = filtered(recorded, self._rules, channel.scopes)
                if wire is not None:
                    wires.append(orjson.dumps(wire))
            except Exception:
                # A payload that its own rule cannot read is a fault of ours: it must not silence the whole stream.
                log.exception("stream: event %d of type %s cannot be shown", recorded.seq, recorded.event.type)
                self.unreadable += 1
                is_whole = False
        return events_frame(after, batch[-1].seq, wires), is_whole

    def _end(self, whom: Callable[[Recipient], bool], code: str, status: int) -> None:
        for channel in self._channels.values():
            channel.end(whom, code, status)
            channel.wake()

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                while await self._read_on():
                    pass
            except DATABASE_TROUBLE:
                log.warning("stream: the database is away, trying again")
                await asyncio.sleep(RECONNECT_S)
            except Exception:
                # A fault of ours in what follows one event must not leave every console blind without knowing it.
                log.exception("stream: an event was not followed up")
                await asyncio.sleep(RECONNECT_S)

    async def _read_on(self) -> bool:
        async with self._database.connection() as connection:
            batch = await read_after(connection, self.seq, limit=READ_BATCH)
        if not batch:
            return False
        if batch[-1].seq - self.seq != len(batch):
            self.holes += 1
            log.error("stream: the log has a hole after %d: run `markaz check`", self.seq)
        for channel in self._channels.values():
            frame, is_whole = self._frame(channel, self.seq, batch)
            channel.push(frame)
            if not is_whole:
                channel.end(lambda _recipient: True, *UNREADABLE)
            channel.wake()
        self.seq = batch[-1].seq
        for recorded in batch:
            if recorded.event.type == ACCESS_CHANGED:
                self.end_account(recorded.event.aggregate_id, recorded.seq)
        for recorded in batch:
            self._on_event(recorded)
        return len(batch) == READ_BATCH

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(self._database.dsn, timeout=5.0)
            except DATABASE_TROUBLE:
                await asyncio.sleep(RECONNECT_S)
                continue
            lost = asyncio.Event()
            connection.add_termination_listener(lambda *_: lost.set())  # noqa: B023 - this loop's own event
            try:
                await connection.add_listener(CHANNEL, lambda *_: self.wake())
                self.wake()
                await lost.wait()
            except DATABASE_TROUBLE:
                log.warning("stream: lost the listening connection, trying again")
            finally:
                connection.terminate()
            await asyncio.sleep(RECONNECT_S)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            now = self._now()
            self._end(lambda r: r.expires_at is not None and r.expires_at <= now, "access_changed", 403)  # noqa: B023
            for channel in self._channels.values():
                channel.push(HEARTBEAT)
                channel.wake()
