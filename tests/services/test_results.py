import pytest
from sqlalchemy.orm import Session
from tests.seed import add_project, add_results, add_run, failed, live

from crucible.errors import NotFound
from crucible.models import MissingRow
from crucible.services.results import get_results


def test_candidates_stand_in_order_with_means_and_violations(session: Session) -> None:
    run = add_run(session, add_project(session), cost_pico=4 * 10**12, call_count=4)
    # A breaks the hard constraint (its mean is below 0.5), B does not, C was never evaluated.
    ids, _ = add_results(session, run, [[(0.4, 0.1), (0.5, 0.1)], [(0.6, 1), (0.8, 3)], [None] * 2])
    found = get_results(session, run.id)

    assert [c["title"] for c in found["candidates"]] == ["B", "A", "C"]
    best, broken, unscored = found["candidates"]
    assert (best["P"], best["R"], best["I"]) == (0.7, 2.0, 0.35)
    assert best["constraint_satisfaction"] == {"Safe": 0.7, "Cheap": 1.0}
    assert best["weighted_satisfaction"] == pytest.approx((100 * 0.7 + 40) / 140)
    assert broken["hard_violations"] == ["Safe"]
    assert (unscored["P"], unscored["I"], unscored["weighted_satisfaction"]) == (None, None, None)
    assert unscored["missing_count"] == 2
    assert [s["name"] for s in found["scenarios"]] == ["s1", "s2"]
    assert "cost" not in found, "what they cost is said once, as `spend`"
    assert (found["spend"]["cost_usd"], found["spend"]["cost_per_candidate_usd"]) == (4.0, 2.0)


def test_a_missing_pair_says_why(session: Session) -> None:
    run = add_run(session, add_project(session), **failed())
    (a,), (s1, s2, _) = add_results(session, run, [[None, None, (0.5, 1)]])
    session.add(
        MissingRow(run_id=run.id, candidate_id=a, scenario_id=s1, reason="answered in prose")
    )
    session.flush()

    assert get_results(session, run.id)["missing"] == [
        {"candidate_id": a, "scenario_id": s1, "reason": "answered in prose"},
        {
            "candidate_id": a,
            "scenario_id": s2,
            "reason": "not attempted: the run failed before it",
        },
    ]


def test_a_live_run_is_ranked_by_what_there_is(session: Session) -> None:
    run = add_run(session, add_project(session), **live())
    add_results(session, run, [[(0.5, 1), None]])
    found = get_results(session, run.id)

    assert found["candidates"][0]["I"] == 0.5
    assert "under way" in found["missing"][0]["reason"]


def test_a_run_that_made_nothing_has_empty_results(session: Session) -> None:
    run = add_run(session, add_project(session), config={})
    found = get_results(session, run.id)

    assert (found["candidates"], found["scenarios"], found["missing"]) == ([], [], [])
    assert found["spend"]["cost_per_evaluation_usd"] is None


def test_unknown_runs_are_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        get_results(session, "nope")
