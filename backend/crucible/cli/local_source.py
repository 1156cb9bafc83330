"""Answers from the database here. What a question needs is imported when it is asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crucible import config
from crucible.cli import state
from crucible.cli.source import Answer
from crucible.clock import SystemClock
from crucible.config import Settings
from crucible.scrub import Scrubber
from crucible.services import lost, references

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crucible.db import Database
    from crucible.services.listing import RunQuery
    from crucible.services.queueing import Queue

MOMENTS = ("since", "until", "updated_since")


@contextmanager
def opened() -> Iterator["LocalSource"]:
    settings = config.load()
    state.require_database(settings.database_url)
    with state.opened(settings.database_url) as database:
        yield LocalSource(database, settings)


class LocalSource:
    """Each question has a session of its own, so that one asked twice sees what has changed."""

    def __init__(self, database: "Database", settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._clock = SystemClock()

    @contextmanager
    def _reading(self) -> Iterator["Session"]:
        with self._database.reading() as session:
            scrub = Scrubber(self._settings.secrets())
            lost.look(session, self._database, self._clock, scrub)
            yield session

    def runs(self, project: str | None = None, **query: Any) -> Answer:
        from crucible.services.listing import list_runs  # noqa: PLC0415

        now = self._clock.now()
        with self._reading() as session:
            return list_runs(session, _query(session, project, query, now), now)

    def history(
        self, project: str | None = None, *, full: bool = False, **query: Any
    ) -> Iterator[list[Answer]]:
        from crucible.services.history.exporting import export_runs, export_whole  # noqa: PLC0415

        now = self._clock.now()
        export = export_whole if full else export_runs
        with self._reading() as session:
            yield from export(session, _query(session, project, query, now), now)

    def run_id(self, run: str, project: str | None = None) -> str:
        with self._reading() as session:
            return _resolved(session, run, project)

    def run(self, run: str, project: str | None = None) -> Answer:
        from crucible.services import runs  # noqa: PLC0415

        with self._reading() as session:
            return runs.get_run(session, _resolved(session, run, project), self._clock.now())

    def calls(self, run: str, project: str | None = None, **query: Any) -> Answer:
        from crucible.services import runs  # noqa: PLC0415

        given = {name: value for name, value in query.items() if value is not None}
        with self._reading() as session:
            return runs.list_calls(session, _resolved(session, run, project), **given)

    def results(self, run: str, project: str | None = None) -> Answer:
        from crucible.services import results  # noqa: PLC0415

        with self._reading() as session:
            return results.get_results(session, _resolved(session, run, project))

    def compare(self, base: str, head: str, project: str | None = None) -> Answer:
        from crucible.services import compare  # noqa: PLC0415

        with self._reading() as session:
            of = None if project is None else references.resolve_project(session, project)
            both = compare.resolve_both(session, base, head, of)
            return compare.compare_runs(session, *both, self._clock.now())

    def health(self, project: str | None = None) -> Answer:
        from crucible.services import health  # noqa: PLC0415

        with self._reading() as session:
            of = references.only_project(session, project)
            return health.health(session, of, self._clock.now())

    def trends(self, project: str | None, limit: int, days: int) -> Answer:
        from crucible.services.trends import trends  # noqa: PLC0415

        with self._reading() as session:
            of = references.only_project(session, project)
            return trends(session, of, self._clock.now(), limit, days)

    def estimate(self, project: str | None, request: Answer) -> Answer:
        from crucible import schemas  # noqa: PLC0415
        from crucible.services import estimates  # noqa: PLC0415

        body = schemas.load(schemas.RunInputSchema(), request)
        with self._reading() as session:
            of = references.only_project(session, project)
            return estimates.estimate(session, self._clock, self._settings, of, body)

    def projects(self) -> Answer:
        from crucible.services import projects  # noqa: PLC0415

        with self._reading() as session:
            return {"projects": projects.list_projects(session, now=self._clock.now())}

    def project(self, project: str) -> Answer:
        from crucible.services import projects  # noqa: PLC0415

        with self._reading() as session:
            of = references.resolve_project(session, project)
            return projects.get_project(session, of, now=self._clock.now())

    def create_project(self, data: Answer) -> Answer:
        from crucible import schemas  # noqa: PLC0415
        from crucible.services import projects  # noqa: PLC0415

        body = schemas.load(schemas.ProjectInputSchema(), data)
        with self._database.writing() as session:
            return projects.create_project(session, self._clock, body)

    def start(self, project: str | None, request: Answer, key: str | None = None) -> Answer:
        from crucible import schemas  # noqa: PLC0415
        from crucible.services import estimates, queueing  # noqa: PLC0415

        body = schemas.load(schemas.RunInputSchema(), request)
        estimates.warm(self._settings, self._clock)
        return queueing.start(
            self._database.writing,
            _queue(self._settings),
            self._clock,
            self._settings,
            lambda session: references.only_project(session, project),
            body,
            key,
        )

    def cancel(self, run: str, project: str | None = None) -> Answer:
        from crucible.services import runs  # noqa: PLC0415

        return self._command(
            run, project, lambda session, run_id: runs.cancel_run(session, self._clock, run_id)
        )

    def resume(
        self,
        run: str,
        project: str | None = None,
        budget: Answer | None = None,
        *,
        here: bool = False,
    ) -> Answer:
        """`here`: whoever calls will run it, so that no worker need be told."""
        from crucible.services import queueing  # noqa: PLC0415

        # Workers that have died are noticed first: theirs is a run that can be resumed.
        run_id = self.run_id(run, project)
        return queueing.resume(
            self._database.writing,
            queueing.Table() if here else _queue(self._settings),
            self._clock,
            self._settings,
            lambda _session: run_id,
            budget,
        )

    def _command(
        self, run: str, project: str | None, command: Callable[["Session", str], None]
    ) -> Answer:
        from crucible.services import runs  # noqa: PLC0415

        # Workers that have died are noticed first: theirs is a run that can be resumed.
        run_id = self.run_id(run, project)
        with self._database.writing() as session:
            command(session, run_id)
            return runs.get_summary(session, run_id, self._clock.now())


def _queue(settings: Settings) -> "Queue":
    if settings.executor == "celery":
        from crucible.execution.queue import CeleryQueue  # noqa: PLC0415 - a third of a second

        return CeleryQueue(settings)
    from crucible.services.queueing import Table  # noqa: PLC0415

    return Table()


def _query(
    session: "Session", project: str | None, query: dict[str, Any], now: datetime
) -> "RunQuery":
    from crucible.services.listing import RunQuery  # noqa: PLC0415
    from crucible.services.query import parse_moment  # noqa: PLC0415

    given = {name: value for name, value in query.items() if value is not None}
    for name in MOMENTS:
        if name in given:
            given[name] = parse_moment(given[name], now, field=name)
    statuses = tuple(given.pop("status", ()))
    of = None if project is None else references.resolve_project(session, project)
    return RunQuery(of, statuses=statuses, **given)


def _resolved(session: "Session", run: str, project: str | None) -> str:
    of = None if project is None else references.resolve_project(session, project)
    return references.resolve_run(session, run, of)
