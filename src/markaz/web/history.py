"""The wiring of history: the snapshots of analytics, written by the schedule of retention, which certifies what they ended."""

from collections.abc import Callable
from dataclasses import dataclass

from markaz.analytics.snapshots.rows import Rows
from markaz.analytics.snapshots.writing import Snapshots, Written
from markaz.core.codes import load_codes
from markaz.core.db.pool import Connection
from markaz.core.refusals.history import load_history_list
from markaz.core.settings import Settings
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import Clock
from markaz.programmes.oversight.retention.service import HISTORY, Retention
from markaz.programmes.oversight.retention.store import Ended


@dataclass(frozen=True, slots=True)
class History:
    """Writes history and has it certified, in one transaction."""

    snapshots: Snapshots
    retention: Retention
    clock: Clock
    territories: Callable[[], TerritoryTree]

    async def write(self, connection: Connection) -> int:
        """Write what is due; return how many days were written. The log comes last. The job of a day."""
        return (await self.run(connection)).days

    async def run(self, connection: Connection, *, rebuild: bool = False) -> Written:
        """Write what is due, or all of it again. Raises as Snapshots.write does."""
        written = await self.snapshots.write(
            connection,
            self.clock.now(),
            self.territories(),
            lambda id_: self.retention.is_certified(connection, id_),
            rebuild=rebuild,
        )
        owed = written.owed
        if owed is not None:
            ended = Ended(owed.events, owed.first_at, owed.last_at)
            await self.retention.certify(connection, self.retention.governance.of(HISTORY), ended, owed.id)
        return written


def history_of(
    settings: Settings, retention: Retention, clock: Clock, territories: Callable[[], TerritoryTree]
) -> History:
    """Return the history of the centre of these settings."""
    rows = Rows(load_history_list(), load_codes(settings.profile))
    life = retention.governance.of(HISTORY).life
    return History(Snapshots(settings.home, rows, life), retention, clock, territories)
