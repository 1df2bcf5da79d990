"""Background work with a rhythm: each job runs in one transaction, in one process at a time, and leaves a row behind."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from markaz.core.db.pool import Connection, Database
from markaz.core.errors import MarkazError
from markaz.kit.clock import Clock

log = logging.getLogger(__name__)

LOOK_S = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """Work to be done every so often. `work` returns how many records it touched."""

    name: str
    every: timedelta
    work: Callable[[Connection], Awaitable[int]]


class Jobs:
    """Runs jobs until it is cancelled."""

    def __init__(self, database: Database, clock: Clock, jobs: Sequence[Job]) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs

    async def run(self) -> None:
        """Run whatever is due, for ever. A job that fails is logged and tried again at its next turn."""
        while True:
            for job in self._jobs:
                try:
                    await self.run_if_due(job)
                except (MarkazError, asyncpg.PostgresError, OSError):
                    log.warning("job %s failed", job.name, exc_info=True)
            await asyncio.sleep(LOOK_S)

    async def run_if_due(self, job: Job) -> bool:
        """Run `job` unless it ran within its rhythm or is running elsewhere; return whether it ran."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 102))", job.name):
                return False
            last: datetime | None = await connection.fetchval(
                "SELECT started_at FROM job_runs WHERE job = $1 AND finished_at IS NOT NULL", job.name
            )
            # A last run in the future was noted by a clock that has been set back since: it must not silence the job.
            if last is not None and timedelta(0) <= now - last < job.every:
                return False
            await connection.execute(
                "INSERT INTO job_runs (job, started_at, finished_at) VALUES ($1, $2, clock_timestamp()) "
                "ON CONFLICT (job) DO UPDATE SET started_at = $2, finished_at = clock_timestamp(), error = NULL",
                job.name,
                now,
            )
            # Last, because what a job appends to the log must be the last statement of its transaction.
            touched = await job.work(connection)
        log.info("job %s touched %d records", job.name, touched)
        return True
