"""How a run ends, in words: the error that a status carries."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crucible.errors import HINTS, ErrorKind, RunFailure, Unavailable
from crucible.models.values import PhaseName, Status
from crucible.scrub import Scrubber

SUMMARY_LIMIT = 300
MESSAGE_LIMIT = 2000
DATABASE_HINT = (
    "Look at the message: free space on the disk that holds the database, or end what holds its "
    "lock; then resume the run."
)


SHORTFALL = "evaluations came"
"""Stands in the note on missing evaluations, which a resumed run may prove wrong."""
NO_ERROR: Mapping[str, None] = dict.fromkeys(
    (
        "error_kind",
        "error_phase",
        "error_summary",
        "error_message",
        "error_hint",
        "error_fingerprint",
        "error_occurred_at",
    )
)


@dataclass(frozen=True)
class End:
    status: Status
    failure: RunFailure | None = None
    phase: PhaseName | None = None


def failure_of(error: BaseException) -> RunFailure:
    """What a run records of an exception. Of an unexpected one the summary names the class alone:
    its text may quote anything."""
    if isinstance(error, RunFailure):
        return error
    found = getattr(error, "failure", None)
    if isinstance(found, RunFailure):
        return found
    if isinstance(error, Unavailable):
        return RunFailure(
            ErrorKind.INTERNAL, "the database could not be used", error.message, DATABASE_HINT
        )
    name = type(error).__name__
    return RunFailure(ErrorKind.INTERNAL, f"an unexpected {name} inside Int Crucible", str(error))


def error_columns(end: End, scrub: Scrubber, now: datetime) -> dict[str, Any]:
    """The error_* columns of a run; all NULL for a run that ended well."""
    failure = end.failure
    if failure is None:
        return dict(NO_ERROR)
    return {
        "error_kind": failure.kind,
        "error_phase": end.phase,
        "error_summary": scrub.line(_summary(end, failure), SUMMARY_LIMIT),
        "error_message": scrub.text(failure.detail, MESSAGE_LIMIT) if failure.detail else None,
        "error_hint": failure.hint or HINTS[failure.kind],
        "error_fingerprint": fingerprint(failure, end.phase),
        "error_occurred_at": now,
    }


def _summary(end: End, failure: RunFailure) -> str:
    if end.status is Status.CANCELLED:
        where = f" during {end.phase}" if end.phase else ""
        return f"Cancelled{where}: {failure.reason}"
    if end.phase is None:
        return f"Run failed: {failure.reason}"
    return f"{end.phase.capitalize()} failed: {failure.reason}"


def fingerprint(failure: RunFailure, phase: PhaseName | None) -> str:
    """The same for the same failure, however often it was tried."""
    reason = "".join(c for c in failure.reason if not c.isdigit())
    text = "|".join((failure.kind, phase or "", reason))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
