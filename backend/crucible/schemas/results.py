"""Results on the wire."""

import marshmallow as ma

from crucible.models.values import Status
from crucible.schemas.fields import (
    Output,
    count,
    items,
    nested,
    real,
    shares_by_name,
    text,
    word,
)
from crucible.schemas.projects import ConstraintSchema
from crucible.schemas.usage import SpendSchema


class EvaluationSchema(Output):
    scenario_id = text("The scenario it was tried in.")
    P = real("Prediction quality, 0 to 1.")
    R = real("Resource cost, above 0; higher is dearer.")
    constraint_satisfaction = shares_by_name("0 to 1 by constraint.")
    explanation = text("Why, in the model's words.")


class ResultCandidateSchema(Output):
    id = text("Full id.")
    rank = count("1 for the best.")
    title = text("Title.")
    description = text("What it is.")
    origin = word(("given", "designed"), "Given by the caller or designed by the model.")
    predicted_effects = items(
        ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String()),
        "What its designer expects of it, by constraint.",
    )
    P = real("Mean over its evaluations.", nullable=True)
    R = real("Mean over its evaluations.", nullable=True)
    I = real("P / R of the means; null without evaluations.", nullable=True)  # noqa: E741 - the contract
    constraint_satisfaction = shares_by_name("Mean over its evaluations, 0 to 1 by constraint.")
    weighted_satisfaction = real("Weighted mean, 0 to 1; shown, not part of I.", nullable=True)
    hard_violations = items(
        ma.fields.String(), "Constraints of weight 100 with a mean satisfaction below 0.5."
    )
    evaluation_count = count("Evaluations it has.")
    missing_count = count("Evaluations it lacks.")
    evaluations = items(EvaluationSchema, "In the order of the scenarios.")


class ResultScenarioSchema(Output):
    id = text("Full id.")
    name = text("Name.")
    description = text("What happens in it.")


class MissingSchema(Output):
    candidate_id = text("The candidate.")
    scenario_id = text("The scenario.")
    reason = text("Why there is no score for this pair.")


class ResultsSchema(Output):
    run_id = text("Full id of the run.")
    number = count("Number within the project.")
    status = word(Status, "Where the run is in its life.")
    project_id = text("Full id of its project.")
    project_title = text("Title of its project.")
    constraints = items(ConstraintSchema, "The constraints it was judged by.")
    candidates = items(ResultCandidateSchema, "Best first.")
    scenarios = items(ResultScenarioSchema, "In the order they were made.")
    missing = items(MissingSchema, "Pairs without a score.")
    spend = nested(SpendSchema, "What the run cost, set against what it made.")
