"""From runs to a verdict. Pure: no session, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crucible.services.health import failures, figures, quality
from crucible.services.health.anomaly import Anomaly, Code, Severity
from crucible.services.health.thresholds import DEFAULT, Thresholds
from crucible.services.past_runs import PastRun


class Verdict(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    needed: int
    """Runs that are still missing before a verdict."""
    anomalies: Sequence[Anomaly]
    """The most pressing first."""


def judge(
    past: Sequence[PastRun],
    live: Sequence[PastRun],
    now: datetime,
    *,
    busy: bool = False,
    limits: Thresholds = DEFAULT,
) -> Judgement:
    """The verdict over the newest ended runs of a project (`past`, oldest first) and its live
    ones. `busy` says that runs of other projects are running."""
    found = [
        failures.streak(past, limits),
        failures.rate(past, limits),
        *failures.new_kinds(past, limits),
        *quality.stalled(past, live, now, busy, limits),
        *figures.spikes(past, limits),
        quality.retry_storm(past, limits),
        quality.yield_drop(past, limits),
        *quality.telemetry_missing(past, limits),
    ]
    codes = list(Code)
    anomalies = sorted(
        (one for one in found if one is not None),
        key=lambda one: (one.severity is not Severity.CRITICAL, codes.index(one.code)),
    )
    needed = max(0, limits.needed - len(past))
    return Judgement(_verdict(anomalies, needed), needed, anomalies)


def _verdict(anomalies: Sequence[Anomaly], needed: int) -> Verdict:
    if any(one.severity is Severity.CRITICAL for one in anomalies):
        return Verdict.FAILING
    if anomalies:
        return Verdict.DEGRADED
    return Verdict.UNKNOWN if needed else Verdict.OK
