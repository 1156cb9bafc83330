"""`crucible test-run`: the whole pipeline in one process, against a stub endpoint."""

import json
import signal

import pytest
from tests.lab import KEY

from .process import crucible, environment, inside, on_terminal, start

SMALL = ["test-run", "--candidates", "2", "--scenarios", "2"]


@pytest.fixture
def fresh(lab, tmp_path):
    """The lab's endpoint, and a database that is not there yet."""
    url = f"sqlite:///{tmp_path}/fresh/crucible.sqlite3"
    return environment(**{**lab.environ, "CRUCIBLE_DATABASE_URL": url})


def test_new_user_gets_a_run_of_the_sample_project(fresh, stub):
    result = crucible(*SMALL, env=fresh)
    assert result.returncode == 0
    assert result.stdout.startswith("✓ #1 completed  Checkout p99")
    assert "evaluations  4 of 4" in result.stdout
    for phase in ("design", "scenarios", "evaluation", "ranking"):
        assert f"✓ {phase}" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("✓ verified")
    assert "\x1b" not in result.stdout + result.stderr
    assert len(stub.requests) == 6


def test_json_is_the_run_as_show_gives_it_and_charges_add_up(fresh, stub):
    result = inside(*SMALL, "--label", "first", "--format", "json", env=fresh)
    run = json.loads(result.stdout)
    assert json.loads(inside("runs", "show", "1", "--format", "json", env=fresh).stdout) == run
    assert run["label"] == "first"
    total = run["llm_usage"]["total"]
    assert total["call_count"] == len(stub.charges)
    assert total["input_tokens"] == sum(charge.input_tokens for charge in stub.charges)
    assert total["output_tokens"] == sum(charge.output_tokens for charge in stub.charges)


def test_sample_project_is_made_once(fresh):
    for _ in range(2):
        assert inside(*SMALL, env=fresh).returncode == 0
    projects = json.loads(inside("projects", "list", "--format", "json", env=fresh).stdout)
    assert [project["title"] for project in projects["projects"]] == ["Checkout p99"]


def test_failed_run_exits_4_with_its_reason_and_what_to_do(fresh, stub):
    stub.plan = lambda n, body: "status 401" if n >= 2 else "ok"
    result = inside(*SMALL, env=fresh)
    assert result.returncode == 4
    assert "✕ #1 failed" in result.stdout
    assert "provider_auth" in result.stdout and "CRUCIBLE_LLM_API_KEY" in result.stdout
    assert "✕ evaluation" in result.stderr
    assert KEY not in result.stdout + result.stderr
    assert result.stdout.splitlines()[-1].startswith("next: crucible ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_cancels_the_run_and_exits_5(fresh, stub, number):
    stub.delay_seconds = 0.5
    with start(*SMALL, "--format", "json", env=fresh) as process:
        while "design" not in process.line():
            pass
        process.interrupt(number)
        code, out, err = process.end()
    assert code == 5, err
    assert "Cancelling" in err
    assert json.loads(out)["status"] == "cancelled"


def test_terminal_shows_one_line_redrawn_and_then_the_summary(fresh, stub):
    stub.delay_seconds = 0.3
    shown = on_terminal(*SMALL, env=fresh, columns=100)
    assert shown.exit_code == 0
    assert "\r\x1b[K" in shown.text
    assert "◐ #1 " in shown.plain
    assert "✓ #1 completed" in shown.plain


def test_no_color_redraws_nothing(fresh):
    shown = on_terminal(*SMALL, env={**fresh, "NO_COLOR": "1"})
    assert shown.exit_code == 0
    assert "\x1b" not in shown.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"CRUCIBLE_LLM": "kosmos"}, "kosmos"),
        ({"CRUCIBLE_LLM": "openai"}, "CRUCIBLE_LLM_API_KEY"),
        ({"CRUCIBLE_LLM": "local", "CRUCIBLE_LOCAL_MODEL": "/nowhere/model.gguf"}, "/nowhere"),
        ({"CRUCIBLE_LLM": "local"}, "crucible model fetch"),
    ],
)
def test_model_that_is_not_ready_is_said_before_anything_is_made(tmp_path, given, said):
    url = f"sqlite:///{tmp_path}/fresh/crucible.sqlite3"
    env = environment(CRUCIBLE_DATABASE_URL=url, XDG_CACHE_HOME=str(tmp_path / "cache"), **given)
    result = inside(*SMALL, env=env)
    assert (result.returncode, result.stdout) == (1, "")
    assert "no run was made" in result.stderr and said in result.stderr
    assert not (tmp_path / "fresh").exists()


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--candidates", "0"], 2, "1<=x<=50"),
        (["--mode", "eval_only"], 2, "candidates"),
        (["--project-id", "No such project"], 3, "No such project"),
        (["--mode", "guess"], 2, "full_search"),
    ],
)
def test_what_cannot_be_run_is_said(fresh, stub, args, code, said):
    result = inside("test-run", *args, env=fresh)
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr
    assert stub.requests == []


def test_given_candidates_are_evaluated(fresh, stub):
    result = inside(
        "test-run",
        "--mode=eval_only",
        "--candidate=Cache prices:for ten seconds",
        "--candidate=Ask in parallel",
        "--scenarios=1",
        "--format=json",
        env=fresh,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["evaluation_count"] == 2
    assert "design" not in stub.names()
