"""Says in the log itself when its clock was set back, or its rhythm stood still while entries went on being made.

Such entries bear times that do not fit their place. A witness takes an entry out of place for a back-dated one unless the
log states, in the open and at that place, between which two times it could not keep them in order. The statement
explains nothing away: it is counted and shown by whoever verifies.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from markaz.core.db.pool import Connection
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.kit.clock import iso

ACTION = "log.clock_step"
SLACK = timedelta(seconds=60)  # how long an entry may take from its act to its place; witness.py allows the same

_LATE = "SELECT EXISTS (SELECT FROM audit_entries WHERE leaf >= $1 AND at < $2)"


class Step(StrEnum):
    """What happened to the time of the log."""

    SET_BACK = "set_back"  # the clock shows an earlier time than the log's last leaf
    PAUSE = "pause"  # no leaf was made while entries were


async def state_step(connection: Connection, step: Step, before: datetime, now: datetime) -> None:
    """Append the statement. The entries lock the log until the transaction ends."""
    public = {"step": step.value, "from": iso(before), "to": iso(now)}
    entry = Entry(EntryKind.ADMINISTRATION, ACTION, SYSTEM_ACTOR_ID, "centre", None, step.value, public=public)
    await append(connection, now, [entry])


async def has_late(connection: Connection, size: int, now: datetime) -> bool:
    """Say whether an entry from number `size` on was made longer ago than an entry may take to its place."""
    return bool(await connection.fetchval(_LATE, size, now - SLACK))
