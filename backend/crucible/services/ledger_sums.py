"""Sums over the ledger and counts of results by the database itself, for comparison with what
the recorder wrote down while it went."""

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from crucible.models import CandidateRow, EvaluationRow, LLMCall, ScenarioRow
from crucible.models.values import Outcome

Sums = dict[str, Any]
Key = tuple[int, str]

_ANSWERED = LLMCall.outcome.in_((Outcome.OK, Outcome.INVALID))
_FAILED = LLMCall.outcome.not_in((Outcome.OK, Outcome.PENDING))
_UNREPORTED = or_(LLMCall.input_tokens.is_(None), LLMCall.output_tokens.is_(None))
_MODEL = func.coalesce(LLMCall.model_served, LLMCall.model_asked)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_SUMS: dict[str, ColumnElement[Any]] = {
    "call_count": func.count(),
    "failed_call_count": _count(_FAILED),
    "retry_count": _count(LLMCall.attempt > 1),
    "input_tokens": func.sum(LLMCall.input_tokens),
    "output_tokens": func.sum(LLMCall.output_tokens),
    "total_tokens": func.sum(LLMCall.input_tokens + LLMCall.output_tokens),
    "cached_input_tokens": func.sum(LLMCall.cached_input_tokens),
    "cache_write_tokens": func.sum(LLMCall.cache_write_tokens),
    "reasoning_tokens": func.sum(LLMCall.reasoning_tokens),
    "unmetered_call_count": _count(and_(_ANSWERED, _UNREPORTED)),
    "cost_pico": func.sum(LLMCall.cost_pico),
    "unpriced_call_count": _count(LLMCall.cost_pico.is_(None)),
    # Known as soon as any price is: NULL where every cost is NULL, else 0 for what was used.
    "wasted_cost_pico": func.sum(case((_FAILED, LLMCall.cost_pico), else_=LLMCall.cost_pico * 0)),
}
NOTHING: Sums = {
    **{name: 0 if name.endswith("_count") else None for name in _SUMS},
    "providers": {},
    "models": {},
}


def of_run(session: Session, run_id: str) -> Sums:
    """Totals of all calls of a run, by column name."""
    columns = [column.label(name) for name, column in _SUMS.items()]
    row = session.execute(select(*columns).where(LLMCall.run_id == run_id)).one()
    maps = {
        "providers": _by(session, run_id, LLMCall.provider),
        "models": _by(session, run_id, _MODEL),
    }
    return {**row._asdict(), **maps}


def of_phases(session: Session, run_id: str) -> dict[Key, Sums]:
    """The same by attempt of the run and phase."""
    key = (LLMCall.run_attempt, LLMCall.phase)
    columns = [column.label(name) for name, column in _SUMS.items()]
    rows = session.execute(select(*key, *columns).where(LLMCall.run_id == run_id).group_by(*key))
    maps = {
        name: _by_phase(session, run_id, column)
        for name, column in (("providers", LLMCall.provider), ("models", _MODEL))
    }
    found: dict[Key, Sums] = {}
    for row in rows:
        sums = row._asdict()
        place = (sums.pop("run_attempt"), sums.pop("phase"))
        found[place] = {**sums, **{name: by_phase[place] for name, by_phase in maps.items()}}
    return found


def pending(session: Session, run_id: str) -> int:
    """Calls on their way."""
    asked = select(func.count()).where(LLMCall.run_id == run_id, LLMCall.outcome == Outcome.PENDING)
    return session.scalar(asked) or 0


def made(session: Session, run_id: str) -> dict[str, int]:
    """How many candidates, scenarios and evaluations there are."""
    tables = {
        "candidate_count": CandidateRow.run_id,
        "scenario_count": ScenarioRow.run_id,
        "evaluation_count": EvaluationRow.run_id,
    }
    return {
        name: session.scalar(select(func.count()).where(column == run_id)) or 0
        for name, column in tables.items()
    }


def _by(session: Session, run_id: str, column: Any) -> dict[str, int]:
    rows = session.execute(
        select(column, func.count()).where(LLMCall.run_id == run_id).group_by(column)
    )
    return {name: count for name, count in rows}


def _by_phase(session: Session, run_id: str, column: Any) -> dict[Key, dict[str, int]]:
    key = (LLMCall.run_attempt, LLMCall.phase, column)
    rows = session.execute(
        select(*key, func.count()).where(LLMCall.run_id == run_id).group_by(*key)
    )
    found: dict[Key, dict[str, int]] = defaultdict(dict)
    for attempt, phase, name, count in rows:
        found[attempt, phase][name] = count
    return found
