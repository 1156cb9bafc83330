"""What a run is to take, from runs that were: arithmetic on plain values.

Each past run is held against what its size lets expect (`rates`); what remains is a ratio, near 1
for a usual run. The p50 of the next run is the middle ratio: the mean, in logarithms, of those that
are left when three in ten are cut off at either end (Huber and Ronchetti, Robust Statistics, 2009,
section 3.3: nearly as deaf to outliers as the median, and less at the mercy of single values).
Where the newest few have clearly left it (an upgrade, another machine), it is their median. The p90
adds the error that this makes. Each run is held against the runs before it, as if it were foretold
from them:

- Nine such errors or more: the one at place (n + 1) * 0.9 in ascending order, between two in
  proportion. If errors are exchangeable, nine in ten of the next stay below it whatever their
  distribution (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Lei et
  al., Distribution-Free Predictive Inference for Regression, JASA 113, 2018). Levels that move are
  in the errors, so that the p90 is wide after one and covers runs that drift.
- Fewer: the predictive quantile of a log-normal sample (Hahn and Meeker, Statistical Intervals,
  1991, section 4.6), its spread drawn towards what is usual for runs while there are few (Gelman
  et al., Bayesian Data Analysis, section 3.3: a scaled inverse chi-square prior).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from crucible.services.health.statistics import deviation
from crucible.services.past_runs import PastRun, Size
from crucible.services.rates import Metric, Rates, rates, value

WINDOW = 30
"""Runs that count at most."""
NEWEST = 10
"""Of these, the ones that say whether the level has moved."""
STEADY = 1.15
"""A level that has moved by less is taken to stand: more runs tell it better than a few."""
MOVED = 2.0
"""So many standard errors of the newest: a smaller move is chance."""
CUT = 0.3
"""Share of ratios that do not count towards the middle, at either end."""
ENOUGH = 3
"""So many runs with the model asked are taken for themselves."""
FIRST = 3
"""Runs before one that it is held against at least."""
ORDERED = 9
"""The fewest errors of which the highest is a p90."""
USUAL_SPREAD = 0.25
"""Standard deviation of the logarithm of a ratio: most runs are within a quarter of what their
size lets expect."""
USUAL_WEIGHT = 4
"""The usual spread counts as much as this many runs."""
MODEL_SPREAD = 0.5
"""The same between models: another one often takes half as much again, or a third less."""
EXTREME = 1e6
"""No ratio is taken to be further from 1: imported figures may be anything."""
HIGH = 0.9
_Z = 1.2815515655446004
"""The standard normal distribution's quantile at HIGH."""


@dataclass(frozen=True)
class Range:
    p50: float
    p90: float

    def times(self, factor: float) -> "Range":
        return Range(self.p50 * factor, self.p90 * factor)


@dataclass(frozen=True)
class Forecast:
    """None = the runs do not tell."""

    runs: int
    """How many it is from."""
    same_model: bool
    """False: from runs with other models; then it says nothing of cost."""
    duration_seconds: Range | None
    tokens: Range | None
    cost_pico: Range | None
    input_share: float | None
    """Of the tokens."""


def from_history(past: Sequence[PastRun], size: Size, model: str) -> Forecast | None:
    """What a run of this size with this model is to take, going by `past`, oldest first.

    Counts the newest runs that completed: with the same model, if there are three or none with
    another, else with any. None when they tell nothing at all. A cost of exactly 0 stays 0.
    """
    completed = [run for run in past if run.completed]
    same = [run for run in completed if run.model == model]
    same_model = len(same) >= ENOUGH or len(same) == len(completed)
    chosen = (same if same_model else completed)[-WINDOW:]
    between = 0.0 if same_model else MODEL_SPREAD
    found = {
        metric: _range(chosen, size, metric, between)
        for metric in Metric
        if same_model or metric is not Metric.COST
    }
    if not any(found.values()):
        return None
    return Forecast(
        runs=len(chosen),
        same_model=same_model,
        duration_seconds=found[Metric.DURATION],
        tokens=found[Metric.TOKENS],
        cost_pico=found.get(Metric.COST),
        input_share=_input_share(chosen),
    )


def _range(runs: Sequence[PastRun], size: Size, metric: Metric, between: float) -> Range | None:
    runs = _of_one_kind(runs, metric)
    typical = _typical(runs, size, metric)
    expected = typical.expected(size)
    if not expected:
        return None if expected is None else Range(0.0, 0.0)
    ratios = []
    for run in runs:
        taken, usual = value(run.total, metric), typical.expected(run.size)
        if taken and usual:
            ratios.append(min(max(taken / usual, 1 / EXTREME), EXTREME))
    if not ratios:
        return None
    middle = _middle(ratios)
    return Range(middle, middle * max(1.0, _high(ratios, between))).times(expected)


def _typical(runs: Sequence[PastRun], size: Size, metric: Metric) -> Rates:
    found = rates(runs, metric)
    if found.expected(size) is None:
        # A phase that none of them had (all candidates were given): by the whole run, then.
        found = rates([replace(run, phases={}) for run in runs], metric)
    return found


def _of_one_kind(runs: Sequence[PastRun], metric: Metric) -> list[PastRun]:
    """Those whose figure is known. If some were free, those that were so as the newest was: what
    used to be free has no rate, and what is free now has no other."""
    known = [run for run in runs if value(run.total, metric) is not None]
    newest = value(known[-1].total, metric) if known else None
    return [run for run in known if bool(value(run.total, metric)) == bool(newest)]


def _middle(ratios: Sequence[float]) -> float:
    """What is usual now: the middle of all, unless the newest have left it."""
    logs = [math.log(ratio) for ratio in ratios]
    whole, newest = _trimmed_mean(logs), median(logs[-NEWEST:])
    error = deviation(logs) / math.sqrt(NEWEST)
    moved = abs(newest - whole) > max(math.log(STEADY), MOVED * error)
    return math.exp(newest if moved else whole)


def _trimmed_mean(values: Sequence[float]) -> float:
    cut = min(round(len(values) * CUT), (len(values) - 1) // 2)
    return fmean(sorted(values)[cut : len(values) - cut])


def _high(ratios: Sequence[float], between: float) -> float:
    """What nine in ten runs stay below, as a factor of what was usual before."""
    errors = sorted(ratios[place] / _middle(ratios[:place]) for place in range(FIRST, len(ratios)))
    if len(errors) < ORDERED or between:
        return math.exp(_log_margin(ratios, between))
    place = (len(errors) + 1) * HIGH - 1
    low = math.floor(place)
    high = min(low + 1, len(errors) - 1)
    return errors[low] + (errors[high] - errors[low]) * (place - low)


def _log_margin(ratios: Sequence[float], between: float) -> float:
    """The same in logarithms, where there are few runs, or with other models."""
    logs = [math.log(ratio) for ratio in ratios]
    mean = fmean(logs)
    squares = sum((each - mean) ** 2 for each in logs)
    freedom = USUAL_WEIGHT + len(logs) - 1
    variance = (USUAL_WEIGHT * USUAL_SPREAD**2 + squares) / freedom
    return _student(freedom) * math.sqrt(variance * (1 + 1 / len(logs)) + between**2)


def _student(freedom: int) -> float:
    """Student's t at HIGH, to three digits from 4 degrees of freedom on (Abramowitz and Stegun,
    Handbook of Mathematical Functions, 26.7.5)."""
    first = (_Z**3 + _Z) / 4
    second = (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / 96
    third = (3 * _Z**7 + 19 * _Z**5 + 17 * _Z**3 - 15 * _Z) / 384
    return _Z + first / freedom + second / freedom**2 + third / freedom**3


def _input_share(runs: Sequence[PastRun]) -> float | None:
    shares = [
        (run.total.input_tokens or 0) / run.total.tokens
        for run in runs
        if run.total.tokens and run.total.input_tokens is not None
    ]
    return median(shares) if shares else None
