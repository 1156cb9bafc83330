"""Runs on the wire: the summary that every list shows, and the detail."""

import marshmallow as ma

from crucible.errors import ErrorKind
from crucible.models.values import Mode, Outcome, PhaseName, Status
from crucible.schemas.estimates import EstimateSchema
from crucible.schemas.fields import (
    Input,
    Output,
    Text,
    Whole,
    choice,
    count,
    flag,
    items,
    listed,
    moment,
    nested,
    real,
    text,
    word,
)
from crucible.schemas.projects import BudgetSchema, ConstraintSchema, budget_input
from crucible.schemas.usage import (
    PhaseTimingsSchema,
    ResourceBreakdownSchema,
    SpendSchema,
    UsageByPhaseSchema,
    UsageSchema,
)

LEDGERS = ("complete", "absent", "purged")


class CandidateInputSchema(Input):
    title = Text(1, 300, required=True, metadata={"description": "Unique within the request."})
    description = Text(
        0, 20_000, lines=True, load_default="", metadata={"description": "What it is."}
    )


class RunInputSchema(Input):
    mode = choice(Mode, "What the run does; full_search unless said.", load_default="full_search")
    candidates = listed(
        ma.fields.Nested(CandidateInputSchema, error_messages={"type": "takes a candidate object"}),
        50,
        "Candidates to start from: all of them for eval_only, the first ones for seeded.",
        load_default=None,
        allow_none=True,
    )
    num_candidates = Whole(
        1,
        50,
        nullable=True,
        load_default=None,
        metadata={"description": "Candidates in all; 5 unless said."},
    )
    num_scenarios = Whole(
        1,
        50,
        nullable=True,
        load_default=None,
        metadata={"description": "Scenarios; 8 unless said."},
    )
    model = Text(
        1,
        200,
        nullable=True,
        load_default=None,
        metadata={"description": "The model to ask; the configured one unless said."},
    )
    budget = budget_input("Limits on the run; the project's default unless said.")
    label = Text(
        0, 200, nullable=True, load_default=None, metadata={"description": "A name for people."}
    )


class ResumeInputSchema(Input):
    budget = budget_input(
        "New limits, over everything the run has used, in place of all the old ones; an object "
        "without limits lifts them. The old ones hold where it is left out."
    )


class ProgressSchema(Output):
    phase = word(PhaseName, "The phase it is in, or ended in.")
    done = count("What this phase produced so far.")
    expected = count("What it is to produce.", nullable=True)


class MetricsSchema(Output):
    phase_timings = nested(PhaseTimingsSchema, "Phases that began, in pipeline order.")
    resource_breakdown = nested(ResourceBreakdownSchema, "Work and calls of these phases.")
    notes = items(ma.fields.String(), "What happened that a reader should know.")


class LLMUsageSchema(Output):
    total = nested(UsageSchema, "Over all phases.")
    phases = nested(UsageByPhaseSchema, "By phase that began, in pipeline order.")


class RunErrorSchema(Output):
    kind = word(ErrorKind, "What sort of failure; a closed set.")
    phase = word(PhaseName, "The phase it failed in.", nullable=True)
    message = text("What happened; may quote the provider, scrubbed.", nullable=True)
    hint = text("What to do next.", nullable=True)
    fingerprint = text("The same for failures of the same cause.", nullable=True)
    occurred_at = moment("When.", nullable=True)


class RunLinksSchema(Output):
    self = text("This run, in the API.")
    results = text("Its results, in the API.")
    calls = text("Its calls, in the API.")
    page = text("This run, on the page.")
    results_page = text("Its results, on the page.")


class RunSummarySchema(Output):
    id = text("Full id, sortable by time.")
    number = count("1, 2, 3 ... within its project, never used twice.")
    project_id = text("Full id of its project.")
    project_title = text("Title of its project.")
    status = word(Status, "Where the run is in its life.")
    mode = word(Mode, "What the run does.")
    label = text("A name for people.", nullable=True)
    attempt = count("1 unless it was resumed.")
    ledger = word(LEDGERS, "Whether the calls behind the totals are on record.")
    created_at = moment("When it was asked for.")
    started_at = moment("When work on it first began.", nullable=True)
    completed_at = moment("When it ended.", nullable=True)
    updated_at = moment("When anything of it last changed.")
    duration_seconds = real(
        "Seconds of work, summed over attempts; of a live run up to now.", nullable=True
    )
    candidate_count = count("Candidates made.", nullable=True)
    scenario_count = count("Scenarios made.", nullable=True)
    evaluation_count = count("Evaluations made.", nullable=True)
    progress = nested(ProgressSchema, "Null before the first phase.", nullable=True)
    metrics = nested(MetricsSchema, "Time and work by phase.")
    llm_usage = nested(LLMUsageSchema, "Null only when the run made no call.", nullable=True)
    error_summary = text("One line, at most 300 characters.", nullable=True)
    error = nested(RunErrorSchema, "Null unless it failed or was cancelled.", nullable=True)
    links = nested(RunLinksSchema, "Where to look next.")


class ProblemSnapshotSchema(Output):
    title = text("Title.")
    description = text("The problem, as text.")
    goals = items(ma.fields.String(), "What a good design achieves.")
    constraints = items(ConstraintSchema, "What a design must respect.")
    world_model = text("What is known about its world.", nullable=True)


class GivenCandidateSchema(Output):
    title = text("Title.")
    description = text("What it is.")


class RunConfigSchema(Output):
    mode = word(Mode, "What the run does.")
    num_candidates = count("Candidates asked for.", nullable=True)
    num_scenarios = count("Scenarios asked for.", nullable=True)
    model = text("The model asked.", nullable=True)
    provider = text("Whose prices apply.", nullable=True)
    candidates = items(GivenCandidateSchema, "Candidates it was given.")
    concurrency = count("Calls in flight at most.", nullable=True)
    max_retries = count("Retries of one question after its first attempt.", nullable=True)
    timeout_seconds = real("Seconds that one call may take.", nullable=True)
    problem = nested(
        ProblemSnapshotSchema, "The problem as it stood when the run was asked for.", nullable=True
    )


class WorkerSchema(Output):
    host = text("The machine that works on it, or did last.", nullable=True)
    pid = count("The process.", nullable=True)
    heartbeat_at = moment("Its last sign of life.", nullable=True)


class AttemptSchema(Output):
    attempt = count("1 for the first.")
    status = word(Status, "How it stands.")
    started_at = moment("When it began.")
    completed_at = moment("When it ended.", nullable=True)
    duration_seconds = real("Seconds; of a live attempt up to now.", nullable=True)
    error_kind = word(ErrorKind, "Why it failed.", nullable=True)
    error_summary = text("One line.", nullable=True)


class TopCandidateSchema(Output):
    id = text("Full id.")
    rank = count("1 for the best.")
    title = text("Title.")
    P = real("Mean prediction quality, 0 to 1.", nullable=True)
    R = real("Mean resource cost, above 0.", nullable=True)
    I = real("P / R.", nullable=True)  # noqa: E741 - the contract's symbol
    hard_violations = items(ma.fields.String(), "Hard constraints it does not keep.")


class RunDetailSchema(RunSummarySchema):
    config = nested(RunConfigSchema, "What it was asked to do.")
    budget = nested(BudgetSchema, "Its limits.", nullable=True)
    worker = nested(WorkerSchema, "Who works on it, or did last.", nullable=True)
    attempts = items(AttemptSchema, "Stretches of work, oldest first.")
    estimate = nested(EstimateSchema, "What it was to take, when it was started.", nullable=True)
    spend = nested(SpendSchema, "What it cost, set against what it made.")
    top_candidates = items(TopCandidateSchema, "The best three, once ranked.")


class RunPageSchema(Output):
    project_id = text("The project asked about; null across projects.", nullable=True)
    generated_at = moment("When this answer was made.")
    runs = items(RunSummarySchema, "Newest first unless sorted otherwise.")
    total = count("Matches, exact up to 1,000; null beyond.", nullable=True)
    has_more = flag("Whether another page follows.")
    next_cursor = text("Give it as `cursor` for the next page.", nullable=True)


class CallSchema(Output):
    id = text("Full id, sortable by time.")
    phase = word(PhaseName, "The phase that asked.")
    subject = text("What it was for.")
    run_attempt = count("The attempt of the run that made it.")
    attempt = count("1 for the first call for a question, counting up.")
    outcome = word(Outcome, "What became of it; pending = on its way.")
    error_kind = word(ErrorKind, "Why it failed.", nullable=True)
    error_detail = text("In the provider's words, scrubbed.", nullable=True)
    http_status = count("Status of the answer.", nullable=True)
    provider = text("Whose prices apply.")
    model_asked = text("The model asked.")
    model_served = text("The model that answered, in its own words.", nullable=True)
    input_tokens = count("Tokens in, cached included.", nullable=True)
    output_tokens = count("Tokens out, reasoning included.", nullable=True)
    cached_input_tokens = count("Part of the input read from a cache.", nullable=True)
    cache_write_tokens = count("Part of the input written to a cache.", nullable=True)
    reasoning_tokens = count("Part of the output spent on reasoning.", nullable=True)
    cost_usd = real("US dollars, frozen when it settled; null = unknown.", nullable=True)
    price_source = text("Where the price came from.", nullable=True)
    latency_seconds = real("Seconds from sending to the end of the answer.", nullable=True)
    sent_at = moment("When it was sent.")
    settled_at = moment("When its outcome was known.", nullable=True)


class CallPageSchema(Output):
    calls = items(CallSchema, "In the order they were sent.")
    has_more = flag("Whether another page follows.")
    next_cursor = text("Give it as `cursor` for the next page.", nullable=True)
