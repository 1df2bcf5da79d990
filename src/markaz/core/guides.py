"""Guide cards as data: what to ask and what to say for each category of call, in every language.

They come from the packaged guides.toml and help whoever takes a call; nothing is recorded of them and nothing is decided
by them. Local practice: a service reviews them before use.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from markaz.core.territories.model import LANGUAGES

LINES = 3  # of each kind: more is not read at night

Line = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Guide:
    """The card of one category: three questions and three instructions, each in every language."""

    category: str
    questions: tuple[Line, ...]
    instructions: tuple[Line, ...]

    def wire(self) -> dict[str, Any]:
        """Return the card as GET /api/guides answers."""
        return {
            "category": self.category,
            "questions": [dict(line) for line in self.questions],
            "instructions": [dict(line) for line in self.instructions],
        }


@lru_cache(maxsize=1)
def load_guides() -> tuple[Guide, ...]:
    """Return every card, read once from the package. Raises ValueError when the packaged file is wrong."""
    text = resources.files("markaz.core").joinpath("profiles", "guides.toml").read_text("utf-8")
    guides = tuple(_guide(row) for row in tomllib.loads(text)["guides"])
    if len({guide.category for guide in guides}) != len(guides):
        raise ValueError("a category has two guide cards")
    return guides


def _guide(row: Mapping[str, Any]) -> Guide:
    for name in ("questions", "instructions"):
        lines = row[name]
        if len(lines) != LINES or any(not line.get(language) for line in lines for language in LANGUAGES):
            raise ValueError(f"the guide card of {row['category']} wants {LINES} {name} in every language")
    return Guide(row["category"], tuple(row["questions"]), tuple(row["instructions"]))
