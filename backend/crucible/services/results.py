"""What a run made, ranked from its rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.errors import NotFound
from crucible.models import CandidateRow, EvaluationRow, MissingRow, Project, Run, ScenarioRow
from crucible.models.values import Candidate, Constraint, Evaluation, Scenario, Standing, Status
from crucible.pipeline.ranking import rank
from crucible.services.lost import status_of
from crucible.services.spend import spend
from crucible.services.usage import COLUMNS as USAGE

_NOT_YET = {
    Status.CREATED: "not attempted yet: the run has not begun",
    Status.RUNNING: "not attempted yet: the run is under way",
    Status.COMPLETED: "no reason is on record",
    Status.FAILED: "not attempted: the run failed before it",
    Status.CANCELLED: "not attempted: the run was cancelled before it",
}


def get_results(session: Session, run_id: str) -> dict[str, Any]:
    """The results of the contract, ranked anew from the rows: of a run that ended early, or is
    still under way, what there is. Raises NotFound."""
    run = _run(session, run_id)
    constraints = constraints_of(run["config"])
    candidates, scenarios = candidates_of(session, run_id), scenarios_of(session, run_id)
    evaluations = evaluations_of(session, run_id)
    standings = rank(constraints, candidates, len(scenarios), evaluations)
    return {
        "run_id": run_id,
        "number": run["number"],
        "status": run["status"],
        "project_id": run["project_id"],
        "project_title": run["project_title"],
        "constraints": [
            {"name": c.name, "description": c.description, "weight": c.weight} for c in constraints
        ],
        "candidates": _candidates(standings, candidates, scenarios, evaluations),
        "scenarios": [
            {"id": s.id, "name": s.name, "description": s.description} for s in scenarios
        ],
        "missing": _missing(session, run, standings, scenarios, evaluations),
        "spend": spend(run, run["evaluation_count"], _scored(standings)),
    }


def constraints_of(config: Mapping[str, Any]) -> list[Constraint]:
    """The constraints the run was judged by; none in history that came without its problem."""
    problem = config.get("problem") or {}
    return [
        Constraint(c["name"], c.get("description", ""), c["weight"])
        for c in problem.get("constraints") or []
    ]


def candidates_of(session: Session, run_id: str) -> list[Candidate]:
    rows = session.execute(
        select(
            CandidateRow.id,
            CandidateRow.title,
            CandidateRow.description,
            CandidateRow.origin,
            CandidateRow.predicted_effects,
        )
        .where(CandidateRow.run_id == run_id)
        .order_by(CandidateRow.position)
    )
    return [Candidate(*row) for row in rows]


def scenarios_of(session: Session, run_id: str) -> list[Scenario]:
    rows = session.execute(
        select(ScenarioRow.id, ScenarioRow.name, ScenarioRow.description)
        .where(ScenarioRow.run_id == run_id)
        .order_by(ScenarioRow.position)
    )
    return [Scenario(*row) for row in rows]


def evaluations_of(session: Session, run_id: str) -> list[Evaluation]:
    # In the order in which the pipeline reads them, so that sums of floats come out the same.
    rows = session.execute(
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
    return [Evaluation(*row) for row in rows]


def _run(session: Session, run_id: str) -> dict[str, Any]:
    found = session.execute(
        select(
            Run.number,
            Run.status,
            Run.config,
            Run.project_id,
            Project.title.label("project_title"),
            *(getattr(Run, name) for name in USAGE),
            Run.evaluation_count,
        )
        .join(Project, Project.id == Run.project_id)
        .where(Run.id == run_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"there is no run {run_id}")
    status = status_of(session, run_id, found.status)
    return {**found._asdict(), "id": run_id, "status": status}


def _candidates(
    standings: Sequence[Standing],
    candidates: Sequence[Candidate],
    scenarios: Sequence[Scenario],
    evaluations: Sequence[Evaluation],
) -> list[dict[str, Any]]:
    by_id = {candidate.id: candidate for candidate in candidates}
    place = {scenario.id: position for position, scenario in enumerate(scenarios)}
    of: dict[str, list[Evaluation]] = defaultdict(list)
    for evaluation in sorted(evaluations, key=lambda e: place.get(e.scenario_id, 0)):
        of[evaluation.candidate_id].append(evaluation)
    return [_candidate(s, by_id[s.candidate_id], of[s.candidate_id]) for s in standings]


def _candidate(
    standing: Standing, candidate: Candidate, evaluations: Sequence[Evaluation]
) -> dict[str, Any]:
    return {
        "id": candidate.id,
        "rank": standing.rank,
        "title": candidate.title,
        "description": candidate.description,
        "origin": candidate.origin,
        "predicted_effects": list(candidate.predicted_effects or []),
        "P": standing.P,
        "R": standing.R,
        "I": standing.I,
        "constraint_satisfaction": dict(standing.constraint_satisfaction),
        "weighted_satisfaction": standing.weighted_satisfaction,
        "hard_violations": list(standing.hard_violations),
        "evaluation_count": standing.evaluation_count,
        "missing_count": standing.missing_count,
        "evaluations": [
            {
                "scenario_id": e.scenario_id,
                "P": e.P,
                "R": e.R,
                "constraint_satisfaction": dict(e.constraint_satisfaction),
                "explanation": e.explanation,
            }
            for e in evaluations
        ],
    }


def _missing(
    session: Session,
    run: Mapping[str, Any],
    standings: Sequence[Standing],
    scenarios: Sequence[Scenario],
    evaluations: Sequence[Evaluation],
) -> list[dict[str, Any]]:
    done = {(e.candidate_id, e.scenario_id) for e in evaluations}
    rows = session.execute(
        select(MissingRow.candidate_id, MissingRow.scenario_id, MissingRow.reason).where(
            MissingRow.run_id == run["id"]
        )
    )
    reasons = {(row.candidate_id, row.scenario_id): row.reason for row in rows}
    otherwise = _NOT_YET[Status(run["status"])]
    return [
        {
            "candidate_id": standing.candidate_id,
            "scenario_id": scenario.id,
            "reason": reasons.get((standing.candidate_id, scenario.id), otherwise),
        }
        for standing in standings
        for scenario in scenarios
        if (standing.candidate_id, scenario.id) not in done
    ]


def _scored(standings: Sequence[Standing]) -> int:
    return sum(standing.I is not None for standing in standings)
