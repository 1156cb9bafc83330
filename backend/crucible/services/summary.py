"""A run's rows, assembled into the one summary that every surface shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import rfc3339, seconds_between
from crucible.models import Project, Run, RunPhase
from crucible.models.values import LIVE, Status
from crucible.services import usage

Row = Mapping[str, Any]

_PLAIN = (
    "id number project_id status mode label attempt ledger notes created_at started_at "
    "completed_at updated_at attempt_started_at duration_seconds candidate_count scenario_count "
    "evaluation_count error_kind error_phase error_summary error_message error_hint "
    "error_fingerprint error_occurred_at"
).split()
RUN_COLUMNS = (
    *(getattr(Run, name) for name in (*_PLAIN, *usage.COLUMNS)),
    Project.title.label("project_title"),
)
_PHASE_COLUMNS = tuple(
    getattr(RunPhase, name)
    for name in (
        *("run_id attempt position name status started_at completed_at duration_seconds".split()),
        *("expected", "produced"),
        *usage.COLUMNS,
    )
)


def phases_of(session: Session, run_ids: Sequence[str]) -> Mapping[str, list[Row]]:
    """Rows of the phases that began, by run, in the order of attempts and phases."""
    found: dict[str, list[Row]] = defaultdict(list)
    if run_ids:
        rows = session.execute(
            select(*_PHASE_COLUMNS)
            .where(RunPhase.run_id.in_(run_ids))
            .order_by(RunPhase.run_id, RunPhase.attempt, RunPhase.position)
        )
        for row in rows:
            found[row.run_id].append(row._asdict())
    return found


def summarize(run: Row, phases: Sequence[Row], now: datetime) -> dict[str, Any]:
    """The run summary of the contract, ready to send."""
    live = run["status"] in LIVE
    by_name = _by_name(phases)
    return {
        "id": run["id"],
        "number": run["number"],
        "project_id": run["project_id"],
        "project_title": run["project_title"],
        "status": run["status"],
        "mode": run["mode"],
        "label": run["label"],
        "attempt": run["attempt"],
        "ledger": run["ledger"],
        "created_at": rfc3339(run["created_at"]),
        "started_at": rfc3339(run["started_at"]),
        "completed_at": rfc3339(run["completed_at"]),
        "updated_at": rfc3339(run["updated_at"]),
        "duration_seconds": _duration(run, now),
        "candidate_count": run["candidate_count"],
        "scenario_count": run["scenario_count"],
        "evaluation_count": run["evaluation_count"],
        "progress": _progress(phases, by_name),
        "metrics": {
            "phase_timings": {name: _timing(rows, now, live) for name, rows in by_name.items()},
            "resource_breakdown": {name: _resources(rows) for name, rows in by_name.items()},
            "notes": run["notes"] or [],
        },
        "llm_usage": _llm_usage(run, by_name),
        "error_summary": run["error_summary"],
        "error": _error(run),
        "links": links(run["project_id"], run["id"]),
    }


def links(project_id: str, run_id: str) -> dict[str, str]:
    return {
        "self": f"/api/runs/{run_id}",
        "results": f"/api/runs/{run_id}/results",
        "calls": f"/api/runs/{run_id}/calls",
        "page": f"/projects/{project_id}/runs/{run_id}",
        "results_page": f"/runs/{run_id}/results",
    }


def _by_name(phases: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by phase, in pipeline order; each phase has one row an attempt."""
    found: dict[str, list[Row]] = {}
    for row in sorted(phases, key=lambda row: (row["position"], row["attempt"])):
        found.setdefault(row["name"], []).append(row)
    return found


def _duration(run: Row, now: datetime) -> float | None:
    ended: float | None = run["duration_seconds"]
    if run["attempt_started_at"] is None:
        return ended
    return round((ended or 0.0) + seconds_between(run["attempt_started_at"], now), 3)


def _timing(rows: Sequence[Row], now: datetime, live: bool) -> dict[str, Any]:
    last = rows[-1]
    starts = [row["started_at"] for row in rows if row["started_at"]]
    under_way = live and last["status"] == Status.RUNNING
    spans = [row["duration_seconds"] for row in rows if row["duration_seconds"] is not None]
    if under_way and last["duration_seconds"] is None:
        spans.append(seconds_between(last["started_at"], now))
    return {
        "status": last["status"],
        # Imported history may know that a phase was, and not when.
        "started_at": rfc3339(min(starts, default=None)),
        "completed_at": rfc3339(last["completed_at"]),
        "duration_seconds": round(sum(spans), 3) if spans else None,
    }


def _resources(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "expected": _expected(rows),
        "produced": _produced(rows),
        "llm_calls": sum(row["call_count"] for row in rows),
        "failed_calls": sum(row["failed_call_count"] for row in rows),
        "retries": sum(row["retry_count"] for row in rows),
    }


def _expected(rows: Sequence[Row]) -> int | None:
    # A later attempt expects only what the earlier ones left undone.
    return max((row["expected"] for row in rows if row["expected"] is not None), default=None)


def _produced(rows: Sequence[Row]) -> int | None:
    made = [row["produced"] for row in rows if row["produced"] is not None]
    return sum(made) if made else None


def _progress(phases: Sequence[Row], by_name: Mapping[str, Sequence[Row]]) -> dict[str, Any] | None:
    if not phases:
        return None
    name = phases[-1]["name"]
    rows = by_name[name]
    return {"phase": name, "done": _produced(rows) or 0, "expected": _expected(rows)}


def _llm_usage(run: Row, by_name: Mapping[str, Sequence[Row]]) -> dict[str, Any] | None:
    if not usage.known(run):
        return None
    return {
        "total": usage.shown(run),
        "phases": {name: usage.shown(usage.added(rows)) for name, rows in by_name.items()},
    }


def _error(run: Row) -> dict[str, Any] | None:
    if run["error_kind"] is None:
        return None
    return {
        "kind": run["error_kind"],
        "phase": run["error_phase"],
        "message": run["error_message"] or run["error_summary"],
        "hint": run["error_hint"],
        "fingerprint": run["error_fingerprint"],
        "occurred_at": rfc3339(run["error_occurred_at"]),
    }
