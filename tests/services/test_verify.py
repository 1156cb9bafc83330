from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from tests.engines import copied, new_database
from tests.lab import Lab
from tests.seed import NO_TOTALS, START, add_phase, add_project, add_run, failed, live
from tests.stub_model import StubModel, schema_name

from crucible.db import Database
from crucible.errors import NotFound
from crucible.execution.foreground import run_now
from crucible.models import (
    CandidateRow,
    EvaluationRow,
    LLMCall,
    Run,
    RunAttempt,
    RunPhase,
    ScenarioRow,
)
from crucible.services.runs import cancel_run, get_summary, resume_run
from crucible.services.verify import verify_all, verify_run


def verified(lab: Lab, run_id: str) -> dict[str, Any]:
    with lab.database.reading() as session:
        return verify_run(session, run_id)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, engine: str) -> str:
    """The address of a database with one completed run."""
    stub = StubModel()
    folder = tmp_path_factory.mktemp("history")
    url = new_database(folder, tmp_path_factory.getbasetemp(), engine)
    lab = Lab(folder, stub, {"CRUCIBLE_DATABASE_URL": url})
    lab.run(2, 2)
    lab.close()
    stub.close()
    return url


@pytest.fixture
def changed(history: str, tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Changes a copy of that history and verifies its run."""
    database = Database.open(copied(history, tmp_path))

    def change(statement: Any) -> dict[str, Any]:
        with database.writing() as session:
            session.execute(statement)
        with database.reading() as session:
            return verify_run(session, session.scalars(select(Run.id)).one())

    yield change
    database.close()


Changed = Callable[..., dict[str, Any]]


def sometimes(behaviour: str) -> Callable[[int, Any], str]:
    return lambda n, body: behaviour if n % 3 == 1 else "ok"


@pytest.mark.parametrize(
    "behaviour",
    ["ok", "no usage", "prose", "wrong shape", "hang up", "empty", "status 500", "status 429"],
)
def test_what_the_recorder_wrote_adds_up(lab: Lab, behaviour: str) -> None:
    lab.stub.plan = sometimes(behaviour)
    found = verified(lab, lab.run(2, 3).id)

    assert found["differences"] == []
    assert found["ok"]
    assert found["not_covered"] == []


@pytest.mark.parametrize("phase", ["design", "scenarios", "evaluation"])
@pytest.mark.parametrize("behaviour", ["status 401", "prose", "hang up"])
def test_a_failed_run_adds_up(lab: Lab, phase: str, behaviour: str) -> None:
    lab.stub.plan = lambda n, body: behaviour if schema_name(body) == phase else "ok"
    run = lab.run(2, 2)

    assert run.status == "failed"
    assert verified(lab, run.id)["differences"] == []


def test_a_model_of_unknown_price_adds_up(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(LLM_MODEL="no-such-model-7")
    run = lab.run(1, 1)

    assert run.cost_pico is None
    assert verified(lab, run.id)["ok"]


def test_another_model_than_asked_adds_up(lab: Lab) -> None:
    lab.stub.model = "gpt-5-mini-2025-08-07"

    assert verified(lab, lab.run(1, 2).id)["ok"]


def test_a_resumed_run_adds_up(lab: Lab) -> None:
    lab.stub.plan = lambda n, body: "status 401" if n > 3 else "ok"
    run = lab.run(2, 2)
    assert run.status == "failed"
    lab.stub.plan = lambda n, body: "ok"
    with lab.database.writing() as session:
        resume_run(session, lab.clock, lab.settings, run.id)
    assert verified(lab, run.id)["ok"]
    run_now(lab.database, lab.settings, run.id, lambda: None)
    found = verified(lab, run.id)
    with lab.database.reading() as session:
        shown = get_summary(session, run.id, lab.clock.now())

    assert found["differences"] == []
    assert "durations, from its attempts and phases" in found["covered"]
    assert (shown["status"], shown["attempt"]) == ("completed", 2)
    assert shown["metrics"]["resource_breakdown"]["evaluation"]["produced"] == 4
    assert shown["metrics"]["resource_breakdown"]["evaluation"]["expected"] == 4
    assert shown["metrics"]["resource_breakdown"]["design"]["produced"] == 2
    phases = shown["llm_usage"]["phases"].values()
    assert sum(phase["call_count"] for phase in phases) == shown["llm_usage"]["total"]["call_count"]


def test_a_run_that_is_stopped_while_it_waits_to_go_on_adds_up(lab: Lab) -> None:
    """It ends as it was stopped, not as the attempt before."""
    lab.stub.plan = lambda n, body: "status 401" if n > 3 else "ok"
    run = lab.run(2, 2)
    with lab.database.writing() as session:
        resume_run(session, lab.clock, lab.settings, run.id)
    with lab.database.writing() as session:
        cancel_run(session, lab.clock, run.id)

    assert lab.row(run.id).status == "cancelled"
    assert verified(lab, run.id)["differences"] == []


TAMPERED: list[tuple[Any, dict[str, Any], str]] = [
    (Run, {"call_count": 99}, "run: call_count"),
    (Run, {"input_tokens": 1}, "run: input_tokens"),
    (Run, {"total_tokens": None}, "run: total_tokens"),
    (Run, {"cost_pico": 0}, "run: cost in pico-dollars"),
    (Run, {"wasted_cost_pico": 7}, "run: wasted cost in pico-dollars"),
    (Run, {"models": {"other": 4}}, "run: models"),
    (Run, {"providers": {}}, "run: providers"),
    (Run, {"evaluation_count": 0}, "evaluation_count"),
    (Run, {"duration_seconds": 3600.0}, "duration"),
    (Run, {"status": "failed"}, "status, against its last attempt"),
    (Run, {"attempt_started_at": START}, "is held by a worker"),
    (Run, {"completed_at": START}, "completed_at"),
    (Run, {"error_kind": "internal"}, "has an error"),
    (RunPhase, {"retry_count": 5}, "design: retry_count"),
    (RunPhase, {"unmetered_call_count": 1}, "evaluation: unmetered_call_count"),
    (RunPhase, {"duration_seconds": 77.0}, "duration of design"),
    (RunPhase, {"status": "running"}, "design is under way"),
    (RunPhase, {"status": "failed"}, "phases that a completed run did not complete"),
    (RunPhase, {"produced": 9}, "produced in design"),
    (RunAttempt, {"duration_seconds": 77.0}, "duration of attempt 1"),
    (LLMCall, {"cost_pico": 1}, "run: cost in pico-dollars"),
    (LLMCall, {"outcome": "pending"}, "calls in flight of a run that ended"),
    (LLMCall, {"phase": "ranking"}, "design: call_count"),
    (LLMCall, {"run_attempt": 2}, "calls of design in attempt 2, which never began"),
]


@pytest.mark.parametrize(("table", "values", "what"), TAMPERED, ids=str)
def test_whatever_is_changed_afterwards_is_found(
    changed: Changed, table: Any, values: dict[str, Any], what: str
) -> None:
    found = changed(update(table).values(**values))

    assert not found["ok"]
    assert what in [difference["what"] for difference in found["differences"]]


@pytest.mark.parametrize("name", ["rank", "P", "R", "I", "weighted_satisfaction"])
def test_a_changed_ranking_is_found(changed: Changed, name: str) -> None:
    found = changed(update(CandidateRow).values({getattr(CandidateRow, name): 5}))

    assert {d["what"].split(" of ")[0] for d in found["differences"]} == {name}


def test_a_completed_run_without_its_last_attempt_is_found(changed: Changed) -> None:
    found = changed(delete(RunAttempt))

    assert [d["what"] for d in found["differences"]] == ["attempts that it completed in"]


@pytest.mark.parametrize("table", [LLMCall, EvaluationRow, ScenarioRow, CandidateRow])
def test_a_lost_row_is_found(changed: Changed, table: Any) -> None:
    first = select(table.id).limit(1).scalar_subquery()

    assert not changed(delete(table).where(table.id == first))["ok"]


def test_only_what_the_ledger_covers_is_checked(session: Session) -> None:
    project = add_project(session)
    totals = {**NO_TOTALS, "call_count": 38, "cost_pico": 5}
    absent = add_run(session, project, ledger="absent", candidate_count=5, **totals)
    purged = add_run(session, project, **failed(ledger="purged", **totals))

    found = verify_run(session, absent.id)
    assert found["ok"]
    assert "totals" in found["not_covered"][0] and "counts" in found["not_covered"][1]
    found = verify_run(session, purged.id)
    assert found["ok"]
    assert "had its calls deleted" in found["not_covered"][0]
    assert "counts, from what it made" in found["covered"]


def test_a_live_run_is_checked_as_far_as_it_got(session: Session) -> None:
    run = add_run(session, add_project(session), **live())
    add_phase(
        session, run, "design", status="running", completed_at=None, duration_seconds=None,
        produced=0,
    )  # fmt: skip
    found = verify_run(session, run.id)

    assert found["ok"]
    assert found["not_covered"] == ["its duration and end: the run is live"]


def test_all_runs_are_verified_oldest_first(session: Session) -> None:
    project = add_project(session)
    for n in (2, 1):
        add_run(session, project, created_at=START + timedelta(hours=n))

    assert [found["number"] for found in verify_all(session)] == [2, 1]


def test_unknown_runs_are_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        verify_run(session, "nope")
