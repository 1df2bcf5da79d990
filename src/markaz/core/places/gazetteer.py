"""The gazetteer of a running centre: keeps the index of its places in memory and answers searches from it.

A changed gazetteer is read in the background and takes the old one's place when it is whole; searches never wait for
it. Who may ask is decided by the routes. Nothing that is asked is kept or logged: it may be somebody's address.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from markaz.core.db.pool import Database
from markaz.core.errors import NotFound, Unavailable
from markaz.core.places import store
from markaz.core.places.coordinates import parse_coordinates
from markaz.core.places.fold import phrase
from markaz.core.places.index import IndexBuilder, PlaceIndex
from markaz.core.places.model import Matched, PlaceKind
from markaz.core.places.nearest import Grid, Nearby
from markaz.core.places.search import Around, Hit, search
from markaz.core.places.store import StoredPlace
from markaz.core.territories.tree import TerritoryTree
from markaz.kit.geometry import Point

FIRST_WAIT_S = 2.0  # for the first reading after a start; later ones are waited for by nobody
SEARCHES_AT_ONCE = 2  # each takes milliseconds of one core; the desk needs the rest


@dataclass(frozen=True, slots=True)
class _Loaded:
    index: PlaceIndex
    grid: Grid


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place with how it fits: a score from 0 to about 1.1, or how far it is."""

    place: StoredPlace
    score: float
    matched: Matched


@dataclass(frozen=True, slots=True)
class NearbyPlace:
    """The named place nearest to a point, and how far off it is."""

    place: StoredPlace
    distance_m: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: coordinates when the question states them, and places, best first."""

    point: Point | None
    places: list[FoundPlace]


class Gazetteer:
    """Places by name and by nearness."""

    def __init__(self, database: Database, tree: Callable[[], TerritoryTree]) -> None:
        self._database = database
        self._tree = tree
        self._words: tuple[TerritoryTree, dict[int, frozenset[str]]] | None = None
        self._loaded: _Loaded | None = None
        self._is_loaded = asyncio.Event()
        self._turns = asyncio.Semaphore(SEARCHES_AT_ONCE)

    def __len__(self) -> int:
        return len(self._loaded.index) if self._loaded is not None else 0

    @property
    def nbytes(self) -> int:
        """Return the memory of the index and its grid in bytes."""
        return self._loaded.index.nbytes + self._loaded.grid.nbytes if self._loaded is not None else 0

    async def load(self) -> None:
        """Read every place and take the new index over. Raises Unavailable; then the old one stays."""
        builder = IndexBuilder()
        async with self._database.snapshot() as connection:
            async for batch in store.rows(connection):
                await asyncio.to_thread(builder.add_all, batch)
        self._loaded = await asyncio.to_thread(_made, builder)
        self._is_loaded.set()

    async def find(self, text: str, *, own: frozenset[int], near: Point | None, limit: int) -> Found:
        """Return coordinates and places that fit `text`. Raises Unavailable while the first reading is under way."""
        loaded = await self._ready()
        around = Around(own, near, self._territory_words())
        async with self._turns:
            hits = await asyncio.to_thread(search, loaded.index, text, around, limit=limit)
        return Found(parse_coordinates(text), await self._shown(loaded.index, hits))

    async def nearest(self, point: Point) -> NearbyPlace | None:
        """Return the nearest named place; of a house its street only, because a click is not an address."""
        loaded = await self._ready()
        async with self._turns:
            found: Nearby | None = await asyncio.to_thread(loaded.grid.nearest, point)
        if found is None:
            return None
        stored = await self._read([int(loaded.index.ids[found.number])])
        if not stored:
            return None  # removed since the index was made
        place = next(iter(stored.values()))
        if place.kind is PlaceKind.HOUSE:
            place = replace(place, kind=PlaceKind.STREET, house=None)
        return NearbyPlace(place, found.distance_m)

    async def get(self, place_id: int) -> StoredPlace:
        """Return one place, also one that is no longer searched. Raises NotFound."""
        found = await self._read([place_id])
        if place_id not in found:
            raise NotFound("There is no such place.", what="place")
        return found[place_id]

    async def _ready(self) -> _Loaded:
        try:
            async with asyncio.timeout(FIRST_WAIT_S):
                await self._is_loaded.wait()
        except TimeoutError:
            raise Unavailable("The gazetteer is still being read: use the map, or try again in a moment.") from None
        assert self._loaded is not None
        return self._loaded

    async def _shown(self, index: PlaceIndex, hits: list[Hit]) -> list[FoundPlace]:
        ids = [int(index.ids[hit.number]) for hit in hits]
        stored = await self._read(ids) if ids else {}
        return [
            FoundPlace(stored[id_], hit.score, hit.matched) for id_, hit in zip(ids, hits, strict=True) if id_ in stored
        ]

    async def _read(self, ids: list[int]) -> dict[int, StoredPlace]:
        async with self._database.connection() as connection:
            return await store.read(connection, ids)

    def _territory_words(self) -> Callable[[int], frozenset[str]]:
        """Return a function from a territory to the words in the names of it and all around it, remembered by tree."""
        tree = self._tree()
        if self._words is None or self._words[0] is not tree:
            self._words = (tree, {})
        known = self._words[1]

        def words(territory_id: int) -> frozenset[str]:
            found = known.get(territory_id)
            if found is None:
                found = known[territory_id] = _words_of(tree, territory_id)
            return found

        return words


def _made(builder: IndexBuilder) -> _Loaded:
    index = builder.build()
    return _Loaded(index, Grid(index))


def _words_of(tree: TerritoryTree, territory_id: int) -> frozenset[str]:
    if tree.current(territory_id) is None:
        return frozenset()
    names = (name for id_ in tree.path(territory_id) for name in tree.get(id_).names.values())
    return frozenset(word for name in names for word in phrase(name).words)
