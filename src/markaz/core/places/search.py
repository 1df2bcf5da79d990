"""Finds places by what is typed: any script, a typing error, words in any order, a house number, two streets.

It ranks by how well the name fits, then by how near the place is. Reads no database and decides no permission.
Work is bounded: at most MOST_PHRASES names are weighed and MOST_PLACES places of each, whatever is typed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from markaz.core.places.fold import MAX_TOKEN, Question, begins_small_word, question, without_endings
from markaz.core.places.index import KINDS, NO_HOUSE, PlaceIndex
from markaz.core.places.model import Matched, PlaceKind
from markaz.core.places.vocabulary import Near
from markaz.kit.geometry import Point, distance_m

MOST_PHRASES = 80
MOST_PLACES = 24  # of one name: the rest of a thousand houses differs by its number only
WORDS_SHARE = 0.78  # of the score: how much of the question is answered
NAME_SHARE = 0.19  # how much of the name was asked for
ORDER_SHARE = 0.03  # words in the order of the name
KIND_FITS, KIND_DIFFERS = 0.03, -0.06
OWN_TERRITORY, NEARNESS = 0.03, 0.04
HALF_NEAR_M = 5_000.0  # at this distance nearness counts half
NO_SUCH_HOUSE = -0.15
ONLY_A_HOUSE = -0.08  # a house when no number was asked for
LEAST_SCORE = 0.45
GOOD_SCORE = 0.9
MOST_JOININGS = 3
NUMBER_WEIGHT = 0.6  # of a number among words
FITS_AS_TYPED = 0.9  # the word itself, or the beginning of one that is still being typed

Words = Callable[[int], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Around:
    """Where the asker is: the territories of their desk, a point if they have one, and the words of territory names."""

    own: frozenset[int] = frozenset()
    near: Point | None = None
    territory_words: Words = lambda _territory_id: frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A place found: its number in the index, a score from 0 to about 1.1, and how it fits."""

    number: int
    score: float
    matched: Matched


def search(index: PlaceIndex, text: str, around: Around, *, limit: int = 10) -> list[Hit]:
    """Return the best hits first, each place once; empty when nothing fits well enough."""
    asked = question(text)
    if not asked.words or not len(index):
        return []
    hits = _Search(index, asked, around).hits()
    if max((hit.score for hit in hits.values()), default=0.0) < GOOD_SCORE:
        for other in _other_readings(asked):
            for number, hit in _Search(index, other, around).hits().items():
                if number not in hits or hits[number].score < hit.score:
                    hits[number] = hit
    ranked = sorted(hits.values(), key=lambda hit: (-hit.score, int(index.ids[hit.number])))
    return [hit for hit in ranked[:limit] if hit.score >= LEAST_SCORE]


def _other_readings(asked: Question) -> Iterator[Question]:
    """Yield what else may be meant: a Russian adjective of the name, or two words that the name writes as one."""
    bare = without_endings(asked.words)
    if bare != asked.words:
        yield Question(bare, asked.kinds, asked.is_open)
    for at in range(min(len(asked.words) - 1, MOST_JOININGS)):
        one, other = asked.words[at : at + 2]
        if one.isalpha() and other.isalpha():
            yield Question(
                (*asked.words[:at], (one + other)[:MAX_TOKEN], *asked.words[at + 2 :]), asked.kinds, asked.is_open
            )


class _Search:
    """One question put to one index."""

    def __init__(self, index: PlaceIndex, asked: Question, around: Around) -> None:
        self._index, self._asked, self._around = index, asked, around
        last = len(asked.words) - 1
        self._near = [
            index.vocabulary.near(word, is_open=asked.is_open and at == last) for at, word in enumerate(asked.words)
        ]
        self._fits = [dict(zip(near.words.tolist(), near.fits.tolist(), strict=True)) for near in self._near]
        self._weights = [self._weight(word, at == last) for at, word in enumerate(asked.words)]

    def _weight(self, word: str, is_last: bool) -> float:
        if word[0].isdigit():
            return NUMBER_WEIGHT
        # "Navoiy koʻ": what will be a word that says nothing must not count as missing.
        return 0.1 if is_last and self._asked.is_open and len(word) > 1 and begins_small_word(word) else 1.0

    def hits(self) -> dict[int, Hit]:
        """Return the hits by place."""
        found: dict[int, Hit] = {}
        for phrase in self._phrases().tolist():
            for hit in self._of_phrase(phrase):
                if hit.number not in found or found[hit.number].score < hit.score:
                    found[hit.number] = hit
        return found

    def _phrases(self) -> npt.NDArray[np.int64]:
        """Return the names that answer most of the question, at most MOST_PHRASES."""
        index, count = self._index, len(self._index.phrase_kinds)
        total = np.zeros(count, dtype=np.float32)
        for near, weight in zip(self._near, self._weights, strict=True):
            total += weight * _best(index, near, count)
        kept = np.flatnonzero(total >= max(float(total.max()) * 0.5, 1e-6))
        # The shorter of two names that answer the same is the closer one.
        lengths = np.diff(index.phrase_words.starts)[kept]
        score = total[kept] / sum(self._weights) + 0.1 * np.minimum(total[kept] / lengths, 1.0)
        kinds = index.phrase_kinds[kept]
        score += np.where((kinds & self._asked.kinds) > 0, KIND_FITS, 0.0)
        if len(kept) <= MOST_PHRASES:
            return kept
        return kept[np.argpartition(-score, MOST_PHRASES)[:MOST_PHRASES]]

    def _of_phrase(self, phrase: int) -> Iterator[Hit]:
        words = self._index.phrase_words.of(phrase).tolist()
        taken, fits = self._assign(words)
        as_one = "".join(self._index.vocabulary.word(word) for word in words) if len(words) > 1 else ""
        for at, fit in enumerate(self._joined_fits(as_one)):
            if fit > fits[at]:
                fits[at], taken = fit, set(range(len(words)))
        covered = len(taken) / len(words)
        in_order = ORDER_SHARE if not taken or taken == set(range(len(taken))) else 0.0
        kinds = int(self._index.phrase_kinds[phrase])
        kind = 0.0
        if kinds and self._asked.kinds:
            kind = KIND_FITS if kinds & self._asked.kinds else KIND_DIFFERS
        name_score = NAME_SHARE * covered + in_order * covered + kind
        left = [at for at, fit in enumerate(fits) if fit == 0]
        number = next((at for at in left if self._asked.words[at][0].isdigit()), None)
        for place, has_house, house_fit in self._places(phrase, number):
            yield self._weighed(place, list(fits), name_score, left, number, has_house, house_fit)

    def _assign(self, words: list[int]) -> tuple[set[int], list[float]]:
        """Give each typed word the word of the name that it fits best, each once; return which, and how well."""
        pairs = sorted(
            (
                (-fits[word], at, position)
                for at, fits in enumerate(self._fits)
                for position, word in enumerate(words)
                if word in fits
            )
        )
        taken: set[int] = set()
        given = [0.0] * len(self._fits)
        for fit, at, position in pairs:
            if given[at] == 0.0 and position not in taken:
                given[at] = -fit
                taken.add(position)
        return taken, given

    def _joined_fits(self, as_one: str) -> Iterator[float]:
        number = self._index.vocabulary.find(as_one[:MAX_TOKEN]) if as_one else None
        for fits in self._fits:
            yield fits.get(number, 0.0) if number is not None else 0.0

    def _places(self, phrase: int, number: int | None) -> Iterator[tuple[int, bool, float]]:
        """Yield places of a name: number, whether its house number answers the question, and how well."""
        index = self._index
        bearers = index.bearers.of(phrase)
        houses = index.houses[bearers]
        plain = bearers[: int(np.searchsorted(houses, 0))]
        if number is None:
            for place in self._nearest(plain):
                yield place, False, 0.0
            for place in self._nearest(bearers[len(plain) :], most=MOST_PLACES if len(plain) == 0 else 3):
                yield place, False, 0.0
            return
        low, exact, high = self._house_range(self._asked.words[number], number)
        first, middle, last = np.searchsorted(houses, [low, exact, high])
        for place in self._nearest(bearers[first:middle]):
            yield place, True, 1.0
        for place in self._nearest(bearers[middle:last], most=MOST_PLACES // 2):
            yield place, True, 0.9
        for place in self._nearest(plain):
            yield place, False, 0.0

    def _house_range(self, typed: str, at: int) -> tuple[int, int, int]:
        """Return where the houses of this very number begin and end, and where those that it begins end."""
        numbers = self._index.house_numbers
        low, high = (int(edge) for edge in np.searchsorted(numbers, [typed, typed + "\x7f"]))
        exact = low + 1 if low < len(numbers) and numbers[low] == typed else low
        is_open = self._asked.is_open and at == len(self._asked.words) - 1
        return low, exact, high if is_open else exact

    def _nearest(self, places: npt.NDArray[np.int32], *, most: int = MOST_PLACES) -> list[int]:
        """Return some places of one name: the nearest, or those of one's own territory, or the first."""
        if len(places) <= most:
            return [int(place) for place in places]
        index, near = self._index, self._around.near
        if near is not None:
            lons, lats = index.lons_deg[places], index.lats_deg[places]
            away = np.hypot((lons - near.lon_deg) * np.cos(np.radians(near.lat_deg)), lats - near.lat_deg)
            return [int(place) for place in places[np.argpartition(away, most)[:most]]]
        own = np.isin(index.territories[places], np.fromiter(self._around.own, dtype=np.int32))
        return [int(place) for place in np.concatenate([places[own][:most], places[~own][:most]])[:most]]

    def _weighed(
        self, place: int, fits: list[float], name_score: float, left: list[int], number: int | None, has_house: bool,
        house_fit: float,
    ) -> Hit:  # fmt: skip
        index, matched = self._index, Matched.NAME
        is_house = index.houses[place] != NO_HOUSE
        bonus = 0.0
        if number is not None and has_house:
            fits[number] = house_fit
        elif number is not None and KINDS[index.kinds[place]] in (PlaceKind.STREET, PlaceKind.HOUSE):
            fits[number], bonus, matched = 1.0, NO_SUCH_HOUSE, Matched.STREET_ONLY
        elif is_house:
            bonus = ONLY_A_HOUSE
        context = self._around.territory_words(int(index.territories[place])) if left else frozenset()
        for at in left:
            if fits[at] == 0.0 and context and _stands_in(self._asked.words[at], context):
                fits[at] = 0.95
        answered = sum(fit * weight for fit, weight in zip(fits, self._weights, strict=True)) / sum(self._weights)
        if matched is Matched.NAME and min(fits, default=0.0) < FITS_AS_TYPED:
            matched = Matched.SIMILAR
        return Hit(place, WORDS_SHARE * answered + name_score + bonus + self._closeness(place), matched)

    def _closeness(self, place: int) -> float:
        index, around = self._index, self._around
        bonus = OWN_TERRITORY if int(index.territories[place]) in around.own else 0.0
        if around.near is not None:
            away_m = distance_m(around.near, Point(float(index.lons_deg[place]), float(index.lats_deg[place])))
            bonus += NEARNESS / (1.0 + away_m / HALF_NEAR_M)
        return bonus


def _stands_in(word: str, context: frozenset[str]) -> bool:
    return word in context or (len(word) > 2 and any(known.startswith(word) for known in context))


def _best(index: PlaceIndex, near: Near, count: int) -> npt.NDArray[np.float32]:
    """Return, for each phrase, how well its best word fits."""
    best = np.zeros(count, dtype=np.float32)
    order = np.argsort(near.fits, kind="stable")  # the best is written last and stays
    words = near.words[order]
    starts = index.word_phrases.starts
    counts = starts[words + 1] - starts[words]
    if not len(words):
        return best
    # All lists one after the other, without a loop over thousands of words.
    offsets = np.repeat(starts[words] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    phrases = index.word_phrases.values[np.arange(int(counts.sum())) + offsets]
    best[phrases] = np.repeat(near.fits[order], counts)
    return best
