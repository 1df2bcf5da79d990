"""How often looks are misuse: estimated from the random stratum alone, with an interval. Pure.

Each judged look weighs 1/probability, as it stands for that many (Horvitz and Thompson, Journal of the American
Statistical Association 47, 1952); the rate is the ratio of the two weighted sums (Hajek, 1971). The interval is that of
Clopper and Pearson (Biometrika 26, 1934) on the effective number of looks, (sum w)^2 / sum w^2 (Kish, Survey Sampling,
1965), as Korn and Graubard propose for rare events (Survey Methodology 24, 1998). It keeps at least the stated
confidence, also where no misuse was found. Looks of one viewer are taken as independent, which they are not quite.

What was drawn and not judged, or could not be told, is counted and shown, and the two extremes are worked out: as if all
of it were misuse, and as if none were.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markaz.contracts.reviews import Verdict

CONFIDENCE = 0.95
METHOD = "hajek+clopper_pearson_kish/1"
_BISECTIONS = 60  # halves the interval to less than 1e-18
_TERMS_MOST = 500
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Judged:
    """One look of the random stratum: how likely it was to be drawn, and the verdict (None: none yet)."""

    probability: float
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The figures of a period. Rates are shares from 0 to 1; None where nothing was judged."""

    drawn: int
    in_order: int
    misuse: int
    cannot_tell: int
    not_judged: int
    looks: float  # estimated number of looks the sample stands for
    effective: float  # looks that would tell as much if all had been equally likely
    rate: float | None
    low: float | None
    high: float | None
    rate_if_missing_in_order: float | None
    rate_if_missing_misuse: float | None


def estimate(sample: Sequence[Judged], confidence: float = CONFIDENCE) -> Estimate:
    """Return the estimated misuse rate of a period from its random stratum."""
    decided = [one for one in sample if one.verdict in (Verdict.IN_ORDER, Verdict.MISUSE)]
    weight = math.fsum(1 / one.probability for one in decided)
    wrong = math.fsum(1 / one.probability for one in decided if one.verdict is Verdict.MISUSE)
    looks = math.fsum(1 / one.probability for one in sample)
    squares = math.fsum(one.probability**-2 for one in decided)
    effective = weight**2 / squares if decided else 0.0
    rate = wrong / weight if decided else None
    low, high = (None, None) if rate is None else clopper_pearson(min(rate, 1.0) * effective, effective, confidence)
    counts = {verdict: sum(one.verdict is verdict for one in sample) for verdict in (*Verdict, None)}
    return Estimate(
        drawn=len(sample),
        in_order=counts[Verdict.IN_ORDER],
        misuse=counts[Verdict.MISUSE],
        cannot_tell=counts[Verdict.CANNOT_TELL],
        not_judged=counts[None],
        looks=looks,
        effective=effective,
        rate=rate,
        low=low,
        high=high,
        rate_if_missing_in_order=wrong / looks if looks else None,
        rate_if_missing_misuse=(wrong + looks - weight) / looks if looks else None,
    )


def clopper_pearson(events: float, trials: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact interval of a share; `events` of `trials` need not be whole numbers.

    Raises ValueError unless 0 <= events <= trials and trials > 0.
    """
    if not 0 <= events <= trials or trials <= 0:
        raise ValueError("there are no more events than trials, and at least some trial")
    tail = (1 - confidence) / 2
    low = 0.0 if events == 0 else _beta_quantile(tail, events, trials - events + 1)
    high = 1.0 if events == trials else _beta_quantile(1 - tail, events + 1, trials - events)
    return low, high


def _beta_quantile(share: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _beta(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function (NIST Digital Library of Mathematical Functions, 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # there the fraction converges slowly: use the symmetry 8.17.4
        return 1 - _beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction 1 + d1/(1 + d2/(1 + ...)) by the modified method of Lentz."""
    value, c, d = 1.0, 1.0, 0.0
    for n in range(1, _TERMS_MOST):
        m = n // 2
        if n % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / ((1 + term * d) or _TINY)
        c = (1 + term / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
