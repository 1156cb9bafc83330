"""Workers of a fleet: what becomes of runs when a piece of it dies, stops or comes back."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select
from tests.celery.fleet import Fleet, Redis, until
from tests.engines import ENGINES, cluster
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible import config
from crucible.execution.broker import Broker
from crucible.models import Run, RunAttempt
from crucible.models.values import Outcome
from crucible.recorder import requests
from crucible.services.verify import verify_run


def send(fleet: Fleet, *run_ids: str) -> None:
    broker = Broker(config.load(fleet.environ))
    for run_id in run_ids:
        broker.send(run_id)
    broker.close()


def status(lab: Lab, *run_ids: str) -> Counter[str]:
    return Counter(lab.row(run_id).status for run_id in run_ids)


def ends(lab: Lab, *run_ids: str) -> None:
    until(lambda: status(lab, *run_ids)["completed"] == len(run_ids), "the end of all runs")


def adds_up(lab: Lab, run_id: str) -> None:
    with lab.database.reading() as session:
        assert verify_run(session, run_id)["differences"] == []


def attempts(lab: Lab, run_id: str) -> int:
    of = select(func.count()).select_from(RunAttempt).where(RunAttempt.run_id == run_id)
    with lab.database.reading() as session:
        return session.scalar(of) or 0


def hold(stub: StubModel, *numbers: int) -> threading.Event:
    """The requests with these numbers (from 0) hang; set once the first of them has come."""
    asked = threading.Event()

    def plan(n: int, body: object) -> str:
        if n not in numbers:
            return "ok"
        asked.set()
        return "hang"

    stub.plan = plan
    return asked


@pytest.mark.parametrize("engine", ENGINES)
def test_of_three_workers_two_are_killed_and_all_runs_complete(
    lab: Lab, fleet: Fleet, stub: StubModel
) -> None:
    stub.delay_seconds = 0.05
    dice = random.Random(7)
    project = lab.project()
    workers = list(fleet.workers(3, "--concurrency", "3"))
    runs = [lab.create(2, 4, project_id=project) for _ in range(30)]
    send(fleet, *runs)
    for deaths in (1, 2):
        enough = deaths * 60 + dice.randint(0, 40)
        until(lambda: len(stub.requests) >= enough, "some work")  # noqa: B023 - asked at once
        workers.pop(dice.randrange(len(workers))).kill()
    ends(lab, *runs)
    in_flight = 0
    for run_id in runs:
        adds_up(lab, run_id)
        run, calls = lab.row(run_id), lab.calls(run_id)
        assert run.evaluation_count == 8
        answered = Counter((c.phase, c.subject) for c in calls if c.outcome == Outcome.OK)
        assert set(answered.values()) == {1}
        in_flight += sum(c.outcome == Outcome.UNKNOWN for c in calls)
        assert len(calls) == 10 + sum(c.outcome == Outcome.UNKNOWN for c in calls)
    # What was paid for twice is at most what the two dead had in flight.
    assert 0 < in_flight <= 2 * 3 * lab.settings.concurrency
    assert len(stub.charges) <= 300 + in_flight


def test_a_message_that_comes_often_does_nothing_twice(
    lab: Lab, fleet: Fleet, stub: StubModel
) -> None:
    asked = hold(stub, 1)
    run_id, gone = lab.create(1, 1), lab.create(1, 1)
    with lab.database.writing() as session:
        session.execute(delete(Run).where(Run.id == gone))
    first, second = fleet.workers(2)
    send(fleet, gone, *[run_id] * 5)
    assert asked.wait(60)
    send(fleet, *[run_id] * 5)
    until(lambda: b":0" in fleet.redis.ask("LLEN", "int-crucible:runs"), "taking all messages")
    assert status(lab, run_id) == {"running": 1}
    stub.hang.set()
    ends(lab, run_id)
    send(fleet, run_id)
    last = lab.create(1, 1)
    send(fleet, last)
    ends(lab, last)
    assert attempts(lab, run_id) == 1
    assert f"run {gone} is not in this database" in first.said + second.said
    assert "Traceback" not in first.said + second.said


def test_runs_that_nobody_was_told_of_are_found(lab: Lab, fleet: Fleet) -> None:
    """Whoever started it died before it could tell, or the broker has forgotten everything."""
    fleet.workers()
    ends(lab, lab.create(1, 1))


def test_a_broker_that_dies_is_found_again_and_so_are_the_runs(
    lab: Lab, fleet: Fleet, stub: StubModel
) -> None:
    asked = hold(stub, 1)
    (worker,) = fleet.workers()
    under_way, waiting = lab.create(1, 1), lab.create(1, 1)
    send(fleet, under_way)
    assert asked.wait(60)
    fleet.redis.kill()
    stub.hang.set()
    ends(lab, under_way)
    fleet.redis.start()
    ends(lab, waiting)
    assert worker.process.poll() is None
    assert attempts(lab, under_way) == attempts(lab, waiting) == 1


def test_a_worker_that_is_told_to_stop_leaves_its_run_to_others(
    make_lab: Callable[..., Lab], make_fleet: Callable[[Lab], Fleet], stub: StubModel
) -> None:
    lab = make_lab(LLM_TIMEOUT_SECONDS="60")
    fleet = make_fleet(lab)
    stub.delay_seconds = 0.5
    (old,) = fleet.workers()
    run_id = lab.create(2, 6)
    send(fleet, run_id)
    until(lambda: len(lab.results(run_id).evaluations) > 2, "some evaluations")
    old.tell()
    assert old.end() == 0
    run = lab.row(run_id)
    assert (run.status, run.attempt, run.error_kind) == ("created", 2, None)
    assert "Traceback" not in old.said
    # Its calls in flight were waited for, and are not paid for again.
    assert {call.outcome for call in lab.calls(run_id)} == {"ok"}
    fleet.workers()
    ends(lab, run_id)
    assert len(lab.calls(run_id)) == 14
    adds_up(lab, run_id)


def test_one_whose_model_does_not_answer_is_left_too_and_its_call_is_unknown(
    make_lab: Callable[..., Lab], make_fleet: Callable[[Lab], Fleet], stub: StubModel
) -> None:
    lab = make_lab(LLM_TIMEOUT_SECONDS="60")
    fleet = make_fleet(lab)
    asked = hold(stub, 2)
    old, new = fleet.workers(2, "--concurrency", "1")
    run_id = lab.create(1, 1)
    send(fleet, run_id)
    assert asked.wait(60)
    has_it = old if lab.row(run_id).owner["pid"] == old.process.pid else new  # type: ignore[index]
    has_it.tell()
    assert has_it.end() == 0
    ends(lab, run_id)
    stub.hang.set()
    assert Counter(c.outcome for c in lab.calls(run_id)) == {"ok": 3, "unknown": 1}
    adds_up(lab, run_id)


def test_a_worker_with_time_to_drain_ends_its_run_first(
    lab: Lab, fleet: Fleet, stub: StubModel
) -> None:
    asked = hold(stub, 2)
    (worker,) = fleet.workers(1, "--drain-seconds", "60")
    run_id, other = lab.create(1, 1), lab.create(1, 1)
    send(fleet, run_id)
    assert asked.wait(60)
    worker.tell()
    worker.says("may go on for 60 s")
    send(fleet, other)
    stub.hang.set()
    assert worker.end() == 0
    assert (lab.row(run_id).status, lab.row(other).status) == ("completed", "created")
    assert attempts(lab, run_id) == 1


def test_a_run_is_cancelled_from_another_process(lab: Lab, fleet: Fleet, stub: StubModel) -> None:
    asked = hold(stub, 1)
    fleet.workers(1, LEASE_SECONDS="2")
    run_id = lab.create(1, 1)
    send(fleet, run_id)
    assert asked.wait(60)
    with lab.database.writing() as session:
        requests.cancel(session, lab.clock, run_id)
    stub.hang.set()
    until(lambda: status(lab, run_id)["cancelled"], "its cancellation")
    assert attempts(lab, run_id) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_workers_that_start_together_make_one_database(
    tmp_path: Path, make_fleet: Callable[[Lab], Fleet], lab: Lab, engine: str
) -> None:
    made = cluster().empty() if engine == "postgres" else f"sqlite:///{tmp_path}/new/c.sqlite3"
    fleet = make_fleet(lab)
    fleet.environ["CRUCIBLE_DATABASE_URL"] = made
    together = [fleet.start("worker") for _ in range(3)]
    for worker in together:
        worker.says("Working as ")
        assert "rror" not in worker.said


def test_without_a_broker_a_worker_says_so_and_leaves(
    tmp_path: Path, lab: Lab, make_fleet: Callable[[Lab], Fleet], redis: Redis
) -> None:
    locked = Redis(tmp_path, password="gehe1m-4711")
    fleet = make_fleet(lab)
    wrong = locked.url.replace("gehe1m", "anders")
    nowhere = redis.url
    redis.kill()
    refused = fleet.start("worker", CRUCIBLE_BROKER_URL=wrong)
    lost = fleet.start("worker", CRUCIBLE_BROKER_URL=nowhere)
    works = fleet.start("worker", CRUCIBLE_BROKER_URL=locked.url)
    works.says("Working as")
    assert (refused.end(), lost.end()) == (6, 6)
    assert f"Error: the broker at {nowhere} cannot be used: " in lost.said
    assert "invalid username-password pair" in refused.said
    broker = f"redis://127.0.0.1:{locked.port}/0"
    assert f"the broker at {broker} cannot be used" in refused.said
    run_id = lab.create(1, 1)
    Broker(config.load({**fleet.environ, "CRUCIBLE_BROKER_URL": locked.url})).send(run_id)
    ends(lab, run_id)
    locked.kill()
    works.says(f"broker at {broker} cannot be used")
    said = refused.said + works.said
    assert "gehe1m" not in said
    assert "anders-4711" not in said
    assert b"gehe1m" not in lab.bytes_on_disk()
