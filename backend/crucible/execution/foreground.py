"""One run in this process, watched until it ends."""

import threading
from collections.abc import Callable

from crucible import llm
from crucible.clock import Clock, SystemClock
from crucible.config import Settings
from crucible.db import Database
from crucible.errors import Conflict
from crucible.pipeline.runner import OpenModel, execute
from crucible.recorder.control import Control, Stop
from crucible.recorder.lease import Owner, claim

TICK_SECONDS = 0.25


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
    lease = claim(database, clock, run_id, Owner.current(settings.lease_seconds))
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


def _watch(ended: threading.Event, on_tick: Callable[[], None]) -> None:
    # An event, not `Thread.join`: interrupted, that one takes the thread for ended (up to 3.12).
    while not ended.wait(TICK_SECONDS):
        on_tick()
