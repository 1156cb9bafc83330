from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import (
    PROBLEM,
    START,
    add_attempt,
    add_call,
    add_phase,
    add_project,
    add_results,
    add_run,
    failed,
    live,
)

from crucible.errors import Conflict, NotFound
from crucible.models import CandidateRow, EvaluationRow, LLMCall, Run, RunAttempt, RunPhase
from crucible.services.projects import (
    create_project,
    delete_project,
    get_project,
    list_projects,
    replace_project,
)

NOW = START + timedelta(days=1)


def test_a_project_comes_back_as_it_was_given(session: Session, clock: FakeClock) -> None:
    made = create_project(session, clock, PROBLEM)

    assert {name: made[name] for name in PROBLEM} == PROBLEM
    assert made["created_at"] == made["updated_at"] == "2026-11-22T08:51:00.000Z"
    assert made["last_run"] is None
    assert made["cost_7d_usd"] == 0
    assert get_project(session, made["id"], now=clock.now()) == made


def test_only_the_title_is_needed(session: Session, clock: FakeClock) -> None:
    made = create_project(session, clock, {"title": "x"})

    assert (made["description"], made["goals"], made["constraints"]) == ("", [], [])


def test_replacing_keeps_when_it_was_made(session: Session, clock: FakeClock) -> None:
    made = create_project(session, clock, PROBLEM)
    clock.advance(60)
    changed = replace_project(session, clock, made["id"], {"title": "y"})

    assert changed["goals"] == []
    assert changed["created_at"] == made["created_at"]
    assert changed["updated_at"] == "2026-11-22T08:52:00.000Z"


def test_a_default_budget_is_kept_with_all_its_keys(session: Session, clock: FakeClock) -> None:
    made = create_project(session, clock, {"title": "x", "default_budget": {"max_cost_usd": 1.5}})
    assert made["default_budget"] == {
        "max_cost_usd": 1.5,
        "max_total_tokens": None,
        "max_llm_calls": None,
        "max_duration_seconds": None,
    }
    unlimited = {"title": "x", "default_budget": {"max_cost_usd": None}}
    assert create_project(session, clock, unlimited)["default_budget"] is None


def test_unknown_projects_are_not_found(session: Session, clock: FakeClock) -> None:
    for ask in (
        lambda: get_project(session, "nope"),
        lambda: replace_project(session, clock, "nope", PROBLEM),
        lambda: delete_project(session, "nope"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_the_list_tells_last_run_failures_and_spend(session: Session) -> None:
    old = add_project(session, created_at=START - timedelta(days=1))
    project = add_project(session, title="new")
    called = {"call_count": 3, "cost_pico": 10**12}
    add_run(session, project, created_at=NOW - timedelta(days=8), **called)
    add_run(session, project, created_at=NOW - timedelta(days=2), **failed(**called))
    unpriced = {"cost_pico": None, "unpriced_call_count": 3, "call_count": 3}
    last = add_run(session, project, created_at=NOW - timedelta(hours=2), **failed(**unpriced))
    found = list_projects(session, now=NOW)

    assert [each["id"] for each in found] == [project.id, old.id]
    assert found[0]["last_run"] == {
        "id": last.id,
        "number": 3,
        "status": "failed",
        "created_at": "2026-11-23T06:00:00.000Z",
    }
    assert found[0]["failed_24h"] == 1
    assert found[0]["cost_7d_usd"] == 1.0
    assert found[0]["unpriced_calls_7d"] == 3
    assert found[1]["failed_24h"] == 0


def test_spend_is_unknown_where_no_call_has_a_price(session: Session) -> None:
    project = add_project(session)
    add_run(session, project, created_at=NOW, call_count=2, unpriced_call_count=2)

    assert get_project(session, project.id, now=NOW)["cost_7d_usd"] is None


def test_deleting_takes_runs_and_everything_of_them_along(session: Session) -> None:
    project, other = add_project(session), add_project(session)
    kept = add_run(session, other)
    run = add_run(session, project)
    add_attempt(session, run)
    add_phase(session, run, "design")
    add_call(session, run)
    add_results(session, run, [[(0.5, 1.0)]])
    delete_project(session, project.id)

    assert list(session.scalars(select(Run.id))) == [kept.id]
    for table in (RunAttempt, RunPhase, LLMCall, CandidateRow, EvaluationRow):
        assert session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("state", [live(), {"status": "created"}])
def test_a_project_with_a_live_run_is_not_deleted(session: Session, state: dict[str, str]) -> None:
    project = add_project(session)
    add_run(session, project, **state)

    with pytest.raises(Conflict, match="#1 is live"):
        delete_project(session, project.id)


@pytest.mark.sqlite
def test_spend_is_summed_over_the_last_days_alone(session: Session) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(
        session.get_bind(),
        "before_cursor_execute",
        lambda _c, _cursor, statement, bound, *_rest: asked.append((statement, bound)),
    )
    list_projects(session, now=NOW)
    statement, bound = next(each for each in asked if "sum(" in each[0])
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)

    assert "ix_crucible_runs_created (created_at>?)" in str(list(rows))
