"""What a person is told about looks at them: which looks, in which words, and what may wait. Pure.

An answer names the office, never the officer. A look whose disclosure is delayed is left out, and nothing else changes:
the answer reads the same whether there is no such look or a delayed one.
"""

import tomllib
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from uuid import UUID

from markaz.contracts.rights import RightKind, Stay
from markaz.core.errors import InvalidInput

LONGEST_MONTHS = 12  # then a body outside the chain decides anew
RENEWED_WITHIN = timedelta(days=30)  # of its end: who renews knows how things stand then, and nobody adds year to year


class Why(StrEnum):
    """Why somebody looked, as a person is told."""

    WORK = "work"  # on the incident itself
    PURPOSE = "purpose"  # for a purpose they had to state
    EMERGENCY = "emergency"  # they broke the glass, which was reviewed
    SEARCH = "search"  # they looked for a caller
    REQUEST = "request"  # to answer a request of the person
    BRIEFING = "briefing"  # a handover or a daily summary told of the incident


class What(StrEnum):
    """What somebody did."""

    READ = "read"
    FOUND = "found"
    DISCLOSED = "disclosed"
    TAKEN_OUT = "taken_out"


@dataclass(frozen=True, slots=True)
class Office:
    """A role in a territory, as it was held at that moment. None: the centre itself, or not known."""

    role: str | None
    territory_id: int | None


@dataclass(frozen=True, slots=True)
class SeenLook:
    """One look at what an incident holds of a person."""

    entry_id: int
    at: datetime
    actor_id: UUID | None  # never told: it says only which looks were one officer's
    offices: tuple[Office, ...]
    what: What
    why: Why
    incident_id: UUID
    number: str


BRIEFINGS = ("handover.", "summary.")
_WHAT = {"look_up": What.FOUND, "disclosure": What.DISCLOSED, "export": What.TAKEN_OUT}


def what_of(kind: str) -> What:
    """Return what an entry of this kind did."""
    return _WHAT.get(kind, What.READ)


def why_of(kind: str, action: str, has_purpose: bool, under_glass: bool) -> Why:
    """Return why, from the codes of an entry. A look through broken glass is no work on the incident."""
    if action.startswith("right."):
        return Why.REQUEST
    if under_glass or kind == "break_glass" or action.startswith("glass."):
        return Why.EMERGENCY
    if has_purpose:
        return Why.PURPOSE
    if action.startswith(BRIEFINGS):
        return Why.BRIEFING
    return Why.SEARCH if kind == "look_up" else Why.WORK


def offices_of(roles: Iterable[str]) -> tuple[Office, ...]:
    """Return `role@territory` as offices, each once."""
    found = dict.fromkeys(roles)
    offices = [(role, territory) for role, _, territory in (text.partition("@") for text in found)]
    return tuple(Office(role, int(territory) if territory.isdigit() else None) for role, territory in offices) or (
        Office(None, None),
    )


def disclosed(looks: Iterable[SeenLook]) -> list[SeenLook]:
    """Return the looks a person is told of, the newest first."""
    return sorted(looks, key=lambda look: (look.at, look.entry_id), reverse=True)


def folded(looks: Sequence[SeenLook]) -> list[SeenLook]:
    """Return looks as lines of an answer: what one officer did at one incident within a minute is one line.

    Opening a card reads several parts of it, each an entry of its own.
    Called with what is told alone, so that a delayed look changes no line of it.
    """
    lines = {
        (
            look.actor_id,
            look.at.replace(second=0, microsecond=0),
            look.offices,
            look.what,
            look.why,
            look.incident_id,
        ): look
        for look in reversed(looks)
    }
    return list(reversed(lines.values()))


def joined(stays: Iterable[Stay]) -> list[Stay]:
    """Return stays with those at one incident that overlap, or follow each other without a gap, made one."""
    by_incident: dict[UUID, list[Stay]] = {}
    for stay in sorted(stays, key=lambda one: (str(one.incident_id), one.since is not None, one.since)):
        kept = by_incident.setdefault(stay.incident_id, [])
        last = kept[-1] if kept else None
        if last is None or (last.until is not None and stay.since is not None and stay.since > last.until):
            kept.append(stay)
        elif last.until is not None:
            kept[-1] = replace(last, until=None if stay.until is None else max(last.until, stay.until))
    return [stay for kept in by_incident.values() for stay in kept]


def months_after(at: datetime, months: int) -> datetime:
    """Return the same moment `months` later; the 31st becomes the last day of a shorter month. Raises InvalidInput."""
    if not 1 <= months <= LONGEST_MONTHS:
        raise InvalidInput(f"A delay lasts 1 to {LONGEST_MONTHS} months.", field="months")
    year, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + year, month + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def renewable_from(begins_at: datetime, ends_at: datetime) -> datetime:
    """Return from when a delay may be renewed: in its last thirty days, and never before it is in force."""
    return max(begins_at, ends_at - RENEWED_WITHIN)


@lru_cache(maxsize=1)
def clocks() -> dict[str, int]:
    """Return the working days by code. Raises ValueError when one is missing or no number of days."""
    package = resources.files("markaz.core").joinpath("profiles")
    read = tomllib.loads(package.joinpath("clocks.toml").read_text("utf-8"))
    wanted = {kind.value for kind in RightKind} | {"correction_ordered", "delay_ended"}
    if not wanted <= set(read) or not all(isinstance(days, int) and 1 <= days <= 60 for days in read.values()):
        raise ValueError(f"clocks.toml must name the days of {sorted(wanted)}")
    return read
