"""Two runs side by side, on the wire."""

import marshmallow as ma

from crucible.models.values import Mode, Status
from crucible.schemas.fields import (
    Output,
    count,
    counts_by_name,
    items,
    moment,
    nested,
    real,
    text,
    word,
)
from crucible.schemas.runs import LEDGERS

_DELTA = "head - base; null where a side is unknown."


class ComparedLinksSchema(Output):
    self = text("This run, in the API.")
    page = text("This run, on the page.")


class ComparedRunSchema(Output):
    id = text("Full id.")
    number = count("Number within its project.")
    project_id = text("Full id of its project.")
    project_title = text("Title of its project.")
    status = word(Status, "Where the run is in its life.")
    mode = word(Mode, "What the run does.")
    label = text("A name for people.", nullable=True)
    created_at = moment("When it was asked for.")
    ledger = word(LEDGERS, "Whether the calls behind the totals are on record.")
    models = counts_by_name("Calls by the model that served, else the model asked for.")
    links = nested(ComparedLinksSchema, "Where to look next.")


def _by_phase(description: str) -> ma.fields.Dict:
    return ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Float(),
        required=True,
        allow_none=True,
        metadata={"description": f"{description} `other` is time outside of phases."},
    )


class ComparedDurationSchema(Output):
    base = real("Seconds; of a live run up to now.", nullable=True)
    head = real("Seconds; of a live run up to now.", nullable=True)
    delta = real(f"Seconds, {_DELTA}", nullable=True)
    base_phases = _by_phase("Seconds by phase that began; null = unknown.")
    head_phases = _by_phase("Seconds by phase that began; null = unknown.")
    phases = _by_phase(
        f"Seconds by phase that began in either, {_DELTA} They add up to the delta exactly."
    )


class CausesSchema(Output):
    calls = real("US dollars, for more or fewer calls whose answer was used.")
    tokens = real("US dollars, for more or fewer tokens a call.")
    price = real("US dollars, for a dearer or cheaper token.")
    retries = real("US dollars, for calls whose answer was not used: failed, repaired, retried.")


class ComparedCostSchema(Output):
    base = real("US dollars.", nullable=True)
    head = real("US dollars.", nullable=True)
    delta = real(f"US dollars, {_DELTA}", nullable=True)
    base_unpriced_call_count = count("Above 0, its cost is a lower bound.")
    head_unpriced_call_count = count("Above 0, its cost is a lower bound.")
    causes = nested(
        CausesSchema,
        "The delta by cause; the parts add up to it exactly. Null where they cannot be told.",
        nullable=True,
    )


class ComparedCountSchema(Output):
    base = count("How many.", nullable=True)
    head = count("How many.", nullable=True)
    delta = ma.fields.Integer(
        strict=True, required=True, allow_none=True, metadata={"description": _DELTA}
    )


class ComparedCountsSchema(Output):
    candidate_count = nested(ComparedCountSchema, "Candidates made.")
    scenario_count = nested(ComparedCountSchema, "Scenarios made.")
    evaluation_count = nested(ComparedCountSchema, "Evaluations made.")
    call_count = nested(ComparedCountSchema, "HTTP attempts sent to a provider.")
    failed_call_count = nested(ComparedCountSchema, "Calls that gave no usable answer.")
    retry_count = nested(ComparedCountSchema, "Calls after the first for the same question.")
    input_tokens = nested(ComparedCountSchema, "Tokens in, cached included.")
    output_tokens = nested(ComparedCountSchema, "Tokens out, reasoning included.")
    total_tokens = nested(ComparedCountSchema, "Input and output tokens.")


class ComparedScoreSchema(Output):
    base = real("I = P / R of its first; null when it was not ranked.", nullable=True)
    head = real("I = P / R of its first; null when it was not ranked.", nullable=True)
    delta = real(_DELTA, nullable=True)


class ComparisonSchema(Output):
    base = nested(ComparedRunSchema, "The run compared with.")
    head = nested(ComparedRunSchema, "The run compared.")
    generated_at = moment("When this answer was made.")
    duration_seconds = nested(ComparedDurationSchema, "How long they took.")
    cost_usd = nested(ComparedCostSchema, "What they cost, and why it differs.")
    counts = nested(ComparedCountsSchema, "What they made and used.")
    best_I = nested(ComparedScoreSchema, "I of the candidate that stands first.")
    notes = items(ma.fields.String(), "What to know before reading the figures.")
