"""Tiles of 256 hashes (C2SP tlog-tiles): their paths, and which of their hashes a proof needs.

A hash of level L is the root of 256**L leaves. Pure: whoever keeps the hashes hands them in.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markaz.core.log.tree import HASH_BYTES, Frontier, Range, fold, perfect_ranges, perfect_root, proof_from

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
ENTRIES: Final = "entries"  # stands where the level stands, for the bundles of leaf data
MAX_LEVEL: Final = 7  # 256**8 leaves are more than a bigint counts

Wanted = Mapping[int, Sequence[Range]]
Hashes = Mapping[int, Mapping[int, bytes]]
Fetch = Callable[[Wanted], Awaitable[Hashes]]  # level -> ranges of its hashes, answered by level -> index -> hash

_PATH = re.compile(r"(entries|0|[1-9][0-9]?)/((?:x\d{3}/)*)(\d{3})(?:\.p/([1-9]\d{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: its level (None for a bundle of leaf data), its index in that level, and how many hashes it holds."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def start(self) -> int:
        """Return the index of its first hash within the level."""
        return self.index * WIDTH

    def is_in(self, size: int) -> bool:
        """Say whether a tree of `size` has this tile, whole or as far as it is asked for."""
        return self.start + self.width <= size >> HEIGHT * (self.level or 0)


def path_of(tile: Tile) -> str:
    """Return the path of a tile below `tile/`, such as `0/x001/234.p/17`."""
    groups = [f"{tile.index % 1000:03d}"]
    rest = tile.index // 1000
    while rest:
        groups.insert(0, f"x{rest % 1000:03d}")
        rest //= 1000
    partial = "" if tile.width == WIDTH else f".p/{tile.width}"
    return f"{ENTRIES if tile.level is None else tile.level}/{'/'.join(groups)}{partial}"


def parse_path(path: str) -> Tile | None:
    """Return the tile of a path below `tile/`; None for what is not the one path of any tile."""
    found = _PATH.fullmatch(path)
    if found is None or len(path) > 64:
        return None
    level, groups, last, width = found.groups()
    tile = Tile(
        None if level == ENTRIES else int(level),
        int("".join(re.findall(r"\d{3}", groups)) + last),
        int(width) if width else WIDTH,
    )
    return tile if path_of(tile) == path and (tile.level or 0) <= MAX_LEVEL else None


def tiles_of(size: int, level: int) -> list[Tile]:
    """Return the tiles of one level of a tree of `size`, the last of them perhaps partial."""
    count = size >> HEIGHT * level
    tiles = [Tile(level, index) for index in range(count // WIDTH)]
    return [*tiles, Tile(level, count // WIDTH, count % WIDTH)] if count % WIDTH else tiles


def wanted_for(ranges: Iterable[Range]) -> dict[int, list[Range]]:
    """Return, by level, the hashes from which the roots of these subtrees are made."""
    wanted: dict[int, list[Range]] = {}
    for start, end in ranges:
        for piece in perfect_ranges(start, end):
            level, first, last = _in_level(*piece)
            wanted.setdefault(level, []).append((first, last))
    return wanted


async def subtree_roots(ranges: Sequence[Range], fetch: Fetch) -> list[bytes]:
    """Return the roots of subtrees, fetching what they need in one go.

    Raises KeyError when the answer lacks a hash: then the tree is smaller or less whole than it was said to be.
    """
    hashes = await fetch(wanted_for(ranges))

    def perfect(start: int, end: int) -> bytes:
        level, first, last = _in_level(start, end)
        return perfect_root([hashes[level][index] for index in range(first, last)])

    return proof_from(ranges, perfect)


async def frontier_of(size: int, fetch: Fetch) -> Frontier:
    """Return the right edge of the tree of `size`."""
    return Frontier(size, await subtree_roots(perfect_ranges(0, size), fetch))


def split_hashes(data: bytes) -> list[bytes]:
    """Cut a tile's bytes into its hashes. Raises ValueError for a broken one."""
    if len(data) % HASH_BYTES:
        raise ValueError("a tile is a row of 32-byte hashes")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def _in_level(start: int, end: int) -> tuple[int, int, int]:
    """Return the level at which a perfect subtree is kept, and the range of its hashes there."""
    level = ((end - start).bit_length() - 1) // HEIGHT
    return level, start >> HEIGHT * level, end >> HEIGHT * level


class Growth:
    """The open tiles at the right edge of a growing tree: what is needed to add leaves, to fill tiles and to tell the root."""

    def __init__(self, size: int, rows: Sequence[Sequence[bytes]]) -> None:
        self.size = size
        self._rows = [list(row) for row in rows]

    @classmethod
    async def load(cls, size: int, fetch: Fetch) -> "Growth":
        """Read the open tiles of the tree of `size`."""
        counts = [size >> HEIGHT * level for level in range(MAX_LEVEL + 1)]
        wanted = {level: [(n // WIDTH * WIDTH, n)] for level, n in enumerate(counts) if n % WIDTH}
        hashes = await fetch(wanted)
        rows = [
            [hashes[level][i] for i in range(n // WIDTH * WIDTH, n)] if n % WIDTH else []
            for level, n in enumerate(counts)
        ]
        return cls(size, rows)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add the hash of the next leaf; return what is to be kept of the tiles it filled: (level, index, root)."""
        self.size += 1
        filled: list[tuple[int, int, bytes]] = []
        level, hash_ = 0, leaf
        while True:
            row = self._rows[level]
            row.append(hash_)
            if len(row) < WIDTH:
                return filled
            hash_, self._rows[level] = perfect_root(row), []
            level += 1
            filled.append((level, (self.size >> HEIGHT * level) - 1, hash_))

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        pieces = []
        for row in reversed(self._rows):
            pieces += [perfect_root(row[start:end]) for start, end in perfect_ranges(0, len(row))]
        return fold(pieces)
