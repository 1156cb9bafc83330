"""Two runs side by side: time, counts, scores, and what is said of them."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session
from tests.seed import add_phase, add_project, add_results, add_run, failed, live
from tests.services.comparing import NO_CAUSE, NOW, called, compared, noted, timed

from crucible.errors import Ambiguous, NotFound
from crucible.models import CandidateRow, Project
from crucible.services.compare import compare_runs, resolve_both


@pytest.fixture
def project(session: Session) -> Project:
    return add_project(session)


def test_time_is_split_by_phase_and_what_lies_between(session: Session, project: Project) -> None:
    base = timed(session, project, {"design": 9.1, "evaluation": 55.003}, duration_seconds=73.412)
    head = timed(
        session,
        project,
        {"design": 4.0, "scenarios": 0.2, "evaluation": 60.1, "ranking": 0.003},
        duration_seconds=80.0,
    )
    assert compared(session, base, head)["duration_seconds"] == {
        "base": 73.412,
        "head": 80.0,
        "delta": 6.588,
        "base_phases": {"design": 9.1, "evaluation": 55.003, "other": 9.309},
        "head_phases": {
            "design": 4.0,
            "scenarios": 0.2,
            "evaluation": 60.1,
            "ranking": 0.003,
            "other": 15.697,
        },
        "phases": {
            "design": -5.1,
            "scenarios": 0.2,
            "evaluation": 5.097,
            "ranking": 0.003,
            "other": 6.388,
        },
    }


def test_a_live_run_counts_up_to_now(session: Session, project: Project) -> None:
    base = timed(session, project, {"design": 2.0})
    head = add_run(session, project, **live(NOW - timedelta(seconds=4)))
    running = {"status": "running", "completed_at": None, "duration_seconds": None}
    add_phase(session, head, "design", started_at=NOW - timedelta(seconds=3), **running)
    found = compared(session, base, head)

    assert found["duration_seconds"]["head"] == 4.0
    assert found["duration_seconds"]["phases"] == {"design": 1.0, "other": -7.0}
    assert noted(found, "Head #2 is still going")


def test_a_run_that_has_not_begun_has_no_duration(session: Session, project: Project) -> None:
    waiting = {"started_at": None, "completed_at": None, "duration_seconds": None}
    head = add_run(session, project, status="created", **waiting)
    found = compared(session, add_run(session, project), head)

    assert found["duration_seconds"]["base"] == 10.0
    assert [found["duration_seconds"][key] for key in ("head", "delta", "phases")] == [None] * 3
    assert noted(found, "Head #1 has not begun.")


def test_a_resumed_run_sums_its_attempts(session: Session, project: Project) -> None:
    head = timed(session, project, {"design": 2.0}, attempt=2, duration_seconds=11.5)
    add_phase(session, head, "evaluation", attempt=1, status="failed", duration_seconds=3.0)
    add_phase(session, head, "evaluation", attempt=2, duration_seconds=4.5)
    found = compared(session, timed(session, project, {"design": 2.0}), head)

    assert found["duration_seconds"]["phases"] == {
        "design": 0.0,
        "evaluation": 7.5,
        "other": -6.0,
    }
    assert noted(found, "Head #1 was resumed: its duration is the sum of 2 attempts")


def test_a_failed_run_keeps_what_it_took(session: Session, project: Project) -> None:
    base = called(session, project, {}, {"phase": "evaluation"})
    head = called(session, project, {}, {"phase": "evaluation", "outcome": "timeout"}, **failed())
    found = compared(session, base, head)

    assert found["head"]["status"] == "failed" and noted(found, "Head #2 failed.")
    assert found["duration_seconds"]["phases"] == {"design": 0, "evaluation": 0, "other": 0}
    assert found["counts"]["failed_call_count"] == {"base": 0, "head": 1, "delta": 1}


def test_a_run_against_itself_differs_by_nothing(session: Session, project: Project) -> None:
    run = called(session, project, {}, {"phase": "evaluation", "outcome": "error"})
    found = compared(session, run, run)

    assert found["cost_usd"]["causes"] == NO_CAUSE
    assert found["duration_seconds"]["delta"] == 0
    assert {pair["delta"] for pair in found["counts"].values()} == {0}
    assert noted(found, "compared with itself")


def test_what_was_made_stands_side_by_side(session: Session, project: Project) -> None:
    base = add_run(session, project, candidate_count=5, scenario_count=8, evaluation_count=40)
    head = add_run(session, project, candidate_count=3, scenario_count=8)
    head.evaluation_count = None
    (a, b), _ = add_results(session, head, [[(0.5, 1.0)], [(0.9, 2.0)]])
    for place, (candidate, score) in enumerate(((b, 0.3), (a, 0.1)), start=1):
        row = session.get_one(CandidateRow, candidate)
        row.rank, row.I = place, score
    session.flush()
    found = compared(session, base, head)

    assert found["counts"]["candidate_count"] == {"base": 5, "head": 3, "delta": -2}
    assert found["counts"]["evaluation_count"] == {"base": 40, "head": None, "delta": None}
    assert found["best_I"] == {"base": None, "head": 0.3, "delta": None}
    assert compared(session, head, head)["best_I"]["delta"] == 0.0


def test_notes_say_where_two_runs_are_not_alike(session: Session, project: Project) -> None:
    base = add_run(session, project, config={"num_candidates": 5, "num_scenarios": 8})
    other = add_project(session, title="second")
    config = {"num_candidates": 1, "num_scenarios": 8}
    head = add_run(session, other, mode="seeded", config=config)
    assert compared(session, base, head)["notes"][:3] == [
        "The runs belong to different projects.",
        "The modes differ: full_search against seeded.",
        "The sizes asked for differ: 5 candidates and 8 scenarios against 1 candidate and "
        "8 scenarios.",
    ]


def test_alike_runs_have_no_notes(session: Session, project: Project) -> None:
    found = compared(session, called(session, project, {}), called(session, project, {}))
    assert found["notes"] == []


def test_a_number_counts_in_the_project_of_the_base(session: Session, project: Project) -> None:
    first = add_run(session, project)
    second = add_project(session, title="second")
    base, head = add_run(session, second), add_run(session, second)

    assert resolve_both(session, base.id, "#2") == (base.id, head.id)
    assert resolve_both(session, base.id, first.id) == (base.id, first.id)
    assert resolve_both(session, "1", "1", project.id) == (first.id, first.id)
    for names, error in (
        ((base.id, "3"), NotFound),
        (("nope", base.id), NotFound),
        (("1", base.id), Ambiguous),
        ((base.id, base.id[:8]), Ambiguous),
    ):
        with pytest.raises(error):
            resolve_both(session, *names)


def test_unknown_runs_are_not_found(session: Session, project: Project) -> None:
    run = add_run(session, project)
    for base, head in ((run.id, "nope"), ("nope", run.id)):
        with pytest.raises(NotFound):
            compare_runs(session, base, head, NOW)
