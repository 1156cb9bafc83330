"""Runs of Celery's messages, in threads of this process.

A message names a run; what becomes of it is decided by the run's row. One of a run that another
worker has, that has ended or is gone does nothing, so it does not matter how often one comes. That
one comes at all rests on two things:

- Celery acknowledges a message after its run has ended. One whose worker is gone is delivered
  again, VISIBILITY after it was delivered first.
- Every worker looks into the table every two seconds. It ends the runs of workers that have died,
  which puts them back into the queue (`recorder.returning`), and sends messages for runs that have
  waited while it has nothing to do. This holds also where no message was sent or the broker has
  lost them all, and it is what the promise rests on: a run that waits is taken up for as long as
  there are a worker, a broker and the database.

Threads, since a run only waits for its model, and since nothing outlives the process then: a
worker that is killed is dead, whole and at once.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from celery.bootsteps import RUN  # type: ignore[import-untyped]
from celery.exceptions import Reject  # type: ignore[import-untyped]
from celery.worker import WorkController  # type: ignore[import-untyped]
from celery.worker import state as celery_state
from sqlalchemy import select

from crucible import llm
from crucible.clock import Clock, SystemClock
from crucible.config import Settings
from crucible.db import Database
from crucible.errors import Unavailable
from crucible.execution.active import ActiveRuns
from crucible.execution.broker import TASK, Broker
from crucible.export.otel import STOP_SECONDS as TRACES_SECONDS
from crucible.export.otel import traces
from crucible.models import Run
from crucible.models.values import Status
from crucible.pipeline.runner import OpenModel
from crucible.recorder.lease import Lease, Owner, claim
from crucible.recorder.liveness import notice_deaths
from crucible.scrub import Scrubber

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
# A run that waits for longer, while a worker has nothing to do, has no message. Longer than a
# process takes to send one, or to give up and take the run back.
STALE = timedelta(seconds=5)
STOP_SECONDS = 8.0
UNKNOWN = (
    "run {} is not in this database: it was deleted, or whoever started it works on another "
    "CRUCIBLE_DATABASE_URL"
)


class CeleryWorker:
    """At most `settings.max_active_runs` at once."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        broker: Broker,
        *,
        clock: Clock | None = None,
        open_model: OpenModel = llm.open_model,
    ) -> None:
        self._database = database
        self._broker = broker
        self._slots = settings.max_active_runs
        self._clock = clock or SystemClock()
        self._owner = Owner.current(settings.lease_seconds, requeues=True)
        self._active = ActiveRuns(database, settings, self._clock, open_model)
        self._scrub = Scrubber(settings.secrets())
        self._traces = traces(database, settings, self._clock)
        self._stopping = threading.Event()
        self._said: str | None = None
        broker.app.task(self._delivered, name=TASK)
        self._controller: Any = None

    def run(self, ready: Callable[[], None]) -> bool:
        """Works until `stop` is called; False when Celery has given up before, and said why in the
        log. `ready` is called once messages are taken."""
        # These warn of each message that is given back, one of them with a traceback.
        for name in ("celery.app.trace", "kombu.transport.virtual.base"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._controller = WorkController(
            app=self._broker.app,
            pool_cls="threads",
            concurrency=self._slots,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            ready_callback=lambda _consumer: ready(),
        )
        threading.Thread(target=self._look, name="look", daemon=True).start()
        self._traces.start()
        self._controller.start()
        self._traces.stop(TRACES_SECONDS)
        return self._stopping.is_set()

    def stop(self, drain_seconds: float) -> None:
        """Takes no more runs. Those at work may go on for so long; then they are stopped, within
        STOP_SECONDS, and go back to the queue. To be called from a signal's handler."""
        self._stopping.set()
        celery_state.should_stop = 0
        drain = threading.Thread(target=self._drain, args=(drain_seconds,), daemon=True)
        drain.start()

    def _drain(self, seconds: float) -> None:
        self._active.wait(seconds)
        for run_id in self._active.stop(STOP_SECONDS):
            # The thread that has its message still waits for an answer.
            with suppress(Unavailable):  # other workers will find that it waits
                self._broker.send(run_id)

    def _delivered(self, run_id: str) -> None:
        """What a message does."""
        if self._stopping.is_set() or not self._work(run_id):
            self._leave_to_others()

    def _work(self, run_id: str) -> bool:
        """False when the message is still needed."""
        try:
            if lease := self._claimed(run_id):
                self._active.begin(lease)
                self._active.work(run_id)
                self._traces.wake()
                return not self._stopping.is_set() or self._status(run_id) != Status.CREATED
            if self._status(run_id) is None:
                log.warning("%s", UNKNOWN.format(run_id), extra={"run_id": run_id})
        except Unavailable as error:
            # Given back at once, it would come back at once: the next look sends another.
            log.warning("run %s was not taken up: %s", run_id, error, extra={"run_id": run_id})
        return True

    def _claimed(self, run_id: str) -> Lease | None:
        if lease := self._claim(run_id):
            return lease
        # It may have been delivered again because its worker has died.
        notice_deaths(self._database, self._clock, self._scrub)
        return self._claim(run_id)

    def _claim(self, run_id: str) -> Lease | None:
        return claim(self._database, self._clock, run_id, self._owner, trace=self._traces.due)

    def _status(self, run_id: str) -> str | None:
        with self._database.reading() as session:
            return session.scalar(select(Run.status).where(Run.id == run_id))

    def _leave_to_others(self) -> None:
        """Gives a message back. Not before this worker has ceased to take any."""
        end = time.monotonic() + STOP_SECONDS
        while self._controller.consumer.blueprint.state == RUN and time.monotonic() < end:
            time.sleep(0.05)
        raise Reject("this worker is shutting down", requeue=True)

    def _look(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look_once()
            except Unavailable as error:
                self._trouble(error.message)
            except Exception:  # the next look may do better, and there must be one
                log.exception("runs that wait or are lost were not looked for")
            else:
                self._trouble(None)
            self._stopping.wait(LOOK_SECONDS)

    def _look_once(self) -> None:
        notice_deaths(self._database, self._clock, self._scrub)
        self._broker.ready()
        for run_id in self._forgotten():
            self._broker.send(run_id)

    def _forgotten(self) -> list[str]:
        """As many runs as this worker could take, of those that wait although it has room."""
        if (free := self._slots - len(self._active)) <= 0:
            return []
        with self._database.reading() as session:
            return list(
                session.scalars(
                    select(Run.id)
                    .where(Run.status == Status.CREATED, Run.updated_at < self._clock.now() - STALE)
                    .order_by(Run.created_at, Run.id)
                    .limit(free)
                )
            )

    def _trouble(self, message: str | None) -> None:
        """Says what keeps it from looking when it begins, and when it is over."""
        if message == self._said:
            return
        log.warning("%s", message or f"over: {self._said}")
        self._said = message
