"""Runs in threads of this process."""

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crucible import llm
from crucible.clock import Clock, SystemClock
from crucible.config import Settings
from crucible.db import Database
from crucible.errors import Unavailable
from crucible.models import Run
from crucible.models.values import Status
from crucible.pipeline.runner import OpenModel, execute
from crucible.recorder.control import Control, Stop
from crucible.recorder.lease import Lease, LeaseLost, Owner, claim
from crucible.recorder.liveness import notice_deaths
from crucible.recorder.recorder import RunRecorder
from crucible.scrub import Scrubber

log = logging.getLogger(__name__)

# How often runs are looked for that another process has created; own ones wake the dispatcher.
POLL_SECONDS = 2.0
STOP_SECONDS = 8.0


@dataclass(frozen=True)
class ActiveRun:
    lease: Lease
    thread: threading.Thread
    control: Control


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
        self._open_model = open_model
        self._owner = Owner.current(settings.lease_seconds)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._active: dict[str, ActiveRun] = {}
        self._scrub = Scrubber(settings.secrets())
        self._dispatcher: threading.Thread | None = None

    def start(self) -> None:
        self._dispatcher = threading.Thread(target=self._dispatch, name="dispatcher", daemon=True)
        self._dispatcher.start()

    def wake(self) -> None:
        """There may be a new run."""
        self._wake.set()

    def cancel(self, run_id: str) -> None:
        """Tells a run of this process at once what its next write would tell it."""
        with self._lock:
            active = self._active.get(run_id)
        if active is not None:
            active.control.ask_to_stop(Stop.cancelled())

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Claims no more, and gives active runs `timeout` seconds to end as stopped.

        What is still waiting for an answer then is ended from here: its calls in flight are kept
        as `unknown`, and its thread can write no more.
        """
        self._stopping.set()
        self._wake.set()
        if self._dispatcher is not None:
            self._dispatcher.join()
        deadline = time.monotonic() + timeout
        with self._lock:
            active = list(self._active.values())
        for run in active:
            run.control.ask_to_stop(Stop.shutdown())
        for run in active:
            run.thread.join(max(0.0, deadline - time.monotonic()))
            if run.thread.is_alive():
                self._abandon(run.lease)

    def _abandon(self, lease: Lease) -> None:
        recorder = RunRecorder(self._database, lease, clock=self._clock, scrub=self._scrub)
        with suppress(LeaseLost):  # it has ended by itself
            recorder.end_from_outside(Stop.shutdown())

    def state(self) -> dict[str, Any]:
        with self._lock:
            active = len(self._active)
        dispatcher = self._dispatcher
        return {
            "kind": "embedded",
            "active": active,
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
            self._wake.wait(POLL_SECONDS)

    def _end_lost_runs(self) -> None:
        """What an earlier process left behind need not wait for a reader."""
        try:
            notice_deaths(self._database, self._clock, self._scrub)
        except Unavailable as error:
            log.warning("lost runs were not looked for: %s", error)

    def _claim_what_fits(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                free = self._settings.max_active_runs - len(self._active)
            waiting = self._waiting(free) if free > 0 else []
            if not waiting:
                return
            for run_id in waiting:
                if lease := claim(self._database, self._clock, run_id, self._owner):
                    self._run(lease)

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
        control = Control()
        thread = threading.Thread(
            target=self._execute, args=(lease, control), name=f"run-{lease.run_id}", daemon=True
        )
        with self._lock:
            self._active[lease.run_id] = ActiveRun(lease, thread, control)
        thread.start()

    def _execute(self, lease: Lease, control: Control) -> None:
        try:
            execute(
                self._database,
                lease,
                settings=self._settings,
                clock=self._clock,
                control=control,
                open_model=self._open_model,
            )
        finally:
            with self._lock:
                del self._active[lease.run_id]
            self._wake.set()
