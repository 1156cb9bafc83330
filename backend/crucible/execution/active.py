"""The runs that are at work in this process."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from crucible.clock import Clock
from crucible.config import Settings
from crucible.db import Database
from crucible.pipeline.runner import OpenModel, execute
from crucible.recorder.control import Control, Stop
from crucible.recorder.lease import Lease, LeaseLost
from crucible.recorder.recorder import RunRecorder
from crucible.scrub import Scrubber


@dataclass(frozen=True)
class ActiveRun:
    lease: Lease
    control: Control
    ended: threading.Event


class ActiveRuns:
    """Safe to use from several threads."""

    def __init__(
        self, database: Database, settings: Settings, clock: Clock, open_model: OpenModel
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._open_model = open_model
        self._scrub = Scrubber(settings.secrets())
        self._lock = threading.Lock()
        self._runs: dict[str, ActiveRun] = {}

    def __len__(self) -> int:
        with self._lock:
            return len(self._runs)

    def begin(self, lease: Lease) -> None:
        """Counts a claimed run as at work, from before its thread has begun."""
        with self._lock:
            self._runs[lease.run_id] = ActiveRun(lease, Control(), threading.Event())

    def work(self, run_id: str) -> None:
        """Runs a run that has begun, in this thread, until it has ended."""
        with self._lock:
            run = self._runs[run_id]
        try:
            execute(
                self._database,
                run.lease,
                settings=self._settings,
                clock=self._clock,
                control=run.control,
                open_model=self._open_model,
            )
        finally:
            with self._lock:
                del self._runs[run_id]
            run.ended.set()

    def cancel(self, run_id: str) -> None:
        """Tells a run of this process at once what its next write would tell it."""
        with self._lock:
            active = self._runs.get(run_id)
        if active is not None:
            active.control.ask_to_stop(Stop.cancelled())

    def wait(self, seconds: float) -> None:
        """Until none is left, but no longer."""
        deadline = time.monotonic() + seconds
        for run in self._all():
            run.ended.wait(max(0.0, deadline - time.monotonic()))

    def stop(self, seconds: float) -> list[str]:
        """Asks all to stop and gives them so long for it.

        What is still waiting for an answer then is ended from here: its calls in flight are kept
        as `unknown`, and its thread can write no more. Returns the ids of those runs.
        """
        active = self._all()
        for run in active:
            run.control.ask_to_stop(Stop.shutdown())
        self.wait(seconds)
        abandoned = [run.lease for run in active if not run.ended.is_set()]
        for lease in abandoned:
            self._abandon(lease)
        return [lease.run_id for lease in abandoned]

    def _abandon(self, lease: Lease) -> None:
        recorder = RunRecorder(self._database, lease, clock=self._clock, scrub=self._scrub)
        with suppress(LeaseLost):  # it has ended by itself
            recorder.end_from_outside(Stop.shutdown())

    def _all(self) -> list[ActiveRun]:
        with self._lock:
            return list(self._runs.values())
