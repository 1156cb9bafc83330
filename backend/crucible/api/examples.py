"""One example for each of the main objects of the document; tests hold them to their schemas."""

from typing import Any

_RUN = "019ac1f0-52d4-7c11-9b1e-3f0d5a7e2c44"
_PROJECT = "019ab0a3-1f6e-7d02-8c55-90b7de10a2f1"
_TOTAL: dict[str, Any] = {
    "call_count": 38,
    "failed_call_count": 5,
    "retry_count": 4,
    "input_tokens": 51200,
    "output_tokens": 9100,
    "total_tokens": 60300,
    "cached_input_tokens": 0,
    "cache_write_tokens": 0,
    "reasoning_tokens": 0,
    "unmetered_call_count": 0,
    "cost_usd": 0.4213,
    "unpriced_call_count": 0,
    "wasted_cost_usd": 0.031,
    "providers": {"openai": 38},
    "models": {"gpt-5-mini": 38},
}
_SUMMARY = "Evaluation failed: provider answered 429 (rate limited) 5 times in a row"

PROJECT_INPUT: dict[str, Any] = {
    "title": "Checkout p99",
    "description": "The checkout takes 2.1 s at the 99th percentile; it must take 400 ms.",
    "goals": ["p99 below 400 ms", "No order lost"],
    "constraints": [
        {"name": "Never charge twice", "description": "also after a retry", "weight": 100},
        {"name": "Cheap", "description": "below $500 a month", "weight": 40},
    ],
    "world_model": None,
    "default_budget": {"max_cost_usd": 0.5},
}
RUN_INPUT: dict[str, Any] = {
    "mode": "full_search",
    "num_candidates": 5,
    "num_scenarios": 8,
    "budget": {"max_cost_usd": 0.5},
    "label": "with cache",
}
RUN_SUMMARY: dict[str, Any] = {
    "id": _RUN,
    "number": 42,
    "project_id": _PROJECT,
    "project_title": "Checkout p99",
    "status": "failed",
    "mode": "full_search",
    "label": None,
    "attempt": 1,
    "ledger": "complete",
    "created_at": "2026-11-22T08:51:00.000Z",
    "started_at": "2026-11-22T08:51:00.120Z",
    "completed_at": "2026-11-22T08:52:13.532Z",
    "updated_at": "2026-11-22T08:52:13.532Z",
    "duration_seconds": 73.412,
    "candidate_count": 5,
    "scenario_count": 8,
    "evaluation_count": 31,
    "progress": {"phase": "evaluation", "done": 31, "expected": 40},
    "metrics": {
        "phase_timings": {
            "design": {
                "status": "completed",
                "started_at": "2026-11-22T08:51:00.150Z",
                "completed_at": "2026-11-22T08:51:09.250Z",
                "duration_seconds": 9.1,
            },
        },
        "resource_breakdown": {
            "design": {
                "expected": 5,
                "produced": 5,
                "llm_calls": 1,
                "failed_calls": 0,
                "retries": 0,
            }
        },
        "notes": [],
    },
    "llm_usage": {"total": _TOTAL, "phases": {"design": {**_TOTAL, "call_count": 1}}},
    "error_summary": _SUMMARY,
    "error": {
        "kind": "provider_rate_limited",
        "phase": "evaluation",
        "message": "429: slow down",
        "hint": "Wait a minute or lower CRUCIBLE_CONCURRENCY, then resume the run.",
        "fingerprint": "3f0c9a41",
        "occurred_at": "2026-11-22T08:52:13.532Z",
    },
    "links": {
        "self": f"/api/runs/{_RUN}",
        "results": f"/api/runs/{_RUN}/results",
        "calls": f"/api/runs/{_RUN}/calls",
        "page": f"/projects/{_PROJECT}/runs/{_RUN}",
        "results_page": f"/runs/{_RUN}/results",
    },
}
PROBLEM: dict[str, Any] = {
    "type": "about:blank",
    "title": "Invalid input",
    "status": 422,
    "detail": "limit: takes a whole number from 1 to 200",
    "code": "invalid",
    "errors": {"limit": ["takes a whole number from 1 to 200"]},
    "hint": None,
    "request_id": "019ac1f3-0b1d-7a60-8f5e-1d2c3b4a5968",
}
RUN_PAGE: dict[str, Any] = {
    "project_id": _PROJECT,
    "generated_at": "2026-11-22T09:00:00.000Z",
    "runs": [RUN_SUMMARY],
    "total": 42,
    "has_more": True,
    "next_cursor": "WyItY3JlYXRlZF9hdCIsIjIwMjYtMTEtMjIiXQ",
}
CALL: dict[str, Any] = {
    "id": "019ac1f0-6a10-7e0b-9a8d-7c6b5a493827",
    "phase": "design",
    "subject": "5 candidates",
    "run_attempt": 1,
    "attempt": 1,
    "outcome": "ok",
    "error_kind": None,
    "error_detail": None,
    "http_status": None,
    "provider": "openai",
    "model_asked": "gpt-5-mini",
    "model_served": "gpt-5-mini-2025-08-07",
    "input_tokens": 900,
    "output_tokens": 640,
    "cached_input_tokens": 0,
    "cache_write_tokens": 0,
    "reasoning_tokens": 0,
    "cost_usd": 0.001505,
    "price_source": "genai-prices",
    "latency_seconds": 8.912,
    "sent_at": "2026-11-22T08:51:00.200Z",
    "settled_at": "2026-11-22T08:51:09.112Z",
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "Call": CALL,
    "Problem": PROBLEM,
    "ProjectInput": PROJECT_INPUT,
    "ResumeInput": {"budget": {"max_cost_usd": 1.0}},
    "RunInput": RUN_INPUT,
    "RunPage": RUN_PAGE,
    "RunSummary": RUN_SUMMARY,
}
