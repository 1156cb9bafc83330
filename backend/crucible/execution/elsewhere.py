"""Runs in another process of this machine: what a process that only serves holds as its executor.

Several processes may serve; one executes. They reach it over a pipe, a line an order. Orders only
save it the wait until it would look into the table by itself, so one that gets lost does no harm.
"""

import mmap
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import func, select

from crucible.config import Settings
from crucible.db import Database
from crucible.errors import Unavailable
from crucible.execution.embedded import EmbeddedExecutor
from crucible.models import Run
from crucible.models.values import Status

_WAKE, _CANCEL = "wake", "cancel "
_PID = struct.Struct("q")


class Presence:
    """Which process executes, in memory that processes share which were forked afterwards."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _PID.size)

    def note(self, pid: int | None) -> None:
        """None: there is none just now."""
        _PID.pack_into(self._shared, 0, pid or 0)

    def pid(self) -> int | None:
        return int(_PID.unpack_from(self._shared)[0]) or None


class Elsewhere:
    """Hands over to the process that executes. `orders` is the end of its pipe to write to."""

    def __init__(
        self, database: Database, settings: Settings, orders: int, presence: Presence
    ) -> None:
        self._database = database
        self._max_active = settings.max_active_runs
        self._orders = orders
        self._presence = presence
        # A full pipe, which nobody reads just now, must not hold up a request.
        os.set_blocking(orders, False)

    def ready(self) -> None:
        """Runs can always be left in the table."""

    def wake(self, _run_id: str = "") -> None:
        self._order(_WAKE)

    def cancel(self, run_id: str) -> None:
        self._order(_CANCEL + run_id)

    def state(self) -> dict[str, Any]:
        """As every executor says it; `running` is whether the process that executes is there,
        `active` the runs at work on this database, None where it cannot be asked."""
        running = self._presence.pid() is not None
        return {
            "kind": "embedded",
            "active": self._active(),
            "max_active": self._max_active,
            "running": running,
            "note": None if running else "the process that executes runs is being started",
        }

    def _order(self, order: str) -> None:
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._orders, f"{order}\n".encode())  # short enough to arrive in one piece

    def _active(self) -> int | None:
        counted = select(func.count()).select_from(Run).where(Run.status == Status.RUNNING)
        try:
            with self._database.reading() as session:
                return int(session.scalar(counted) or 0)
        except Unavailable:
            return None


def follow(orders: Iterable[str], executor: EmbeddedExecutor) -> None:
    """Passes orders on until nobody is left to give any."""
    for line in orders:
        order = line.rstrip("\n")
        if order.startswith(_CANCEL):
            executor.cancel(order.removeprefix(_CANCEL))
        elif order == _WAKE:
            executor.wake()
