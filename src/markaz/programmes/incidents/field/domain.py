"""How a phone's report joins what the desk has. Pure: no clock, database or network.

A phone may be without network for a day and its clock may be wrong by hours. Nothing it reports is refused because the
desk was faster: what fits is taken, what was said already stands beside it in the timeline, marked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from markaz.contracts.incidents import Flag, Stage
from markaz.programmes.incidents.domain import CLOCK_TOLERANCE, Assignment, stage_flags

OLDEST = timedelta(hours=48)  # a shift of a day and its handover; older is a clock that was set in between
SPEAKS_AFTER = timedelta(hours=12)  # [assumption] a shift: what a crew has to add it adds before it goes home
SAME_WITHIN = timedelta(minutes=1)  # the desk enters by hand what it hears by radio: to the minute


class Kept(StrEnum):
    """What became of a report."""

    TAKEN = "taken"  # it is now the fact of record
    SAME = "same"  # the desk had said the same
    BESIDE = "beside"  # the desk says otherwise: both stand in the timeline


class Why(StrEnum):
    """Why a stage is no fact of the sending that stands now. The desk reads it in the timeline, the crew on its phone."""

    OTHER_TIME = "other_time"  # the desk has that stage at another time
    TAKEN_BACK = "taken_back"  # it was pressed for a sending that the desk took back
    NOT_SENT = "not_sent"  # there was no such sending
    EARLIER_SENDING = "earlier_sending"  # taken, as a late fact of the sending it was pressed for, which is over


@dataclass(frozen=True, slots=True)
class Named:
    """How a phone names the sending a stage was pressed for. Phones of before name none, or only when it was."""

    ordinal: int | None = None
    assigned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of the unit to the incident; taken back by the desk, by a withdrawal or with all its stages, it is void.

    Neither current nor over it `went_on` under the incident that this one was merged into, with all its times.
    """

    ordinal: int
    assigned_at: datetime | None
    is_current: bool
    is_void: bool
    went_on: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """What to do with a stage: take it as the fact, or keep it beside. `flags` say what is odd about it."""

    kept: Kept
    flags: tuple[str, ...] = ()
    why: Why | None = None


def stated_time(at: datetime, device_now: datetime, received: datetime) -> tuple[datetime, tuple[str, ...]]:
    """Return when something happened by our clock, and what is odd about the phone's.

    `at` and `device_now` are both the phone's: their difference, the age of the report, is right even when its clock
    is hours off. An age below nothing or above two days means that the clock was set in between: then all we know is
    when it reached us.
    """
    age = device_now - at
    if not timedelta(0) <= age <= OLDEST:
        return received, (Flag.DEVICE_CLOCK.value,)
    is_off = abs(device_now - received) > CLOCK_TOLERANCE
    return received - age, (Flag.DEVICE_CLOCK.value,) if is_off else ()


def sending_of(sendings: Sequence[Sending], named: Named, at: datetime) -> Sending | None:
    """Return the sending that a stage pressed at `at` belongs to, None when there was no such one.

    The one that the phone names. Where it names none, the last that had begun by then, and before every beginning the one
    that stands: a crew called by radio sets out before its sending is written down. A moment after a new sending it may
    still be the one before that a crew means: only a phone that names it is certain.
    """
    if named.ordinal is not None:
        return next((one for one in sendings if one.ordinal == named.ordinal), None)
    same = [one for one in sendings if one.assigned_at is not None and one.assigned_at == named.assigned_at]
    begun = [one for one in sendings if one.assigned_at is not None and one.assigned_at <= at]
    if same or begun:
        return max(same or begun, key=lambda one: (one.assigned_at or at, one.ordinal))
    return next((one for one in sendings if one.is_current), None)


def merge_stage(
    sending: Sending | None, assignment: Assignment | None, stage: Stage, at: datetime, received_at: datetime
) -> Merge:
    """Return how a stage reported by the phone joins its sending; `received_at` is when the call came in.

    None: the desk never sent this unit there. What was pressed for a sending that is over never moves the one after it.
    """
    if sending is None or assignment is None:
        return Merge(Kept.BESIDE, why=Why.NOT_SENT)
    if sending.is_void:
        return Merge(Kept.BESIDE, why=Why.TAKEN_BACK)
    known = assignment.stages.get(stage)
    if known is not None:
        is_same = abs(known - at) <= SAME_WITHIN
        return Merge(Kept.SAME) if is_same else Merge(Kept.BESIDE, why=Why.OTHER_TIME)
    flags = tuple(stage_flags(assignment, stage, at, received_at))
    return Merge(Kept.TAKEN, flags, None if sending.is_current else Why.EARLIER_SENDING)


def contact_rules(of_incident: Iterable[str], of_parties: Iterable[str]) -> list[str]:
    """Return how a crew must not reach anybody of an incident: what holds for one of them holds for all.

    A crew sees one number and does not know whose phone rings: it may be the one that lies beside the man she called about.
    """
    return sorted({*of_incident, *of_parties})


def mark_of(ids: Iterable[UUID]) -> str:
    """Return a short mark of a set of notes, empty for none: a phone that brings it back has these notes and no others."""
    told = ",".join(sorted(str(id_) for id_ in ids))
    return sha256(told.encode()).hexdigest()[:16] if told else ""
