"""What a run works with and makes, as plain values: no session, no table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = (Status.CREATED, Status.RUNNING)


class Mode(StrEnum):
    FULL_SEARCH = "full_search"
    EVAL_ONLY = "eval_only"
    SEEDED = "seeded"


class PhaseName(StrEnum):
    DESIGN = "design"
    SCENARIOS = "scenarios"
    EVALUATION = "evaluation"
    RANKING = "ranking"


PHASES = tuple(PhaseName)


class Outcome(StrEnum):
    PENDING = "pending"
    OK = "ok"
    ERROR = "error"
    INVALID = "invalid"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Constraint:
    name: str
    description: str
    weight: int
    """0-100; 100 = hard."""


@dataclass(frozen=True)
class Problem:
    title: str
    description: str = ""
    goals: Sequence[str] = ()
    constraints: Sequence[Constraint] = ()
    world_model: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Problem":
        return cls(
            title=data["title"],
            description=data["description"],
            goals=tuple(data["goals"]),
            constraints=tuple(Constraint(**c) for c in data["constraints"]),
            world_model=data["world_model"],
        )


@dataclass(frozen=True)
class Candidate:
    id: str
    title: str
    description: str
    origin: str
    """`given` by the caller or `designed` by the model."""
    predicted_effects: Sequence[Mapping[str, str]] = field(default=())


@dataclass(frozen=True)
class Scenario:
    id: str
    name: str
    description: str


@dataclass(frozen=True)
class Evaluation:
    id: str
    candidate_id: str
    scenario_id: str
    P: float
    """Prediction quality in [0, 1]."""
    R: float
    """Resource cost > 0; higher is dearer."""
    constraint_satisfaction: Mapping[str, float]
    explanation: str


@dataclass(frozen=True)
class MissingEvaluation:
    candidate_id: str
    scenario_id: str
    reason: str


@dataclass(frozen=True)
class Standing:
    """A candidate's place after ranking; scores are None without evaluations."""

    candidate_id: str
    rank: int
    P: float | None
    R: float | None
    I: float | None  # noqa: E741 - the field's own symbol, fixed by the contract
    constraint_satisfaction: Mapping[str, float]
    weighted_satisfaction: float | None
    hard_violations: Sequence[str]
    evaluation_count: int
    missing_count: int
