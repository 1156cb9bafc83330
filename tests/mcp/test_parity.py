"""One question, four mouths: API, CLI here, CLI against a server, and the tools hold one value."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from tests.cli.process import environment, inside
from tests.cli.serving import served
from tests.lab import Lab
from tests.mcp.talk import Talk
from tests.seed import add_project
from tests.seed_history import ran, several
from tests.stub_model import StubModel

from crucible.api import create_app
from crucible.cli import local_source, remote_source
from crucible.clock import SystemClock
from crucible.mcp.house import House
from crucible.mcp.server import build
from crucible.scrub import Scrubber

TITLE, OTHER = "Checkout p99", "Müller / 100% #1?"

Asked = tuple[str, list[str], str, dict[str, Any]]
"""The same question to the API, to the CLI and to a tool; `{id}` is a run's, `{project}` its
project's."""
READS: dict[str, Asked] = {
    "page": ("/api/runs/summary?limit=10", ["runs", "--limit", "10"], "list_runs", {}),
    "page of a project": (
        "/api/projects/{project}/runs/summary?limit=3&sort=-cost_usd",
        ["runs", "--project-id", TITLE, "--limit", "3", "--sort=-cost_usd"],
        "list_runs",
        {"project_id": TITLE, "limit": 3, "sort": "-cost_usd"},
    ),
    "filtered": (
        "/api/runs/summary?status=failed&status=created&mode=full_search&since=30d&limit=10",
        ["runs", "--status", "failed", "--status", "created", "--mode", "full_search",
         "--since", "30d", "--limit", "10"],
        "list_runs",
        {"status": ["failed", "created"], "mode": "full_search", "since": "30d"},
    ),
    "nothing": (
        "/api/runs/summary?until=2000-01-01T00:00:00Z&limit=10",
        ["runs", "--until", "2000-01-01T00:00:00Z", "--limit", "10"],
        "list_runs",
        {"until": "2000-01-01T00:00:00Z"},
    ),
    "completed run": ("/api/runs/{done}", ["runs", "show", "{done}"], "get_run",
                      {"run_id": "{done}"}),
    "failed run": ("/api/runs/{failed}", ["runs", "show", "{failed}"], "get_run",
                   {"run_id": "{failed}"}),
    "waiting run": ("/api/runs/{waiting}", ["runs", "show", "{waiting}"], "get_run",
                    {"run_id": "{waiting}"}),
    "calls": ("/api/runs/{done}/calls", ["runs", "calls", "{done}"], "list_calls",
              {"run_id": "{done}"}),
    "failed calls": (
        "/api/runs/{failed}/calls?outcome=error&phase=evaluation&limit=2",
        ["runs", "calls", "{failed}", "--outcome", "error", "--phase", "evaluation",
         "--limit", "2"],
        "list_calls",
        {"run_id": "{failed}", "outcome": "error", "phase": "evaluation", "max_items": 2},
    ),
    "comparison": ("/api/runs/{done}/compare/{failed}", ["runs", "compare", "{done}", "{failed}"],
                   "compare_runs", {"base": "{done}", "head": "{failed}"}),
    "verdict": ("/api/projects/{project}/runs/health", ["runs", "health", "--project-id", TITLE],
                "run_health", {"project_id": TITLE}),
}  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Real runs of two projects, and a history in which something went wrong. Then time stands."""
    stub = StubModel()
    lab = Lab(tmp_path_factory.mktemp("parity"), stub)
    first, second = lab.project(title=TITLE), lab.project(title=OTHER)
    lab.run(2, 2, project_id=first)
    stub.plan = lambda n, body: "ok" if n < 8 else "status 429: slow down, “please”"
    lab.run(2, 2, project_id=first)
    lab.create(1, 1, project_id=second)
    with lab.database.writing() as session:
        troubled = add_project(session, title="Troubled")
        several(session, troubled, 12)
        for _ in range(3):
            ran(session, troubled, slow={"evaluation": 4.0})
    moment = SystemClock().now() + timedelta(hours=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda self: moment)
        for name, value in lab.environ.items():
            patch.setenv(name, value)
        yield lab
    lab.close()
    stub.close()


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[str]:
    with served(create_app(lab.settings)) as url:
        yield url


@pytest.fixture(scope="module")
def names(lab: Lab, server: str) -> dict[str, str]:
    runs = requests.get(f"{server}/api/runs/summary?limit=200", timeout=30).json()["runs"]
    real = [run for run in runs if run["project_title"] != "Troubled"]
    done, failed, waiting = (
        next(run for run in real if run["status"] == status)
        for status in ("completed", "failed", "created")
    )
    return {
        "done": done["id"],
        "failed": failed["id"],
        "waiting": waiting["id"],
        "project": done["project_id"],
    }


@pytest.fixture(params=["here", "at a server"])
def talk(request: pytest.FixtureRequest, server: str) -> Talk:
    here: Callable[..., Any] = local_source.opened
    opened = here if request.param == "here" else lambda: remote_source.opened(server)
    return Talk(build(House(opened, Scrubber())))


def _filled(asked: Any, names: dict[str, str]) -> Any:
    if isinstance(asked, str):
        return asked.format(**names) if "{" in asked else asked
    if isinstance(asked, list):
        return [_filled(each, names) for each in asked]
    if isinstance(asked, dict):
        return {key: _filled(each, names) for key, each in asked.items()}
    return asked


@pytest.mark.parametrize("question", READS)
def test_all_hold_the_same_value(
    lab: Lab, server: str, names: dict[str, str], talk: Talk, question: str
) -> None:
    path, command, tool, arguments = _filled(list(READS[question]), names)
    api = requests.get(server + path, timeout=30)
    assert api.status_code == 200
    value = api.json()
    env = environment(**lab.environ)
    for where in [], ["--url", server]:
        said = inside(*where, *command, "--format", "json", env=env)
        assert said.returncode == 0, said.stderr
        assert json.loads(said.stdout) == value
    answer = talk.ask(tool, **arguments, include_text=True)
    more = {"truncated": answer.pop("truncated"), "next": answer.pop("next")}
    assert answer == value
    assert more["truncated"] == value.get("has_more", False)


def test_the_questions_find_something(server: str, names: dict[str, str]) -> None:
    found = {
        question: requests.get(server + _filled(asked[0], names), timeout=30).json()
        for question, asked in READS.items()
    }
    assert found["page"]["has_more"] and found["failed calls"]["has_more"]
    assert len(found["filtered"]["runs"]) == 2
    assert found["failed run"]["error"]["message"]
    assert found["verdict"]["last_failure"]["kind"] == "provider_rate_limited"


def test_a_verdict_with_findings_is_the_same_for_all(lab: Lab, server: str, talk: Talk) -> None:
    value = requests.get(f"{server}/api/projects/Troubled/runs/health", timeout=30).json()
    assert value["anomalies"]
    answer = talk.ask("run_health", project_id="Troubled")
    assert {key: answer[key] for key in value} == value
