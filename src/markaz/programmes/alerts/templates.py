"""Kinds of event with words to begin a warning with, kept as data in templates.toml.

They are a beginning: the officer reads and changes every word, and a second person releases it.
"""

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any

from markaz.contracts.alerts import Category, Certainty, ResponseType, Severity, Urgency
from markaz.programmes.alerts.domain import LANGUAGES

TEXTS = ("event", "headline", "instruction")


@lru_cache(maxsize=1)
def templates() -> list[dict[str, Any]]:
    """Return the templates in the order of the file. Raises ValueError when the file lacks a word or names no value."""
    file = resources.files("markaz.programmes.alerts").joinpath("templates.toml")
    return [_checked(entry) for entry in tomllib.loads(file.read_text(encoding="utf-8"))["template"]]


def _checked(entry: dict[str, Any]) -> dict[str, Any]:
    texts = {language: {name: entry["texts"][language][name] for name in TEXTS} for language in LANGUAGES}
    return {
        "code": entry["code"],
        "category": Category(entry["category"]).value,
        "urgency": Urgency(entry["urgency"]).value,
        "severity": Severity(entry["severity"]).value,
        "certainty": Certainty(entry["certainty"]).value,
        "response_type": ResponseType(entry["response_type"]).value,
        "texts": texts,
    }
