"""Guessing across log-ins: wrong passwords of one address are counted together, whatever log-in they were for.

The count by log-in and place (`guessing`) does not see one password tried over a thousand log-ins. Here only tries that were
looked at and were wrong count, so a whole shift behind one address is never held up by signing in. It is a bucket that fills
again: no address is ever shut out, only slowed. Kept in memory: a restart gives an address its free tries once more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markaz.core.errors import RateLimited

FREE_WRONG: Final = 100  # at once: of a centre of hundreds behind one address, one in some mistypes at shift change
AGAIN_S: Final = 30.0  # for each further one: 2,880 a day, over all log-ins together
ADDRESSES_MAX: Final = 50_000  # remembered; beyond it the half that was longest quiet is forgotten


@dataclass(slots=True)
class _Wrong:
    spent: float
    at: datetime


class WrongByAddress:
    """Counts wrong passwords by coarse address."""

    def __init__(self) -> None:
        self._wrong: dict[str, _Wrong] = {}

    def check(self, place: str, now: datetime) -> None:
        """Raise RateLimited with `retry_after_s`, seldom more than half a minute, while the tries of a place are spent."""
        over = self._spent(place, now) - (FREE_WRONG - 1)
        if over > 0:
            raise RateLimited(
                "Too many wrong tries from your address: wait, use a passkey, or a browser in which you signed in before.",
                retry_after_s=round(over * AGAIN_S, 3),
            )

    def count(self, place: str, now: datetime) -> None:
        """Count one wrong password."""
        spent = self._spent(place, now) + 1
        self._wrong.pop(place, None)  # who was wrong last stands last
        if len(self._wrong) >= ADDRESSES_MAX:
            for quiet in list(self._wrong)[: ADDRESSES_MAX // 2]:
                del self._wrong[quiet]
        self._wrong[place] = _Wrong(spent, now)

    def _spent(self, place: str, now: datetime) -> float:
        wrong = self._wrong.get(place)
        if wrong is None:
            return 0.0
        # A clock that was set back gives nothing back and takes nothing more: counting goes on from there.
        passed_s = max(0.0, (now - wrong.at).total_seconds())
        if now < wrong.at:
            wrong.at = now
        return max(0.0, wrong.spent - passed_s / AGAIN_S)
