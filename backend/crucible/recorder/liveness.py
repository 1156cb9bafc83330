"""Notices that the worker of a run is gone, and ends the run truthfully.

No daemon does this: whoever reads runs calls `notice_deaths` first. It costs one indexed look at
the running runs, of which there are few.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from crucible.clock import Clock, seconds_between
from crucible.db import Database
from crucible.errors import Unavailable
from crucible.models import Run
from crucible.models.values import Status
from crucible.recorder.control import Stop
from crucible.recorder.lease import (
    Lease,
    LeaseLost,
    boot_id,
    boot_seconds,
    pid_namespace,
    process_fields,
)
from crucible.scrub import Scrubber

log = logging.getLogger(__name__)

# What a reader may wait for the database's write lock; after that it shows the derived state.
PATIENCE_MS = 100
DEFAULT_LEASE_SECONDS = 30.0


@dataclass(frozen=True)
class Lost:
    """A run whose end could not be written down just now."""

    run_id: str
    stop: Stop
    at: datetime
    """Its last sign of life."""


def notice_deaths(database: Database, clock: Clock, scrub: Scrubber) -> list[Lost]:
    """Ends every run whose worker is gone. Returns those that are lost but could not be ended
    within 100 ms, because another process holds the database's lock: they are to be shown as
    lost all the same."""
    now = clock.now()
    with database.reading() as session:
        running = session.execute(
            select(
                Run.id,
                Run.attempt,
                Run.lease_token,
                Run.owner,
                Run.heartbeat_at,
                Run.heartbeat_boot_seconds,
                Run.cancel_requested_at,
            ).where(Run.status == Status.RUNNING)
        ).all()
    unwritten: list[Lost] = []
    for run in running:
        if (stop := verdict(run, now)) is None:
            continue
        # Who could not have the lock for one run does not wait for it again.
        patience = 0 if unwritten else PATIENCE_MS
        if lost := _end(database, clock, scrub, run, stop, patience):
            unwritten.append(lost)
    return unwritten


def _end(
    database: Database,
    clock: Clock,
    scrub: Scrubber,
    run: Row[Any],
    stop: Stop,
    patience_ms: int = PATIENCE_MS,
) -> Lost | None:
    from crucible.recorder.recorder import RunRecorder  # noqa: PLC0415 - deaths are rare
    from crucible.recorder.returning import returns  # noqa: PLC0415 - deaths are rare

    lease = Lease(run.id, run.lease_token or "", run.attempt)
    recorder = RunRecorder(database, lease, clock=clock, scrub=scrub)
    of = {"run_id": run.id}
    try:
        recorder.end_from_outside(stop, patience_ms=patience_ms)
    except LeaseLost:
        return None
    except Unavailable as error:
        log.info("run %s is lost, which could not be written now: %s", run.id, error, extra=of)
        if returns(run.owner):
            return None  # it will go on; shown as failed, it would be taken for ended
        # What will be written: one that was asked to stop has been stopped (`returning`).
        shown = stop if run.cancel_requested_at is None else Stop.cancelled()
        return Lost(run.id, shown, run.heartbeat_at)
    log.warning("run %s was lost: %s", run.id, stop.failure.reason, extra=of)
    return None


def verdict(run: Any, now: datetime) -> Stop | None:
    """Why a running run counts as lost; None while its worker may live.

    `run` has owner, heartbeat_at and heartbeat_boot_seconds.
    """
    owner: Mapping[str, Any] = run.owner or {}
    same_boot = owner.get("boot_id") is not None and owner["boot_id"] == boot_id()
    # Containers share a boot id; a pid means something only within its own namespace.
    if same_boot and owner.get("pid_namespace") == pid_namespace() and _is_dead(owner):
        return Stop.died()
    lease = float(owner.get("lease_seconds") or DEFAULT_LEASE_SECONDS)
    if _silent_for(run, now, same_boot) > lease:
        return Stop.silent(lease)
    return None


def _silent_for(run: Any, now: datetime, same_boot: bool) -> float:
    since_boot = boot_seconds()
    if same_boot and since_boot is not None and run.heartbeat_boot_seconds is not None:
        return since_boot - float(run.heartbeat_boot_seconds)
    if run.heartbeat_at is None:
        return float("inf")
    return seconds_between(run.heartbeat_at, now)


def _is_dead(owner: Mapping[str, Any]) -> bool:
    """True only if the process is known to be gone; its pid may belong to another by now."""
    pid = int(owner.get("pid") or 0)
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # it exists and belongs to somebody else
    fields = process_fields(pid)
    if fields is None:
        return False  # the process table cannot be read: only silence will tell
    dead = fields[0] in ("Z", "X")
    return dead or (
        owner.get("process_started") is not None and owner["process_started"] != fields[19]
    )
