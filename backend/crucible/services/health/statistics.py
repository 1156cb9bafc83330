"""The few statistics behind the verdict; docs/health.md names their sources."""

import math
from collections.abc import Sequence
from statistics import median

Z95 = 1.959964
_MAD_TO_SIGMA = 1.482602
_P90_TO_SIGMA = 1.281552


def quantile(values: Sequence[float], q: float) -> float | None:
    """Linear between neighbours (type 7 of Hyndman & Fan 1996); None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    at = (len(ordered) - 1) * q
    low = ordered[math.floor(at)]
    return low + (ordered[math.ceil(at)] - low) * (at - math.floor(at))


def deviation(values: Sequence[float]) -> float:
    """The median absolute deviation (Rousseeuw & Croux 1993), scaled to a normal's sigma."""
    middle = median(values)
    return _MAD_TO_SIGMA * median(abs(value - middle) for value in values)


def spread(values: Sequence[float], prior: float, weight: int, least: float) -> float:
    """A standard deviation that outliers do not blow up and few values do not shrink.

    The larger of the median absolute deviation and the upper half's quantile range, each scaled to
    a normal's sigma, so that a history with a long upper tail is granted it; then drawn towards
    `prior`, which weighs as much as `weight` values.
    """
    upper = quantile(values, 0.9)
    assert upper is not None
    own = max(deviation(values), (upper - median(values)) / _P90_TO_SIGMA)
    count = len(values)
    drawn = math.sqrt((count * own**2 + weight * prior**2) / (count + weight))
    return max(drawn, least)


def binomial_tail(hits: int, tries: int, rate: float) -> float:
    """The chance of `hits` or more in `tries` at `rate`: exact (Clopper & Pearson 1934)."""
    if hits <= 0:
        return 1.0
    # In logarithms: a run of the greatest size asks thousands of questions.
    some, none = math.log(rate), math.log1p(-rate)
    whole = math.lgamma(tries + 1)
    return math.fsum(
        math.exp(
            whole - math.lgamma(k + 1) - math.lgamma(tries - k + 1) + k * some + (tries - k) * none
        )
        for k in range(hits, tries + 1)
    )


def wilson_lower(hits: int, tries: int) -> float:
    """Lower end of Wilson's 95 % interval for a rate (Wilson 1927)."""
    if tries == 0:
        return 0.0
    rate = hits / tries
    middle = rate + Z95**2 / (2 * tries)
    width = Z95 * math.sqrt(rate * (1 - rate) / tries + Z95**2 / (4 * tries**2))
    return max(0.0, (middle - width) / (1 + Z95**2 / tries))
