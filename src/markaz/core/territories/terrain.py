"""What kind of ground a territory is: town, country or mountain. A territory without a word of its own is as the one around it.

It says how far apart things lie, nothing about the people who live there. The database is terrain_store's business.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from markaz.core.errors import InvalidInput, NotFound
from markaz.core.territories.tree import TerritoryTree

ROWS_MAX = 100_000  # ten countries like ours


class Terrain(StrEnum):
    """The classes of ground that norms know."""

    URBAN = "urban"
    RURAL = "rural"
    MOUNTAIN = "mountain"


@dataclass(frozen=True, slots=True)
class Terrains:
    """Which terrain each territory is. `marks` holds what was stated; `default` is for what nobody described."""

    marks: Mapping[int, Terrain]
    tree: Callable[[], TerritoryTree]
    default: Terrain

    def of(self, territory_id: int) -> Terrain:
        """Return the terrain stated for the territory, else for the nearest one around it, else the default.

        The default also for an unknown id.
        """
        try:
            path = self.tree().path(territory_id)
        except NotFound:
            return self.default
        return next((self.marks[id_] for id_ in reversed(path) if id_ in self.marks), self.default)


def read_terrain(file: Path) -> dict[str, Terrain]:
    """Return code -> terrain from a CSV file with the columns `code` and `terrain`. Raises InvalidInput naming the line."""
    found: dict[str, Terrain] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames is None or not {"code", "terrain"} <= set(reader.fieldnames):
            raise InvalidInput("The file needs the columns code and terrain.", field="terrain")
        for row in reader:
            code, terrain = (row["code"] or "").strip(), (row["terrain"] or "").strip()
            if terrain not in set(Terrain):
                words = ", ".join(Terrain)
                raise InvalidInput(f"line {reader.line_num}: {terrain[:40]!r} is not one of {words}.", field="terrain")
            if code in found or not code:
                raise InvalidInput(f"line {reader.line_num}: the code is missing or stands twice.", field="code")
            if len(found) >= ROWS_MAX:
                raise InvalidInput(f"More than {ROWS_MAX} rows: this is not a list of territories.", field="code")
            found[code] = Terrain(terrain)
    return found
