"""A run as one flat row. Unknown is an empty cell."""

from typing import Any

from crucible.cli.run_words import Summary, usage

_OWN = (
    "id number project_id project_title status mode label attempt ledger created_at started_at "
    "completed_at updated_at duration_seconds candidate_count scenario_count evaluation_count"
).split()
_USAGE = (
    "call_count failed_call_count retry_count input_tokens output_tokens total_tokens "
    "cached_input_tokens cache_write_tokens reasoning_tokens unmetered_call_count cost_usd "
    "unpriced_call_count wasted_cost_usd"
).split()
PHASES = ("design", "scenarios", "evaluation", "ranking")

COLUMNS = (
    *_OWN,
    *_USAGE,
    *(f"{phase}_seconds" for phase in PHASES),
    "error_kind",
    "error_phase",
    "error_summary",
)


def flat(run: Summary) -> dict[str, Any]:
    timings, error = run["metrics"]["phase_timings"], run["error"] or {}
    return {
        **{name: run[name] for name in _OWN},
        **{name: usage(run).get(name) for name in _USAGE},
        **{f"{p}_seconds": timings.get(p, {}).get("duration_seconds") for p in PHASES},
        "error_kind": error.get("kind"),
        "error_phase": error.get("phase"),
        "error_summary": run["error_summary"],
    }
