"""`crucible runs` on a real history: a run that completed and one that failed."""

import csv
import io
import json
import os
import re
import sqlite3
import subprocess

import pytest
from tests.lab import KEY, Lab
from tests.stub_model import StubModel

from crucible.api import create_app
from crucible.cli.text import width

from .process import COMMAND, crucible, environment, inside, on_terminal

TITLE = "Checkout p99"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One history for all tests that only read it."""
    stub = StubModel()
    lab = Lab(tmp_path_factory.mktemp("history"), stub)
    yield lab
    lab.close()
    stub.close()


@pytest.fixture(scope="module")
def env(lab):
    return environment(**lab.environ)


@pytest.fixture(scope="module")
def project(lab):
    return lab.project()


@pytest.fixture(scope="module")
def runs(lab, project):
    """(completed, failed): ids, oldest first."""
    completed = lab.run(2, 2, project_id=project).id
    lab.stub.plan = lambda n, body: "status 401"
    failed = lab.run(2, 2, project_id=project).id
    lab.stub.plan = lambda n, body: "ok"
    return completed, failed


@pytest.fixture
def own(make_lab):
    """A history of the test's own, to be changed by it: lab, settings, a completed run."""
    lab = make_lab()
    return lab, environment(**lab.environ), lab.run(1, 1).id


def api(lab, path):
    return create_app(lab.settings).test_client().get(path).get_json()


def answer(*args, env):
    result = inside(*args, "--format", "json", env=env)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def without_moment(page):
    return {name: value for name, value in page.items() if name != "generated_at"}


@pytest.mark.parametrize(
    ("args", "query"),
    [
        ([], ""),
        (["--limit", "1"], "?limit=1"),
        (["--status", "failed", "--status", "running"], "?status=failed&status=running"),
        (["--sort", "-cost_usd"], "?sort=-cost_usd"),
        (["--since", "24h", "--mode", "full_search"], "?since=24h&mode=full_search"),
        (["--search", "401"], "?q=401"),
    ],
)
def test_json_is_what_the_api_sends(lab, env, runs, args, query):
    assert without_moment(answer("runs", *args, env=env)) == without_moment(
        api(lab, f"/api/runs/summary{query}")
    )


def test_json_of_a_project_is_what_the_api_sends(lab, env, runs, project):
    said = answer("runs", "--project-id", TITLE, env=env)
    assert without_moment(said) == without_moment(api(lab, f"/api/projects/{project}/runs/summary"))
    assert said["project_id"] == project


def test_detail_and_projects_are_what_the_api_sends(lab, env, runs, project):
    for run in runs:
        assert answer("runs", "show", run, env=env) == api(lab, f"/api/runs/{run}")
    assert answer("projects", "list", env=env) == api(lab, "/api/projects")
    assert answer("projects", "show", project[:18], env=env) == api(lab, f"/api/projects/{project}")


def test_pages_follow_each_other(env, runs):
    first = answer("runs", "--limit", "1", env=env)
    second = answer("runs", "--limit", "1", "--cursor", first["next_cursor"], env=env)
    assert [page["runs"][0]["id"] for page in (first, second)] == [runs[1], runs[0]]
    assert second["has_more"] is False


def test_the_command_for_the_next_page_gives_the_next_page(env, runs):
    first = inside("runs", "--limit", "1", "--status", "failed", "--status", "completed", env=env)
    more = re.search(r"^more: crucible (.*)$", first.stdout, re.MULTILINE)[1].split()
    assert runs[0] in inside(*more, env=env).stdout


def test_json_lines_are_one_summary_each(env, runs):
    page = answer("runs", env=env)
    lines = inside("runs", "--format", "jsonl", env=env).stdout.splitlines()
    assert [json.loads(line) for line in lines] == page["runs"]


def test_csv_is_one_row_each(env, runs):
    out = inside("runs", "--format", "csv", env=env).stdout
    rows = list(csv.DictReader(io.StringIO(out)))
    page = answer("runs", env=env)
    assert [row["id"] for row in rows] == [run["id"] for run in page["runs"]]
    assert float(rows[1]["cost_usd"]) == page["runs"][1]["llm_usage"]["total"]["cost_usd"]
    assert rows[0]["error_kind"] == "provider_auth"


@pytest.mark.parametrize("name", ["2", "#2"])
def test_a_run_goes_by_its_number(env, runs, name):
    assert answer("runs", "show", name, env=env)["id"] == runs[1]
    assert answer("runs", "show", name, "--project-id", TITLE, env=env)["id"] == runs[1]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["runs", "show", "77"], 3),
        (["runs", "show", "00000000-0000"], 3),
        (["runs", "show", "1", "--project-id", "No such project"], 3),
        (["runs", "--project-id", "No such project"], 3),
        (["projects", "show", "No such project"], 3),
        (["runs", "verify", "77"], 3),
        (["runs", "--since", "yesterday"], 2),
        (["runs", "--cursor", "nonsense"], 2),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_its_code(env, runs, args, code):
    result = inside(*args, env=env)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr


def test_a_number_in_several_projects_is_ambiguous(own):
    lab, env, _ = own
    lab.run(1, 1, project_id=lab.project(title="Another"))
    result = inside("runs", "show", "1", env=env)
    assert result.returncode == 2
    assert answer("runs", "show", "1", "--project-id", "Another", env=env)["number"] == 1


def test_reading_a_failed_run_is_no_failure(env, runs):
    result = inside("runs", "show", runs[1], env=env)
    assert result.returncode == 0
    assert "failed" in result.stdout and KEY not in result.stdout


def test_a_project_without_runs_says_what_to_do(own):
    lab, env, _ = own
    lab.project(title="Empty")
    result = inside("runs", "--project-id", "Empty", env=env)
    assert result.stdout == "No runs yet.\nnext: crucible test-run --project-id Empty\n"
    assert result.returncode == 0


def test_filters_that_match_nothing_say_so(env, runs):
    result = inside("runs", "--status", "cancelled", env=env)
    assert result.stdout == "No run matches.\nnext: crucible runs\n"


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_terminal_table_is_coloured_and_fits(env, runs, columns):
    shown = on_terminal("runs", env=env, columns=columns)
    assert shown.exit_code == 0
    assert "\x1b[31m✕ #2" in shown.text
    for line in shown.plain.splitlines():
        assert line.startswith("next:") or width(line) <= columns


def test_no_color_is_respected(env, runs):
    shown = on_terminal("runs", env={**env, "NO_COLOR": "1"})
    assert "✕ #2" in shown.text
    assert "\x1b" not in shown.text


def test_piped_table_is_plain(env, runs):
    out = crucible("runs", env=env).stdout
    assert "\x1b" not in out
    assert runs[0] in out and runs[1] in out


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_a_reader_that_left_is_no_failure(env, runs, form):
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [*COMMAND, "runs", "--format", form],
        env=env,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said(env, runs):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [*COMMAND, "runs"], env=env, stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert result.returncode == 1
    assert b"No space left" in result.stderr and b"Traceback" not in result.stderr


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_an_ascii_terminal_gets_an_answer(env, runs, form):
    result = crucible("runs", "--format", form, env={**env, "PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr) == (0, "")
    if form == "json":
        assert json.loads(result.stdout)["total"] == 2


def test_verify_says_that_it_adds_up_and_what_it_covered(env, runs):
    one = inside("runs", "verify", runs[0], env=env)
    assert one.returncode == 0
    assert one.stdout.startswith("✓ #1  adds up")
    assert "verified: " in one.stdout
    everything = inside("runs", "verify", env=env)
    assert everything.stdout == "2 runs verified · 0 differing\n"
    assert answer("runs", "verify", env=env)["ok"] is True


def test_verify_finds_what_was_changed_behind_its_back(own):
    lab, env, run = own
    with sqlite3.connect(lab.file) as database:
        database.execute("UPDATE crucible_runs SET input_tokens = 1")
    database.close()
    for args in ([run], []):
        result = inside("runs", "verify", *args, env=env)
        assert result.returncode == 1
        assert "✕ #1" in result.stdout
        assert re.search(r"input_tokens\s+stored 1\s+recomputed \d+", result.stdout)
    said = inside("runs", "verify", run, "--format", "json", env=env)
    assert said.returncode == 1
    assert json.loads(said.stdout)["ok"] is False
