"""What becomes of a run that has lost its worker: some go back to the queue by themselves."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.errors import Conflict, ErrorKind
from crucible.models import Run, RunAttempt
from crucible.recorder import requests
from crucible.recorder.control import SHUT_DOWN, Stop
from crucible.recorder.ends import End

MAX_LOSSES = 3
"""A run that loses its worker more often may well be what kills it: it stays failed."""


def heeding_a_cancel(session: Session, run_id: str, end: End) -> End:
    """A run that was asked to stop has been stopped, by whatever its worker was lost."""
    asked = select(Run.cancel_requested_at).where(Run.id == run_id)
    if not _lost(end) or session.scalar(asked) is None:
        return end
    stop = Stop.cancelled()
    return End(stop.status, stop.failure, end.phase)


def to_the_queue(session: Session, clock: Clock, run_id: str, end: End) -> None:
    """Resumes a run that has just ended for want of its worker, if that one had it from a queue.

    In the transaction that ends the attempt, so that nobody takes the run for failed meanwhile.
    """
    if not _lost(end) or not returns(session.scalar(select(Run.owner).where(Run.id == run_id))):
        return
    if _losses(session, run_id) <= MAX_LOSSES:
        with suppress(Conflict):  # its calls were deleted once: a person has to decide
            requests.resume(session, clock, run_id)


def returns(owner: Mapping[str, Any] | None) -> bool:
    return bool((owner or {}).get("requeues"))


def _lost(end: End) -> bool:
    return end.failure is not None and end.failure.kind is ErrorKind.WORKER_LOST


def _losses(session: Session, run_id: str) -> int:
    """How often its worker died. One that was shut down in order is no fault of the run's."""
    said = session.scalars(
        select(RunAttempt.error_summary).where(
            RunAttempt.run_id == run_id, RunAttempt.error_kind == ErrorKind.WORKER_LOST
        )
    )
    return sum(SHUT_DOWN not in (summary or "") for summary in said)
