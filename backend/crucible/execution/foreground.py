"""One run in this process, watched until it ends."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from crucible import llm
from crucible.clock import Clock, SystemClock
from crucible.config import Settings
from crucible.db import Database
from crucible.errors import Conflict
from crucible.export.otel import Traces, traces
from crucible.pipeline.runner import OpenModel, execute
from crucible.recorder.control import Control, Stop
from crucible.recorder.lease import Owner, claim

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
TRACES_SECONDS = 3.0


def run_now(
    database: Database,
    settings: Settings,
    run_id: str,
    on_tick: Callable[[], None],
    *,
    clock: Clock | None = None,
    open_model: OpenModel = llm.open_model,
) -> None:
    """Runs a `created` run and returns when it has ended, however it ended.

    `on_tick` is called about four times a second meanwhile. An interrupt (Ctrl-C) cancels the
    run, waits for the calls in flight, and returns; a second one does not wait. Raises Conflict
    when another process was quicker to claim the run.
    """
    clock = clock or SystemClock()
    tracing = traces(database, settings, clock)
    owner = Owner.current(settings.lease_seconds)
    lease = claim(database, clock, run_id, owner, trace=tracing.due)
    if lease is None:
        raise Conflict("another process has taken this run already")
    control = Control()
    ended = threading.Event()
    options = {
        "settings": settings,
        "clock": clock,
        "control": control,
        "open_model": open_model,
    }

    def work() -> None:
        try:
            execute(database, lease, **options)  # type: ignore[arg-type]
        finally:
            ended.set()

    threading.Thread(target=work, name="run", daemon=True).start()
    try:
        _watch(ended, on_tick)
    except KeyboardInterrupt:
        control.ask_to_stop(Stop.cancelled())
        _watch(ended, on_tick)
    on_tick()
    _send(tracing, run_id)


def _send(tracing: Traces, run_id: str) -> None:
    with suppress(KeyboardInterrupt):  # the run has ended: there is nothing else to stop
        tracing.stop(TRACES_SECONDS)
    if tracing.is_due(run_id):
        log.warning(
            "the trace of this run was not sent. It is by the next `crucible serve`, `worker` or "
            "`test-run` on this database that is told of the collector"
        )


def _watch(ended: threading.Event, on_tick: Callable[[], None]) -> None:
    # An event, not `Thread.join`: interrupted, that one takes the thread for ended (up to 3.12).
    while not ended.wait(TICK_SECONDS):
        on_tick()
