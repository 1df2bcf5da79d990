"""Guide cards: one for each category, whole, in four languages, with the right letters."""

import re

from markaz.core.codes import load_codes
from markaz.core.guides import load_guides
from markaz.core.settings import Profile


def test_every_category_has_its_card_and_its_proposed_priority() -> None:
    codes = load_codes(Profile.UZ)
    assert [guide.category for guide in load_guides()] == [code.code for code in codes.categories.codes]
    for code in codes.categories.codes:
        assert code.group
        assert code.priority in codes.priorities


def test_a_card_has_three_questions_and_three_instructions_that_fit_a_line() -> None:
    for guide in load_guides():
        for line in (*guide.questions, *guide.instructions):
            assert set(line) == {"uz-Latn", "uz-Cyrl", "ru", "en"}
            assert max(map(len, line.values())) <= 120, line
        assert (len(guide.questions), len(guide.instructions)) == (3, 3)


def test_each_language_is_written_in_its_own_letters() -> None:
    for guide in load_guides():
        for line in (*guide.questions, *guide.instructions):
            assert not re.search(r"['`‘’А-Яа-яЁё]", line["uz-Latn"]), line
            assert not re.search(r"[A-Za-z]", line["uz-Cyrl"] + line["ru"]), line
            assert not re.search(r"[А-Яа-яЁё]", line["en"]), line
