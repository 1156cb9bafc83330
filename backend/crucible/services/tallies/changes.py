"""What has changed in the history since it was last looked at, without looking through it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from crucible.models import Project, Revision, Run
from crucible.models.values import LIVE, Status
from crucible.services.tallies.blocks import SIZE, Block, block_of

Counted = tuple[int, int]
"""How many runs there are, and the sum of their numbers."""


@dataclass(frozen=True)
class Live:
    """Runs that are not over."""

    running: int
    waiting: int
    oldest_heartbeat: datetime | None
    """Of those that run."""
    waiting_since: datetime | None
    """The longest that one has waited for a worker."""
    blocks: frozenset[Block]


def revisions(session: Session) -> dict[int, int]:
    rows = session.execute(select(Revision.part, Revision.value))
    return {part: value for part, value in rows}


def live(session: Session) -> Live:
    rows = session.execute(
        select(
            Run.project_id,
            block_of(),
            Run.status,
            func.count().label("runs"),
            func.min(Run.heartbeat_at).label("heartbeat_at"),
            func.min(Run.updated_at).label("updated_at"),
        )
        .where(Run.status.in_(LIVE))
        .group_by(Run.project_id, block_of().element, Run.status)
    ).all()
    running = [row for row in rows if row.status == Status.RUNNING]
    waiting = [row for row in rows if row.status == Status.CREATED]
    return Live(
        running=sum(row.runs for row in running),
        waiting=sum(row.runs for row in waiting),
        oldest_heartbeat=_first(row.heartbeat_at for row in running),
        # A run that waits was last changed when it was asked for, or asked for again.
        waiting_since=_first(row.updated_at for row in waiting),
        blocks=frozenset((row.project_id, row.block) for row in rows),
    )


def _first(moments: Any) -> datetime | None:
    found: datetime | None = min((at for at in moments if at is not None), default=None)
    return found


def last_numbers(session: Session) -> dict[str, int]:
    """The last number that each project has given."""
    rows = session.execute(select(Project.id, Project.last_run_number))
    return {key: value for key, value in rows}


def given(before: Mapping[str, int], now: Mapping[str, int]) -> set[Block]:
    """Blocks in which numbers were given out since."""
    return {
        (project_id, place)
        for project_id, last in now.items()
        if last > (known := before.get(project_id, 0))
        for place in range((known + 1) // SIZE, last // SIZE + 1)
    }


def updated(session: Session, since: datetime) -> dict[Block, datetime]:
    """The last change in each block that had one since then."""
    # Grouped by an expression: for the sake of groups in order the database would walk over every
    # run, instead of those that changed.
    project_id = Run.project_id.concat(literal_column("''")).label("project_id")
    rows = session.execute(
        select(project_id, block_of(), func.max(Run.updated_at).label("at"))
        .where(Run.updated_at >= since)
        .group_by(project_id.element, block_of().element)
    )
    return {(row.project_id, row.block): row.at for row in rows}


def counted(session: Session) -> dict[str, Counted]:
    """By project. It walks over one index from end to end: for when runs may have gone, or come
    from elsewhere."""
    rows = session.execute(
        select(Run.project_id, func.count(), func.sum(Run.number)).group_by(Run.project_id)
    )
    return {project_id: (count, int(numbers)) for project_id, count, numbers in rows}


def counted_blocks(session: Session, project_id: str) -> dict[Block, Counted]:
    """The same by block, of one project."""
    rows = session.execute(
        select(block_of(), func.count(), func.sum(Run.number))
        .where(Run.project_id == project_id)
        .group_by(block_of().element)
    )
    return {(project_id, place): (count, int(numbers)) for place, count, numbers in rows}
