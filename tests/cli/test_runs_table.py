import click
import pytest

from crucible.cli import runs_table
from crucible.cli.text import Screen, width

from .samples import NOW, RUN_ID, page, run, usage

PIPE = Screen(None, False)


def render(*runs, columns=None, colour=False, more=None, **of_page):
    return runs_table.render(page(*runs, **of_page), Screen(columns, colour), NOW, more)


def mixed():
    return (
        run(status="failed"),
        run(number=41, duration_seconds=41.0, created_at="2026-11-22T05:51:00.000Z"),
        run(
            number=7,
            project_title="漢字の長い計画書のなまえ" * 3,
            label="e\u0301te\u0301 👨‍👩‍👧 \x1b[31mred",
            status="running",
        ),
        run(number=3, status="created", llm_usage=None, duration_seconds=None, progress=None),
        run(number=2, status="cancelled", error_summary="Cancelled in design: stopped by request"),
    )


def test_wide_terminal_shows_a_run_as_the_documentation_draws_it():
    lines = render(run(status="failed"), run(number=41, duration_seconds=41.0), columns=170)
    assert lines.splitlines() == [
        "✕ #42  failed     checkout-p99  1m 13s  5/8/31  51.2k → 9.1k  $0.42  2 h ago  "
        "Evaluation failed: provider answered 429 (rate limited) 5 times in a row",
        "✓ #41  completed  checkout-p99     41s  5/8/40  51.2k → 9.1k  $0.42  2 h ago",
        f"2 runs · 1 failed · median 57s · $0.84            next: crucible runs show {RUN_ID}",
    ]


def test_a_resumed_run_that_waits_keeps_what_it_took():
    waiting = run(status="created", attempt=2, duration_seconds=1.84, llm_usage=None)
    assert "  1.84s  " in render(waiting, columns=170)
    assert "  1s  " in render({**waiting, "status": "running"}, columns=170)


@pytest.mark.parametrize("columns", range(40, 301, 7))
def test_nothing_is_wider_than_the_terminal(columns):
    for line in render(*mixed(), columns=columns, colour=True).splitlines():
        if "next:" not in line:  # a command that was cut would not run
            assert width(click.unstyle(line)) <= columns


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_status_has_its_mark_and_its_word_at_every_width(columns):
    text = click.unstyle(render(*mixed(), columns=columns))
    for said in ("✕ #42", "failed", "✓ #41", "completed", "◐ #7", "running", "○ #3", "⊘ #2"):
        assert said in text


def test_reason_gives_way_first():
    line = render(run(status="failed"), columns=138).splitlines()[0]
    assert "51.2k → 9.1k" in line and "2 h ago" in line
    assert line.endswith("…")
    assert width(line) == 138


@pytest.mark.parametrize("columns", [80, 120])
def test_reason_moves_below_where_it_would_be_a_stump(columns):
    first, second, *_ = render(run(status="failed"), columns=columns).splitlines()
    assert first.startswith("✕ #42  failed  checkout-p99  1m 13s  5/8/31")
    assert second == "  Evaluation failed: provider answered 429 (rate limited) 5 times in a row"


def test_piped_is_whole_plain_and_exact():
    text = render(*mixed())
    assert "\x1b" not in text
    assert "Evaluation failed: provider answered 429 (rate limited) 5 times in a row" in text
    assert "2026-11-22T08:51:00.000Z" in text
    assert "漢字の長い計画書のなまえ" * 3 in text
    assert text.count(RUN_ID) == 6  # a line each, and the next command


def test_escapes_in_a_label_do_not_reach_the_terminal():
    assert "\x1b" not in render(run(label="\x1b[2J\x1b]0;owned\x07"), columns=120)


def test_columns_without_anything_to_show_are_left_out():
    line = render(run(), project_id="p").splitlines()[0]
    assert line.startswith("✓ #42  completed  1m 13s")


def test_figures_not_known_are_dashes_not_zeros():
    bare = run(llm_usage=None, candidate_count=None, scenario_count=None, evaluation_count=None)
    line = render(bare, columns=120).splitlines()[0]
    assert "—/—/—" in line
    assert "$" not in line


def test_cost_with_unpriced_calls_is_a_lower_bound_in_row_and_sum():
    priced = {"total": usage(cost_usd=0.42, unpriced_call_count=3), "phases": {}}
    unknown = {"total": usage(cost_usd=None, unpriced_call_count=38), "phases": {}}
    row, _, footer = render(run(llm_usage=priced), run(llm_usage=unknown), columns=100).split("\n")[
        :3
    ]
    assert "≥ $0.42" in row
    assert "≥ $0.42" in footer


def test_sum_of_costs_is_exact():
    tenth = {"total": usage(cost_usd=0.1), "phases": {}}
    assert "$0.30" in render(*[run(llm_usage=tenth)] * 3)


def test_live_run_says_how_far_it_is_and_is_no_part_of_the_median():
    text = render(run(status="running", duration_seconds=4.9), columns=140)
    line, footer = text.splitlines()
    assert "evaluation 31/40" in line
    assert "  4s  " in line
    assert "median" not in footer


def test_run_that_completed_without_all_evaluations_says_so():
    made = {"evaluation": {"expected": 40, "produced": 31}}
    short = run(metrics={"phase_timings": {}, "resource_breakdown": made, "notes": []})
    assert "9 of 40 evaluations missing" in render(short)


def test_next_names_the_newest_failed_run_in_full():
    failed = run(status="failed", id="019ac1f2-0000-7000-8000-00000000feed")
    assert f"next: crucible runs show {failed['id']}" in render(run(), failed)


def test_footer_says_when_there_are_more():
    assert "1 of 214 runs" in render(run(), total=214)
    assert "1 of more than 1,000 runs" in render(run(), total=None)
    assert render(run(), more="crucible runs --cursor abc").endswith(
        "more: crucible runs --cursor abc"
    )
