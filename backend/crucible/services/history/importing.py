"""Imports runs as JSON lines: all of them or, when a line is broken, none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    MetaData,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.types import JSON, TypeEngine

from crucible.db import Database, translated_errors
from crucible.models import Project, Run, RunAttempt, RunPhase
from crucible.scrub import Scrubber
from crucible.services.history import lines, rows
from crucible.services.history.checks import Wrong
from crucible.services.history.rows import Rows

BATCH = 500
Told = Callable[[int], None]


def _staged(name: str, model: Any, columns: Iterable[str], *more: Any) -> Table:
    own = (Column(each, _type(model.__table__.c[each].type)) for each in columns)
    return Table(name, MetaData(), *own, *more, prefixes=["TEMPORARY"])


def _type(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return JSON(none_as_null=True) if isinstance(kind, JSON) else kind


# What was read waits in tables that only this connection sees and that need no lock: others go
# on writing until all lines have been found to be whole.
_RUNS = _staged(
    "imported_runs",
    Run,
    rows.RUN_COLUMNS,
    Column("line", BigInteger),
    Column("was_live", Boolean),
    Index("ix_imported_runs_id", "id"),
    Index("ix_imported_runs_number", "project_id", "number"),
)
_PHASES = _staged("imported_phases", RunPhase, rows.PHASE_COLUMNS)
_ATTEMPTS = _staged("imported_attempts", RunAttempt, rows.ATTEMPT_COLUMNS)
_STAGED = (_RUNS, _PHASES, _ATTEMPTS)


@dataclass
class _Seen:
    """What the lines say of a project, should it have to be made."""

    title: str | None
    created_at: datetime
    problem: Mapping[str, Any] = field(default_factory=dict)

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


def import_runs(
    database: Database, stream: BinaryIO, scrub: Scrubber, told: Told = lambda read: None
) -> Report:
    """Imports every line of `stream` in one transaction, or none.

    A run that is here already (by its id) is left as it is. A run whose number is taken gets the
    next free one of its project. Totals, times and counts are kept; calls and results are not
    part of a line, so `ledger` becomes `absent`. A run that was live where the line was written
    becomes `failed`, `worker_lost`, at its last sign of life: nobody here works on it. `told` is
    called with the number of lines read, now and then.

    Memory stays bounded: what was read waits in temporary tables. Raises Invalid naming line and
    field, Unavailable when the database cannot be used.
    """
    report = Report()
    with database.engine.connect() as connection, translated_errors():
        # Of its own, so that the temporary tables go with it.
        connection.detach()
        with connection.begin():
            projects = _stage(connection, stream, rows.Reader(scrub), report, told)
        connection.execution_options(writes=True)
        with connection.begin():
            _move(connection, projects, report)
    return report


def _stage(
    connection: Connection, stream: BinaryIO, reader: rows.Reader, report: Report, told: Told
) -> dict[str, _Seen]:
    for table in _STAGED:
        table.create(connection, checkfirst=False)
    projects: dict[str, _Seen] = {}
    batch: list[tuple[int, Rows]] = []
    for line, found in lines.objects(stream):
        batch.append((line, _read(reader, line, found)))
        if len(batch) == BATCH:
            _keep(connection, batch, projects, report)
            told(report.read)
    _keep(connection, batch, projects, report)
    _refuse_twice(connection)
    return projects


def _read(reader: rows.Reader, line: int, found: Mapping[str, Any]) -> Rows:
    try:
        return reader.rows(found)
    except Wrong as wrong:
        raise lines.broken(line, wrong.field, wrong.takes) from None


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
    _add(
        connection,
        _RUNS,
        [{**found.run, "line": line, "was_live": found.was_live} for line, found in batch],
    )
    _add(connection, _PHASES, [phase for _, found in batch for phase in found.phases])
    _add(connection, _ATTEMPTS, [each for _, found in batch for each in found.attempts])
    report.read += len(batch)
    batch.clear()


def _add(connection: Connection, table: Table, found: Sequence[Mapping[str, Any]]) -> None:
    if found:
        connection.execute(insert(table), found)


def _refuse_twice(connection: Connection) -> None:
    twice = connection.execute(
        select(_RUNS.c.id, func.min(_RUNS.c.line), func.max(_RUNS.c.line))
        .group_by(_RUNS.c.id)
        .having(func.count() > 1)
        .order_by(func.max(_RUNS.c.line))
        .limit(1)
    ).one_or_none()
    if twice is not None:
        run_id, first, again = twice
        raise lines.broken(again, "id", f"takes an id of its own; {run_id} is that of line {first}")


def _move(connection: Connection, projects: Mapping[str, _Seen], report: Report) -> None:
    """From the temporary tables into those of the history, under the write lock."""
    here = select(Run.id)
    report.unchanged = connection.execute(delete(_RUNS).where(_RUNS.c.id.in_(here))).rowcount
    report.imported = report.read - report.unchanged
    if not report.imported:
        return
    report.was_live = _count(connection, _RUNS.c.was_live)
    report.projects_created = _make_projects(connection, projects)
    report.renumbered = _renumber(connection)
    new = select(_RUNS.c.id)
    _copy(connection, Run, _RUNS, rows.RUN_COLUMNS)
    _copy(connection, RunPhase, _PHASES, rows.PHASE_COLUMNS, _PHASES.c.run_id.in_(new))
    _copy(connection, RunAttempt, _ATTEMPTS, rows.ATTEMPT_COLUMNS, _ATTEMPTS.c.run_id.in_(new))
    _count_up(connection)


def _copy(
    connection: Connection, model: Any, staged: Table, columns: Iterable[str], *where: Any
) -> None:
    names = list(columns)
    chosen = select(*(staged.c[name] for name in names)).where(*where)
    connection.execute(insert(model.__table__).from_select(names, chosen))


def _count(connection: Connection, condition: Any) -> int:
    return connection.scalar(select(func.count()).select_from(_RUNS).where(condition)) or 0


def _make_projects(connection: Connection, projects: Mapping[str, _Seen]) -> int:
    wanted = set(connection.scalars(select(_RUNS.c.project_id).distinct()))
    unknown = wanted - set(connection.scalars(select(Project.id)))
    made = [_project(each, projects[each]) for each in sorted(unknown)]
    if made:
        connection.execute(insert(Project), made)
    return len(made)


def _project(project_id: str, seen: _Seen) -> dict[str, Any]:
    """As its latest run knew it."""
    problem = seen.problem
    return {
        "id": project_id,
        "title": seen.title or f"Project {project_id[:8]}",
        "description": problem.get("description", ""),
        "goals": problem.get("goals", []),
        "constraints": problem.get("constraints", []),
        "world_model": problem.get("world_model"),
        "last_run_number": 0,
        "created_at": seen.created_at,
        "updated_at": seen.created_at,
    }


def _renumber(connection: Connection) -> int:
    """Gives runs whose number is taken, or that have none, the next free one of their project."""
    taken = exists().where(Run.project_id == _RUNS.c.project_id, Run.number == _RUNS.c.number)
    colliding = select(_RUNS.c.project_id).where(or_(_RUNS.c.number.is_(None), taken))
    twice = (
        select(_RUNS.c.project_id)
        .group_by(_RUNS.c.project_id, _RUNS.c.number)
        .having(func.count() > 1)
    )
    changed: list[dict[str, Any]] = []
    for project_id in sorted(set(connection.scalars(colliding.union(twice)))):
        changed += _next_free(connection, project_id)
    if changed:
        changing = update(_RUNS).where(_RUNS.c.id == bindparam("run"))
        connection.execute(changing.values(number=bindparam("free")), changed)
    return len(changed)


def _next_free(connection: Connection, project_id: str) -> list[dict[str, Any]]:
    """In the order of the file, so that runs keep the order of their numbers."""
    taken = set(connection.scalars(select(Run.number).where(Run.project_id == project_id)))
    last = connection.scalar(select(Project.last_run_number).where(Project.id == project_id)) or 0
    last = max(last, max(taken, default=0))
    changed: list[dict[str, Any]] = []
    for run_id, number in connection.execute(
        select(_RUNS.c.id, _RUNS.c.number)
        .where(_RUNS.c.project_id == project_id)
        .order_by(_RUNS.c.line)
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
        select(_RUNS.c.project_id, func.max(_RUNS.c.number)).group_by(_RUNS.c.project_id)
    )
    for project_id, number in newest.all():
        connection.execute(
            update(Project)
            .where(Project.id == project_id, Project.last_run_number < number)
            .values(last_run_number=number)
        )
