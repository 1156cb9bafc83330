"""Runs that take longer, cost more or use more tokens than others of their size and mode."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from crucible.services.health.anomaly import Anomaly, Code, Measure, Severity
from crucible.services.health.shifts import Shift, shift
from crucible.services.health.thresholds import Thresholds
from crucible.services.past_runs import Figures, PastRun
from crucible.services.rates import PHASES, Metric, Rates, rates, value, work

Runs = Sequence[PastRun]
CODES = {
    Metric.DURATION: Code.DURATION_REGRESSION,
    Metric.COST: Code.COST_SPIKE,
    Metric.TOKENS: Code.TOKEN_SPIKE,
}

MEASURES = {
    Metric.DURATION: Measure.DURATION,
    Metric.COST: Measure.COST,
    Metric.TOKENS: Measure.TOKENS,
}


def spikes(past: Runs, limits: Thresholds) -> list[Anomaly]:
    """At most one for each of time, cost and tokens; the worst of the modes."""
    found = []
    for metric in Metric:
        of_modes = [
            _spike([run for run in past if run.completed and run.size.mode == mode], metric, limits)
            for mode in sorted({run.size.mode for run in past})
        ]
        ranked = sorted((one for one in of_modes if one), key=lambda one: one.ratio or math.inf)
        found += ranked[-1:]
    return found


def _spike(runs: Runs, metric: Metric, limits: Thresholds) -> Anomaly | None:
    usual = rates(runs, metric)
    known = [(run, log) for run in runs if (log := _log(run.total, run, usual, None)) is not None]
    if change := shift([log for _, log in known], limits):
        return _anomaly([run for run, _ in known], usual, change, None, limits)
    if metric is Metric.DURATION:
        return _slow_phase(runs, usual, limits)
    if metric is Metric.COST:
        return _no_longer_free(runs, limits)
    return None


def _slow_phase(runs: Runs, usual: Rates, limits: Thresholds) -> Anomaly | None:
    """A phase that became slow without the run as a whole standing out."""
    worst: tuple[float, Anomaly] | None = None
    for phase in PHASES:
        known = [
            (run, log)
            for run in runs
            if (figures := run.phases.get(phase)) is not None
            and figures.calls
            and (log := _log(figures, run, usual, phase)) is not None
        ]
        change = shift([log for _, log in known], limits, of_phase=True)
        if change is None:
            continue
        found = _anomaly([run for run, _ in known], usual, change, phase, limits)
        lost = (found.observed or 0.0) - (found.baseline or 0.0)
        whole = median(run.total.duration_seconds or 0.0 for run, _ in known[: -change.count])
        if lost >= limits.phase_share * whole and (worst is None or lost > worst[0]):
            worst = (lost, found)
    return worst[1] if worst else None


def _log(figures: Figures, run: PastRun, usual: Rates, phase: str | None) -> float | None:
    """The logarithm of what it took over what a run of its size is to take."""
    took, expected = value(figures, usual.metric), usual.expected(run.size, phase)
    if not took or not expected or took < 0:
        return None
    return math.log(took / expected)


def _anomaly(
    runs: Runs, usual: Rates, change: Shift, phase: str | None, limits: Thresholds
) -> Anomaly:
    recent, before = runs[-change.count :], runs[: -change.count]
    took = [value(_figures(run, phase), usual.metric) or 0.0 for run in recent]
    base = [(usual.expected(run.size, phase) or 0.0) * math.exp(change.base) for run in recent]
    ratio = math.exp(change.above)
    return Anomaly(
        CODES[usual.metric],
        Severity.CRITICAL if ratio >= limits.critical_ratio else Severity.WARNING,
        Measure.PHASE_DURATION if phase else MEASURES[usual.metric],
        recent,
        observed=median(took),
        # So that observed / baseline is the ratio, whatever the sizes of these runs.
        baseline=median(took) / ratio if len(set(base)) > 1 else base[0],
        sample_size=len(before),
        phase=phase or _carrier(recent, before, usual),
        model=_new_model(recent, before),
        before=before[-1],
    )


def _figures(run: PastRun, phase: str | None) -> Figures:
    return run.total if phase is None else run.phases[phase]


def _carrier(recent: Runs, before: Runs, usual: Rates) -> str | None:
    """The phase that most of the excess lies in."""
    excess: dict[str, float] = {}
    for phase in PHASES:
        old, new = (_by_work(runs, phase, usual.metric) for runs in (before, recent))
        if old is not None and new is not None:
            amount = median(work(run.size, phase, usual.metric) for run in recent)
            excess[phase] = (new - old) * amount
    return max(excess, key=lambda phase: excess[phase]) if excess else None


def _by_work(runs: Runs, phase: str, metric: Metric) -> float | None:
    found = [
        took / amount
        for run in runs
        if (figures := run.phases.get(phase)) is not None
        and (took := value(figures, metric)) is not None
        and (amount := work(run.size, phase, metric))
    ]
    return median(found) if found else None


def _new_model(recent: Runs, before: Runs) -> str | None:
    """The model that made most calls of these runs, when none of those before had it."""
    calls = _calls_by_model(recent)
    if not calls:
        return None
    most = max(calls, key=lambda name: calls[name])
    return None if _calls_by_model(before).get(most) else most


def _calls_by_model(runs: Runs) -> Mapping[str, int]:
    calls: dict[str, int] = {}
    for run in runs:
        for name, count in run.total.models.items():
            calls[name] = calls.get(name, 0) + count
    return calls


def _no_longer_free(runs: Runs, limits: Thresholds) -> Anomaly | None:
    """From nothing to something has no ratio, yet it is a change to know of."""
    known = [(run, cost) for run in runs if (cost := value(run.total, Metric.COST)) is not None]
    paid = next((n for n, (_, cost) in enumerate(reversed(known)) if not cost), len(known))
    before = known[: len(known) - paid]
    if paid < 2 or paid > limits.longest or len(before) < limits.base:
        return None
    if any(cost for _, cost in before):
        return None
    recent = [run for run, _ in known[-paid:]]
    earlier = [run for run, _ in before]
    return Anomaly(
        Code.COST_SPIKE,
        Severity.WARNING,
        Measure.COST,
        recent,
        observed=median(cost for _, cost in known[-paid:]),
        baseline=0,
        sample_size=len(before),
        model=_new_model(recent, earlier),
        before=earlier[-1],
    )
