"""How far one typed word is from many known ones, all at once: typing errors, with cheap confusions of near sounds.

Costs are whole numbers: EDIT for a letter too many, too few, wrong, or two letters swapped; NEAR for a letter that
another spelling writes for the same sound. It is the restricted Damerau-Levenshtein distance (no letter is edited
twice) with weights. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Letters = npt.NDArray[np.uint8]
Costs = npt.NDArray[np.int16]

EDIT = 2
NEAR = 1
# Yunusobod and Юнусабад, Oʻzbekiston and Узбекистан, Xorazm and Хорезм, Hamza and Гамза, Jizzax and Джизак.
NEAR_SOUNDS = ("ao", "ou", "au", "ei", "iy", "ey", "ae", "iu", "hg", "hk", "jz", "vf")
FAR = 9_999


def _substitutions() -> Costs:
    table = np.full((128, 128), EDIT, dtype=np.int16)
    np.fill_diagonal(table, 0)
    for pair in NEAR_SOUNDS:
        one, other = pair.encode()
        table[one, other] = table[other, one] = NEAR
    return table


SUBSTITUTION = _substitutions()


@dataclass(frozen=True, slots=True)
class Distances:
    """Costs from one word to each of n: to the `whole` word, and to the beginning of it that fits best."""

    whole: Costs
    beginning: Costs


def distances(word: str, letters: Letters, lengths: Sequence[int] | npt.NDArray[np.int_]) -> Distances:
    """Return the costs from `word` to each row of `letters`, shape (n, width), zero-padded ASCII of `lengths`."""
    typed = np.frombuffer(word.encode("ascii"), dtype=np.uint8)
    columns = np.ascontiguousarray(letters.T)
    width, count = columns.shape
    every = np.asarray(lengths)
    before_last = np.zeros((width + 1, count), dtype=np.int16)
    last = np.repeat(np.arange(width + 1, dtype=np.int16)[:, None] * EDIT, count, axis=1)
    for i, letter in enumerate(typed):
        row = np.empty_like(last)
        row[0] = (i + 1) * EDIT
        changed = last[:-1] + SUBSTITUTION[letter][columns]
        np.minimum(changed, last[1:] + EDIT, out=changed)
        if i > 0 and width > 1:
            swapped = (columns[:-1] == letter) & (columns[1:] == typed[i - 1])
            # Two letters the wrong way round: both ends of the pair must fit crosswise.
            crosswise = np.where(swapped, before_last[:-2] + EDIT, FAR).astype(np.int16)
            np.minimum(changed[1:], crosswise, out=changed[1:])
        for j in range(width):
            np.minimum(changed[j], row[j] + EDIT, out=row[j + 1])
        before_last, last = last, row
    reached = np.arange(width + 1)[:, None] <= every[None, :]
    # A word longer than the letters given is not reached to its end: its whole cost is at least what is cut off.
    cut = np.maximum(every - width, 0) * EDIT
    whole = last[np.minimum(every, width), np.arange(count)] + cut
    return Distances(whole.astype(np.int16), np.where(reached, last, FAR).min(axis=0).astype(np.int16))
