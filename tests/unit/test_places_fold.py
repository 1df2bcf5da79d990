"""Folding: the spellings of one name meet, whatever script, apostrophe or case they come in."""

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from markaz.core.places.fold import MAX_TOKEN, MAX_TOKENS, fold, house, phrase, question, tokens
from markaz.demo.names import FIRST, to_cyrillic

TEXTS = st.text(max_size=60) | st.text(alphabet="aoʻʼ'`‘’uқхҳгғўйшщыdzthkgxwqyi 12/-№.,", max_size=60)


@seed(3)
@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_folding_twice_changes_nothing_and_leaves_plain_letters(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert all(c.isascii() and (c.islower() or c.isdigit() or c in " /-") for c in folded)
    assert folded == folded.strip()


@seed(3)
@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_tokens_are_bounded_and_never_empty(text: str) -> None:
    found = tokens(text)
    assert len(found) <= MAX_TOKENS
    assert all(0 < len(token) <= MAX_TOKEN for token in found)
    assert question(text).words == () or found


@pytest.mark.parametrize("sign", "ʻʼ'`‘’´")
def test_every_apostrophe_means_the_same(sign: str) -> None:
    assert fold("Oʻzbekiston, Moʻljal, Gʻalaba, Isʼhoq".replace("ʻ", sign).replace("ʼ", sign)) == fold(
        "Ozbekiston, Moljal, Galaba, Ishoq"
    )


@pytest.mark.parametrize(
    "spellings",
    [
        ("Qoʻqon", "Қўқон", "QO'QON", "Qo`qon"),
        ("Jizzax", "Жиззах", "Jizzakh", "JIZAX"),
        ("Xiva", "Хива", "Khiva"),
        ("Gʻijduvon", "Ғиждувон", "G'ijduvon", "Gijduvon"),
        ("Chilonzor", "Чилонзор"),
        ("Shahrisabz", "Шаҳрисабз", "Шахрисабз"),
        ("Navoiy", "Навоий", "Navoi", "Навои"),
        ("São Tomé", "Sao Tome"),
    ],
)
def test_spellings_of_one_name_meet(spellings: tuple[str, ...]) -> None:
    assert len({fold(spelling) for spelling in spellings}) == 1


def test_both_alphabets_of_a_word_meet_for_every_stem_of_the_demo() -> None:
    apart = [stem for stem in FIRST if fold(stem) != fold(to_cyrillic(stem))]
    assert apart == []


@pytest.mark.parametrize(
    "name",
    [
        "Navoiy koʻchasi", "Навоий кўчаси", "улица Навои", "ул. Навои", "Navoiy st.", "Navoiy Street", "Navoi",
    ],
)  # fmt: skip
def test_words_for_street_are_not_part_of_its_name(name: str) -> None:
    assert phrase(name).words == ("navoi",)


@pytest.mark.parametrize("name", ["Navoiy shoh koʻchasi", "проспект Навои", "Navoiy avenue", "Navoiy Ave"])
def test_kinds_of_street_are_told_apart_and_meet_across_languages(name: str) -> None:
    assert phrase(name).kinds & phrase("Алишер пр.").kinds
    assert phrase("Buxoro tumani").kinds & phrase("Бухарский район").kinds
    assert not phrase("Buxoro tumani").kinds & phrase("Buxoro shahri").kinds


def test_a_name_of_small_words_only_keeps_them() -> None:
    assert phrase("City").words == ("city",)
    assert phrase("The Street").words


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("12-A", "12a"),
        ("12А", "12a"),
        ("012", "12"),
        ("12/3", "12/3"),
        ("12-3", "12/3"),
        ("№ 7", "7"),
        ("A", "a"),
    ],
)
def test_house_numbers_meet(text: str, number: str) -> None:
    assert house(text) == number


@pytest.mark.parametrize("text", ["Navoiy 12, kv. 45", "Навои 12 кв 45", "Navoiy 12-uy, 45", "Navoiy 12 apt 45"])
def test_the_number_of_a_flat_is_left_out_of_the_question(text: str) -> None:
    assert question(text).words[:2] == ("navoi", "12")
    assert ("45" in question(text).words) == ("uy" in text)


def test_only_a_word_under_way_is_open() -> None:
    assert question("Navoiy").is_open
    assert not question("Navoiy ").is_open
    assert not question("Navoiy koʻchasi").is_open
