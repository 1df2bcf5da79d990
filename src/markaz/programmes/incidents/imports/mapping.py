"""A mapping file: which column of an export means what. TOML in, a frozen `Mapping` out; docs/guides/import.md explains it.

A mapping names columns, a time zone, code tables and defaults; it holds no code and no condition. An unknown key is
refused by name and line, so that a slip of the pen never silently leaves a column out.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from markaz.core.errors import InvalidInput
from markaz.core.refusals.guard import Kind, load_lists, refused_by
from markaz.kit.clock import Precision
from markaz.programmes.incidents.imports.rows import CALL_TIMES, UNIT_STAGES

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Codes = dict[str, Code]

DEFAULT_STAGE_ORDER = ("received", "entered", *UNIT_STAGES)
_PACKAGE = "markaz.programmes.incidents.imports"


class MappingInvalid(InvalidInput):
    """A mapping file is absent or wrong; `details.field` names the key and `details.line` its line."""

    code = "mapping_invalid"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The part of the globe this export speaks of, in degrees; a place outside it is absurd."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class CallColumns:
    """Column names of the facts of a call; None where the export has no such column."""

    received: str
    number: str | None
    category: str | None
    priority: str | None
    initial_priority: str | None
    channel: str | None
    outcome: str | None
    territory: str | None
    lon: str | None
    lat: str | None
    address: str | None
    entered: str | None
    arrived: str | None


@dataclass(frozen=True, slots=True)
class UnitColumns:
    """Column names of the facts of a unit; `stages` in the order of UNIT_STAGES."""

    call_sign: str
    kind: str | None
    stages: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What stands in the centre where the export says nothing. "unknown" is an honest value."""

    category: str
    priority: str
    channel: str
    outcome: str | None
    unit_kind: str


@dataclass(frozen=True, slots=True)
class CodeTables:
    """Raw value to our code, by meaning; `priority` also serves the initial priority."""

    category: MappingProxyType[str, str]
    priority: MappingProxyType[str, str]
    channel: MappingProxyType[str, str]
    outcome: MappingProxyType[str, str]
    unit_kind: MappingProxyType[str, str]


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a CSV file of this source is written."""

    delimiter: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping. `precision` None means: as finely as the file itself states its times."""

    source: str
    zone: ZoneInfo
    row_key: tuple[str, ...]
    call_key: tuple[str, ...]
    call: CallColumns
    unit: UnitColumns | None
    codes: CodeTables
    defaults: Defaults
    precision: Precision | None
    precisions: MappingProxyType[str, Precision]
    time_formats: tuple[str, ...]
    null_values: frozenset[str]
    bounds: Bounds | None
    stage_order: tuple[str, ...]
    csv: CsvForm

    def columns(self) -> tuple[str, ...]:
        """Return every column that is read, once, in the order of the mapping."""
        return tuple(dict.fromkeys(self._columns()))

    def time_columns(self) -> tuple[str, ...]:
        """Return the columns that hold times."""
        call = (getattr(self.call, name) for name in CALL_TIMES)
        unit = self.unit.stages if self.unit is not None else ()
        return tuple(dict.fromkeys(column for column in (*call, *unit) if column is not None))

    def _columns(self) -> Iterator[str]:
        yield from self.row_key
        yield from self.call_key
        for name in CallColumns.__slots__:
            column = getattr(self.call, name)
            if column is not None:
                yield column
        if self.unit is not None:
            yield self.unit.call_sign
            yield from (column for column in (self.unit.kind, *self.unit.stages) if column is not None)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Call(_Strict):
    received: Column
    number: Column | None = None
    category: Column | None = None
    priority: Column | None = None
    initial_priority: Column | None = None
    channel: Column | None = None
    outcome: Column | None = None
    territory: Column | None = None
    lon: Column | None = None
    lat: Column | None = None
    address: Column | None = None
    entered: Column | None = None
    arrived: Column | None = None

    @model_validator(mode="after")
    def _both_coordinates(self) -> Self:
        if (self.lon is None) != (self.lat is None):
            raise ValueError("name both `lon` and `lat`, or neither")
        return self


class _Unit(_Strict):
    call_sign: Column
    kind: Column | None = None
    assigned: Column | None = None
    en_route: Column | None = None
    on_scene: Column | None = None
    transporting: Column | None = None
    at_hospital: Column | None = None
    cleared: Column | None = None


class _Codes(_Strict):
    category: Codes = {}
    priority: Codes = {}
    channel: Codes = {}
    outcome: Codes = {}
    unit_kind: Codes = {}


class _Defaults(_Strict):
    category: Code = "unknown"
    priority: Code = "unknown"
    channel: Code = "unknown"
    outcome: Code | None = None
    unit_kind: Code = "unknown"


class _Csv(_Strict):
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError as error:
            raise ValueError(f"there is no encoding {name!r}") from error
        return name


class _Bounds(_Strict):
    west: float = Field(ge=-180, le=180)
    south: float = Field(ge=-90, le=90)
    east: float = Field(ge=-180, le=180)
    north: float = Field(ge=-90, le=90)


class _MappingFile(_Strict):
    source: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    time_zone: str
    row_key: list[Column] = []
    call_key: Annotated[list[Column], Field(min_length=1)]
    precision: Literal["as_stated", "second", "minute", "day", "month"] = "as_stated"
    time_formats: list[str] = []
    null_values: list[str] = [""]
    stage_order: list[Literal[DEFAULT_STAGE_ORDER]] = list(DEFAULT_STAGE_ORDER)  # type: ignore[valid-type]
    precisions: dict[Column, Literal["second", "minute", "day", "month"]] = {}
    bounds: _Bounds | None = None
    csv: _Csv = _Csv()
    call: _Call
    unit: _Unit | None = None
    codes: _Codes = _Codes()
    defaults: _Defaults = _Defaults()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        _zone(name)
        return name

    @field_validator("stage_order")
    @classmethod
    def _every_stage_once(cls, order: list[str]) -> list[str]:
        if sorted(order) != sorted(DEFAULT_STAGE_ORDER):
            raise ValueError(f"name each of {', '.join(DEFAULT_STAGE_ORDER)} once")
        return order

    @model_validator(mode="after")
    def _reads_nothing_refused(self) -> Self:
        for column in self.mapping().columns():
            refusal = refused_by(Kind.IMPORT, column, load_lists())
            if refusal is not None:
                raise ValueError(f"the column {column!r} is not read into Markaz. {refusal.says}")
        return self

    def mapping(self) -> Mapping:
        return Mapping(
            source=self.source,
            zone=_zone(self.time_zone),
            row_key=tuple(self.row_key),
            call_key=tuple(self.call_key),
            call=CallColumns(**self.call.model_dump()),
            unit=self._unit_columns(),
            codes=CodeTables(**{name: MappingProxyType(table) for name, table in self.codes.model_dump().items()}),
            defaults=Defaults(**self.defaults.model_dump()),
            precision=None if self.precision == "as_stated" else Precision(self.precision),
            precisions=MappingProxyType({column: Precision(name) for column, name in self.precisions.items()}),
            time_formats=tuple(self.time_formats),
            null_values=frozenset(self.null_values),
            bounds=None if self.bounds is None else Bounds(**self.bounds.model_dump()),
            stage_order=tuple(self.stage_order),
            csv=CsvForm(**self.csv.model_dump()),
        )

    def _unit_columns(self) -> UnitColumns | None:
        if self.unit is None:
            return None
        stages = tuple(getattr(self.unit, stage) for stage in UNIT_STAGES)
        return UnitColumns(self.unit.call_sign, self.unit.kind, stages)


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"there is no time zone {name!r}: write it as in the tz database, e.g. Asia/Tashkent"
        ) from error


def shipped_mappings() -> list[str]:
    """Return the names of the mappings inside the package."""
    folder = resources.files(_PACKAGE) / "mappings"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_mapping(name_or_file: str) -> Mapping:
    """Return a shipped mapping by name, or one read from a file (anything ending in .toml or naming a path).

    Raises MappingInvalid saying which key on which line is wrong.
    """
    if name_or_file in shipped_mappings():
        text = (resources.files(_PACKAGE) / "mappings" / f"{name_or_file}.toml").read_text(encoding="utf-8")
        return parse_mapping(text)
    path = Path(name_or_file)
    try:
        return parse_mapping(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(shipped_mappings())
        raise MappingInvalid(
            f"There is no mapping {name_or_file!r}: give one of {known}, or the path of a TOML file.", field="mapping"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise MappingInvalid(f"The mapping file {name_or_file!r} cannot be read: {error}", field="mapping") from error


def parse_mapping(text: str) -> Mapping:
    """Return the mapping that `text` (TOML) states. Raises MappingInvalid naming key and line."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingInvalid(f"The mapping is not TOML: {error}", field="mapping") from error
    try:
        return _MappingFile.model_validate(raw).mapping()
    except ValidationError as error:
        raise _named(error, text) from error


def _named(error: ValidationError, text: str) -> MappingInvalid:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    field = ".".join(path) or "mapping"
    line = _line_of(text, path)
    reason = {
        "extra_forbidden": "there is no such key",
        "missing": "this key is missing",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    where = f" (line {line})" if line is not None else ""
    more = error.error_count() - 1
    also = f" There are {more} more faults." if more else ""
    return MappingInvalid(f"The mapping is wrong at `{field}`{where}: {reason}.{also}", field=field, line=line)


def _line_of(text: str, path: list[str]) -> int | None:
    """Return the line on which a key stands, or that of its table when the key itself is missing."""
    table, found = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            table = header[1].replace(" ", "").replace('"', "")
            if table == ".".join(path) or table == ".".join(path[:-1]):
                found = found or number
            continue
        key = re.match(r"\s*\"?([^\"=#]+?)\"?\s*=", line)
        if key is None:
            continue
        full = f"{table}.{key[1]}" if table else key[1]
        if path and (full == ".".join(path) or (full == path[0] and len(path) > 1)):
            return number
    return found
