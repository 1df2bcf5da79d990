"""Merkle trees as RFC 9162 section 2.1 defines them: heads, inclusion and consistency, and what checks them.

Pure: hashes in, hashes out. It knows neither entries nor files nor a database; `core.log.tiles` says where the hashes
of a large tree are found. Sizes and indexes count leaves from 0; a range is half open, `[start, end)`.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Range = tuple[int, int]


class ProofRefused(ValueError):
    """A proof does not show what it claims to show."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf; its prefix is what tells it from a node, whatever the data."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a perfect tree over 2**n hashes. Raises ValueError for another count."""
    if len(hashes) == 0 or len(hashes) & (len(hashes) - 1):
        raise ValueError("a perfect tree has a power of two of leaves")
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: the roots of the perfect trees it consists of, largest first.

    It is all that is needed to add leaves and to tell the root; it is also the shortest summary of a tree that a
    stranger can check against a signed root.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError("a frontier has one hash for each set bit of its size")

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        full, self.size = self.size, self.size + 1
        while full & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            full >>= 1
        self.hashes.append(leaf)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add the hashes of further leaves."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        return fold(self.hashes)


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over perfect trees that stand side by side, largest first; of none, the empty tree's."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


def perfect_ranges(start: int, end: int) -> list[Range]:
    """Cut `[start, end)` into the ranges of perfect subtrees, left to right.

    For a range that is itself a subtree of an RFC 9162 tree they come largest first, so that `fold` gives its root.
    """
    ranges = []
    while start < end:
        span = (end - start).bit_length() - 1
        if start:
            span = min(span, (start & -start).bit_length() - 1)
        ranges.append((start, start + (1 << span)))
        start += 1 << span
    return ranges


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the subtrees whose roots are the inclusion proof of leaf `index` in the tree of `size`, in order.

    RFC 9162 section 2.1.3.1. Raises ValueError when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    path: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            path.append((split, end))
            end = split
        else:
            path.append((start, split))
            start = split
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """Return the subtrees whose roots are the consistency proof from the tree of `old` to that of `new`, in order.

    RFC 9162 section 2.1.4.1. Raises ValueError unless `0 < old <= new`.
    """
    if not 0 < old <= new:
        raise ValueError(f"there is no proof from a tree of {old} to one of {new}")
    path: list[Range] = []
    start, end, is_whole = 0, new, True
    while old != end:
        split = start + _split(end - start)
        if old <= split:
            path.append((split, end))
            end = split
        else:
            path.append((start, split))
            start, is_whole = split, False
    if not is_whole:
        path.append((start, end))
    return path[::-1]


def proof(leaves: Sequence[bytes], ranges: Iterable[Range]) -> list[bytes]:
    """Return the roots of these subtrees of a tree whose leaf hashes are all at hand."""
    return [root_of(leaves[start:end]) for start, end in ranges]


def proof_from(ranges: Iterable[Range], perfect: Callable[[int, int], bytes]) -> list[bytes]:
    """Return the roots of subtrees, given the root of every perfect range that they consist of."""
    return [fold([perfect(*piece) for piece in perfect_ranges(start, end)]) for start, end in ranges]


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ProofRefused unless the leaf hash `leaf` stands at `index` in the tree of `size` with this root.

    RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"there is no leaf {index} in a tree of {size}")
    node, last, reached = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise ProofRefused("the inclusion proof is too long")
        if node & 1 or node == last:
            reached = node_hash(step, reached)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            reached = node_hash(reached, step)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the inclusion proof is too short")
    if reached != root:
        raise ProofRefused(f"leaf {index} is not in the tree of {size} with this root")


def check_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raise ProofRefused unless the tree of `new` begins with the whole tree of `old`.

    RFC 9162 section 2.1.4.2; from the empty tree everything follows.
    """
    if not 0 <= old <= new:
        raise ProofRefused(f"a tree of {new} cannot follow one of {old}")
    if old in (0, new):
        if path or old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise ProofRefused(f"two trees of {old} with different roots" if old else "not the empty tree")
        return
    steps = [old_root, *path] if not old & (old - 1) else list(path)
    if not steps:
        raise ProofRefused("the consistency proof is too short")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofRefused("the consistency proof is too long")
        if node & 1 or node == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, step)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the consistency proof is too short")
    if before != old_root or after != new_root:
        raise ProofRefused(f"the tree of {new} does not begin with the tree of {old}: the log was rewritten")


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1
