"""What the recommendation of units is computed from, as data: needs of a category, allowances, speeds by terrain.

Read once from the packaged `profiles/dispatch.toml`. It decides nothing and knows no unit.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

KMH_PER_MPS = 3.6


@dataclass(frozen=True, slots=True)
class Need:
    """What a category needs: one unit of `kinds`, best fit first, and one of `also` beside it when that is not empty."""

    kinds: tuple[str, ...]
    also: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    min_crew: int = 0


@dataclass(frozen=True, slots=True)
class Allowances:
    """Seconds that a drawback counts like when units are put in order."""

    kind_next: int
    kind_also: int
    skill_missing: int
    crew_small: int
    position_stale: int
    cover_last: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How one gets along: the way over the straight line, the cruising speed and how fast it is reached."""

    detour: float
    cruising_mps: float
    acceleration_mps2: float


@dataclass(frozen=True, slots=True)
class DispatchRules:
    """Everything of `dispatch.toml`.

    `terrains` is by the words of core.territories.terrain; `spread` is (tenth, ninetieth percentile) over the middle, by
    source.
    """

    needs: Mapping[str, Need]
    allowances: Allowances
    terrains: Mapping[str, Pace]
    walking: Pace
    walking_kinds: frozenset[str]
    spread: Mapping[str, tuple[float, float]]
    fix_m: float
    drift_mps: float
    drift_most_m: float

    def need(self, category: str) -> Need:
        """Return what a category needs; one without a row of its own needs what any call needs."""
        return self.needs.get(category, self.needs["default"])


@lru_cache(maxsize=1)
def load_dispatch_rules() -> DispatchRules:
    """Return the packaged rules. Raises KeyError or ValueError when the file is wrong."""
    text = resources.files("markaz.core").joinpath("profiles", "dispatch.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return DispatchRules(
        needs={category: _need(row) for category, row in data["needs"].items()},
        allowances=Allowances(**data["allowances_s"]),
        terrains={name: _pace(row) for name, row in data["terrains"].items()},
        walking=_pace(data["walking"]),
        walking_kinds=frozenset(data["walking"]["kinds"]),
        spread={source: (low, high) for source, (low, high) in data["spread"].items()},
        fix_m=float(data["uncertainty"]["fix_m"]),
        drift_mps=float(data["uncertainty"]["drift_mps"]),
        drift_most_m=float(data["uncertainty"]["drift_most_m"]),
    )


def _need(row: Mapping[str, Any]) -> Need:
    return Need(
        tuple(row["kinds"]), tuple(row.get("also", ())), tuple(row.get("skills", ())), int(row.get("min_crew", 0))
    )


def _pace(row: Mapping[str, Any]) -> Pace:
    return Pace(float(row["detour"]), float(row["cruising_kmh"]) / KMH_PER_MPS, float(row["acceleration_mps2"]))
