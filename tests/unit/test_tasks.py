"""The clock of human work: due dates count working days of a calendar kept as data."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markaz.core.errors import InvalidInput
from markaz.core.working_days import calendar_days, due_after

FRIDAY = date(2026, 11, 20)


def test_a_weekend_is_not_counted() -> None:
    assert due_after(FRIDAY, 1, {}) == date(2026, 11, 23)


def test_a_holiday_in_the_calendar_is_not_counted() -> None:
    assert due_after(FRIDAY, 1, {date(2026, 11, 23): False}) == date(2026, 11, 24)


def test_a_working_saturday_in_the_calendar_is_counted() -> None:
    assert due_after(FRIDAY, 1, {date(2026, 11, 21): True}) == date(2026, 11, 21)


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_one_day_is_refused(days: int) -> None:
    with pytest.raises(InvalidInput):
        due_after(FRIDAY, days, {})


@pytest.mark.parametrize(("working", "days"), [(1, 1), (3, 3), (5, 7), (10, 14), (11, 15), (60, 84)])
def test_working_days_are_days_of_the_calendar_with_their_weekends(working: int, days: int) -> None:
    assert calendar_days(working) == days


def test_a_calendar_without_working_days_ends() -> None:
    never = {date.fromordinal(FRIDAY.toordinal() + n): False for n in range(1, 500)}
    with pytest.raises(InvalidInput):
        due_after(FRIDAY, 1, never)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 200))
def test_as_many_working_days_lie_between_as_were_allowed(opened: date, days: int) -> None:
    due = due_after(opened, days, {})
    between = [date.fromordinal(n) for n in range(opened.toordinal() + 1, due.toordinal() + 1)]
    assert sum(day.weekday() < 5 for day in between) == days
