"""Entries of several looks in one commit: each look waits until the commit that holds its entries is durable, and only then answers.

A flush of the disk costs the same for one entry as for a thousand. Whoever hands entries in while a commit is under way
joins the next one, so nobody waits for company and a busy hour still writes far more entries than it flushes. Leaves are
made while the database is at the commit before. An act never comes here: its entries commit with its rows (core.acts).
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime

from markaz.core.db.pool import Database
from markaz.core.errors import Unavailable
from markaz.core.log.appending import append_leaves
from markaz.core.log.entry import Entry, Leaf, leaf_of

MOST_ENTRIES = 1_000  # in one commit: about 50 ms, in which no act can append
MOST_COMMITS = 20  # that wait; whoever comes then is told to come again
STOP_S = 3.0  # as long as a stopping server waits for requests under way

STOPPING = "The centre is stopping: send the same request again."


@dataclass(frozen=True, slots=True)
class _Handed:
    """The leaves of one look, and who waits for them."""

    leaves: list[Leaf]
    done: "asyncio.Future[None]"


@dataclass(slots=True)
class _Batch:
    """What goes into one commit."""

    handed: list[_Handed] = field(default_factory=list)
    size: int = 0


class Group:
    """Appends entries of many looks to the log, in as few commits as it takes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batches: deque[_Batch] = deque()  # the last of them is still open
        self._work: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def append(self, now: datetime, entries: Sequence[Entry]) -> None:
        """Return when `entries`, made at `now`, are durable, which they are together.

        Raises Unavailable when too many wait, the centre stops or the database is away, and what the database says of
        these entries; then none of them was written, or, if the connection broke during the commit itself, they may have
        been: the look is not answered, so an entry too many tells of a look that nobody got to see. So does one whose
        client hung up while it waited.
        """
        if not entries:
            raise ValueError("nothing to append")
        if self._is_stopping:
            raise Unavailable(STOPPING)
        handed = _Handed([leaf_of(entry, now) for entry in entries], asyncio.get_running_loop().create_future())
        batch = self._open_batch(len(entries))
        batch.handed.append(handed)
        batch.size += len(entries)
        if self._work is None or self._work.done():
            # In a context of its own: the commit is nobody's, whoever came first.
            self._work = asyncio.create_task(self._commit_all(), context=Context())
        await handed.done

    async def stop(self) -> None:
        """Commit what was handed in, for a bounded time, and take no more; whoever is still waiting then gets Unavailable."""
        self._is_stopping = True
        if self._work is not None:
            await asyncio.wait([self._work], timeout=STOP_S)
            self._work.cancel()
            await asyncio.wait([self._work])

    def _open_batch(self, more: int) -> _Batch:
        batch = self._batches[-1] if self._batches else None
        if batch is None or batch.size + more > MOST_ENTRIES:
            if len(self._batches) >= MOST_COMMITS:
                raise Unavailable("The log is overloaded: wait a moment, then send the same request again.")
            batch = _Batch()
            self._batches.append(batch)
        return batch

    async def _commit_all(self) -> None:
        under_way: list[_Handed] = []
        try:
            while self._batches:
                under_way = self._batches.popleft().handed
                await self._commit(under_way)
        finally:
            # Only a task that is cancelled leaves anybody waiting here.
            left, self._batches = self._batches, deque()
            _refuse([*under_way, *(one for batch in left for one in batch.handed)], STOPPING)

    async def _commit(self, handed: list[_Handed]) -> None:
        """Commit together; when the database refuses what they are, one by one, so that one takes no other along."""
        try:
            # A single statement is a transaction of its own: one trip, and the log is locked for no longer than it takes.
            async with self._database.session() as connection:
                await append_leaves(connection, [leaf for one in handed for leaf in one.leaves])
        except Unavailable as error:
            _refuse(handed, error.message)
        except Exception as error:
            # Whatever else it is, whoever waits must hear of it.
            if len(handed) > 1:
                for one in handed:
                    await self._commit([one])
            elif not handed[0].done.done():
                handed[0].done.set_exception(error)
        else:
            for one in handed:
                if not one.done.done():
                    one.done.set_result(None)


def _refuse(handed: Sequence[_Handed], message: str) -> None:
    """Tell each who waits, by an error of their own."""
    for one in handed:
        if not one.done.done():
            one.done.set_exception(Unavailable(message))
