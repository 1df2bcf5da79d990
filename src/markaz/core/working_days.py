"""Working days of a calendar kept as data; a day that is not in it is working from Monday to Friday. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta

from markaz.core.errors import InvalidInput

SATURDAY = 5
LONGEST_DAYS = 400  # a due date further away is a mistake, not a plan


def due_after(opened_on: date, working_days: int, calendar: Mapping[date, bool]) -> date:
    """Return the last day of the `working_days`-th working day after `opened_on`.

    `calendar` holds the days that differ from Monday-to-Friday. Raises InvalidInput for less than one day or when no
    such day comes within 400.
    """
    if working_days < 1:
        raise InvalidInput("A task needs at least one working day.", field="working_days")
    day, left = opened_on, working_days
    for _ in range(LONGEST_DAYS):
        day += timedelta(days=1)
        left -= calendar.get(day, day.weekday() < SATURDAY)
        if left == 0:
            return day
    raise InvalidInput("The due date is too far away.", field="working_days")


def calendar_days(working_days: int) -> int:
    """Return how many days of the calendar so many working days are without a holiday: ten are two weeks.

    As `due_after` counts from a Monday. Raises InvalidInput for less than one day or for more than 400 of the calendar.
    """
    monday = date(2001, 1, 1)
    return (due_after(monday, working_days, {}) - monday).days
