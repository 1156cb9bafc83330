"""`crucible runs compare`: the API's answer, and the same for a person."""

import copy
import json
import re

import click
import pytest
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.api import create_app
from crucible.cli import compare_view
from crucible.cli.text import Screen, width

from .process import environment, inside, on_terminal
from .samples import RUN_ID

HEAD_ID = "019ac1f5-11e2-7c11-9d2e-0123456789ab"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    stub = StubModel()
    lab = Lab(tmp_path_factory.mktemp("compared"), stub)
    yield lab
    lab.close()
    stub.close()


@pytest.fixture(scope="module")
def runs(lab):
    """A small run, a larger one, and one of another project that failed."""
    project = lab.project()
    small = lab.run(1, 2, project_id=project).id
    large = lab.run(3, 4, project_id=project).id
    lab.stub.plan = lambda n, body: "status 401"
    failed = lab.run(2, 2, project_id=lab.project(title="Second")).id
    lab.stub.plan = lambda n, body: "ok"
    return small, large, failed


@pytest.fixture(scope="module")
def env(lab, runs):
    return environment(**lab.environ)


def without_moment(found):
    return {name: value for name, value in found.items() if name != "generated_at"}


def test_json_is_what_the_api_sends(lab, env, runs):
    client = create_app(lab.settings).test_client()
    for base in runs:
        for head in runs:
            said = inside("runs", "compare", base, head, "--format", "json", env=env)
            assert (said.returncode, said.stderr) == (0, "")
            sent = client.get(f"/api/runs/{base}/compare/{head}").get_json()
            assert without_moment(json.loads(said.stdout)) == without_moment(sent)


@pytest.mark.parametrize("names", [["1", "#2", "--project-id"], [None, "2"]])
def test_runs_go_by_number(env, runs, names):
    shown = json.loads(inside("runs", "show", runs[0], "--format", "json", env=env).stdout)
    project = [shown["project_id"]] if "--project-id" in names else []
    args = [name or runs[0] for name in names] + project
    found = json.loads(inside("runs", "compare", *args, "--format", "json", env=env).stdout)
    assert (found["base"]["id"], found["head"]["id"]) == runs[:2]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["1", "2"], 2),
        (["nope", "2"], 3),
        (["1"], 2),
        (["1", "77", "--project-id", "Second"], 3),
        (["1", "1", "--project-id", "No such project"], 3),
    ],
)
def test_what_cannot_be_compared_is_said(env, args, code):
    result = inside("runs", "compare", *args, env=env)
    assert (result.returncode, result.stdout) == (code, "")
    assert "Error" in result.stderr and "Traceback" not in result.stderr


def test_a_person_reads_where_time_and_money_went(env, runs):
    small, large, _ = runs
    text = inside("runs", "compare", small, large, env=env).stdout
    evaluations = next(line for line in text.splitlines() if line.startswith("evaluations"))
    assert evaluations.split() == ["evaluations", "2", "12", "+10", "×6.00"]
    assert re.search(r"^Time by phase: ", text, re.MULTILINE)
    assert re.search(r"^price \S+, tokens \S+, calls \+\S+, retries \$0$", text, re.MULTILINE)
    assert "note: The sizes asked for differ: 1 candidate and 2 scenarios against" in text
    assert text.splitlines()[-2:] == [
        f"next: crucible runs show {large}",
        f"base: crucible runs show {small}",
    ]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_it_fits_the_terminal(env, runs, columns):
    shown = on_terminal("runs", "compare", runs[0], runs[2], env=env, columns=columns)
    assert shown.exit_code == 0
    for line in shown.plain.splitlines():
        assert line.startswith(("next:", "base:")) or width(line) <= columns


# What is made of an answer.


def side(run_id, number, **given):
    return {
        "id": run_id,
        "number": number,
        "project_id": "p",
        "project_title": "Checkout p99",
        "status": "completed",
        "mode": "full_search",
        "label": None,
        "created_at": "2026-11-22T08:51:00.000Z",
        "ledger": "complete",
        "models": {"gpt-5-mini": 42},
        "links": {},
    } | given


def pair(base, head):
    delta = None if base is None or head is None else head - base
    return {"base": base, "head": head, "delta": delta}


FOUND = {
    "base": side(RUN_ID, 41),
    "head": side(HEAD_ID, 43, models={"gpt-5": 45}),
    "generated_at": "2026-11-22T11:00:00.000Z",
    "duration_seconds": {
        **pair(40.0, 50.0),
        "base_phases": {"design": 10.0, "evaluation": 30.0, "other": 0.0},
        "head_phases": {"design": 5.0, "evaluation": 40.0, "ranking": 0.003, "other": 4.997},
        "phases": {"design": -5.0, "evaluation": 10.0, "ranking": 0.003, "other": 4.997},
    },
    "cost_usd": {
        "base": 0.42,
        "head": 0.5234,
        "delta": 0.1034,
        "base_unpriced_call_count": 0,
        "head_unpriced_call_count": 3,
        "causes": {"calls": 0.0, "tokens": 0.0234, "price": 0.084, "retries": -0.004},
    },
    "counts": {name: pair(40, 45) for _, name in compare_view.COUNTS},
    "best_I": pair(None, 0.91),
    "notes": ["Head #43 is still going: its figures are those up to now."],
}


def render(columns=100, **given):
    return click.unstyle(compare_view.render({**FOUND, **given}, Screen(columns, True)))


def row(text, name):
    return next(line for line in text.splitlines() if line.startswith(name)).split()


def test_figures_stand_side_by_side_with_change_and_ratio():
    text = render()
    assert text.startswith("#41 → #43  Checkout p99\n")
    assert row(text, "model") == ["model", "gpt-5-mini", "gpt-5"]
    assert row(text, "duration") == ["duration", "40s", "50s", "+10s", "×1.25"]
    assert row(text, "cost") == ["cost", "$0.42", "≥", "$0.52", "+$0.10", "×1.25"]
    assert row(text, "best I") == ["best", "I", "—", "0.91", "—"]
    assert "note: Head #43 is still going: its figures are those up to now." in text


def test_several_models_stand_below_each_other():
    several = {"gpt-5-mini-2025-08-07": 40, "gpt-5-mini": 2, "qwen2.5-coder-1.5b-instruct": 3}
    text = render(columns=None, head=side(HEAD_ID, 43, models=several))
    at = next(n for n, line in enumerate(text.splitlines()) if line.startswith("model"))
    lines = [line.split() for line in text.splitlines()[at : at + 3]]
    first, *others = several
    assert lines == [["model", "gpt-5-mini", first], *([other] for other in others)]


def test_there_is_no_ratio_to_nothing_nor_one_that_rounds_to_it():
    counts = {**FOUND["counts"], "failed_call_count": pair(2, 0), "retry_count": pair(1000, 1)}
    text = render(counts=counts)
    names = {name: title for title, name in compare_view.COUNTS}
    assert row(text, names["failed_call_count"])[-3:] == ["2", "0", "-2"]
    assert row(text, names["retry_count"])[-1] == "<×0.01"
    assert "×0.00" not in text


def test_phases_have_bars_of_one_scale_and_none_where_they_did_not_begin():
    text = render()
    assert "Time by phase: +10s" in text
    assert row(text, "design") == ["design", "━" * 4, "10s", "━━", "5.00s", "-5.00s"]
    assert row(text, "evaluation ") == ["evaluation", "━" * 12, "30s", "━" * 16, "40s", "+10s"]
    assert row(text, "ranking") == ["ranking", "▏", "3ms", "+3ms"]


def test_causes_are_said_in_words():
    text = render()
    assert "Cost by cause: +$0.10\nprice +$0.08, tokens +$0.02, calls $0, retries -$0.004" in text


def test_what_is_not_known_is_left_out_and_never_zero():
    unknown = dict.fromkeys(("base", "head", "delta", "causes"))
    nothing = dict.fromkeys(("base", "head", "delta", "base_phases", "head_phases", "phases"))
    cost = FOUND["cost_usd"] | unknown | {"head": 0.5}
    text = render(cost_usd=cost, duration_seconds=nothing)
    assert row(text, "cost") == ["cost", "—", "≥", "$0.50", "—"]
    assert row(text, "duration") == ["duration", "—", "—", "—"]
    assert "by cause" not in text and "by phase" not in text


def test_a_run_against_itself_can_be_shown():
    alike = copy.deepcopy(FOUND)
    zero = {"design": 0.0, "other": 0.0}
    took = {**pair(0.0, 0.0), "base_phases": zero, "head_phases": zero, "phases": zero}
    alike["counts"] = {name: pair(0, 0) for name in FOUND["counts"]}
    text = render(**alike | {"duration_seconds": took})
    assert row(text, "calls") == ["calls", "0", "0", "0"]
    assert row(text, "design") == ["design", "0ms", "0ms", "0ms"]


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 300])
def test_hostile_names_stay_on_their_line(columns):
    hostile = "漢字" * 80 + " \x1b[31m " + "word " * 40
    base = side(RUN_ID, 41, label=hostile, project_title=hostile, models={hostile: 1})
    for line in render(columns, base=base).splitlines():
        assert "\x1b" not in line
        assert line.startswith(("next:", "base:")) or width(line) <= columns


def test_piped_is_whole_and_plain():
    title = "word " * 60
    base = side(RUN_ID, 41, project_title=title.strip())
    text = compare_view.render({**FOUND, "base": base}, Screen(None, False))
    assert title.strip() in text and "\x1b" not in text
