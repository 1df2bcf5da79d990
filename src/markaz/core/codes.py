"""Code tables as data: categories, priorities, channels, outcomes, kinds of unit and words for territory levels.

They come from the packaged TOML files beside this one: `common.toml`, then the deployment's profile, whose kinds of
unit stand first. Records hold the code only; names are for people and may change without a migration.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from markaz.core.errors import InvalidInput
from markaz.core.settings import Profile
from markaz.core.territories.model import LANGUAGES, Level


@dataclass(frozen=True, slots=True)
class Code:
    """One value a record may hold, and its name in every language of the console.

    A category also says which priority is proposed for it, and in which group two reports of one thing may differ.
    A retired code is still read in old records and no longer offered. `needs` names what a record must give beside it.
    """

    code: str
    names: Mapping[str, str]
    priority: str | None = None
    group: str | None = None
    is_retired: bool = False
    needs: str | None = None

    def wire(self) -> dict[str, Any]:
        """Return the code as GET /api/codes shows it."""
        own = {"priority": self.priority, "group": self.group} if self.priority is not None else {}
        return {"code": self.code, "names": dict(self.names), **own}


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One closed list of codes, in the order in which it is offered. `field` is the name records use for it."""

    field: str
    codes: tuple[Code, ...]

    def __contains__(self, code: object) -> bool:
        return any(known.code == code for known in self.codes)

    def get(self, code: str) -> Code | None:
        """Return the row of a code, None when the table does not hold it."""
        return next((known for known in self.codes if known.code == code), None)

    def check(self, code: str) -> str:
        """Return `code`. Raises InvalidInput naming the field when the table does not offer it."""
        offered = [known.code for known in self.codes if not known.is_retired]
        if code not in offered:
            raise InvalidInput(f"{self.field}: {code[:40]!r} is not one of {', '.join(offered)}.", field=self.field)
        return code

    def needs(self, code: str) -> str | None:
        """Return what a record must give beside `code`; None for nothing."""
        return next((known.needs for known in self.codes if known.code == code), None)


@dataclass(frozen=True, slots=True)
class ReportNumber:
    """How numbers of crime reports are written in this deployment: a pattern that must match whole, and an example."""

    pattern: str
    example: str


@dataclass(frozen=True, slots=True)
class ShiftTemplate:
    """One shift of the day: its code, when it begins in local time, and how long it lasts."""

    code: str
    starts: time
    hours: int


@dataclass(frozen=True, slots=True)
class CodeTables:
    """Every code table of one deployment profile."""

    categories: CodeTable
    priorities: CodeTable
    channels: CodeTable
    outcomes: CodeTable
    unit_kinds: CodeTable
    hazard_sources: CodeTable
    hazard_grounds: CodeTable
    outcome_reasons: CodeTable
    referral_bodies: CodeTable
    report_number: ReportNumber
    levels: Mapping[Level, Mapping[str, str]]
    skills: CodeTable
    status_reasons: CodeTable
    lend_reasons: CodeTable
    lend_refusals: CodeTable
    shifts: CodeTable
    shift_templates: Mapping[str, ShiftTemplate]

    def wire(self) -> dict[str, Any]:
        """Return the tables as GET /api/codes answers: lists of {code, names}, and levels as {key, names}.

        An outcome also says whether it is `retired` and what it `needs`; for a report number also how that is written.
        """
        tables = {
            "categories": self.categories,
            "priorities": self.priorities,
            "outcomes": self.outcomes,
            "unit_kinds": self.unit_kinds,
            "channels": self.channels,
            "hazard_sources": self.hazard_sources,
            "hazard_grounds": self.hazard_grounds,
            "outcome_reasons": self.outcome_reasons,
            "referral_bodies": self.referral_bodies,
            "skills": self.skills,
            "status_reasons": self.status_reasons,
            "lend_reasons": self.lend_reasons,
            "lend_refusals": self.lend_refusals,
            "shifts": self.shifts,
        }
        answer: dict[str, Any] = {name: [code.wire() for code in table.codes] for name, table in tables.items()}
        for row, outcome in zip(answer["outcomes"], self.outcomes.codes, strict=True):
            row |= {"retired": outcome.is_retired, "needs": outcome.needs}
            if outcome.needs == "report_number":
                row |= {"pattern": self.report_number.pattern, "example": self.report_number.example}
        answer["levels"] = [{"key": level.value, "names": dict(names)} for level, names in self.levels.items()]
        return answer


@lru_cache(maxsize=len(Profile))
def load_codes(profile: Profile) -> CodeTables:
    """Return the tables of `profile`, read once from the package. Raises ValueError when a packaged file is wrong."""
    common, own = _read("common"), _read(profile.value)
    return CodeTables(
        categories=_table("category", common["categories"]),
        priorities=_table("priority", common["priorities"]),
        channels=_table("channel", common["channels"]),
        outcomes=_table("outcome", common["outcomes"]),
        unit_kinds=_table("kind", own["unit_kinds"] + common["unit_kinds"]),
        hazard_sources=_table("source", common["hazard_sources"]),
        hazard_grounds=_table("ground", common["hazard_grounds"]),
        outcome_reasons=_table("reason", common["outcome_reasons"]),
        referral_bodies=_table("referred_to", common["referral_bodies"]),
        report_number=ReportNumber(**common["report_number"]),
        levels={Level(row["key"]): _names(row) for row in own["levels"]},
        skills=_table("skills", common["skills"]),
        status_reasons=_table("reason", common["status_reasons"]),
        lend_reasons=_table("reason", common["lend_reasons"]),
        lend_refusals=_table("refusal", common["lend_refusals"]),
        shifts=_table("name", own["shifts"]),
        shift_templates={row["code"]: ShiftTemplate(row["code"], row["starts"], row["hours"]) for row in own["shifts"]},
    )


@lru_cache(maxsize=len(Profile))
def time_zone_of(profile: Profile) -> ZoneInfo:
    """Return the time zone by which a deployment counts its days, unless a setting names another."""
    return ZoneInfo(_read(profile.value)["time_zone"])


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("markaz.core").joinpath("profiles", f"{name}.toml").read_text("utf-8"))


def _table(field: str, rows: list[dict[str, Any]]) -> CodeTable:
    codes = tuple(
        Code(
            row["code"],
            _names(row),
            priority=row.get("priority"),
            group=row.get("group"),
            is_retired=row.get("retired", False),
            needs=row.get("needs"),
        )
        for row in rows
    )
    if len({code.code for code in codes}) != len(codes):
        raise ValueError(f"a code stands twice in the table of {field}")
    return CodeTable(field, codes)


def _names(row: Mapping[str, Any]) -> Mapping[str, str]:
    missing = [language for language in LANGUAGES if not row["names"].get(language)]
    if missing:
        raise ValueError(f"{row} has no name in {', '.join(missing)}")
    return dict(row["names"])
