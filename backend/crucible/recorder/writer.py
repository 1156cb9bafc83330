"""Fenced transactions on one run, and the totals that live and die with them."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, update
from sqlalchemy.orm import Session

from crucible.clock import AnchoredClock, Clock
from crucible.db import Database
from crucible.models import Run, RunPhase
from crucible.models.values import PHASES, PhaseName
from crucible.recorder.control import Control, Stop
from crucible.recorder.lease import Lease, LeaseLost, sign_of_life
from crucible.recorder.revision import bump
from crucible.recorder.totals import Totals
from crucible.scrub import Scrubber

# Table statements, made once: through the ORM each would cost several times as much.
_RUN: Table = Run.__table__  # type: ignore[assignment]
_PHASE: Table = RunPhase.__table__  # type: ignore[assignment]
_OF_RUN = update(_RUN).where(_RUN.c.id == bindparam("of_run"))
_OF_PHASE = update(_PHASE).where(
    _PHASE.c.run_id == bindparam("of_run"),
    _PHASE.c.attempt == bindparam("of_attempt"),
    _PHASE.c.position == bindparam("of_position"),
)
_COUNTS = ("candidate_count", "scenario_count", "evaluation_count")
_MADE = _OF_RUN.values(
    {name: func.coalesce(_RUN.c[name], 0) + bindparam(f"more_{name}") for name in _COUNTS}
)
_PRODUCED = _OF_PHASE.values(produced=func.coalesce(_PHASE.c.produced, 0) + bindparam("more"))
_PROOF = _OF_RUN.where(_RUN.c.lease_token == bindparam("of_token")).returning(
    _RUN.c.cancel_requested_at
)


# Statements of tables cost less on the connection itself than through its session.
Writing = Session | Connection


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
        self._doubtful = False
        """A transaction failed. Where the connection broke, it may have been committed all the
        same: what the rows say counts."""

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
                    if self._doubtful:
                        self.adopt(session)
                        self._doubtful = False
                    yield session
                    # Also for a heartbeat: the detail of a run shows it.
                    bump(session.connection(), self.run_id)
            except BaseException:
                self._totals, self._phase = before[0], phase
                if phase is not None and before[1] is not None:
                    phase.totals = before[1]
                self._doubtful = True
                raise

    def adopt(self, session: Session) -> None:
        """Takes totals and open phase from the rows."""
        raise NotImplementedError

    def heartbeat(self) -> None:
        """A sign of life, and a look at whether the run is to stop. Raises LeaseLost."""
        # No change that a reader of the run would see: `updated_at` stays.
        with self.writing(touch=False) as session:
            self.update_run(session, **sign_of_life(self.clock.now()))

    def _prove_lease(self, session: Session, touch: bool) -> None:
        now = self.clock.now()
        values = {**sign_of_life(now), "updated_at": now} if touch else {"lease_token": self._token}
        proved = (
            session.connection()
            .execute(_PROOF, {"of_run": self.run_id, "of_token": self._token, **values})
            .first()
        )
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

    def set_totals(
        self, session: Writing, run: Totals, phase: Totals, made: Mapping[str, int] | None = None
    ) -> None:
        """`made` says by how many the run's counts grow."""
        self._totals, self.open_phase.totals = run, phase
        self.add_made(session, made or {}, **run.columns())
        self.add_produced(session, sum((made or {}).values()), **phase.columns())

    def add_made(self, session: Writing, made: Mapping[str, int], **values: Any) -> None:
        more = {f"more_{name}": made.get(name, 0) for name in _COUNTS}
        session.execute(_MADE, {"of_run": self.run_id, **more, **values})

    def add_produced(self, session: Writing, count: int, **values: Any) -> None:
        if self._phase is not None:
            session.execute(_PRODUCED, {**self._key(self._phase), "more": count, **values})

    def update_run(self, session: Writing, **values: Any) -> None:
        session.execute(_OF_RUN, {"of_run": self.run_id, **values})

    def update_phase(self, session: Writing, phase: OpenPhase, **values: Any) -> None:
        session.execute(_OF_PHASE, {**self._key(phase), **values})

    def _key(self, phase: OpenPhase) -> dict[str, Any]:
        return {
            "of_run": self.run_id,
            "of_attempt": self.attempt,
            "of_position": phase.position,
        }
