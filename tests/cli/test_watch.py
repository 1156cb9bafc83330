"""`crucible runs watch`: real runs, followed from another process."""

import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest
from tests.cli import samples
from tests.cli.serving import served

from crucible.api.app import create_app
from crucible.cli import watch, watch_view
from crucible.cli.text import Screen, width
from crucible.recorder.requests import cancel

from .process import COMMAND, _everything, inside, start

QUICK = ["--interval", "100ms"]


@pytest.fixture
def going(lab, stub):
    """A run under way; its third call waits until `stub.hang` is set, and is retried then."""
    stub.delay_seconds = 0.15
    stub.plan = lambda n, body: "hang" if n == 2 else "ok"
    run_id = lab.create(2, 3)
    thread = lab.start(run_id)
    yield run_id
    stub.hang.set()
    thread.join()


def end_of(process, stub):
    """What a watching process printed and how it ended: it sees the run before that goes on."""
    first = process.process.stdout.readline()
    stub.hang.set()
    code, out, err = process.end()
    return code, first + out, err


def test_newest_live_run_is_followed_to_its_end_on_a_terminal(env, going, stub):
    process, leader = on_own_terminal("runs", "watch", *QUICK, env=env)
    seen = until(b"#1 running", leader)
    stub.hang.set()
    text = (seen + _everything(leader)).decode().replace("\r\n", "\n")
    os.close(leader)
    assert process.wait(60) == 0, text
    assert text.startswith(watch_view.HIDE) and text.endswith(watch_view.SHOW)
    first, last = frames(text)[0], frames(text)[-1]
    assert "◐ #1 running" in first and "✓ #1 completed" in last
    assert "✓ evaluation" in last
    assert last.rstrip().splitlines()[-1] == f"next: crucible runs show {going}"
    assert len(frames(text)) > 1


def frames(text):
    plain = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
    return [plain.sub("", frame) for frame in text.split(watch_view.ERASE_BELOW)[1:]]


def test_pipe_gets_a_line_for_each_change(env, going, stub):
    with start("runs", "watch", going, *QUICK, env=env) as process:
        code, out, err = end_of(process, stub)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    *changes, last = out.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z  [◐○✓] #1 ", line) for line in changes)
    assert len(changes) == len(set(changes))
    assert "evaluation" in out and " completed  " in changes[-1]
    assert last == f"next: crucible runs show {going}"


def test_program_gets_a_summary_for_each_change(env, going, stub):
    with start("runs", "watch", "1", "--format", "jsonl", *QUICK, env=env) as process:
        code, out, err = end_of(process, stub)
    found = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert found[0]["status"] == "running" and found[-1]["status"] == "completed"
    listed = json.loads(inside("runs", "--format", "json", env=env).stdout)["runs"][0]
    assert found[-1] == listed
    without_time = [{**each, "updated_at": 0, "duration_seconds": 0} for each in found]
    assert all(a != b for a, b in zip(without_time, without_time[1:], strict=False))


def test_failed_run_ends_with_its_reason_and_the_next_command(env, lab, stub):
    stub.plan = lambda n, body: "status 401" if n >= 3 else "ok"
    run = lab.run(2, 2)
    result = inside("runs", "watch", "1", env=env)
    assert result.returncode == 4
    assert "✕ #1 failed" in result.stdout and run.error_summary in result.stdout
    assert "CRUCIBLE_LLM_API_KEY" in result.stdout
    assert result.stdout.splitlines()[-1] == f"next: crucible runs resume {run.id} --here"
    fields = inside("runs", "watch", "1", "--json", "status,error.kind", env=env)
    assert json.loads(fields.stdout) == {"status": "failed", "error.kind": "provider_auth"}
    assert fields.returncode == 4


def test_cancelled_run_exits_5(env, lab, stub):
    stub.plan = lambda n, body: "hang" if n == 2 else "ok"
    run_id = lab.create(2, 4)
    thread = lab.start(run_id)
    with start("runs", "watch", run_id, *QUICK, env=env) as process:
        with lab.database.writing() as session:
            cancel(session, lab.clock, run_id)
        code, out, _ = end_of(process, stub)
    thread.join()
    assert code == 5
    assert "⊘ #1 cancelled" in out


def test_run_whose_process_was_killed_is_seen_to_fail(env, lab, stub):
    stub.plan = lambda n, body: "hang" if n >= 2 else "ok"
    with start("test-run", "--candidates", "1", "--scenarios", "2", env=env) as worker:
        while "scenarios" not in worker.line():
            pass
        with start("runs", "watch", *QUICK, env=env) as process:
            first = process.process.stdout.readline()
            worker.interrupt(signal.SIGKILL)
            worker.process.wait(60)
            code, out, err = process.end()
        worker.end()
    assert code == 4, err
    assert "#1 running" in first
    assert "✕ #1 failed" in out and "resume" in out.splitlines()[-1]


def on_own_terminal(*args, env):
    leader, follower = pty.openpty()
    terminal = {**env, "TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen(
        [*COMMAND, *args],
        env=terminal,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    return process, leader


def until(wanted, leader):
    seen = b""
    while wanted not in seen:
        seen += os.read(leader, 65536)
    return seen


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_leaves_the_run_alone_and_the_cursor_shown(env, lab, stub, number, code):
    stub.plan = lambda n, body: "hang"
    run_id = lab.create(1, 1)
    thread = lab.start(run_id)
    process, leader = on_own_terminal("runs", "watch", *QUICK, env=env)
    seen = until(b"#1 running", leader)
    process.send_signal(number)
    seen += _everything(leader)
    os.close(leader)
    assert process.wait(60) == code
    assert lab.row(run_id).status == "running"
    assert seen.count(watch_view.SHOW.encode()) == 1
    stub.plan = lambda n, body: "ok"
    stub.hang.set()
    thread.join()


def test_nothing_live_is_said_with_what_to_do(env, lab):
    lab.run(1, 1)
    result = inside("runs", "watch", env=env)
    assert (result.returncode, result.stdout) == (1, "")
    assert "no run is live" in result.stderr and "crucible runs" in result.stderr


@pytest.mark.parametrize("interval", ["soon", "0", "10ms", "2h", "-1s", "61m"])
def test_interval_that_is_none_is_named(env, interval):
    result = inside("runs", "watch", f"--interval={interval}", env=env)
    assert (result.returncode, result.stdout) == (2, "")
    assert "500ms, 2s or 1m" in result.stderr


def test_unknown_run_exits_3(env, lab):
    lab.project()
    assert inside("runs", "watch", "7", env=env).returncode == 3


def test_server_is_watched_through_its_address(env, lab, stub, going, tmp_path):
    with served(create_app(lab.settings)) as url:
        missing = {**env, "CRUCIBLE_DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3"}
        with start("runs", "watch", "--url", url, *QUICK, env=missing) as process:
            code, out, err = end_of(process, stub)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"next: crucible runs show {going} --url {url}"


def test_server_that_vanishes_is_given_up_after_a_while(env, lab, stub, monkeypatch):
    stub.plan = lambda n, body: "hang"
    run_id = lab.create(1, 1)
    thread = lab.start(run_id)
    monkeypatch.setattr(watch, "GIVE_UP_SECONDS", 0.5)
    server = served(create_app(lab.settings))
    url = server.__enter__()
    monkeypatch.setattr(
        "crucible.cli.watch.time.sleep", once(lambda: server.__exit__(None, None, None))
    )
    result = inside("runs", "watch", run_id, "--url", url, *QUICK, env=env)
    stub.plan = lambda n, body: "ok"
    stub.hang.set()
    thread.join()
    assert result.returncode == 6
    assert "#1 running" in result.stdout
    assert result.stderr.count("trying again") == 1
    assert "cannot be reached" in result.stderr.splitlines()[-2]


def once(action):
    """In place of the first pause, `action`; then short ones."""
    left, pause = [action], time.sleep

    def instead(_seconds):
        if left:
            left.pop()()
        pause(0.1)

    return instead


@pytest.mark.parametrize("columns", [40, 60, 100])
@pytest.mark.parametrize("status", ["created", "running", "completed", "failed"])
def test_frame_fits_the_terminal(columns, status):
    run = samples.run(status=status, label="with a rather long label that says what was tried")
    lines = watch_view.frame(run, Screen(columns, True))
    commands = [line for line in lines if "next: " in line]
    assert all(width(line) <= columns for line in lines if line not in commands)


def test_block_is_drawn_over_also_after_the_window_was_narrowed(monkeypatch, capsys):
    block = watch_view.Block()
    monkeypatch.setattr(watch_view, "_size", lambda: (40, 24))
    block._draw(["x" * 40, "y"])
    monkeypatch.setattr(watch_view, "_size", lambda: (20, 24))
    block._draw(["z"])
    # What stood on two lines stands on three now: up by these.
    assert capsys.readouterr().out.endswith(f"\x1b[3A\r{watch_view.ERASE_BELOW}z\n")


def test_block_keeps_its_last_frame_while_the_server_is_away(monkeypatch, capsys):
    block = watch_view.Block()
    monkeypatch.setattr(watch_view, "_size", lambda: (80, 24))
    block.update(samples.run(status="running"))
    block.trouble("http://h:1 cannot be reached; trying again", 12.0)
    last = frames(capsys.readouterr().out)[-1]
    assert "◐ #42 running" in last and "━" in last
    assert "! http://h:1 cannot be reached; trying again (12s)" in last


def test_live_block_stays_within_a_low_window(monkeypatch, capsys):
    block = watch_view.Block()
    monkeypatch.setattr(watch_view, "_size", lambda: (80, 4))
    block.update(samples.run(status="running"))
    assert capsys.readouterr().out.count("\n") == 3
