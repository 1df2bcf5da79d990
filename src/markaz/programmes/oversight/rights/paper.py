"""An answer on paper, in one of four languages: what the template sets, as plain text. Pure but for the packaged words."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from markaz.contracts.rights import RightKind
from markaz.core.territories.model import LANGUAGES

TEMPLATE = Path(__file__).with_name("answer.typ")
JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """How to say an answer in `language`. `place` names a territory in that language; `band` labels what is not live."""

    language: str
    place: Callable[[int, str], str]
    zone: ZoneInfo
    band: str | None = None

    def say(self, key: str, **values: str) -> str:
        """Return a text of words.toml, filled in. What is filled in is text and never a pattern itself."""
        text = labels()[key][self.language]
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text

    def moment(self, at: str) -> str:
        """Return a time as day.month.year hour:minute, local."""
        return datetime.fromisoformat(at).astimezone(self.zone).strftime("%d.%m.%Y %H:%M")


def letter_of(answer: Mapping[str, Any], words: Wording) -> JSON:
    """Return what the template needs: head, paragraphs, table and the moment that dates the document."""
    say = words.say
    head = [
        [say("number"), answer["number"]],
        [say("person"), answer.get("person") or "–"],
        [say("office"), say("office_name", place=words.place(answer["territory_id"], words.language))],
        [say("received"), words.moment(answer["received_at"])],
        [say("as_of"), words.moment(answer["as_of"])],
    ]
    if answer["answer"] is not None:
        head.append([say("answer"), say(f"answer.{answer['answer']}")])
    is_list = answer["kind"] == RightKind.WHO_LOOKED
    closing = [say("closing.delay")] if is_list else []
    return {
        "language": words.language.split("-")[0],
        "title": say(f"title.{answer['kind']}"),
        "band": None if words.band is None else say(words.band),
        "number": answer["number"],
        "head": head,
        "page": say("page"),
        "paragraphs": _paragraphs(answer, words),
        "table": _table(answer, words) if is_list else None,
        "closing": [*closing, say("closing.appeal")],
        "made_at": answer["as_of"],
    }


def _paragraphs(answer: Mapping[str, Any], words: Wording) -> list[str]:
    found = answer["incidents"]
    paragraphs = [words.say("incidents", numbers=", ".join(found)) if found else words.say("no_incidents")]
    if answer["reasons"] is not None:
        paragraphs.append(words.say("reasons", reasons=answer["reasons"]))
    if answer["kind"] == RightKind.WHO_LOOKED and found:
        paragraphs.append(words.say("looks_intro"))
    return paragraphs


def _table(answer: Mapping[str, Any], words: Wording) -> JSON:
    rows = [
        [
            words.moment(look["at"]),
            ", ".join(_office(office, words) for office in look["offices"]),
            words.say(f"what.{look['what']}"),
            words.say(f"why.{look['why']}", number=look["incident"]),
        ]
        for look in answer["looks"]
    ]
    columns = [words.say(f"col.{name}") for name in ("when", "office", "what", "why")]
    return {"columns": columns, "rows": rows, "none": words.say("no_looks")}


def _office(office: Mapping[str, Any], words: Wording) -> str:
    role, territory_id = office["role"], office["territory_id"]
    if role is None:
        return words.say("office.centre")
    name = words.say(f"role.{role}") if f"role.{role}" in labels() else role
    return name if territory_id is None else f"{name} ({words.place(territory_id, words.language)})"


@lru_cache(maxsize=1)
def labels() -> Mapping[str, Mapping[str, str]]:
    """Return the words by key and language. Raises ValueError when one lacks a language."""
    package = resources.files("markaz.programmes.oversight.rights")
    read = tomllib.loads(package.joinpath("words.toml").read_text("utf-8"))
    missing = [(key, language) for key, names in read.items() for language in LANGUAGES if not names.get(language)]
    if missing:
        raise ValueError(f"words.toml lacks {missing}")
    return read
