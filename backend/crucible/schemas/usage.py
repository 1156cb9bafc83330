"""Time, tokens and money of a run and of its phases, on the wire."""

from typing import Any

import marshmallow as ma

from crucible.models.values import PHASES
from crucible.schemas.fields import Output, count, counts_by_name, moment, real, word

PHASE_STATUSES = ("running", "completed", "failed", "cancelled")


class PhaseTimingSchema(Output):
    status = word(PHASE_STATUSES, "How the phase stands, in its last attempt.")
    started_at = moment(
        "First start, over all attempts; null where imported history lacks it.", nullable=True
    )
    completed_at = moment("Last end; null while it is under way.", nullable=True)
    duration_seconds = real(
        "Seconds, summed over attempts; of a live phase up to now.", nullable=True
    )


class PhaseResourcesSchema(Output):
    expected = count("How many things the phase was to produce.", nullable=True)
    produced = count("How many things it produced.", nullable=True)
    llm_calls = count("Calls it made.")
    failed_calls = count("Calls that gave no usable answer.")
    retries = count("Calls after the first for the same question.")


class UsageSchema(Output):
    call_count = count("HTTP attempts sent to a provider, whatever became of them.")
    failed_call_count = count("Calls that gave no usable answer.")
    retry_count = count("Calls after the first for the same question, repairs included.")
    input_tokens = count("Tokens in, cached included; null when no call reported.", nullable=True)
    output_tokens = count(
        "Tokens out, reasoning included; null when no call reported.", nullable=True
    )
    total_tokens = count("Input and output tokens.", nullable=True)
    cached_input_tokens = count("Part of the input read from a cache.", nullable=True)
    cache_write_tokens = count("Part of the input written to a cache.", nullable=True)
    reasoning_tokens = count("Part of the output spent on reasoning.", nullable=True)
    unmetered_call_count = count("Calls that returned an answer and did not report tokens.")
    cost_usd = real(
        "US dollars, an exact sum of per-call costs. Null = unknown, never 0.", nullable=True
    )
    unpriced_call_count = count("Calls without a known price: above 0, the cost is a lower bound.")
    wasted_cost_usd = real(
        "US dollars spent on calls whose answer was not used; null = unknown.", nullable=True
    )
    providers = counts_by_name("Calls by provider.")
    models = counts_by_name("Calls by the model that served, else the model asked for.")


class SpendSchema(Output):
    cost_usd = real("US dollars; null = unknown.", nullable=True)
    cost_per_evaluation_usd = real(
        "US dollars per evaluation made, to whole pico-dollars; null without any.", nullable=True
    )
    cost_per_candidate_usd = real(
        "US dollars per candidate ranked by a score, to whole pico-dollars; null without any.",
        nullable=True,
    )
    wasted_cost_usd = real(
        "US dollars spent on calls whose answer was not used; null = unknown.", nullable=True
    )
    wasted_share = real("The same as a share of the cost, 0 to 1.", nullable=True)
    unpriced_call_count = count("Above 0, the costs are lower bounds.")


def _by_phase(name: str, inner: type[Output]) -> Any:
    """An object with a key for each phase that began: none of its keys is required."""
    fields: dict[str, ma.fields.Field[Any]] = {
        phase.value: ma.fields.Nested(
            inner, metadata={"description": f"Of {phase.value}; absent when it never began."}
        )
        for phase in PHASES
    }
    return type(name, (Output,), fields)


PhaseTimingsSchema = _by_phase("PhaseTimingsSchema", PhaseTimingSchema)
ResourceBreakdownSchema = _by_phase("ResourceBreakdownSchema", PhaseResourcesSchema)
UsageByPhaseSchema = _by_phase("UsageByPhaseSchema", UsageSchema)
