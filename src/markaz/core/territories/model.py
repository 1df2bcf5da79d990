"""What a territory is: a piece of map with a code, names in several scripts, a place in a hierarchy and a life span.

Values only: no database, no file, no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from markaz.kit.ids import TerritoryId

Box = tuple[float, float, float, float]  # west, south, east, north, in degrees WGS 84

ROOT_ID = TerritoryId(1)
ROOT_CODE = "centre"
LANGUAGES = ("uz-Latn", "uz-Cyrl", "ru", "en")


class Level(StrEnum):
    """How deep a territory lies, by the word that is stored; the profile gives the local word."""

    COUNTRY = "country"
    REGION = "region"
    DISTRICT = "district"
    NEIGHBOURHOOD = "neighbourhood"

    @property
    def depth(self) -> int:
        """Return 0 for the whole country, 3 for a neighbourhood."""
        return tuple(Level).index(self)


@dataclass(frozen=True, slots=True)
class Territory:
    """One version of a territory, valid in [valid_from, valid_to); an open end means it still stands.

    A changed boundary makes a new version with a new id under the same code.
    """

    id: TerritoryId
    code: str
    parent_id: TerritoryId | None
    level: Level
    names: Mapping[str, str]
    valid_from: date
    valid_to: date | None = None

    def is_valid(self, at: date) -> bool:
        """Return whether this version stands on the day `at`."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def name(self, language: str) -> str:
        """Return the name in `language`, else in Uzbek Latin, else in English, else the code."""
        return self.names.get(language) or self.names.get("uz-Latn") or self.names.get("en") or self.code
