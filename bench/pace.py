"""Work that starts at given times, whether or not the work before is done: a queue that builds up is seen."""

import asyncio
import time


class Pace:
    """Turns at an even rate, from the moment it is made."""

    def __init__(self, per_s: float) -> None:
        self._interval_s = 1 / per_s
        self._began = time.monotonic()

    async def turn(self, number: int) -> None:
        """Wait until turn `number`, counted from 0; return at once when it is overdue."""
        await asyncio.sleep(max(0.0, self._began + number * self._interval_s - time.monotonic()))
