"""The guard over names: says which name of a column, event, import or field is refused or in no closed list. Pure.

It sees names, never content: what somebody types into a note or packs into a code is beyond it, and THREAT_MODEL.md says so.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from markaz.core.refusals.history import load_history_list

_PACKAGE = "markaz.core.refusals"
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
COLUMN_KINDS = ("fact", "staff", "sealed", "place", "text", "json", "secret")


class Kind(StrEnum):
    """What a name is of. The last two are guarded by refused words only; the others also by a closed list."""

    COLUMN = "column"  # table.column
    EVENT = "event"
    IMPORT = "import"  # target.field
    PLAN_SUBJECT = "plan_subject"
    SEARCH = "search"
    HISTORY = "history"  # event type, or event type.field
    API = "api"
    PACKAGE = "package"


# Where a closed list is itself the refusal: whatever else is named there is refused by it.
LIST_OF = {Kind.PLAN_SUBJECT: "plan_subjects", Kind.SEARCH: "free_search"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing Markaz refuses to be. `words` are rows of parts of a name; `plant` is (kind, name) that must be found."""

    id: str
    says: str
    words: tuple[tuple[str, ...], ...]
    packages: frozenset[str]
    plant: tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the closed list: the kind of every column, and the class of the retention schedule that ends it."""

    columns: Mapping[str, str]
    ends: str | None

    @property
    def person(self) -> tuple[str, ...]:
        """The columns that tell of a person: staff, sealed, place."""
        return tuple(name for name, kind in self.columns.items() if kind in {"staff", "sealed", "place"})


@dataclass(frozen=True, slots=True)
class Lists:
    """Every refusal and every closed list."""

    refusals: tuple[Refusal, ...]
    tables: Mapping[str, Table]
    closed: Mapping[Kind, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Problem:
    """A name that must not be: `refusal` is the id of what refuses it, None when it only stands in no closed list."""

    kind: Kind
    name: str
    refusal: str | None

    def __str__(self) -> str:
        why = f"refused: {self.refusal}" if self.refusal is not None else "not in the closed list"
        return f"{self.kind.value} {self.name}: {why}"


@lru_cache(maxsize=1)
def load_lists() -> Lists:
    """Return the lists, read once from the package. Raises ValueError or KeyError when a packaged file is wrong."""
    tables = {name: _table(name, row) for name, row in _read("columns").items()}
    closed = _read("closed")
    return Lists(
        tuple(_refusal(row) for row in _read("refusals")["refusal"]),
        tables,
        {
            Kind.COLUMN: frozenset(f"{name}.{column}" for name, table in tables.items() for column in table.columns),
            Kind.EVENT: frozenset(closed["event_types"]),
            Kind.IMPORT: frozenset(closed["import_targets"]),
            Kind.PLAN_SUBJECT: frozenset(closed["plan_subjects"]),
            Kind.SEARCH: frozenset(closed["search_fields"]),
            Kind.HISTORY: load_history_list().names,
        },
    )


def problems(kind: Kind, names: Iterable[str], lists: Lists) -> list[Problem]:
    """Return what is wrong with these names, in their order; an empty list is what a build needs."""
    found = []
    for name in dict.fromkeys(names):
        refusal = refused_by(kind, name, lists)
        closed = lists.closed.get(kind)
        if refusal is not None or (closed is not None and name not in closed):
            found.append(Problem(kind, name, LIST_OF.get(kind) if refusal is None else refusal.id))
    return found


def refused_by(kind: Kind, name: str, lists: Lists) -> Refusal | None:
    """Return the refusal whose words a name holds, None when there is none."""
    if kind is Kind.PACKAGE:
        plain = re.sub(r"[-_.]+", "-", name).lower()
        return next((refusal for refusal in lists.refusals if plain in refusal.packages), None)
    parts = tuple(part.lower() for part in _PARTS.findall(name))
    return next((refusal for refusal in lists.refusals if any(_holds(parts, word) for word in refusal.words)), None)


def api_names(document: Any) -> Iterator[str]:
    """Yield every path, parameter, field and coded value that an OpenAPI document names."""
    if isinstance(document, Mapping):
        for key in ("properties", "paths"):
            if isinstance(document.get(key), Mapping):
                yield from document[key]
        if isinstance(document.get("in"), str) and isinstance(document.get("name"), str):
            yield document["name"]
        if isinstance(document.get("enum"), list):
            yield from (value for value in document["enum"] if isinstance(value, str))
        for value in document.values():
            yield from api_names(value)
    elif isinstance(document, list):
        for value in document:
            yield from api_names(value)


def _holds(parts: tuple[str, ...], word: tuple[str, ...]) -> bool:
    return any(parts[start : start + len(word)] == word for start in range(len(parts) - len(word) + 1))


def _refusal(row: Mapping[str, Any]) -> Refusal:
    kind, _, name = row["plant"].partition(":")
    words = tuple(tuple(word.split("_")) for word in row["words"])
    return Refusal(row["id"], row["says"], words, frozenset(row.get("packages", ())), (Kind(kind), name))


def _table(name: str, row: Mapping[str, Any]) -> Table:
    unknown = set(row) - {*COLUMN_KINDS, "ends"}
    columns = {column: kind for kind in COLUMN_KINDS for column in row.get(kind, ())}
    if unknown or len(columns) != sum(len(row.get(kind, ())) for kind in COLUMN_KINDS):
        raise ValueError(f"columns.toml: {name} has an unknown kind or a column twice {sorted(unknown)}")
    return Table(columns, row.get("ends"))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(_PACKAGE).joinpath(f"{name}.toml").read_text("utf-8"))
