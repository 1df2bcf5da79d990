"""When an alarm goes up and to whom: level by level while its cause stands, whoever has acknowledged it. Pure; no clock inside.

An acknowledgement is somebody's word that they have noticed, not that anything was done. For a clock it buys time, once at
each level; for an emergency it buys none until somebody who answers for the level called gives it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markaz.core.territories import TerritoryTree
from markaz.programmes.incidents.norms import Norms


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that has not ended: since when, when it last went up, and when people noticed it."""

    is_emergency: bool
    raised_at: datetime
    escalated_at: datetime | None = None
    noticed_at: Sequence[datetime] = ()


def goes_up_at(alarm: Standing, norms: Norms) -> datetime:
    """Return when an alarm goes up by one level, counted from when it was raised or last went up.

    What was noticed at the level below counts no more; several who notice buy no more time than the first of them.
    """
    since = alarm.escalated_at or alarm.raised_at
    if alarm.is_emergency:
        return since + timedelta(seconds=norms.escalate_emergency_after_s)
    noticed = min((at for at in alarm.noticed_at if at >= since), default=None)
    if noticed is None:
        return since + timedelta(seconds=norms.escalate_after_s)
    return noticed + timedelta(seconds=norms.escalate_acknowledged_after_s)


def levels_above(tree: TerritoryTree, territory_id: int) -> tuple[int, ...]:
    """Return what lies around a territory, the nearest first; the root, and what no tree knows, is its own level."""
    if tree.current(territory_id) is None:
        return (territory_id,)
    path = tree.path(territory_id)
    return path[-2::-1] or path


def next_level(above: Sequence[int], reached: int | None, supervised: Collection[int | None]) -> int | None:
    """Return the territory an alarm goes up to, None at the top of the chain.

    `above` is what lies around the alarm's territory, the nearest first. A level where nobody supervises is passed by;
    an alarm above which nobody does goes up once all the same, so that it stands out.
    """
    at = _place(above, reached)
    left = above[at + 1 :]
    return next((level for level in left if level in supervised), left[0] if at < 0 and left else None)


def is_in_hand(above: Sequence[int], called: int, noticed_by: Collection[int | None]) -> bool:
    """Say whether somebody who supervises the level called, or one above it, has noticed an emergency.

    `noticed_by` are the territories that those who noticed it supervise.
    """
    return any(level in noticed_by for level in above[_place(above, called) :])


def level_called(above: Sequence[int], reached: int | None, following: int) -> int:
    """Return the level that has to notice an emergency: the one it went up to, or the one it goes to first."""
    return following if reached is None or _place(above, reached) < 0 else reached


def _place(above: Sequence[int], level: int | None) -> int:
    """Return where a level stands in the chain; -1 for none, and after a move to another branch."""
    return above.index(level) if level is not None and level in above else -1
