"""The last few runs of many projects, for a strip beside each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from crucible.models import Project, Run
from crucible.services.lost import status_of

RECENT = 20
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def recent_runs(
    session: Session, project_ids: Sequence[str] | None
) -> dict[str, list[dict[str, Any]]]:
    """`{project_id: [{"number", "status"}]}`, newest last, at most RECENT for each project; of all
    projects when `project_ids` is None. A project without runs has no entry.

    One query: for each project two short walks over the index of its runs by time, the first to
    find where its last RECENT begin.
    """
    earlier = aliased(Run)
    begin = (
        select(earlier.created_at)
        .where(earlier.project_id == Project.id)
        .order_by(earlier.created_at.desc(), earlier.id.desc())
        .offset(RECENT - 1)
        .limit(1)
        .correlate(Project)
        .scalar_subquery()
    )
    # An outer join, so that the database cannot begin with all runs and look for their projects.
    since = (Run.project_id == Project.id) & (Run.created_at >= func.coalesce(begin, _BEGINNING))
    rows = session.execute(
        select(Run.project_id, Run.number, Run.status, Run.created_at, Run.id)
        .select_from(Project)
        .outerjoin(Run, since)
        .where(*([] if project_ids is None else [Project.id.in_(project_ids)]))
    )
    found: dict[str, list[dict[str, Any]]] = {}
    # Put in order here: the database would walk over every run for that.
    for row in sorted((row for row in rows if row.id), key=lambda row: (row.created_at, row.id)):
        status = status_of(session, row.id, row.status)
        found.setdefault(row.project_id, []).append({"number": row.number, "status": status})
    # Runs of the same moment as the first may have come along.
    return {project_id: runs[-RECENT:] for project_id, runs in found.items()}
