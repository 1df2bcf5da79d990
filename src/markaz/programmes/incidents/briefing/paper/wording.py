"""The words of a summary in one language: labels of words.toml, names of codes and of territories, numbers and times.

Pure but for the packaged file, which is read once. A code without a name (an import brings its own) stands as it is.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from markaz.core.codes import CodeTable, CodeTables
from markaz.core.territories.model import LANGUAGES

THIN_SPACE = "\u202f"  # between groups of three digits, never broken


@dataclass(frozen=True, slots=True)
class Wording:
    """How to say everything of a summary in `language`. `territory_names` gives the names of a territory id."""

    language: str
    codes: CodeTables
    territory_names: Callable[[int], Mapping[str, str]]
    zone: ZoneInfo

    def label(self, key: str) -> str:
        """Return a label of words.toml."""
        return labels()[key][self.language]

    def category(self, code: str) -> str:
        """Return the name of a category."""
        return self._name(self.codes.categories, code)

    def priority(self, code: str) -> str:
        """Return the name of a priority."""
        return self._name(self.codes.priorities, code)

    def channel(self, code: str) -> str:
        """Return the name of a channel."""
        return self._name(self.codes.channels, code)

    def outcome(self, code: str) -> str:
        """Return the name of an outcome; `open` is one here."""
        return self.label("is_open") if code == "open" else self._name(self.codes.outcomes, code)

    def terrain(self, code: str) -> str:
        """Return the name of a terrain."""
        return labels()[code][self.language] if code in labels() else code

    def territory(self, territory_id: int) -> str:
        """Return the name of a territory, in English or by its number where it has none in this language."""
        names = self.territory_names(territory_id)
        return names.get(self.language) or names.get("en") or str(territory_id)

    def moment(self, at: str | datetime) -> str:
        """Return a time as day.month.year hour:minute, local."""
        when = datetime.fromisoformat(at) if isinstance(at, str) else at
        return when.astimezone(self.zone).strftime("%d.%m.%Y %H:%M")

    def moment_in_zone(self, at: str) -> str:
        """Return a time to the second with how far the local clock is from UTC, for whoever reads it elsewhere."""
        when = datetime.fromisoformat(at).astimezone(self.zone)
        offset = when.strftime("%z")
        return f"{when.strftime('%d.%m.%Y %H:%M:%S')} (UTC{offset[:3]}:{offset[3:5]})"

    def mark(self, access: Mapping[str, Any] | None) -> str:
        """Return to whom and when a paper was shown, and that its sentences were closed to them where they were.

        None is a paper that the centre sets by itself, for nobody's eyes yet: it says so.
        """
        if access is None:
            return self.label("no_viewer")
        shown = f"{self.label('shown_to')}: {access['viewer']}, {self.moment_in_zone(access['at'])}"
        return shown if access["by"] is not None else f"{shown}. {self.label('sentences_closed')}"

    def day(self, iso_day: str) -> str:
        """Return 2026-03-01 as 01.03.2026."""
        return ".".join(reversed(iso_day.split("-")))

    def _name(self, table: CodeTable, code: str) -> str:
        return next((known.names[self.language] for known in table.codes if known.code == code), code)


def number(n: int | None, unknown: str = "–") -> str:
    """Return a count with its digits in groups, or `unknown`."""
    return unknown if n is None else f"{n:,}".replace(",", THIN_SPACE)


def minutes(seconds: int | None, unknown: str = "–") -> str:
    """Return seconds as minutes:seconds, or `unknown`. Negative ones, which an import may state, keep their sign."""
    if seconds is None:
        return unknown
    whole, rest = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else ''}{whole}:{rest:02d}"


@lru_cache(maxsize=1)
def labels() -> Mapping[str, Mapping[str, str]]:
    """Return the labels by key and language. Raises ValueError when one lacks a language."""
    package = resources.files("markaz.programmes.incidents.briefing.paper")
    read = tomllib.loads(package.joinpath("words.toml").read_text("utf-8"))
    missing = [(key, language) for key, names in read.items() for language in LANGUAGES if not names.get(language)]
    if missing:
        raise ValueError(f"words.toml lacks {missing}")
    return read
