"""What a person asks of a run that exists: to stop, or to go on."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.errors import Conflict, ErrorKind, NotFound, RunFailure
from crucible.models import Run
from crucible.models.values import Status
from crucible.recorder.ends import NO_ERROR, SHORTFALL, End, error_columns
from crucible.scrub import Scrubber

RESUMABLE = (Status.FAILED, Status.CANCELLED)


def cancel(session: Session, clock: Clock, run_id: str) -> None:
    """Asks a live run to stop; one that nobody has claimed yet is cancelled at once.

    Asking twice is no error. Raises Conflict when the run has ended, NotFound. Does not commit.
    """
    now = clock.now()
    failure = RunFailure(ErrorKind.CANCELLED, "stopped by request before it was begun")
    waiting = {
        "status": Status.CANCELLED,
        "completed_at": now,
        "updated_at": now,
        **error_columns(End(Status.CANCELLED, failure), Scrubber(), now),
    }
    if _changed(session, run_id, (Status.CREATED,), waiting):
        return
    asked = {"cancel_requested_at": now, "updated_at": now}
    if not _changed(session, run_id, (Status.RUNNING,), asked):
        raise Conflict(f"the run is {_status(session, run_id)}: only a live run can be cancelled")


def resume(
    session: Session,
    clock: Clock,
    run_id: str,
    *,
    budget: dict[str, Any] | None = None,
    replace_budget: bool = False,
) -> None:
    """Puts a failed or cancelled run back in the queue: what stands is kept, what is missing is
    done. Of two who ask at once one wins. Its budget stays, unless it is to be replaced.

    Raises Conflict when its state does not allow it, NotFound. Does not commit.
    """
    if _ledger(session, run_id) != "complete":
        raise Conflict("this run came from elsewhere and cannot go on here; start a new one")
    notes = session.scalar(select(Run.notes).where(Run.id == run_id)) or []
    values = {
        "status": Status.CREATED,
        "attempt": Run.attempt + 1,
        "completed_at": None,
        "updated_at": clock.now(),
        "owner": None,
        "heartbeat_at": None,
        "heartbeat_boot_seconds": None,
        "cancel_requested_at": None,
        "notes": [note for note in notes if SHORTFALL not in note],
        **NO_ERROR,
        **({"budget": budget} if replace_budget else {}),
    }
    if not _changed(session, run_id, RESUMABLE, values):
        raise Conflict(
            f"the run is {_status(session, run_id)}: only a failed or cancelled run can be resumed"
        )


def _changed(
    session: Session, run_id: str, states: tuple[Status, ...], values: dict[str, Any]
) -> bool:
    found = session.execute(
        update(Run).where(Run.id == run_id, Run.status.in_(states)).values(**values)
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]


def _status(session: Session, run_id: str) -> str:
    status = session.scalar(select(Run.status).where(Run.id == run_id))
    if status is None:
        raise NotFound(f"there is no run {run_id}")
    return status


def _ledger(session: Session, run_id: str) -> str:
    ledger = session.scalar(select(Run.ledger).where(Run.id == run_id))
    if ledger is None:
        raise NotFound(f"there is no run {run_id}")
    return ledger
