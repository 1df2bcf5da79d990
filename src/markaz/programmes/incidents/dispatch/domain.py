"""Which unit to send first, and why. Pure: values in, values out; no clock, database or network.

Every candidate is weighed and none is left out; the reasons are codes with numbers that the console puts into words.
What is weighed is a unit at this moment (kind, skills, crew, travel time, cover), never a person and never its past.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from markaz.contracts.incidents import Stage, UnitStatus
from markaz.core.dispatch_rules import Allowances, Need
from markaz.core.errors import InvalidInput
from markaz.programmes.incidents.dispatch.travel import Estimate
from markaz.programmes.incidents.domain import SENDABLE, STAGES, Assignment, check_between, check_time

Part = dict[str, Any]

# Only before arrival: whoever is with people is not called away by a list.
DIVERTIBLE = frozenset({UnitStatus.ASSIGNED, UnitStatus.EN_ROUTE})


class Group(StrEnum):
    """How a candidate may be used, the best first."""

    RECOMMENDED = "recommended"  # free, of a kind this category needs
    POSSIBLE = "possible"  # free, of another kind
    DIVERTIBLE = "divertible"  # on its way to something less urgent
    NOT_NOW = "not_now"
    HERE = "here"  # on this incident already


_RANK = {group: rank for rank, group in enumerate(Group)}
_USABLE = frozenset({Group.RECOMMENDED, Group.POSSIBLE, Group.DIVERTIBLE})


class Why(StrEnum):
    """The coded reasons. Those of `Allowances` carry `added_s`, what they counted like."""

    KIND_FIRST = "kind_first"
    KIND_NEXT = "kind_next"
    KIND_ALSO = "kind_also"
    KIND_OTHER = "kind_other"
    SKILL_HAS = "skill_has"
    SKILL_MISSING = "skill_missing"
    CREW_SMALL = "crew_small"
    POSITION_STALE = "position_stale"
    POSITION_UNKNOWN = "position_unknown"
    COVER_LAST = "cover_last"
    COVER_LEFT = "cover_left"
    DIVERTS = "diverts"
    IN_DANGER = "in_danger"
    NOT_NOW = "not_now"
    HERE = "here"


# Reasons without numbers of their own. All parts are shared between choices: nobody may change one.
_DIVERTS: Part = {"code": Why.DIVERTS.value}
_IN_DANGER: Part = {"code": Why.IN_DANGER.value}
_HERE: Part = {"code": Why.HERE.value}
_POSITION_UNKNOWN: Part = {"code": Why.POSITION_UNKNOWN.value}
_NOT_NOW: dict[UnitStatus, Part] = {s: {"code": Why.NOT_NOW.value, "status": s.value} for s in UnitStatus}


class OverrideReason(StrEnum):
    """Why another unit was taken than the suggested one."""

    NEARER = "nearer_by_knowledge"
    ASKED = "asked_for_by_unit"
    LANGUAGE = "language"
    VEHICLE = "vehicle"
    OTHER = "other"


class Candidate(NamedTuple):
    """A unit on duty at this moment. A tuple like the others here: thousands are made for one recommendation.

    `position_age_s` None means that its position is unknown and `travel` starts from the middle of its territory.
    `other_rank` is how urgent what it works for is (0 most), None when it works for nothing one may take it from.
    """

    unit_id: UUID
    call_sign: str
    kind: str
    status: UnitStatus
    version: int
    skills: tuple[str, ...]
    crew_size: int
    district_id: int
    incident_id: UUID | None
    other_rank: int | None
    position_age_s: float | None
    is_stale: bool
    travel: Estimate | None
    is_in_danger: bool = False  # an emergency of its own has not ended


class Choice(NamedTuple):
    """One candidate with its group, its reasons, and the seconds by which it was put in order (None: unknown)."""

    candidate: Candidate
    group: Group
    is_suggested: bool
    counted_s: float | None
    cover_left: int | None
    parts: tuple[Part, ...]


def recommend(
    incident_id: UUID, rank: int, need: Need, allowances: Allowances, candidates: Sequence[Candidate]
) -> list[Choice]:
    """Return every candidate in the order in which to think of it; `rank` is how urgent the incident is, 0 most.

    The order is by group, then by the middle travel time plus what drawbacks count, unknown times last, then by call
    sign: the same input gives the same order on every machine. The best free unit of the needed kind, and the best of
    the kind wished for beside it, are suggested and stand on top.
    """
    scales = _Scales(incident_id, rank, need, allowances, _cover(candidates))
    choices = [scales.weigh(one) for one in candidates]
    choices.sort(key=_order)
    return _with_suggestions(choices, need)


def _order(choice: Choice) -> tuple[int, float, str, bytes]:
    one = choice.candidate
    seconds = float("inf") if choice.counted_s is None else choice.counted_s
    return _RANK[choice.group], seconds, one.call_sign, one.unit_id.bytes


def _cover(candidates: Iterable[Candidate]) -> Mapping[tuple[int, str], int]:
    """Count the free units of each kind in each district."""
    return Counter((one.district_id, one.kind) for one in candidates if _is_free(one))


def _is_free(one: Candidate) -> bool:
    """Say whether a unit can be sent: one that calls for help itself covers nobody."""
    return one.status in SENDABLE and not one.is_in_danger


class _Scales:
    """Weighs the candidates of one recommendation. Reasons that many of them share are made once and never changed."""

    def __init__(
        self,
        incident_id: UUID,
        rank: int,
        need: Need,
        allowances: Allowances,
        cover: Mapping[tuple[int, str], int],
    ) -> None:
        self._incident_id = incident_id
        self._rank = rank
        self._need = need
        self._allowances = allowances
        self._cover = cover
        self._kinds: dict[str, tuple[bool, Part]] = {}
        self._covers: dict[tuple[int, str], tuple[int, Part]] = {}
        self._missing: Part = {
            "code": Why.SKILL_MISSING.value,
            "skills": list(need.skills),
            "added_s": allowances.skill_missing,
        }
        self._stale: Part = {"code": Why.POSITION_STALE.value, "added_s": allowances.position_stale}

    def weigh(self, one: Candidate) -> Choice:
        """Return the candidate with its group, its reasons and its seconds."""
        fits, kind_part = self._kinds.get(one.kind) or self._kind(one.kind)
        parts = [_IN_DANGER, kind_part] if one.is_in_danger else [kind_part]
        group = self._group(one, fits)
        left = None
        if group in _USABLE:
            self._ability(one, parts)
        if _is_free(one):
            where = one.district_id, one.kind
            left, cover_part = self._covers.get(where) or self._left(where)
            parts.append(cover_part)
        if group is Group.DIVERTIBLE:
            parts.append(_DIVERTS)
        elif group is Group.NOT_NOW and not one.is_in_danger:
            parts.append(_NOT_NOW[one.status])
        elif group is Group.HERE:
            parts.append(_HERE)
        counted = None
        if one.travel is not None:
            counted = one.travel.mid_s
            for part in parts:
                counted += part.get("added_s", 0)
        return Choice(one, group, False, counted, left, tuple(parts))

    def _kind(self, kind: str) -> tuple[bool, Part]:
        """Say whether this kind is needed, and with which reason."""
        need, allowances = self._need, self._allowances
        if kind in need.kinds:
            part: Part = {"code": Why.KIND_FIRST.value}
            if kind != need.kinds[0]:
                part = {"code": Why.KIND_NEXT.value, "added_s": allowances.kind_next}
            known = True, part
        elif kind in need.also:
            known = True, {"code": Why.KIND_ALSO.value, "added_s": allowances.kind_also}
        else:
            known = False, {"code": Why.KIND_OTHER.value}
        self._kinds[kind] = known
        return known

    def _group(self, one: Candidate, fits: bool) -> Group:
        if one.incident_id == self._incident_id:
            return Group.HERE
        if one.is_in_danger:
            return Group.NOT_NOW
        if one.status in SENDABLE:
            return Group.RECOMMENDED if fits else Group.POSSIBLE
        if one.status in DIVERTIBLE and one.other_rank is not None and one.other_rank > self._rank:
            return Group.DIVERTIBLE
        return Group.NOT_NOW

    def _ability(self, one: Candidate, parts: list[Part]) -> None:
        """Add what is known of skills, crew and position. What was never recorded is unknown and counts for nothing."""
        need = self._need
        if need.skills and one.skills:
            has = [skill for skill in need.skills if skill in one.skills]
            parts.append({"code": Why.SKILL_HAS.value, "skills": has} if has else self._missing)
        if 0 < one.crew_size < need.min_crew:
            small = self._allowances.crew_small
            parts.append({"code": Why.CREW_SMALL.value, "n": one.crew_size, "added_s": small})
        if one.position_age_s is None:
            parts.append(_POSITION_UNKNOWN)
        elif one.is_stale:
            parts.append(self._stale)

    def _left(self, where: tuple[int, str]) -> tuple[int, Part]:
        """Say how many free units of a kind stay in a district when one of them goes, and with which reason."""
        district_id, _ = where
        left = self._cover[where] - 1
        part: Part = {"code": Why.COVER_LEFT.value, "territory_id": district_id, "n": left}
        if left == 0:
            added_s = self._allowances.cover_last
            part = {"code": Why.COVER_LAST.value, "territory_id": district_id, "added_s": added_s}
        self._covers[where] = left, part
        return left, part


def _with_suggestions(choices: list[Choice], need: Need) -> list[Choice]:
    """Put the best of each needed kind of service on top, marked."""
    suggested: list[Choice] = []
    for kinds in (need.kinds, need.also):
        best = next((c for c in choices if c.group is Group.RECOMMENDED and c.candidate.kind in kinds), None)
        if best is not None and best not in suggested:
            suggested.append(best)
    taken = {choice.candidate.unit_id for choice in suggested}
    rest = [choice for choice in choices if choice.candidate.unit_id not in taken]
    top = [choice._replace(is_suggested=True) for choice in suggested]
    return top + rest


def overridden(suggested: Sequence[UUID], taken: Iterable[UUID]) -> list[UUID]:
    """Return the suggested units that were not taken although others were; none when only suggested ones were taken."""
    chosen = set(taken)
    return [] if chosen <= set(suggested) else [unit_id for unit_id in suggested if unit_id not in chosen]


def finished(stages: Mapping[Stage, datetime], received_at: datetime, now: datetime) -> dict[Stage, datetime]:
    """Return the stages of a sending that is over, in their order.

    Raises InvalidInput unless it began and ended, both by now, and StageOrder when a stage is before the one before it
    or before the call.
    """
    missing = [stage.value for stage in (Stage.ASSIGNED, Stage.CLEARED) if stage not in stages]
    if missing:
        raise InvalidInput(f"A sending that is over has the time of {' and '.join(missing)}.", field="stages")
    done: dict[Stage, datetime] = {}
    for stage in (stage for stage in STAGES if stage in stages):
        at = check_time(stages[stage], now, field="stages")
        check_between(Assignment(0, done), stage, at, received_at)
        done[stage] = at
    return done
