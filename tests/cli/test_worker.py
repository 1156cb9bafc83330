"""`crucible worker` with the executor it has without any setting."""

import signal
import threading

import pytest

from crucible.cli.worker import STOPPING

from .process import environment, start


def working(process):
    line = process.line()
    assert line.startswith("Working as "), line
    assert line.endswith("(embedded), Ctrl-C to stop\n"), line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_works_on_a_new_database_and_ends_cleanly(tmp_path, number):
    file = tmp_path / "new" / "crucible.sqlite3"
    env = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{file}", CRUCIBLE_LLM="openai")
    with start("worker", env=env) as worker:
        working(worker)
        worker.interrupt(number)
        code, out, err = worker.end()
    assert file.exists()
    assert (code, out, err) == (0, "", f"{STOPPING}\n")


def test_runs_that_wait_are_run_and_one_under_way_is_ended_and_recorded(make_lab, stub):
    lab = make_lab(LLM_TIMEOUT_SECONDS="60", MAX_ACTIVE_RUNS="1")
    asked = threading.Event()

    def hang_at_the_second_run(n, body):
        if n < 3:
            return "ok"
        asked.set()
        return "hang"

    stub.plan = hang_at_the_second_run
    first, second = lab.create(1, 1), lab.create(1, 1)
    with start("worker", env=environment(**lab.environ)) as worker:
        working(worker)
        assert asked.wait(60)
        worker.interrupt()
        code, _, _ = worker.end()
    stub.hang.set()
    assert code == 0
    assert lab.row(first).status == "completed"
    assert lab.row(second).error_kind == "worker_lost"


def test_a_second_signal_does_not_wait(make_lab, stub):
    lab = make_lab(LLM_TIMEOUT_SECONDS="60")
    asked = threading.Event()
    stub.plan = lambda n, body: asked.set() or "hang"
    lab.create(1, 1)
    with start("worker", env=environment(**lab.environ)) as worker:
        working(worker)
        assert asked.wait(60)
        worker.interrupt()
        assert worker.line() == f"{STOPPING}\n"
        worker.interrupt()
        code, _, _ = worker.end()
    stub.hang.set()
    assert code == 1
