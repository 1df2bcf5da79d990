"""The retention schedule: which class of person data is held for what, on which ground, until when. Data, read from TOML.

The packaged schedule names every class; governance.toml of the home folder states what only a deployment can know: who
controls the data, the legal ground and the day of review of each class, the impact assessment. It deletes nothing
itself: programmes/oversight/retention does, and `markaz restore` reads how old a backup of keys may be.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from markaz.core.errors import InvalidInput
from markaz.core.territories.model import LANGUAGES
from markaz.core.working_days import calendar_days

FILE = "governance.toml"
LONGEST_DAYS = 36_525  # a century; a longer time is a slip of the pen
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class Ending(StrEnum):
    """How a record ends: its key is destroyed, its row goes, or it stays as long as the acts it belongs to."""

    DESTROY_KEY = "destroy_key"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class DataClass:
    """One class of person data. `ends_after_days` run from `counted_from`; a `fixed` one is built in."""

    id: str
    ends_after_days: int
    counted_from: str
    action: Ending
    fixed: bool
    tables: tuple[str, ...]
    names: Mapping[str, str]
    purpose: Mapping[str, str]
    legal_ground: str | None = None
    review_on: date | None = None

    @property
    def life(self) -> timedelta:
        """How long its records are held."""
        return timedelta(days=self.ends_after_days)


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the data: an organisation, its address and how to reach it."""

    name: str
    address: str
    contact: str


@dataclass(frozen=True, slots=True)
class Governance:
    """The schedule in force and what the deployment states beside it. `version` changes with anything in it."""

    classes: tuple[DataClass, ...]
    backup_keys_days: int
    version: str
    controller: Controller | None = None
    assessed_on: date | None = None
    assessment: str | None = None

    def of(self, class_id: str) -> DataClass:
        """Return a class. Raises KeyError for one that is not in the schedule."""
        return {each.id: each for each in self.classes}[class_id]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Controller(_Strict):
    name: Text
    address: Text
    contact: Text


class _Assessment(_Strict):
    date: date
    reference: Text


class _Class(_Strict):
    legal_ground: Text | None = None
    review_on: date | None = None
    ends_after_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None


class _File(_Strict):
    controller: _Controller | None = None
    impact_assessment: _Assessment | None = None
    backup_keys_days: Annotated[int, Field(ge=1, le=366)] | None = None
    # `class` is a word of Python, so the table of classes has its name here only.
    classes: dict[str, _Class] = Field(default={}, alias="class")


def erasure_days() -> int:
    """Return the working days in which an erasure is answered."""
    text = resources.files("markaz.core").joinpath("profiles", "clocks.toml").read_text("utf-8")
    return int(tomllib.loads(text)["erasure"])


def check_keys_days(days: int, erasure: int) -> None:
    """Raise InvalidInput where a backup of keys would outlive the `erasure` working days that an erasure may take."""
    most = calendar_days(erasure)
    if days > most:
        raise InvalidInput(
            f"backup_keys_days is {days}, and an erasure is promised within {erasure} working days, which are {most} days: "
            f"what was erased could be read from a backup of keys for longer than that. Set {most} or less.",
            field="governance",
        )


def load_governance(home: Path, named: Path | None = None) -> Governance:
    """Return the schedule in force: the packaged one with what governance.toml (or the file `named`) states.

    Raises InvalidInput naming the file and what is wrong with it; a file that is named and absent is wrong too.
    """
    path = named or home / FILE
    if named is None and not path.exists():
        return _joined(_File())
    try:
        return parse_governance(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", field="governance") from error
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.message}", field="governance") from error


def parse_governance(text: str) -> Governance:
    """Return the schedule with what `text` (TOML) states. Raises InvalidInput saying what is wrong."""
    try:
        return _joined(_File.model_validate(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"this is not TOML: {error}.", field="governance") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{where}: {first['msg']}.", field="governance") from error


def _joined(stated: _File) -> Governance:
    classes, keys_days = _packaged()
    unknown = set(stated.classes) - {each.id for each in classes}
    if unknown:
        raise InvalidInput(
            f"there is no class {', '.join(sorted(unknown))}; there are {', '.join(each.id for each in classes)}.",
            field="governance",
        )
    joined = tuple(_stated(each, stated.classes.get(each.id, _Class())) for each in classes)
    days = stated.backup_keys_days or keys_days
    check_keys_days(days, erasure_days())
    controller = None if stated.controller is None else Controller(**stated.controller.model_dump())
    assessment = stated.impact_assessment
    return Governance(
        joined,
        days,
        _version(joined, days),
        controller,
        None if assessment is None else assessment.date,
        None if assessment is None else assessment.reference,
    )


def _stated(each: DataClass, stated: _Class) -> DataClass:
    days = stated.ends_after_days
    if days is not None and each.fixed and days != each.ends_after_days:
        raise InvalidInput(f"class.{each.id}.ends_after_days is built in: take the line out.", field="governance")
    return DataClass(
        **(
            {name: getattr(each, name) for name in DataClass.__slots__}
            | {"ends_after_days": days or each.ends_after_days}
            | {"legal_ground": stated.legal_ground, "review_on": stated.review_on}
        )
    )


def _version(classes: tuple[DataClass, ...], keys_days: int) -> str:
    """Return sixteen hexadecimal digits that change with any line of the schedule."""
    content = json.dumps([keys_days, [asdict(each) for each in classes]], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _packaged() -> tuple[tuple[DataClass, ...], int]:
    raw = tomllib.loads(resources.files("markaz.core").joinpath("profiles", "retention.toml").read_text("utf-8"))
    return tuple(_class(row) for row in raw["class"]), raw["backup_keys_days"]


def _class(row: Mapping[str, Any]) -> DataClass:
    for texts in (row["names"], row["purpose"]):
        if set(texts) != set(LANGUAGES):
            raise ValueError(f"retention.toml: {row['id']} lacks a language")
    return DataClass(**(dict(row) | {"action": Ending(row["action"]), "tables": tuple(row["tables"])}))
