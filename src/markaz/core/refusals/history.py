"""The closed list of history: what of each type of event may stand in Parquet, and in which column.

Deny by default: what is not named is not written, and a field that nobody has thought about fails the build. Pure; the
writing itself is analytics.snapshots.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any


class Holds(StrEnum):
    """What a column of history holds."""

    CODE = "code"
    WHOLE = "whole"
    TIME = "time"
    PSEUDONYM = "pseudonym"


class Period(StrEnum):
    """For how long a pseudonym holds."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Told:
    """What is written of one type: `about` the record it is of, and by column the way to the field that fills it."""

    about: str | None
    takes: Mapping[str, tuple[str, ...]]
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class HistoryList:
    """The whole list. A type that is only counted stands in `counted` and in `told` not at all."""

    period: Period
    columns: Mapping[str, Holds]
    values: Mapping[str, frozenset[str]]
    sources: frozenset[str]
    told: Mapping[str, Told]
    counted: frozenset[str]
    text: str

    @property
    def types(self) -> frozenset[str]:
        """Every type that is classified."""
        return self.counted | self.told.keys()

    @property
    def names(self) -> frozenset[str]:
        """Every name the list closes: a type that is only counted, or `type.field`."""
        return self.counted | {f"{type_}.{field}" for type_, told in self.told.items() for field in told.fields}

    def names_of(self, type_: str, payload: Iterable[str]) -> Iterator[str]:
        """Yield the names that an event of this type with these fields needs in the list."""
        if type_ not in self.told:
            yield type_
            return
        yield from (f"{type_}.{field}" for field in payload)


@lru_cache(maxsize=1)
def load_history_list() -> HistoryList:
    """Return the list, read once from the package. Raises ValueError or KeyError when it contradicts itself."""
    text = resources.files("markaz.core.refusals").joinpath("history.toml").read_text("utf-8")
    return parse_history_list(text)


def parse_history_list(text: str) -> HistoryList:
    """Return the list that a TOML text states. Raises ValueError or KeyError when it contradicts itself."""
    raw = tomllib.loads(text)
    columns = {name: Holds(kind) for name, kind in raw["columns"].items()}
    told = {type_: _told(type_, row, columns) for type_, row in raw["type"].items()}
    counted = frozenset(raw["counted"]["types"])
    if len(counted) != len(raw["counted"]["types"]) or counted & told.keys():
        raise ValueError("history.toml: a type stands twice")
    values = {column: frozenset(codes) for column, codes in raw["values"].items()}
    if any(columns.get(column) is not Holds.CODE for column in values):
        raise ValueError("history.toml: values are stated of a column that holds no code")
    return HistoryList(Period(raw["period"]), columns, values, frozenset(raw["sources"]), told, counted, text)


def _told(type_: str, row: Mapping[str, Any], columns: Mapping[str, Holds]) -> Told:
    about, leaves = row.get("about"), row.get("leaves", [])
    takes = {column: tuple(path.split(".")) for column, path in row.get("takes", {}).items()}
    if set(row) - {"about", "takes", "leaves"} or not takes.keys() <= columns.keys():
        raise ValueError(f"history.toml: {type_} fills a column that is not named, or says something unknown")
    if about is not None and (columns.get(about) is not Holds.PSEUDONYM or about in takes):
        raise ValueError(f"history.toml: {type_} is about {about}, which is no pseudonym of its own")
    return Told(about, takes, frozenset(path[0] for path in takes.values()) | frozenset(leaves))
