"""A run's rows, assembled into the one summary that every surface shows."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Result, select
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
_RESUME = re.compile(r"\bresum", re.IGNORECASE)
_CLAUSES = re.compile(r"(; [^;]*|, (then|or) )\bresum.*")
_ELSEWHERE = "Its work did not come with it, so start a new run."
_PLACE = itemgetter("position", "attempt")
# Made once: to name the columns takes as long as to read their rows.
_PHASES = select(*_PHASE_COLUMNS).order_by(RunPhase.run_id, RunPhase.attempt, RunPhase.position)


def phases_of(session: Session, run_ids: Sequence[str]) -> Mapping[str, list[Row]]:
    """Rows of the phases that began, by run, in the order of attempts and phases."""
    found: dict[str, list[Row]] = defaultdict(list)
    if run_ids:
        rows = session.execute(_PHASES.where(RunPhase.run_id.in_(run_ids)))
        for row in plain(rows):
            found[row["run_id"]].append(row)
    return found


def plain(rows: Result[Any]) -> list[dict[str, Any]]:
    """Rows by the names of their columns, which are looked up once and not for every row."""
    names = tuple(rows.keys())
    return [dict(zip(names, row, strict=True)) for row in rows]


def summarize(run: Row, phases: Sequence[Row], now: datetime) -> dict[str, Any]:
    """The run summary of the contract, ready to send."""
    by_name = _by_name(phases, now, run["status"] in LIVE)
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
            "phase_timings": {name: _timing(phase) for name, phase in by_name.items()},
            "resource_breakdown": {name: _resources(phase) for name, phase in by_name.items()},
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


def _by_name(phases: Sequence[Row], now: datetime, live: bool) -> dict[str, Row]:
    """One row for each phase, in pipeline order."""
    found: dict[str, list[Row]] = {}
    for row in sorted(phases, key=_PLACE):
        found.setdefault(row["name"], []).append(row)
    return {name: _over_attempts(rows, now, live) for name, rows in found.items()}


def _over_attempts(rows: Sequence[Row], now: datetime, live: bool) -> Row:
    """What a phase took and made in all its attempts, and how it stands in the last."""
    last = rows[-1]
    if live and last["status"] == Status.RUNNING and last["duration_seconds"] is None:
        last = {**last, "duration_seconds": seconds_between(last["started_at"], now)}
    if len(rows) == 1:
        return last
    rows = [*rows[:-1], last]
    # Imported history may know that a phase was, and not when.
    starts, spans = _known(rows, "started_at"), _known(rows, "duration_seconds")
    expected, made = _known(rows, "expected"), _known(rows, "produced")
    return {
        **last,
        **usage.added(rows),
        "started_at": min(starts, default=None),
        "duration_seconds": sum(spans) if spans else None,
        # A later attempt expects only what the earlier ones left undone.
        "expected": max(expected, default=None),
        "produced": sum(made) if made else None,
    }


def _known(rows: Sequence[Row], name: str) -> list[Any]:
    return [row[name] for row in rows if row[name] is not None]


def _duration(run: Row, now: datetime) -> float | None:
    ended: float | None = run["duration_seconds"]
    if run["attempt_started_at"] is None:
        return ended
    return round((ended or 0.0) + seconds_between(run["attempt_started_at"], now), 3)


def _timing(phase: Row) -> dict[str, Any]:
    took = phase["duration_seconds"]
    return {
        "status": phase["status"],
        "started_at": rfc3339(phase["started_at"]),
        "completed_at": rfc3339(phase["completed_at"]),
        "duration_seconds": None if took is None else round(took, 3),
    }


def _resources(phase: Row) -> dict[str, Any]:
    return {
        "expected": phase["expected"],
        "produced": phase["produced"],
        "llm_calls": phase["call_count"],
        "failed_calls": phase["failed_call_count"],
        "retries": phase["retry_count"],
    }


def _progress(phases: Sequence[Row], by_name: Mapping[str, Row]) -> dict[str, Any] | None:
    if not phases:
        return None
    phase = by_name[phases[-1]["name"]]
    return {
        "phase": phase["name"],
        "done": phase["produced"] or 0,
        "expected": phase["expected"],
    }


def _llm_usage(run: Row, by_name: Mapping[str, Row]) -> dict[str, Any] | None:
    if not usage.known(run):
        return None
    return {
        "total": usage.shown(run),
        "phases": {name: usage.shown(phase) for name, phase in by_name.items()},
    }


def hint_of(run: Row) -> str | None:
    """What to do, without what cannot be done: a run of which only totals came cannot be
    resumed."""
    hint: str | None = run["error_hint"]
    return without_resuming(hint) if hint and run["ledger"] == "absent" else hint


def without_resuming(hint: str) -> str:
    if not _RESUME.search(hint):
        return hint
    sentences = [_CLAUSES.sub(".", sentence) for sentence in re.split(r"(?<=\.) ", hint)]
    return " ".join([*(each for each in sentences if not _RESUME.search(each)), _ELSEWHERE])


def _error(run: Row) -> dict[str, Any] | None:
    if run["error_kind"] is None:
        return None
    return {
        "kind": run["error_kind"],
        "phase": run["error_phase"],
        "message": run["error_message"] or run["error_summary"],
        "hint": hint_of(run),
        "fingerprint": run["error_fingerprint"],
        "occurred_at": rfc3339(run["error_occurred_at"]),
    }
