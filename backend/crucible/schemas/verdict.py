"""The health verdict of a project on the wire."""

import marshmallow as ma

from crucible.errors import ErrorKind
from crucible.models.values import PhaseName
from crucible.schemas.fields import Output, count, items, moment, nested, real, text, word
from crucible.services.health.anomaly import Code, Measure, Severity
from crucible.services.health.judge import Verdict


class WindowSchema(Output):
    runs = count("Runs judged: the newest that completed or failed, at most 50.")
    since = moment("When the oldest of them was asked for.", nullable=True)
    until = moment("When the last of them ended.", nullable=True)
    needed = count("Runs still missing before there is a verdict.")


class TypicalRangeSchema(Output):
    p50 = real("Half of the runs took less.", nullable=True)
    p90 = real("Nine in ten took less.", nullable=True)


class TypicalSchema(Output):
    runs = count("Runs of the window that completed.")
    duration_seconds = nested(TypicalRangeSchema, "Seconds.")
    cost_usd = nested(TypicalRangeSchema, "US dollars, of runs whose every call has a price.")
    priced_runs = count("How many of the runs have a price for every call.")
    candidate_count = count("Candidates; the median.", nullable=True)
    scenario_count = count("Scenarios; the median.", nullable=True)
    evaluation_count = count("Evaluations; the median.", nullable=True)
    total_tokens = count("Tokens; the median.", nullable=True)


class LastFailureSchema(Output):
    run_id = text("Full id.")
    number = count("Its number within the project.")
    completed_at = moment("When it ended.", nullable=True)
    phase = word(PhaseName, "The phase it failed in.", nullable=True)
    kind = word(ErrorKind, "What sort of failure.", nullable=True)
    error_summary = text("One line: what failed and why.", nullable=True)
    hint = text("What to do next.", nullable=True)


class RunRefSchema(Output):
    id = text("Full id.")
    number = count("Its number within the project.")


class AnomalySchema(Output):
    code = word(Code, "What is out of line; a closed set.")
    severity = word(Severity, "Any warning makes the verdict degraded, any critical failing.")
    summary = text("One sentence that a person can act on; never a provider's or model's words.")
    metric = word(
        Measure,
        "What observed and baseline are. Shares and rates are 0 to 1, `_seconds` seconds.",
    )
    phase = word(PhaseName, "The phase that carries most of it.", nullable=True)
    model = text("The model that newly serves these runs, in the provider's words.", nullable=True)
    observed = real("Over the runs out of line; the median, or their rate.", nullable=True)
    baseline = real(
        "What earlier runs lead to expect of runs of that size; null when there are none.",
        nullable=True,
    )
    ratio = real("observed / baseline; null when there is no baseline, or it is 0.", nullable=True)
    sample_size = count("Earlier runs it was compared with.")
    since_run = nested(RunRefSchema, "The first run out of line.")
    run_ids = items(ma.fields.String(), "The runs out of line, oldest first; full ids.")
    next = text("The command to look at it with, with full ids.")


class VerdictSchema(Output):
    project_id = text("The project.")
    generated_at = moment("When this answer was made.")
    verdict = word(Verdict, "unknown = too few runs yet, and nothing alarming.")
    reasons = items(word(Code, "A code."), "Codes of the anomalies, the most pressing first.")
    window = nested(WindowSchema, "What was looked at.")
    typical = nested(TypicalSchema, "What a run usually takes and makes.")
    last_failure = nested(LastFailureSchema, "Null when no run has failed.", nullable=True)
    anomalies = items(AnomalySchema, "The most pressing first.")
