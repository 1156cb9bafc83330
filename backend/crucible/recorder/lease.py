"""Who holds a run: a claim that exactly one worker wins, and the token that fences its writes."""

import os
import socket
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import insert, select, update

from crucible.clock import Clock
from crucible.db import Database
from crucible.ids import new_id
from crucible.models import Run, RunAttempt
from crucible.models.values import Status


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

    @classmethod
    def current(cls) -> "Owner":
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _process_started(pid), _boot_id(), _pid_namespace())


@dataclass(frozen=True)
class Lease:
    run_id: str
    token: str
    attempt: int


def claim(database: Database, clock: Clock, run_id: str, owner: Owner) -> Lease | None:
    """Takes a `created` run for `owner`; None when it is no longer there to take."""
    token, now = new_id(), clock.now()
    with database.writing() as session:
        taken = session.execute(
            update(Run)
            .where(Run.id == run_id, Run.status == Status.CREATED)
            .values(
                status=Status.RUNNING,
                lease_token=token,
                owner=asdict(owner),
                heartbeat_at=now,
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
    return Lease(run_id, token, attempt)


def _process_started(pid: int) -> str | None:
    try:
        # The command's name may hold spaces and brackets; fields are counted behind it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[19]
    except (OSError, IndexError):
        return None


@cache
def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def _pid_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None
