"""Limits hold: nothing is sent that could break one, and the run says which one ended it."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.chaos.budgets import CONCURRENCY, limited, overshoots
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.execution.foreground import run_now
from crucible.recorder import requests


def test_a_limit_on_calls_is_exact(lab: Lab, stub: StubModel) -> None:
    run = limited(lab, 3, 4, max_llm_calls=7)
    assert (run.status, run.error_kind, run.error_phase) == (
        "failed",
        "budget_exceeded",
        "evaluation",
    )
    assert run.error_summary == "Evaluation failed: the limit of 7 calls is reached"
    assert (run.call_count, len(stub.requests), run.evaluation_count) == (7, 7, 5)


def test_a_limit_that_suffices_is_not_felt(lab: Lab) -> None:
    run = limited(
        lab,
        2,
        2,
        max_llm_calls=6,
        max_cost_usd=1,
        max_total_tokens=10**6,
        max_duration_seconds=60,
    )
    assert (run.status, run.evaluation_count) == ("completed", 4)


def test_a_call_that_could_cost_too_much_is_not_sent(lab: Lab, stub: StubModel) -> None:
    run = limited(lab, 2, 2, max_cost_usd=0.0001)
    assert (run.error_kind, run.call_count, stub.requests) == ("budget_exceeded", 0, [])
    assert "could cost $0.0" in (run.error_summary or "")


def test_the_limit_on_time_ends_a_run(lab: Lab, stub: StubModel) -> None:
    stub.delay_seconds = 0.5  # 42 calls, of which a busy machine sends at least one within 2.5 s
    run = limited(lab, 5, 8, max_duration_seconds=2.5)
    assert (run.error_kind, run.status) == ("budget_exceeded", "failed")
    assert run.error_summary and "the limit of 2.5 s is reached" in run.error_summary
    assert 0 < run.call_count < 42


def test_a_call_waits_for_room_while_others_are_in_flight(lab: Lab, stub: StubModel) -> None:
    """Four at once would not fit by their bounds; one after the other they do."""
    stub.delay_seconds = 0.02
    enough = lab.run(3, 4)
    most = max(c.reserved_pico or 0 for c in lab.calls(enough.id))
    assert most == 0  # settled calls keep no reservation
    spent = (enough.cost_pico or 0) / 10**12
    run = limited(lab, 3, 4, max_cost_usd=spent + 0.009)
    assert (run.status, run.evaluation_count) == ("completed", 12)


def test_calls_of_unknown_price_keep_their_reservation(
    make_lab: Callable[..., Lab], stub: StubModel
) -> None:
    lab = make_lab(LLM_TIMEOUT_SECONDS="0.2", LLM_MAX_RETRIES="3")
    stub.plan = lambda n, body: "hang up"
    run = limited(lab, 1, 1, max_cost_usd=0.02)
    calls = lab.calls(run.id)
    assert run.error_kind == "budget_exceeded" and 1 <= len(calls) < 4
    assert all(c.reserved_pico and c.reserved_tokens for c in calls)
    assert sum(c.reserved_pico or 0 for c in calls) <= 0.02 * 10**12


def test_a_larger_limit_lets_it_go_on(lab: Lab) -> None:
    run = limited(lab, 2, 3, max_llm_calls=4)
    with lab.database.writing() as session:
        requests.resume(
            session, lab.clock, run.id, budget={"max_llm_calls": 8}, replace_budget=True
        )
    run_now(lab.database, lab.settings, run.id, lambda: None)
    done = lab.row(run.id)
    assert (done.status, done.call_count, done.evaluation_count) == ("completed", 8, 6)


def test_the_same_limit_is_still_reached(lab: Lab) -> None:
    run = limited(lab, 2, 3, max_llm_calls=4)
    with lab.database.writing() as session:
        requests.resume(session, lab.clock, run.id)
    run_now(lab.database, lab.settings, run.id, lambda: None)
    again = lab.row(run.id)
    assert (again.error_kind, again.call_count, again.attempt) == ("budget_exceeded", 4, 2)


@pytest.mark.parametrize("seed", range(8))
def test_no_random_budget_is_overshot(make_lab: Callable[..., Lab], seed: int) -> None:
    assert overshoots(make_lab(CONCURRENCY=CONCURRENCY), seed) == []


def test_without_a_token_limit_no_limit_can_be_held(lab: Lab, stub: StubModel) -> None:
    def plan(n: int, body: Any) -> str:
        refused = [name for name in ("max_completion_tokens", "max_tokens") if name in body]
        return f"status 400: unsupported parameter {refused[0]}" if refused else "ok"

    stub.plan = plan
    run = limited(lab, 1, 1, max_cost_usd=1)
    assert run.error_kind == "budget_exceeded"
    assert run.error_summary and "takes no token limit" in run.error_summary
    assert not [body for body in stub.requests if "max_tokens" not in str(body.keys())][1:]
    assert lab.run(1, 1).status == "completed"
