"""Which clocks run for an incident, when each turns amber and red, and which alarms follow. Pure; no clock inside.

An alarm is about facts, not about the time of day: it is raised when a clock is red and cleared when that clock is gone
or due later than it was. So a clock of the machine that jumps back and forth neither repeats nor loses one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from markaz.contracts.incidents import AlarmKind, Stage
from markaz.programmes.incidents.norms import Norm

ARRIVED = frozenset({Stage.ON_SCENE, Stage.TRANSPORTING, Stage.AT_HOSPITAL})
UNDER_WAY = ARRIVED | {Stage.EN_ROUTE}
AWAY = frozenset({Stage.TRANSPORTING, Stage.AT_HOSPITAL, Stage.CLEARED})
ZERO = timedelta(0)


class Colour(StrEnum):
    """How urgent a clock is."""

    CALM = "calm"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What clocks need to know of an open incident. A call written down late still runs from when it came.

    `waits_from` is later than the call by what the incident was held, or the time of its reopening; None when it was
    never held or reopened.
    """

    id: UUID
    received_at: datetime
    held_until: datetime | None = None
    waits_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What clocks need to know of one current sending of a unit."""

    unit_id: UUID
    ordinal: int
    stages: Mapping[Stage, datetime]
    last_word_at: datetime | None = None

    @property
    def is_working(self) -> bool:
        """Whether the unit has not been cleared."""
        return Stage.CLEARED not in self.stages

    @property
    def has_arrived(self) -> bool:
        """Whether the unit reached the scene, or a stage that only comes after it."""
        return bool(ARRIVED & self.stages.keys())

    def left_by(self, time: datetime | None) -> bool:
        """Whether the unit had cleared by a time; by no time where there is none."""
        cleared = self.stages.get(Stage.CLEARED)
        return cleared is not None and time is not None and cleared <= time


@dataclass(frozen=True, slots=True)
class RunningClock:
    """One clock: what it waits for, from when, and when it is amber and red. `cause` is the same as long as it runs."""

    kind: AlarmKind
    cause: str
    incident_id: UUID
    unit_id: UUID | None
    started_at: datetime
    amber_at: datetime
    red_at: datetime

    def colour(self, now: datetime) -> Colour:
        """Return how urgent the clock is at a time."""
        if now >= self.red_at:
            return Colour.RED
        return Colour.AMBER if now >= self.amber_at else Colour.CALM

    def left_s(self, now: datetime) -> float:
        """Return the seconds until red; 0 once it is."""
        return max(self.red_at - now, ZERO).total_seconds()

    def over_s(self, now: datetime) -> float:
        """Return the seconds since red; 0 before it."""
        return max(now - self.red_at, ZERO).total_seconds()


def clocks_of(incident: Waiting, sent: Sequence[Sent], norm: Norm, amber_share: float) -> list[RunningClock]:
    """Return the clocks that run for an open incident, the earliest red first.

    - nobody is sent, or everybody left before arriving, or before it was reopened: `unassigned`, from the call or from
      when the last one left, later by what it was held;
      while the incident is held, `held_over` takes its place and is red when the hold ends;
    - a unit is sent and not under way: `en_route`, from its sending;
    - somebody is sent and nobody has arrived yet: `arrival`, from the call;
    - a unit is on scene: `welfare`, from its arrival or its last word.
    """
    working = [one for one in sent if one.is_working]
    has_arrived = any(one.has_arrived for one in sent)
    is_attended = any(one.has_arrived and not one.left_by(incident.waits_from) for one in sent)
    clocks: list[RunningClock] = []
    if not working and not is_attended:
        clocks.append(_nobody_sent(incident, sent, norm, amber_share))
    if working and not has_arrived:
        clocks.append(_clock(AlarmKind.ARRIVAL, incident, None, incident.received_at, norm.arrival_s, amber_share))
    for one in working:
        if not UNDER_WAY & one.stages.keys():
            since = one.stages.get(Stage.ASSIGNED, incident.received_at)
            clocks.append(_clock(AlarmKind.EN_ROUTE, incident, one, since, norm.en_route_s, amber_share))
        if Stage.ON_SCENE in one.stages and not AWAY & one.stages.keys():
            since = max(one.stages[Stage.ON_SCENE], one.last_word_at or one.stages[Stage.ON_SCENE])
            clocks.append(_clock(AlarmKind.WELFARE, incident, one, since, norm.welfare_s, amber_share))
    return sorted(clocks, key=lambda clock: (clock.red_at, clock.cause))


def _nobody_sent(incident: Waiting, sent: Iterable[Sent], norm: Norm, amber_share: float) -> RunningClock:
    left = [one.stages[Stage.CLEARED] for one in sent if Stage.CLEARED in one.stages]
    since = max([incident.received_at, incident.waits_from or incident.received_at, *left])
    if incident.held_until is None:
        return _clock(AlarmKind.UNASSIGNED, incident, None, since, norm.unassigned_s, amber_share)
    notice = timedelta(seconds=norm.unassigned_s * (1 - amber_share))
    since = min(since, incident.held_until)
    return RunningClock(
        kind=AlarmKind.HELD_OVER,
        cause=f"{AlarmKind.HELD_OVER.value}:{incident.id}",
        incident_id=incident.id,
        unit_id=None,
        started_at=since,
        amber_at=max(since, incident.held_until - notice),
        red_at=incident.held_until,
    )


def _clock(
    kind: AlarmKind, incident: Waiting, one: Sent | None, since: datetime, allowed_s: int, amber_share: float
) -> RunningClock:
    of_unit = "" if one is None else f":{one.unit_id}:{one.ordinal}"
    return RunningClock(
        kind=kind,
        cause=f"{kind.value}:{incident.id}{of_unit}",
        incident_id=incident.id,
        unit_id=None if one is None else one.unit_id,
        started_at=since,
        amber_at=since + timedelta(seconds=allowed_s * amber_share),
        red_at=since + timedelta(seconds=allowed_s),
    )


def to_raise(clocks: Iterable[RunningClock], open_causes: frozenset[str], now: datetime) -> list[RunningClock]:
    """Return the clocks that are red and have no alarm yet."""
    return [c for c in clocks if c.colour(now) is Colour.RED and c.cause not in open_causes]


def has_ended(clock: RunningClock | None, due_at: datetime, now: datetime) -> bool:
    """Say whether an alarm that was due at `due_at` has lost its cause: the clock is gone, or now due later."""
    return clock is None or (clock.red_at > due_at and clock.colour(now) is not Colour.RED)
