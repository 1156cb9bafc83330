"""Starting and resuming where something has to be told of it: a run is waiting and its workers
know, or neither.

A run that nobody could be told of is taken back, in a transaction of its own. A process that dies
in between leaves a run that waits; workers look for such by themselves.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import Unavailable
from crucible.recorder import requests
from crucible.recorder.create import withdraw
from crucible.services import runs
from crucible.services.starting import started_before

Writing = Callable[[], AbstractContextManager[Session]]
"""A transaction: committed at its end."""


class Queue(Protocol):
    def ready(self) -> None:
        """Raises Unavailable when nobody could be told of a run now."""
        ...

    def wake(self, run_id: str) -> None:
        """This run is to be picked up. Raises Unavailable."""
        ...


class Table:
    """The queue of those who look into the table by themselves."""

    def ready(self) -> None:
        pass

    def wake(self, run_id: str) -> None:
        pass


def start(
    writing: Writing,
    queue: Queue,
    clock: Clock,
    settings: Settings,
    project: Callable[[Session], str],
    request: Mapping[str, Any],
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """As `runs.start_run`, committed and queued; the run's summary. `project` finds its project.

    Raises also Unavailable; then there is no new run, and the key may be used again.
    """
    # Asked first: a broker that is down costs no number of a run.
    queue.ready()
    with writing() as session:
        project_id = project(session)
        known = started_before(session, project_id, request, idempotency_key)
        run_id = known or runs.start_run(
            session, clock, settings, project_id, request, idempotency_key
        )
        summary = runs.get_summary(session, run_id, clock.now())
    if known is None:
        _tell(writing, queue, run_id, lambda session: withdraw(session, run_id))
    return summary


def resume(
    writing: Writing,
    queue: Queue,
    clock: Clock,
    settings: Settings,
    run: Callable[[Session], str],
    budget: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """As `runs.resume_run`, committed and queued; the run's summary. `run` finds the run.

    Raises also Unavailable; then the run is what it was.
    """
    queue.ready()
    with writing() as session:
        run_id = run(session)
        before = requests.before_resume(session, run_id)
        runs.resume_run(session, clock, settings, run_id, budget)
        summary = runs.get_summary(session, run_id, clock.now())
    _tell(writing, queue, run_id, lambda session: requests.undo_resume(session, clock, before))
    return summary


def _tell(writing: Writing, queue: Queue, run_id: str, undo: Callable[[Session], bool]) -> None:
    try:
        queue.wake(run_id)
    except Unavailable:
        with writing() as session:
            undone = undo(session)
        if undone:
            raise
        # Somebody has picked it up meanwhile: it is what was asked for.
