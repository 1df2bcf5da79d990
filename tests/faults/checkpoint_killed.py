"""A process that makes one checkpoint of a log and ends itself by SIGKILL at a given step.

Arguments: address of the database, home folder, time, step. Run by tests/integration/test_log_checkpoints.py.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from markaz.core.db.pool import Database
from markaz.core.log.checkpoints import Checkpointer, Stage
from markaz.kit.clock import FakeClock


async def main(dsn: str, home: Path, at: datetime, last: Stage) -> None:
    def reached(stage: Stage) -> None:
        if stage is last:
            os.kill(os.getpid(), signal.SIGKILL)

    database = await Database.open(dsn, max_size=1)
    await Checkpointer(
        database, FakeClock(at), home, policy_hash=lambda: "policy-1", software="markaz/killed", reached=reached
    ).tick()


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), Stage(sys.argv[4])))
