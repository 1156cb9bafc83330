"""The shape of an imported line: that of a run summary, with what `runs export` adds to it."""

from crucible.errors import ErrorKind
from crucible.models.values import PHASES, Mode, Status
from crucible.recorder.ends import MESSAGE_LIMIT, SUMMARY_LIMIT
from crucible.services.history.checks import (
    MOST_SECONDS,
    Check,
    by_name,
    flag,
    identity,
    listed,
    moment,
    money,
    open_shape,
    real,
    required,
    shape,
    text,
    whole,
    word,
)

_STATUSES = tuple(map(str, Status))
_MODES = tuple(map(str, Mode))
_KINDS = tuple(map(str, ErrorKind))
_PHASES = tuple(map(str, PHASES))
_COUNT = whole()
_SECONDS = real(MOST_SECONDS)
_LONG = text(0, 20_000, lines=True)


def _sparse(**fields: Check) -> Check:
    return open_shape(fields)


_USAGE = shape(
    {
        **dict.fromkeys(
            "call_count failed_call_count retry_count input_tokens output_tokens total_tokens "
            "cached_input_tokens cache_write_tokens reasoning_tokens unmetered_call_count "
            "unpriced_call_count".split(),
            _COUNT,
        ),
        "cost_usd": money,
        "wasted_cost_usd": money,
        "providers": by_name(None, required(_COUNT)),
        "models": by_name(None, required(_COUNT)),
    }
)
_TIMES: dict[str, Check] = {
    "status": word(_STATUSES),
    "started_at": moment,
    "completed_at": moment,
    "duration_seconds": _SECONDS,
}
_TIMING = shape(_TIMES)
_RESOURCES = shape(
    dict.fromkeys("expected produced llm_calls failed_calls retries".split(), _COUNT)
)
_METRICS = shape(
    {
        "phase_timings": by_name(_PHASES, required(_TIMING)),
        "resource_breakdown": by_name(_PHASES, required(_RESOURCES)),
        "notes": listed(text(0, 500), 1_000),
    }
)
_ERROR = shape(
    {
        "kind": word(_KINDS),
        "phase": word(_PHASES),
        "message": text(0, MESSAGE_LIMIT, lines=True),
        "hint": text(0, MESSAGE_LIMIT, lines=True),
        "fingerprint": text(0, 64),
        "occurred_at": moment,
    }
)
_ATTEMPT = shape(
    {
        "attempt": required(whole(1, 10**6)),
        "status": required(word(_STATUSES)),
        "started_at": required(moment),
        "completed_at": moment,
        "duration_seconds": _SECONDS,
        "error_kind": word(_KINDS),
        "error_summary": text(0, SUMMARY_LIMIT),
    }
)
_PHASE = shape(
    {
        **_TIMES,
        "attempt": required(whole(1, 10**6)),
        "name": required(word(_PHASES)),
        "expected": _COUNT,
        "produced": _COUNT,
        "usage": _USAGE,
    }
)
_CONSTRAINT = open_shape(
    {"name": text(1, 300), "description": _LONG, "weight": whole(0, 100)},
    needs=("name", "description", "weight"),
)
_PROBLEM = open_shape(
    {
        "title": required(text(0, 300)),
        "description": required(_LONG),
        "goals": required(listed(_LONG, 1_000)),
        "constraints": required(listed(_CONSTRAINT, 1_000)),
        "world_model": text(0, 200_000, lines=True),
    }
)
_GIVEN = open_shape({"title": text(0, 300), "description": _LONG}, needs=("title", "description"))
_CONFIG = _sparse(
    mode=word(_MODES),
    num_candidates=_COUNT,
    num_scenarios=_COUNT,
    model=text(0, 200),
    provider=text(0, 100),
    candidates=listed(_GIVEN, 1_000),
    concurrency=_COUNT,
    max_retries=_COUNT,
    timeout_seconds=_SECONDS,
    problem=_PROBLEM,
    sample=flag,
)
_BUDGET = _sparse(
    max_cost_usd=real(10**6),
    max_total_tokens=_COUNT,
    max_llm_calls=_COUNT,
    max_duration_seconds=_SECONDS,
)
_RANGE = _sparse(p50=real(10**18), p90=real(10**18))
_ESTIMATE = _sparse(
    calls=_COUNT,
    tokens=_sparse(p50=_COUNT, p90=_COUNT),
    cost_usd=_RANGE,
    duration_seconds=_RANGE,
    basis=_sparse(
        kind=word(("history", "prices", "none")),
        runs=_COUNT,
        same_model=flag,
        note=text(0, 1_000),
    ),
    warnings=listed(text(0, 1_000), 100),
)

LINE = shape(
    {
        "id": required(identity),
        "number": whole(1),
        "project_id": required(identity),
        "project_title": text(1, 300),
        "status": required(word(_STATUSES)),
        "mode": word(_MODES),
        "label": text(0, 200),
        "attempt": whole(1, 10**6),
        "ledger": word(("complete", "absent", "purged")),
        **dict.fromkeys(("started_at", "completed_at", "updated_at"), moment),
        "created_at": required(moment),
        "duration_seconds": _SECONDS,
        **dict.fromkeys(("candidate_count", "scenario_count", "evaluation_count"), _COUNT),
        "progress": shape({"phase": word(_PHASES), "done": _COUNT, "expected": _COUNT}),
        "metrics": _METRICS,
        "llm_usage": shape({"total": _USAGE, "phases": by_name(_PHASES, required(_USAGE))}),
        "error_summary": text(0, SUMMARY_LIMIT),
        "error": _ERROR,
        "config": _CONFIG,
        "budget": _BUDGET,
        "estimate": _ESTIMATE,
        "attempts": listed(_ATTEMPT, 1_000),
        "phases": listed(_PHASE, 4_000),
    }
)
"""What a line holds, as `rows` stores it."""
