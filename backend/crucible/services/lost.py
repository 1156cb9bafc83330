"""Runs that are lost, shown as such even where their end could not be written down.

Surfaces call `look` when they open a session to read; what it could not end for want of the
database's lock rides along in `session.info` and is laid over the rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from crucible.clock import Clock, seconds_between
from crucible.db import Database
from crucible.models import Run
from crucible.models.values import PhaseName, Status
from crucible.recorder.ends import End, error_columns
from crucible.recorder.liveness import Lost, notice_deaths
from crucible.scrub import Scrubber

Row = Mapping[str, Any]
_KEY = "crucible-lost"
_RUNNING = select(literal(1)).where(Run.status == Status.RUNNING).limit(1)


def look(session: Session, database: Database, clock: Clock, scrub: Scrubber) -> None:
    """Notices dead workers before `session` reads; waits at most 100 ms for each."""
    session.info[_KEY] = {}
    if session.scalar(_RUNNING) is None:
        return  # as mostly: nobody is at work who could have died
    session.rollback()  # or it would go on reading what was before the ends that are written now
    session.info[_KEY] = {lost.run_id: lost for lost in notice_deaths(database, clock, scrub)}


def unwritten(session: Session) -> list[str]:
    """Ids of runs that are shown as lost although their rows do not say so yet."""
    return sorted(session.info.get(_KEY, {}))


def status_of(session: Session, run_id: str, status: str) -> str:
    """The status to show."""
    lost: Lost | None = session.info.get(_KEY, {}).get(run_id)
    return status if lost is None or status != Status.RUNNING else lost.stop.status


def overlaid(session: Session, run: Row, phases: Sequence[Row]) -> tuple[Row, Sequence[Row]]:
    """Rows of a run and its phases as they would be, had its end been written down."""
    lost: Lost | None = session.info.get(_KEY, {}).get(run["id"])
    if lost is None or run["status"] != Status.RUNNING:
        return run, phases
    closed = [_closed(phase, lost) for phase in phases]
    last = PhaseName(phases[-1]["name"]) if phases else None
    took = seconds_between(run["attempt_started_at"] or lost.at, lost.at)
    end = End(lost.stop.status, lost.stop.failure, last)
    return {
        **run,
        **error_columns(end, Scrubber(), lost.at),
        "status": lost.stop.status,
        "completed_at": lost.at,
        "attempt_started_at": None,
        "duration_seconds": round((run["duration_seconds"] or 0.0) + took, 3),
    }, closed


def _closed(phase: Row, lost: Lost) -> Row:
    if phase["status"] != Status.RUNNING:
        return phase
    return {
        **phase,
        "status": lost.stop.status,
        "completed_at": lost.at,
        "duration_seconds": seconds_between(phase["started_at"], lost.at),
    }
