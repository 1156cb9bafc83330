"""What was read of an import waits in tables that only its connection sees and that need no lock:
others go on writing until all lines have been found to be whole."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    MetaData,
    Table,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.types import JSON, TypeEngine

from crucible.models import Run, RunAttempt, RunPhase
from crucible.models.values import Outcome
from crucible.services.history import lines, rows
from crucible.services.history.record import CHILDREN, columns, table


def _staged(name: str, model: Any, names: Iterable[str], *more: Any) -> Table:
    own = (Column(each, _type(table(model).c[each].type)) for each in names)
    return Table(name, MetaData(), *own, *more, prefixes=["TEMPORARY"])


def _type(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return JSON(none_as_null=True) if isinstance(kind, JSON) else kind


RUNS = _staged(
    "imported_runs",
    Run,
    rows.RUN_COLUMNS,
    Column("line", BigInteger),
    Column("was_live", Boolean),
    Index("ix_imported_runs_id", "id"),
    Index("ix_imported_runs_number", "project_id", "number"),
)
PHASES = _staged("imported_phases", RunPhase, rows.PHASE_COLUMNS)
ATTEMPTS = _staged("imported_attempts", RunAttempt, rows.ATTEMPT_COLUMNS)
CHILD = {
    name: _staged(f"imported_{name}", model, columns(model)) for name, model in CHILDREN.items()
}
"""By the names of `record.CHILDREN`."""


def create(connection: Connection) -> None:
    for each in (RUNS, PHASES, ATTEMPTS, *CHILD.values()):
        each.create(connection, checkfirst=False)


def add(connection: Connection, into: Table, found: Sequence[Mapping[str, Any]]) -> None:
    if found:
        connection.execute(insert(into), found)


def add_children(connection: Connection, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    for name, each in found.items():
        add(connection, CHILD[name], each)


def copy(connection: Connection, model: Any, staged: Table, *where: Any) -> int:
    """Into the history; how many rows."""
    names = [column.name for column in staged.c if column.name in table(model).c]
    chosen = select(*(staged.c[name] for name in names)).where(*where)
    copying = insert(table(model)).from_select(names, chosen)
    return connection.execute(copying, execution_options={"preserve_rowcount": True}).rowcount


def refuse_twice(connection: Connection) -> None:
    """Raises Invalid for an id that two lines have."""
    twice = connection.execute(
        select(RUNS.c.id, func.min(RUNS.c.line), func.max(RUNS.c.line))
        .group_by(RUNS.c.id)
        .having(func.count() > 1)
        .order_by(func.max(RUNS.c.line))
        .limit(1)
    ).one_or_none()
    if twice is not None:
        run_id, first, again = twice
        raise lines.broken(again, "id", f"takes an id of its own; {run_id} is that of line {first}")
    for name, staged in CHILD.items():
        key = [staged.c[each.name] for each in table(CHILDREN[name]).primary_key.columns]
        again = connection.execute(
            select(func.max(staged.c.run_id), *key).group_by(*key).having(func.count() > 1).limit(1)
        ).first()
        if again is not None:
            raise _not_its_own(connection, again[0], name, again[-1])


def refuse_known(connection: Connection) -> None:
    """Raises Invalid for a run that is new here and has a part that is not."""
    for name, staged in CHILD.items():
        real = table(CHILDREN[name])
        if "id" not in real.c:
            continue
        known = connection.execute(
            select(staged.c.run_id, staged.c.id)
            .where(staged.c.run_id.in_(select(RUNS.c.id)), staged.c.id.in_(select(real.c.id)))
            .limit(1)
        ).first()
        if known is not None:
            raise _not_its_own(connection, known[0], name, known[1])


def _not_its_own(connection: Connection, run_id: str, name: str, key: str) -> Exception:
    line = connection.scalar(select(RUNS.c.line).where(RUNS.c.id == run_id)) or 0
    return lines.broken(line, f"record.{name}", f"takes ids of their own; {key} is another's too")


def settle_lost(connection: Connection) -> None:
    """Calls that were on their way in a run that was live: their fate is unknown, and counted."""
    calls = CHILD["calls"]
    lost = (calls.c.outcome == Outcome.PENDING) & calls.c.run_id.in_(
        select(RUNS.c.id).where(RUNS.c.was_live)
    )
    key = calls.c.run_id, calls.c.run_attempt, calls.c.phase
    for run_id, attempt, phase, count in connection.execute(
        select(*key, func.count()).where(lost).group_by(*key)
    ).all():
        for counted in (
            update(RUNS).where(RUNS.c.id == run_id),
            update(PHASES).where(
                PHASES.c.run_id == run_id, PHASES.c.attempt == attempt, PHASES.c.name == phase
            ),
        ):
            failed = counted.table.c.failed_call_count + count
            connection.execute(counted.values(failed_call_count=failed))
    at = select(RUNS.c.completed_at).where(RUNS.c.id == calls.c.run_id).scalar_subquery()
    connection.execute(update(calls).where(lost).values(outcome=Outcome.UNKNOWN, settled_at=at))


def forget_known_keys(connection: Connection) -> None:
    """An Idempotency-Key that has started a run here, or an earlier line's, goes on naming it."""
    other = RUNS.alias()
    taken = exists().where(
        Run.project_id == RUNS.c.project_id, Run.idempotency_key == RUNS.c.idempotency_key
    ) | exists().where(
        other.c.project_id == RUNS.c.project_id,
        other.c.idempotency_key == RUNS.c.idempotency_key,
        other.c.line < RUNS.c.line,
    )
    connection.execute(
        update(RUNS)
        .where(RUNS.c.idempotency_key.is_not(None), taken)
        .values(idempotency_key=None, request_digest=None)
    )
