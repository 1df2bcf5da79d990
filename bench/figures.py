"""The form of a figure: the same for every benchmark, one JSON object a line. It measures nothing itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import orjson

SIGNIFICANT_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `ours` and `yardstick` are medians in `unit`, `ratio` is the median of the pairs' ratios.

    `spread` is (least, most) of the ratios, or of `ours` where there is no yardstick. `target` bounds the ratio, or
    `ours` where there is no yardstick; None is only reported.
    """

    name: str
    ours: float
    yardstick: float | None
    ratio: float | None
    target: float | None
    unit: str
    runs: int
    spread: tuple[float, float]

    @property
    def is_met(self) -> bool | None:
        """Say whether the target is met; None without a target."""
        if self.target is None:
            return None
        return (self.ours if self.ratio is None else self.ratio) <= self.target

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the figure."""
        return {
            "name": self.name,
            "ours": _rounded(self.ours),
            "yardstick": _rounded(self.yardstick),
            "ratio": _rounded(self.ratio),
            "target": self.target,
            "unit": self.unit,
            "runs": self.runs,
            "spread": [_rounded(edge) for edge in self.spread],
        }


def alone(name: str, unit: str, ours: Sequence[float], *, target: float | None = None) -> Figure:
    """Return a figure without a yardstick."""
    return Figure(name, median(ours), None, None, target, unit, len(ours), (min(ours), max(ours)))


def compared(
    name: str, unit: str, ours: Sequence[float], yardstick: Sequence[float], *, target: float | None = None
) -> Figure:
    """Return a figure of pairs: `ours[i]` and `yardstick[i]` were measured one right after the other."""
    ratios = [a / b for a, b in zip(ours, yardstick, strict=True)]
    spread = (min(ratios), max(ratios))
    return Figure(name, median(ours), median(yardstick), median(ratios), target, unit, len(ratios), spread)


def line(figure: Figure) -> str:
    """Return the figure as one line of JSON."""
    return orjson.dumps(figure.as_json()).decode()


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a table for people."""
    head = ("figure", "ours", "yardstick", "unit", "ratio", "target", "met", "runs", "spread")
    rows = [head, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    met = {None: "", True: "yes", False: "no"}[figure.is_met]
    spread = " .. ".join(_shown(edge) for edge in figure.spread)
    return (
        figure.name,
        _shown(figure.ours),
        _shown(figure.yardstick),
        figure.unit,
        _shown(figure.ratio),
        _shown(figure.target),
        met,
        str(figure.runs),
        spread,
    )


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.{SIGNIFICANT_DIGITS}g}" if abs(value) < 1000 else f"{value:,.0f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{SIGNIFICANT_DIGITS}g}")
