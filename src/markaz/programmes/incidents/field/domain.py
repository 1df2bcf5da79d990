"""How a phone's report joins what the desk has. Pure: no clock, database or network.

A phone may be without network for a day and its clock may be wrong by hours. Nothing it reports is refused because the
desk was faster: what fits is taken, what was said already stands beside it in the timeline, marked.
"""

from collections.abc import Iterable
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


@dataclass(frozen=True, slots=True)
class Merge:
    """What to do with a stage: take it as the fact, or keep it beside. `flags` say what is odd about it."""

    kept: Kept
    flags: tuple[str, ...] = ()


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


def merge_stage(assignment: Assignment | None, stage: Stage, at: datetime, received_at: datetime) -> Merge:
    """Return how a stage reported by the phone joins the assignment; `received_at` is when the call came in.

    None: the desk never sent this unit there, or has taken the sending back.
    """
    if assignment is None:
        return Merge(Kept.BESIDE)
    known = assignment.stages.get(stage)
    if known is not None:
        return Merge(Kept.SAME if abs(known - at) <= SAME_WITHIN else Kept.BESIDE)
    return Merge(Kept.TAKEN, tuple(stage_flags(assignment, stage, at, received_at)))


def contact_rules(of_incident: Iterable[str], of_parties: Iterable[str]) -> list[str]:
    """Return how a crew must not reach anybody of an incident: what holds for one of them holds for all.

    A crew sees one number and does not know whose phone rings: it may be the one that lies beside the man she called about.
    """
    return sorted({*of_incident, *of_parties})


def mark_of(ids: Iterable[UUID]) -> str:
    """Return a short mark of a set of notes, empty for none: a phone that brings it back has these notes and no others."""
    told = ",".join(sorted(str(id_) for id_ in ids))
    return sha256(told.encode()).hexdigest()[:16] if told else ""
