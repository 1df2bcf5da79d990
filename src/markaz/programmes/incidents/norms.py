"""How soon something must happen: norms per priority and terrain, as data, and which of them holds in a territory.

The figures stand in core/profiles/norms.toml. Nothing here knows a clock, an incident or the database.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from markaz.core.settings import Profile
from markaz.core.territories.terrain import Terrain, Terrains

STRICTEST = "1"  # what nobody has graded yet may be danger to life, so its clocks run as if it were


@dataclass(frozen=True, slots=True)
class Norm:
    """What is allowed for one priority on one terrain, in seconds; see norms.toml for what each is counted from."""

    unassigned_s: int
    en_route_s: int
    arrival_s: int
    welfare_s: int

    def __post_init__(self) -> None:
        if min(self.unassigned_s, self.en_route_s, self.arrival_s, self.welfare_s) <= 0:
            raise ValueError("a norm is a positive number of seconds")


@dataclass(frozen=True, slots=True)
class Norms:
    """Every norm of the centre. A clock is amber from `amber_share` of the time allowed and red at the whole."""

    table: Mapping[tuple[str, Terrain], Norm]
    default_terrain: Terrain
    amber_share: float
    escalate_after_s: int
    escalate_acknowledged_after_s: int
    escalate_emergency_after_s: int
    entered_late_s: int

    def of(self, priority: str, terrain: Terrain) -> Norm:
        """Return the norm of a priority on a terrain. A priority without one, such as `unknown`, has the strictest."""
        return self.table.get((priority, terrain)) or self.table[STRICTEST, terrain]

    def least(self, field: str) -> Mapping[str, int]:
        """Return for each priority the shortest value of one field over all terrains: nothing is due sooner."""
        least: dict[str, int] = {}
        for (priority, _), norm in self.table.items():
            seconds = int(asdict(norm)[field])
            least[priority] = min(seconds, least.get(priority, seconds))
        return least


@dataclass(frozen=True, slots=True)
class NormsInForce:
    """The norms of a running centre and the terrain of its territories as it is now."""

    norms: Norms
    terrains: Callable[[], Terrains]

    def of(self, priority: str, territory_id: int) -> Norm:
        """Return the norm that holds for an incident of this priority in this territory."""
        return self.norms.of(priority, self.terrains().of(territory_id))

    def wire(self) -> dict[str, Any]:
        """Return what GET /api/norms answers. A territory that `terrain` does not name is as the one around it."""
        norms = self.norms
        return {
            "amber_share": norms.amber_share,
            "escalate_after_s": norms.escalate_after_s,
            "escalate_acknowledged_after_s": norms.escalate_acknowledged_after_s,
            "escalate_emergency_after_s": norms.escalate_emergency_after_s,
            "entered_late_s": norms.entered_late_s,
            "strictest": STRICTEST,
            "default_terrain": norms.default_terrain.value,
            "norms": [
                {"priority": priority, "terrain": terrain.value, **asdict(norm)}
                for (priority, terrain), norm in norms.table.items()
            ],
            "terrain": {str(id_): terrain.value for id_, terrain in sorted(self.terrains().marks.items())},
        }


@lru_cache(maxsize=len(Profile))
def load_norms(profile: Profile) -> Norms:
    """Return the norms of a profile, read once from the package. Raises ValueError when the packaged file is wrong."""
    text = resources.files("markaz.core").joinpath("profiles", "norms.toml").read_text("utf-8")
    return norms_of(tomllib.loads(text), profile)


def norms_of(data: Mapping[str, Any], profile: Profile) -> Norms:
    """Return norms from the tables of a file. Raises ValueError unless every priority has one norm for each terrain."""
    table: dict[tuple[str, Terrain], Norm] = {}
    for row in data["norms"]:
        key = (row["priority"], Terrain(row["terrain"]))
        if key in table:
            raise ValueError(f"the norm of priority {key[0]} in {key[1].value} stands twice")
        table[key] = Norm(row["unassigned_s"], row["en_route_s"], row["arrival_s"], row["welfare_s"])
    missing = {(p, t) for p in {STRICTEST, *(p for p, _ in table)} for t in Terrain} - set(table)
    if missing:
        raise ValueError(f"there is no norm for {sorted((p, t.value) for p, t in missing)}")
    if not 0 < data["amber_share"] < 1:
        raise ValueError("amber comes after the start and before red")
    return Norms(
        table=table,
        default_terrain=Terrain(data["default_terrain"][profile.value]),
        amber_share=data["amber_share"],
        escalate_after_s=data["escalate_after_s"],
        escalate_acknowledged_after_s=data["escalate_acknowledged_after_s"],
        escalate_emergency_after_s=data["escalate_emergency_after_s"],
        entered_late_s=data["entered_late_s"],
    )
