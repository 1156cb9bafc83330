"""Imports runs as JSON lines: all of them or, when a line is broken, none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, or_, select, update

from crucible.db import Database, alone, translated_errors
from crucible.models import Project, Run, RunAttempt, RunPhase
from crucible.recorder.revision import CAME, bump
from crucible.scrub import Scrubber
from crucible.services.history import lines, staging
from crucible.services.history.checks import Wrong
from crucible.services.history.reader import Reader, Rows
from crucible.services.history.record import CHILDREN, PROJECT
from crucible.services.history.staging import ATTEMPTS, CHILD, PHASES, RUNS

BATCH = 500
"""Rows of runs, calls and results that wait in memory for their way into the staging tables."""
Told = Callable[[int], None]


@dataclass
class _Seen:
    """What the lines say of a project, should it have to be made."""

    title: str | None
    created_at: datetime
    problem: Mapping[str, Any] = field(default_factory=dict)
    row: dict[str, Any] | None = None
    """All of it, where a line was its own."""

    def add(self, found: Rows) -> None:
        self.title = found.project_title or self.title
        self.problem = found.problem or self.problem
        self.created_at = min(self.created_at, found.run["created_at"])


@dataclass
class Report:
    """What an import did, counted in runs; `was_live` are among the imported."""

    read: int = 0
    imported: int = 0
    unchanged: int = 0
    renumbered: int = 0
    was_live: int = 0
    projects_created: int = 0
    calls: int = 0
    """Calls that came with the imported runs; so the next."""
    evaluations: int = 0


def import_runs(
    database: Database, stream: BinaryIO, scrub: Scrubber, told: Told = lambda read: None
) -> Report:
    """Imports every line of `stream` in one transaction, or none.

    A run that is here already (by its id) is left as it is. A run whose number is taken gets the
    next free one of its project. Totals, times and counts are kept. Of a line with a `record`
    everything is; without one, calls and results are not in it, so `ledger` becomes `absent`. A
    run that was live where the line was written becomes `failed`, `worker_lost`, at its
    last sign of life: nobody here works on it. `told` is
    called with the number of lines read, now and then.

    Memory stays bounded: what was read waits in temporary tables. Raises Invalid naming line and
    field, Unavailable when the database cannot be used.
    """
    report = Report()
    with database.engine.connect() as connection, translated_errors():
        # Of its own, so that the temporary tables go with it.
        connection.detach()
        connection.execution_options(stages=True)
        with connection.begin():
            projects = _stage(connection, stream, Reader(scrub), report, told)
        connection.execution_options(writes=True)
        with connection.begin():
            _move(connection, projects, report)
    return report


def _stage(
    connection: Connection, stream: BinaryIO, reader: Reader, report: Report, told: Told
) -> dict[str, _Seen]:
    staging.create(connection)
    projects: dict[str, _Seen] = {}
    batch: list[tuple[int, Rows]] = []
    waiting = 0
    for line, found in lines.objects(stream):
        try:
            if "project" in found and "id" not in found:
                _note(projects, PROJECT(found)["project"])
                continue
            if "continues" in found and "id" not in found:
                staging.add_children(connection, reader.continued(found))
                continue
            batch.append((line, reader.rows(found)))
        except Wrong as wrong:
            raise lines.broken(line, wrong.field, wrong.takes) from None
        waiting += 1 + sum(map(len, batch[-1][1].children.values()))
        if waiting >= BATCH:
            _keep(connection, batch, projects, report)
            waiting = 0
            told(report.read)
    _keep(connection, batch, projects, report)
    staging.refuse_twice(connection)
    return projects


def _note(projects: dict[str, _Seen], row: dict[str, Any]) -> None:
    seen = projects.setdefault(row["id"], _Seen(row["title"], row["created_at"]))
    seen.row = row


def _keep(
    connection: Connection,
    batch: list[tuple[int, Rows]],
    projects: dict[str, _Seen],
    report: Report,
) -> None:
    """Writes a batch into the temporary tables, and empties it."""
    for _, found in batch:
        seen = projects.setdefault(found.run["project_id"], _Seen(None, found.run["created_at"]))
        seen.add(found)
        staging.add_children(connection, found.children)
    staging.add(
        connection,
        RUNS,
        [{**found.run, "line": line, "was_live": found.was_live} for line, found in batch],
    )
    staging.add(connection, PHASES, [phase for _, found in batch for phase in found.phases])
    staging.add(connection, ATTEMPTS, [each for _, found in batch for each in found.attempts])
    report.read += len(batch)
    batch.clear()


def _move(connection: Connection, projects: Mapping[str, _Seen], report: Report) -> None:
    """From the temporary tables into those of the history, under the write lock."""
    alone(connection)
    # Nobody gives out a number of these projects meanwhile.
    known = connection.scalars(
        select(Project.id).where(Project.id.in_(select(RUNS.c.project_id))).with_for_update()
    )
    known.all()
    here = select(Run.id)
    report.unchanged = connection.execute(delete(RUNS).where(RUNS.c.id.in_(here))).rowcount
    report.imported = report.read - report.unchanged
    report.projects_created = _make_projects(connection, projects)
    if not report.imported:
        if report.projects_created:
            bump(connection, CAME)
        return
    report.was_live = _count(connection, RUNS.c.was_live)
    report.renumbered = _renumber(connection)
    staging.refuse_known(connection)
    staging.forget_known_keys(connection)
    if report.was_live:
        staging.settle_lost(connection)
    new = select(RUNS.c.id)
    staging.copy(connection, Run, RUNS)
    staging.copy(connection, RunPhase, PHASES, PHASES.c.run_id.in_(new))
    staging.copy(connection, RunAttempt, ATTEMPTS, ATTEMPTS.c.run_id.in_(new))
    copied = {
        name: staging.copy(connection, model, CHILD[name], CHILD[name].c.run_id.in_(new))
        for name, model in CHILDREN.items()
    }
    report.calls, report.evaluations = copied["calls"], copied["evaluations"]
    _count_up(connection)
    bump(connection, CAME)


def _count(connection: Connection, condition: Any) -> int:
    return connection.scalar(select(func.count()).select_from(RUNS).where(condition)) or 0


def _make_projects(connection: Connection, projects: Mapping[str, _Seen]) -> int:
    wanted = set(connection.scalars(select(RUNS.c.project_id).distinct()))
    wanted |= {each for each, seen in projects.items() if seen.row is not None}
    unknown = wanted - set(connection.scalars(select(Project.id)))
    made = [_project(each, projects[each]) for each in sorted(unknown)]
    if made:
        connection.execute(insert(Project), made)
    return len(made)


def _project(project_id: str, seen: _Seen) -> dict[str, Any]:
    """As its own line has it, else as its latest run knew it."""
    if seen.row is not None:
        return seen.row
    problem = seen.problem
    return {
        "id": project_id,
        "title": seen.title or f"Project {project_id[:8]}",
        "description": problem.get("description", ""),
        "goals": problem.get("goals", []),
        "constraints": problem.get("constraints", []),
        "world_model": problem.get("world_model"),
        "default_budget": None,
        "last_run_number": 0,
        "created_at": seen.created_at,
        "updated_at": seen.created_at,
    }


def _renumber(connection: Connection) -> int:
    """Gives runs whose number is taken, or that have none, the next free one of their project."""
    taken = exists().where(Run.project_id == RUNS.c.project_id, Run.number == RUNS.c.number)
    colliding = select(RUNS.c.project_id).where(or_(RUNS.c.number.is_(None), taken))
    twice = (
        select(RUNS.c.project_id)
        .group_by(RUNS.c.project_id, RUNS.c.number)
        .having(func.count() > 1)
    )
    changed: list[dict[str, Any]] = []
    for project_id in sorted(set(connection.scalars(colliding.union(twice)))):
        changed += _next_free(connection, project_id)
    if changed:
        changing = update(RUNS).where(RUNS.c.id == bindparam("run"))
        connection.execute(changing.values(number=bindparam("free")), changed)
    return len(changed)


def _next_free(connection: Connection, project_id: str) -> list[dict[str, Any]]:
    """In the order of the file, so that runs keep the order of their numbers."""
    taken = set(connection.scalars(select(Run.number).where(Run.project_id == project_id)))
    last = connection.scalar(select(Project.last_run_number).where(Project.id == project_id)) or 0
    last = max(last, max(taken, default=0))
    changed: list[dict[str, Any]] = []
    for run_id, number in connection.execute(
        select(RUNS.c.id, RUNS.c.number)
        .where(RUNS.c.project_id == project_id)
        .order_by(RUNS.c.line)
    ):
        if number is None or number in taken:
            number = last + 1
            changed.append({"run": run_id, "free": number})
        taken.add(number)
        last = max(last, number)
    return changed


def _count_up(connection: Connection) -> None:
    """No number that came is ever given again."""
    newest = connection.execute(
        select(RUNS.c.project_id, func.max(RUNS.c.number)).group_by(RUNS.c.project_id)
    )
    for project_id, number in newest.all():
        connection.execute(
            update(Project)
            .where(Project.id == project_id, Project.last_run_number < number)
            .values(last_run_number=number)
        )
