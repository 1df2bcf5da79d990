"""When a sentence of a daily summary names somebody."""

import pytest

from markaz.programmes.incidents.briefing.naming import names_somebody

NAMES = ["Каримова Зуҳра Anvar qizi", "Oʻktam Toʻxtayev", "Li Na", "محمد"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Karimova was taken to hospital",
        "KARIMOVA Z. was taken to hospital",
        "Пострадавшую Каримову доставили в больницу",
        "С Каримовой говорил врач",
        "Zuhraning qoʻli singan",
        "Зухру нашли к утру",
        "A girl (Zuh\u00adra) is missing",
        "Anvarning qizi topildi",
        "O'KTAM qochib ketgan",
        "Ўктам Тўхтаевнинг уйи ёнди",
        "Li Na fell from a bridge",
        "قال محمد",
    ],
)
def test_a_name_is_found_in_any_script_case_and_form(sentence: str) -> None:
    assert names_somebody(sentence, NAMES)


@pytest.mark.parametrize(
    "sentence",
    [
        "Two persons were injured in a crash on the ring road",
        "Bir kishining qizi yoʻqolgan, topildi",
        "Неизвестный нанёс побои",
        "Nothing is known of the driver",
        "",
    ],
)
def test_a_sentence_that_names_nobody_is_let_through(sentence: str) -> None:
    assert not names_somebody(sentence, [*NAMES, "Неизвестный", "unknown", ""])
