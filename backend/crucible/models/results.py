from typing import Any

from sqlalchemy import Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crucible.models.base import Base, Id, line


def _run_id() -> Mapped[str]:
    return mapped_column(Id, ForeignKey("crucible_runs.id", ondelete="CASCADE"))


class CandidateRow(Base):
    __tablename__ = "crucible_candidates"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = _run_id()
    position: Mapped[int]
    title: Mapped[str] = mapped_column(line(300))
    description: Mapped[str]
    origin: Mapped[str] = mapped_column(line(32))
    predicted_effects: Mapped[list[Any]] = mapped_column(default=list)
    # Written by the ranking phase; NULL before it.
    rank: Mapped[int | None]
    P: Mapped[float | None] = mapped_column("p", Float)
    R: Mapped[float | None] = mapped_column("r", Float)
    I: Mapped[float | None] = mapped_column("i", Float)  # noqa: E741 - the contract's symbol
    weighted_satisfaction: Mapped[float | None] = mapped_column(Float)
    hard_violations: Mapped[list[str]] = mapped_column(default=list)

    __table_args__ = (Index("ix_crucible_candidates_run", "run_id", "position"),)


class ScenarioRow(Base):
    __tablename__ = "crucible_scenarios"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = _run_id()
    position: Mapped[int]
    name: Mapped[str] = mapped_column(line(300))
    description: Mapped[str]

    __table_args__ = (Index("ix_crucible_scenarios_run", "run_id", "position"),)


class EvaluationRow(Base):
    __tablename__ = "crucible_evaluations"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = _run_id()
    candidate_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_candidates.id", ondelete="CASCADE")
    )
    scenario_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_scenarios.id", ondelete="CASCADE")
    )
    P: Mapped[float] = mapped_column("p", Float)
    R: Mapped[float] = mapped_column("r", Float)
    constraint_satisfaction: Mapped[dict[str, float]]
    explanation: Mapped[str]

    __table_args__ = (
        Index("ix_crucible_evaluations_run", "run_id"),
        Index("uq_crucible_evaluations_pair", "candidate_id", "scenario_id", unique=True),
        # Deletions look for what links to a scenario; so do the two below.
        Index("ix_crucible_evaluations_scenario", "scenario_id"),
    )


class MissingRow(Base):
    """A pair whose evaluation was tried and given up, with the reason."""

    __tablename__ = "crucible_missing_evaluations"

    run_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_runs.id", ondelete="CASCADE"), primary_key=True
    )
    candidate_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_candidates.id", ondelete="CASCADE"), primary_key=True
    )
    scenario_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_scenarios.id", ondelete="CASCADE"), primary_key=True
    )
    reason: Mapped[str] = mapped_column(line(300))

    __table_args__ = (
        Index("ix_crucible_missing_candidate", "candidate_id"),
        Index("ix_crucible_missing_scenario", "scenario_id"),
    )
