"""How tolerant the search of places is, on the names of all districts of a country in four spellings each.

The shares are printed (`pytest -s`) and may not fall below the floors, which stand a little under what was measured.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import shapely

from markaz.core.places.index import PlaceIndex, PlaceRow, build_index
from markaz.core.places.search import Around, search

DATA = Path(os.environ.get("MARKAZ_TEST_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
SPELLINGS = {"uz-Latn": "name_uz", "uz-Cyrl": "name_uz_cyrl", "ru": "name_ru", "en": "name_en"}
TOP = 3

Question = tuple[int, str]


@pytest.fixture(scope="module")
def districts() -> list[dict[str, Any]]:
    path = DATA / "uz-boundaries" / "districts.geojson"
    if not path.is_file():
        pytest.skip(f"the test data are not there: {path}")
    features: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["features"]
    return features


def rows(districts: list[dict[str, Any]], languages: Iterable[str] = SPELLINGS) -> Iterator[PlaceRow]:
    for number, feature in enumerate(districts):
        names = {tag: feature["properties"][SPELLINGS[tag]] for tag in languages}
        middle = shapely.point_on_surface(shapely.geometry.shape(feature["geometry"]))
        text = json.dumps({tag: name for tag, name in names.items() if name})
        yield PlaceRow(number, "settlement", text, (), None, middle.x, middle.y, None)


def questions(districts: list[dict[str, Any]], languages: Iterable[str] = SPELLINGS) -> list[Question]:
    return [
        (number, feature["properties"][SPELLINGS[tag]])
        for number, feature in enumerate(districts)
        for tag in languages
        if feature["properties"][SPELLINGS[tag]]
    ]


def share(index: PlaceIndex, asked: list[Question], what: str) -> float:
    """Return and print the share of questions whose district is among the first three."""
    missed = [
        text
        for number, text in asked
        if number not in [int(index.ids[hit.number]) for hit in search(index, text, Around())[:TOP]]
    ]
    found = 1 - len(missed) / len(asked)
    print(f"{what}: {found:.2%} of {len(asked)} in the first {TOP}; missed {missed[:8]}")
    return found


def test_each_district_is_found_by_each_of_its_spellings(districts: list[dict[str, Any]]) -> None:
    assert share(build_index(rows(districts)), questions(districts), "as it is written") == 1.0


def test_each_district_is_found_without_its_word_for_district(districts: list[dict[str, Any]]) -> None:
    asked = [(number, text.split()[-1 if text.startswith("город") else 0]) for number, text in questions(districts)]
    assert share(build_index(rows(districts)), asked, "its first word") >= 0.99


@pytest.mark.parametrize("seeded", range(3))
def test_nearly_every_district_is_found_with_a_typing_error(districts: list[dict[str, Any]], seeded: int) -> None:
    draw = Random(seeded)
    asked = [(number, mistyped(text, draw)) for number, text in questions(districts)]
    assert share(build_index(rows(districts)), asked, f"one error, seed {seeded}") >= 0.97


def test_a_register_in_latin_only_answers_in_the_other_spellings(districts: list[dict[str, Any]]) -> None:
    index = build_index(rows(districts, ["uz-Latn"]))
    # The rest are other names, not other spellings: Boʻston in Latin is Бўз in Cyrillic in this register.
    assert share(index, questions(districts, ["uz-Cyrl"]), "Latin only, asked in Cyrillic") >= 0.96
    assert share(index, questions(districts, ["ru"]), "Latin only, asked in Russian") >= 0.95
    assert share(index, questions(districts, ["en"]), "Latin only, asked in English") >= 0.99


def mistyped(text: str, draw: Random) -> str:
    """Return the text with one letter of its first word added, left out, changed, or swapped with the next."""
    at = draw.randrange(1, max(2, len(text.split()[0]) - 1))
    letter = draw.choice(text.replace(" ", ""))
    match draw.randrange(4):
        case 0:
            return text[:at] + letter + text[at:]
        case 1:
            return text[:at] + text[at + 1 :]
        case 2:
            return text[:at] + letter + text[at + 1 :]
    return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]
