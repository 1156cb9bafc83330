"""Whatever a collector does, runs go on; what it did not take is sent later, and as it was."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from tests.export.collector import Collector
from tests.export.ledger import equal_to_the_ledger
from tests.fakes import FakeClock
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.clock import Clock
from crucible.execution.embedded import EmbeddedExecutor
from crucible.export.otel import traces
from crucible.recorder.liveness import notice_deaths
from crucible.scrub import Scrubber
from crucible.services import verify
from crucible.services.history.sample import add_sample

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
# What a process that ends may spend on it here; it is not waited for where all is well.
SECONDS = 20.0


def send(lab: Lab, clock: Clock | None = None) -> None:
    """As a process that executes does when it ends."""
    traces(lab.database, lab.settings, clock or lab.clock).stop(SECONDS)


def let_go() -> None:
    """Until nobody is at it who had no time for it: on a slow machine that takes a moment."""
    for thread in threading.enumerate():
        if thread.name == "traces":
            thread.join(SECONDS)


def is_due(lab: Lab, run_id: str) -> bool:
    return traces(lab.database, lab.settings, lab.clock).is_due(run_id)


def adds_up(lab: Lab, run_id: str) -> bool:
    with lab.database.reading() as session:
        return bool(verify.verify_run(session, run_id)["ok"])


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    ours = (record for record in caplog.records if record.name == "crucible.export.otel_sender")
    return [record.getMessage() for record in ours]


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a collector that hangs."""
    monkeypatch.setattr("crucible.execution.foreground.TRACES_SECONDS", 1.0)


@pytest.mark.parametrize("behaviour", ["status 503", "hang", "drip"])
def test_a_collector_in_trouble_harms_no_run_and_gets_all_later(
    lab: Lab, traced: Collector, brief: None, behaviour: str
) -> None:
    traced.plan = lambda n: behaviour
    run = lab.run(1, 1)
    assert run.status == "completed"
    assert adds_up(lab, run.id)
    assert traced.spans == []
    assert is_due(lab, run.id)
    let_go()
    traced.plan = lambda n: "ok"
    send(lab)
    equal_to_the_ledger(lab, traced, run.id)
    assert not is_due(lab, run.id)


def test_nothing_but_an_answer_of_a_collector_counts_as_one(
    lab: Lab, traced: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    words = {
        "status 401": "answered 401",
        "status 404": "answered 404",
        "status 500": "answered 500",
        "retry after 3600": "answered 503",
        "redirect": "answered 302",
        "page": "with a page",
        "garbage": "not as a collector does",
        "no http": "could not be reached",
        "hang up": "could not be reached",
    }
    traced.plan = lambda n: "status 503"
    run_id = lab.run(1, 1).id
    for behaviour, said in words.items():
        traced.plan = lambda n, behaviour=behaviour: behaviour  # type: ignore[misc]
        caplog.clear()
        send(lab)
        assert is_due(lab, run_id), behaviour
        assert said in " ".join(warnings_of(caplog)), behaviour
    assert not any(path.startswith("GET") for path in traced.paths), "a redirect was followed"
    traced.plan = lambda n: "ok"
    send(lab)
    equal_to_the_ledger(lab, traced, run_id)


def test_a_collector_that_is_not_there_is_tried_when_it_is(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Collector()
    gone.close()
    monkeypatch.setenv(ENDPOINT, gone.url)
    runs = [lab.run(1, 1) for _ in range(2)]
    assert {run.status for run in runs} == {"completed"}
    assert gone.url.removeprefix("http://") in caplog.text
    back = Collector(port=int(gone.url.rpartition(":")[2]))
    send(lab)
    back.close()
    assert {each.attributes["crucible.run.id"] for each in back.spans} == {run.id for run in runs}
    assert not any(is_due(lab, run.id) for run in runs)


def test_while_a_process_lives_it_tries_again(
    lab: Lab, traced: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("crucible.export.otel_sender.FIRST_PAUSE_SECONDS", 0.05)
    traced.plan = lambda n: "status 503" if n < 3 else "ok"
    run_id = lab.create(1, 1)
    with executing(lab):
        traced.wait_for_root()
    equal_to_the_ledger(lab, traced, run_id)
    said = warnings_of(caplog)
    assert len(said) == 2, "when it begins, and when it is over"
    assert "answered 503" in said[0] and "again" in said[1]


def test_a_collector_that_asks_to_wait_is_left_alone(lab: Lab, traced: Collector) -> None:
    traced.plan = lambda n: "retry after 200" if n == 0 else "ok"
    lab.create(1, 1)
    with executing(lab) as executor:
        traced.wait(lambda it: bool(it.bodies))
        executor.wake()
    assert len(traced.bodies) == 1


@contextmanager
def executing(lab: Lab) -> Iterator[EmbeddedExecutor]:
    executor = EmbeddedExecutor(lab.database, lab.settings)
    executor.start()
    try:
        yield executor
    finally:
        executor.stop()


def test_a_trace_that_is_refused_is_given_up_and_holds_up_no_other(
    lab: Lab, traced: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    traced.plan = lambda n: "status 400" if n == 0 else "ok"
    refused, taken = lab.run(1, 1), lab.run(1, 1)
    send(lab)
    assert not is_due(lab, refused.id)
    assert adds_up(lab, refused.id)
    assert {each.attributes["crucible.run.id"] for each in traced.spans} == {taken.id}
    (said,) = warnings_of(caplog)
    assert refused.id in said and "400" in said


def test_one_that_its_collector_chokes_on_holds_up_no_other(lab: Lab, traced: Collector) -> None:
    traced.plan = lambda n: "status 500" if n == 0 else "ok"
    choked = lab.run(1, 1)
    other = lab.run(1, 1)
    first = traced.spans[0].attributes["crucible.run.id"]
    assert first == other.id
    assert not is_due(lab, other.id)
    send(lab)
    assert not is_due(lab, choked.id)


def test_spans_that_are_left_out_are_told_of(
    lab: Lab, traced: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    traced.plan = lambda n: "partial 2" if n == 0 else "ok"
    run = lab.run(1, 1)
    assert not is_due(lab, run.id)
    (said,) = warnings_of(caplog)
    assert run.id in said and "2 spans" in said


def test_a_process_ends_although_its_collector_hangs(lab: Lab, traced: Collector) -> None:
    traced.plan = lambda n: "hang"
    run_id = lab.create(1, 1)
    with executing(lab):
        traced.wait(lambda it: bool(it.bodies))
    assert not traced.go_on.is_set(), "it hangs still"
    let_go()
    assert lab.row(run_id).status == "completed"
    traced.plan = lambda n: "ok"
    send(lab)
    equal_to_the_ledger(lab, traced, run_id)


# With time to load what sends, on a machine that is busy.
WORKER = """
import runpy
from crucible.execution import foreground

foreground.TRACES_SECONDS = 60.0
runpy.run_module("tests.recorder.worker", run_name="__main__")
"""


@contextmanager
def worker(lab: Lab, run_id: str, collector: Collector) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, run_id],
        env={**os.environ, **lab.environ, ENDPOINT: collector.url},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_run_whose_worker_was_killed_is_sent_by_who_comes_next(
    lab: Lab, traced: Collector, stub: StubModel
) -> None:
    stub.plan = lambda n, body: "hang" if n >= 4 else "ok"
    run_id = lab.create(2, 3)
    with worker(lab, run_id, traced) as process:
        while len(stub.requests) < 6:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    send(lab)
    assert traced.bodies == [], "nobody has noticed yet that it has ended"
    notice_deaths(lab.database, lab.clock, Scrubber())
    send(lab)
    equal_to_the_ledger(lab, traced, run_id)
    assert traced.one("run full_search").error == "worker_lost"
    chats = [each for each in traced.spans if each.name.startswith("chat ")]
    lost = [each for each in chats if each.attributes["crucible.outcome"] == "unknown"]
    assert lost and {each.error for each in lost} == {"worker_lost"}


def test_one_killed_between_sending_and_marking_is_followed_by_the_same_spans(
    lab: Lab, traced: Collector
) -> None:
    run_id = lab.create(1, 1)
    processes: list[subprocess.Popen[bytes]] = []

    def kill(n: int) -> str:
        if n == 1:  # all has come, and nothing is answered
            processes[0].send_signal(signal.SIGKILL)
            return "hang up"
        return "ok"

    traced.plan = kill
    with worker(lab, run_id, traced) as process:
        processes.append(process)
        process.wait(60)
    assert lab.row(run_id).status == "completed"
    before = list(traced.bodies)
    assert len(before) == 2 and is_due(lab, run_id)
    later = FakeClock(lab.clock.now())
    send(lab, later)
    assert traced.bodies == before, "it may still be at it"
    later.advance(61)
    send(lab, later)
    assert traced.bodies[2:] == before
    assert not is_due(lab, run_id)


def test_what_is_sent_does_not_wait_for_the_databases_lock_for_long(
    lab: Lab, traced: Collector
) -> None:
    traced.plan = lambda n: "status 503"
    run = lab.run(1, 1)
    traced.plan = lambda n: "ok"
    with lab.held() as holder:
        holder.hold()
        send(lab)
        assert len(traced.bodies) == 1
        holder.release()
    send(lab)
    assert traced.one("run full_search").attributes["crucible.run.id"] == run.id


def test_made_up_history_is_not_sent(lab: Lab, traced: Collector) -> None:
    add_sample(lab.database, lab.clock, 5, 1, "Sample history")
    send(lab)
    assert traced.bodies == []


def test_a_command_says_that_its_trace_was_not_sent(
    lab: Lab, traced: Collector, inside_a_process: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    traced.plan = lambda n: "status 503"
    ran = inside_a_process("test-run", "--candidates", "1", "--scenarios", "1", "--format", "json")
    assert ran.returncode == 0, ran.stderr
    assert '"status": "completed"' in ran.stdout
    assert "trace" not in ran.stdout
    assert "the trace of this run was not sent" in ran.stderr


@pytest.fixture
def inside_a_process(
    lab: Lab, traced: Collector
) -> Callable[..., subprocess.CompletedProcess[str]]:
    environ: Mapping[str, str] = {**os.environ, **lab.environ, ENDPOINT: traced.url}

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "crucible.cli", *args]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)

    return run
