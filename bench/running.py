"""Which benchmarks there are, and how one is run. `markaz bench` calls it."""

from collections.abc import Iterator
from importlib import import_module

from bench.figures import Figure
from bench.settings import Scale, SkippedError, say

NAMES = (
    "duty",
    "stream",
    "import",
    "snapshot",
    "events",
    "replay",
    "picture",
    "places",
    "recommend",
    "keystrokes",
    "audit",
    "access",
    "rls",
)
MODULES = {name: f"bench.{name}" for name in NAMES} | {"import": "bench.importing"}


def figures(name: str, scale: str) -> Iterator[Figure]:
    """Yield the figures of one benchmark, each as soon as it is measured.

    None when it cannot run here: then standard error says why. Raises KeyError for a name that is none.
    """
    try:
        yield from import_module(MODULES[name]).run(Scale(scale))
    except SkippedError as reason:
        say(f"{name}: skipped: {reason}")
