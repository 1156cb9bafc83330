"""Projects: every question and command. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from crucible.clock import Clock, SystemClock, rfc3339
from crucible.errors import Conflict, NotFound
from crucible.ids import new_id
from crucible.models import Project, Run
from crucible.models.values import LIVE, Status
from crucible.recorder.revision import GONE, bump
from crucible.services import budgets, lost
from crucible.services.recent_runs import recent_runs
from crucible.services.references import resolve_project
from crucible.services.usage import PICO, usd

__all__ = [
    "create_project",
    "delete_project",
    "get_project",
    "list_projects",
    "replace_project",
    "require_idle",
    "resolve_project",
]

_PROBLEM = ("title", "description", "goals", "constraints", "world_model")
_COLUMNS = tuple(
    getattr(Project, name)
    for name in ("id", *_PROBLEM, "default_budget", "last_run_number", "created_at", "updated_at")
)
Rows = Mapping[str, Mapping[str, Any]]
# How long a run goes on is not known; it is worth asking again.
RETRY_SECONDS = 10


def list_projects(session: Session, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """All projects, newest first, each with its last runs, failures of 24 hours and spend of
    7 days, counted back from `now`."""
    return _read(session, now)


def get_project(
    session: Session, project_id: str, *, now: datetime | None = None
) -> dict[str, Any]:
    """One project, shaped as in the list. Raises NotFound."""
    found = _read(session, now, Project.id == project_id)
    if not found:
        raise NotFound(f"there is no project {project_id}")
    return found[0]


def create_project(session: Session, clock: Clock, data: Mapping[str, Any]) -> dict[str, Any]:
    """Adds a project; `data` is a body of the contract, validated by its schema."""
    now = clock.now()
    project_id = new_id()
    session.execute(
        insert(Project).values(
            id=project_id, last_run_number=0, created_at=now, updated_at=now, **_problem(data)
        )
    )
    bump(session, project_id)
    return get_project(session, project_id, now=now)


def replace_project(
    session: Session, clock: Clock, project_id: str, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Replaces the problem; runs keep the one they were asked with. Raises NotFound."""
    now = clock.now()
    session.execute(
        update(Project).where(Project.id == project_id).values(updated_at=now, **_problem(data))
    )
    bump(session, project_id)
    return get_project(session, project_id, now=now)


def require_idle(session: Session, project_id: str) -> None:
    """Raises Conflict while a run of the project is live. None starts before the transaction
    ends."""
    # Locked first: no run of it starts or goes on from here, and none is missed that just did.
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    live = select(Run.number).where(Run.project_id == project_id, Run.status.in_(LIVE)).limit(1)
    if (number := session.scalar(live)) is not None:
        raise Conflict(f"run #{number} is live: wait for its end", retry_after=RETRY_SECONDS)


def delete_project(session: Session, project_id: str) -> None:
    """Deletes a project with its runs. Raises Conflict while one of them is live, NotFound.

    Others wait for as long as that takes: where there may be thousands of runs, let
    `retention.forget_runs` take them away first.
    """
    require_idle(session, project_id)
    deleted = session.execute(delete(Project).where(Project.id == project_id).returning(Project.id))
    if deleted.first() is None:
        raise NotFound(f"there is no project {project_id}")
    bump(session, GONE)


def _problem(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": data["title"],
        "description": data.get("description", ""),
        "goals": list(data.get("goals") or []),
        "constraints": [
            {
                "name": constraint["name"],
                "description": constraint.get("description", ""),
                "weight": constraint["weight"],
            }
            for constraint in data.get("constraints") or []
        ],
        "world_model": data.get("world_model"),
        "default_budget": budgets.stored(data.get("default_budget")),
    }


def _read(
    session: Session, now: datetime | None, *conditions: ColumnElement[bool]
) -> list[dict[str, Any]]:
    moment = now or SystemClock().now()
    projects = session.execute(
        select(*_COLUMNS).where(*conditions).order_by(Project.created_at.desc(), Project.id.desc())
    )
    rows = [row._asdict() for row in projects]
    ids = [row["id"] for row in rows] if conditions else None
    last, failed, spent = (
        _last_runs(session, ids),
        _failures(session, ids, moment - timedelta(hours=24)),
        _spend(session, ids, moment - timedelta(days=7)),
    )
    recent = recent_runs(session, ids)
    return [
        {**_shape(row, last, failed, spent), "recent": recent.get(row["id"], [])} for row in rows
    ]


def _shape(row: Mapping[str, Any], last: Rows, failed: Rows, spent: Rows) -> dict[str, Any]:
    found = spent.get(row["id"])
    return {
        **{name: row[name] for name in ("id", *_PROBLEM, "default_budget")},
        "created_at": rfc3339(row["created_at"]),
        "updated_at": rfc3339(row["updated_at"]),
        "last_run": _brief(last.get(row["id"])),
        "failed_24h": failed[row["id"]]["count"] if row["id"] in failed else 0,
        "cost_7d_usd": _cost(found),
        "unpriced_calls_7d": found["unpriced"] if found else 0,
    }


def _brief(run: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "id": run["id"],
        "number": run["number"],
        "status": run["status"],
        "created_at": rfc3339(run["created_at"]),
    }


def _cost(spent: Mapping[str, Any] | None) -> float | None:
    if spent is None or not spent["calls"] and spent["cost_usd"] is None:
        return 0  # no call, no spend
    if spent["cost_usd"] is None:
        return None
    return usd(int(spent["cost_usd"]) * PICO + int(spent["cost_rest"]))


def _of(ids: Sequence[str] | None) -> list[ColumnElement[bool]]:
    return [] if ids is None else [Run.project_id.in_(ids)]


def _last_runs(session: Session, ids: Sequence[str] | None) -> Rows:
    # One step over the index for each project, however many runs it has.
    newest = (
        select(Run.id)
        .where(Run.project_id == Project.id)
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(1)
        .correlate(Project)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Run.project_id, Run.id, Run.number, Run.status, Run.created_at)
        .select_from(Project)
        .join(Run, Run.id == newest)
        .where(*([] if ids is None else [Project.id.in_(ids)]))
    )
    return {
        row.project_id: {**row._asdict(), "status": lost.status_of(session, row.id, row.status)}
        for row in rows
    }


def _failures(session: Session, ids: Sequence[str] | None, since: datetime) -> Rows:
    rows = session.execute(
        select(Run.project_id, func.count().label("count"))
        .where(Run.status == Status.FAILED, Run.created_at >= since, *_of(ids))
        .group_by(Run.project_id)
    )
    found: dict[str, dict[str, Any]] = {row.project_id: row._asdict() for row in rows}
    for project_id in _lost(session, ids, since):
        found.setdefault(project_id, {"count": 0})["count"] += 1
    return found


def _lost(session: Session, ids: Sequence[str] | None, since: datetime) -> list[str]:
    """The projects of runs that have failed and whose rows do not say so yet."""
    if not (unwritten := lost.unwritten(session)):
        return []
    rows = session.execute(
        select(Run.id, Run.project_id, Run.status).where(
            Run.id.in_(unwritten), Run.created_at >= since, *_of(ids)
        )
    )
    return [
        row.project_id
        for row in rows
        if row.status != Status.FAILED
        and lost.status_of(session, row.id, row.status) == Status.FAILED
    ]


def _spend(session: Session, ids: Sequence[str] | None, since: datetime) -> Rows:
    # Grouped by an expression: for the sake of groups in order the database would walk over every
    # run there is, instead of those of the last days.
    project_id = Run.project_id.concat("").label("project_id")
    rows = session.execute(
        select(
            project_id,
            # In two parts, so that no sum can leave 64 bits.
            func.sum(Run.cost_pico.op("/")(PICO)).label("cost_usd"),
            func.sum(Run.cost_pico % PICO).label("cost_rest"),
            func.sum(Run.call_count).label("calls"),
            func.sum(Run.unpriced_call_count).label("unpriced"),
        )
        .where(Run.created_at >= since, *_of(ids))
        .group_by(project_id)
    )
    return {row.project_id: row._asdict() for row in rows}
