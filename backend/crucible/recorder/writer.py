"""Fenced transactions on one run, and the totals that live and die with them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from crucible.clock import AnchoredClock, Clock
from crucible.db import Database
from crucible.models import Run, RunPhase
from crucible.models.values import PHASES, PhaseName
from crucible.recorder.control import Control, Stop
from crucible.recorder.lease import Lease, LeaseLost, sign_of_life
from crucible.recorder.totals import Totals
from crucible.scrub import Scrubber


@dataclass
class OpenPhase:
    name: PhaseName
    totals: Totals
    started_at: datetime

    @property
    def position(self) -> int:
        return PHASES.index(self.name)


class FencedWriter:
    """What every write of one attempt at a run goes through. Safe to use from several threads.

    A transaction begins by proving the lease: no row changed means that somebody else has ended
    or taken the run, and then nothing more is written or sent.
    """

    def __init__(
        self,
        database: Database,
        lease: Lease,
        *,
        clock: Clock,
        scrub: Scrubber,
        control: Control | None = None,
    ) -> None:
        self.database = database
        self._lease = lease
        self.scrub = scrub
        self.clock = AnchoredClock(clock)
        self.control = control or Control()
        # One writer at a time: the totals below are read, added to and written as one step.
        self._lock = threading.RLock()
        self._totals = Totals()
        self._phase: OpenPhase | None = None

    @property
    def _token(self) -> str:
        return self._lease.token

    @property
    def run_id(self) -> str:
        return self._lease.run_id

    @property
    def attempt(self) -> int:
        return self._lease.attempt

    @contextmanager
    def writing(self, *, touch: bool = True, patience_ms: int | None = None) -> Iterator[Session]:
        """A fenced transaction. Raises LeaseLost; in-memory totals fall back if it fails.

        `touch` off leaves heartbeat and `updated_at` as they are; `patience_ms` bounds the wait
        for the database's lock.
        """
        with self._lock:
            phase = self._phase
            before = self._totals, phase.totals if phase else None
            try:
                with self.database.writing(patience_ms=patience_ms) as session:
                    self._prove_lease(session, touch)
                    yield session
            except BaseException:
                self._totals, self._phase = before[0], phase
                if phase is not None and before[1] is not None:
                    phase.totals = before[1]
                raise

    def heartbeat(self) -> None:
        """A sign of life, and a look at whether the run is to stop. Raises LeaseLost."""
        # No change that a reader of the run would see: `updated_at` stays.
        with self.writing(touch=False) as session:
            self.update_run(session, **sign_of_life(self.clock.now()))

    def _prove_lease(self, session: Session, touch: bool) -> None:
        now = self.clock.now()
        values = {**sign_of_life(now), "updated_at": now} if touch else {"lease_token": self._token}
        proved = session.execute(
            update(Run)
            .where(Run.id == self.run_id, Run.lease_token == self._token)
            .values(**values)
            .returning(Run.cancel_requested_at)
        ).first()
        if proved is None:
            self.control.halt()
            raise LeaseLost(self.run_id)
        if proved[0] is not None:
            self.control.ask_to_stop(Stop.cancelled())

    @property
    def totals(self) -> Totals:
        return self._totals

    @property
    def open_phase(self) -> OpenPhase:
        if self._phase is None:
            raise RuntimeError("a call belongs to a phase, and none is open")
        return self._phase

    def set_totals(self, session: Session, run: Totals, phase: Totals) -> None:
        self._totals, self.open_phase.totals = run, phase
        self.update_run(session, **run.columns())
        self.update_phase(session, self.open_phase, **phase.columns())

    def add_produced(self, session: Session, count: int) -> None:
        if self._phase is not None and count:
            self.update_phase(session, self._phase, produced=RunPhase.produced + count)

    def update_run(self, session: Session, **values: Any) -> None:
        session.execute(update(Run).where(Run.id == self.run_id).values(**values))

    def update_phase(self, session: Session, phase: OpenPhase, **values: Any) -> None:
        session.execute(
            update(RunPhase)
            .where(
                RunPhase.run_id == self.run_id,
                RunPhase.attempt == self.attempt,
                RunPhase.position == phase.position,
            )
            .values(**values)
        )
