"""The scripts of docs/agents.md, as they stand there, against a server on which a run failed."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from tests.agents.page import PAGE, SCRIPTS
from tests.cli.process import environment
from tests.lab import Lab
from tests.seed import add_project, failed
from tests.seed_history import several
from werkzeug.serving import WSGIRequestHandler, make_server

from crucible.api import create_app
from crucible.execution.embedded import EmbeddedExecutor
from crucible.models import Run

INTERPRETERS = {"triage.sh": "sh", "triage.py": sys.executable, "triage_mcp.py": sys.executable}
HEARD: list[str] = []


class Listening(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        HEARD.append(f"{self.requestline.rsplit(' ', 1)[0]} {int(code)}")


@dataclass
class Scene:
    lab: Lab
    url: str
    folder: Path

    def fail(self, project_id: str | None = None) -> Run:
        """A run whose evaluations fail, in a lab whose model then works again."""
        asked = len(self.lab.stub.requests)
        self.lab.stub.plan = lambda n, body: "ok" if n < asked + 2 else "status 429"
        run = self.lab.run(2, 2, project_id=project_id)
        self.lab.stub.plan = lambda n, body: "ok"
        return run

    def run(self, script: str, *args: str) -> subprocess.CompletedProcess[str]:
        file = self.folder / script
        file.write_text(SCRIPTS[script], encoding="utf-8")
        commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        where = {} if script == "triage_mcp.py" else {"CRUCIBLE_URL": self.url}
        env = {**self.lab.environ, **where, "PATH": commands, "POLL_SECONDS": "0.05"}
        return subprocess.run(
            [INTERPRETERS[script], str(file), *args],
            env=environment(**env),
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def scene(lab: Lab, tmp_path: Path) -> Iterator[Scene]:
    HEARD.clear()
    executor = EmbeddedExecutor(lab.database, lab.settings)
    app = create_app(lab.settings, executor=executor)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Listening)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    executor.start()
    yield Scene(lab, f"http://127.0.0.1:{server.server_port}", tmp_path)
    executor.stop()
    server.shutdown()
    server.server_close()
    thread.join()


def test_there_are_three() -> None:
    assert set(SCRIPTS) == set(INTERPRETERS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_says_what_is_out_of_line_and_why_and_changes_nothing(scene: Scene, script: str) -> None:
    with scene.lab.database.writing() as session:
        project = add_project(session)
        several(session, project, 9)
        several(session, project, 2, **failed())
        project_id = project.id
    run = scene.fail(project_id)
    said = scene.run(script)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith(
        "verdict failing\ncritical FAILURE_STREAK: The last 3 runs failed"
    )
    assert f"\n  crucible runs show {run.id}\n" in said.stdout
    why = f"run #12 {run.id}\nkind  provider_rate_limited\nphase evaluation\nhint  Wait"
    assert why in said.stdout
    calls = [call for call in scene.lab.calls(run.id) if call.outcome != "ok"]
    assert said.stdout.count("\ncall ") == len(calls) > 4
    for call in calls:
        of = f"call {call.id} evaluation attempt {call.attempt}"
        assert f"{of} error provider_rate_limited 429" in said.stdout
    assert scene.lab.row(run.id).status == "failed"


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_resumes_and_waits_for_the_end(scene: Scene, script: str) -> None:
    run = scene.fail()
    scene.lab.stub.delay_seconds = 1
    said = scene.run(script, "--resume")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.endswith("now completed\n")
    row = scene.lab.row(run.id)
    assert (row.status, row.attempt, row.evaluation_count) == ("completed", 2, 4)
    if script != "triage_mcp.py":  # while nothing changed it was told just that
        assert f"GET /api/runs/{run.id} 304" in HEARD
        assert f"GET /api/runs/{run.id} 200" in HEARD


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_run_that_fails_again_exits_4(scene: Scene, script: str) -> None:
    run = scene.fail()
    scene.lab.stub.plan = lambda n, body: "status 401"
    said = scene.run(script, "--resume")
    assert said.returncode == 4, said.stderr
    assert said.stdout.endswith("now failed\n")
    assert scene.lab.row(run.id).error_kind == "provider_auth"


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_a_failure_it_says_so(scene: Scene, script: str) -> None:
    scene.lab.run(1, 1)
    said = scene.run(script, "--resume")
    assert (said.returncode, said.stdout, said.stderr) == (0, "no run has failed\n", "")


@pytest.mark.parametrize("script", ["triage.sh", "triage.py"])
def test_a_server_that_is_not_there_exits_6(scene: Scene, script: str) -> None:
    scene.url = "http://127.0.0.1:9"
    said = scene.run(script)
    assert (said.returncode, said.stdout) == (6, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_refusal_is_told_and_exits_1(scene: Scene, script: str) -> None:
    run = scene.fail()
    with scene.lab.database.writing() as session:
        session.get_one(Run, run.id).ledger = "absent"
    said = scene.run(script, "--resume")
    assert said.returncode == 1
    assert "this run came from elsewhere and cannot go on here" in said.stderr
    assert "Traceback" not in said.stderr


def test_the_loop_over_all_runs_sees_each_change_once(scene: Scene) -> None:
    """The steps that the page lists."""
    first, second = scene.lab.run(1, 1).id, scene.fail().id
    asked = re.search(r"`GET (/api/runs/summary\?\S+updated_since=\S+)`", PAGE)
    assert asked
    seen: set[tuple[str, str]] = set()
    tag = None

    def step() -> list[str] | None:
        nonlocal tag
        headers = {"If-None-Match": tag} if tag else {}
        answer = requests.get(scene.url + asked[1], headers=headers, timeout=30)
        if answer.status_code == 304:
            return None
        tag = answer.headers["ETag"]
        found = [(run["id"], run["updated_at"]) for run in answer.json()["runs"]]
        fresh = [each for each in found if each not in seen]
        seen.update(fresh)
        return [run_id for run_id, _ in fresh]

    assert set(step() or ()) == {first, second}
    assert step() is None
    assert scene.run("triage.py", "--resume").returncode == 0
    assert step() == [second]
