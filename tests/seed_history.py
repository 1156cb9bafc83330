"""Histories of runs with phases and usage, put straight into a database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from tests.seed import NO_TOTALS, START, add_phase, add_run

from crucible.models import Project, Run

HOUR = timedelta(hours=1)
# Six levels, so that no history is without any spread.
NOISE = (1.0, 1.04, 0.97, 1.02, 0.95, 1.06)
CONFIG = {
    "mode": "full_search",
    "num_candidates": 5,
    "num_scenarios": 8,
    "concurrency": 4,
    "timeout_seconds": 120.0,
    "model": "gpt-5-mini",
}
Made = dict[str, Any]


def usage(calls: int, *, tokens: int = 1_000, pico: int = 2_500_000_000, **fields: Any) -> Made:
    return {
        **NO_TOTALS,
        "call_count": calls,
        "input_tokens": calls * tokens * 8 // 10,
        "output_tokens": calls * tokens * 2 // 10,
        "total_tokens": calls * tokens,
        "cost_pico": calls * pico,
        "wasted_cost_pico": 0,
        "providers": {"openai": calls},
        "models": {"gpt-5-mini": calls},
        **fields,
    }


def ran(
    session: Session,
    project: Project,
    *,
    size: tuple[int, int] = (5, 8),
    slow: dict[str, float] | None = None,
    each: Callable[[int], Made] = lambda calls: {},
    **fields: Any,
) -> Run:
    """A run with phases; `slow` multiplies the time of phases, `each` changes usage."""
    place = project.last_run_number
    candidates, scenarios = size
    noise = NOISE[place % len(NOISE)]
    times = {"design": 10.0, "scenarios": 6.0, "evaluation": 5.0 * candidates * scenarios / 4}
    times = {name: took * noise * (slow or {}).get(name, 1.0) for name, took in times.items()}
    calls = {"design": 1, "scenarios": 1, "evaluation": candidates * scenarios}
    total = calls["evaluation"] + 2
    created = START + place * HOUR
    run = add_run(
        session,
        project,
        **{
            **usage(total, **each(total)),
            "config": {**CONFIG, "num_candidates": candidates, "num_scenarios": scenarios},
            "created_at": created,
            "updated_at": created + HOUR / 2,
            "completed_at": created + timedelta(seconds=sum(times.values())),
            "duration_seconds": round(sum(times.values()), 3),
            "candidate_count": candidates,
            "scenario_count": scenarios,
            "evaluation_count": candidates * scenarios,
            **fields,
        },
    )
    for name, took in times.items():
        made = usage(calls[name], **each(calls[name]))
        made |= {"expected": calls[name], "produced": calls[name]}
        add_phase(session, run, name, **made, duration_seconds=took, started_at=created)
    return run


def several(session: Session, project: Project, count: int, **how: Any) -> list[Run]:
    return [ran(session, project, **how) for _ in range(count)]
