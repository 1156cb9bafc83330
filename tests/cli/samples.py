"""Answers as the services give them, for tests of what is made of them."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
RUN_ID = "019ac1f2-7d30-7c11-9d2e-0123456789ab"
PROJECT_ID = "019ab0aa-0000-7000-8000-000000000001"


def usage(**given: Any) -> dict[str, Any]:
    return {
        "call_count": 38,
        "failed_call_count": 5,
        "retry_count": 4,
        "input_tokens": 51_200,
        "output_tokens": 9_100,
        "total_tokens": 60_300,
        "cached_input_tokens": 0,
        "cache_write_tokens": 0,
        "reasoning_tokens": None,
        "unmetered_call_count": 0,
        "cost_usd": 0.4213,
        "unpriced_call_count": 0,
        "wasted_cost_usd": 0.031,
        "providers": {"openai": 38},
        "models": {"gpt-5-mini": 38},
    } | given


def timing(status: str, start: str, end: str | None, seconds: float) -> dict[str, Any]:
    return {
        "status": status,
        "started_at": f"2026-11-22T{start}Z",
        "completed_at": end and f"2026-11-22T{end}Z",
        "duration_seconds": seconds,
    }


def work(expected: int, produced: int, calls: int) -> dict[str, Any]:
    return {
        "expected": expected,
        "produced": produced,
        "llm_calls": calls,
        "failed_calls": 0,
        "retries": 0,
    }


def metrics(*, failed: bool) -> dict[str, Any]:
    timings = {
        "design": timing("completed", "08:51:00.000", "08:51:09.100", 9.1),
        "scenarios": timing("completed", "08:51:09.100", "08:51:18.400", 9.3),
        "evaluation": timing(
            "failed" if failed else "completed", "08:51:18.400", "08:52:13.400", 55.0
        ),
    }
    if not failed:
        timings["ranking"] = timing("completed", "08:52:13.400", "08:52:13.403", 0.003)
    return {
        "phase_timings": timings,
        "resource_breakdown": {
            "design": work(5, 5, 1),
            "scenarios": work(8, 8, 1),
            "evaluation": work(40, 31 if failed else 40, 36),
        },
        "notes": [],
    }


def run(**given: Any) -> dict[str, Any]:
    """A completed run; `status="failed"` makes it the failed one of the documentation."""
    failed = given.get("status") == "failed"
    summary = "Evaluation failed: provider answered 429 (rate limited) 5 times in a row"
    phases = {
        "design": usage(call_count=1, failed_call_count=0, retry_count=0, cost_usd=0.01),
        "scenarios": usage(call_count=1, failed_call_count=0, retry_count=0, cost_usd=0.01),
        "evaluation": usage(call_count=36, cost_usd=0.4013),
    }
    error = {
        "kind": "provider_rate_limited",
        "phase": "evaluation",
        "message": "Rate limit reached for requests per minute",
        "hint": "Wait a minute or lower CRUCIBLE_CONCURRENCY; then start the run again.",
        "fingerprint": "f00d",
        "occurred_at": "2026-11-22T08:52:13.400Z",
    }
    return {
        "id": RUN_ID,
        "number": 42,
        "project_id": PROJECT_ID,
        "project_title": "checkout-p99",
        "status": "completed",
        "mode": "full_search",
        "label": None,
        "attempt": 1,
        "ledger": "complete",
        "created_at": "2026-11-22T08:51:00.000Z",
        "started_at": "2026-11-22T08:51:00.000Z",
        "completed_at": "2026-11-22T08:52:13.412Z",
        "updated_at": "2026-11-22T08:52:13.412Z",
        "duration_seconds": 73.412,
        "candidate_count": 5,
        "scenario_count": 8,
        "evaluation_count": 31 if failed else 40,
        "progress": {"phase": "evaluation", "done": 31, "expected": 40},
        "metrics": metrics(failed=failed),
        "llm_usage": {"total": usage(), "phases": phases},
        "error_summary": summary if failed else None,
        "error": error if failed else None,
        "links": {},
    } | given


def detail(**given: Any) -> dict[str, Any]:
    config = {
        "mode": "full_search",
        "num_candidates": 5,
        "num_scenarios": 8,
        "model": "gpt-5-mini",
        "provider": "openai",
        "candidates": [],
        "concurrency": 4,
        "max_retries": 2,
        "timeout_seconds": 120.0,
        "problem": None,
    }
    best = [
        {"id": "c1", "rank": 1, "title": "Prices in the cart", "P": 0.82, "R": 0.9, "I": 0.91},
        {"id": "c2", "rank": 2, "title": "Fraud check afterwards", "P": 0.6, "R": 1.5, "I": 0.4},
    ]
    return run(**given) | {
        "config": config,
        "budget": None,
        "worker": {"host": "shop", "pid": 71, "heartbeat_at": "2026-11-22T08:52:13.400Z"},
        "attempts": [],
        "estimate": None,
        "spend": {
            "cost_usd": 0.4213,
            "cost_per_evaluation_usd": 0.0105325,
            "cost_per_candidate_usd": 0.08426,
            "wasted_cost_usd": 0.031,
            "wasted_share": 0.031 / 0.4213,
            "unpriced_call_count": 0,
        },
        "top_candidates": [] if given.get("status") == "failed" else best,
    }


def call(**given: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "phase": "evaluation",
        "subject": "Prices in the cart × Flash sale",
        "run_attempt": 1,
        "attempt": 1,
        "outcome": "ok",
        "error_kind": None,
        "error_detail": None,
        "http_status": 200,
        "provider": "openai",
        "model_asked": "gpt-5-mini",
        "model_served": "gpt-5-mini-2025-08-07",
        "input_tokens": 1_300,
        "output_tokens": 240,
        "cached_input_tokens": 0,
        "cache_write_tokens": 0,
        "reasoning_tokens": None,
        "cost_usd": 0.011,
        "price_source": "genai-prices 0.2.3",
        "latency_seconds": 4.2,
        "sent_at": "2026-11-22T08:51:20.000Z",
        "settled_at": "2026-11-22T08:51:24.200Z",
    } | given


def page(*runs: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {
        "project_id": None,
        "generated_at": "2026-11-22T11:00:00.000Z",
        "runs": list(runs),
        "total": len(runs),
        "has_more": False,
        "next_cursor": None,
    } | given
