"""Synthetic calls: what people ring about in the demo, how urgent it is and how it ends. Pure, from a given generator.

The mix is invented for the demo (labelled synthetic) and roughly follows the project's domain notes, sections 8.2 to
8.5: most calls are routine, few are urgent, one in six is unfounded. It is no statement about any real place.
"""

from dataclasses import dataclass
from random import Random
from typing import TypeVar
from uuid import UUID

from markaz.demo.ground import Ground, Place
from markaz.programmes.incidents.commands import CloseIncident

T = TypeVar("T")

# category: (weight, priorities with weights, outcomes with weights)
_Mix = tuple[tuple[str, float], ...]
CALLS: dict[str, tuple[float, _Mix, _Mix]] = {
    "public_order": (20, (("2", 4), ("3", 6)), (("resolved", 6), ("administrative", 4), ("not_found", 2))),
    "noise": (16, (("3", 1),), (("resolved", 7), ("not_found", 3))),
    "family_violence": (10, (("1", 5), ("2", 5)), (("administrative", 4), ("referred", 4), ("crime_recorded", 2))),
    "theft": (9, (("2", 2), ("3", 8)), (("crime_recorded", 7), ("no_offence", 2), ("referred", 1))),
    "fraud": (5, (("3", 1),), (("crime_recorded", 5), ("referred", 5))),
    "cyber": (6, (("3", 1),), (("crime_recorded", 5), ("referred", 5))),
    "assault": (6, (("1", 4), ("2", 6)), (("crime_recorded", 4), ("administrative", 4), ("transported", 2))),
    "road_crash": (8, (("1", 3), ("2", 7)), (("administrative", 5), ("transported", 3), ("resolved", 2))),
    "road_hazard": (5, (("2", 3), ("3", 7)), (("resolved", 8), ("referred", 2))),
    "suspicious": (6, (("2", 3), ("3", 7)), (("no_offence", 6), ("not_found", 4))),
    "alarm": (5, (("1", 2), ("2", 8)), (("unfounded", 8), ("resolved", 2))),
    "help_person": (8, (("1", 2), ("2", 8)), (("resolved", 6), ("transported", 3), ("referred", 1))),
    "missing_person": (2, (("1", 6), ("2", 4)), (("resolved", 8), ("referred", 2))),
    "property_damage": (4, (("3", 1),), (("administrative", 5), ("crime_recorded", 3), ("not_found", 2))),
    "other": (6, (("3", 1),), (("resolved", 4), ("unfounded", 4), ("duplicate", 2))),
}
CHANNELS = (("phone", 62), ("emergency_112", 14), ("app", 8), ("button", 5), ("officer", 8), ("walk_in", 3))
TO_HOSPITAL = "transported"


@dataclass(frozen=True, slots=True)
class Call:
    """One synthetic call. `outcome` is how it will end if nobody interferes."""

    category: str
    priority: str
    channel: str
    outcome: str
    place: Place


def seeded(what: str, seed: int) -> Random:
    """Return a generator of its own for `what`: drawing more of one thing leaves every other as it was."""
    return Random(f"{what} {seed}")  # noqa: S311 - a synthetic plan holds no secret


def draw_call(ground: Ground, random: Random) -> Call:
    """Return a random call somewhere on the ground; every neighbourhood is as likely, being of like population."""
    category = pick(random, [(name, weight) for name, (weight, _, _) in CALLS.items()])
    _, priorities, outcomes = CALLS[category]
    return Call(
        category=category,
        priority=pick(random, priorities),
        channel="automatic" if category == "alarm" else pick(random, CHANNELS),
        outcome=pick(random, outcomes),
        place=ground.point_in(random.randrange(len(ground)), random),
    )


def closing_of(version: int, outcome: str, incident_id: UUID) -> CloseIncident:
    """Return the closing of an incident with what its outcome needs; the report number is made up from the id."""
    match outcome:
        case "crime_recorded":
            return CloseIncident(version, outcome, report_number=f"DEMO-{incident_id.int % 100_000}")
        case "no_offence":
            return CloseIncident(version, outcome, reason_code="no_signs")
        case "referred":
            return CloseIncident(version, outcome, reason_code="other")
        case _:
            return CloseIncident(version, outcome)


def pick(random: Random, weighted: "tuple[tuple[T, float], ...] | list[tuple[T, float]]") -> T:
    """Return one of the values, as likely as its weight says."""
    return random.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]
