"""Where answers come from: the database here, or a server.

A command asks without minding which:

    with source.opened() as asked:
        page = asked.runs(project, status=["failed"], limit=5)

and is decorated with `options.url_option`. Both sources give the values that the API sends, take
what it takes, and raise the same errors.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from crucible.cli import state

Answer = dict[str, Any]


class Source(Protocol):
    """One method a question. `run` is an id, the beginning of one, or a number within `project`;
    `project` an id, the beginning of one, or a title; None is the only project where one is
    needed. Raises NotFound, Ambiguous, Invalid, Conflict, Unavailable."""

    def runs(self, project: str | None = None, **query: Any) -> Answer:
        """A page of summaries; `query` is named as in `GET /api/runs/summary`: status (several),
        mode, since, until, updated_since, limit, cursor, sort, q. What is None is not asked."""
        ...

    def history(
        self, project: str | None = None, *, full: bool = False, **query: Any
    ) -> Iterator[list[Answer]]:
        """All runs that match, oldest first, a page at a time: summaries, from the database here
        with what `services.history` adds to them; `full`: with calls and results, and lines of
        other kinds among them. Query: status, mode, since, until."""
        ...

    def run_id(self, run: str, project: str | None = None) -> str:
        """The full id of a run."""
        ...

    def run(self, run: str, project: str | None = None) -> Answer:
        """`GET /api/runs/{id}`."""
        ...

    def calls(self, run: str, project: str | None = None, **query: Any) -> Answer:
        """A page of calls; query: phase, outcome, limit (to 500), cursor."""
        ...

    def results(self, run: str, project: str | None = None) -> Answer: ...

    def compare(self, base: str, head: str, project: str | None = None) -> Answer: ...

    def health(self, project: str | None = None) -> Answer: ...

    def trends(self, project: str | None, limit: int, days: int) -> Answer: ...

    def estimate(self, project: str | None, request: Answer) -> Answer:
        """`request` is a body of `POST /api/projects/{id}/runs`, checked here."""
        ...

    def projects(self) -> Answer:
        """`{projects: [...]}`."""
        ...

    def project(self, project: str) -> Answer: ...

    def create_project(self, data: Answer) -> Answer: ...

    def start(self, project: str | None, request: Answer, key: str | None = None) -> Answer:
        """Puts a run into the queue and gives its summary; `key` makes a repetition harmless."""
        ...

    def cancel(self, run: str, project: str | None = None) -> Answer: ...

    def resume(
        self, run: str, project: str | None = None, budget: Answer | None = None
    ) -> Answer: ...


@contextmanager
def opened() -> Iterator[Source]:
    """The server named by --url or CRUCIBLE_URL, else the database here, which must exist."""
    url = state.server_url()
    if url is None:
        with _uncollected():
            from crucible.cli import local_source  # noqa: PLC0415 - SQLAlchemy: not for a server

        with local_source.opened() as local:
            yield local
        return
    from crucible.cli import remote_source  # noqa: PLC0415 - requests: not for the database here

    with remote_source.opened(url) as remote:
        yield remote


@contextmanager
def _uncollected() -> Iterator[None]:
    """What is imported lives as long as the process: looking there for garbage, again and again
    while it is loaded, would cost a short command a tenth of its time and find none."""
    fresh = gc.isenabled() and "sqlalchemy" not in sys.modules
    if not fresh:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def every_call(asked: Source, run_id: str, most: int = 10_000) -> Sequence[Answer]:
    """The run's calls, all of them in any run that the limits on its size allow: a run of the
    greatest size makes some 2,600, and more than `most` is not worth sorting for a look."""
    found: list[Answer] = []
    cursor = None
    while len(found) < most:
        page = asked.calls(run_id, limit=500, cursor=cursor)
        found += page["calls"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    return found
