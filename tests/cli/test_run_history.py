"""`runs export`, `runs import` and `db sample`, as a user meets them."""

import json
import os
import resource
import sqlite3
import subprocess

import pytest

from crucible import migrate
from crucible.cli import run_history
from crucible.models.values import Mode, Status

from .process import COMMAND, crucible, environment, inside

GOOD = {
    "id": "run-1",
    "project_id": "p-1",
    "status": "failed",
    "created_at": "2026-11-22T08:00:00Z",
}


def at(path):
    return environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{path}")


@pytest.fixture
def env(tmp_path):
    """A database that is not there yet."""
    return at(tmp_path / "data" / "crucible.sqlite3")


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    """One history for all tests that only read it."""
    env = at(tmp_path_factory.mktemp("sampled") / "sampled.sqlite3")
    assert inside("db", "sample", "--runs", "450", env=env).returncode == 0
    return env


def answer(*args, env, stdin=None):
    result = inside(*args, "--format", "json", env=env, stdin=stdin)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_choices_are_those_of_the_models():
    assert run_history.STATUSES == tuple(Status)
    assert run_history.MODES == tuple(Mode)


def test_history_moves_through_a_pipe(sampled, env):
    out = inside("runs", "export", env=sampled).stdout
    report = answer("runs", "import", "-", env=env, stdin=out)

    assert (report["read"], report["imported"], report["projects_created"]) == (450, 450, 1)
    assert inside("runs", "export", env=env).stdout == out
    assert answer("runs", "verify", env=env)["ok"]
    assert answer("runs", "import", "-", env=env, stdin=out)["unchanged"] == 450


def test_an_export_has_the_lines_of_the_list_and_more(sampled):
    lines = inside("runs", "export", "--status", "failed", env=sampled).stdout.splitlines()
    listed = answer("runs", "--status", "failed", "--sort", "created_at", env=sampled)["runs"]

    for line, run in zip(map(json.loads, lines), listed, strict=False):
        assert {name: line[name] for name in run} == run
        assert set(line) - set(run) == {"config", "budget", "estimate", "attempts", "phases"}


def test_a_file_is_written_whole_and_replaced(sampled, tmp_path):
    file = tmp_path / "history.jsonl"
    file.write_text("old")
    result = inside("runs", "export", "-o", str(file), "--since", "365d", env=sampled)

    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"{file}: 450 runs\n"
    assert len(file.read_text(encoding="utf-8").splitlines()) == 450
    assert list(tmp_path.iterdir()) == [file]


def limited():
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk_leaves_what_was_there(sampled, tmp_path):
    file = tmp_path / "history.jsonl"
    file.write_text("old")
    # No larger file can be written than this; Python turns the signal into an error.
    result = subprocess.run(
        [*COMMAND, "runs", "export", "-o", str(file)],
        env=sampled,
        capture_output=True,
        text=True,
        preexec_fn=limited,
        timeout=60,
    )

    assert result.returncode == 1
    assert result.stderr == f"Error: {file} cannot be written: File too large\n"
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("way", ["stdout", "file"])
def test_a_full_device_is_said(sampled, way):
    args = ["-o", "/dev/full"] if way == "file" else []
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [*COMMAND, "runs", "export", *args],
            env=sampled,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert result.returncode == 1
    assert b"No space left" in result.stderr and b"Traceback" not in result.stderr


def test_a_reader_that_left_is_no_failure_and_ends_the_export(sampled, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [*COMMAND, "runs", "export"],
        env=sampled,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, b"")


def test_an_export_is_its_owners_alone_or_as_the_file_it_replaces(sampled, tmp_path):
    to = tmp_path / "history.jsonl"
    for mode in (0o600, 0o640):
        assert inside("runs", "export", "-o", str(to), env=sampled).returncode == 0
        assert to.stat().st_mode & 0o777 == mode
        to.chmod(0o640)


def test_a_folder_that_is_not_there_is_said(sampled, tmp_path):
    result = inside("runs", "export", "-o", str(tmp_path / "no" / "x"), env=sampled)
    assert result.returncode == 1
    assert "cannot be written: No such file or directory" in result.stderr


def test_an_export_without_a_history_makes_nothing(env, tmp_path):
    result = inside("runs", "export", "-o", str(tmp_path / "x"), env=env)
    assert result.returncode == 6
    assert result.stderr.startswith("Error: there is no history yet: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["runs", "export", "--project-id", "No such project"], 3),
        (["runs", "export", "--since", "yesterday"], 2),
        (["runs", "export", "--format", "csv"], 2),
        (["runs", "import"], 2),
        (["runs", "import", "/no/such/file"], 2),
        (["runs", "import", "/"], 2),
        (["db", "sample"], 2),
        (["db", "sample", "--runs", "0"], 2),
        (["db", "sample", "--runs", "1", "--project", " "], 2),
        (["db", "sample", "--runs", "1", "--project", "two\nlines"], 2),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(sampled, args, code):
    result = inside(*args, env=sampled)
    assert (result.returncode, result.stdout) == (code, "")
    assert "Error: " in result.stderr and "Traceback" not in result.stderr


def test_a_broken_line_is_named_and_nothing_imported(env):
    lines = [json.dumps(GOOD), json.dumps({**GOOD, "id": "run-2", "status": "lost"})]
    result = crucible("runs", "import", "-", env=env, stdin="\n".join(lines))

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: line 2: status: takes one of created, running, ")
    assert "Nothing was imported" in result.stderr
    assert answer("runs", env=env)["runs"] == []


def test_an_import_says_what_it_did(env):
    lines = [
        json.dumps({**GOOD, "number": 3}),
        json.dumps({**GOOD, "id": "run-2", "number": 3, "status": "running"}),
    ]
    result = inside("runs", "import", "-", env=env, stdin="\n".join(lines))

    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "2 of 2 runs imported",
        "  1 given the next free number, since theirs was taken or missing",
        "  1 live where they came from; here failed (worker_lost)",
        "  1 project made",
        "next: crucible runs",
    ]


@pytest.mark.parametrize("args", [["runs", "import", "-"], ["db", "sample", "--runs", "1"]])
def test_a_newer_database_is_refused(env, tmp_path, args):
    migrate.ensure(env["CRUCIBLE_DATABASE_URL"])
    database = sqlite3.connect(tmp_path / "data" / "crucible.sqlite3")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    result = inside(*args, env=env, stdin=json.dumps(GOOD))

    assert result.returncode == 1
    assert "newer" in result.stderr


def test_a_sample_says_what_it_made(env):
    result = inside("db", "sample", "--runs", "5", "--project", "Load test", env=env)

    assert result.returncode == 0
    first, second, third = result.stdout.splitlines()
    assert first.startswith("5 made-up runs added to Load test: ")
    assert second.startswith("  #1 to #5, ") and second.endswith(", seed 1")
    assert third == "next: crucible runs --project-id 'Load test'"
    made = answer("db", "sample", "--runs", "5", "--project", "Load test", env=env)
    assert (made["runs"], made["first_number"], made["last_number"]) == (5, 6, 10)
    assert len(answer("runs", "--project-id", "Load test", env=env)["runs"]) == 10
