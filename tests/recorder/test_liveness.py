"""A run whose worker is gone is seen to be lost, and no other is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update
from tests.engines import Holder
from tests.fakes import FakeClock
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.models import Run
from crucible.recorder import lease, liveness
from crucible.recorder.lease import Owner, boot_seconds
from crucible.scrub import Scrubber


def running(owner: Owner, *, heartbeat_age: float = 0.0, boot_age: float | None = None) -> Any:
    now = FakeClock().now()
    since_boot = boot_seconds()
    assert since_boot is not None
    return SimpleNamespace(
        owner=asdict(owner),
        heartbeat_at=now - timedelta(seconds=heartbeat_age),
        heartbeat_boot_seconds=since_boot - (heartbeat_age if boot_age is None else boot_age),
    )


def other(**changes: Any) -> Owner:
    return Owner(**{**asdict(Owner.current()), **changes})


def verdict(run: Any) -> str | None:
    found = liveness.verdict(run, FakeClock().now())
    return None if found is None else found.failure.reason


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_living_worker_is_not_lost() -> None:
    assert verdict(running(Owner.current())) is None


def test_a_dead_process_is_seen_at_once() -> None:
    assert verdict(running(other(pid=dead_pid()))) == "the process that ran it died"


def test_a_pid_that_belongs_to_another_process_by_now_fools_nobody() -> None:
    assert verdict(running(other(process_started="1"))) == "the process that ran it died"


def test_a_process_that_waits_for_its_parent_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    while (fields := lease.process_fields(process.pid)) and fields[0] != "Z":
        time.sleep(0.01)
    started = lease.process_started(process.pid)
    assert verdict(running(other(pid=process.pid, process_started=started)))
    process.wait()


@pytest.mark.parametrize("where", [{"boot_id": "another"}, {"pid_namespace": "pid:[1]"}])
def test_elsewhere_only_silence_tells(where: dict[str, str]) -> None:
    owner = other(pid=dead_pid(), **where)
    assert verdict(running(owner, heartbeat_age=29)) is None
    lost = verdict(running(owner, heartbeat_age=31))
    assert lost == "its worker has given no sign of life for more than 30 s"


def test_silence_is_measured_by_the_workers_own_lease() -> None:
    owner = other(boot_id="another", lease_seconds=300)
    assert verdict(running(owner, heartbeat_age=200)) is None


def test_a_clock_that_was_set_fools_nobody_on_the_same_machine() -> None:
    assert verdict(running(Owner.current(), heartbeat_age=86_400, boot_age=1)) is None
    assert verdict(running(Owner.current(), heartbeat_age=-86_400, boot_age=31)) is not None


def test_a_living_process_that_has_stopped_working_is_lost() -> None:
    assert verdict(running(Owner.current(), heartbeat_age=31)) is not None


@contextmanager
def worker(lab: Lab, run_id: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.recorder.worker", run_id],
        env={**os.environ, **lab.environ},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def notice(lab: Lab) -> list[liveness.Lost]:
    return liveness.notice_deaths(lab.database, lab.clock, Scrubber())


def kill_in_evaluation(lab: Lab, stub: StubModel) -> str:
    stub.plan = lambda n, body: "hang" if n >= 6 else "ok"
    run_id = lab.create(5, 8)
    with worker(lab, run_id) as process:
        while len(stub.requests) < 10:
            assert process.poll() is None
            time.sleep(0.01)
        assert notice(lab) == []
        process.send_signal(signal.SIGKILL)
    return run_id


def test_a_killed_worker_leaves_a_true_history(lab: Lab, stub: StubModel) -> None:
    run_id = kill_in_evaluation(lab, stub)
    assert lab.row(run_id).status == "running"
    assert notice(lab) == []
    run = lab.row(run_id)
    assert (run.status, run.error_kind, run.error_phase) == ("failed", "worker_lost", "evaluation")
    assert run.error_summary == "Evaluation failed: the process that ran it died"
    assert (run.candidate_count, run.scenario_count, run.evaluation_count) == (5, 8, 4)
    assert (run.call_count, run.failed_call_count, run.unpriced_call_count) == (10, 4, 4)
    calls = lab.calls(run_id)
    assert [c.outcome for c in calls].count("unknown") == 4
    assert run.cost_pico == sum(c.cost_pico or 0 for c in calls)
    settled = max(c.settled_at for c in calls if c.outcome == "ok" and c.settled_at)
    assert run.completed_at is not None and run.heartbeat_at is not None
    assert run.completed_at == max(settled, run.heartbeat_at)
    assert lab.phases(run_id)["evaluation"].status == "failed"


def test_reading_waits_for_no_lock_and_still_knows(lab: Lab, stub: StubModel) -> None:
    run_id = kill_in_evaluation(lab, stub)
    with Holder(lab.settings.database_url):
        (lost,) = notice(lab)
        assert lost.run_id == run_id
    assert notice(lab) == []
    assert lab.row(run_id).error_kind == "worker_lost"


def test_what_is_shown_meanwhile_is_what_is_written_then(lab: Lab, stub: StubModel) -> None:
    """One that was asked to stop has been stopped: it is not `failed` first, and another later."""
    run_id = kill_in_evaluation(lab, stub)
    with lab.database.writing() as session:
        session.execute(update(Run).values(cancel_requested_at=lab.clock.now()))
    with Holder(lab.settings.database_url):
        (lost,) = notice(lab)
    assert notice(lab) == []
    assert lost.stop.status == lab.row(run_id).status == "cancelled"


def test_readers_at_once_end_a_lost_run_once(lab: Lab, stub: StubModel) -> None:
    run_id = kill_in_evaluation(lab, stub)
    with lab.database.reading() as session:
        row = session.get_one(Run, run_id)
    notice(lab)
    first = lab.row(run_id)
    found = liveness.verdict(row, lab.clock.now())
    assert found is not None
    # A second reader, which saw the run before the first one ended it.
    assert liveness._end(lab.database, lab.clock, Scrubber(), row, found) is None  # type: ignore[arg-type]
    assert lab.row(run_id).updated_at == first.updated_at


def test_a_request_to_cancel_is_seen_by_the_next_write(lab: Lab, stub: StubModel) -> None:
    def plan(n: int, body: Any) -> str:
        if n == 4:
            with lab.database.writing() as session:
                session.execute(update(Run).values(cancel_requested_at=lab.clock.now()))
        return "ok"

    stub.plan = plan
    run_id = lab.create(5, 8)
    lab.start(run_id).join()
    run = lab.row(run_id)
    assert (run.status, run.error_kind) == ("cancelled", "cancelled")
    assert run.call_count <= 4 + 1 + lab.settings.concurrency
    assert {c.outcome for c in lab.calls(run_id)} == {"ok"}
