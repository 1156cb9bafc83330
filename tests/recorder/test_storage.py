"""A database that is locked, full or read-only: a clear message, nothing torn, and on it goes."""

import multiprocessing
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.engines import Holder
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible import config
from crucible.db import Database
from crucible.errors import Unavailable
from crucible.execution.foreground import run_now
from crucible.recorder import liveness, requests
from crucible.scrub import Scrubber
from crucible.services.verify import verify_run


def adds_up(lab: Lab, run_id: str) -> bool:
    with lab.database.reading() as session:
        return bool(verify_run(session, run_id)["ok"])


def resumed(lab: Lab, run_id: str) -> Any:
    with lab.database.writing() as session:
        requests.resume(session, lab.clock, run_id)
    run_now(lab.database, lab.settings, run_id, lambda: None)
    return lab.row(run_id)


def test_a_lock_held_for_a_while_only_delays(lab: Lab, stub: StubModel) -> None:
    """Eight seconds in life; here as long as a test can wait, within the same patience."""
    holder = Holder(lab.settings.database_url)

    def plan(n: int, body: Any) -> str:
        if n == 3:
            holder.hold()
            threading.Timer(1.5, holder.release).start()
        return "ok"

    stub.plan = plan
    run = lab.run(2, 2)
    holder.close()
    assert (run.status, run.evaluation_count) == ("completed", 4)
    assert adds_up(lab, run.id)


def test_a_lock_held_too_long_fails_the_run_in_words(
    lab: Lab, stub: StubModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.db.waiting.BUSY_TIMEOUT_MS", 200)
    holder = Holder(lab.settings.database_url)

    def plan(n: int, body: Any) -> str:
        if n == 3:
            holder.hold()
            threading.Timer(1.5, holder.release).start()
        return "ok"

    stub.plan = plan
    run = lab.run(2, 2)
    holder.close()
    assert (run.status, run.error_kind) == ("failed", "internal")
    assert run.error_summary == "Evaluation failed: the database could not be used"
    assert run.error_message and "locked" in run.error_message
    assert adds_up(lab, run.id)
    assert resumed(lab, run.id).status == "completed"


def small_disk_worker(environ: dict[str, str], run_id: str, limit: int) -> None:
    """As on a disk that is full from here on: no file may grow beyond `limit` bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    settings = config.load(environ)
    run_now(Database.open(settings.database_url), settings, run_id, lambda: None)


@pytest.mark.sqlite
@pytest.mark.parametrize("room", [0, 20_000, 120_000])
def test_a_disk_that_fills_up_tears_nothing(
    make_lab: Callable[..., Lab], stub: StubModel, room: int
) -> None:
    lab = make_lab(LEASE_SECONDS="2")
    run_id = lab.create(3, 4)
    largest = max(f.stat().st_size for f in lab.folder.iterdir())
    process = multiprocessing.get_context("spawn").Process(
        target=small_disk_worker, args=(lab.environ, run_id, largest + room)
    )
    process.start()
    process.join(4)
    process.kill()  # it may be waiting for room to write the run's end
    process.join()
    liveness.notice_deaths(lab.database, lab.clock, Scrubber())
    run = lab.row(run_id)
    assert run.status in ("failed", "created", "completed")
    assert adds_up(lab, run_id)
    if run.status == "failed":
        assert resumed(lab, run_id).status == "completed"
        assert adds_up(lab, run_id)
    connection = sqlite3.connect(lab.file)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.sqlite
def test_a_database_that_cannot_be_written_says_so(lab: Lab) -> None:
    lab.run(1, 1)
    with lab.database.reading() as session:
        session.connection().exec_driver_sql("PRAGMA query_only = ON")
        session.rollback()
    with pytest.raises(Unavailable, match="cannot be used: .*readonly"):
        with lab.database.writing() as session:
            session.connection().exec_driver_sql("PRAGMA query_only = ON")
            session.connection().exec_driver_sql("DELETE FROM crucible_runs")


def test_a_worker_whose_end_cannot_be_written_is_noticed(
    make_lab: Callable[..., Lab], stub: StubModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.db.waiting.BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr("crucible.recorder.recorder.END_RETRY_SECONDS", (0.05,))
    lab = make_lab(LEASE_SECONDS="2")
    holder = Holder(lab.settings.database_url)
    stub.plan = lambda n, body: (holder.hold(), "ok")[1]
    run_id = lab.create(1, 1)
    lab.start(run_id).join()
    holder.release()
    holder.close()
    assert lab.row(run_id).status == "running"
    end = time.monotonic() + 10
    while lab.row(run_id).status == "running" and time.monotonic() < end:
        time.sleep(0.2)
        liveness.notice_deaths(lab.database, lab.clock, Scrubber())
    run = lab.row(run_id)
    assert (run.status, run.error_kind) == ("failed", "worker_lost")
    assert [c.outcome for c in lab.calls(run_id)] == ["unknown"]
    stub.plan = lambda n, body: "ok"
    assert resumed(lab, run_id).status == "completed"
