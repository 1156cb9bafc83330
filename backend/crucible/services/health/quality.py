"""Runs that retry too much, make too little, tell too little, or do not move."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from crucible.clock import seconds_between
from crucible.models.values import PhaseName, Status
from crucible.services.health.anomaly import Anomaly, Code, Measure, Severity
from crucible.services.health.statistics import binomial_tail, quantile
from crucible.services.health.thresholds import Thresholds
from crucible.services.past_runs import Figures, PastRun

Runs = Sequence[PastRun]


def retry_storm(past: Runs, limits: Thresholds) -> Anomaly | None:
    """Retries a question, over the newest two runs or more, against those before."""
    called = [run for run in past if _questions(run)]
    for count in range(2, min(limits.longest, len(called) - limits.base) + 1):
        recent, before = called[-count:], called[:-count]
        if min(_retries([run]) for run in recent[-2:]) < limits.retry_least:
            return None
        observed, usual = _retries(recent), max(limits.retry_floor, _retries(before))
        if observed < max(limits.retry_least, limits.retry_ratio * usual):
            continue
        questions = sum(_questions(run) for run in recent)
        if questions < limits.retry_questions:
            continue
        retried = min(questions, sum(run.total.retries for run in recent))
        if binomial_tail(retried, questions, min(usual, 0.99)) > limits.retry_chance:
            continue
        start = len(called) - _back_to_start(called, count, limits)
        recent, before = called[start:], called[:start]
        return Anomaly(
            Code.RETRY_STORM,
            Severity.WARNING,
            Measure.RETRY_RATE,
            recent,
            observed=_retries(recent),
            baseline=_retries(before),
            sample_size=len(before),
            phase=_most_retried(recent),
            before=before[-1] if before else None,
        )
    return None


def _back_to_start(called: Runs, count: int, limits: Thresholds) -> int:
    """How many runs the storm has lasted."""
    while (
        count < len(called) - limits.base and _retries([called[-count - 1]]) >= limits.retry_least
    ):
        count += 1
    return count


def _questions(run: PastRun) -> int:
    return max(0, run.total.calls - run.total.retries)  # an imported line may say anything


def _retries(runs: Runs) -> float:
    return sum(run.total.retries for run in runs) / max(1, sum(_questions(run) for run in runs))


def _most_retried(runs: Runs) -> str | None:
    retries: dict[str, int] = {}
    for run in runs:
        for name, figures in run.phases.items():
            retries[name] = retries.get(name, 0) + figures.retries
    return max(retries, key=lambda name: retries[name]) if any(retries.values()) else None


def yield_drop(past: Runs, limits: Thresholds) -> Anomaly | None:
    """Completed runs that made less than they were asked for."""
    known = [(run, made) for run in past if (made := _yield(run)) is not None]
    low = next(
        (n for n, (_, made) in enumerate(reversed(known)) if made > limits.yield_low), len(known)
    )
    if not low:
        return None
    recent, before = known[-low:], known[: len(known) - low]
    made = median(share for _, share in recent)
    usual = median(share for _, share in before) if len(before) >= limits.base else None
    dropped = usual is not None and low >= 2 and made <= usual - limits.yield_drop
    extreme = usual is not None and known[-1][1] < limits.yield_extreme <= usual
    always = low >= limits.yield_runs and made < limits.yield_always
    if not (dropped or extreme or always):
        return None
    runs = [run for run, _ in recent]
    return Anomaly(
        Code.YIELD_DROP,
        Severity.WARNING,
        Measure.YIELD,
        runs,
        observed=made,
        baseline=usual,
        sample_size=len(before),
        phase=_short_phase(runs[-1]),
        before=before[-1][0] if before else None,
    )


def _yield(run: PastRun) -> float | None:
    """The share of the pairs asked for that were evaluated."""
    if not run.completed or run.evaluation_count is None or not run.size.pairs:
        return None
    return run.evaluation_count / run.size.pairs


def _short_phase(run: PastRun) -> str:
    """The first phase that made less than it was asked for: the others follow from it."""
    for phase, made, asked in (
        (PhaseName.DESIGN, run.candidate_count, run.size.candidates),
        (PhaseName.SCENARIOS, run.scenario_count, run.size.scenarios),
    ):
        if made is not None and made < asked:
            return phase
    return PhaseName.EVALUATION


def telemetry_missing(past: Runs, limits: Thresholds) -> list[Anomaly]:
    """Tokens or prices that providers reported before and do not any more."""
    completed = [run for run in past if run.completed]
    found = [
        _missing(completed, metric, [_untold(run.total, metric) for run in completed], limits)
        for metric in (Measure.METERED, Measure.PRICED)
    ]
    # Without tokens there is no cost: that is one finding, not two.
    return [one for one in found if one][:1]


def _missing(
    runs: Runs, metric: Measure, untold: Sequence[float], limits: Thresholds
) -> Anomaly | None:
    count = next(
        (n for n, share in enumerate(reversed(untold)) if share < limits.silent_share), len(untold)
    )
    before = untold[: len(untold) - count]
    if count < 2 or count > limits.longest or len(before) < limits.base:
        return None
    if median(before) > limits.silent_before:
        return None
    recent = runs[-count:]
    return Anomaly(
        Code.TELEMETRY_MISSING,
        Severity.WARNING,
        metric,
        recent,
        observed=1 - median(untold[-count:]),
        baseline=1 - median(before),
        sample_size=len(before),
        before=runs[-count - 1],
    )


def _untold(figures: Figures, metric: Measure) -> float:
    """The share of a completed run's answers whose tokens, or calls whose price, is not known."""
    if metric is Measure.METERED:
        if figures.tokens is None:
            return 1.0
        # An answer in the wrong shape failed, and may be one of those that told no tokens.
        return min(1.0, figures.unmetered_calls / max(1, figures.calls - figures.failed_calls))
    return 1.0 if figures.cost_pico is None else figures.unpriced_calls / max(1, figures.calls)


def stalled(past: Runs, live: Runs, now: datetime, busy: bool, limits: Thresholds) -> list[Anomaly]:
    """Live runs that have not moved for longer than working ones ever do."""
    usual = _longest_call(past, limits)
    found = []
    for run in live:
        silent = seconds_between(run.updated_at or run.created_at, now)
        if run.status == Status.RUNNING:
            most = run.timeout_seconds + limits.stalled_grace
            if usual is not None:
                most = min(most, max(limits.stalled_least, limits.stalled_calls * usual))
        else:
            most = limits.waiting
            if busy or any(other.status == Status.RUNNING for other in live):
                continue  # it waits its turn
        if silent <= most:
            continue
        found.append(
            Anomaly(
                Code.RUN_STALLED,
                Severity.WARNING,
                Measure.SILENCE,
                [run],
                observed=silent,
                baseline=usual if run.status == Status.RUNNING else None,
                sample_size=len(past),
                phase=list(run.phases)[-1] if run.phases else None,
            )
        )
    return found


def _longest_call(past: Runs, limits: Thresholds) -> float | None:
    """Seconds that the longest usual call takes: of the phase whose calls take longest."""
    by_phase: dict[str, list[float]] = {}
    for run in past:
        for name, figures in run.phases.items():
            if figures.calls and figures.duration_seconds:
                at_once = min(figures.calls, run.size.concurrency)
                one = figures.duration_seconds * at_once / figures.calls
                by_phase.setdefault(name, []).append(one)
    usual = [
        quantile(found, 0.9) or 0.0 for found in by_phase.values() if len(found) >= limits.base
    ]
    return max(usual, default=None)
