"""What a run's results cost: its spend, set against what it made."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crucible.models import EvaluationRow
from crucible.services.usage import usd, wasted


def spend(
    totals: Mapping[str, Any], evaluation_count: int | None, ranked_count: int | None
) -> dict[str, Any]:
    """`{cost_usd, cost_per_evaluation_usd, cost_per_candidate_usd, wasted_cost_usd, wasted_share,
    unpriced_call_count}` from totals by column name.

    A candidate counts when it is ranked by a score. Figures for one are rounded half-even to
    whole pico-dollars; `wasted_share` is 0 to 1 of the cost. None = unknown, or nothing to
    divide by; with unpriced calls, the costs are lower bounds.
    """
    cost, lost = totals["cost_pico"], wasted(totals)
    return {
        "cost_usd": usd(cost),
        "cost_per_evaluation_usd": usd(_each(cost, evaluation_count)),
        "cost_per_candidate_usd": usd(_each(cost, ranked_count)),
        "wasted_cost_usd": usd(lost),
        "wasted_share": None if lost is None or not cost else lost / cost,
        "unpriced_call_count": totals["unpriced_call_count"],
    }


def ranked_count(session: Session, run_id: str) -> int:
    """How many candidates have a score to be ranked by: those with an evaluation."""
    candidates = func.count(func.distinct(EvaluationRow.candidate_id))
    return session.scalar(select(candidates).where(EvaluationRow.run_id == run_id)) or 0


def _each(pico: int | None, count: int | None) -> int | None:
    return None if pico is None or not count else round(Fraction(pico, count))
