"""Every threshold of the verdict, with its reason. docs/health.md shows this table."""

from dataclasses import dataclass, field
from typing import Any


def _set(value: Any, reason: str) -> Any:
    return field(default=value, metadata={"reason": reason})


@dataclass(frozen=True)
class Thresholds:
    needed: int = _set(
        8, "Ended runs before a verdict: six to compare with and two that can be out of line."
    )
    base: int = _set(6, "Runs, at least, that newer ones are compared with.")
    longest: int = _set(
        20, "Newest runs that may stand for a change; what has lasted longer is the new normal."
    )
    streak: int = _set(
        3, "Failures in a row. At a failure rate of 5 % that comes by chance once in 8,000 runs."
    )
    rate_runs: int = _set(20, "Newest runs whose failure rate is looked at.")
    rate_least: float = _set(0.3, "A lower rate of failures is told run by run, not as a trend.")
    rate_failures: int = _set(3, "Failures, at least, in those runs: two are no rate.")
    rate_chance: float = _set(
        0.001, "Binomial tail: so many failures at the earlier rate. Some 17 spans are looked at."
    )
    rate_floor: float = _set(0.05, "Every provider fails now and then: an earlier rate below this.")
    rate_always: float = _set(
        0.25, "Wilson's lower bound above which a rate is bad, whatever it was before."
    )
    rate_critical: float = _set(0.5, "Half of the runs fail: nobody should start another.")
    recovered: int = _set(4, "Runs in a row that went well end a trouble of failures.")
    kind_apart: int = _set(3, "The second failure of a new kind comes within this many runs.")
    kind_gone: int = _set(3, "Runs in a row without the kind: it is gone again.")
    kind_news: int = _set(10, "Runs for which a kind that came up is news.")
    shift_ratios: tuple[float, ...] = _set(
        (8.0, 2.0, 1.6, 1.5),
        "Times as much that one run alone, the newest two, three, and more must reach: an odd run "
        "is no trend, and what is less matters to nobody.",
    )
    shift_odd: float = _set(7.0, "Deviations that one run alone must lie above.")
    shift_distance: float = _set(
        4.7, "Standard errors that the newest two runs or more must lie above."
    )
    shift_of_phase: float = _set(
        5.0, "The same for one phase: three are looked at, two of them a single call."
    )
    shift_bound: float = _set(4.0, "Deviations that one run counts for among others.")
    spread_prior: float = _set(
        0.25, "Spread of log figures to believe in before the history tells: about a quarter."
    )
    spread_of_phase: float = _set(0.35, "The same for a phase, of which two are a single call.")
    spread_weight: int = _set(6, "Runs that this belief weighs as much as.")
    spread_least: float = _set(
        0.1, "Least spread: a tenth more is no anomaly, however steady a history was."
    )
    phase_share: float = _set(
        0.05, "Share of a run's time that a phase must lose to count on its own."
    )
    critical_ratio: float = _set(10.0, "Ten times the time, tokens or cost.")
    retry_least: float = _set(0.2, "Retries a question below which retrying does its work.")
    retry_questions: int = _set(
        10, "Questions, at least, that those runs asked: less says nothing of a rate."
    )
    retry_ratio: float = _set(3.0, "Times the earlier rate of retries.")
    retry_chance: float = _set(0.0001, "Binomial tail: so many retries at the earlier rate.")
    retry_floor: float = _set(0.05, "An earlier rate below this: one repair in twenty is usual.")
    yield_low: float = _set(0.85, "Share of what was asked that two runs or more stay below.")
    yield_drop: float = _set(0.1, "Less than before by this share of what was asked.")
    yield_extreme: float = _set(0.5, "Share that one run alone must stay below.")
    yield_always: float = _set(0.7, "Share that is bad, whatever was before.")
    yield_runs: int = _set(4, "Runs in a row, at least, that make so little.")
    silent_share: float = _set(0.5, "Share of a run's answers without figures that counts.")
    silent_before: float = _set(0.1, "Share of answers without figures that earlier runs may have.")
    stalled_calls: float = _set(5.0, "Longest usual calls that a working run may be silent for.")
    stalled_least: float = _set(60.0, "Seconds of silence that are no stall.")
    stalled_grace: float = _set(
        180.0, "Seconds beyond the timeout of a call: the longest wait for a retry, and a minute."
    )
    waiting: float = _set(120.0, "Seconds that a run may wait while nothing else is running.")


DEFAULT = Thresholds()
