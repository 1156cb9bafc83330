"""What a trace is made of: the rows of an attempt that has ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crucible.db import Database
from crucible.export.otel_due import Due
from crucible.models import LLMCall, Run, RunAttempt, RunPhase

PAGE = 500
"""Calls read, and sent, at once: what one trace costs in memory, however long its run was."""

_RUN = (Run.id, Run.number, Run.project_id, Run.mode)
_ATTEMPT = (
    RunAttempt.attempt,
    RunAttempt.status,
    RunAttempt.error_kind,
    RunAttempt.started_at,
    RunAttempt.completed_at,
)
_TOTALS = (
    "call_count failed_call_count retry_count input_tokens output_tokens cost_pico "
    "unpriced_call_count"
).split()
_PHASE = (
    RunPhase.name,
    RunPhase.status,
    RunPhase.started_at,
    RunPhase.completed_at,
    RunPhase.expected,
    RunPhase.produced,
    *(getattr(RunPhase, name) for name in _TOTALS),
)
# Neither what was asked and answered, nor what it was about, nor what the provider said.
_CALL = (
    LLMCall.id,
    LLMCall.phase,
    LLMCall.attempt,
    LLMCall.outcome,
    LLMCall.error_kind,
    LLMCall.http_status,
    LLMCall.provider,
    LLMCall.model_asked,
    LLMCall.model_served,
    LLMCall.input_tokens,
    LLMCall.output_tokens,
    LLMCall.cached_input_tokens,
    LLMCall.cache_write_tokens,
    LLMCall.reasoning_tokens,
    LLMCall.cost_pico,
    LLMCall.latency_seconds,
    LLMCall.sent_at,
    LLMCall.settled_at,
)


@dataclass(frozen=True)
class Attempt:
    """Rows of the columns above."""

    due: Due
    run: Any
    row: Any
    phases: Sequence[Any]
    """In their order; with the totals of this attempt's calls."""

    def total(self, name: str) -> int | None:
        """Of all phases; None where none knows."""
        known = [value for phase in self.phases if (value := getattr(phase, name)) is not None]
        return sum(known) if known else None


def attempt_of(database: Database, due: Due) -> Attempt | None:
    """None when the run was deleted since."""
    of_run = RunPhase.run_id == due.run_id, RunPhase.attempt == due.attempt
    with database.reading() as session:
        run = session.execute(select(*_RUN).where(Run.id == due.run_id)).first()
        row = session.execute(
            select(*_ATTEMPT).where(
                RunAttempt.run_id == due.run_id, RunAttempt.attempt == due.attempt
            )
        ).first()
        phases = session.execute(select(*_PHASE).where(*of_run).order_by(RunPhase.position)).all()
    return None if run is None or row is None else Attempt(due, run, row, phases)


def calls_of(database: Database, due: Due) -> Iterator[Sequence[Any]]:
    """Its calls, in pages of at most PAGE."""
    last = ""
    while True:
        of_attempt = (
            select(*_CALL)
            .where(
                LLMCall.run_id == due.run_id,
                LLMCall.run_attempt == due.attempt,
                LLMCall.id > last,
            )
            .order_by(LLMCall.id)
            .limit(PAGE)
        )
        with database.reading() as session:
            page = session.execute(of_attempt).all()
        if not page:
            return
        yield page
        last = page[-1].id
