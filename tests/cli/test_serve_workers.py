"""Several processes that serve, one that executes: as one server from outside, whoever dies."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.cli.serve import STOPPING, THREADS

from .process import PATIENCE_SECONDS, Started, environment, inside, start

PROCESSES = 3
ENDED = ("completed", "failed", "cancelled")


@dataclass
class Site:
    """A server of several processes."""

    started: Started
    address: tuple[str, int]

    def children(self) -> dict[int, str]:
        """Its processes and what they were started as."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and _parent(folder) == self.started.process.pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        return found

    def web(self) -> list[int]:
        return [pid for pid, command in self.children().items() if "serve" in command]

    def executor(self) -> int:
        (pid,) = [pid for pid, command in self.children().items() if "executing" in command]
        return pid

    def connection(self) -> HTTPConnection:
        return HTTPConnection(*self.address, timeout=PATIENCE_SECONDS)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> "Answer":
        """On a connection of its own."""
        connection = self.connection()
        try:
            return ask(connection, method, path, body, **headers)
        finally:
            connection.close()


@dataclass
class Answer:
    status: int
    tag: str | None
    json: Any


def ask(
    connection: HTTPConnection, method: str, path: str, body: Any = None, **headers: str
) -> Answer:
    sent = None if body is None else json.dumps(body)
    kinds = {} if body is None else {"Content-Type": "application/json"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, sent, {**kinds, **names})
    got = connection.getresponse()
    data = got.read()
    return Answer(got.status, got.headers["ETag"], json.loads(data) if data else None)


def _parent(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has just ended
        return None


def eventually(found: Callable[[], Any]) -> Any:
    """What `found` gives, once it gives something; an error it raises meanwhile is no answer."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if got := found():
                return got
        except (OSError, ValueError):
            pass
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@contextmanager
def serving(lab: Lab, count: int) -> Iterator[Site]:
    env = environment(**lab.environ)
    with start("serve", "--workers", str(count), "--port", "0", env=env) as started:
        line = started.line()
        assert line.startswith("Serving on http://"), line
        where = urlsplit(line.split()[-1])
        assert where.hostname and where.port
        site = Site(started, (where.hostname, where.port))
        eventually(lambda: len(site.web()) == count and site.executor())
        yield site


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    stub = StubModel()
    lab = Lab(tmp_path_factory.mktemp("workers"), stub)
    yield lab
    lab.close()
    stub.close()


@pytest.fixture(scope="module")
def site(laboratory: Lab) -> Iterator[Site]:
    with serving(laboratory, PROCESSES) as made:
        yield made
        made.started.interrupt()
        made.started.end()


@pytest.fixture
def connections(site: Site) -> Iterator[list[HTTPConnection]]:
    """One that is kept to each process."""
    eventually(lambda: len(site.web()) == PROCESSES)
    made = []
    for chosen in site.web():
        others = [pid for pid in site.web() if pid != chosen]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            made.append(site.connection())
            assert ask(made[-1], "GET", "/api/health").status == 200
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)
    yield made
    for connection in made:
        connection.close()


@pytest.fixture
def project(site: Site) -> str:
    return str(site.ask("POST", "/api/projects", {"title": "Checkout"}).json["id"])


def begin(site: Site, project: str, **body: int) -> str:
    asked = {"num_candidates": 1, "num_scenarios": 1, **body}
    return str(site.ask("POST", f"/api/projects/{project}/runs", asked).json["id"])


def ended(site: Site, run: str) -> Any:
    def look() -> Any:
        found = site.ask("GET", f"/api/runs/{run}").json
        return found if found["status"] in ENDED else None

    return eventually(look)


def test_a_run_is_executed_by_the_process_that_does_so(
    site: Site, project: str, laboratory: Lab
) -> None:
    run = begin(site, project)
    assert ended(site, run)["status"] == "completed"
    assert (laboratory.row(run).owner or {})["pid"] == site.executor()
    health = site.ask("GET", "/api/health").json["executor"]
    assert health.items() >= {"kind": "embedded", "running": True, "active": 0}.items()


def test_a_tag_is_never_stale_whichever_process_answers(
    connections: list[HTTPConnection], site: Site, project: str
) -> None:
    path = f"/api/projects/{project}"
    for turn in range(2 * PROCESSES):
        writer, *readers = connections[turn % PROCESSES :] + connections[: turn % PROCESSES]
        before = ask(writer, "GET", path).tag or ""
        everybody = [*(lambda p=p, **h: ask(p, "GET", path, **h) for p in connections)]
        everybody.append(lambda **h: site.ask("GET", path, **h))
        assert [each(If_None_Match=before).status for each in everybody] == [304] * len(everybody)
        written = ask(writer, "PUT", path, {"title": f"Checkout {turn}"})
        assert written.status == 200
        answers = [each(If_None_Match=before) for each in everybody]
        assert [answer.status for answer in answers] == [200] * len(everybody)
        assert {answer.json["title"] for answer in answers} == {f"Checkout {turn}"}
        assert len({answer.tag for answer in answers}) == 1
        assert ask(readers[0], "GET", path, If_None_Match=answers[0].tag or "").status == 304


def test_the_same_start_sent_to_several_processes_at_once_makes_one_run(
    connections: list[HTTPConnection], site: Site, project: str
) -> None:
    path, together = f"/api/projects/{project}/runs", threading.Barrier(PROCESSES)
    answers: list[Answer] = []

    def send(connection: HTTPConnection) -> None:
        together.wait()
        asked = {"num_candidates": 1, "num_scenarios": 1}
        answers.append(ask(connection, "POST", path, asked, Idempotency_Key="once"))

    threads = [threading.Thread(target=send, args=(each,)) for each in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [202] * PROCESSES
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(site.ask("GET", f"/api/projects/{project}/runs/summary").json["runs"]) == 1


def test_limits_are_those_of_one_process(site: Site) -> None:
    large = site.ask("POST", "/api/projects", {"title": "x", "description": "y" * 3_000_000})
    assert (large.status, large.json["code"]) == (413, "too_large")
    with socket.create_connection(site.address) as raw:
        raw.settimeout(PATIENCE_SECONDS)
        raw.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n")
        raw.sendall(b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n")
        assert raw.recv(12).endswith(b" 431")


def test_slow_clients_do_not_keep_others_out(site: Site) -> None:
    slow = [socket.create_connection(site.address) for _ in range((THREADS + 1) * PROCESSES)]
    for each in slow:
        each.sendall(b"POST /api/projects HTTP/1.1\r\nHost: localhost\r\nContent-Len")
    assert site.ask("GET", "/api/health").status == 200
    for each in slow:
        each.close()


def test_a_killed_process_that_serves_is_replaced(site: Site) -> None:
    before = set(eventually(lambda: len(site.web()) == PROCESSES and site.web()))
    killed = before.pop()
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: len(site.web()) == PROCESSES and before < set(site.web()) - {killed})
    assert site.ask("GET", "/api/health").status == 200


def test_a_killed_executor_is_replaced_and_its_run_is_seen_as_lost(
    site: Site, project: str, laboratory: Lab
) -> None:
    stub, asked, answer = laboratory.stub, threading.Event(), threading.Event()

    def wait(_n: int, _body: Any) -> str:
        asked.set()
        answer.wait(PATIENCE_SECONDS)
        return "ok"

    stub.plan = wait
    run = begin(site, project)
    assert asked.wait(PATIENCE_SECONDS)
    killed = site.executor()
    os.kill(killed, signal.SIGKILL)
    lost = ended(site, run)
    stub.plan = lambda n, body: "ok"
    answer.set()
    assert (lost["status"], lost["error"]["kind"]) == ("failed", "worker_lost")
    eventually(lambda: site.executor() != killed)
    assert site.ask("POST", f"/api/runs/{run}/resume").status == 202
    assert ended(site, run)["status"] == "completed"


def test_nothing_outlives_a_killed_parent(lab: Lab) -> None:
    with serving(lab, 2) as site:
        children = site.children()
        assert len(children) == 3
        site.started.interrupt(signal.SIGKILL)
        site.started.process.wait(PATIENCE_SECONDS)
        eventually(lambda: not [pid for pid in children if _parent(Path(f"/proc/{pid}"))])
        with pytest.raises(ConnectionRefusedError):
            site.ask("GET", "/api/health")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_records_what_is_under_way(
    lab: Lab, stub: StubModel, number: signal.Signals
) -> None:
    asked, answer = threading.Event(), threading.Event()

    def wait(_n: int, _body: Any) -> str:
        asked.set()
        answer.wait(PATIENCE_SECONDS)
        return "ok"

    stub.plan = wait
    run = lab.create(1, 1)
    with serving(lab, 2) as site:
        assert asked.wait(PATIENCE_SECONDS)
        children = site.children()
        site.started.interrupt(number)
        assert site.started.line() == f"{STOPPING}\n"
        answer.set()
        code, out, err = site.started.end()
        assert not [pid for pid in children if _parent(Path(f"/proc/{pid}"))]
    assert (code, out, err) == (0, "", "")
    assert lab.row(run).status == "failed"
    assert [call.outcome for call in lab.calls(run)] == ["ok"]


def test_a_second_signal_ends_all_at_once(lab: Lab, stub: StubModel) -> None:
    asked = threading.Event()

    def hang(_n: int, _body: Any) -> str:
        asked.set()
        return "hang"

    stub.plan = hang
    lab.create(1, 1)
    with serving(lab, 2) as site:
        assert asked.wait(PATIENCE_SECONDS)
        children = site.children()
        site.started.interrupt(signal.SIGINT)
        site.started.line()
        site.started.interrupt()
        assert site.started.end()[0] == 1
        eventually(lambda: not [pid for pid in children if _parent(Path(f"/proc/{pid}"))])


def test_with_celery_nothing_here_executes(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
    env = environment(**lab.environ, CRUCIBLE_EXECUTOR="celery", CRUCIBLE_BROKER_URL=nobody)
    with start("serve", "--workers", "2", "--port", "0", env=env) as started:
        where = urlsplit(started.line().split()[-1])
        site = Site(started, (str(where.hostname), where.port or 0))
        health = site.ask("GET", "/api/health").json
        assert eventually(lambda: len(site.children()) == 2)
        started.interrupt()
        assert started.end() == (0, "", f"{STOPPING}\n")
    executor = health["executor"]
    assert (health["status"], executor["kind"], executor["running"]) == ("ok", "celery", False)


@pytest.mark.parametrize("count", ["0", "65", "x"])
def test_a_senseless_number_of_processes_is_refused(lab: Lab, count: str) -> None:
    answer = inside("serve", "--workers", count, env=environment(**lab.environ))
    assert (answer.returncode, "--workers" in answer.stderr) == (2, True)


def test_windows_is_told_what_it_cannot_do(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crucible.cli.serve.sys.platform", "win32")
    answer = inside("serve", "--workers", "2", env=environment(**lab.environ))
    assert (answer.returncode, "Windows" in answer.stderr) == (2, True)
