"""Every word of a gazetteer, sorted, with an index of letter pairs, so that a mistyped word is found among a million.

Immutable once made. It knows words only, no places. Memory: about 60 bytes for each word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from markaz.core.places.distance import EDIT, distances

WIDTH = 24  # letters kept of a word, as fold cuts them
MOST_COMPARED = 3_000  # words whose distance is worked out for one typed word
MOST_BEGUN = 4_000  # words of one beginning that are weighed one by one
SHORTEST_WITH_ERROR = 3
SHORTEST_WITH_TWO = 6
OPEN_END = 0.97  # of a word that is still being typed and fits so far
CLOSED_END = 0.85  # of a word that stands for a longer one, as "Sh. Rustaveli"
LENGTH_SHARE = 0.07  # how much less the longer the rest of the word is

_CLASS = np.arange(128, dtype=np.int32)
for _vowels in ("aou", "eiy"):
    for _letter in _vowels:
        _CLASS[ord(_letter)] = ord(_vowels[0])
_CLASS[ord("g")] = _CLASS[ord("k")] = ord("h")


@dataclass(frozen=True, slots=True)
class Near:
    """Known words near a typed one, by number, each with how well it fits (1 is the word itself)."""

    words: npt.NDArray[np.int64]
    fits: npt.NDArray[np.float32]


class Vocabulary:
    """Words given once, sorted; a word's number is its place in that order."""

    __slots__ = ("_lengths", "_letters", "_pair_words", "_pairs", "_words")

    def __init__(self, words: Sequence[str]) -> None:
        self._words = np.array(sorted(words), dtype=f"S{WIDTH}")
        self._letters = self._words.view(np.uint8).reshape(len(self._words), WIDTH)
        self._lengths = (self._letters != 0).sum(axis=1).astype(np.int16)
        codes, numbers = _pairs(self._letters)
        order = np.argsort(codes, kind="stable")
        self._pair_words = numbers[order].astype(np.int32)
        self._pairs = np.searchsorted(codes[order], np.arange(128 * 128 + 1)).astype(np.int64)

    def __len__(self) -> int:
        return len(self._words)

    @property
    def nbytes(self) -> int:
        """Return the memory of the arrays in bytes."""
        return int(self._words.nbytes + self._lengths.nbytes + self._pair_words.nbytes + self._pairs.nbytes)

    def word(self, number: int) -> str:
        """Return the word of a number."""
        return bytes(self._words[number]).decode("ascii")

    def find(self, word: str) -> int | None:
        """Return the number of exactly this word."""
        at = int(np.searchsorted(self._words, word.encode("ascii")))
        return at if at < len(self._words) and self._words[at] == word.encode("ascii") else None

    def begun(self, word: str) -> tuple[int, int]:
        """Return the range of numbers of all words that begin with this one."""
        start = word.encode("ascii")
        low, high = np.searchsorted(self._words, [start, start + b"\x7f"])
        return int(low), int(high)

    def near(self, word: str, *, is_open: bool) -> Near:
        """Return the words that `word` may stand for: itself, what it begins, and both with typing errors.

        Numbers are taken as typed. Bounded by MOST_COMPARED and MOST_BEGUN; beyond these the shortest words win.
        """
        low, high = self.begun(word)
        begun = np.arange(low, high)
        if len(begun) > MOST_BEGUN:
            begun = begun[np.argpartition(self._lengths[low:high], MOST_BEGUN)[:MOST_BEGUN]]
        fits = self._begun_fits(begun, len(word), is_open=is_open)
        budget = errors_allowed(word)
        if word[0].isdigit() or budget == 0 or not len(self._words):
            return Near(begun, fits)
        similar = self._candidates(word, budget)
        found = distances(word, self._letters[similar, : len(word) + budget // EDIT + 1], self._lengths[similar])
        whole = 1.0 - found.whole / (EDIT * (len(word) + 1.0))
        part = self._begun_fits(similar, len(word), is_open=is_open) - found.beginning / (EDIT * (len(word) + 1.0))
        whole[found.whole > budget] = 0.0
        # The beginning of a long word is near to anything short: it must be nearer than a whole word.
        part[found.beginning > min(budget, EDIT * (len(word) // 4))] = 0.0
        best = np.maximum(whole, part).astype(np.float32)
        kept = best > 0
        return Near(np.concatenate([similar[kept], begun]), np.concatenate([best[kept], fits]))

    def _begun_fits(self, words: npt.NDArray[np.int64], typed: int, *, is_open: bool) -> npt.NDArray[np.float32]:
        rest = 1.0 - typed / np.maximum(self._lengths[words], typed)
        end = OPEN_END if is_open else CLOSED_END
        return np.where(rest == 0, 1.0, end - LENGTH_SHARE * rest).astype(np.float32)

    def _candidates(self, word: str, budget: int) -> npt.NDArray[np.int64]:
        """Return the words that share enough letter pairs with `word`, most first."""
        letters = np.zeros((1, WIDTH), dtype=np.uint8)
        letters[0, : len(word)] = np.frombuffer(word.encode("ascii"), dtype=np.uint8)
        codes = np.unique(_pairs(letters)[0])
        lists = [self._pair_words[self._pairs[code] : self._pairs[code + 1]] for code in codes]
        shared = np.bincount(np.concatenate(lists), minlength=len(self._words))
        # An error spoils two pairs, a swap three.
        least = max(len(codes) - 3 * (budget // EDIT), 1 if len(word) < SHORTEST_WITH_TWO else 2)
        similar = np.flatnonzero((shared >= least) & (self._lengths >= len(word) - budget // EDIT))
        if len(similar) > MOST_COMPARED:
            # Among words that share as much, those of about the same length are likelier.
            weight = shared[similar] * 8 - np.abs(self._lengths[similar] - len(word))
            similar = similar[np.argpartition(-weight, MOST_COMPARED)[:MOST_COMPARED]]
        return similar


def errors_allowed(word: str) -> int:
    """Return the highest cost at which another word may be meant."""
    if len(word) < SHORTEST_WITH_ERROR:
        return 0
    return EDIT if len(word) < SHORTEST_WITH_TWO else 2 * EDIT


def _pairs(letters: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the codes of all letter pairs, the first letter alone among them, and the row of each."""
    classes = _CLASS[letters]
    first = np.concatenate([np.zeros((len(letters), 1), dtype=np.int32), classes[:, :-1]], axis=1)
    rows, columns = np.nonzero(letters)
    return first[rows, columns] * 128 + classes[rows, columns], rows
