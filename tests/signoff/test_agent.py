"""The agent, given nothing but an address, against histories in which different things go wrong."""

import ast
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import update
from tests.cli.process import COMMAND, environment
from tests.cli.serving import served
from tests.lab import Lab
from tests.seed import add_project, failed
from tests.seed_history import several
from tests.signoff.trouble import AGENT

from crucible.api import create_app
from crucible.models import Run
from crucible.recorder.lease import Owner

Agent = Callable[..., Any]


@contextmanager
def agent_of(lab: Lab) -> Iterator[Agent]:
    with served(create_app(lab.settings)) as base:

        def ask(*options: str) -> Any:
            env = environment(CRUCIBLE_COMMAND=shlex.join(COMMAND), PATH=os.environ["PATH"])
            said = subprocess.run(
                [sys.executable, str(AGENT), base, *options],
                env=env, capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            found = json.loads(said.stdout)
            assert said.returncode == (7 if found["troubles"] else 0), said.stderr
            return found

        yield ask


@pytest.fixture
def agent(lab: Lab) -> Iterator[Agent]:
    with agent_of(lab) as ask:
        yield ask


def history(lab: Lab, good: int = 9, bad: int = 0, **how: Any) -> str:
    with lab.database.writing() as session:
        project = add_project(session, title="The one")
        several(session, project, good)
        several(session, project, bad, **how)
        return project.id


def only(answer: Any) -> Any:
    (trouble,) = answer["troubles"]
    assert not answer["well"]
    return trouble


def test_it_needs_nothing_of_ours() -> None:
    tree = ast.parse(AGENT.read_text(encoding="utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) == {"requests"}


def test_where_all_is_well_it_says_so(lab: Lab, agent: Agent) -> None:
    history(lab)
    assert agent() == {"well": True, "troubles": []}


def test_where_nothing_is_it_finds_nothing(agent: Agent) -> None:
    assert agent()["well"] is True


def test_a_rate_limit_among_projects_that_are_well(lab: Lab, agent: Agent) -> None:
    history(lab)
    project_id = history(lab, 9, 3, **failed(error_hint="Wait a minute."))
    history(lab)
    found = only(agent())
    with lab.database.reading() as session:
        runs = session.query(Run).filter_by(project_id=project_id).order_by(Run.number).all()
    cost = sum(run.cost_pico or 0 for run in runs[9:]) / 10**12
    assert found["project"]["id"] == project_id
    assert (found["what"], found["why"]) == ("FAILURE_STREAK", "provider_rate_limited")
    assert found["since_run"] == {"id": runs[9].id, "number": 10}
    assert (found["runs"], found["phase"], found["verdict"]) == (3, "evaluation", "failing")
    assert (found["cost_usd"], found["wasted_cost_usd"]) == (cost, 0)
    assert (found["do"], found["who"]) == ("Wait a minute.", "an agent")
    assert found["then"] == f"crucible runs resume {runs[-1].id}"


def test_a_key_that_is_refused_is_for_a_person(lab: Lab, agent: Agent) -> None:
    refused = failed(error_kind="provider_auth", error_phase="design", error_hint="The key.")
    history(lab, 9, 4, **refused)
    found = only(agent())
    assert (found["why"], found["phase"], found["runs"]) == ("provider_auth", "design", 4)
    assert (found["who"], found["since_run"]["number"]) == ("a person", 10)


def test_a_worker_that_died(lab: Lab, agent: Agent) -> None:
    """One run: no pattern, so the verdict is ok; but the newest run failed."""
    project_id = history(lab)
    run_id = lab.create(2, 2, project_id=project_id)
    lab.claim(run_id)
    gone = {**asdict(Owner.current()), "process_started": "1"}
    with lab.database.writing() as session:
        session.execute(update(Run).where(Run.id == run_id).values(owner=gone))
    found = only(agent())
    assert (found["what"], found["why"], found["who"]) == ("RUN_FAILED", "worker_lost", "an agent")
    assert found["since_run"] == {"id": run_id, "number": 10}
    assert found["then"] == f"crucible runs resume {run_id}"
    assert found["call_count"] == 0


def test_a_dearer_model(make_lab: Callable[..., Lab]) -> None:
    """Real runs: what the price did, only a ledger tells. The same by the command line."""
    lab = make_lab(LLM_MODEL="gpt-5-mini")
    project_id = lab.project()
    good = [lab.run(2, 2, project_id=project_id) for _ in range(7)]
    lab.stub.model = "gpt-5"
    dear = [lab.run(2, 2, project_id=project_id) for _ in range(3)]
    with agent_of(lab) as agent:
        found = only(answer := agent())
        assert agent("--cli") == answer
    assert (found["what"], found["why"], found["model"]) == ("COST_SPIKE", "price", "gpt-5")
    assert found["since_run"] == {"id": dear[0].id, "number": 8}
    assert found["cost_usd"] == sum(run.cost_pico or 0 for run in dear) / 10**12
    assert found["do"] == f"crucible runs compare {good[-1].id} {dear[-1].id}"
    assert (found["who"], found["failed_call_count"]) == ("a person", 0)


def test_a_token_is_sent_and_without_it_there_is_no_answer(
    make_lab: Callable[..., Lab],
) -> None:
    token = "a-token-of-more-than-sixteen"
    lab = make_lab(API_TOKEN=token)
    history(lab)
    with served(create_app(lab.settings)) as base:

        def ask(**env: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, str(AGENT), base]
            return subprocess.run(command, env=environment(**env), capture_output=True, text=True)

        assert ask(CRUCIBLE_API_TOKEN=token).returncode == 0
        refused = ask()
    assert (refused.returncode, refused.stdout) == (6, "")
    assert "401" in refused.stderr and token not in refused.stderr


def test_no_server_is_told_and_exits_6() -> None:
    said = subprocess.run(
        [sys.executable, str(AGENT), "http://127.0.0.1:9"], capture_output=True, text=True
    )
    assert (said.returncode, said.stdout) == (6, "")
    assert "Traceback" not in said.stderr
