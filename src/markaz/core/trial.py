"""What a home has been served as, so that a trial's data never become a live centre's, nor a live centre's a trial's.

The marks are rows of `job_runs`, as those of demo and training copies are: they go where the data go, into a backup too.
"""

from datetime import datetime

from markaz.core.db.pool import Connection
from markaz.core.errors import NotPossibleNow

TRIAL_MARK = "served.trial"
LIVE_MARK = "served.live"


async def mark(connection: Connection, now: datetime, *, is_trial: bool) -> None:
    """Mark the centre as served for trying out, or for real people. Raises NotPossibleNow for a trial of a live one."""
    if is_trial and await _is_marked(connection, LIVE_MARK):
        raise NotPossibleNow(
            "This centre was served for real people, and is no trial: serve it without MARKAZ_TRIAL, or set MARKAZ_HOME "
            "to a new folder."
        )
    await connection.execute(
        "INSERT INTO job_runs (job, started_at, finished_at) VALUES ($1, $2, $2) ON CONFLICT (job) DO NOTHING",
        TRIAL_MARK if is_trial else LIVE_MARK,
        now,
    )


async def holds_trial(connection: Connection) -> bool:
    """Say whether a trial left what was tried out: an incident, a call, a warning or a request. Accounts alone are none."""
    return await _is_marked(connection, TRIAL_MARK) and bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM incidents) OR EXISTS (SELECT FROM call_drafts) OR EXISTS (SELECT FROM alerts) "
            "OR EXISTS (SELECT FROM right_requests)"
        )
    )


async def _is_marked(connection: Connection, job: str) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM job_runs WHERE job = $1)", job))
