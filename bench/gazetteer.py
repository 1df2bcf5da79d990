"""An invented gazetteer of any size and the questions put to it: the same for the same seed. It measures nothing.

Names are made of syllables, so that there are tens of thousands of different words, as in a country; each street has a
name in Uzbek Latin, Uzbek Cyrillic and Russian, and up to sixty houses. No real place is meant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from markaz.core.places.fold import fold
from markaz.demo.names import to_cyrillic

STARTS = (
    "b",
    "ch",
    "d",
    "f",
    "g",
    "gʻ",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "q",
    "r",
    "s",
    "sh",
    "t",
    "v",
    "x",
    "y",
    "z",
    "",
)
VOWELS = ("a", "a", "o", "oʻ", "i", "e", "u")
ENDS = ("", "", "", "n", "r", "l", "z", "k", "b", "t")
WORDS = 40_000
HOUSES = (5, 10, 20, 60)
TYPING_ERRORS = 0.7  # of the questions hold one
UNFINISHED = 0.2  # of the questions without an error stop within the last word

FORMS = {
    "street": ("{} koʻchasi", "{} кўчаси", "улица {}"),
    "landmark": ("{} bozori", "{} бозори", "рынок {}"),
    "neighbourhood": ("{} mahallasi", "{} маҳалласи", "махалля {}"),
}
_RUSSIAN = str.maketrans("ўқғҳЎҚҒҲ", "укгхУКГХ")


@dataclass(frozen=True, slots=True)
class Entry:
    """One place: names in Uzbek Latin, Uzbek Cyrillic and Russian, and the bare name in these three."""

    kind: str
    names: tuple[str, str, str]
    bare: tuple[str, str, str]
    house: str | None
    lon: float
    lat: float

    @property
    def text(self) -> str:
        """Return the names and the house number as one folded text: what the yardsticks search."""
        return folded(self.names, self.house)


def folded(names: Sequence[str], house: str | None) -> str:
    """Return different spellings and a house number as one folded text."""
    return fold(" ".join((*dict.fromkeys(fold(name) for name in names), house or "")))


def entries(count: int, seed: int) -> Iterator[Entry]:
    """Yield `count` places: streets with their houses, and among them landmarks and neighbourhoods."""
    random = Random(seed)
    words = [_word(random) for _ in range(WORDS)]
    made = 0
    while made < count:
        kind = random.choices(tuple(FORMS), (80, 15, 5))[0]
        spelled = [random.choice(words)] + ([random.choice(words)] if random.random() < 0.4 else [])
        latin = " ".join(word.title() for word in spelled)
        cyrillic = " ".join(to_cyrillic(word).title() for word in spelled)
        bare = (latin, cyrillic, cyrillic.translate(_RUSSIAN))
        names = tuple(form.format(name) for form, name in zip(FORMS[kind], bare, strict=True))
        lon, lat = random.uniform(56, 73), random.uniform(37, 45)
        houses = random.choice(HOUSES) if kind == "street" else 0
        for number in range(min(houses + 1, count - made)):
            house = f"{number}{random.choice(('', '', '', 'a', 'b'))}" if number else None
            yield Entry("house" if house else kind, (names[0], names[1], names[2]), bare, house, lon, lat)
            made += 1


def _word(random: Random) -> str:
    syllables = random.choice((2, 2, 3, 3, 4))
    return "".join(random.choice(STARTS) + random.choice(VOWELS) + random.choice(ENDS) for _ in range(syllables))


def question(entry: Entry, random: Random) -> str:
    """Return what somebody may type for a place: in any of its scripts, often with one typing error."""
    text = random.choice(entry.bare)
    if random.random() < TYPING_ERRORS:
        text = _mistyped(text, random)
    elif entry.house is None and random.random() < UNFINISHED:
        text = text[: max(4, len(text) - 3)]
    return f"{text} {entry.house}" if entry.house else text


def _mistyped(text: str, random: Random) -> str:
    at = random.randrange(1, max(2, len(text) - 1))
    letter = random.choice(text.replace(" ", "").lower())
    return random.choice(
        (
            text[:at] + letter + text[at:],
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :],
        )
    )
