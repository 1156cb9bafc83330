"""`crucible runs health`: the same value as the API, words for a person, an exit code for cron."""

import json

import pytest
from tests.lab import Lab
from tests.seed import add_project, failed
from tests.seed_history import several

from crucible.api import create_app
from crucible.models import Project

from .process import inside


@pytest.fixture
def project(lab: Lab) -> str:
    with lab.database.writing() as session:
        made = add_project(session)
        several(session, made, 12)
        return made.id


def more(lab: Lab, project_id: str, count: int, **how: object) -> None:
    with lab.database.writing() as session:
        several(session, session.get_one(Project, project_id), count, **how)


def test_json_is_what_the_api_answers(lab: Lab, env: dict[str, str], project: str) -> None:
    more(lab, project, 3, slow={"evaluation": 3.0})
    more(lab, project, 1, **failed())
    said = json.loads(inside("runs", "health", "--format", "json", env=env).stdout)
    client = create_app(lab.settings).test_client()
    answered = client.get(f"/api/projects/{project}/runs/health").get_json()
    assert said.pop("generated_at") and answered.pop("generated_at")
    assert said == answered
    assert said["reasons"] == ["DURATION_REGRESSION"]


def test_when_all_is_well_it_is_short(env: dict[str, str], project: str) -> None:
    answer = inside("runs", "health", env=env)
    assert answer.returncode == 0
    assert answer.stdout.splitlines() == [
        "✓ ok  12 runs judged",
        "",
        "last failure  none",
        "typical run   1m 07s (p90 1m 10s) · 5 candidates · 8 scenarios · 40 evaluations · $0.11",
        "",
        f"next: crucible runs --project-id {project}",
    ]


def test_after_a_failure_it_ends_with_the_run_that_failed(
    lab: Lab, env: dict[str, str], project: str
) -> None:
    more(lab, project, 1, **failed())
    found = json.loads(inside("runs", "health", "--format", "json", env=env).stdout)
    assert not found["anomalies"]
    last = inside("runs", "health", env=env).stdout.splitlines()[-1]
    assert last == f"next: crucible runs show {found['last_failure']['run_id']}"


def test_a_finding_ends_with_what_to_look_at(lab: Lab, env: dict[str, str], project: str) -> None:
    more(lab, project, 3, slow={"evaluation": 3.0})
    lines = inside("runs", "health", env=env).stdout.splitlines()
    assert lines[0] == "▲ degraded  15 runs judged"
    assert lines[2] == "▲ DURATION_REGRESSION"
    assert lines[3].startswith("  Runs take 2.5 times as long as before: ")
    assert lines[4] == "  since #13 · compared with 12 earlier runs"
    command = lines[5].strip()
    assert lines[-1] == f"next: {command}"
    assert inside(*command.split()[1:], env=env).returncode == 0


@pytest.mark.parametrize(("option", "code"), [((), 0), (("--exit-code",), 7)])
def test_a_failing_project_has_an_exit_code_for_those_who_ask(
    lab: Lab, env: dict[str, str], project: str, option: tuple[str, ...], code: int
) -> None:
    more(lab, project, 3, **failed())
    answer = inside("runs", "health", *option, env=env)
    assert answer.returncode == code
    assert "✕ FAILURE_STREAK" in answer.stdout
    last = answer.stdout.splitlines()[-1].removeprefix("next: ")
    assert inside(*last.split()[1:], env=env).returncode == 0


def test_degraded_is_not_failing(lab: Lab, env: dict[str, str], project: str) -> None:
    more(lab, project, 3, slow={"evaluation": 3.0})
    assert inside("runs", "health", "--exit-code", env=env).returncode == 0


def test_several_projects_need_a_name(lab: Lab, env: dict[str, str], project: str) -> None:
    with lab.database.writing() as session:
        add_project(session, title="Another")
    answer = inside("runs", "health", env=env)
    assert answer.returncode == 2
    assert "--project-id" in answer.stderr
    assert answer.stdout == ""
    named = inside("runs", "health", "--project-id", "Another", env=env)
    assert named.stdout.startswith("○ unknown  0 runs judged, 8 more needed for a verdict")
