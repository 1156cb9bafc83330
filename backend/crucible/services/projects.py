"""Projects: questions and commands. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crucible.clock import Clock


def list_projects(session: Session, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """All projects, newest first."""
    raise NotImplementedError


def get_project(
    session: Session, project_id: str, *, now: datetime | None = None
) -> dict[str, Any]:
    raise NotImplementedError


def create_project(session: Session, clock: Clock, data: Mapping[str, Any]) -> dict[str, Any]:
    raise NotImplementedError


def replace_project(
    session: Session, clock: Clock, project_id: str, data: Mapping[str, Any]
) -> dict[str, Any]:
    raise NotImplementedError


def delete_project(session: Session, project_id: str) -> None:
    raise NotImplementedError


def resolve_project(session: Session, ref: str) -> str:
    raise NotImplementedError
