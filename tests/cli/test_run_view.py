import click
import pytest

from crucible.cli import run_view
from crucible.cli.text import Screen, width

from .samples import NOW, RUN_ID, call, detail, metrics, timing, usage, work

CALLS = [
    call(),
    call(
        outcome="error",
        error_kind="provider_rate_limited",
        attempt=3,
        latency_seconds=0.21,
        input_tokens=None,
        output_tokens=None,
        cost_usd=0.0,
    ),
    call(latency_seconds=9.3, subject="Slowest of all"),
]


def render(run, calls=CALLS, columns=140):
    return click.unstyle(run_view.render(run, calls, Screen(columns, True), NOW))


def section(text, title):
    after = text.split(f"\n{title}\n", 1)[1]
    return after.split("\n\n", 1)[0].splitlines()


def test_order_is_head_failure_time_work_spend_calls_origin_next():
    text = render(detail(status="failed"))
    landmarks = [
        "✕ #42 failed  checkout-p99",
        "2 h ago (2026-11-22 ",
        "Evaluation failed: provider answered 429",
        "what to do",
        "Phases\n",
        "Produced\n",
        "Usage\n",
        "Calls\n",
        "Asked for\n",
        "next: crucible",
    ]
    found = [text.index(landmark) for landmark in landmarks]
    assert found == sorted(found)


def test_failure_says_what_where_when_why_and_what_to_do():
    text = render(detail(status="failed"))
    for said in (
        "phase        evaluation",
        "kind         provider_rate_limited",
        "what to do   Wait a minute or lower CRUCIBLE_CONCURRENCY; then start the run again.",
        "message      Rate limit reached for requests per minute",
        "last good    scenarios: 8 of 8",
    ):
        assert said in text
    assert text.endswith(f"next: crucible runs resume {RUN_ID} --here")


def test_run_without_a_failure_has_no_failure_section():
    text = render(detail())
    assert "what to do" not in text
    assert text.endswith(f"next: crucible runs verify {RUN_ID}")


def test_waterfall_stands_on_a_true_time_axis():
    design, scenarios, evaluation, ranking, axis = section(render(detail()), "Phases")
    starts = [line.index("━") for line in (design, scenarios, evaluation)]
    assert starts == sorted(starts)
    assert evaluation.count("━") == pytest.approx(design.count("━") * 55 / 9.1, abs=3)
    assert ranking.index("━") >= evaluation.rindex("━")
    assert axis.split() == ["0s", "1m", "13s"]


def test_three_milliseconds_are_still_seen_and_labelled():
    early = metrics(failed=False)
    early["phase_timings"]["ranking"] = timing("completed", "08:51:30.000", "08:51:30.003", 0.003)
    ranking = section(render(detail(metrics=early)), "Phases")[3]
    assert "▏" in ranking and "3ms" in ranking and "<1%" in ranking


def test_failed_phase_is_marked_and_keeps_its_figures():
    lines = section(render(detail(status="failed")), "Phases")
    assert lines[2].startswith("✕ evaluation") and "36 calls, 4 retries" in lines[2]
    assert "$0.40" in lines[2]


def test_what_was_made_stands_against_what_was_expected():
    assert section(render(detail(status="failed")), "Produced") == [
        "candidates   5 of 5",
        "scenarios    8 of 8",
        "evaluations  31 of 40 (9 missing)",
    ]


def test_failed_calls_come_first_then_the_slowest():
    _, first, second, third = section(render(detail()), "Calls")
    assert first.startswith("✕ provider_rate_limited") and "(attempt 3)" in first
    assert "Slowest of all" in second
    assert "4.20s" in third


def test_only_who_answered_is_said_to_have_served():
    made = usage(models={"gpt-5-mini-2025-08-07": 2, "gpt-5-mini": 2})
    run = detail(llm_usage={"total": made, "phases": {}})
    refused = call(outcome="error", model_served=None)
    waiting = call(outcome="pending", model_served=None)
    answered = [call(), call(outcome="invalid"), refused, waiting]
    assert "served by    gpt-5-mini-2025-08-07 (2)\n" in render(run, answered)
    assert "served by" not in render(run, [refused, waiting])
    without = render({**run, "ledger": "purged"}, [])
    assert "models       gpt-5-mini-2025-08-07 (2), gpt-5-mini (2)\n" in without


def test_what_is_unknown_is_said_in_words_and_never_zero():
    silent = usage(
        input_tokens=None,
        output_tokens=None,
        total_tokens=None,
        cached_input_tokens=None,
        cost_usd=None,
        unmetered_call_count=38,
        unpriced_call_count=38,
        wasted_cost_usd=None,
    )
    text = render(detail(llm_usage={"total": silent, "phases": {}}))
    total = next(line for line in section(text, "Usage") if line.startswith("total"))
    assert total.split() == ["total", "38", "5", "4", "—", "—", "—", "—", "—"]
    assert "38 calls answered without reporting tokens: not in these sums." in text
    assert "38 calls without a known price: cost unknown." in text


def test_run_without_calls_says_so():
    text = render(detail(llm_usage=None), calls=[])
    assert section(text, "Usage") == ["no model was called"]
    assert "\nCalls\n" not in text


def test_run_whose_ledger_is_gone_says_so():
    assert "the calls themselves are not kept (ledger: purged)" in render(
        detail(ledger="purged"), calls=[]
    )


def test_history_that_came_without_times_can_be_shown():
    bare = {"status": "completed", "started_at": None, "completed_at": None}
    phases = {
        "phase_timings": {"design": bare | {"duration_seconds": None}},
        "resource_breakdown": {},
        "notes": [],
    }
    imported = detail(
        ledger="absent",
        metrics=phases,
        llm_usage=None,
        duration_seconds=None,
        started_at=None,
        completed_at=None,
        candidate_count=None,
    )
    config = {name: None for name in imported["config"]} | {"candidates": []}
    text = render(imported | {"config": config, "worker": None, "top_candidates": []}, calls=[])
    assert section(text, "Phases")[0].split() == ["✓", "design", "—", "—"]
    assert section(text, "Produced")[0].split() == ["candidates", "—"]


def test_phase_that_nobody_closed_ends_with_its_run():
    lost = metrics(failed=True)
    lost["phase_timings"]["evaluation"]["completed_at"] = None
    lines = section(render(detail(status="failed", metrics=lost)), "Phases")
    assert lines[-1].split() == ["0s", "1m", "13s"]


def test_limits_are_part_of_what_was_asked_for():
    limits = {"max_cost_usd": 0.5, "max_total_tokens": None, "max_llm_calls": 100}
    assert "limits       $0.5, 100 calls" in render(detail() | {"budget": limits})


def test_run_that_has_not_begun_can_be_shown():
    empty = {"phase_timings": {}, "resource_breakdown": {}, "notes": []}
    waiting = detail(
        status="created",
        metrics=empty,
        llm_usage=None,
        duration_seconds=None,
        started_at=None,
        completed_at=None,
        progress=None,
        candidate_count=0,
        scenario_count=0,
        evaluation_count=0,
    ) | {"worker": None, "top_candidates": []}
    text = render(waiting, calls=[])
    assert "waiting to start" in text
    assert section(text, "Phases") == ["no phase has begun"]


def test_phase_under_way_is_drawn_up_to_now():
    live = {
        "phase_timings": {"design": timing("running", "10:59:00.000", None, 60.0)},
        "resource_breakdown": {"design": work(5, 0, 1)},
        "notes": [],
    }
    shown = detail(
        status="running",
        metrics=live,
        started_at="2026-11-22T10:59:00.000Z",
        completed_at=None,
    )
    text = render(shown)
    assert section(text, "Phases")[0].startswith("◐ design")
    assert section(text, "Phases")[1].split() == ["0s", "1m", "00s"]


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 140, 300])
@pytest.mark.parametrize("status", ["completed", "failed"])
def test_nothing_is_wider_than_the_terminal(columns, status):
    hostile = "漢字" * 80 + " \x1b[31m " + "word " * 40
    shown = detail(status=status, label=hostile) | {
        "top_candidates": [{"id": "c", "rank": 1, "title": hostile, "P": 0.1, "R": 0.1, "I": 1.0}]
    }
    for line in render(shown, [*CALLS, call(subject=hostile)], columns).splitlines():
        if not line.startswith("next:"):
            assert width(line) <= columns


def test_piped_is_whole_and_plain():
    hint = "Wait a minute. " * 20
    shown = detail(status="failed")
    shown["error"]["hint"] = hint.strip()
    text = run_view.render(shown, CALLS, Screen(None, False), NOW)
    assert "\x1b" not in text
    assert hint.strip() in text
    assert "2026-11-22T08:51:00.000Z" in text


def test_spend_is_set_against_what_was_made():
    text = render(detail())
    assert "$0.03 (7%) went to calls whose answer was not used." in text
    assert "$0.01 an evaluation, $0.08 a ranked candidate." in text
    spend = detail()["spend"] | {"cost_per_evaluation_usd": 0.00314159, "unpriced_call_count": 3}
    text = render(detail() | {"spend": spend})
    assert "≥ $0.0031 an evaluation, ≥ $0.08 a ranked candidate." in text
    text = render(detail() | {"spend": dict.fromkeys(spend) | {"unpriced_call_count": 3}})
    assert "an evaluation" not in text and "not used" not in text
