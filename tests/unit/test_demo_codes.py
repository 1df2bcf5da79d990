"""Code tables: whole in every profile and language, and closed."""

import re

import pytest

from markaz.core.codes import load_codes
from markaz.core.errors import InvalidInput
from markaz.core.settings import Profile
from markaz.core.territories import Level


@pytest.mark.parametrize("profile", Profile)
def test_every_code_has_a_plain_code_and_four_names(profile: Profile) -> None:
    wire = load_codes(profile).wire()
    for name in ("categories", "priorities", "outcomes", "unit_kinds", "channels"):
        assert wire[name][-1]["code"] == "unknown"
        for row in wire[name]:
            assert re.fullmatch(r"[a-z0-9_]{1,40}", row["code"])
            assert set(row["names"]) == {"uz-Latn", "uz-Cyrl", "ru", "en"}


@pytest.mark.parametrize("profile", Profile)
def test_every_level_has_a_word(profile: Profile) -> None:
    assert list(load_codes(profile).levels) == list(Level)


@pytest.mark.parametrize("profile", Profile)
def test_uzbek_latin_uses_the_right_letters_and_cyrillic_no_latin_ones(profile: Profile) -> None:
    for rows in load_codes(profile).wire().values():
        for row in rows:
            assert not re.search(r"['`‘’]", row["names"]["uz-Latn"]), row
            assert not re.search(r"[A-Za-z]", row["names"]["uz-Cyrl"] + row["names"]["ru"]), row


def test_unknown_code_is_refused_by_name_of_its_field() -> None:
    codes = load_codes(Profile.UZ)
    assert codes.priorities.check("1") == "1"
    with pytest.raises(InvalidInput, match="category") as refused:
        codes.categories.check("likely_offender")
    assert refused.value.details == {"field": "category"}
