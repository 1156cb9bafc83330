"""The thread that sends traces. Nothing of a run waits for it.

What is due stands in the database, so there is nothing to lose here: whatever goes wrong is tried
again later, by this process or by another.
"""

import logging
import random
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crucible.clock import Clock
from crucible.config import Settings
from crucible.db import Database
from crucible.errors import Unavailable
from crucible.export.otel import Refused, Traces, Trouble
from crucible.export.otel_due import Due, DueTraces
from crucible.export.otel_ledger import attempt_of, calls_of
from crucible.ids import new_id
from crucible.scrub import Scrubber

if TYPE_CHECKING:
    from crucible.export.otel_collector import Collector
    from crucible.export.otel_spans import Spans

log = logging.getLogger(__name__)

# How often it looks for attempts that others have ended; own ones wake it.
LOOK_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
# Of the time there is for stopping, what is left for hanging up on a collector that hangs.
HANG_UP_SECONDS = 0.2


class Sender(Traces):
    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        *,
        collector: str,
        due: Mapping[str, Any],
    ) -> None:
        self.due = due
        self._database = database
        self._rows = DueTraces(database, clock, new_id())
        self._scrub = Scrubber(settings.secrets())
        self._where = collector
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._collector: Collector | None = None
        self._resource: Any = None
        self._unmarked: Due | None = None
        """Sent, but the database could not be told so."""
        self._pause = 0.0
        self._again_at = 0.0
        self._end = float("inf")

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="traces", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._stopping.set()
        self._woken.set()
        if self._thread is None:
            self.start()
        assert self._thread is not None
        self._thread.join(max(0.0, seconds - HANG_UP_SECONDS))
        if self._thread.is_alive():
            if self._collector is not None:
                self._collector.hang_up()
            self._thread.join(HANG_UP_SECONDS)

    def is_due(self, run_id: str) -> bool:
        try:
            return self._rows.holds(run_id)
        except Unavailable:
            return False

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._woken.wait(self._until_the_next_look())
            self._woken.clear()
        self._look()
        if self._collector is not None:
            self._collector.close()
        try:
            if self._unmarked is not None:
                self._mark(self._unmarked)
            self._rows.leave()
        except Unavailable as error:
            log.debug("traces taken are left to themselves: %s", error)

    def _until_the_next_look(self) -> float:
        pause = self._again_at - time.monotonic()
        return pause if pause > 0 else LOOK_SECONDS

    def _look(self) -> None:
        if time.monotonic() < self._again_at:
            return
        try:
            self._send_what_is_due()
        except Unavailable as error:
            log.debug("traces were not looked for: %s", error)
        except Exception:  # a fault of ours may end neither the thread nor what it is there for
            log.exception("traces were not sent")
            self._wait(0.0)

    def _send_what_is_due(self) -> None:
        while time.monotonic() < self._end:
            if self._unmarked is not None:
                self._mark(self._unmarked)
            if (due := self._rows.take()) is None:
                return
            try:
                if not self._send(due):
                    return
            except Trouble as trouble:
                return self._wait(trouble.retry_after, str(trouble))
            self._unmarked = due
            self._went_well()
            self._mark(due)

    def _mark(self, due: Due) -> None:
        self._rows.sent(due)
        self._unmarked = None

    def _send(self, due: Due) -> bool:
        """False when there was no time for all of it. Raises Trouble."""
        of = due.run_id, due.attempt
        if (spans := self._spans(due)) is None:
            return True
        rejected = 0
        try:
            # What is sent last is what a list of traces shows: by then all else is there.
            for page in calls_of(self._database, due):
                if time.monotonic() >= self._end:
                    return False
                rejected += self._to_the_collector().send([spans.call(call) for call in page])
            if time.monotonic() >= self._end:
                return False
            rejected += self._to_the_collector().send(spans.frame())
        except Refused as refused:
            log.warning("run %s: the trace of attempt %d is given up: %s", *of, refused)
        if rejected:
            log.warning("run %s: of attempt %d the collector left out %d spans", *of, rejected)
        return True

    def _spans(self, due: Due) -> "Spans | None":
        from crucible.export import otel_spans  # noqa: PLC0415 - in this thread only

        if (attempt := attempt_of(self._database, due)) is None:
            return None
        self._resource = self._resource or otel_spans.resource()
        return otel_spans.Spans(attempt, self._resource, self._scrub)

    def _to_the_collector(self) -> "Collector":
        from crucible.export.otel_collector import Collector  # noqa: PLC0415 - in this thread only

        if self._collector is None:
            self._collector = Collector()
        return self._collector

    def _wait(self, asked: float, why: str | None = None) -> None:
        """Nothing is sent for a while: longer each time, with jitter, and no shorter than asked."""
        if why is not None and not self._pause:
            log.warning("traces wait to be sent later; the collector at %s: %s", self._where, why)
        self._pause = min(max(FIRST_PAUSE_SECONDS, 2 * self._pause), LONGEST_PAUSE_SECONDS)
        pause = max(self._pause * random.uniform(0.8, 1.2), min(asked, LONGEST_PAUSE_SECONDS))
        self._again_at = time.monotonic() + pause

    def _went_well(self) -> None:
        if self._pause:
            log.warning("traces are sent again: the collector at %s takes them", self._where)
        self._pause = self._again_at = 0.0
