"""Runs to be compared, for the tests of that."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session
from tests.seed import START, add_call, add_phase, add_run

from crucible.models import Project, Run
from crucible.services.compare import compare_runs
from crucible.services.ledger_sums import of_phases, of_run
from crucible.services.usage import COLUMNS

NOW = START + timedelta(hours=1)
MINI, DEAR = "genai-prices 1:openai/gpt-5-mini", "genai-prices 1:openai/gpt-5"
NO_CAUSE = {"calls": 0.0, "tokens": 0.0, "price": 0.0, "retries": 0.0}


def called(session: Session, project: Project, *calls: dict[str, Any], **fields: Any) -> Run:
    """A run with these calls on its ledger, and the totals that they add up to."""
    run = add_run(session, project, **fields)
    for call in calls:
        add_call(session, run, **{"price_source": MINI, **call})
    for (attempt, phase), sums in of_phases(session, run.id).items():
        add_phase(session, run, phase, attempt=attempt, **_columns(sums))
    for name, value in _columns(of_run(session, run.id)).items():
        setattr(run, name, value)
    session.flush()
    return run


def _columns(sums: dict[str, Any]) -> dict[str, Any]:
    return {name: sums[name] for name in COLUMNS}


def timed(session: Session, project: Project, seconds: dict[str, float], **fields: Any) -> Run:
    run = add_run(session, project, **fields)
    for name, took in seconds.items():
        add_phase(session, run, name, duration_seconds=took)
    return run


def compared(session: Session, base: Run, head: Run) -> dict[str, Any]:
    return compare_runs(session, base.id, head.id, NOW)


def causes(session: Session, base: Run, head: Run) -> dict[str, float]:
    """Those that took part, in US dollars."""
    split = compared(session, base, head)["cost_usd"]["causes"]
    return {name: part for name, part in split.items() if part}


def exact(*figures: float) -> Decimal:
    return sum((Decimal(repr(figure)) for figure in figures), Decimal(0))


def noted(found: dict[str, Any], words: str) -> bool:
    return any(words in note for note in found["notes"])
