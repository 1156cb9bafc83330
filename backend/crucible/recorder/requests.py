"""What a person asks of a run that exists: to stop, or to go on."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.errors import Conflict, ErrorKind, NotFound, RunFailure
from crucible.models import Project, Run
from crucible.models.values import Status
from crucible.recorder.ends import NO_ERROR, SHORTFALL, End, error_columns
from crucible.recorder.revision import bump
from crucible.scrub import Scrubber

RESUMABLE = (Status.FAILED, Status.CANCELLED)
_CHANGED_BY_RESUME = (
    "status",
    "attempt",
    "completed_at",
    "owner",
    "heartbeat_at",
    "heartbeat_boot_seconds",
    "cancel_requested_at",
    "notes",
    "budget",
    *NO_ERROR,
)


def cancel(session: Session, clock: Clock, run_id: str) -> None:
    """Asks a live run to stop; one that nobody has claimed yet is cancelled at once.

    Asking twice is no error. Raises Conflict when the run has ended, NotFound. Does not commit.
    """
    now = clock.now()
    failure = RunFailure(
        ErrorKind.CANCELLED, f"stopped by request before {_not_begun(session, run_id)} was begun"
    )
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


def _not_begun(session: Session, run_id: str) -> str:
    # Locked, as the update after it does: nobody resumes it in between.
    attempt = session.scalar(
        select(Run.attempt).where(Run.id == run_id).with_for_update(key_share=True)
    )
    return "it" if (attempt or 1) == 1 else f"its attempt {attempt}"


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
    _keep_project(session, run_id)
    ledger = _ledger(session, run_id)
    if ledger == "absent":
        raise Conflict("this run came from elsewhere and cannot go on here; start a new one")
    if ledger == "purged":
        _require_known_use(session, run_id, budget, replace_budget)
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


def before_resume(session: Session, run_id: str) -> dict[str, Any]:
    """What `undo_resume` takes. Raises NotFound."""
    names = ("id", *_CHANGED_BY_RESUME)
    row = session.execute(
        select(*(getattr(Run, name) for name in names)).where(Run.id == run_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no run {run_id}")
    return dict(zip(names, row, strict=True))


def undo_resume(session: Session, clock: Clock, before: Mapping[str, Any]) -> bool:
    """Makes a run what it was before it was resumed; False when it has been picked up since, or
    cancelled. Does not commit."""
    again = {**before, "updated_at": clock.now()}
    run_id = again.pop("id")
    found = session.execute(
        update(Run)
        .where(Run.id == run_id, Run.status == Status.CREATED, Run.attempt == before["attempt"] + 1)
        .values(**again)
    )
    if not found.rowcount:  # type: ignore[attr-defined]
        return False
    bump(session, run_id)
    return True


def _keep_project(session: Session, run_id: str) -> None:
    """Whoever deletes the project waits, and finds the run live."""
    project_id = select(Run.project_id).where(Run.id == run_id).scalar_subquery()
    kept = select(Project.id).where(Project.id == project_id)
    session.execute(kept.with_for_update(read=True, key_share=True))


def _require_known_use(
    session: Session, run_id: str, budget: dict[str, Any] | None, replace_budget: bool
) -> None:
    """Limits hold for all a run has ever used. What a call of unknown use was reckoned at went
    with its row."""
    row = session.execute(
        select(Run.budget, Run.unpriced_call_count, Run.unmetered_call_count).where(
            Run.id == run_id
        )
    ).one()
    limits = (budget if replace_budget else row.budget) or {}
    limited = any(limits.get(key) is not None for key in ("max_cost_usd", "max_total_tokens"))
    if limited and (row.unpriced_call_count or row.unmetered_call_count):
        raise Conflict(
            "its calls were deleted, some of unknown cost among them, so its limits in dollars "
            "or tokens cannot be held",
            hint="Resume it with limits on calls or seconds only, or start a new run.",
        )


def _changed(
    session: Session, run_id: str, states: tuple[Status, ...], values: dict[str, Any]
) -> bool:
    found = session.execute(
        update(Run).where(Run.id == run_id, Run.status.in_(states)).values(**values)
    )
    if not found.rowcount:  # type: ignore[attr-defined]
        return False
    bump(session, run_id)
    return True


def _status(session: Session, run_id: str) -> str:
    status = session.scalar(select(Run.status).where(Run.id == run_id))
    if status is None:
        raise NotFound(f"there is no run {run_id}")
    return status


def _ledger(session: Session, run_id: str) -> str:
    # Locked: nobody deletes its calls from here on.
    ledger = session.scalar(select(Run.ledger).where(Run.id == run_id).with_for_update())
    if ledger is None:
        raise NotFound(f"there is no run {run_id}")
    return ledger
