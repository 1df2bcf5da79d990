"""The daily summary: from the facts of a day to its figures, and from two looks at an earlier day to its corrections.

Pure: no clock, database or network. What is not in the event log (which territory lies where, the norms, what was
entered by hand) is handed in as `Inputs`, which is stored with the summary; so the same inputs and the same part of the
log give the same bytes at any later time. Counts, codes and numbers of incidents only: no names, no addresses.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markaz.kit.clock import iso
from markaz.programmes.incidents.briefing.facts import ONE_SECOND, Fact

JSON = dict[str, Any]

# [assumption] The night belongs to the day on which it began, as in a duty unit's book; the hour is a setting.
DEATHS = frozenset({"death"})
CRASHES = frozenset({"road_crash"})
NUMBERS_SHOWN = 20  # of one correction; the count says how many there are
CORRECTIONS_SHOWN = 200
MAX_DAY_INCIDENTS = 50_000  # three times the busiest day of the whole country that we design for


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last summary of an earlier day: what was known then is everything up to `as_of_seq`."""

    day: date
    begins_at: datetime
    ends_at: datetime
    as_of_seq: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a summary stands on beside the event log, kept with it.

    `areas` gives for each child territory all the territory ids in it; ids of `territory_id` itself that lie in no
    child are in `rest`. `terrains` names the terrain of each territory id that is not `default_terrain`; `norms_s`
    gives the norm of arrival in seconds by priority and terrain. `counted_to` is the end of the day, or the moment of
    making where that came first.
    """

    territory_id: int
    day: date
    begins_at: datetime
    ends_at: datetime
    counted_to: datetime
    time_zone: str
    areas: Mapping[int, Sequence[int]]
    rest: Sequence[int]
    default_terrain: str = "unknown"
    terrains: Mapping[int, str] = field(default_factory=dict)
    norms_s: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    earlier: Sequence[Earlier] = ()
    significant: Sequence[str] = ()
    by_hand: Mapping[str, int | None] = field(default_factory=dict)

    def area_of(self) -> dict[int, int]:
        """Return the child territory, or the territory itself, by the territory id of a record."""
        own = dict.fromkeys(self.rest, self.territory_id)
        return own | {id_: area for area, ids in self.areas.items() for id_ in ids}

    def terrain_of(self, territory_id: int) -> str:
        """Return the terrain of a territory id."""
        return self.terrains.get(territory_id, self.default_terrain)


def bounds_of(day: date, starts_at_h: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a local day begins and ends; it is 23 or 25 hours long where the clocks change."""
    hour = time(starts_at_h)
    ends = datetime.combine(day + timedelta(days=1), hour, zone)
    return datetime.combine(day, hour, zone), ends


def day_of(at: datetime, starts_at_h: int, zone: ZoneInfo) -> date:
    """Return the local day to which a moment belongs."""
    local = at.astimezone(zone)
    return local.date() if local.hour >= starts_at_h else local.date() - timedelta(days=1)


def content_of(facts: Iterable[Fact], inputs: Inputs, corrections: Sequence[JSON]) -> JSON:
    """Return the figures of a day, JSON-ready, in an order that is always the same.

    A merged incident is no incident of its own: it is told as `merged` and counted nowhere else.
    """
    area_of = inputs.area_of()
    here = [fact for fact in facts if fact.territory_id in area_of and _is_of_day(fact, inputs)]
    counted = [fact for fact in here if fact.merged_into is None]
    return {
        "territory_id": inputs.territory_id,
        "day": inputs.day.isoformat(),
        "from": iso(inputs.begins_at),
        "to": iso(inputs.ends_at),
        "time_zone": inputs.time_zone,
        "incidents": len(counted),
        "open": sum(fact.is_open for fact in counted),
        "merged": len(here) - len(counted),
        "late": sum(fact.is_late for fact in counted),
        "deaths": sum(fact.category in DEATHS for fact in counted),
        "crashes": sum(fact.category in CRASHES for fact in counted),
        "by_category": _counts(counted, "category", lambda f: f.category),
        "by_area": _counts(counted, "territory_id", lambda f: area_of[f.territory_id]),
        "by_area_category": _cells(counted, area_of),
        "by_channel": _counts(counted, "channel", lambda f: f.channel),
        "by_outcome": _counts(counted, "outcome", outcome_of),
        "response": _response(counted, inputs),
        "forces": _forces(here, inputs.counted_to),
        "by_hand": dict(sorted(inputs.by_hand.items())),
        "significant": _significant(here, inputs, area_of),
        "corrections": list(corrections[:CORRECTIONS_SHOWN]),
        "corrections_more": max(0, len(corrections) - CORRECTIONS_SHOWN),
    }


def outcome_of(fact: Fact) -> str:
    """Return the outcome code; an open incident says `open`, a closed one without an outcome `unknown`."""
    return "open" if fact.is_open else fact.outcome or "unknown"


def corrections_of(
    day: date, before: Mapping[str, Fact], after: Mapping[str, Fact], area_of: Mapping[int, int]
) -> list[JSON]:
    """Return how an earlier day differs from what its summary said, by figure, with the numbers of the incidents.

    A figure is one of total, merged, category, priority, area, outcome, response; response times are named without
    their values, because each has its own. What another post handles now is counted and not named: it may be closed to
    this one.
    """
    changed: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for id_ in sorted(before.keys() | after.keys()):
        old, new = _seen(before.get(id_), area_of), _seen(after.get(id_), area_of)
        number = (new or old or {}).get("number", "")
        if old is None or new is None:
            if old is not new:
                changed["total", "0" if old is None else "1", "0" if new is None else "1"].append(
                    "" if new is None else number
                )
            continue
        for figure in ("merged", "category", "priority", "area", "outcome"):
            if old[figure] != new[figure]:
                changed[figure, old[figure], new[figure]].append(number)
        if old["response"] != new["response"]:
            changed["response", "", ""].append(number)
    return [
        {
            "day": day.isoformat(),
            "figure": figure,
            "before": old_value,
            "after": new_value,
            "n": len(numbers),
            "numbers": sorted(filter(None, numbers), key=_by_number)[:NUMBERS_SHOWN],
        }
        for (figure, old_value, new_value), numbers in sorted(changed.items())
    ]


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Return the value of rank ceil(p * n) of sorted values: always one that occurred (figures.RESPONSE_DEFINITION)."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


def _is_of_day(fact: Fact, inputs: Inputs) -> bool:
    return inputs.begins_at <= fact.received_at < inputs.ends_at


def _seen(fact: Fact | None, area_of: Mapping[int, int]) -> JSON | None:
    if fact is None or fact.territory_id not in area_of:
        return None
    return {
        "number": fact.number,
        "merged": "0" if fact.merged_into is None else "1",
        "category": fact.category,
        "priority": fact.priority,
        "area": str(area_of[fact.territory_id]),
        "outcome": outcome_of(fact),
        "response": fact.response_s,
    }


def _by_number(number: str) -> tuple[int, str]:
    """Numbers of incidents are digits here and anything in an import: 9 stands before 10."""
    return len(number), number


def _counts(facts: Sequence[Fact], name: str, key: Callable[[Fact], str | int]) -> list[JSON]:
    counts = Counter(key(fact) for fact in facts)
    return [{name: code, "n": n} for code, n in sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))]


def _cells(facts: Sequence[Fact], area_of: Mapping[int, int]) -> list[JSON]:
    counts = Counter((area_of[fact.territory_id], fact.category) for fact in facts)
    return [{"territory_id": area, "category": category, "n": n} for (area, category), n in sorted(counts.items())]


def _response(facts: Sequence[Fact], inputs: Inputs) -> list[JSON]:
    groups: dict[tuple[str, str], list[int | None]] = defaultdict(list)
    for fact in facts:
        groups[fact.priority, inputs.terrain_of(fact.territory_id)].append(fact.response_s)
    rows = []
    for (priority, terrain), times in sorted(groups.items()):
        known = sorted(time_s for time_s in times if time_s is not None)
        norm_s = inputs.norms_s.get(priority, {}).get(terrain)
        rows.append(
            {
                "priority": priority,
                "terrain": terrain,
                "n": len(times),
                "with_both": len(known),
                "unknown": len(times) - len(known),
                "p50_s": percentile(known, 50),
                "p90_s": percentile(known, 90),
                "norm_s": norm_s,
                "within": None if norm_s is None else sum(time_s <= norm_s for time_s in known),
            }
        )
    return rows


def _forces(facts: Sequence[Fact], counted_to: datetime) -> JSON:
    """Units sent to the incidents of the day, and the seconds from sending to clearing, cut at `counted_to`."""
    sendings = [sending for fact in facts for sending in fact.sendings]
    out_s, unknown = 0, 0
    for sending in sendings:
        if sending.assigned_at is None:
            unknown += 1
            continue
        until = min(sending.cleared_at or counted_to, counted_to)
        out_s += max(0, (until - sending.assigned_at) // ONE_SECOND)
    return {
        "units": len({sending.unit_id for sending in sendings}),
        "sendings": len(sendings),
        "unit_s": out_s,
        "unknown": unknown,
    }


def _significant(facts: Sequence[Fact], inputs: Inputs, area_of: Mapping[int, int]) -> list[JSON]:
    by_id = {fact.id: fact for fact in facts}
    return [
        {
            "incident_id": id_,
            "number": by_id[id_].number,
            "category": by_id[id_].category,
            "priority": by_id[id_].priority,
            "territory_id": area_of[by_id[id_].territory_id],
            "received_at": iso(by_id[id_].received_at),
            "outcome": outcome_of(by_id[id_]),
        }
        for id_ in inputs.significant
        if id_ in by_id
    ]
