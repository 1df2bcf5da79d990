"""Background work keeps its rhythm, whatever the clock of the machine does."""

from datetime import timedelta

import pytest
from tests.support.centre import RunningCentre
from tests.support.people import new_key

from markaz.core.db.pool import Connection
from markaz.core.jobs import Job, Jobs
from markaz.kit.clock import FakeClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = timedelta(hours=1)


async def test_a_job_runs_once_in_its_rhythm_and_goes_on_after_the_clock_was_set_back(
    shared_centre: RunningCentre,
) -> None:
    runs = 0

    async def work(_connection: Connection) -> int:
        nonlocal runs
        runs += 1
        return 0

    clock = FakeClock()
    jobs, job = Jobs(shared_centre.centre.database, clock, []), Job(new_key(), HOUR, work)
    assert await jobs.run_if_due(job)
    for by, is_due in (
        (timedelta(0), False),
        (HOUR / 2, False),
        (HOUR / 2, True),
        (timedelta(days=-400), True),  # the last run stands in the future now
        (HOUR / 2, False),
        (HOUR / 2, True),
    ):
        clock.advance(by)
        assert await jobs.run_if_due(job) is is_due
    assert runs == 4
