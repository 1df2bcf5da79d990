"""Several looks in one commit: each waits until the commit that holds its entry is durable, and only then is answered.

A flush of the disk costs the same for one entry as for a thousand. Whoever hands entries in while a commit is under way
joins the next one, so nobody waits for company and a busy hour still writes far more entries than it flushes. Leaves are
made while the database is at the commit before.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from markaz.core.db.pool import Database
from markaz.core.errors import Unavailable
from markaz.core.log.appending import append_leaves
from markaz.core.log.entry import Entry, EntryKind, Leaf, leaf_of
from markaz.kit.clock import Clock

MOST_ENTRIES = 1_000  # in one commit: about 50 ms, in which no act can append
MOST_COMMITS = 20  # that wait; whoever comes then is told to come again


@dataclass(slots=True)
class _Batch:
    """What goes into one commit: leaves of one time, and those who wait for them."""

    at: datetime
    leaves: list[tuple[EntryKind, Leaf]] = field(default_factory=list)
    waiting: "list[asyncio.Future[None]]" = field(default_factory=list)


class Group:
    """Appends entries of many requests to the log, in as few commits as it takes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._batches: deque[_Batch] = deque()  # the last of them is still open
        self._work: asyncio.Task[None] | None = None

    async def append(self, entries: Sequence[Entry]) -> None:
        """Return when `entries` are durable, which they are together.

        Raises Unavailable when too many wait, and what the database raises; then none of them was written, or, if the
        connection broke during the commit itself, they may have been: the look is not answered, so an entry too many
        tells of a look that nobody got to see.
        """
        if not entries:
            raise ValueError("nothing to append")
        batch = self._batches[-1] if self._batches else None
        if batch is None or len(batch.leaves) + len(entries) > MOST_ENTRIES:
            if len(self._batches) >= MOST_COMMITS:
                raise Unavailable("The log is overloaded: wait a moment, then send the same request again.")
            batch = _Batch(self._clock.now())
            self._batches.append(batch)
        done = asyncio.get_running_loop().create_future()
        batch.leaves += [(entry.kind, leaf_of(entry, batch.at)) for entry in entries]
        batch.waiting.append(done)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._commit_all())
        # A client that hangs up takes its own answer with it, never the entries of the others.
        await done

    async def _commit_all(self) -> None:
        while self._batches:
            batch = self._batches.popleft()
            try:
                async with self._database.transaction() as connection:
                    await append_leaves(connection, batch.at, batch.leaves)
            except BaseException as error:
                # Whatever went wrong, each who waits must hear of it; a cancelled task says so and ends.
                self._tell([batch] if isinstance(error, Exception) else [batch, *self._batches], error)
                if not isinstance(error, Exception):
                    self._batches.clear()
                    raise
            else:
                self._tell([batch], None)

    @staticmethod
    def _tell(batches: Sequence[_Batch], error: BaseException | None) -> None:
        if error is not None and not isinstance(error, Exception):
            error = Unavailable("The centre is stopping: send the same request again.")
        for done in (done for batch in batches for done in batch.waiting if not done.done()):
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
