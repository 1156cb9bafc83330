"""`crucible runs calls`: what a run asked of models, and what became of it."""

import csv
import io
import json
import typing

import pytest
from tests.cli.samples import NOW, call, run
from tests.cli.serving import served

from crucible.api.app import create_app
from crucible.cli import calls, calls_view
from crucible.cli.text import Screen, width
from crucible.models.values import Outcome, PhaseName
from crucible.services.retention import Retention, purge

from .process import inside

FAILED: dict[str, typing.Any] = {
    "outcome": "error",
    "error_kind": "provider_rate_limited",
    "error_detail": "Rate limit reached for gpt-5-mini on requests per minute",
    "http_status": 429,
    "input_tokens": None,
    "output_tokens": None,
    "cost_usd": 0,
}


def render(*made, columns=None, more=None):
    return calls_view.render(made, Screen(columns, False), NOW, more)


def test_choices_are_those_of_the_models():
    assert calls.PHASES == tuple(PhaseName)
    assert calls.OUTCOMES == tuple(Outcome)


def test_line_says_what_became_of_a_call_and_what_it_took():
    first, *_ = render(call(attempt=2)).splitlines()
    for said in ("✓ ok", "Prices in the cart × Flash sale  attempt 2", "gpt-5-mini-2025-08-07"):
        assert said in first
    assert "1.3k → 240" in first and "$0.01" in first and "4.20s" in first
    assert "2026-11-22T08:51:20.000Z" in first


def test_calls_of_a_resumed_run_say_of_which_attempt_they_are():
    made = [call(attempt=3), call(run_attempt=2), call(run_attempt=2, attempt=3)]
    first, second, third, *_ = render(*made).splitlines()
    assert "  attempt 3  " in first
    assert "  run attempt 2, try 1  " in second and "  run attempt 2, try 3  " in third


def test_failed_call_says_why():
    piped = render(call(**FAILED)).splitlines()[0]
    assert "✕ error" in piped
    assert piped.endswith("provider_rate_limited 429: " + FAILED["error_detail"])
    assert "—" in piped and "$0" in piped
    narrow = render(call(**FAILED), columns=60).splitlines()
    assert narrow[1].startswith("  provider_rate_limited 429: Rate limit")


def test_slowest_are_marked_where_there_are_enough_to_compare():
    made = [call(id=str(n), latency_seconds=float(n)) for n in range(1, 9)]
    lines = render(*made, columns=160).splitlines()[:8]
    assert [n for n, line in enumerate(lines, 1) if calls_view.SLOW in line] == [6, 7, 8]
    few = render(*made[:4], columns=160)
    assert calls_view.SLOW not in few and calls_view.SLOW not in render(*made)


def test_last_line_sums_up_what_is_shown():
    made = [call(cost_usd=0.02), call(**FAILED), call(outcome="timeout", cost_usd=None)]
    assert render(*made).splitlines()[-1] == "3 calls · 2 failed · slowest 4.20s · ≥ $0.02"


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 160])
def test_table_fits_the_terminal(columns):
    made = [
        call(**FAILED),
        call(subject="結帳 " * 40),
        call(outcome="pending", latency_seconds=None),
    ]
    assert all(width(line) <= columns for line in render(*made, columns=columns).splitlines())


def test_provider_cannot_write_to_the_terminal():
    shown = render(call(**FAILED | {"error_detail": "\x1b[2Jboo\nhoo"}, subject="a\x1b]0;x\x07b"))
    assert "\x1b" not in shown and "boo hoo" in shown


@pytest.mark.parametrize(
    ("given", "filtered", "said"),
    [
        ({"ledger": "purged"}, False, "38 calls made, of which none is kept: they were deleted"),
        ({"ledger": "absent"}, True, "came without them"),
        ({}, True, "No call matches; the run made 38."),
        ({"llm_usage": None}, False, "The run made no call."),
        ({"llm_usage": None, "status": "created"}, False, "No call yet."),
    ],
)
def test_nothing_to_show_says_why(given, filtered, said):
    shown = calls_view.nothing(run(**given), filtered)
    assert said in shown
    assert shown.splitlines()[-1].startswith("next: crucible runs show ")


@pytest.fixture
def history(lab, stub, env):
    """#1: two candidates, two scenarios; the third call fails and is repeated."""
    stub.plan = lambda n, body: "status 500: out of order" if n == 2 else "ok"
    lab.run(2, 2)
    return env


def api_answer(lab, query=""):
    client = create_app(lab.settings).test_client()
    run_id = client.get("/api/runs/summary").json["runs"][0]["id"]
    return client.get(f"/api/runs/{run_id}/calls{query}").json


def test_json_is_what_the_api_answers(lab, history):
    found = json.loads(inside("runs", "calls", "1", "--format", "json", env=history).stdout)
    assert found == api_answer(lab)
    assert len(found["calls"]) == 7
    with served(create_app(lab.settings)) as url:
        remote = inside("runs", "calls", "1", "--format", "json", "--url", url, env=history)
    assert json.loads(remote.stdout) == found


def test_calls_are_filtered_and_paged(lab, history):
    failed = inside("runs", "calls", "1", "--outcome", "error", env=history).stdout
    assert failed.count("✕ error") == 1 and "provider_error 500: " in failed
    first = inside("runs", "calls", "1", "--phase", "evaluation", "--limit", "3", env=history)
    more = first.stdout.splitlines()[-1].removeprefix("more: crucible ").split()
    rest = inside(*more, env=history).stdout
    assert first.stdout.count("  evaluation  ") == 3 and rest.count("  evaluation  ") == 2
    assert "more:" not in rest


def test_lines_and_table_for_programs(lab, history):
    whole = api_answer(lab)["calls"]
    lines = inside("runs", "calls", "1", "--format", "jsonl", env=history).stdout.splitlines()
    assert [json.loads(line) for line in lines] == whole
    table = inside("runs", "calls", "1", "--format", "csv", env=history).stdout
    rows = list(csv.DictReader(io.StringIO(table)))
    assert list(rows[0]) == list(whole[0])
    assert [row["outcome"] for row in rows] == [each["outcome"] for each in whole]
    chosen = inside("runs", "calls", "1", "--json", "phase,outcome", env=history).stdout
    assert json.loads(chosen) == [
        {"phase": each["phase"], "outcome": each["outcome"]} for each in whole
    ]


def test_purged_calls_are_said_to_be_gone(lab, history):
    purge(lab.database, lab.clock, Retention(keep_last=0, calls_only=True))
    result = inside("runs", "calls", "1", env=history)
    assert result.returncode == 0
    assert result.stdout.startswith("7 calls made, of which none is kept: they were deleted.")


def test_who_names_no_run_is_told_where_they_stand(lab, history):
    with served(create_app(lab.settings)) as url:
        for where in ([], ["--url", url]):
            result = inside("runs", "calls", "42", *where, env=history)
            assert result.stderr.splitlines()[1:] == ["Hint: `crucible runs` lists them."]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["1", "--phase", "desing"], 2, "'design'"),
        (["1", "--outcome", "bad"], 2, "'timeout'"),
        (["1", "--limit", "501"], 2, "1<=x<=500"),
        (["1", "--cursor", "x"], 2, "cursor"),
        (["9"], 3, "there is no run"),
    ],
)
def test_what_is_wrong_is_named(history, args, code, said):
    result = inside("runs", "calls", *args, env=history)
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr
