"""The misuse rate: published intervals, weights by hand, coverage by simulation, and nothing dropped silently."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markaz.contracts.reviews import Verdict
from markaz.programmes.oversight.reviews.estimate import Judged, clopper_pearson, estimate

IN_ORDER, MISUSE, CANNOT_TELL = Verdict.IN_ORDER, Verdict.MISUSE, Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    [
        # Clopper and Pearson's own example (Biometrika 26, 1934) and R's binom.test(3, 20), binom.test(10, 100).
        (0, 10, 0.0, 0.30850),
        (1, 10, 0.00253, 0.44502),
        (5, 10, 0.18709, 0.81291),
        (3, 20, 0.03207094, 0.37892683),
        (10, 100, 0.04900469, 0.17622260),
        (100, 100, 0.96378331, 1.0),
    ],
)
def test_the_interval_is_the_published_one(events: int, trials: int, low: float, high: float) -> None:
    found = clopper_pearson(events, trials)
    assert found == pytest.approx((low, high), abs=6e-6)


def upper_tail(events: int, trials: int, share: float) -> Fraction:
    p = Fraction(share)
    return sum((math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(events, trials + 1)), Fraction(0))


@given(st.integers(1, 40), st.data())
@settings(max_examples=15)
def test_the_ends_are_where_the_exact_binomial_tails_are_a_fortieth(trials: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, trials))
    low, high = clopper_pearson(events, trials)
    if events:
        assert float(upper_tail(events, trials, low)) == pytest.approx(0.025, abs=1e-9)
    if events < trials:
        assert float(1 - upper_tail(events + 1, trials, high)) == pytest.approx(0.025, abs=1e-9)


def test_a_look_of_a_busy_day_stands_for_more_looks() -> None:
    quiet = [Judged(0.5, MISUSE), Judged(0.5, IN_ORDER)]  # 2 of 4 looks
    busy = [Judged(0.02, IN_ORDER), Judged(0.02, IN_ORDER)]  # 2 of 100
    found = estimate(quiet + busy)
    assert found.looks == pytest.approx(104)
    assert found.rate == pytest.approx(2 / 104)  # and not 1 of 4
    assert found.effective == pytest.approx(104**2 / (2**2 * 2 + 50**2 * 2))


def test_equal_weights_give_the_plain_share_and_the_plain_number() -> None:
    found = estimate([Judged(0.1, MISUSE)] * 3 + [Judged(0.1, IN_ORDER)] * 17)
    assert found.rate == pytest.approx(0.15)
    assert found.effective == pytest.approx(20)
    assert (found.low, found.high) == pytest.approx((0.03207094, 0.37892683), abs=1e-7)


def test_what_was_not_told_or_not_judged_is_counted_and_bounds_are_given() -> None:
    sample = [Judged(0.5, IN_ORDER)] * 6 + [Judged(0.5, MISUSE), Judged(0.5, CANNOT_TELL), Judged(0.5, None)]
    found = estimate(sample)
    assert (found.drawn, found.in_order, found.misuse, found.cannot_tell, found.not_judged) == (9, 6, 1, 1, 1)
    assert found.rate == pytest.approx(1 / 7)
    assert found.rate_if_missing_in_order == pytest.approx(1 / 9)
    assert found.rate_if_missing_misuse == pytest.approx(3 / 9)


def test_without_a_verdict_there_is_no_rate() -> None:
    assert estimate([]).rate is None
    found = estimate([Judged(0.5, None), Judged(0.5, CANNOT_TELL)])
    assert (found.rate, found.low, found.high, found.effective) == (None, None, None, 0.0)
    assert found.rate_if_missing_misuse == 1.0


def test_the_interval_covers_the_true_rate_of_days_of_different_size() -> None:
    """Ninety days of 20 to 2,000 looks, ten drawn each day; busy days have more misuse, so plain shares would be wrong."""
    lots, runs, covered = random.Random(20261122), 120, 0
    for _ in range(runs):
        sizes = [lots.choice((20, 200, 2_000)) for _ in range(90)]
        misuse = {20: 0.005, 200: 0.02, 2_000: 0.03}
        truth = sum(size * misuse[size] for size in sizes) / sum(sizes)
        sample = [
            Judged(10 / size, MISUSE if lots.random() < misuse[size] else IN_ORDER) for size in sizes for _ in range(10)
        ]
        found = estimate(sample)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= truth <= found.high
    assert covered / runs >= 0.93, covered
