"""Runs of Celery's workers: what a process holds as its executor that only enqueues."""

from typing import Any

from sqlalchemy import func, select

from crucible.config import Settings
from crucible.db import Database
from crucible.errors import Unavailable
from crucible.execution.broker import Broker, health
from crucible.models import Run
from crucible.models.values import Status


class CeleryQueue:
    """`database` is asked how many runs are at work; without one, nobody wants to know."""

    def __init__(self, settings: Settings, database: Database | None = None) -> None:
        self._broker = Broker(settings)
        self._database = database

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def ready(self) -> None:
        """Raises Unavailable when the broker cannot take a message."""
        self._broker.ready()

    def wake(self, run_id: str) -> None:
        """Sends the message. Raises Unavailable."""
        self._broker.send(run_id)

    def cancel(self, run_id: str) -> None:
        """Its worker finds the request in the run's row, at its next write or heartbeat."""

    def state(self) -> dict[str, Any]:
        """`running`: whether the broker takes messages; it does not say that a worker listens."""
        return {
            "kind": "celery",
            "active": self._active(),
            "max_active": None,
            **health(self._broker),
        }

    def _active(self) -> int | None:
        counted = select(func.count()).select_from(Run).where(Run.status == Status.RUNNING)
        if self._database is None:
            return None
        try:
            with self._database.reading() as session:
                return int(session.scalar(counted) or 0)
        except Unavailable:
            return None
