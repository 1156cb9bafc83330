from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from crucible.models.base import Base, Id, line


class Project(Base):
    """A problem to work on. Its goals and constraints are read and replaced as a whole."""

    __tablename__ = "crucible_projects"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(line(300))
    description: Mapped[str]
    goals: Mapped[list[str]]
    constraints: Mapped[list[Any]]
    world_model: Mapped[str | None]
    default_budget: Mapped[dict[str, Any] | None]
    last_run_number: Mapped[int] = mapped_column(default=0)
    """Counts up for ever, so that the number of a deleted run is never used again."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
