"""Saves what a run makes, and reads back what stands."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from crucible.models import CandidateRow, EvaluationRow, MissingRow, Run, ScenarioRow
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


def save(session: Session, run_id: str, product: Product) -> None:
    """Adds the rows and counts them on the run."""
    for kind, table, count in (
        (Candidate, CandidateRow, Run.candidate_count),
        (Scenario, ScenarioRow, Run.scenario_count),
        (Evaluation, EvaluationRow, Run.evaluation_count),
    ):
        made = [item for item in product if isinstance(item, kind)]
        if not made:
            continue
        rows = [{**asdict(item), "run_id": run_id} for item in made]
        if table is not EvaluationRow:
            start = session.scalar(select(func.count()).where(table.run_id == run_id)) or 0
            rows = [{**row, "position": start + n} for n, row in enumerate(rows)]
        session.execute(insert(table), rows)
        session.execute(
            update(Run).where(Run.id == run_id).values({count: func.coalesce(count, 0) + len(made)})
        )


def save_missing(session: Session, run_id: str, missing: Sequence[MissingEvaluation]) -> None:
    for pair in missing:
        session.merge(MissingRow(run_id=run_id, **asdict(pair)))


def save_ranking(session: Session, standings: Sequence[Standing]) -> None:
    for standing in standings:
        session.execute(
            update(CandidateRow)
            .where(CandidateRow.id == standing.candidate_id)
            .values(
                {
                    CandidateRow.rank: standing.rank,
                    CandidateRow.P: standing.P,
                    CandidateRow.R: standing.R,
                    CandidateRow.I: standing.I,
                    CandidateRow.weighted_satisfaction: standing.weighted_satisfaction,
                    CandidateRow.hard_violations: list(standing.hard_violations),
                }
            )
        )


def load(session: Session, run_id: str) -> Produced:
    candidates = session.scalars(
        select(CandidateRow).where(CandidateRow.run_id == run_id).order_by(CandidateRow.position)
    )
    scenarios = session.scalars(
        select(ScenarioRow).where(ScenarioRow.run_id == run_id).order_by(ScenarioRow.position)
    )
    evaluations = session.scalars(
        select(EvaluationRow).where(EvaluationRow.run_id == run_id).order_by(EvaluationRow.id)
    )
    return Produced(
        candidates=[
            Candidate(c.id, c.title, c.description, c.origin, c.predicted_effects)
            for c in candidates
        ],
        scenarios=[Scenario(s.id, s.name, s.description) for s in scenarios],
        evaluations=[
            Evaluation(
                e.id,
                e.candidate_id,
                e.scenario_id,
                e.P,
                e.R,
                e.constraint_satisfaction,
                e.explanation,
            )
            for e in evaluations
        ],
    )
