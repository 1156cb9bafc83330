"""Reads the newest runs of a project, has them judged, and shows the verdict."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from crucible.clock import rfc3339
from crucible.models import Run
from crucible.models.values import LIVE, Status
from crucible.services.health.anomaly import Anomaly, Measure
from crucible.services.health.judge import judge
from crucible.services.health.statistics import quantile
from crucible.services.health.words import next_command, summary
from crucible.services.past_runs import ENDED, WINDOW, PastRun, past_runs
from crucible.services.rates import Metric, value
from crucible.services.usage import usd


def health(session: Session, project_id: str, now: datetime) -> dict[str, Any]:
    """The verdict of the contract: `{project_id, generated_at, verdict, reasons, window, typical,
    last_failure, anomalies}`.

    Reads at most the newest 50 ended runs and what is live: its cost does not grow with history.
    """
    live = past_runs(session, project_id, LIVE)
    # A run whose worker is gone may still be waiting for its end to be written down.
    lost = [run for run in live if run.status not in LIVE]
    live = [run for run in live if run.status in LIVE]
    ended = past_runs(session, project_id, ENDED)
    past = sorted([*ended, *lost], key=lambda run: (run.created_at, run.id))[-WINDOW:]
    found = judge(past, live, now, busy=_busy(session))
    return {
        "project_id": project_id,
        "generated_at": rfc3339(now),
        "verdict": str(found.verdict),
        "reasons": list(dict.fromkeys(str(one.code) for one in found.anomalies)),
        "window": _window(past, found.needed),
        "typical": _typical([run for run in past if run.completed]),
        "last_failure": _last_failure([*past_runs(session, project_id, [Status.FAILED]), *lost]),
        "anomalies": [shown(one) for one in found.anomalies],
    }


def _busy(session: Session) -> bool:
    """Whether any run is at work, of whichever project."""
    running = select(literal(1)).where(Run.status == Status.RUNNING).limit(1)
    return session.scalar(running) is not None


def _window(past: Sequence[PastRun], needed: int) -> dict[str, Any]:
    ends = [run.completed_at or run.created_at for run in past]
    return {
        "runs": len(past),
        "since": rfc3339(min((run.created_at for run in past), default=None)),
        "until": rfc3339(max(ends, default=None)),
        "needed": needed,
    }


def _typical(completed: Sequence[PastRun]) -> dict[str, Any]:
    """What a run usually takes and makes. Runs that do not know a figure do not vote on it."""
    costs = _known(value(run.total, Metric.COST) for run in completed)
    return {
        "runs": len(completed),
        "duration_seconds": _range(
            _known(run.total.duration_seconds for run in completed), _three_decimals
        ),
        "cost_usd": _range(costs, lambda cost: usd(round(cost))),
        "priced_runs": len(costs),
        "candidate_count": _middle(run.candidate_count for run in completed),
        "scenario_count": _middle(run.scenario_count for run in completed),
        "evaluation_count": _middle(run.evaluation_count for run in completed),
        "total_tokens": _middle(value(run.total, Metric.TOKENS) for run in completed),
    }


def _known(values: Any) -> list[float]:
    return [value for value in values if value is not None]


def _range(values: Sequence[float], shown: Any) -> dict[str, float | None]:
    middle, high = quantile(values, 0.5), quantile(values, 0.9)
    return {
        "p50": None if middle is None else shown(middle),
        "p90": None if high is None else shown(high),
    }


def _middle(values: Any) -> int | None:
    middle = quantile(_known(values), 0.5)
    return None if middle is None else round(middle)


def _three_decimals(number: float) -> float:
    return round(number, 3)


def _last_failure(failed: Sequence[PastRun]) -> dict[str, Any] | None:
    """The one that ended last: a run that was resumed may have been created long ago."""
    if not failed:
        return None
    last = max(failed, key=lambda run: (run.completed_at or run.created_at, run.id))
    return {
        "run_id": last.id,
        "number": last.number,
        "completed_at": rfc3339(last.completed_at),
        "phase": last.error_phase,
        "kind": last.error_kind,
        "error_summary": last.error_summary,
        "hint": last.error_hint,
    }


def shown(found: Anomaly) -> dict[str, Any]:
    """A finding as the contract has it."""
    figures: Mapping[str, Any] = {
        "observed": _figure(found.observed, found.metric),
        "baseline": _figure(found.baseline, found.metric),
        "ratio": None if found.ratio is None else round(found.ratio, 3),
    }
    return {
        "code": str(found.code),
        "severity": str(found.severity),
        "summary": summary(found),
        "metric": str(found.metric),
        "phase": found.phase,
        "model": found.model,
        **figures,
        "sample_size": found.sample_size,
        "since_run": {"id": found.since.id, "number": found.since.number},
        "run_ids": [run.id for run in found.runs],
        "next": next_command(found),
    }


def _figure(number: float | None, metric: Measure) -> float | None:
    if number is None:
        return None
    if metric is Measure.COST:
        return usd(round(number))
    if metric is Measure.TOKENS:
        return round(number)
    return round(number, 4)
