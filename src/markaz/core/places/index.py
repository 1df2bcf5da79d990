"""The gazetteer in memory, as a few flat arrays: words, phrases made of words, and the places that bear each phrase.

Built once from rows, then immutable; a changed gazetteer is a new index. It holds no text to show: a hit is an id, and
its names are read from the database. Memory: about 150 bytes for each place while building, half of it afterwards.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson

from markaz.core.places.fold import Phrase, house, phrase, without_endings
from markaz.core.places.model import PlaceKind
from markaz.core.places.vocabulary import WIDTH, Vocabulary

Ints = npt.NDArray[np.int32]
MAX_ALIASES = 20
NO_HOUSE = -1
NO_TERRITORY = -1
KINDS = tuple(PlaceKind)
MOST_JOINED = 3  # words of a phrase that people also write as one: Amirtemur, Mirzoulugʻbek


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place as the index takes it. `names` is the JSON text of names by language, which many places share."""

    id: int
    kind: str
    names: str
    aliases: tuple[str, ...]
    house: str | None
    lon_deg: float
    lat_deg: float
    territory_id: int | None


@dataclass(frozen=True, slots=True)
class Lists:
    """Many lists in two arrays: list i is values[starts[i]:starts[i + 1]]."""

    starts: npt.NDArray[np.int64]
    values: Ints

    def of(self, number: int) -> Ints:
        """Return one list."""
        return self.values[self.starts[number] : self.starts[number + 1]]

    @property
    def nbytes(self) -> int:
        """Return the memory in bytes."""
        return self.starts.nbytes + self.values.nbytes


@dataclass(frozen=True, slots=True)
class PlaceIndex:
    """Everything a search needs. Places are numbered 0..n-1; `ids[number]` is the id in the database.

    `bearers` lists, for each phrase, its places in the order of `houses`; those that are no house come first.
    """

    vocabulary: Vocabulary
    house_numbers: npt.NDArray[np.str_]  # sorted, so that what is begun is a range
    word_phrases: Lists
    phrase_words: Lists
    phrase_kinds: Ints
    bearers: Lists
    ids: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int8]
    houses: Ints
    lons_deg: npt.NDArray[np.float64]
    lats_deg: npt.NDArray[np.float64]
    territories: Ints

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Return the memory of the arrays in bytes."""
        lists = (self.word_phrases, self.phrase_words, self.bearers, self.vocabulary)
        flat = (self.phrase_kinds, self.ids, self.kinds, self.houses, self.lons_deg, self.lats_deg, self.territories)
        return sum(part.nbytes for part in lists) + sum(part.nbytes for part in flat)

    def kind(self, number: int) -> PlaceKind:
        """Return the kind of a place."""
        return KINDS[int(self.kinds[number])]


class IndexBuilder:
    """Takes places one by one and makes the index at the end."""

    def __init__(self) -> None:
        self._phrases: dict[Phrase, int] = {}
        self._called: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = {}
        self._houses: dict[str, int] = {}
        self._kind_numbers = {kind.value: number for number, kind in enumerate(KINDS)}
        self._ids, self._kinds, self._house = array("q"), array("b"), array("i")
        self._lons, self._lats, self._territories = array("d"), array("d"), array("i")
        self._bearer, self._borne = array("i"), array("i")

    def add_all(self, rows: Iterable[PlaceRow]) -> None:
        """Add places."""
        for row in rows:
            self.add(row)

    def add(self, row: PlaceRow) -> None:
        """Add one place. A kind that this version does not know counts as `other`."""
        number = len(self._ids)
        self._ids.append(row.id)
        self._kinds.append(self._kind_numbers.get(row.kind, self._kind_numbers[PlaceKind.OTHER.value]))
        known = house(row.house) if row.house is not None else ""
        self._house.append(self._houses.setdefault(known, len(self._houses)) if known else NO_HOUSE)
        self._lons.append(row.lon_deg)
        self._lats.append(row.lat_deg)
        self._territories.append(NO_TERRITORY if row.territory_id is None else row.territory_id)
        called = self._called.get((row.names, row.aliases))
        if called is None:
            called = self._called[row.names, row.aliases] = self._phrase_numbers(row)
        for phrase_number in called:
            self._borne.append(phrase_number)
            self._bearer.append(number)

    def _phrase_numbers(self, row: PlaceRow) -> tuple[int, ...]:
        names = orjson.loads(row.names).values()
        phrases = [phrase(str(name)) for name in (*names, *row.aliases[:MAX_ALIASES])]
        phrases += [Phrase(without_endings(one.words), one.kinds) for one in phrases]
        numbers = {self._phrases.setdefault(one, len(self._phrases)) for one in phrases if one.words}
        return tuple(sorted(numbers))

    def build(self) -> PlaceIndex:
        """Return the index and let go of what building needed."""
        self._called.clear()
        spellings = sorted(self._houses)
        renumbered = np.full(len(spellings) + 1, NO_HOUSE, dtype=np.int32)  # the last one answers to NO_HOUSE = -1
        for number, spelling in enumerate(spellings):
            renumbered[self._houses[spelling]] = number
        houses = renumbered[np.array(self._house, dtype=np.int32)]
        phrases = list(self._phrases)
        self._phrases.clear()
        vocabulary = Vocabulary(list({word for one in phrases for word in (*one.words, *_joined(one))}))
        word_phrases, phrase_words = _link(vocabulary, phrases)
        borne, bearer = np.array(self._borne, dtype=np.int32), np.array(self._bearer, dtype=np.int32)
        order = np.lexsort((bearer, houses[bearer], borne))
        return PlaceIndex(
            vocabulary=vocabulary,
            house_numbers=np.array(spellings, dtype=f"U{WIDTH}"),
            word_phrases=word_phrases,
            phrase_words=phrase_words,
            phrase_kinds=np.array([one.kinds for one in phrases], dtype=np.int32),
            bearers=Lists(_starts(borne, len(phrases)), bearer[order]),
            ids=np.array(self._ids, dtype=np.int64),
            kinds=np.array(self._kinds, dtype=np.int8),
            houses=houses,
            lons_deg=np.array(self._lons, dtype=np.float64),
            lats_deg=np.array(self._lats, dtype=np.float64),
            territories=np.array(self._territories, dtype=np.int32),
        )


def build_index(rows: Iterable[PlaceRow]) -> PlaceIndex:
    """Return the index of these places."""
    builder = IndexBuilder()
    builder.add_all(rows)
    return builder.build()


def _starts(numbers: Ints, count: int) -> npt.NDArray[np.int64]:
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(numbers.astype(np.int64), minlength=count), out=starts[1:])
    return starts


def _joined(one: Phrase) -> tuple[str, ...]:
    if not 2 <= len(one.words) <= MOST_JOINED:
        return ()
    return ("".join(one.words)[:WIDTH],)


def _link(vocabulary: Vocabulary, phrases: list[Phrase]) -> tuple[Lists, Lists]:
    """Return the phrases of each word (also of words written as one) and the words of each phrase, in order."""
    numbers = {vocabulary.word(number): number for number in range(len(vocabulary))}
    words, owners, ends, sequence = array("i"), array("i"), array("q", [0]), array("i")
    for owner, one in enumerate(phrases):
        sequence.extend(numbers[word] for word in one.words)
        ends.append(len(sequence))
        for word in {*one.words, *_joined(one)}:
            words.append(numbers[word])
            owners.append(owner)
    word_of, owner_of = np.array(words, dtype=np.int32), np.array(owners, dtype=np.int32)
    order = np.argsort(word_of, kind="stable")
    word_phrases = Lists(_starts(word_of, len(vocabulary)), owner_of[order])
    return word_phrases, Lists(np.array(ends, dtype=np.int64), np.array(sequence, dtype=np.int32))
