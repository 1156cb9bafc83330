from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Float,
    ForeignKey,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crucible.models.base import Base, Id, Word, line
from crucible.models.usage import UsageColumns


class Run(UsageColumns, Base):
    """One execution of the pipeline, with its totals: what a list shows, sorts and filters."""

    __tablename__ = "crucible_runs"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    project_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_projects.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    status: Mapped[str] = mapped_column(Word)
    mode: Mapped[str] = mapped_column(Word)
    label: Mapped[str | None] = mapped_column(line(200))
    attempt: Mapped[int] = mapped_column(default=1)
    ledger: Mapped[str] = mapped_column(Word, default="complete")
    config: Mapped[dict[str, Any]]
    """What it was asked to do, the problem as it stood then included."""
    budget: Mapped[dict[str, Any] | None]
    idempotency_key: Mapped[str | None] = mapped_column(line(255))
    request_digest: Mapped[str | None] = mapped_column(line(64))
    """Of the request that came with the key: another one may not hide behind it."""
    estimate: Mapped[dict[str, Any] | None]
    notes: Mapped[list[str]] = mapped_column(default=list)

    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    attempt_started_at: Mapped[datetime | None]
    """Start of the attempt that is under way; NULL while none is."""
    duration_seconds: Mapped[float | None] = mapped_column(Float)
    """Sum over the attempts that ended."""

    candidate_count: Mapped[int | None] = mapped_column(default=0)
    scenario_count: Mapped[int | None] = mapped_column(default=0)
    evaluation_count: Mapped[int | None] = mapped_column(default=0)

    error_kind: Mapped[str | None] = mapped_column(Word)
    error_phase: Mapped[str | None] = mapped_column(Word)
    error_summary: Mapped[str | None] = mapped_column(line(300))
    error_message: Mapped[str | None]
    error_hint: Mapped[str | None]
    error_fingerprint: Mapped[str | None] = mapped_column(line(64))
    error_occurred_at: Mapped[datetime | None]

    lease_token: Mapped[str | None] = mapped_column(Id)
    owner: Mapped[dict[str, Any] | None]
    heartbeat_at: Mapped[datetime | None]
    heartbeat_boot_seconds: Mapped[float | None] = mapped_column(Float)
    cancel_requested_at: Mapped[datetime | None]

    # Unknown sorts below everything, on every engine alike, and stays in the index.
    sort_duration: Mapped[float] = mapped_column(
        Float, Computed("coalesce(duration_seconds, -1)", persisted=True)
    )
    sort_cost: Mapped[int] = mapped_column(
        BigInteger, Computed("coalesce(cost_pico, -1)", persisted=True)
    )
    sort_tokens: Mapped[int] = mapped_column(
        BigInteger, Computed("coalesce(total_tokens, -1)", persisted=True)
    )

    __table_args__ = (
        CheckConstraint(
            "status IN ('created','running','completed','failed','cancelled')", name="status"
        ),
        Index("uq_crucible_runs_project_id_number", "project_id", "number", unique=True),
        Index("uq_crucible_runs_idempotency", "project_id", "idempotency_key", unique=True),
        Index("ix_crucible_runs_created", "created_at", "id"),
        Index("ix_crucible_runs_updated", "updated_at", "id"),
        Index("ix_crucible_runs_status_created", "status", "created_at", "id"),
        Index("ix_crucible_runs_project_created", "project_id", "created_at", "id"),
        Index(
            "ix_crucible_runs_project_status_created", "project_id", "status", "created_at", "id"
        ),
        Index("ix_crucible_runs_mode_status_created", "mode", "status", "created_at", "id"),
        Index(
            "ix_crucible_runs_project_mode_status_created",
            "project_id",
            "mode",
            "status",
            "created_at",
            "id",
        ),
        # Status and mode behind the order: runs that a filter passes by are not read.
        *(
            Index(f"ix_crucible_runs_{scope}{key}", *columns, f"sort_{key}", "id", "status", "mode")
            for key in ("duration", "cost", "tokens")
            for scope, columns in (("", ()), ("project_", ("project_id",)))
        ),
        # All that sums by day read is in it, so that trends never touch the table.
        Index(
            "ix_crucible_runs_project_days",
            "project_id",
            "created_at",
            "status",
            "error_kind",
            "cost_pico",
            "unpriced_call_count",
            "total_tokens",
        ),
        # Its `status` is the same in every row; without it the database would read the table.
        Index(
            "ix_crucible_runs_project_failures",
            "project_id",
            "status",
            "created_at",
            "error_fingerprint",
            "error_kind",
            "error_phase",
            "id",
            # PostgreSQL has it from the migration. Its dialect, if named here, would be loaded by
            # whatever touches a table: a tenth of what a short command costs.
            sqlite_where=text("status = 'failed'"),
        ),
        # What `q` looks in. Most runs have neither, and are not in it.
        Index(
            "ix_crucible_runs_texts",
            "created_at",
            "id",
            "project_id",
            "status",
            "mode",
            "label",
            "error_summary",
            sqlite_where=text("label IS NOT NULL OR error_summary IS NOT NULL"),
        ),
    )


class RunAttempt(Base):
    """One stretch of work on a run, from claim to end. A resumed run has several."""

    __tablename__ = "crucible_run_attempts"

    run_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_runs.id", ondelete="CASCADE"), primary_key=True
    )
    attempt: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Word)
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    duration_seconds: Mapped[float | None] = mapped_column(Float)
    error_kind: Mapped[str | None] = mapped_column(Word)
    error_summary: Mapped[str | None] = mapped_column(line(300))


class RunPhase(UsageColumns, Base):
    """One phase of one attempt, with the totals of its calls."""

    __tablename__ = "crucible_run_phases"

    run_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_runs.id", ondelete="CASCADE"), primary_key=True
    )
    attempt: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Word)
    status: Mapped[str] = mapped_column(Word)
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    duration_seconds: Mapped[float | None] = mapped_column(Float)
    expected: Mapped[int | None]
    produced: Mapped[int | None] = mapped_column(default=0)
