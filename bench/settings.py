"""How large a benchmark is, and how it tells a person where it stands."""

import sys
from enum import StrEnum

RUNS = 7  # measured pairs; five are the least a median is taken of


class Scale(StrEnum):
    """Small is for trying a benchmark out, full is what docs/performance.md quotes."""

    SMALL = "small"
    FULL = "full"


class SkippedError(Exception):
    """This benchmark cannot run here; the message says why."""


def say(line: str) -> None:
    """Tell a person what goes on, apart from the figures."""
    print(line, file=sys.stderr, flush=True)
