"""Saves what a run makes, and reads back what stands."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Insert, Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from crucible.models import CandidateRow, EvaluationRow, MissingRow, ScenarioRow
from crucible.models.values import (
    Candidate,
    Evaluation,
    MissingEvaluation,
    Scenario,
    Standing,
)
from crucible.scrub import Scrubber

Product = Sequence[Candidate] | Sequence[Scenario] | Sequence[Evaluation]


@dataclass
class Produced:
    """Everything a run has made so far."""

    candidates: list[Candidate] = field(default_factory=list)
    scenarios: list[Scenario] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)


def scrubbed(product: Product, scrub: Scrubber) -> Product:
    """The same without configured secrets, should a model have repeated one."""
    return [replace(item, **_clean_texts(item, scrub)) for item in product]  # type: ignore[return-value]


def _clean_texts(item: Any, scrub: Scrubber) -> dict[str, Any]:
    return {name: _clean(value, scrub) for name, value in vars(item).items()}


def _clean(value: Any, scrub: Scrubber) -> Any:
    if isinstance(value, str):
        return scrub.known(value)
    if isinstance(value, list | tuple):
        return [_clean(each, scrub) for each in value]
    if isinstance(value, dict):
        # Keys are ours: the names of fields and of constraints.
        return {name: _clean(each, scrub) for name, each in value.items()}
    return value


def save(session: Session | Connection, run_id: str, product: Product) -> dict[str, int]:
    """Adds the rows; returns by how many each count of the run grows."""
    counts = {}
    for kind, table, insertion, count in _KINDS:
        made = [item for item in product if isinstance(item, kind)]
        if not made:
            continue
        rows = [_row(item, run_id) for item in made]
        if kind is not Evaluation:
            counted = select(func.count()).where(table.c.run_id == run_id)
            start = session.scalar(counted) or 0
            rows = [{**row, "position": start + n} for n, row in enumerate(rows)]
        session.execute(insertion, rows)
        counts[count] = len(made)
    return counts


def _row(item: Candidate | Scenario | Evaluation, run_id: str) -> dict[str, Any]:
    # The columns of the contract's symbols are in small letters.
    return {"run_id": run_id, **{name.lower(): value for name, value in vars(item).items()}}


def _kind(kind: type, table: Any, count: str) -> tuple[type, Table, Insert, str]:
    return kind, table.__table__, insert(table.__table__), count


# Statements made once.
_KINDS = (
    _kind(Candidate, CandidateRow, "candidate_count"),
    _kind(Scenario, ScenarioRow, "scenario_count"),
    _kind(Evaluation, EvaluationRow, "evaluation_count"),
)


def save_missing(session: Session, run_id: str, missing: Sequence[MissingEvaluation]) -> None:
    for pair in missing:
        session.merge(MissingRow(run_id=run_id, **asdict(pair)))


def save_ranking(session: Session, standings: Sequence[Standing]) -> None:
    if not standings:
        return
    table: Table = CandidateRow.__table__  # type: ignore[assignment]
    rows = [
        {
            "of_candidate": standing.candidate_id,
            "rank": standing.rank,
            "p": standing.P,
            "r": standing.R,
            "i": standing.I,
            "weighted_satisfaction": standing.weighted_satisfaction,
            "hard_violations": list(standing.hard_violations),
        }
        for standing in standings
    ]
    ranking = update(table).where(table.c.id == bindparam("of_candidate"))
    session.execute(ranking, rows)


def load(session: Session, run_id: str) -> Produced:
    candidates = session.scalars(
        select(CandidateRow).where(CandidateRow.run_id == run_id).order_by(CandidateRow.position)
    )
    scenarios = session.scalars(
        select(ScenarioRow).where(ScenarioRow.run_id == run_id).order_by(ScenarioRow.position)
    )
    # There are many: as objects of the session they would cost three times as much.
    evaluations = session.execute(
        select(
            EvaluationRow.id,
            EvaluationRow.candidate_id,
            EvaluationRow.scenario_id,
            EvaluationRow.P,
            EvaluationRow.R,
            EvaluationRow.constraint_satisfaction,
            EvaluationRow.explanation,
        )
        .where(EvaluationRow.run_id == run_id)
        .order_by(EvaluationRow.id)
    )
    return Produced(
        candidates=[
            Candidate(c.id, c.title, c.description, c.origin, c.predicted_effects)
            for c in candidates
        ],
        scenarios=[Scenario(s.id, s.name, s.description) for s in scenarios],
        evaluations=[Evaluation(*row) for row in evaluations],
    )
