"""first schema

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(elsewhere: sa.types.TypeEngine[str]) -> sa.types.TypeEngine[str]:
    # PostgreSQL compares and sorts it as SQLite does, byte by byte, and refuses none for its
    # length.
    return elsewhere.with_variant(sa.Text(collation="C"), "postgresql")


def String(length: int) -> sa.types.TypeEngine[str]:
    return _text(sa.String(length))


def Text() -> sa.types.TypeEngine[str]:
    return _text(sa.Text())


def upgrade() -> None:
    op.create_table(
        "crucible_projects",
        sa.Column("id", String(36), nullable=False),
        sa.Column("title", String(300), nullable=False),
        sa.Column("description", Text(), nullable=False),
        sa.Column("goals", sa.JSON(), nullable=False),
        sa.Column("constraints", sa.JSON(), nullable=False),
        sa.Column("world_model", Text(), nullable=True),
        sa.Column("default_budget", sa.JSON(), nullable=True),
        sa.Column("last_run_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crucible_projects")),
    )
    op.create_table(
        "crucible_runs",
        sa.Column("id", String(36), nullable=False),
        sa.Column("project_id", String(36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("status", String(32), nullable=False),
        sa.Column("mode", String(32), nullable=False),
        sa.Column("label", String(200), nullable=True),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("ledger", String(32), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("budget", sa.JSON(), nullable=True),
        sa.Column("idempotency_key", String(255), nullable=True),
        sa.Column("request_digest", String(64), nullable=True),
        sa.Column("estimate", sa.JSON(), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Float(), nullable=True),
        sa.Column("candidate_count", sa.BigInteger(), nullable=True),
        sa.Column("scenario_count", sa.BigInteger(), nullable=True),
        sa.Column("evaluation_count", sa.BigInteger(), nullable=True),
        sa.Column("error_kind", String(32), nullable=True),
        sa.Column("error_phase", String(32), nullable=True),
        sa.Column("error_summary", String(300), nullable=True),
        sa.Column("error_message", Text(), nullable=True),
        sa.Column("error_hint", Text(), nullable=True),
        sa.Column("error_fingerprint", String(64), nullable=True),
        sa.Column("error_occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", String(36), nullable=True),
        sa.Column("owner", sa.JSON(), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_boot_seconds", sa.Float(), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "sort_duration",
            sa.Float(),
            sa.Computed("coalesce(duration_seconds, -1)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "sort_cost",
            sa.BigInteger(),
            sa.Computed("coalesce(cost_pico, -1)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "sort_tokens",
            sa.BigInteger(),
            sa.Computed("coalesce(total_tokens, -1)", persisted=True),
            nullable=False,
        ),
        sa.Column("call_count", sa.BigInteger(), nullable=False),
        sa.Column("failed_call_count", sa.BigInteger(), nullable=False),
        sa.Column("retry_count", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("total_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cached_input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=True),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=True),
        sa.Column("unmetered_call_count", sa.BigInteger(), nullable=False),
        sa.Column("cost_pico", sa.BigInteger(), nullable=True),
        sa.Column("unpriced_call_count", sa.BigInteger(), nullable=False),
        sa.Column("wasted_cost_pico", sa.BigInteger(), nullable=True),
        sa.Column("providers", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "status IN ('created','running','completed','failed','cancelled')",
            name=op.f("ck_crucible_runs_status"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["crucible_projects.id"],
            name=op.f("fk_crucible_runs_project_id_crucible_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crucible_runs")),
    )
    with op.batch_alter_table("crucible_runs", schema=None) as batch_op:
        batch_op.create_index("ix_crucible_runs_cost", ["sort_cost", "id"], unique=False)
        batch_op.create_index("ix_crucible_runs_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_crucible_runs_duration", ["sort_duration", "id"], unique=False)
        batch_op.create_index(
            "ix_crucible_runs_project_cost", ["project_id", "sort_cost", "id"], unique=False
        )
        batch_op.create_index(
            "ix_crucible_runs_project_created", ["project_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_crucible_runs_project_duration", ["project_id", "sort_duration", "id"], unique=False
        )
        batch_op.create_index(
            "ix_crucible_runs_project_status_created",
            ["project_id", "status", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_crucible_runs_project_tokens", ["project_id", "sort_tokens", "id"], unique=False
        )
        batch_op.create_index(
            "ix_crucible_runs_status_created", ["status", "created_at", "id"], unique=False
        )
        batch_op.create_index("ix_crucible_runs_tokens", ["sort_tokens", "id"], unique=False)
        batch_op.create_index(
            "uq_crucible_runs_idempotency", ["project_id", "idempotency_key"], unique=True
        )
        batch_op.create_index(
            "uq_crucible_runs_project_id_number", ["project_id", "number"], unique=True
        )

    op.create_table(
        "crucible_candidates",
        sa.Column("id", String(36), nullable=False),
        sa.Column("run_id", String(36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", String(300), nullable=False),
        sa.Column("description", Text(), nullable=False),
        sa.Column("origin", String(32), nullable=False),
        sa.Column("predicted_effects", sa.JSON(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("p", sa.Float(), nullable=True),
        sa.Column("r", sa.Float(), nullable=True),
        sa.Column("i", sa.Float(), nullable=True),
        sa.Column("weighted_satisfaction", sa.Float(), nullable=True),
        sa.Column("hard_violations", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["crucible_runs.id"],
            name=op.f("fk_crucible_candidates_run_id_crucible_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crucible_candidates")),
    )
    with op.batch_alter_table("crucible_candidates", schema=None) as batch_op:
        batch_op.create_index("ix_crucible_candidates_run", ["run_id", "position"], unique=False)

    op.create_table(
        "crucible_llm_calls",
        sa.Column("id", String(36), nullable=False),
        sa.Column("run_id", String(36), nullable=False),
        sa.Column("run_attempt", sa.BigInteger(), nullable=False),
        sa.Column("phase", String(32), nullable=False),
        sa.Column("subject", String(500), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("outcome", String(32), nullable=False),
        sa.Column("error_kind", String(32), nullable=True),
        sa.Column("error_detail", Text(), nullable=True),
        sa.Column("http_status", sa.BigInteger(), nullable=True),
        sa.Column("provider", String(100), nullable=False),
        sa.Column("model_asked", String(200), nullable=False),
        sa.Column("model_served", String(200), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cached_input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=True),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_pico", sa.BigInteger(), nullable=True),
        sa.Column("reserved_tokens", sa.BigInteger(), nullable=True),
        sa.Column("reserved_pico", sa.BigInteger(), nullable=True),
        sa.Column("price_source", String(300), nullable=True),
        sa.Column("latency_seconds", sa.Float(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prompt", Text(), nullable=True),
        sa.Column("answer", Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["crucible_runs.id"],
            name=op.f("fk_crucible_llm_calls_run_id_crucible_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crucible_llm_calls")),
    )
    with op.batch_alter_table("crucible_llm_calls", schema=None) as batch_op:
        batch_op.create_index("ix_crucible_llm_calls_run", ["run_id", "id"], unique=False)

    op.create_table(
        "crucible_run_attempts",
        sa.Column("run_id", String(36), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("status", String(32), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Float(), nullable=True),
        sa.Column("error_kind", String(32), nullable=True),
        sa.Column("error_summary", String(300), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["crucible_runs.id"],
            name=op.f("fk_crucible_run_attempts_run_id_crucible_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "attempt", name=op.f("pk_crucible_run_attempts")),
    )
    op.create_table(
        "crucible_run_phases",
        sa.Column("run_id", String(36), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("name", String(32), nullable=False),
        sa.Column("status", String(32), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Float(), nullable=True),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("produced", sa.BigInteger(), nullable=True),
        sa.Column("call_count", sa.BigInteger(), nullable=False),
        sa.Column("failed_call_count", sa.BigInteger(), nullable=False),
        sa.Column("retry_count", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("total_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cached_input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=True),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=True),
        sa.Column("unmetered_call_count", sa.BigInteger(), nullable=False),
        sa.Column("cost_pico", sa.BigInteger(), nullable=True),
        sa.Column("unpriced_call_count", sa.BigInteger(), nullable=False),
        sa.Column("wasted_cost_pico", sa.BigInteger(), nullable=True),
        sa.Column("providers", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["crucible_runs.id"],
            name=op.f("fk_crucible_run_phases_run_id_crucible_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "attempt", "position", name=op.f("pk_crucible_run_phases")
        ),
    )
    op.create_table(
        "crucible_scenarios",
        sa.Column("id", String(36), nullable=False),
        sa.Column("run_id", String(36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("name", String(300), nullable=False),
        sa.Column("description", Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["crucible_runs.id"],
            name=op.f("fk_crucible_scenarios_run_id_crucible_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crucible_scenarios")),
    )
    with op.batch_alter_table("crucible_scenarios", schema=None) as batch_op:
        batch_op.create_index("ix_crucible_scenarios_run", ["run_id", "position"], unique=False)

    op.create_table(
        "crucible_evaluations",
        sa.Column("id", String(36), nullable=False),
        sa.Column("run_id", String(36), nullable=False),
        sa.Column("candidate_id", String(36), nullable=False),
        sa.Column("scenario_id", String(36), nullable=False),
        sa.Column("p", sa.Float(), nullable=False),
        sa.Column("r", sa.Float(), nullable=False),
        sa.Column("constraint_satisfaction", sa.JSON(), nullable=False),
        sa.Column("explanation", Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["crucible_candidates.id"],
            name=op.f("fk_crucible_evaluations_candidate_id_crucible_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["crucible_runs.id"],
            name=op.f("fk_crucible_evaluations_run_id_crucible_runs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scenario_id"],
            ["crucible_scenarios.id"],
            name=op.f("fk_crucible_evaluations_scenario_id_crucible_scenarios"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crucible_evaluations")),
    )
    with op.batch_alter_table("crucible_evaluations", schema=None) as batch_op:
        batch_op.create_index("ix_crucible_evaluations_run", ["run_id"], unique=False)
        batch_op.create_index(
            "uq_crucible_evaluations_pair", ["candidate_id", "scenario_id"], unique=True
        )

    op.create_table(
        "crucible_missing_evaluations",
        sa.Column("run_id", String(36), nullable=False),
        sa.Column("candidate_id", String(36), nullable=False),
        sa.Column("scenario_id", String(36), nullable=False),
        sa.Column("reason", String(300), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["crucible_candidates.id"],
            name=op.f("fk_crucible_missing_evaluations_candidate_id_crucible_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["crucible_runs.id"],
            name=op.f("fk_crucible_missing_evaluations_run_id_crucible_runs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scenario_id"],
            ["crucible_scenarios.id"],
            name=op.f("fk_crucible_missing_evaluations_scenario_id_crucible_scenarios"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "candidate_id", "scenario_id", name=op.f("pk_crucible_missing_evaluations")
        ),
    )


def downgrade() -> None:
    op.drop_table("crucible_missing_evaluations")
    with op.batch_alter_table("crucible_evaluations", schema=None) as batch_op:
        batch_op.drop_index("uq_crucible_evaluations_pair")
        batch_op.drop_index("ix_crucible_evaluations_run")

    op.drop_table("crucible_evaluations")
    with op.batch_alter_table("crucible_scenarios", schema=None) as batch_op:
        batch_op.drop_index("ix_crucible_scenarios_run")

    op.drop_table("crucible_scenarios")
    op.drop_table("crucible_run_phases")
    op.drop_table("crucible_run_attempts")
    with op.batch_alter_table("crucible_llm_calls", schema=None) as batch_op:
        batch_op.drop_index("ix_crucible_llm_calls_run")

    op.drop_table("crucible_llm_calls")
    with op.batch_alter_table("crucible_candidates", schema=None) as batch_op:
        batch_op.drop_index("ix_crucible_candidates_run")

    op.drop_table("crucible_candidates")
    with op.batch_alter_table("crucible_runs", schema=None) as batch_op:
        batch_op.drop_index("uq_crucible_runs_project_id_number")
        batch_op.drop_index("uq_crucible_runs_idempotency")
        batch_op.drop_index("ix_crucible_runs_tokens")
        batch_op.drop_index("ix_crucible_runs_status_created")
        batch_op.drop_index("ix_crucible_runs_project_tokens")
        batch_op.drop_index("ix_crucible_runs_project_status_created")
        batch_op.drop_index("ix_crucible_runs_project_duration")
        batch_op.drop_index("ix_crucible_runs_project_created")
        batch_op.drop_index("ix_crucible_runs_project_cost")
        batch_op.drop_index("ix_crucible_runs_duration")
        batch_op.drop_index("ix_crucible_runs_created")
        batch_op.drop_index("ix_crucible_runs_cost")

    op.drop_table("crucible_runs")
    op.drop_table("crucible_projects")
