"""Runs in threads of this process."""

import logging
import threading
import time
from typing import Any

from sqlalchemy import select

from crucible import llm
from crucible.clock import Clock, SystemClock
from crucible.config import Settings
from crucible.db import Database
from crucible.errors import Unavailable
from crucible.execution.active import ActiveRuns
from crucible.export.otel import STOP_SECONDS as TRACES_SECONDS
from crucible.export.otel import traces
from crucible.models import Run
from crucible.models.values import Status
from crucible.pipeline.runner import OpenModel
from crucible.recorder.lease import Lease, Owner, claim
from crucible.recorder.liveness import notice_deaths
from crucible.scrub import Scrubber

log = logging.getLogger(__name__)

# How often runs are looked for that another process has created; own ones wake the dispatcher.
POLL_SECONDS = 2.0
STOP_SECONDS = 8.0


class EmbeddedExecutor:
    """Claims `created` runs, oldest first, and runs at most MAX_ACTIVE_RUNS of them at once.

    Runs left `created` by an earlier process are claimed as well: the queue is the table.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        clock: Clock | None = None,
        open_model: OpenModel = llm.open_model,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock or SystemClock()
        self._owner = Owner.current(settings.lease_seconds)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._active = ActiveRuns(database, settings, self._clock, open_model)
        self._scrub = Scrubber(settings.secrets())
        self._traces = traces(database, settings, self._clock)
        self._dispatcher: threading.Thread | None = None

    def start(self) -> None:
        self._dispatcher = threading.Thread(target=self._dispatch, name="dispatcher", daemon=True)
        self._dispatcher.start()
        self._traces.start()

    def ready(self) -> None:
        """Runs can always be left in the table."""

    def wake(self, _run_id: str = "") -> None:
        """There may be a new run."""
        self._wake.set()

    def cancel(self, run_id: str) -> None:
        """Tells a run of this process at once what its next write would tell it."""
        self._active.cancel(run_id)

    def stop(self, timeout: float = STOP_SECONDS, *, drain: float = 0.0) -> None:
        """Claims no more. Active runs may go on for `drain` seconds; then they get `timeout`
        seconds to end as stopped. It takes a second more at most."""
        end = time.monotonic() + drain + timeout + 1
        self._stopping.set()
        self._wake.set()
        if self._dispatcher is not None:
            self._dispatcher.join()
        self._active.wait(drain)
        self._active.stop(timeout)
        self._traces.stop(min(TRACES_SECONDS, end - time.monotonic()))

    def state(self) -> dict[str, Any]:
        dispatcher = self._dispatcher
        return {
            "kind": "embedded",
            "active": len(self._active),
            "max_active": self._settings.max_active_runs,
            "running": dispatcher is not None and dispatcher.is_alive(),
        }

    def _dispatch(self) -> None:
        self._end_lost_runs()
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._claim_what_fits()
            except Unavailable as error:
                log.warning("no runs claimed: %s", error)
            # Whatever it is (no memory for a thread, say), runs that wait must not wait for ever.
            except Exception:  # noqa: BLE001 - see above
                log.exception("no runs claimed")
            self._wake.wait(POLL_SECONDS)

    def _end_lost_runs(self) -> None:
        """What an earlier process left behind need not wait for a reader."""
        try:
            notice_deaths(self._database, self._clock, self._scrub)
        except Unavailable as error:
            log.warning("lost runs were not looked for: %s", error)

    def _claim_what_fits(self) -> None:
        while not self._stopping.is_set():
            free = self._settings.max_active_runs - len(self._active)
            waiting = self._waiting(free) if free > 0 else []
            if not waiting:
                return
            for run_id in waiting:
                if lease := self._claimed(run_id):
                    self._run(lease)

    def _claimed(self, run_id: str) -> Lease | None:
        return claim(self._database, self._clock, run_id, self._owner, trace=self._traces.due)

    def _waiting(self, count: int) -> list[str]:
        with self._database.reading() as session:
            return list(
                session.scalars(
                    select(Run.id)
                    .where(Run.status == Status.CREATED)
                    .order_by(Run.created_at, Run.id)
                    .limit(count)
                )
            )

    def _run(self, lease: Lease) -> None:
        self._active.begin(lease)
        threading.Thread(
            target=self._work, args=(lease.run_id,), name=f"run-{lease.run_id}", daemon=True
        ).start()

    def _work(self, run_id: str) -> None:
        self._active.work(run_id)
        self._traces.wake()
        self._wake.set()
