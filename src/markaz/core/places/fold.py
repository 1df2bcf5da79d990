"""Makes the spellings of one name meet: Uzbek Latin and Cyrillic, Russian and English, any apostrophe, any case.

The folded form is for comparing only and is never shown or stored: its rules may change. Pure.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from markaz.core.places import words

MAX_TEXT = 300  # characters of a name or a question that are looked at
MAX_TOKENS = 12
MAX_TOKEN = 24  # letters; longer words are cut, which no street is bothered by

_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "j", "з": "z", "и": "i", "й": "y", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "s",
    "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "yu", "я": "ya", "ў": "o", "қ": "k", "ғ": "g",
    "ҳ": "h", "і": "i", "ї": "i", "є": "e", "ґ": "g",
}  # fmt: skip
# Letters that the languages write differently for the same sound: Qoʻqon and Kokand, Xorazm and Khorezm.
_LETTERS = {"q": "k", "w": "v", "x": "h", "ß": "ss", "ı": "i", "ø": "o", "ł": "l", "æ": "e", "№": " ", "#": " "}
_SIGNS = "ʻʼ'`‘’´′ʹʽʾʿ‛"  # whatever stands for ʻ and ʼ on some keyboard
_NO_SIGNS = str.maketrans("", "", _SIGNS)
_TABLE = str.maketrans(_CYRILLIC | _LETTERS | dict.fromkeys(_SIGNS, ""))
_PAIRS = {
    "kh": "h",
    "gh": "g",
    "zh": "j",
    "dj": "j",
    "dz": "z",
    "ts": "s",
    "tz": "s",
    "ck": "k",
    "iy": "i",
    "yi": "i",
    "ye": "e",
}
_PAIR = re.compile("|".join(_PAIRS))
_DOUBLE = re.compile(r"([a-z])\1+")
_ORDINAL = re.compile(r"\b0*(\d+)\s?-?(?:st|nd|rd|th|chi|nchi|inchi|ya|y)\b")
_ZEROS = re.compile(r"(?<![\d/])0+(?=\d)")
# Russian makes an adjective of the name of a street or district: Андижанский, Чиланзарская.
_ADJECTIVE = re.compile(r"(?:ski|skaya|skoe)$")
SHORTEST_ADJECTIVE = 7
_TOKEN = re.compile(r"\d+(?:[/-]\d+)*(?:-?[a-z](?![a-z0-9]))?|[a-z]+|\d+")


def fold(text: str) -> str:
    """Return the text in plain small Latin letters, digits and single blanks, signs kept only between digits.

    Folding twice changes nothing. Text over MAX_TEXT characters is cut.
    """
    # Signs first: to Unicode some of them are a blank with a mark.
    plain = unicodedata.normalize("NFKC", text[:MAX_TEXT].translate(_NO_SIGNS)).lower()
    # First the letters that we know (й and ў are letters, not marked и and у), then marks off whatever is left.
    plain = unicodedata.normalize("NFKD", plain.translate(_TABLE))
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "/-") else _blank(c) for c in plain)
    while True:
        shorter = _DOUBLE.sub(r"\1", _PAIR.sub(lambda m: _PAIRS[m.group()], plain.translate(_TABLE)))
        if shorter == plain:
            return " ".join(plain.split())
        plain = shorter


def _blank(character: str) -> str:
    """Drop marks that stand on a letter; any other sign parts words."""
    return "" if unicodedata.combining(character) else " "


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text, folded; 12-A and 12А are `12a`, 12-3 is `12/3`, 05th is `5`."""
    plain = _ZEROS.sub("", _ORDINAL.sub(r"\1 ", fold(text)))
    return [_token(found) for found in _TOKEN.findall(plain)[:MAX_TOKENS]]


def _token(found: str) -> str:
    if not found[0].isdigit():
        return found[:MAX_TOKEN]
    joined = re.sub(r"-(?=[a-z])", "", found).replace("-", "/")
    return joined[:MAX_TOKEN]


def house(text: str) -> str:
    """Return a house number as it is compared, "" when the text holds none."""
    found = [token for token in tokens(text) if token[0].isdigit()]
    if found:
        return found[0]
    return "".join(tokens(text))[:MAX_TOKEN]


def _folded(spellings: Iterable[str]) -> frozenset[str]:
    return frozenset(token for spelling in spellings for token in tokens(spelling) if len(tokens(spelling)) == 1)


KIND_BITS: Mapping[str, int] = {kind: 1 << bit for bit, kind in enumerate(words.KINDS)}
_KIND_OF = {token: KIND_BITS[kind] for kind, spellings in words.KINDS.items() for token in _folded(spellings)}
_CROSSING = _folded(words.CROSSING)
_EMPTY = _folded(words.EMPTY)
_FLAT = _folded(words.FLAT)
_SMALL = frozenset(_KIND_OF) | _CROSSING | _EMPTY


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name, taken apart: the words that name, and which kinds of thing its other words say (bits of KIND_BITS)."""

    words: tuple[str, ...]
    kinds: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """What is typed, taken apart. `is_open` says that the last word may not be finished yet."""

    words: tuple[str, ...]
    kinds: int
    is_open: bool


def phrase(name: str) -> Phrase:
    """Return a name taken apart; of a name made of small words only, such as "Road", they are the name."""
    every = tokens(name)
    named = tuple(token for token in every if token not in _SMALL)
    if not named:
        return Phrase(tuple(every))
    return Phrase(named, _kinds(every))


@lru_cache(maxsize=4096)
def question(text: str) -> Question:
    """Return what is typed taken apart, without the number of a flat."""
    every: list[str] = []
    flat = False
    for token in tokens(text):
        if token in _FLAT:
            flat = True
        elif flat and token[0].isdigit():
            flat = False
        else:
            every.append(token)
    named = [token for token in every if token not in _SMALL]
    is_open = bool(text) and (text[-1].isalnum() or text[-1] in _SIGNS)
    if not named:
        return Question(tuple(every), 0, is_open)
    return Question(tuple(named), _kinds(every), is_open and every[-1] == named[-1])


def _kinds(every: Iterable[str]) -> int:
    bits = 0
    for token in every:
        bits |= _KIND_OF.get(token, 0)
    return bits


def without_endings(named: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words with the endings of Russian adjectives taken off: `chilanzarskaya` is `chilanzar`."""
    return tuple(_ADJECTIVE.sub("", word) if len(word) >= SHORTEST_ADJECTIVE else word for word in named)


def begins_small_word(token: str) -> bool:
    """Say whether a word under way may become one that nobody must type, as "kocha" after "koc"."""
    return any(small.startswith(token) for small in _SMALL)
