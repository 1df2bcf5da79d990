"""Which benchmarks there are, and how one is run. `markaz bench` calls it."""

import sys
from collections.abc import Iterator
from importlib import import_module

from bench.figures import Figure
from bench.settings import Scale, SkippedError, say

NAMES = ("duty", "stream", "import", "snapshot", "events", "replay")
MODULES = {name: f"bench.{name}" for name in NAMES} | {"import": "bench.importing"}


def figures(name: str, scale: Scale) -> Iterator[Figure]:
    """Yield the figures of one benchmark, or of `all`, each as soon as it is measured.

    One that cannot run here is left out, and standard error says why. Raises KeyError for a name that is none.
    """
    for one in NAMES if name == "all" else (name,):
        module = import_module(MODULES[one])
        try:
            yield from module.run(scale)
        except SkippedError as reason:
            say(f"{one}: skipped: {reason}")


if __name__ == "__main__":
    from bench.figures import line

    for figure in figures(sys.argv[1], Scale(sys.argv[2])):
        print(line(figure), flush=True)
