"""Rows put straight into a database, for tests of what reads them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from tests.engines import new_database as new_database

from crucible.ids import new_id
from crucible.models import (
    CandidateRow,
    EvaluationRow,
    LLMCall,
    Project,
    Run,
    RunAttempt,
    RunPhase,
    ScenarioRow,
)
from crucible.models.values import PHASES
from crucible.services.usage import COLUMNS

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PROBLEM: dict[str, Any] = {
    "title": "Checkout p99",
    "description": "Too slow.",
    "goals": ["Fast"],
    "constraints": [
        {"name": "Safe", "description": "never twice", "weight": 100},
        {"name": "Cheap", "description": "", "weight": 40},
    ],
    "world_model": None,
}
NO_TOTALS: dict[str, Any] = dict.fromkeys(COLUMNS) | {
    "call_count": 0,
    "failed_call_count": 0,
    "retry_count": 0,
    "unmetered_call_count": 0,
    "unpriced_call_count": 0,
    "providers": {},
    "models": {},
}


def add_project(session: Session, **fields: Any) -> Project:
    project = Project(
        **{
            "id": new_id(),
            **PROBLEM,
            "last_run_number": 0,
            "created_at": START,
            "updated_at": START,
            **fields,
        }
    )
    session.add(project)
    session.flush()
    return project


def add_run(session: Session, project: Project, **fields: Any) -> Run:
    """A run that completed after 10 s, without phases, unless `fields` say otherwise."""
    project.last_run_number += 1
    created = fields.get("created_at", START + timedelta(minutes=project.last_run_number))
    problem = {name: getattr(project, name) for name in PROBLEM}
    run = Run(
        **{
            "id": new_id(),
            "project_id": project.id,
            "number": project.last_run_number,
            "status": "completed",
            "mode": "full_search",
            "config": {"mode": "full_search", "problem": problem},
            "created_at": created,
            "started_at": created,
            "completed_at": created + timedelta(seconds=10),
            "updated_at": created + timedelta(seconds=10),
            "duration_seconds": 10.0,
            **NO_TOTALS,
            **fields,
        }
    )
    session.add(run)
    session.flush()
    return run


def failed(**fields: Any) -> dict[str, Any]:
    return {
        "status": "failed",
        "error_kind": "provider_rate_limited",
        "error_phase": "evaluation",
        "error_summary": "Evaluation failed: provider answered 429",
        "error_message": "429: slow down",
        "error_hint": "Wait.",
        "error_fingerprint": "abc",
        "error_occurred_at": START,
        **fields,
    }


def live(start: datetime = START, **fields: Any) -> dict[str, Any]:
    return {
        "status": "running",
        "started_at": start,
        "attempt_started_at": start,
        "completed_at": None,
        "duration_seconds": None,
        **fields,
    }


def add_attempt(session: Session, run: Run, **fields: Any) -> None:
    session.add(
        RunAttempt(
            **{
                "run_id": run.id,
                "attempt": 1,
                "status": run.status,
                "started_at": run.started_at,
                "completed_at": run.completed_at,
                "duration_seconds": run.duration_seconds,
                **fields,
            }
        )
    )
    session.flush()


def add_phase(session: Session, run: Run, name: str, **fields: Any) -> RunPhase:
    started = fields.get("started_at", run.started_at)
    phase = RunPhase(
        **{
            "run_id": run.id,
            "attempt": 1,
            "position": PHASES.index(name),  # type: ignore[arg-type]
            "name": name,
            "status": "completed",
            "started_at": started,
            "completed_at": started + timedelta(seconds=2),
            "duration_seconds": 2.0,
            "expected": 1,
            "produced": 1,
            **NO_TOTALS,
            **fields,
        }
    )
    session.add(phase)
    session.flush()
    return phase


def add_call(session: Session, run: Run, **fields: Any) -> LLMCall:
    call = LLMCall(
        **{
            "id": new_id(),
            "run_id": run.id,
            "run_attempt": 1,
            "phase": "design",
            "subject": "3 candidates",
            "attempt": 1,
            "outcome": "ok",
            "provider": "openai",
            "model_asked": "gpt-5-mini",
            "model_served": "gpt-5-mini-2025-08-07",
            "input_tokens": 100,
            "output_tokens": 20,
            "cached_input_tokens": 10,
            "cache_write_tokens": 0,
            "reasoning_tokens": 5,
            "cost_pico": 65_000_000,
            "price_source": "test",
            "latency_seconds": 1.5,
            "sent_at": START,
            "settled_at": START + timedelta(seconds=1.5),
            **fields,
        }
    )
    session.add(call)
    session.flush()
    return call


def add_results(
    session: Session, run: Run, scores: Sequence[Sequence[tuple[float, float] | None]]
) -> tuple[list[str], list[str]]:
    """Candidates A, B ... against scenarios s1, s2 ...: a row of (P, R) for each candidate, None
    for a pair without a score. Returns ids of candidates and scenarios."""
    candidates = [
        CandidateRow(
            id=new_id(), run_id=run.id, position=n, title=chr(65 + n), description="",
            origin="designed",
            predicted_effects=[{"constraint": "Safe", "direction": "improves", "magnitude": "x"}],
        )
        for n in range(len(scores))
    ]  # fmt: skip
    scenarios = [
        ScenarioRow(id=new_id(), run_id=run.id, position=n, name=f"s{n + 1}", description="")
        for n in range(len(scores[0]))
    ]
    session.add_all([*candidates, *scenarios])
    session.flush()
    for candidate, row in zip(candidates, scores, strict=True):
        for scenario, pair in zip(scenarios, row, strict=True):
            if pair is not None:
                session.add(_evaluation(run.id, candidate.id, scenario.id, *pair))
    session.flush()
    return [c.id for c in candidates], [s.id for s in scenarios]


def _evaluation(run_id: str, candidate: str, scenario: str, p: float, r: float) -> EvaluationRow:
    return EvaluationRow(
        id=new_id(),
        run_id=run_id,
        candidate_id=candidate,
        scenario_id=scenario,
        P=p,
        R=r,
        constraint_satisfaction={"Safe": p, "Cheap": 1.0},
        explanation="because",
    )
