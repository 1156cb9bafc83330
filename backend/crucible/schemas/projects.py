"""Projects on the wire."""

from typing import Any

import marshmallow as ma

from crucible.models.values import Status
from crucible.schemas.fields import (
    Input,
    Output,
    Positive,
    Text,
    Whole,
    count,
    items,
    listed,
    moment,
    nested,
    real,
    text,
    word,
)


class BudgetSchema(Output):
    max_cost_usd = real("Most that may be spent, in US dollars.", nullable=True)
    max_total_tokens = count("Most tokens that may be used.", nullable=True)
    max_llm_calls = count("Most calls that may be sent.", nullable=True)
    max_duration_seconds = real("Longest it may take, in seconds.", nullable=True)


class BudgetInputSchema(Input):
    max_cost_usd = Positive(0.000001, 1_000_000, "Most that may be spent, in US dollars.")
    max_total_tokens = Whole(
        1,
        10**12,
        nullable=True,
        load_default=None,
        metadata={"description": "Most tokens that may be used."},
    )
    max_llm_calls = Whole(
        1,
        1_000_000,
        nullable=True,
        load_default=None,
        metadata={"description": "Most calls that may be sent."},
    )
    max_duration_seconds = Positive(
        0.001, 31_536_000, "Longest it may take, in seconds: no call is sent after that."
    )


def budget_input(description: str) -> ma.fields.Nested:
    return ma.fields.Nested(
        BudgetInputSchema,
        load_default=None,
        allow_none=True,
        error_messages={"type": "takes a budget object"},
        metadata={"description": description},
    )


class ConstraintInputSchema(Input):
    name = Text(1, 100, required=True, metadata={"description": "Unique within the project."})
    description = Text(
        0, 2_000, lines=True, load_default="", metadata={"description": "What it asks for."}
    )
    weight = Whole(
        0, 100, required=True, metadata={"description": "How much it counts; 100 = hard."}
    )


class ProjectInputSchema(Input):
    title = Text(1, 200, required=True, metadata={"description": "What people call it."})
    description = Text(
        0, 20_000, lines=True, load_default="", metadata={"description": "The problem, as text."}
    )
    goals = listed(Text(1, 2_000, lines=True), 50, "What a good design achieves.", load_default=[])
    constraints = listed(
        ma.fields.Nested(
            ConstraintInputSchema, error_messages={"type": "takes a constraint object"}
        ),
        50,
        "What a design must respect; names are unique.",
        load_default=[],
    )
    world_model = Text(
        0,
        50_000,
        lines=True,
        nullable=True,
        load_default=None,
        metadata={"description": "What is known about the world of the problem, as text."},
    )
    default_budget = budget_input("Limits for runs that set none of their own.")

    @ma.validates_schema
    def _names_are_unique(self, data: dict[str, Any], **_kwargs: Any) -> None:
        seen: set[str] = set()
        for position, constraint in enumerate(data.get("constraints", [])):
            name = constraint["name"].strip()
            if name in seen:
                errors = {position: {"name": ["takes a name that no other constraint has"]}}
                raise ma.ValidationError({"constraints": errors})
            seen.add(name)


class ConstraintSchema(Output):
    name = text("Unique within the project.")
    description = text("What it asks for.")
    weight = count("0 to 100; 100 = hard.")


class LastRunSchema(Output):
    id = text("Full id.")
    number = count("Number within the project.")
    status = word(Status, "Where the run is in its life.")
    created_at = moment("When it was asked for.")


class RecentRunSchema(Output):
    number = count("Number within the project.")
    status = word(Status, "Where the run is in its life.")


class ProjectSchema(Output):
    id = text("Full id, sortable by time.")
    title = text("Title.")
    description = text("The problem, as text.")
    goals = items(ma.fields.String(), "What a good design achieves.")
    constraints = items(ConstraintSchema, "What a design must respect.")
    world_model = text("What is known about the world of the problem.", nullable=True)
    default_budget = nested(BudgetSchema, "Limits for runs that set none.", nullable=True)
    created_at = moment("When the project was made.")
    updated_at = moment("When the project was last changed.")
    last_run = nested(LastRunSchema, "The newest run; null when there is none.", nullable=True)
    recent = items(RecentRunSchema, "The last runs, 20 at most, the newest last.")
    failed_24h = count("Runs created in the last 24 hours that failed.")
    cost_7d_usd = real(
        "Spend of the runs created in the last 7 days, in US dollars. Null when runs made calls "
        "and no price is known.",
        nullable=True,
    )
    unpriced_calls_7d = count("Calls of these 7 days without a known price: above 0, the spend "
                              "is a lower bound.")  # fmt: skip


class ProjectListSchema(Output):
    projects = items(ProjectSchema, "All projects, newest first.")
