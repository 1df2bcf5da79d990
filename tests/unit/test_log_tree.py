"""The Merkle tree: published heads, the RFC's own example, another library's proofs, and what must break them."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from markaz.core.log import tiles, tree

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "merkle.json").read_text())
LEAVES = [tree.leaf_hash(number.to_bytes(2, "big")) for number in range(len(VECTORS["roots"]) - 1)]

# The test data of the reference implementation of RFC 6962 (certificate-transparency, merkletree tests): public domain facts.
CT_INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
CT_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
CT_CONSISTENCY = {
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}


def test_heads_and_consistency_equal_the_reference_implementation_of_rfc_6962() -> None:
    leaves = [tree.leaf_hash(bytes.fromhex(text)) for text in CT_INPUTS]
    for (old, new), path in CT_CONSISTENCY.items():
        assert [step.hex() for step in tree.proof(leaves, tree.consistency_ranges(old, new))] == list(path)
    assert [tree.root_of(leaves[:size]).hex() for size in range(len(leaves) + 1)] == list(CT_ROOTS)


def test_proofs_of_the_rfcs_example_are_the_nodes_it_names() -> None:
    """RFC 9162 section 2.1.5: seven leaves a..f and j, with the nodes g, h, i, k, l above them."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = tree.node_hash(a, b), tree.node_hash(c, d), tree.node_hash(e, f)
    k, last = tree.node_hash(g, h), tree.node_hash(i, j)
    seven = LEAVES[:7]
    assert tree.root_of(seven) == tree.node_hash(k, last)
    inclusion = [tree.proof(seven, tree.inclusion_ranges(index, 7)) for index in (0, 3, 4, 6)]
    assert inclusion == [[b, h, last], [c, g, last], [f, j, k], [i, k]]
    consistency = [tree.proof(seven, tree.consistency_ranges(old, 7)) for old in (3, 4, 6)]
    assert consistency == [[c, d, g, last], [last], [i, j, k]]


def test_heads_and_inclusion_proofs_equal_those_of_pymerkle() -> None:
    assert [tree.root_of(LEAVES[:size]).hex() for size in range(len(LEAVES) + 1)] == VECTORS["roots"]
    for one in VECTORS["inclusion"]:
        path = tree.proof(LEAVES, tree.inclusion_ranges(one["index"], one["size"]))
        assert [step.hex() for step in path] == one["path"]
    roots = [bytes.fromhex(root) for root in VECTORS["roots"]]
    for old, new in ((m, n) for n in range(1, 38) for m in range(1, n + 1)):
        path = tree.proof(LEAVES, tree.consistency_ranges(old, new))
        tree.check_consistency(old, new, path, roots[old], roots[new])


def _numbered(size: int) -> list[bytes]:
    return [tree.leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


@seed(4)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_proof_verifies_and_no_other_leaf_place_or_root_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 90))
    leaves = _numbered(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index or size == 1))
    path, root = tree.proof(leaves, tree.inclusion_ranges(index, size)), tree.root_of(leaves)
    tree.check_inclusion(leaves[index], index, size, path, root)
    refused = [
        (tree.leaf_hash(b"another"), index, size, path, root),
        (leaves[index], index, size, path, hashlib.sha256(root).digest()),
        (leaves[index], index, size, [*path, root], root),
        (leaves[index], size, size, path, root),
    ]
    if size > 1:
        refused += [(leaves[index], other, size, path, root), (leaves[index], index, size, path[:-1], root)]
    for arguments in refused:
        with pytest.raises(tree.ProofRefused):
            tree.check_inclusion(*arguments)


@seed(4)
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_removed_changed_reordered_or_back_dated_leaf_breaks_consistency(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 90))
    old = data.draw(st.integers(1, new - 1))
    leaves = _numbered(new)
    old_root = tree.root_of(leaves[:old])
    path = tree.proof(leaves, tree.consistency_ranges(old, new))
    tree.check_consistency(old, new, path, old_root, tree.root_of(leaves))
    at = data.draw(st.integers(0, old - 1))
    changed = [*leaves[:at], tree.leaf_hash(b"changed"), *leaves[at + 1 :]]
    removed = [*leaves[:at], *leaves[at + 1 :], tree.leaf_hash(b"made up to keep the size")]
    back_dated = [*leaves[:at], tree.leaf_hash(b"slipped in"), *leaves[at:-1]]
    swapped = [*leaves[:at], leaves[at + 1], leaves[at], *leaves[at + 2 :]]
    for forged in (changed, removed, back_dated, *([swapped] if at + 1 < old else [])):
        forged_path = tree.proof(forged, tree.consistency_ranges(old, new))
        for offered in (path, forged_path):
            with pytest.raises(tree.ProofRefused):
                tree.check_consistency(old, new, offered, old_root, tree.root_of(forged))


@pytest.mark.parametrize(("old", "new"), [(5, 4), (3, 3), (0, 3)])
def test_a_smaller_or_different_tree_of_one_size_is_refused(old: int, new: int) -> None:
    leaves = _numbered(8)
    with pytest.raises(tree.ProofRefused):
        tree.check_consistency(old, new, [], tree.root_of(leaves[:old][::-1] or leaves), tree.root_of(leaves[:new]))


def test_a_frontier_knows_the_root_after_every_leaf() -> None:
    frontier = tree.Frontier()
    for size, leaf in enumerate(LEAVES, 1):
        frontier.append(leaf)
        assert frontier.root().hex() == VECTORS["roots"][size]
    assert len(frontier.hashes) == len(LEAVES).bit_count()
    with pytest.raises(ValueError, match="one hash"):
        tree.Frontier(3, frontier.hashes)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (tiles.Tile(0, 1234067), "0/x001/x234/067"),
        (tiles.Tile(1, 0, 17), "1/000.p/17"),
        (tiles.Tile(None, 273, 112), "entries/273.p/112"),
    ],
)
def test_tile_paths_are_those_of_c2sp(tile: tiles.Tile, path: str) -> None:
    assert tiles.path_of(tile) == path
    assert tiles.parse_path(path) == tile


@pytest.mark.parametrize(
    "path", ["0/0", "0/x000/001", "00/001", "0/001.p/0", "0/001.p/256", "8/000", "0/../000", "0/1234", ""]
)
def test_no_other_path_is_a_tile(path: str) -> None:
    assert tiles.parse_path(path) is None


def test_a_tree_of_70000_has_the_tiles_that_c2sp_counts() -> None:
    counts = [(len(found), found[-1].width) for found in (tiles.tiles_of(70_000, level) for level in range(3))]
    assert counts == [(274, 112), (2, 17), (1, 1)]
    assert [len(tiles.tiles_of(256, level)) for level in range(3)] == [1, 1, 0]


async def test_proofs_from_tiles_equal_proofs_from_leaves() -> None:
    size = 70_001
    leaves = _numbered(size)
    levels = {0: leaves}
    for level in (1, 2):
        below = levels[level - 1]
        levels[level] = [tree.perfect_root(below[n : n + 256]) for n in range(0, len(below) // 256 * 256, 256)]

    async def fetch(wanted: tiles.Wanted) -> tiles.Hashes:
        return {level: {n: levels[level][n] for r in ranges for n in range(*r)} for level, ranges in wanted.items()}

    root = tree.root_of(leaves)
    assert (await tiles.frontier_of(size, fetch)).root() == root
    for index in (0, 65_535, 65_536, 69_999, 70_000):
        path = await tiles.subtree_roots(tree.inclusion_ranges(index, size), fetch)
        tree.check_inclusion(leaves[index], index, size, path, root)
    for old in (1, 256, 65_537, 69_888, 70_000):
        path = await tiles.subtree_roots(tree.consistency_ranges(old, size), fetch)
        tree.check_consistency(old, size, path, tree.root_of(leaves[:old]), root)
