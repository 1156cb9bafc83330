"""Runs that fail: in a row, more often than before, in a way not seen before."""

from collections.abc import Sequence
from statistics import mode

from crucible.services.health.anomaly import Anomaly, Code, Measure, Severity
from crucible.services.health.statistics import binomial_tail, wilson_lower
from crucible.services.health.thresholds import Thresholds
from crucible.services.past_runs import PastRun

Runs = Sequence[PastRun]


def streak(past: Runs, limits: Thresholds) -> Anomaly | None:
    count = _failed_last(past)
    if count < limits.streak:
        return None
    before, recent = past[: len(past) - count], past[len(past) - count :]
    return Anomaly(
        Code.FAILURE_STREAK,
        Severity.CRITICAL,
        Measure.STREAK,
        recent,
        observed=count,
        baseline=_longest_streak(before) if before else None,
        sample_size=len(before),
        phase=_same(recent, "error_phase"),
        before=_last_completed(before),
        kind=_same(recent, "error_kind"),
    )


def rate(past: Runs, limits: Thresholds) -> Anomaly | None:
    """The span of newest runs whose failures are least likely at the rate of those before."""
    found: tuple[float, int] | None = None
    for count in range(limits.rate_failures, _troubled(past, limits) + 1):
        failed = _failed(past[-count:])
        # A span begins with a failure; one more run before it would only dilute it.
        if failed < limits.rate_failures or past[-count].completed:
            continue
        if failed / count < limits.rate_least:
            continue
        before = past[:-count]
        chance = binomial_tail(failed, count, _usual(before, limits))
        compared = len(before) >= limits.base and chance <= limits.rate_chance
        if not compared and wilson_lower(failed, count) < limits.rate_always:
            continue
        if count < limits.base or (found is not None and chance >= found[0]):
            continue
        found = (chance, count)
    if found is None:
        return None
    recent, before = past[-found[1] :], past[: -found[1]]
    share = _failed(recent) / len(recent)
    failures = [run for run in recent if not run.completed]
    return Anomaly(
        Code.FAILURE_RATE,
        Severity.CRITICAL if share >= limits.rate_critical else Severity.WARNING,
        Measure.FAILURE_RATE,
        failures,
        observed=share,
        baseline=_failed(before) / len(before) if before else None,
        sample_size=len(before),
        phase=_same(failures, "error_phase"),
        before=_last_completed(before),
        kind=_same(failures, "error_kind"),
        judged=len(recent),
    )


def new_kinds(past: Runs, limits: Thresholds) -> list[Anomaly]:
    """Kinds of failure that came up lately, twice or more in short order."""
    found = []
    for kind in dict.fromkeys(run.error_kind for run in past if not run.completed):
        at = [place for place, run in enumerate(past) if run.error_kind == kind]
        fresh = at[0] >= limits.base and at[0] >= len(past) - limits.kind_news
        if kind is None or not fresh or len(at) < 2 or at[1] - at[0] > limits.kind_apart:
            continue
        if len(past) - 1 - at[-1] >= limits.kind_gone:
            continue
        runs = [past[place] for place in at]
        found.append(
            Anomaly(
                Code.ERROR_KIND_NEW,
                Severity.WARNING,
                Measure.FAILED_RUNS,
                runs,
                observed=len(runs),
                baseline=0,
                sample_size=at[0],
                phase=_same(runs, "error_phase"),
                before=_last_completed(past[: at[0]]),
                kind=kind,
            )
        )
    return found


def _usual(before: Runs, limits: Thresholds) -> float:
    """The rate to expect: that of the runs before, with half a failure added to few runs."""
    return max(limits.rate_floor, (_failed(before) + 0.5) / (len(before) + 1))


def _failed(runs: Runs) -> int:
    return sum(not run.completed for run in runs)


def _failed_last(past: Runs) -> int:
    return next((n for n, run in enumerate(reversed(past)) if run.completed), len(past))


def _troubled(past: Runs, limits: Thresholds) -> int:
    """How many newest runs no recovery has parted from now."""
    well = 0
    for count, run in enumerate(reversed(past[-limits.rate_runs :])):
        well = well + 1 if run.completed else 0
        if well >= limits.recovered:
            return count + 1 - well
    return min(limits.rate_runs, len(past))


def _longest_streak(runs: Runs) -> int:
    longest = current = 0
    for run in runs:
        current = 0 if run.completed else current + 1
        longest = max(longest, current)
    return longest


def _last_completed(runs: Runs) -> PastRun | None:
    return next((run for run in reversed(runs) if run.completed), None)


def _same(runs: Runs, name: str) -> str | None:
    """What most of them have; None when it is less than half."""
    found = [getattr(run, name) for run in runs]
    most = mode(found)
    return most if most is not None and found.count(most) * 2 >= len(found) else None
