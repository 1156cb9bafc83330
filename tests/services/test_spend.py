"""What results cost: unknown stays unknown, and both surfaces say the same."""

from typing import Any

import pytest
from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import NO_TOTALS, add_project, add_results, add_run

from crucible.services.results import get_results
from crucible.services.runs import get_run
from crucible.services.spend import spend

NOTHING_TO_DIVIDE_BY = {"cost_per_evaluation_usd": None, "cost_per_candidate_usd": None}


def totals(**given: Any) -> dict[str, Any]:
    return {**NO_TOTALS, "call_count": 4, "cost_pico": 10, "wasted_cost_pico": 4, **given}


def test_spend_is_set_against_what_was_made() -> None:
    priced = totals(cost_pico=4 * 10**12, wasted_cost_pico=10**12, unpriced_call_count=2)
    assert spend(priced, 40, 5) == {
        "cost_usd": 4.0,
        "cost_per_evaluation_usd": 0.1,
        "cost_per_candidate_usd": 0.8,
        "wasted_cost_usd": 1.0,
        "wasted_share": 0.25,
        "unpriced_call_count": 2,
    }


@pytest.mark.parametrize(("count", "pico"), [(4, 2), (3, 3), (7, 1), (20, 0), (6, 2)])
def test_figures_for_one_are_whole_pico_dollars_rounded_half_even(count: int, pico: int) -> None:
    assert spend(totals(), count, count)["cost_per_evaluation_usd"] == pico / 10**12
    assert spend(totals(), count, count)["cost_per_candidate_usd"] == pico / 10**12


@pytest.mark.parametrize("count", [0, None])
def test_there_may_be_nothing_to_divide_by(count: int | None) -> None:
    assert spend(totals(), count, count).items() >= NOTHING_TO_DIVIDE_BY.items()


def test_an_unknown_cost_is_never_zero() -> None:
    found = spend(totals(cost_pico=None, wasted_cost_pico=None, failed_call_count=1), 4, 2)
    assert set(found.values()) == {None, 0} and found["unpriced_call_count"] == 0


def test_a_free_run_costs_nothing_and_has_no_share_of_waste() -> None:
    found = spend(totals(cost_pico=0, wasted_cost_pico=0), 4, 2)
    assert (found["cost_usd"], found["cost_per_evaluation_usd"]) == (0.0, 0.0)
    assert (found["wasted_cost_usd"], found["wasted_share"]) == (0.0, None)


def test_detail_and_results_say_the_same(session: Session, clock: FakeClock) -> None:
    run = add_run(session, add_project(session), **totals(cost_pico=9), evaluation_count=3)
    # The second candidate has no evaluation and so no score to be ranked by.
    add_results(session, run, [[(0.5, 1.0), (0.5, 1.0)], [None, None], [(0.1, 1.0), None]])
    found = get_results(session, run.id)["spend"]

    assert found == get_run(session, run.id, clock.now())["spend"]
    assert found["cost_per_evaluation_usd"] == 3e-12
    assert found["cost_per_candidate_usd"] == 4e-12
