from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import PROBLEM, add_project

from crucible import config
from crucible.errors import Invalid, NotFound, Precondition
from crucible.models import Project, Run
from crucible.services.projects import replace_project
from crucible.services.runs import get_run, start_run

SETTINGS = config.load(
    {
        "CRUCIBLE_LLM_BASE_URL": "http://127.0.0.1:9/v1",
        "CRUCIBLE_DATABASE_URL": "sqlite:////tmp/not-used.sqlite3",
    }
)
LOCAL = replace(SETTINGS, llm="local", llm_model="qwen", llm_provider="local")
A, B = {"title": "A", "description": "a"}, {"title": "B"}


@pytest.fixture
def project(session: Session) -> Project:
    return add_project(session)


def started(session: Session, project: Project, request: dict[str, Any]) -> dict[str, Any]:
    run_id = start_run(session, FakeClock(), SETTINGS, project.id, request)
    found: dict[str, Any] = session.get_one(Run, run_id).config
    return found


def test_an_empty_request_takes_every_default(session: Session, project: Project) -> None:
    assert started(session, project, {}) == {
        "mode": "full_search",
        "num_candidates": 5,
        "num_scenarios": 8,
        "model": "gpt-5-mini",
        "provider": "openai",
        "candidates": [],
        "concurrency": 4,
        "max_retries": 2,
        "timeout_seconds": 120.0,
        "problem": PROBLEM,
    }


def test_runs_are_numbered_and_begin_as_created(
    session: Session, project: Project, clock: FakeClock
) -> None:
    ids = [start_run(session, clock, SETTINGS, project.id, {"label": "x"}) for _ in range(2)]
    shown = [get_run(session, run_id, clock.now()) for run_id in ids]

    assert [run["number"] for run in shown] == [1, 2]
    assert {run["status"] for run in shown} == {"created"}
    assert shown[0]["label"] == "x"


def test_a_run_keeps_the_problem_as_it_stood(
    session: Session, project: Project, clock: FakeClock
) -> None:
    run_id = start_run(session, clock, SETTINGS, project.id, {})
    replace_project(session, clock, project.id, {"title": "changed"})

    assert get_run(session, run_id, clock.now())["config"]["problem"]["title"] == "Checkout p99"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"num_candidates": 3}, 3),
        ({"mode": "eval_only", "candidates": [A, B]}, 2),
        ({"mode": "eval_only", "candidates": [A], "num_candidates": 1}, 1),
        ({"mode": "seeded", "candidates": [A]}, 5),
        ({"mode": "seeded", "candidates": [A], "num_candidates": 1}, 1),
        ({"mode": "seeded", "candidates": [{"title": str(n)} for n in range(7)]}, 7),
    ],
)
def test_number_of_candidates(
    session: Session, project: Project, request_: dict[str, Any], expected: int
) -> None:
    assert started(session, project, request_)["num_candidates"] == expected


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"candidates": [A]}, "candidates"),
        ({"mode": "eval_only"}, "candidates"),
        ({"mode": "seeded", "candidates": []}, "candidates"),
        ({"mode": "eval_only", "candidates": [A], "num_candidates": 2}, "num_candidates"),
        ({"mode": "seeded", "candidates": [A, B], "num_candidates": 1}, "num_candidates"),
        ({"mode": "seeded", "candidates": [A, B, {"title": " A"}]}, "candidates[2].title"),
    ],
)
def test_what_does_not_fit_together_is_named(
    session: Session, project: Project, request_: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as raised:
        started(session, project, request_)

    assert list(raised.value.errors) == [field]


def test_the_embedded_model_is_the_only_one_it_can_be(
    session: Session, project: Project, clock: FakeClock
) -> None:
    start_run(session, clock, LOCAL, project.id, {"model": "qwen"})
    with pytest.raises(Invalid) as raised:
        start_run(session, clock, LOCAL, project.id, {"model": "gpt-5"})

    assert list(raised.value.errors) == ["model"]


def test_what_is_reserved_starts_nothing(
    session: Session, project: Project, clock: FakeClock
) -> None:
    with pytest.raises(Precondition) as raised:
        start_run(session, clock, replace(SETTINGS, llm="kosmos"), project.id, {})

    assert raised.value.hint


def test_a_run_needs_its_project(session: Session, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        start_run(session, clock, SETTINGS, "nope", {})
