"""Runs: questions and commands. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.config import Settings


@dataclass(frozen=True)
class RunQuery:
    project_id: str | None = None
    limit: int = 20
    cursor: str | None = None
    statuses: Sequence[str] = ()
    mode: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    updated_since: datetime | None = None
    sort: str = "-created_at"
    q: str | None = None


def list_runs(session: Session, query: RunQuery, now: datetime) -> dict[str, Any]:
    raise NotImplementedError


def resolve_run(session: Session, ref: str, project_id: str | None = None) -> str:
    raise NotImplementedError


def get_run(session: Session, run_id: str, now: datetime) -> dict[str, Any]:
    raise NotImplementedError


def list_calls(
    session: Session,
    run_id: str,
    phase: str | None = None,
    outcome: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> dict[str, Any]:
    raise NotImplementedError


def start_run(
    session: Session,
    clock: Clock,
    settings: Settings,
    project_id: str,
    request: Mapping[str, Any],
) -> str:
    raise NotImplementedError


def get_summary(session: Session, run_id: str, now: datetime) -> dict[str, Any]:
    """The summary of one run."""
    raise NotImplementedError
