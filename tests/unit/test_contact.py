"""When two written numbers may be one line."""

import pytest

from markaz.programmes.incidents.contact import Bound, ContactRules, is_same_number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+998 90 123-45-67", "998901234567"),
        ("+998 90 123-45-67", "90 123 45 67"),
        ("+998 90 123-45-67", "8 90 123 45 67"),
        ("+7 (912) 345-67-89", "8 912 345 67 89"),
        ("+998 71 123-45-67", "123-45-67"),
        ("102", "1-02"),
    ],
)
def test_one_line_however_it_is_written(one: str, other: str) -> None:
    assert is_same_number(one, other)
    assert is_same_number(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("+998 90 123-45-67", "+998 91 123-45-67"), ("102", "2"), ("", ""), ("none", "unknown")]
)
def test_another_line(one: str, other: str) -> None:
    assert not is_same_number(one, other)


def test_a_party_whose_number_is_held_back_may_be_whoever_has_one() -> None:
    held_back = Bound(is_caller=False, number=None, is_unread=True, rules=frozenset({"no_call"}))
    rules = ContactRules(frozenset({"no_text"}), (held_back,))
    assert rules.of_caller("102") == ["no_call", "no_text"]
    assert rules.of_caller(None) == ["no_text"]
    assert rules.of_party("witness", "102", ["no_message"]) == ["no_call", "no_message", "no_text"]
