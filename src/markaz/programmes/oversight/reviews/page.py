"""Published misuse rates as a plain page in one of four languages: no script, no style of its own, nothing from elsewhere."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from html import escape
from importlib import resources
from typing import Any

from markaz.core.territories.model import LANGUAGES


class Language(StrEnum):
    """The languages of the page."""

    UZ_LATN = "uz-Latn"
    UZ_CYRL = "uz-Cyrl"
    RU = "ru"
    EN = "en"


def page_of(published: Mapping[str, Any], language: Language) -> str:
    """Return the page. Numbers and codes only come from the document; they are escaped all the same."""
    words = {key: names[language] for key, names in labels().items()}
    every = sorted([*published["awaited"], *published["quarters"]], key=lambda one: str(one["quarter"]), reverse=True)
    quarters = "".join(_quarter(one, words) if "figures" in one else _awaited(one, words) for one in every)
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(words["title"])}</title>'
        f"</head><body><h1>{escape(words['title'])}</h1><p>{escape(words['about'])}</p>"
        f"{quarters or '<p>' + escape(words['none']) + '</p>'}<h2>{escape(words['method'])}</h2>"
        f"<p>{escape(words['method_text'])}</p></body></html>\n"
    )


def _quarter(one: Mapping[str, Any], words: Mapping[str, str]) -> str:
    figures = one["figures"]
    rows = [
        ("rate", f"{percent(figures['rate'])} ({percent(figures['low'])} – {percent(figures['high'])})"),
        ("looks", f"{sum(day['looks'] for day in one['samples']):,}".replace(",", "\u202f")),
        ("drawn", figures["drawn"]),
        ("in_order", figures["in_order"]),
        ("misuse", figures["misuse"]),
        ("cannot_tell", figures["cannot_tell"]),
        ("not_judged", figures["not_judged"]),
        ("extremes", f"{percent(figures['rate_if_missing_in_order'])} – {percent(figures['rate_if_missing_misuse'])}"),
        ("days_without", len(one["days_without_sample"])),
        ("asked", f"{sum(one['asked'].values())} / {one['asked']['misuse']}"),
    ]
    cells = "".join(
        f'<tr><th scope="row">{escape(words[key])}</th><td>{escape(str(value))}</td></tr>' for key, value in rows
    )
    version = f"{words['version']} {one['version']}, {one['published_at'][:10]}"
    return f"<h2>{escape(_days(one))}</h2><p>{escape(version)}</p><table>{cells}</table>"


def _awaited(one: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return what stands in the place of figures that are not published."""
    if one["due_at"] is None:
        said = words["awaited"]
    else:
        last_day = datetime.fromisoformat(one["due_at"]) - timedelta(seconds=1)  # a task is due until its day ends
        said = words["awaited_overdue" if one["is_overdue"] else "awaited_due"].format(day=last_day.date().isoformat())
    return f"<h2>{escape(_days(one))}</h2><p>{escape(said)}</p>"


def _days(one: Mapping[str, Any]) -> str:
    return f"{one['from']} – {one['to']}"


def percent(share: float | None) -> str:
    """Return a share in percent with two places; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.2f} %"


@lru_cache(maxsize=1)
def labels() -> Mapping[str, Mapping[str, str]]:
    """Return the labels by key and language. Raises ValueError when one lacks a language."""
    read = tomllib.loads(
        resources.files("markaz.programmes.oversight.reviews").joinpath("words.toml").read_text("utf-8")
    )
    missing = [(key, language) for key, names in read.items() for language in LANGUAGES if not names.get(language)]
    if missing:
        raise ValueError(f"words.toml lacks {missing}")
    return read
