"""`crucible estimate`, the line before `test-run`, and estimate against actual."""

import json

import pytest

from crucible.cli import estimate_view, run_view
from crucible.cli.text import Screen

from .process import environment, inside
from .samples import NOW, detail

SMALL = ["--candidates", "2", "--scenarios", "2"]
ESTIMATE = {
    "calls": 42,
    "tokens": {"p50": 60_200, "p90": 71_000},
    "cost_usd": {"p50": 0.09, "p90": 0.2},
    "duration_seconds": {"p50": 35.0, "p90": 65.0},
    "basis": {
        "kind": "history",
        "runs": 12,
        "note": "from your last 12 runs with gpt-5-mini, scaled to this size",
    },
    "warnings": [],
}
UNKNOWN = {"p50": None, "p90": None}
PIPED = Screen(None, False)


def shown(**given):
    return run_view.render(detail() | {"estimate": ESTIMATE | given}, [], PIPED, NOW)


def test_one_calm_block():
    assert estimate_view.render(ESTIMATE, PIPED).splitlines() == [
        "42 calls · about 60.2k tokens (p90 71.0k) · $0.09–$0.20 · 35s–1m 05s",
        "from your last 12 runs with gpt-5-mini, scaled to this size",
    ]


def test_unknown_is_said_and_equal_bounds_are_said_once():
    same = {"p50": 0.0, "p90": 0.0}
    first = estimate_view.render(
        ESTIMATE | {"cost_usd": same, "duration_seconds": UNKNOWN}, PIPED
    ).splitlines()[0]
    assert first.endswith(" · $0 · time unknown")
    assert "cost unknown" in estimate_view.render(ESTIMATE | {"cost_usd": UNKNOWN}, PIPED)


def test_a_terminal_gets_lines_that_fit_and_no_foreign_escapes():
    note = "\x1b[31m" + "word " * 40
    found = ESTIMATE | {
        "basis": {"kind": "none", "runs": 0, "note": note},
        "warnings": ["a\x1b[0m"],
    }
    lines = estimate_view.render(found, Screen(60, False)).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[-1] == "a"
    assert "\x1b" not in "".join(lines)


def test_a_run_shows_estimate_against_actual():
    lines = shown().splitlines()
    at = lines.index("Estimate")
    assert lines[at + 1 : at + 6] == [
        "calls        42 · actual 38",
        "tokens       60.2k (p90 71.0k) · actual 60.3k",
        "cost         $0.09 (p90 $0.20) · actual $0.42",
        "time         35s (p90 1m 05s) · actual 1m 13s",
        "basis        from your last 12 runs with gpt-5-mini, scaled to this size",
    ]


def test_a_run_without_an_estimate_has_no_such_section():
    assert "Estimate" not in run_view.render(detail(), [], PIPED, NOW)


def test_an_imported_estimate_may_lack_most_of_it():
    text = shown(calls=None, tokens=None, cost_usd={}, duration_seconds=UNKNOWN, basis=None)
    assert "calls        — · actual 38" in text
    assert "cost         — · actual $0.42" in text


def test_a_live_run_says_so_far():
    live = {"estimate": ESTIMATE, "status": "running", "llm_usage": None}
    text = run_view.render(detail() | live, [], PIPED, NOW)
    assert "calls        42 · so far 0" in text
    assert "cost         $0.09 (p90 $0.20) · so far —" in text


def test_the_only_project_is_meant(lab, env):
    lab.project(title="One")
    answer = inside("estimate", *SMALL, env=env)
    assert answer.returncode == 0
    first, basis = answer.stdout.splitlines()
    assert first.startswith("6 calls · about ")
    assert basis.startswith("no completed run of this project to go by: ")

    lab.project(title="Two")
    answer = inside("estimate", env=env)
    assert answer.returncode != 0
    assert "--project-id" in answer.stderr
    assert inside("estimate", "--project-id", "Two", env=env).returncode == 0


def test_options_are_refused_as_for_a_start(lab, env):
    lab.project()
    answer = inside("estimate", "--mode", "eval_only", env=env)
    assert answer.returncode == 2
    assert "candidates" in answer.stderr
    assert answer.stdout == ""


def test_limits_that_are_too_low_are_warned_of(lab, env):
    lab.project()
    answer = inside("estimate", "--max-llm-calls", "5", "--format", "json", env=env)
    assert len(json.loads(answer.stdout)["warnings"]) == 1
    assert "max_llm_calls" in inside("estimate", "--max-llm-calls", "5", env=env).stdout


@pytest.mark.parametrize("model", ["gpt-5-mini", "nobody-knows-its-price"])
def test_test_run_says_first_what_it_may_cost(env, model):
    answer = inside("test-run", *SMALL, "--model", model, env=env)
    assert answer.returncode == 0
    first = answer.stderr.splitlines()[0]
    assert first.startswith("Estimate: 6 calls, about ")
    run = json.loads(inside("runs", "show", "1", "--format", "json", env=env).stdout)
    assert run["estimate"]["basis"]["note"] in first
    assert run["estimate"]["calls"] == run["llm_usage"]["total"]["call_count"]


def test_test_run_warns_of_a_limit_before_it_reaches_it(env):
    answer = inside("test-run", *SMALL, "--max-llm-calls", "4", env=env)
    assert answer.returncode == 4
    assert "limit of 4 calls" in answer.stderr.splitlines()[1]


def test_what_is_free_is_not_spoken_of(lab, tmp_path):
    prices = tmp_path / "prices.json"
    entry = {
        "provider": "openai",
        "model": "gpt-5-mini",
        "input_usd_per_million": "0",
        "output_usd_per_million": "0",
    }
    prices.write_text(json.dumps({"prices": [entry]}))
    env = environment(**lab.environ, CRUCIBLE_PRICES=str(prices))
    answer = inside("test-run", *SMALL, env=env)
    assert answer.returncode == 0
    assert "Estimate" not in answer.stderr
