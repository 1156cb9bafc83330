"""A project's runs over time, on the wire."""

import marshmallow as ma

from crucible.errors import ErrorKind
from crucible.models.values import PHASES, Mode, Status
from crucible.schemas.fields import (
    Input,
    Output,
    QueryWhole,
    count,
    counts_by_name,
    items,
    moment,
    nested,
    real,
    text,
    word,
)


class TrendsQuerySchema(Input):
    error_messages = {"unknown": "there is no such parameter", "type": "takes parameters"}

    limit = QueryWhole(1, 200, load_default=50, metadata={"description": "How many last runs."})
    days = QueryWhole(
        1,
        90,
        load_default=14,
        metadata={"description": "How many last days, today included; days are those of UTC."},
    )


class TrendRunSchema(Output):
    id = text("Full id.")
    number = count("1, 2, 3 ... within the project.")
    status = word(Status, "Where the run is in its life.")
    mode = word(Mode, "What the run was to do.")
    created_at = moment("When it was asked for.")
    completed_at = moment("When it ended; null while it has not.", nullable=True)
    duration_seconds = real(
        "Seconds, summed over attempts; of a live run up to now. Null before it starts.",
        nullable=True,
    )
    cost_usd = real("US dollars. Null = unknown, or no call was made.", nullable=True)
    unpriced_call_count = count("Calls without a known price: above 0, the cost is a lower bound.")
    total_tokens = count("Tokens in and out; null when no call reported.", nullable=True)
    evaluation_count = count("Evaluations saved.", nullable=True)
    error_kind = word(ErrorKind, "Why it failed or was cancelled.", nullable=True)


class TrendDaySchema(Output):
    date = ma.fields.Date(
        required=True, metadata={"description": "Calendar day in UTC, YYYY-MM-DD."}
    )
    run_count = count("Runs created on this day.")
    by_status = counts_by_name("Runs by status; a status without a run is left out.")
    failures_by_kind = counts_by_name(
        "Failed runs by error kind; those of no known kind are in `by_status` alone."
    )
    cost_usd = real(
        "US dollars, the exact sum over the day's runs; 0 without runs, null when no run's is "
        "known.",
        nullable=True,
    )
    unpriced_call_count = count("Calls without a known price: above 0, the cost is a lower bound.")
    total_tokens = count(
        "Tokens, summed over the day's runs; 0 without runs, null when no run's are known.",
        nullable=True,
    )


class FirstRunSchema(Output):
    id = text("Full id.")
    number = count("1, 2, 3 ... within the project.")
    created_at = moment("When it was asked for.")


class LastFailedRunSchema(FirstRunSchema):
    completed_at = moment("When it ended; null where imported history lacks it.", nullable=True)


class TrendFailureSchema(Output):
    fingerprint = text(
        "The same for failures of the same cause; null in imported history without one.",
        nullable=True,
    )
    kind = word(ErrorKind, "Why these runs failed; null if imported and unknown.", nullable=True)
    phase = word(PHASES, "The phase they failed in; null before the first.", nullable=True)
    error_summary = text("One line of the last of these runs.", nullable=True)
    count = count("Failed runs of these days with this fingerprint.")
    first_run = nested(FirstRunSchema, "The first of them within these days.")
    last_run = nested(LastFailedRunSchema, "The last of them.")


class TrendsSchema(Output):
    project_id = text("The project.")
    generated_at = moment("When this was answered.")
    runs = items(TrendRunSchema, "The last runs, live ones included, oldest first.")
    days = items(TrendDaySchema, "Every one of the last days, oldest first, by `created_at`.")
    failures = items(
        TrendFailureSchema, "The ten most frequent failures of these days, then newest first."
    )
