import pytest

from crucible.cli.progress import ERASE, Progress
from crucible.cli.text import Screen

from .samples import metrics, run, timing, usage, work

START = {"phase_timings": {}, "resource_breakdown": {}, "notes": []}


def designing():
    phases = {
        "phase_timings": {"design": timing("running", "08:51:00.000", None, 4.0)},
        "resource_breakdown": {"design": work(5, 0, 1)},
        "notes": [],
    }
    return live(phases, {"phase": "design", "done": 0, "expected": 5}, 4.0)


def evaluating(done, seconds=20.0):
    phases = metrics(failed=False)
    phases["phase_timings"].pop("ranking")
    phases["phase_timings"]["evaluation"] = timing("running", "08:51:18.400", None, seconds)
    phases["resource_breakdown"]["evaluation"] = work(40, done, done)
    return live(phases, {"phase": "evaluation", "done": done, "expected": 40}, 18.4 + seconds)


def live(phases, progress, seconds):
    used = {"total": usage(failed_call_count=0, cost_usd=0.0123), "phases": {}}
    return run(
        status="running",
        metrics=phases,
        progress=progress,
        duration_seconds=seconds,
        llm_usage=used,
    )


@pytest.fixture
def log():
    return Progress(Screen(None, False))


def test_a_log_gets_each_phase_and_each_quarter_once(log, capsys):
    log.update(run(status="running", metrics=START, progress=None))
    log.update(designing())
    log.update(designing())
    for done in (0, 1, 9, 10, 11, 39):
        log.update(evaluating(done))
    log.update(run())
    assert capsys.readouterr().err.splitlines() == [
        "◐ #42 design 0/5 · 4s · $0.01",
        "✓ design      5 of 5 · 9.10s",
        "✓ scenarios   8 of 8 · 9.30s",
        "◐ #42 evaluation 0/40 · 38s · $0.01",
        "◐ #42 evaluation 10/40 · 38s · $0.01 · about 1m 00s left",
        "◐ #42 evaluation 39/40 · 38s · $0.01 · about 0s left",
        "✓ evaluation  40 of 40 · 55s · $0.40",
        "✓ ranking     3ms",
    ]


def test_a_resumed_run_tells_only_what_is_new(log, capsys):
    before = designing() | {"attempt": 2}
    failed = timing("failed", "08:51:00.000", "08:51:09.100", 9.1)
    before["metrics"]["phase_timings"]["design"] = failed
    log.update(before)
    assert capsys.readouterr().err == ""
    log.update(run(attempt=2))
    assert capsys.readouterr().err.splitlines()[0] == "✓ scenarios   8 of 8 · 9.30s · $0.01"
    again = run(attempt=2)
    again["metrics"]["phase_timings"]["design"] = (
        failed | {"status": "completed"} | {"completed_at": "2026-11-22T09:00:00.000Z"}
    )
    log.update(again)
    assert capsys.readouterr().err.startswith("✓ design")


def test_a_terminal_gets_one_line_redrawn_and_the_phases_left_standing(capsys):
    drawn = Progress(Screen(60, True))
    drawn.update(designing())
    drawn.update(evaluating(3))
    drawn.update(run(status="failed"))
    err = capsys.readouterr().err
    assert err.count(ERASE + "\x1b[36m◐ #42 ") == 2
    assert "✓\x1b[0m design" in err
    assert "✕\x1b[0m evaluation  31 of 40" in err
    assert err.endswith("\n")


def test_the_redrawn_line_never_wraps(capsys):
    Progress(Screen(20, True)).update(evaluating(31))
    assert "…" in capsys.readouterr().err


def test_failed_calls_show_while_the_run_goes_on(log, capsys):
    going = evaluating(10)
    going["llm_usage"]["total"]["failed_call_count"] = 3
    log.update(going)
    assert "3 failed calls" in capsys.readouterr().err
