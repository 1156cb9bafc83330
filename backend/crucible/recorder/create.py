"""A run's first row."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.ids import new_id
from crucible.models import Project, Run
from crucible.models.values import Mode, Status
from crucible.recorder.revision import bump


@dataclass(frozen=True)
class Idempotency:
    """A caller's key for one start, and a digest of what it asked."""

    key: str
    digest: str


def insert_run(
    session: Session,
    clock: Clock,
    *,
    project: Project,
    mode: Mode,
    label: str | None,
    config: dict[str, Any],
    budget: dict[str, Any] | None = None,
    idempotency: Idempotency | None = None,
    estimate: dict[str, Any] | None = None,
) -> str:
    """Adds a `created` run with the project's next number; returns its id. Does not commit."""
    number = session.scalar(
        update(Project)
        .where(Project.id == project.id)
        .values(last_run_number=Project.last_run_number + 1)
        .returning(Project.last_run_number)
    )
    assert number is not None
    now = clock.now()
    run = Run(
        id=new_id(),
        project_id=project.id,
        number=number,
        status=Status.CREATED,
        mode=mode,
        label=label,
        config=config,
        budget=budget,
        estimate=estimate,
        idempotency_key=idempotency.key if idempotency else None,
        request_digest=idempotency.digest if idempotency else None,
        created_at=now,
        updated_at=now,
    )
    session.add(run)
    session.flush()
    bump(session, run.id)
    return run.id


def withdraw(session: Session, run_id: str) -> bool:
    """Deletes a run that nobody has begun; False when somebody has. Its number is not used again.
    Does not commit."""
    gone = session.execute(
        delete(Run).where(Run.id == run_id, Run.status == Status.CREATED, Run.started_at.is_(None))
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        return False
    bump(session, run_id)
    return True
