"""A history in which something went wrong, put straight into the database: nobody waits for it."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from tests.seed import add_phase, add_run, failed

from crucible.clock import SystemClock
from crucible.models import Project, Run

USUAL = {"design": 4.0, "scenarios": 5.0, "evaluation": 31.0, "ranking": 0.003}
PICO = 10**12
_SIZE = {"candidates": [], "num_candidates": 5, "num_scenarios": 8, "concurrency": 4}


def add_troubled_runs(session: Session, project_id: str, usual: int = 14, slow: int = 3) -> None:
    """`usual` runs, one of which failed, then `slow` ones whose evaluation takes four times as
    long. The last of them ended a moment ago."""
    project = session.get_one(Project, project_id)
    runs = usual + slow
    for place in range(runs):
        ago = timedelta(hours=3 * (runs - place))
        # Not all alike, and the same each time.
        factor = (4.0 if place >= usual else 1.0) * (1 + 0.03 * (place % 5 - 2))
        _add(session, project, ago, factor, fails=place == usual // 2)


def _add(session: Session, project: Project, ago: timedelta, factor: float, *, fails: bool) -> Run:
    took = {**USUAL, "evaluation": USUAL["evaluation"] * factor}
    if fails:
        del took["ranking"]
    seconds = sum(took.values())
    created = SystemClock().now() - ago
    made = {"candidate_count": 5, "scenario_count": 8, "evaluation_count": 31 if fails else 40}
    ended = failed(error_occurred_at=created) if fails else {}
    run = add_run(
        session,
        project,
        config={"mode": "full_search", "model": "gpt-5-mini", "provider": "openai", **_SIZE},
        created_at=created,
        completed_at=created + timedelta(seconds=seconds),
        ledger="absent",
        duration_seconds=seconds,
        **{**_spent(42, seconds), **made, **ended},
    )
    start = created
    for name, spent in took.items():
        expected = {"design": 5, "scenarios": 8, "evaluation": 40, "ranking": 5}[name]
        calls = {"design": 1, "scenarios": 1, "evaluation": 40, "ranking": 0}[name]
        broke = fails and name == "evaluation"
        add_phase(
            session,
            run,
            name,
            status="failed" if broke else "completed",
            started_at=start,
            completed_at=start + timedelta(seconds=spent),
            duration_seconds=spent,
            expected=expected,
            produced=31 if broke else expected,
            **_spent(calls, spent),
        )
        start += timedelta(seconds=spent)
    return run


def _spent(calls: int, seconds: float) -> dict[str, Any]:
    if calls == 0:
        return {}
    tokens = 1500 * calls + round(seconds)
    return {
        "call_count": calls,
        "input_tokens": 1280 * calls,
        "output_tokens": tokens - 1280 * calls,
        "total_tokens": tokens,
        "cost_pico": round(0.0021 * PICO) * calls,
        "models": {"gpt-5-mini": calls},
        "providers": {"openai": calls},
    }
