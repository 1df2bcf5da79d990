"""Whether a sentence names somebody: it goes onto paper, where no name of a victim or a minor may stand. Pure.

Names are compared folded, so that Каримова, Karimova and KARIMOVA meet, and by their stems, so that endings of Uzbek and
Russian do not hide them. It knows only names that are entered: whoever is described otherwise is for people to see. A
sentence that holds a word by chance is refused too and can be put otherwise; a name on paper cannot be taken back.
"""

import re
import unicodedata
from collections.abc import Iterable

from markaz.core.places.fold import fold

SHORTEST = 3  # letters of a word that names by itself; initials do not
SHORTEST_STEM = 4  # from which on a word may go on with an ending
LONGEST_ENDING = 6
# Words that stand in names and name nobody: son of, daughter of, unknown.
_NOBODYS = frozenset(
    fold(word)
    for word in [
        "oʻgʻli",
        "ugli",
        "ogly",
        "qizi",
        "kyzy",
        "bin",
        "bint",
        "unknown",
        "nomaʼlum",
        "неизвестный",
        "неизвестная",
        "неизвестно",
    ]
)
_VOWELS = "aeiouy"


def names_somebody(sentence: str, names: Iterable[str]) -> bool:
    """Say whether a sentence holds a word of a name, or a name that has only short words whole."""
    said = words_of(sentence)
    return any(_holds(said, words_of(name)) for name in names)


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded; those of a script that folds to nothing as they are, in small letters."""
    plain = "".join(c for c in text if unicodedata.category(c) != "Cf")  # a soft hyphen hides no name
    found: list[str] = []
    for word in re.findall(r"[^\W\d_]+(?:[ʻʼ'`‘’´][^\W\d_]+)*", unicodedata.normalize("NFKC", plain)):
        found += re.findall(r"[a-z]+", fold(word)) or [word.casefold()]
    return found


def _holds(said: list[str], name: list[str]) -> bool:
    telling = [word for word in name if word not in _NOBODYS and (len(word) >= SHORTEST or not word.isascii())]
    if not telling:
        return bool(name) and not set(name) & _NOBODYS and set(name) <= set(said)
    return any(_is_form_of(word, one) for one in telling for word in said)


def _is_form_of(word: str, name: str) -> bool:
    stem = name.rstrip(_VOWELS)
    if len(stem) < SHORTEST_STEM:
        stem = name
    if len(stem) < SHORTEST_STEM:
        return word == name
    return word.startswith(stem) and len(word) <= len(name) + LONGEST_ENDING
