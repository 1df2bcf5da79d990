"""The distance of words, all at once, against the textbook's way; and that the index of letter pairs loses nobody near."""

import random

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from markaz.core.places.distance import EDIT, NEAR, NEAR_SOUNDS, distances
from markaz.core.places.vocabulary import WIDTH, Vocabulary, errors_allowed

WORDS = st.text(alphabet="aokhszbrt", min_size=1, max_size=9)
NEAR_PAIRS = {frozenset(pair) for pair in NEAR_SOUNDS}


def cost(a: str, b: str) -> list[list[int]]:
    """The restricted Damerau-Levenshtein table with the weights, letter by letter."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            if i == 0 or j == 0:
                table[i][j] = EDIT * (i + j)
                continue
            x, y = a[i - 1], b[j - 1]
            change = 0 if x == y else NEAR if frozenset((x, y)) in NEAR_PAIRS else EDIT
            best = min(table[i - 1][j] + EDIT, table[i][j - 1] + EDIT, table[i - 1][j - 1] + change)
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, table[i - 2][j - 2] + EDIT)
            table[i][j] = best
    return table


@seed(5)
@settings(max_examples=60, deadline=None)
@given(WORDS, st.lists(WORDS, min_size=1, max_size=6))
def test_costs_are_those_of_the_textbook(word: str, others: list[str]) -> None:
    letters = np.array(others, dtype=f"S{WIDTH}").view(np.uint8).reshape(len(others), WIDTH)
    found = distances(word, letters, [len(other) for other in others])
    assert found.whole.tolist() == [cost(word, other)[-1][-1] for other in others]
    assert found.beginning.tolist() == [min(cost(word, other)[-1]) for other in others]


def mistyped(word: str, draw: random.Random) -> str:
    at, letter = draw.randrange(len(word)), draw.choice("abdeiklmnorstuz")
    match draw.randrange(4):
        case 0:
            return word[:at] + letter + word[at:]
        case 1:
            return word[:at] + word[at + 1 :]
        case 2:
            return word[:at] + letter + word[at + 1 :]
    return word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]


@pytest.mark.parametrize("seeded", range(3))
def test_every_word_with_one_typing_error_is_near(seeded: int) -> None:
    draw = random.Random(seeded)
    known = sorted({"".join(draw.choices("abdeghiklmnorstuvyz", k=draw.randrange(4, 12))) for _ in range(1_500)})
    vocabulary = Vocabulary(known)
    for word in draw.sample(known, 60):
        typed = mistyped(word, draw)
        if len(typed) < 4:
            continue
        near = vocabulary.near(typed, is_open=False)
        assert vocabulary.find(word) in near.words.tolist(), (seeded, word, typed)


def test_what_is_near_is_never_further_than_allowed() -> None:
    draw = random.Random(1)
    known = sorted({"".join(draw.choices("abeiklnorstu", k=draw.randrange(3, 10))) for _ in range(800)})
    vocabulary = Vocabulary(known)
    for typed in draw.sample(known, 40):
        near = vocabulary.near(mistyped(typed, draw), is_open=False)
        assert 0 < min(near.fits) <= max(near.fits) <= 1
    for typed in ("ab", "7", "12"):
        assert errors_allowed(typed) == 0


def test_the_word_itself_fits_best_and_its_beginning_nearly_so() -> None:
    vocabulary = Vocabulary(["navoi", "navoiboulevard", "navruz"])
    near = vocabulary.near("navoi", is_open=True)
    fits = {vocabulary.word(int(word)): fit for word, fit in zip(near.words, near.fits, strict=True)}
    assert fits["navoi"] == 1.0 > fits["navoiboulevard"] > 0.85
