"""`crucible runs trends`: the same value as the API, and a view that fits its terminal."""

import json
from datetime import UTC, datetime, timedelta

import click
import pytest
from tests.lab import Lab
from tests.seed import add_run, failed
from tests.stub_model import StubModel

from crucible.api import create_app
from crucible.cli import trends_view
from crucible.cli.text import Screen, width
from crucible.models import Project

from .process import environment, inside, on_terminal
from .samples import NOW, PROJECT_ID, RUN_ID

PIPE = Screen(None, False)


def point(number, status="completed", **given):
    return {
        "id": RUN_ID,
        "number": number,
        "status": status,
        "mode": "full_search",
        "created_at": "2026-11-22T08:51:00.000Z",
        "completed_at": "2026-11-22T08:52:00.000Z",
        "duration_seconds": 60.0,
        "cost_usd": 0.25,
        "unpriced_call_count": 0,
        "total_tokens": 60_300,
        "evaluation_count": 40,
        "error_kind": None,
    } | given


def day(date, **given):
    return {
        "date": date,
        "run_count": 3,
        "by_status": {"completed": 3},
        "failures_by_kind": {},
        "cost_usd": 0.75,
        "unpriced_call_count": 0,
        "total_tokens": 180_900,
    } | given


def empty(date):
    return day(date, run_count=0, by_status={}, cost_usd=0, total_tokens=0)


def failure(**given):
    return {
        "fingerprint": "f00d",
        "kind": "provider_rate_limited",
        "phase": "evaluation",
        "error_summary": "Evaluation failed: provider answered 429 5 times in a row",
        "count": 12,
        "first_run": {"id": "a", "number": 30, "created_at": "2026-11-20T08:00:00.000Z"},
        "last_run": {
            "id": RUN_ID,
            "number": 42,
            "created_at": "2026-11-22T08:51:00.000Z",
            "completed_at": "2026-11-22T09:00:00.000Z",
        },
    } | given


def trends(**given):
    return {
        "project_id": PROJECT_ID,
        "generated_at": "2026-11-22T11:00:00.000Z",
        "runs": [
            point(41),
            point(42, "failed", unpriced_call_count=2),
            point(43, "running", duration_seconds=7.0, cost_usd=None),
        ],
        "days": [
            day("2026-11-20"),
            empty("2026-11-21"),
            day(
                "2026-11-22",
                run_count=16,
                by_status={"running": 1, "completed": 2, "failed": 12, "cancelled": 1},
                failures_by_kind={"provider_rate_limited": 11, "internal": 1},
                cost_usd=None,
                total_tokens=None,
            ),
        ],
        "failures": [
            failure(),
            failure(
                kind=None,
                phase=None,
                error_summary=None,
                count=1,
                last_run={
                    "id": "older",
                    "number": 7,
                    "created_at": "2026-11-21T08:51:00.000Z",
                    "completed_at": None,
                },
            ),
        ],
    } | given


def render(columns=None, colour=False, **given):
    return trends_view.render(trends(**given), Screen(columns, colour), NOW)


def test_a_wide_terminal_shows_runs_days_and_failures_one_a_line():
    assert render(120).splitlines() == [
        "Last 3 runs: #41 to #43 · 1 failed · median 1m 00s · ≥ $0.50",
        "✓✕◐",
        "",
        "Last 3 days (UTC): 19 runs · 12 failed · $0.75",
        "2026-11-20   3 runs  ✓ 3                  $0.75  180.9k",
        "2026-11-21   0 runs",
        "2026-11-22  16 runs  ✓ 2  ✕ 12  ⊘ 1  ◐ 1      —       —"
        "  11 provider rate limited, 1 internal",
        "",
        "Failures",
        "12 ×  provider rate limited in evaluation  provider answered 429 5 times in a row"
        "  last #42  2 h ago",
        " 1 ×  of no known kind                                                           "
        "  last #7   1 d ago",
        "",
        f"next: crucible runs show {RUN_ID}",
    ]


def test_a_reason_moves_below_where_it_would_be_a_stump():
    lines = render(70).splitlines()
    at = lines.index("Failures")
    assert lines[at + 1 :] == [
        "12 ×  provider rate limited in evaluation  last #42  2 h ago",
        "  provider answered 429 5 times in a row",
        " 1 ×  of no known kind                     last #7   1 d ago",
        "",
        f"next: crucible runs show {RUN_ID}",
    ]


@pytest.mark.parametrize("columns", range(40, 201, 5))
def test_nothing_is_wider_than_the_terminal(columns):
    many = [point(number) for number in range(1, 201)]
    wide = failure(error_summary="漢字の長い理由" * 20, phase=None)
    text = render(columns, colour=True, runs=many, failures=[failure(), wide])
    for line in text.splitlines():
        if "next:" not in line:  # a command that was cut would not run
            assert width(click.unstyle(line)) <= columns
    said = click.unstyle(text)
    assert said.count("✓") == 200 + 2  # a strip of all runs, and two days
    assert "2026-11-22  16 runs" in said and "✕ 12" in said


def test_piped_is_whole_plain_and_exact():
    text = render(failures=[failure(error_summary="Evaluation failed: \x1b[31m" + "why " * 60)])
    assert "\x1b" not in text
    assert ("why " * 60).strip() in text
    assert "2026-11-22T09:00:00.000Z" in text
    assert "11 provider rate limited, 1 internal" in text


def test_an_empty_history_says_so_and_what_comes_next():
    assert render(80, runs=[], days=[empty("2026-11-22")], failures=[]).splitlines() == [
        "No runs yet.",
        f"next: crucible test-run --project-id {PROJECT_ID}",
    ]


def test_days_without_a_run_are_one_line():
    text = render(80, days=[empty("2026-11-21"), empty("2026-11-22")], failures=[])
    assert "Last 2 days (UTC): no runs" in text
    assert "2026-11-21" not in text
    assert text.endswith(f"next: crucible runs --project-id {PROJECT_ID}")


def test_days_on_end_without_a_run_are_one_line_among_others():
    quiet = [empty(f"2026-11-{number}") for number in range(10, 21)]
    days = [day("2026-11-09"), *quiet, day("2026-11-21"), empty("2026-11-22")]
    lines = render(120, days=days, failures=[]).splitlines()
    at = lines.index("Last 14 days (UTC): 6 runs · 0 failed · $1.50")
    assert [line.split()[:3] for line in lines[at + 1 : at + 5]] == [
        ["2026-11-09", "3", "runs"],
        ["11", "days", "0"],
        ["2026-11-21", "3", "runs"],
        ["2026-11-22", "0", "runs"],
    ]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One history for all tests that only read it: a run of each sort, and an empty project."""
    stub = StubModel()
    lab = Lab(tmp_path_factory.mktemp("trends"), stub)
    project_id = lab.project(title="Checkout p99")
    lab.run(1, 1, project_id=project_id)
    yesterday = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    with lab.database.writing() as session:
        project = session.get_one(Project, project_id)
        for _ in range(2):
            add_run(session, project, created_at=yesterday, **failed())
    lab.project(title="Empty")
    yield lab
    lab.close()
    stub.close()


@pytest.fixture(scope="module")
def env(lab):
    return environment(**lab.environ)


@pytest.mark.parametrize(
    ("args", "query"),
    [
        ([], ""),
        (["--limit", "1", "--days", "2"], "?limit=1&days=2"),
        (["--days", "90"], "?days=90"),
    ],
)
def test_json_is_what_the_api_sends(lab, env, args, query):
    result = inside(
        *("runs", "trends", "--project-id", "Checkout p99", "--format", "json", *args), env=env
    )
    sent = (
        create_app(lab.settings)
        .test_client()
        .get(f"/api/projects/{json.loads(result.stdout)['project_id']}/runs/trends{query}")
    )
    assert (result.returncode, result.stderr, sent.status_code) == (0, "", 200)
    said, asked = json.loads(result.stdout), sent.get_json()
    assert said.pop("generated_at") and asked.pop("generated_at")
    assert said == asked
    assert said["failures"][0]["count"] == 2


def test_a_terminal_shows_it_in_colour_and_whole(env):
    shown = on_terminal("runs", "trends", "--project-id", "Checkout p99", env=env, columns=90)
    assert shown.exit_code == 0
    assert "\x1b[31m" in shown.text
    assert "Last 3 runs: #2 to #1 · 2 failed" in shown.plain
    assert "2 ×  provider rate limited in evaluation" in shown.plain
    assert all(width(line) <= 90 for line in shown.plain.splitlines() if "next:" not in line)


def test_without_a_project_the_only_one_is_meant(make_lab):
    lab = make_lab()
    env = environment(**lab.environ)
    nothing = inside("runs", "trends", env=env)
    assert (nothing.returncode, nothing.stdout) == (3, "")
    assert "no project yet" in nothing.stderr

    lab.project(title="Only")
    assert inside("runs", "trends", env=env).stdout.startswith("No runs yet.\nnext: crucible test")


def test_without_a_project_several_are_a_usage_error_that_names_the_option(env):
    result = inside("runs", "trends", env=env)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--project-id" in result.stderr


@pytest.mark.parametrize("wrong", [["--limit", "0"], ["--limit", "201"], ["--days", "91"]])
def test_a_number_out_of_bounds_is_a_usage_error(env, wrong):
    result = inside("runs", "trends", *wrong, env=env)
    assert (result.returncode, result.stdout) == (2, "")
    assert wrong[0] in result.stderr


def test_an_unknown_project_is_not_found(env):
    result = inside("runs", "trends", "--project-id", "Nothing", env=env)
    assert (result.returncode, result.stdout) == (3, "")
