"""Make merkle.json: tree heads and proofs as the library `pymerkle` sees them.

Made once. The library is under the GPL and no dependency of Markaz, not even of its tests; to make the file again:

    python3 -m venv /tmp/scratch && /tmp/scratch/bin/pip install pymerkle==7.0.0
    /tmp/scratch/bin/python tests/golden/make_merkle.py > tests/golden/merkle.json

Leaf i is the two bytes of i, big-endian. pymerkle's inclusion path begins with the leaf itself, which is cut here. Its
consistency proofs are not those of RFC 9162 (they hold every perfect subtree of the old tree), so of them only the heads
are used: ours must verify against both.
"""

import json
import sys

import pymerkle  # type: ignore[import-not-found] # never installed where the tests run

HEADS = 64
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 31, 37)


def main() -> None:
    """Write the vectors to standard output."""
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(HEADS):
        tree.append_entry(number.to_bytes(2, "big"))
    roots = [tree.get_root(size).hex() for size in range(HEADS + 1)]
    inclusion = [
        {"size": size, "index": index, "path": [h.hex() for h in tree.prove_inclusion(index + 1, size).path[1:]]}
        for size in SIZES
        for index in range(size)
    ]
    made_with = f"pymerkle {pymerkle.__version__}"
    json.dump({"made_with": made_with, "roots": roots, "inclusion": inclusion}, sys.stdout, indent=1)


main()
