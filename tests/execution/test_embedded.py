"""Runs in threads of one process, found in the table."""

import time
from collections.abc import Callable, Iterator

import pytest
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.execution.embedded import EmbeddedExecutor


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def until_nothing_is_left(executor: EmbeddedExecutor, stub: StubModel) -> None:
    """A thread that was left behind must not outlive its database."""
    stub.hang.set()
    until(lambda: executor.state()["active"] == 0)


@pytest.fixture
def executor(lab: Lab) -> Iterator[EmbeddedExecutor]:
    made = EmbeddedExecutor(lab.database, lab.settings)
    yield made
    made.stop(0.1)


def test_runs_started_at_the_same_second_all_finish(
    lab: Lab, executor: EmbeddedExecutor, stub: StubModel
) -> None:
    stub.delay_seconds = 0.01
    project = lab.project()
    runs = [lab.create(3, 4, project_id=project) for _ in range(3)]
    executor.start()
    until(lambda: all(lab.row(r).status == "completed" for r in runs))
    assert [lab.row(r).number for r in runs] == [1, 2, 3]
    assert {lab.row(r).call_count for r in runs} == {14}
    until(lambda: executor.state()["active"] == 0)


def test_runs_left_by_an_earlier_process_are_claimed(lab: Lab, executor: EmbeddedExecutor) -> None:
    waiting = lab.create(1, 1)
    executor.start()
    until(lambda: lab.row(waiting).status == "completed")


def test_no_more_than_the_maximum_run_at_once(
    make_lab: Callable[..., Lab], stub: StubModel
) -> None:
    lab = make_lab(MAX_ACTIVE_RUNS="2")
    stub.plan = lambda n, body: "hang" if not stub.hang.is_set() else "ok"
    runs = [lab.create(1, 1) for _ in range(4)]
    executor = EmbeddedExecutor(lab.database, lab.settings)
    executor.start()
    until(lambda: len(stub.requests) == 2)
    assert sorted(lab.row(r).status for r in runs) == ["created", "created", "running", "running"]
    assert executor.state()["active"] == 2
    executor.stop(0.1)
    until_nothing_is_left(executor, stub)


def test_stopping_leaves_no_run_lying(make_lab: Callable[..., Lab], stub: StubModel) -> None:
    lab = make_lab(LLM_TIMEOUT_SECONDS="30")
    stub.plan = lambda n, body: "hang" if n == 1 else "ok"
    runs = [lab.create(1, 1), lab.create(1, 1)]
    executor = EmbeddedExecutor(lab.database, lab.settings)
    executor.start()
    until(lambda: len(stub.requests) >= 2)
    executor.stop(0.2)
    until_nothing_is_left(executor, stub)
    for run in map(lab.row, runs):
        assert run.status in ("completed", "failed", "created")
        if run.status == "failed":
            assert run.error_kind == "worker_lost"
            assert "shut down" in (run.error_summary or "")
    assert any(lab.row(r).status == "failed" for r in runs)
