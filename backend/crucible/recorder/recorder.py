"""The sole writer of a run's history while it happens: its phases, results and end."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from crucible import context
from crucible.clock import seconds_between
from crucible.errors import ErrorKind, Unavailable
from crucible.models import LLMCall, MissingRow, Run, RunAttempt, RunPhase
from crucible.models.values import (
    MissingEvaluation,
    Outcome,
    PhaseName,
    Standing,
    Status,
)
from crucible.recorder import products, returning
from crucible.recorder.budget import Used
from crucible.recorder.control import Stop
from crucible.recorder.ends import End, error_columns, failure_of
from crucible.recorder.lease import LeaseLost
from crucible.recorder.totals import Totals
from crucible.recorder.writer import FencedWriter, OpenPhase, Writing

log = logging.getLogger(__name__)

END_RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)


class RunRecorder(FencedWriter):
    """Writes one attempt at one run. Safe to use from the threads of that attempt."""

    _last_phase: PhaseName | None = None
    _ended = False
    _earlier_seconds = 0.0
    _attempt_started: datetime

    @property
    def current_phase(self) -> PhaseName | None:
        """The phase that is open, or was the last to be."""
        return self._last_phase

    @contextmanager
    def run(self) -> Iterator[None]:
        """The one way out: however the body ends, the run's row says so.

        Nothing is raised for a run that fails; an interrupt of the process is recorded and
        passes on.
        """
        named = context.run_id.set(self.run_id)
        try:
            with self._one_way_out():
                yield
        finally:
            context.run_id.reset(named)

    @contextmanager
    def _one_way_out(self) -> Iterator[None]:
        end = End(Status.COMPLETED)
        try:
            with self.database.reading() as session:
                self.adopt(session)
            yield
        except LeaseLost:
            # Of a run that was asked to stop nobody need be told that it did.
            level = logging.WARNING if self.control.stop is None else logging.DEBUG
            log.log(level, "run %s: the lease is lost, this worker stops", self.run_id)
            return
        except Exception as error:  # noqa: BLE001 - whatever it was, the run's row must say so
            end = self._end_of(error)
        except BaseException:
            self._leave(self._stopped(Stop.cancelled()))
            raise
        self._leave(end)

    def _end_of(self, error: Exception) -> End:
        if self.control.stop is not None:
            return self._stopped(self.control.stop)
        failure = failure_of(error)
        if failure.kind is ErrorKind.INTERNAL:
            log.error("run %s failed unexpectedly", self.run_id, exc_info=error)
        return End(Status.FAILED, failure, self._last_phase)

    def _stopped(self, stop: Stop) -> End:
        return End(stop.status, stop.failure, self._last_phase)

    def _leave(self, end: End) -> None:
        """Ends the run, patiently: a database that is locked or full for a moment must not
        leave it lying as `running`."""
        for pause in END_RETRY_SECONDS:
            try:
                return self.end(end)
            except LeaseLost:
                return log.warning("run %s had been ended by another", self.run_id)
            except Unavailable as error:
                log.error("run %s: its end could not be written: %s", self.run_id, error)
                time.sleep(pause)
        return log.critical("run %s: its end is not recorded", self.run_id)

    @contextmanager
    def phase(self, name: PhaseName, expected: int) -> Iterator[None]:
        """One phase. One that fails stays open here: the end of the run closes it, in the same
        transaction as its own status, so that it keeps its time, calls and spend."""
        self._begin_phase(name, expected)
        yield
        with self.writing() as session:
            self._close_phase(session, Status.COMPLETED)

    def _begin_phase(self, name: PhaseName, expected: int) -> None:
        now = self.clock.now()
        with self.writing() as session:
            self.control.check()  # the lease's proof may have brought a request to stop
            phase = OpenPhase(name, Totals(), now)
            session.execute(
                insert(RunPhase).values(
                    run_id=self.run_id,
                    attempt=self.attempt,
                    position=phase.position,
                    name=name,
                    status=Status.RUNNING,
                    started_at=now,
                    expected=expected,
                    **phase.totals.columns(),
                )
            )
            self._phase, self._last_phase = phase, name

    def _close_phase(self, session: Session, status: Status, at: datetime | None = None) -> None:
        if (phase := self._phase) is None:
            return
        at = at or self.clock.now()
        self.update_phase(
            session,
            phase,
            status=status,
            completed_at=at,
            duration_seconds=seconds_between(phase.started_at, at),
        )
        self._phase = None

    def save(self, product: products.Product) -> None:
        """Keeps results that no call paid for."""
        with self.writing() as session:
            self.add_made(session, self.insert(session, product))
            self.add_produced(session, len(product))

    def insert(self, session: Writing, product: products.Product) -> dict[str, int]:
        """Adds the rows; returns by how many each count of the run grows."""
        return products.save(session, self.run_id, products.scrubbed(product, self.scrub))

    def save_missing(self, missing: MissingEvaluation) -> None:
        with self.writing() as session:
            products.save_missing(session, self.run_id, [missing])

    def save_ranking(self, standings: Sequence[Standing]) -> None:
        with self.writing() as session:
            products.save_ranking(session, standings)
            self.add_produced(session, sum(s.I is not None for s in standings))

    def forget_missing(self) -> None:
        """Pairs given up by an earlier attempt are to be tried again."""
        with self.writing() as session:
            session.execute(delete(MissingRow).where(MissingRow.run_id == self.run_id))

    def completed_phases(self) -> set[str]:
        """Phases that an earlier attempt has brought to their end."""
        with self.database.reading() as session:
            found = select(RunPhase.name).where(
                RunPhase.run_id == self.run_id, RunPhase.status == Status.COMPLETED
            )
            return set(session.scalars(found))

    def load(self) -> products.Produced:
        with self.database.reading() as session:
            return products.load(session, self.run_id)

    def config(self) -> dict[str, Any]:
        with self.database.reading() as session:
            found = session.scalar(select(Run.config).where(Run.id == self.run_id))
        if found is None:
            raise LeaseLost(self.run_id)
        return dict(found)

    def budget(self) -> dict[str, Any] | None:
        with self.database.reading() as session:
            return session.scalar(select(Run.budget).where(Run.id == self.run_id))

    def used(self) -> Used:
        """What the run has used of any budget so far, earlier attempts included."""
        with self.database.reading() as session:
            return Used.of_run(session, self.run_id)

    def elapsed_seconds(self) -> float:
        """The run's duration up to now: attempts that ended, and this one."""
        return self._earlier_seconds + seconds_between(self._attempt_started, self.clock.now())

    def note(self, text: str) -> None:
        """Adds a note to the run, once."""
        clean = self.scrub.line(text, 500)
        with self.writing() as session:
            notes = session.scalar(select(Run.notes).where(Run.id == self.run_id)) or []
            if clean not in notes:
                self.update_run(session, notes=[*notes, clean])

    def end(self, end: End) -> None:
        """Closes phase, attempt and run in one transaction. A second end changes nothing."""
        with self._lock:
            if self._ended:
                return
            with self.writing() as session:
                self._close(session, end, self.clock.now())
            self._ended = True

    def end_from_outside(self, stop: Stop, *, patience_ms: int | None = None) -> None:
        """Ends a run that another thread or process was working on; that one can write no more.

        The run ends at its last sign of life when it is lost, else now. Raises LeaseLost when it
        had ended by itself.
        """
        with self.writing(touch=False, patience_ms=patience_ms) as session:
            self.adopt(session)
            at = self._last_sign(session) if stop.lost else self.clock.now()
            self._close(session, End(stop.status, stop.failure, self._last_phase), at)

    def _close(self, session: Session, end: End, at: datetime) -> None:
        end = returning.heeding_a_cancel(session, self.run_id, end)
        self._settle_pending(session, at)
        self._close_phase(session, end.status, at)
        self._close_run(session, end, at)
        returning.to_the_queue(session, self.clock, self.run_id, end)

    def _close_run(self, session: Session, end: End, at: datetime) -> None:
        started, earlier = session.execute(
            select(Run.attempt_started_at, Run.duration_seconds).where(Run.id == self.run_id)
        ).one()
        took = seconds_between(started or at, at)
        error = error_columns(end, self.scrub, at)
        session.execute(
            update(RunAttempt)
            .where(RunAttempt.run_id == self.run_id, RunAttempt.attempt == self.attempt)
            .values(
                status=end.status,
                completed_at=at,
                duration_seconds=took,
                error_kind=error["error_kind"],
                error_summary=error["error_summary"],
            )
        )
        self.update_run(
            session,
            status=end.status,
            completed_at=at,
            updated_at=self.clock.now(),
            duration_seconds=round((earlier or 0.0) + took, 3),
            attempt_started_at=None,
            cancel_requested_at=None,
            lease_token=None,
            **error,
        )

    def _last_sign(self, session: Session) -> datetime:
        """When the worker was last known to live: its heartbeat, or a row it settled."""
        heartbeat, started = session.execute(
            select(Run.heartbeat_at, Run.attempt_started_at).where(Run.id == self.run_id)
        ).one()
        settled = session.scalar(
            select(func.max(LLMCall.settled_at)).where(
                LLMCall.run_id == self.run_id, LLMCall.run_attempt == self.attempt
            )
        )
        phase = self._phase.started_at if self._phase else None
        return max(sign for sign in (heartbeat, started, settled, phase) if sign is not None)

    def _settle_pending(self, session: Session, at: datetime) -> None:
        """What was in flight when the run ended has an unknown fate: counted, never guessed."""
        lost = session.scalar(
            select(func.count()).where(
                LLMCall.run_id == self.run_id, LLMCall.outcome == Outcome.PENDING
            )
        )
        if not lost or self._phase is None:
            return
        session.execute(
            update(LLMCall)
            .where(LLMCall.run_id == self.run_id, LLMCall.outcome == Outcome.PENDING)
            .values(outcome=Outcome.UNKNOWN, settled_at=at)
        )
        run, phase = self._totals.copy(), self._phase.totals.copy()
        run.lose(lost)
        phase.lose(lost)
        self.set_totals(session, run, phase)

    def adopt(self, session: Session) -> None:
        """Takes totals and open phase from the rows: a run may have a history already."""
        run = session.scalar(select(Run).where(Run.id == self.run_id))
        phase = session.scalar(
            select(RunPhase).where(
                RunPhase.run_id == self.run_id,
                RunPhase.attempt == self.attempt,
                RunPhase.status == Status.RUNNING,
            )
        )
        if run is None:
            raise LeaseLost(self.run_id)
        self._totals, self._phase = Totals.of_row(run), None
        self._earlier_seconds = run.duration_seconds or 0.0
        self._attempt_started = run.attempt_started_at or self.clock.now()
        if phase is not None:
            name = self._last_phase = PhaseName(phase.name)
            started = phase.started_at or self.clock.now()
            self._phase = OpenPhase(name, Totals.of_row(phase), started)
