"""Who holds a run: a claim that exactly one worker wins, and the token that fences its writes."""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from crucible.clock import Clock
from crucible.db import Database
from crucible.ids import new_id
from crucible.models import DueTrace, Run, RunAttempt
from crucible.models.values import Status
from crucible.recorder.revision import bump


class LeaseLost(Exception):
    """Somebody else has ended or taken over this run: its worker may write and send no more."""


@dataclass(frozen=True)
class Owner:
    """A process, named so that neither a reused pid nor a copied host name can pose as it."""

    host: str
    pid: int
    process_started: str | None
    """Start of the process in clock ticks since boot; None where it cannot be read."""
    boot_id: str | None
    pid_namespace: str | None
    lease_seconds: float = 30.0
    """How long it may be silent."""
    requeues: bool = False
    """Whether a run that loses it goes back to the queue, for another worker to take up."""

    @classmethod
    def current(cls, lease_seconds: float = 30.0, *, requeues: bool = False) -> "Owner":
        pid = os.getpid()
        return cls(
            socket.gethostname(),
            pid,
            process_started(pid),
            boot_id(),
            pid_namespace(),
            lease_seconds,
            requeues,
        )


@dataclass(frozen=True)
class Lease:
    run_id: str
    token: str
    attempt: int


def claim(
    database: Database,
    clock: Clock,
    run_id: str,
    owner: Owner,
    *,
    trace: Mapping[str, Any] | None = None,
) -> Lease | None:
    """Takes a `created` run for `owner`; None when it is no longer there to take.

    `trace`: what a `DueTrace` of this attempt is to know; None where it is not to be traced.
    """
    token, now = new_id(), clock.now()
    with database.writing() as session:
        taken = session.execute(
            update(Run)
            .where(Run.id == run_id, Run.status == Status.CREATED)
            .values(
                status=Status.RUNNING,
                lease_token=token,
                owner=asdict(owner),
                **sign_of_life(now),
                attempt_started_at=now,
                updated_at=now,
            )
        )
        if taken.rowcount == 0:  # type: ignore[attr-defined]
            return None
        attempt, started = session.execute(
            select(Run.attempt, Run.started_at).where(Run.id == run_id)
        ).one()
        if started is None:
            session.execute(update(Run).where(Run.id == run_id).values(started_at=now))
        session.execute(
            insert(RunAttempt).values(
                run_id=run_id, attempt=attempt, status=Status.RUNNING, started_at=now
            )
        )
        if trace is not None:
            session.execute(insert(DueTrace).values(run_id=run_id, attempt=attempt, **trace))
        bump(session, run_id)
    return Lease(run_id, token, attempt)


def sign_of_life(now: datetime) -> dict[str, Any]:
    """The columns of a heartbeat. Seconds since boot stand beside the time of day: a reader on the
    same machine is not fooled when somebody sets its clock."""
    return {"heartbeat_at": now, "heartbeat_boot_seconds": boot_seconds()}


def process_started(pid: int) -> str | None:
    """Start of a process in clock ticks since boot; None where it cannot be read."""
    fields = process_fields(pid)
    return fields[19] if fields else None


def process_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on."""
    try:
        # The command's name may hold spaces and brackets; fields are counted behind it.
        found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return found if len(found) > 19 else None


def boot_seconds() -> float | None:
    """Seconds since boot, time asleep included; None where the system does not tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.clock_gettime(clock)


@cache
def boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def pid_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None
