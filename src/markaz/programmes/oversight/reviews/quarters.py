"""Quarters of a year, and how long after one its misuse rate is due. Pure but for the days, which are data."""

import tomllib
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from importlib import resources


def bounds_of(quarter: str) -> tuple[date, date]:
    """Return the first day of a quarter such as 2026-Q3, and of the one after it."""
    year, number = int(quarter[:4]), int(quarter[-1])
    after = (year + 1, 1) if number == 4 else (year, 3 * number + 1)
    return date(year, 3 * number - 2, 1), date(*after, 1)


def quarters_between(first: date, today: date) -> Iterator[str]:
    """Yield the quarters from that of `first` on that were over when `today` began, the oldest first."""
    start = date(first.year, first.month - (first.month - 1) % 3, 1)
    while True:
        quarter = f"{start.year}-Q{(start.month + 2) // 3}"
        start = bounds_of(quarter)[1]
        if start > today:
            return
        yield quarter


@lru_cache(maxsize=1)
def days_to_publish() -> int:
    """Return the working days after a quarter's end in which its rate is published. Raises ValueError when it is no number of days."""
    days = tomllib.loads(
        resources.files("markaz.core").joinpath("profiles").joinpath("clocks.toml").read_text("utf-8")
    ).get("misuse_rate")
    if not isinstance(days, int) or not 1 <= days <= 60:
        raise ValueError("clocks.toml must say in how many working days a misuse_rate is published")
    return days
