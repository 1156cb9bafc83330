"""Cancel and resume: what stands is kept, what is missing is done, nothing is paid for twice."""

import threading
from typing import Any

import pytest
from tests.lab import Lab
from tests.stub_model import StubModel, schema_name

from crucible.errors import Conflict, NotFound
from crucible.execution.foreground import run_now
from crucible.recorder import requests


def resume(lab: Lab, run_id: str) -> Any:
    with lab.database.writing() as session:
        requests.resume(session, lab.clock, run_id)
    assert (lab.row(run_id).status, lab.row(run_id).error_kind) == ("created", None)
    run_now(lab.database, lab.settings, run_id, lambda: None)
    return lab.row(run_id)


def cancel(lab: Lab, run_id: str) -> None:
    with lab.database.writing() as session:
        requests.cancel(session, lab.clock, run_id)


@pytest.mark.parametrize("fails_at", [0, 1, 2, 5, 9])
def test_a_resumed_run_pays_only_for_what_is_missing(
    lab: Lab, stub: StubModel, fails_at: int
) -> None:
    stub.plan = lambda n, body: "ok" if n < fails_at else "status 401"
    failed = lab.run(3, 4)
    assert failed.status == "failed"
    good = [c for c in lab.calls(failed.id) if c.outcome == "ok"]
    stub.plan = lambda n, body: "ok"
    run = resume(lab, failed.id)
    assert (run.status, run.attempt, run.number) == ("completed", 2, failed.number)
    assert (run.candidate_count, run.scenario_count, run.evaluation_count) == (3, 4, 12)
    calls = lab.calls(run.id)
    assert len([c for c in calls if c.outcome == "ok"]) == 14
    assert len({c.subject for c in calls if c.outcome == "ok"}) == 14
    assert {c.id for c in good} <= {c.id for c in calls}
    assert run.cost_pico == sum(c.cost_pico or 0 for c in calls)
    assert run.call_count == len(calls) == failed.call_count + 14 - len(good)
    assert run.duration_seconds and run.duration_seconds > (failed.duration_seconds or 0)


def test_pairs_that_were_given_up_are_tried_again(lab: Lab, stub: StubModel) -> None:
    stub.plan = lambda n, body: "prose" if schema_name(body) == "evaluation" else "ok"
    failed = lab.run(1, 2)
    assert failed.error_summary and "not one evaluation came" in failed.error_summary
    stub.plan = lambda n, body: "ok"
    run = resume(lab, failed.id)
    assert (run.status, run.evaluation_count, run.notes) == ("completed", 2, [])
    assert stub.names().count("design") == stub.names().count("scenarios") == 1


def test_a_waiting_run_is_cancelled_at_once_and_can_go_on(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    cancel(lab, run_id)
    run = lab.row(run_id)
    assert (run.status, run.error_kind) == ("cancelled", "cancelled")
    assert run.error_summary == "Cancelled: stopped by request before it was begun"
    assert resume(lab, run_id).status == "completed"


def test_a_resumed_run_that_waits_is_cancelled_before_its_next_attempt(
    lab: Lab, stub: StubModel
) -> None:
    stub.plan = lambda n, body: "status 401"
    run_id = lab.run(1, 1).id
    with lab.database.writing() as session:
        requests.resume(session, lab.clock, run_id)
    cancel(lab, run_id)
    said = "Cancelled: stopped by request before its attempt 2 was begun"
    assert lab.row(run_id).error_summary == said


def test_a_running_run_is_cancelled_within_one_call(lab: Lab, stub: StubModel) -> None:
    stub.plan = lambda n, body: (cancel(lab, run_id) if n in (5, 6) else None, "ok")[1]
    run_id = lab.create(3, 4)
    lab.start(run_id).join()
    run = lab.row(run_id)
    assert run.status == "cancelled"
    assert {c.outcome for c in lab.calls(run_id)} == {"ok"}
    assert run.call_count <= 6 + lab.settings.concurrency
    stub.plan = lambda n, body: "ok"
    assert resume(lab, run_id).evaluation_count == 12


def test_only_the_right_states_allow_it(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    with lab.database.writing() as session:
        with pytest.raises(Conflict, match="the run is created"):
            requests.resume(session, lab.clock, run_id)
    run_now(lab.database, lab.settings, run_id, lambda: None)
    with lab.database.writing() as session:
        for ask in (requests.resume, requests.cancel):
            with pytest.raises(Conflict, match="the run is completed"):
                ask(session, lab.clock, run_id)
            with pytest.raises(NotFound):
                ask(session, lab.clock, "no such run")


def test_of_two_who_resume_at_once_one_wins(lab: Lab, stub: StubModel) -> None:
    stub.plan = lambda n, body: "status 401"
    run_id = lab.run(1, 1).id
    said: list[str] = []
    together = threading.Barrier(4)

    def ask() -> None:
        together.wait()
        try:
            with lab.database.writing() as session:
                requests.resume(session, lab.clock, run_id)
            said.append("resumed")
        except Conflict as conflict:
            said.append(conflict.message)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said)[:1] == ["resumed"]
    assert len([s for s in said if "the run is created" in s]) == 3
    assert lab.row(run_id).attempt == 2
