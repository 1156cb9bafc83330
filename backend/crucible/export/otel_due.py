"""The rows that say which traces are due: who sends which, and what has been sent.

Each write is a transaction of one row, and waits a moment only for the database's lock: a recorder
waits for none of them noticeably, and what cannot be written now is tried again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update

from crucible.clock import Clock
from crucible.db import Database
from crucible.models import DueTrace, RunAttempt
from crucible.models.values import Status

PATIENCE_MS = 250
# One whose sender is gone is taken over after this. Sending one takes seconds at most.
TAKEN = timedelta(seconds=60)


@dataclass(frozen=True)
class Due:
    run_id: str
    attempt: int
    server: Mapping[str, Any]


class DueTraces:
    """Those of one database, for one sender among several."""

    def __init__(self, database: Database, clock: Clock, sender: str) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender

    def take(self) -> Due | None:
        """One of an attempt that has ended, which nobody else sends; None when there is none.

        First those that were tried least, so that one which its collector chokes on holds up no
        other; of these the newest. Raises Unavailable.
        """
        while (found := self._next(self._clock.now())) is not None:
            if self._taken(found, self._clock.now()):
                return found
        return None

    def sent(self, due: Due) -> None:
        """It need not be sent again. Raises Unavailable."""
        mine = delete(DueTrace).where(self._is(due), DueTrace.sender == self._sender)
        with self._database.writing(patience_ms=PATIENCE_MS) as session:
            session.execute(mine)

    def leave(self) -> None:
        """Others may send at once what this one took and could not send. Raises Unavailable."""
        mine = DueTrace.sender == self._sender
        with self._database.reading() as session:
            if not session.scalar(select(exists().where(mine))):
                return
        with self._database.writing(patience_ms=PATIENCE_MS) as session:
            session.execute(update(DueTrace).where(mine).values(taken_until=None))

    def holds(self, run_id: str) -> bool:
        with self._database.reading() as session:
            return bool(session.scalar(select(exists().where(DueTrace.run_id == run_id))))

    def _next(self, now: datetime) -> Due | None:
        ended = (
            select(DueTrace.run_id, DueTrace.attempt, DueTrace.server_address, DueTrace.server_port)
            .join(
                RunAttempt,
                and_(RunAttempt.run_id == DueTrace.run_id, RunAttempt.attempt == DueTrace.attempt),
            )
            .where(RunAttempt.status != Status.RUNNING, self._free(now))
            .order_by(DueTrace.tries, DueTrace.run_id.desc(), DueTrace.attempt.desc())
            .limit(1)
        )
        with self._database.reading() as session:
            row = session.execute(ended).first()
        if row is None:
            return None
        known = {"server.address": row.server_address, "server.port": row.server_port}
        return Due(row.run_id, row.attempt, known)

    def _taken(self, due: Due, now: datetime) -> bool:
        taking = (
            update(DueTrace)
            .where(self._is(due), self._free(now))
            .values(sender=self._sender, taken_until=now + TAKEN, tries=DueTrace.tries + 1)
        )
        with self._database.writing(patience_ms=PATIENCE_MS) as session:
            return bool(session.execute(taking).rowcount)  # type: ignore[attr-defined]

    def _free(self, now: datetime) -> ColumnElement[bool]:
        return or_(
            DueTrace.sender == self._sender,
            DueTrace.taken_until.is_(None),
            DueTrace.taken_until < now,
            # Somebody has set a clock back since. Not merely another's that is a little ahead.
            DueTrace.taken_until > now + 2 * TAKEN,
        )

    def _is(self, due: Due) -> ColumnElement[bool]:
        return and_(DueTrace.run_id == due.run_id, DueTrace.attempt == due.attempt)
