"""Invented names in the four languages of the console. Every one carries the mark "(demo)": no real place is meant.

Uzbek Latin is composed of word stems; Uzbek Cyrillic follows from it by the spelling rules of both alphabets, Russian
from the Cyrillic by dropping the letters it lacks, English from the Latin by dropping the modifier letters.
"""

from collections.abc import Iterator, Mapping
from random import Random

Names = Mapping[str, str]

FIRST = (
    "Moviy", "Kumush", "Shafaq", "Yulduz", "Shamol", "Tong", "Kamalak", "Chaqmoq", "Lola", "Sunbul", "Nilufar",
    "Zumrad", "Feruza", "Bulut", "Shabnam", "Sahar", "Oydin", "Laylak", "Turna", "Lochin", "Ohu",
    "Samo", "Kahrabo", "Marjon", "Yoqut", "Sadaf", "Billur", "Nihol", "Archa", "Terak", "Pista", "Yantoq", "Saksovul",
    "Jambil", "Isiriq", "Qamish", "Gʻumay", "Boʻtakoʻz", "Chuchmoma",
)  # fmt: skip
SECOND = (
    "voha", "dala", "soy", "kent", "zor", "bogʻ", "buloq", "qir", "tepa", "yurt", "koʻprik", "darvoza", "rabot", "ariq",
    "maydon", "chashma", "saroy", "qoʻrgʻon", "toʻqay", "dovon",
)  # fmt: skip
# Pairs that real places bear; a test compares the rest with the register of places where it is at hand.
TAKEN = {
    "Kumushkent", "Lolazor", "Lolaariq", "Oydinbuloq", "Marjonbuloq", "Niholzor", "Archazor", "Terakzor", "Qamishtepa",
}  # fmt: skip
MARK = {"uz-Latn": "(demo)", "uz-Cyrl": "(демо)", "ru": "(демо)", "en": "(demo)"}

# What each kind of thing is called; {} is the name itself.
FORMS: Mapping[str, Mapping[str, str]] = {
    "country": {"uz-Latn": "{} oʻlkasi", "uz-Cyrl": "{} ўлкаси", "ru": "край {}", "en": "{} land"},
    "region": {"uz-Latn": "{} viloyati", "uz-Cyrl": "{} вилояти", "ru": "область {}", "en": "{} region"},
    "city": {"uz-Latn": "{} shahri", "uz-Cyrl": "{} шаҳри", "ru": "город {}", "en": "{} city"},
    "district": {"uz-Latn": "{} tumani", "uz-Cyrl": "{} тумани", "ru": "район {}", "en": "{} district"},
    "neighbourhood": {"uz-Latn": "{}", "uz-Cyrl": "{}", "ru": "{}", "en": "{}"},
    "street": {"uz-Latn": "{} koʻchasi", "uz-Cyrl": "{} кўчаси", "ru": "улица {}", "en": "{} street"},
    "market": {"uz-Latn": "{} bozori", "uz-Cyrl": "{} бозори", "ru": "рынок {}", "en": "{} market"},
    "hospital": {"uz-Latn": "{} shifoxonasi", "uz-Cyrl": "{} шифохонаси", "ru": "больница {}", "en": "{} hospital"},
    "park": {"uz-Latn": "{} xiyoboni", "uz-Cyrl": "{} хиёбони", "ru": "сквер {}", "en": "{} park"},
    "station": {"uz-Latn": "{} bekati", "uz-Cyrl": "{} бекати", "ru": "станция {}", "en": "{} station"},
}

_PAIRS = {"sh": "ш", "ch": "ч", "oʻ": "ў", "gʻ": "ғ", "ya": "я", "yu": "ю", "yo": "ё", "ye": "е"}
_LETTERS = dict(zip("abdefghijklmnopqrstuvxyzʼ", "абдефгҳижклмнопқрстувхйзъ", strict=True))
_VOWELS = "aeiou"
_RUSSIAN = str.maketrans("ўқғҳЎҚҒҲ", "укгхУКГХ")
_PLAIN = str.maketrans("", "", "ʻʼ")


def to_cyrillic(latin: str) -> str:
    """Return one Uzbek word in Cyrillic. A compound is put over part by part: `Moviy` + `obod` holds no `yo`."""
    letters: list[str] = []
    at = 0
    while at < len(latin):
        pair, one = latin[at : at + 2].lower(), latin[at].lower()
        if pair in _PAIRS:
            letter, width = _PAIRS[pair], 2
        elif one == "e" and (at == 0 or latin[at - 1].lower() in _VOWELS):
            letter, width = "э", 1
        else:
            letter, width = _LETTERS.get(one, one), 1
        letters.append(letter.upper() if latin[at].isupper() else letter)
        at += width
    return "".join(letters)


def named(kind: str, first: str, second: str) -> Names:
    """Return the name of a `kind` of FORMS made of two stems, in every language, with the mark."""
    latin = first + second
    cyrillic = to_cyrillic(first) + to_cyrillic(second)
    words = {
        "uz-Latn": latin,
        "uz-Cyrl": cyrillic,
        "ru": cyrillic.translate(_RUSSIAN),
        "en": latin.translate(_PLAIN),
    }
    return {language: f"{form.format(words[language])} {MARK[language]}" for language, form in FORMS[kind].items()}


def stems(random: Random) -> Iterator[tuple[str, str]]:
    """Yield every pair of stems once, in an order of the generator's own; there are over 700."""
    pairs = [(first, second) for first in FIRST for second in SECOND if first + second not in TAKEN]
    random.shuffle(pairs)
    return iter(pairs)
