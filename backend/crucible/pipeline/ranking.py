"""Ranking: a pure function of evaluations. Nothing is made up for a pair that is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from crucible.models.values import Candidate, Constraint, Evaluation, Standing

HARD_WEIGHT = 100
HARD_THRESHOLD = 0.5


def rank(
    constraints: Sequence[Constraint],
    candidates: Sequence[Candidate],
    scenario_count: int,
    evaluations: Sequence[Evaluation],
) -> list[Standing]:
    """Standings in order, rank 1 first.

    P and R are means over a candidate's evaluations and I = P / R of those means. Candidates
    without a hard violation stand first, then by I, then in the order they were proposed; those
    without evaluations have no scores and stand last.
    """
    of: Mapping[str, list[Evaluation]] = {c.id: [] for c in candidates}
    for evaluation in evaluations:
        of[evaluation.candidate_id].append(evaluation)
    standings = [_score(c.id, constraints, scenario_count, of[c.id]) for c in candidates]
    standings.sort(key=_order)
    return [replace(s, rank=place) for place, s in enumerate(standings, start=1)]


def _score(
    candidate_id: str,
    constraints: Sequence[Constraint],
    scenario_count: int,
    evaluations: Sequence[Evaluation],
) -> Standing:
    missing = scenario_count - len(evaluations)
    if not evaluations:
        return Standing(candidate_id, 0, None, None, None, {}, None, (), 0, missing)
    quality = fmean(e.P for e in evaluations)
    cost = fmean(e.R for e in evaluations)
    satisfaction = {
        c.name: fmean(scores)
        for c in constraints
        if (scores := [s for e in evaluations if (s := _satisfaction(e, c)) is not None])
    }
    return Standing(
        candidate_id=candidate_id,
        rank=0,
        P=quality,
        R=cost,
        I=quality / cost,
        constraint_satisfaction=satisfaction,
        weighted_satisfaction=_weighted(constraints, satisfaction),
        hard_violations=tuple(
            c.name
            for c in constraints
            if c.weight == HARD_WEIGHT and satisfaction.get(c.name, 1.0) < HARD_THRESHOLD
        ),
        evaluation_count=len(evaluations),
        missing_count=missing,
    )


def _satisfaction(evaluation: Evaluation, constraint: Constraint) -> float | None:
    return evaluation.constraint_satisfaction.get(constraint.name)


def _weighted(constraints: Sequence[Constraint], satisfaction: Mapping[str, float]) -> float | None:
    weight = sum(c.weight for c in constraints if c.name in satisfaction)
    if not weight:
        return None
    total = sum(c.weight * satisfaction[c.name] for c in constraints if c.name in satisfaction)
    return total / weight


def _order(standing: Standing) -> tuple[bool, bool, float]:
    if standing.I is None:
        return (True, False, 0.0)
    return (False, bool(standing.hard_violations), -standing.I)
