"""Marks what is over, at the latest a second after its end: a mark stays when the clock goes back, a comparison does not.

So no purpose, broken glass or session that was over comes to life again with a clock that was set back. Nothing is deleted
here; that is for the retention schedule.
"""

from markaz.core.access import store
from markaz.core.db.pool import Database
from markaz.core.identity import mark_ended_sessions
from markaz.kit.clock import Clock

MARK_S = 1.0  # a clock set back within it may give back what had ended in it


class Ending:
    """Marks purposes, broken glass and sessions of one centre. Any number of processes may do so at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def mark(self) -> int:
        """Mark whatever is over by now and return how many; most seconds nothing is."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            return await store.mark_over(connection, now) + await mark_ended_sessions(connection, now)
