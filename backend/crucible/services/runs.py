"""Runs: every question and command. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import Clock, rfc3339, seconds_between
from crucible.config import Settings
from crucible.errors import Invalid, NotFound
from crucible.models import CandidateRow, LLMCall, Project, Run, RunAttempt
from crucible.models.values import LIVE
from crucible.recorder import requests
from crucible.recorder.requests import cancel as cancel_run
from crucible.services import budgets, estimates
from crucible.services.listing import RunQuery, list_runs
from crucible.services.lost import overlaid
from crucible.services.query import decode_cursor, encode_cursor
from crucible.services.references import resolve_run
from crucible.services.spend import ranked_count, spend
from crucible.services.starting import start_run
from crucible.services.summary import RUN_COLUMNS, phases_of, summarize
from crucible.services.usage import usd

__all__ = [
    "RunQuery",
    "cancel_run",
    "get_run",
    "get_summary",
    "list_calls",
    "list_runs",
    "resolve_run",
    "resume_run",
    "start_run",
]

TOP_CANDIDATES = 3
MAX_CALLS = 500
_CALL_COLUMNS = tuple(
    getattr(LLMCall, name)
    for name in (
        "id phase subject run_attempt attempt outcome error_kind error_detail http_status "
        "provider model_asked model_served input_tokens output_tokens cached_input_tokens "
        "cache_write_tokens reasoning_tokens cost_pico price_source latency_seconds sent_at "
        "settled_at"
    ).split()
)
_DETAIL_COLUMNS = (Run.config, Run.budget, Run.estimate, Run.owner, Run.heartbeat_at)
_PROBLEM: dict[str, Any] = {
    "title": "",
    "description": "",
    "goals": [],
    "constraints": [],
    "world_model": None,
}
_CONFIG = (
    "mode num_candidates num_scenarios model provider candidates concurrency max_retries "
    "timeout_seconds"
).split()


def get_summary(session: Session, run_id: str, now: datetime) -> dict[str, Any]:
    """The summary of one run, as lists show it. Raises NotFound."""
    return _summary(session, _row(session, run_id), now)


def resume_run(
    session: Session,
    clock: Clock,
    settings: Settings,
    run_id: str,
    budget: Mapping[str, Any] | None = None,
) -> None:
    """Lets a failed or cancelled run go on, within `budget` if one is given (one
    without a limit in it lifts them all), else its own.

    Raises Conflict when its state does not allow it, Invalid, NotFound. Does not commit.
    """
    run = _row(session, run_id, Run.config)
    budgets.require_price(settings, clock, str((run["config"] or {}).get("model")), budget)
    if budget is not None:
        budgets.require_room(session, run_id, run["duration_seconds"], budget)
    requests.resume(
        session,
        clock,
        run_id,
        budget=budgets.stored(budget),
        replace_budget=budget is not None,
    )


def _summary(session: Session, run: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    phases = phases_of(session, [run["id"]]).get(run["id"], [])
    return summarize(*overlaid(session, run, phases), now)


def get_run(session: Session, run_id: str, now: datetime) -> dict[str, Any]:
    """The summary plus `config`, `budget`, `worker`, `attempts`, `estimate`, `spend`,
    `top_candidates`. Raises NotFound."""
    run = _row(session, run_id, *_DETAIL_COLUMNS)
    return {
        **_summary(session, run, now),
        "config": _config(run),
        "budget": run["budget"],
        "worker": _worker(run),
        "attempts": _attempts(session, overlaid(session, run, [])[0], now),
        "estimate": estimates.shown(run["estimate"]),
        "spend": spend(run, run["evaluation_count"], ranked_count(session, run_id)),
        "top_candidates": _top_candidates(session, run_id),
    }


def list_calls(
    session: Session,
    run_id: str,
    phase: str | None = None,
    outcome: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> dict[str, Any]:
    """`{calls, has_more, next_cursor}`, in the order they were sent. Raises Invalid."""
    if not 1 <= limit <= MAX_CALLS:
        raise Invalid.field("limit", f"takes a whole number from 1 to {MAX_CALLS}")
    asked = select(*_CALL_COLUMNS).where(LLMCall.run_id == run_id)
    if phase is not None:
        asked = asked.where(LLMCall.phase == phase)
    if outcome is not None:
        asked = asked.where(LLMCall.outcome == outcome)
    if cursor is not None:
        asked = asked.where(LLMCall.id > decode_cursor(cursor, (str,))[0])
    rows = [row._asdict() for row in session.execute(asked.order_by(LLMCall.id).limit(limit + 1))]
    more = len(rows) > limit
    rows = rows[:limit]
    return {
        "calls": [_call(row) for row in rows],
        "has_more": more,
        "next_cursor": encode_cursor(rows[-1]["id"]) if more else None,
    }


def _row(session: Session, run_id: str, *more: Any) -> Mapping[str, Any]:
    found = session.execute(
        select(*RUN_COLUMNS, *more)
        .join(Project, Project.id == Run.project_id)
        .where(Run.id == run_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound(f"there is no run {run_id}")
    return row._asdict()


def _call(row: Mapping[str, Any]) -> dict[str, Any]:
    sent = {
        "cost_pico": ("cost_usd", usd(row["cost_pico"])),
        "sent_at": ("sent_at", rfc3339(row["sent_at"])),
        "settled_at": ("settled_at", rfc3339(row["settled_at"])),
    }
    return dict(sent.get(name, (name, value)) for name, value in row.items())


def _config(run: Mapping[str, Any]) -> dict[str, Any]:
    """What it was asked; imported history may lack parts, which are null."""
    config = run["config"] or {}
    problem = config.get("problem")
    return {
        **{name: config.get(name) for name in _CONFIG},
        "mode": config.get("mode") or run["mode"],
        "candidates": config.get("candidates") or [],
        "problem": problem and {name: problem.get(name, _PROBLEM[name]) for name in _PROBLEM},
    }


def _worker(run: Mapping[str, Any]) -> dict[str, Any] | None:
    if run["owner"] is None:
        return None
    return {
        "host": run["owner"].get("host"),
        "pid": run["owner"].get("pid"),
        "heartbeat_at": rfc3339(run["heartbeat_at"]),
    }


def _attempts(session: Session, run: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    rows = session.execute(
        select(
            RunAttempt.attempt,
            RunAttempt.status,
            RunAttempt.started_at,
            RunAttempt.completed_at,
            RunAttempt.duration_seconds,
            RunAttempt.error_kind,
            RunAttempt.error_summary,
        )
        .where(RunAttempt.run_id == run["id"])
        .order_by(RunAttempt.attempt)
    )
    return [_attempt(row._asdict(), run, now) for row in rows]


def _attempt(row: Mapping[str, Any], run: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    goes_on = row["status"] in LIVE and row["completed_at"] is None
    if goes_on and run["status"] not in LIVE:  # it ended with its run, which is not written yet
        goes_on = False
        took = seconds_between(row["started_at"], run["completed_at"])
        same = ("status", "completed_at", "error_kind", "error_summary")
        row = {**row, **{name: run[name] for name in same}, "duration_seconds": took}
    return {
        "attempt": row["attempt"],
        "status": row["status"],
        "started_at": rfc3339(row["started_at"]),
        "completed_at": rfc3339(row["completed_at"]),
        "duration_seconds": seconds_between(row["started_at"], now)
        if goes_on
        else row["duration_seconds"],
        "error_kind": row["error_kind"],
        "error_summary": row["error_summary"],
    }


def _top_candidates(session: Session, run_id: str) -> list[dict[str, Any]]:
    rows = session.execute(
        select(
            CandidateRow.id,
            CandidateRow.rank,
            CandidateRow.title,
            CandidateRow.P.label("P"),
            CandidateRow.R.label("R"),
            CandidateRow.I.label("I"),
            CandidateRow.hard_violations,
        )
        .where(CandidateRow.run_id == run_id, CandidateRow.rank.is_not(None))
        .order_by(CandidateRow.rank)
        .limit(TOP_CANDIDATES)
    )
    return [row._asdict() for row in rows]
