"""Whether the newest values of a series lie above the ones before, and since when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from crucible.services.health.statistics import quantile, spread
from crucible.services.health.thresholds import Thresholds

MEDIAN_VARIANCE = math.pi / 2
"""Of a median of normal values, in units of the variance of their mean."""


@dataclass(frozen=True)
class Shift:
    count: int
    """Newest values that are out of line."""
    base: float
    """Median of the values before them."""
    above: float
    """Median of theirs, less `base`: the logarithm of a ratio."""


def shift(logs: Sequence[float], limits: Thresholds, *, of_phase: bool = False) -> Shift | None:
    """The upward change that stands out most, or None.

    `logs` are logarithms of figures made comparable by size, oldest first. Each number of newest
    values is tried against those before it. The first of them has to lie well above those
    before, and so do the newest, else the change is over. A phase of few calls varies more than
    a run (`of_phase`), and no single one of it stands for a change.
    """
    best: Shift | None = None
    best_gain = 0.0
    prior = limits.spread_of_phase if of_phase else limits.spread_prior
    distance = limits.shift_of_phase if of_phase else limits.shift_distance
    for count in range(1, min(limits.longest, len(logs) - limits.base) + 1):
        recent, before = logs[-count:], logs[:-count]
        base = median(before)
        above = median(recent) - base
        if above < math.log(_ratio(count, limits)) or _is_over(recent, base, above):
            continue
        sigma = spread(before, prior, limits.spread_weight, limits.spread_least)
        if count == 1:
            if of_phase or above < limits.shift_odd * sigma or len(before) < limits.needed:
                continue
        elif _distance(recent, base, sigma, len(before), limits) < distance:
            continue
        # The split that explains most: as in the likelihood of one change of a mean.
        gain = (fmean(recent) - base) * math.sqrt(count * len(before) / len(logs))
        if gain > best_gain:
            best, best_gain = Shift(count, base, above), gain
    return best


def _is_over(recent: Sequence[float], base: float, above: float) -> bool:
    """Whether the first of the values, the newest two or three, or a quarter of all of them lie
    nearer to the base."""
    ends = [fmean(recent[-last:]) for last in (2, 3) if last <= len(recent)]
    quarter = quantile(recent, 0.25)
    assert quarter is not None
    return min([recent[0], quarter, *ends]) - base < above / 2


def _distance(
    recent: Sequence[float], base: float, sigma: float, earlier: int, limits: Thresholds
) -> float:
    """How many standard errors the recent values lie above the base.

    Each value counts up to a bound, so that one odd run among them cannot stand for all; the
    base, a median, has an error of its own.
    """
    most = limits.shift_bound
    mean = fmean(min(most, (value - base) / sigma) for value in recent)
    return mean / math.sqrt(1 / len(recent) + MEDIAN_VARIANCE / earlier)


def _ratio(count: int, limits: Thresholds) -> float:
    return limits.shift_ratios[min(count, len(limits.shift_ratios)) - 1]
