"""`crucible runs purge`, as a person and as a program use it."""

import json
import os
import pty
import signal
import subprocess
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from tests.seed import add_call, add_project, add_run, live, new_database

from crucible.clock import SystemClock
from crucible.db import Database
from crucible.models import LLMCall, Run
from crucible.services import retention

from .process import COMMAND, environment, inside


@pytest.fixture
def url(tmp_path, tmp_path_factory):
    return new_database(tmp_path, tmp_path_factory.getbasetemp())


@pytest.fixture
def env(url):
    """#1 to #4 of 40, 30, 20 and 10 days ago, and a live one."""
    now = SystemClock().now()
    database = Database.open(url)
    with database.writing() as session:
        project = add_project(session)
        for days in (40, 30, 20, 10):
            run = add_run(session, project, created_at=now - timedelta(days=days), call_count=1)
            add_call(session, run)
        add_run(session, project, **live(start=now), created_at=now - timedelta(days=99))
    database.close()
    return environment(CRUCIBLE_DATABASE_URL=url)


def left(url):
    database = Database.open(url)
    with database.reading() as session:
        runs = list(session.scalars(select(Run.number).order_by(Run.number)))
        calls = len(session.scalars(select(LLMCall.id)).all())
    database.close()
    return runs, calls


def test_program_gets_what_was_deleted(env, url):
    args = ["runs", "purge", "--older-than", "25d", "--format", "json"]
    foretold = json.loads(inside(*args, "--dry-run", env=env).stdout)
    assert left(url) == ([1, 2, 3, 4, 5], 4)
    done = json.loads(inside(*args, "--yes", env=env).stdout)
    assert left(url) == ([3, 4, 5], 2)
    for found, dry in ((foretold, True), (done, False)):
        assert (found["dry_run"], found["run_count"], found["call_count"]) == (dry, 2, 2)
        assert found["older_than"].endswith("Z")
    assert foretold["freed_bytes"] is None and done["freed_bytes"] is not None


def test_person_reads_what_was_deleted(env, url):
    args = ["runs", "purge", "--older-than", "15d", "--keep-last", "2"]
    said = inside(*args, "--dry-run", env=env)
    assert said.stdout == "Would delete 2 runs with 2 calls; nothing was deleted.\n"
    assert inside(*args, "--yes", env=env).stdout.startswith("Deleted 2 runs with 2 calls")
    assert inside(*args, "--yes", env=env).stdout.startswith("No run matches: nothing to delete")
    assert left(url) == ([3, 4, 5], 2)


def test_calls_only(env, url):
    said = inside("runs", "purge", "--keep-last", "1", "--calls-only", "--yes", env=env)
    assert said.stdout.startswith("Deleted 3 calls of 3 runs")
    assert left(url) == ([1, 2, 3, 4, 5], 1)
    shown = json.loads(inside("runs", "show", "1", "--format", "json", env=env).stdout)
    assert shown["ledger"] == "purged"


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ([], 2, "--older-than"),
        (["--older-than", "90"], 2, "--older-than: takes"),
        (["--keep-last", "-1"], 2, "--keep-last"),
        (["--keep-last", "1", "--project-id", "Nobody's"], 3, "Nobody's"),
        # An unset variable of a script is no wish to purge all projects.
        (["--keep-last", "0", "--yes", "--project-id", ""], 2, "--project-id"),
        (["--keep-last", "0", "--yes", "--project-id", " "], 2, "--project-id"),
        (["--keep-last", "1"], 2, "--yes"),
    ],
)
def test_what_cannot_be_done_is_said_and_deletes_nothing(env, url, args, code, said):
    result = inside("runs", "purge", *args, env=env)
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr
    assert left(url) == ([1, 2, 3, 4, 5], 4)


def test_server_cannot_be_purged_from_here(env, url):
    result = inside("--url", "http://h:1", "runs", "purge", "--keep-last", "0", "--yes", env=env)
    assert (result.returncode, result.stdout) == (2, "")
    assert left(url) == ([1, 2, 3, 4, 5], 4)


@pytest.mark.parametrize(("typed", "code", "runs"), [(b"n\n", 5, 5), (b"y\n", 0, 3)])
def test_person_is_asked(env, url, typed, code, runs):
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "runs", "purge", "--older-than", "25d"],
        env=env,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.write(leader, typed)
    out, err = process.communicate(timeout=60)
    for end in (leader, follower):
        os.close(end)
    assert process.returncode == code, err
    assert b"Delete 2 runs with 2 calls? [y/N]" in err
    assert bool(out) == (code == 0)
    assert len(left(url)[0]) == runs


def test_interrupt_says_how_far_it_came(env, url, monkeypatch):
    monkeypatch.setattr(retention, "FIRST_BATCH", 1)
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0)
    # Not `time.sleep` itself: a thread that another test left behind may be sleeping, too.
    interrupts = SimpleNamespace(
        monotonic=time.monotonic, sleep=lambda _: signal.raise_signal(signal.SIGINT)
    )
    monkeypatch.setattr(retention, "time", interrupts)
    result = inside("runs", "purge", "--keep-last", "0", "--yes", env=env)
    assert result.returncode == 130
    assert "1 run done before the interrupt" in result.stderr
    assert left(url) == ([2, 3, 4, 5], 3)
