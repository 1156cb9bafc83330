"""Forgets old runs, or only their calls, a few at a time so that work goes on meanwhile."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from crucible.clock import Clock, rfc3339
from crucible.db import Database
from crucible.errors import Invalid, Unavailable
from crucible.models import Base, LLMCall, Run
from crucible.models.values import LIVE
from crucible.recorder.revision import GONE, bump

# A worker that wants to write waits for one transaction; it gets its turn in the pause after it.
AIM_SECONDS = 0.05
PAUSE_SECONDS = 0.01
FIRST_BATCH, LARGEST_BATCH = 16, 400
WORTH_COMPACTING_BYTES = 1_000_000
AGAIN = "run the same command again when nothing is running"

OnBatch = Callable[[int, int], None]
"""Told how many runs are done, of how many."""


@dataclass(frozen=True)
class Retention:
    """What is to go: ended runs created before `before` and beyond the newest `keep_last`
    ended runs of their project. None = that rule does not spare any run."""

    before: datetime | None = None
    keep_last: int | None = None
    project_id: str | None = None
    calls_only: bool = False

    def __post_init__(self) -> None:
        if self.before is None and self.keep_last is None:
            raise Invalid("say what is to stay: --older-than, --keep-last or both")


def preview(session: Session, what: Retention) -> dict[str, Any]:
    """What `purge` would delete: the same shape, its bytes null."""
    return _report(what, len(chosen := doomed(session, what)), _calls_of(session, chosen))


def purge(
    database: Database, clock: Clock, what: Retention, on_batch: OnBatch | None = None
) -> dict[str, Any]:
    """Deletes them: `{project_id, older_than, keep_last, calls_only, dry_run, run_count,
    call_count, disk_bytes, freed_bytes, compacted, note}`.

    Owns its transactions: one for every few runs, each run whole, so that nothing is half
    deleted whenever it is interrupted and no worker waits for long. Then rewrites the file,
    unless a run is live; `note` says why if the disk has not got its space back.
    """
    before = database.disk_bytes()
    runs, calls = _purged(database, clock, what, on_batch)
    note = compact(database)
    after = database.disk_bytes()
    return {
        **_report(what, runs, calls),
        "dry_run": False,
        "disk_bytes": after,
        "freed_bytes": max(0, before - after),
        "compacted": note is None and after < before,
        "note": note,
    }


def forget_runs(database: Database, clock: Clock, project_id: str) -> None:
    """Deletes the ended runs of a project as `purge` does; gives no space back to the disk."""
    _purged(database, clock, Retention(keep_last=0, project_id=project_id), None)


def _purged(
    database: Database, clock: Clock, what: Retention, on_batch: OnBatch | None
) -> tuple[int, int]:
    """How many runs and calls went."""
    with database.reading() as session:
        chosen = doomed(session, what)
    runs = calls = done = 0
    with database.unlinked() as unlinked:
        for batch in _batches(chosen):
            with unlinked.writing() as session:
                gone = _delete(session, clock.now(), batch, what.calls_only)
            runs, calls, done = runs + gone[0], calls + gone[1], done + len(batch)
            if on_batch is not None:
                on_batch(done, len(chosen))
    return runs, calls


def doomed(session: Session, what: Retention) -> list[str]:
    """Ids of the runs to which it applies, oldest first."""
    place = func.row_number().over(
        partition_by=Run.project_id, order_by=(Run.created_at.desc(), Run.id.desc())
    )
    ended = select(Run.id, Run.created_at, Run.ledger, Run.call_count, place.label("place"))
    ended = ended.where(Run.status.not_in(LIVE))
    if what.project_id is not None:
        ended = ended.where(Run.project_id == what.project_id)
    runs = ended.subquery()
    rules: list[ColumnElement[bool]] = []
    if what.before is not None:
        rules.append(runs.c.created_at < what.before)
    if what.keep_last is not None:
        rules.append(runs.c.place > what.keep_last)
    if what.calls_only:
        rules += [runs.c.ledger == "complete", runs.c.call_count > 0]
    return list(session.scalars(select(runs.c.id).where(*rules).order_by(runs.c.id)))


def compact(database: Database) -> str | None:
    """Gives the space of deleted rows back to the disk; None, or why that was not done."""
    with database.reading() as session:
        live = session.scalar(select(Run.number).where(Run.status.in_(LIVE)).limit(1))
    free = database.free_bytes()
    if not free:
        return None
    if live is not None:
        # A rewrite may take longer than a worker waits to record a call.
        if free < WORTH_COMPACTING_BYTES:
            return None
        return (
            f"{free / 1e6:,.1f} MB are free for new runs but not given back to the disk, since a "
            f"run is live: {AGAIN}"
        )
    try:
        database.compact()
    except Unavailable as error:
        return f"the space is free for new runs but not given back: {error.message}; {AGAIN}"
    return None


def _batches(chosen: Sequence[str]) -> Iterator[Sequence[str]]:
    """A few at a time, as many as take about `AIM_SECONDS`."""
    start, size = 0, FIRST_BATCH
    while start < len(chosen):
        began = time.monotonic()
        yield chosen[start : start + size]
        took = time.monotonic() - began
        start += size
        if took > AIM_SECONDS:
            size = max(1, size // 2)
        elif took < AIM_SECONDS / 2:
            size = min(LARGEST_BATCH, size * 2)
        time.sleep(PAUSE_SECONDS)


def _delete(
    session: Session, now: datetime, batch: Sequence[str], calls_only: bool
) -> tuple[int, int]:
    """How many runs and calls went. A run that was resumed since it was chosen stays."""
    ended = select(Run.id).where(Run.id.in_(batch), Run.status.not_in(LIVE))
    if calls_only:
        ended = ended.where(Run.ledger == "complete")
    ids = list(session.scalars(ended.order_by(Run.id).with_for_update()))
    calls = _calls_of(session, ids)
    if calls_only:
        session.execute(delete(LLMCall).where(LLMCall.run_id.in_(ids)))
        changed = {"ledger": "purged", "updated_at": now}
        session.execute(update(Run).where(Run.id.in_(ids)).values(changed))
        bump(session, GONE)
        return len(ids), calls
    for table in reversed(Base.metadata.sorted_tables):
        if "run_id" in table.c:
            session.execute(delete(table).where(table.c.run_id.in_(ids)))
    session.execute(delete(Run).where(Run.id.in_(ids)))
    bump(session, GONE)
    return len(ids), calls


def _calls_of(session: Session, ids: Sequence[str]) -> int:
    counted = 0
    for start in range(0, len(ids), LARGEST_BATCH):
        asked = select(func.count()).where(LLMCall.run_id.in_(ids[start : start + LARGEST_BATCH]))
        counted += session.scalar(asked) or 0
    return counted


def _report(what: Retention, runs: int, calls: int) -> dict[str, Any]:
    return {
        "project_id": what.project_id,
        "older_than": rfc3339(what.before),
        "keep_last": what.keep_last,
        "calls_only": what.calls_only,
        "dry_run": True,
        "run_count": runs,
        "call_count": calls,
        "disk_bytes": None,
        "freed_bytes": None,
        "compacted": False,
        "note": None,
    }
