"""Answers from a server, over HTTP: the paths of the API behind the questions of `source`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from crucible import config
from crucible.cli import shapes, state
from crucible.cli.remote_http import Server
from crucible.cli.source import Answer
from crucible.cli.text import clean
from crucible.errors import Ambiguous, Invalid, NotFound

Shape = Callable[[Any], str | None]


@contextmanager
def opened(url: str) -> Iterator["RemoteSource"]:
    server = Server(url, config.load().api_token)
    state.note_asked(url)
    try:
        yield RemoteSource(server)
    finally:
        server.close()


class RemoteSource:
    def __init__(self, server: Server) -> None:
        self._server = server

    def runs(self, project: str | None = None, **query: Any) -> Answer:
        of = "" if project is None else f"/projects/{self._project(project)}"
        return self._get(shapes.RUN_PAGE, f"/api{of}/runs/summary", **query)

    def history(
        self, project: str | None = None, *, full: bool = False, **query: Any
    ) -> Iterator[list[Answer]]:
        if full:
            raise Invalid("a server gives summaries alone: export --full where the database is")
        cursor = None
        while True:
            page = self.runs(project, sort="created_at", limit=200, cursor=cursor, **query)
            yield page["runs"]
            if not page["has_more"]:
                return
            cursor = self._further(page["next_cursor"], cursor)

    def run_id(self, run: str, project: str | None = None) -> str:
        return str(self.run(run, project)["id"])

    def run(self, run: str, project: str | None = None) -> Answer:
        return self._get(shapes.RUN_DETAIL, f"/api/runs/{_run(run)}", project_id=project)

    def calls(self, run: str, project: str | None = None, **query: Any) -> Answer:
        path = f"/api/runs/{self._named(run, project)}/calls"
        return self._get(shapes.CALL_PAGE, path, **query)

    def results(self, run: str, project: str | None = None) -> Answer:
        return self._get(shapes.RESULTS, f"/api/runs/{self._named(run, project)}/results")

    def compare(self, base: str, head: str, project: str | None = None) -> Answer:
        first, second = self._named(base, project), self._named(head, project)
        return self._get(shapes.COMPARISON, f"/api/runs/{first}/compare/{second}")

    def health(self, project: str | None = None) -> Answer:
        return self._get(shapes.VERDICT, f"/api/projects/{self._only(project)}/runs/health")

    def trends(self, project: str | None, limit: int, days: int) -> Answer:
        path = f"/api/projects/{self._only(project)}/runs/trends"
        return self._get(shapes.TRENDS, path, limit=limit, days=days)

    def estimate(self, project: str | None, request: Answer) -> Answer:
        path = f"/api/projects/{self._only(project)}/runs/estimate"
        return self._checked(shapes.ESTIMATE, self._server.post(path, request))

    def projects(self) -> Answer:
        return self._get(shapes.PROJECTS, "/api/projects")

    def project(self, project: str) -> Answer:
        return self._get(shapes.PROJECT, f"/api/projects/{self._project(project)}")

    def create_project(self, data: Answer) -> Answer:
        return self._checked(shapes.PROJECT, self._server.post("/api/projects", data))

    def start(self, project: str | None, request: Answer, key: str | None = None) -> Answer:
        path = f"/api/projects/{self._only(project)}/runs"
        headers = {"Idempotency-Key": key} if key else None
        return self._checked(shapes.RUN, self._server.post(path, request, headers))

    def cancel(self, run: str, project: str | None = None) -> Answer:
        path = f"/api/runs/{self._named(run, project)}/cancel"
        return self._checked(shapes.RUN, self._server.post(path))

    def resume(self, run: str, project: str | None = None, budget: Answer | None = None) -> Answer:
        path = f"/api/runs/{self._named(run, project)}/resume"
        body = None if budget is None else {"budget": budget}
        return self._checked(shapes.RUN, self._server.post(path, body))

    def _get(self, shape: Shape, path: str, **query: Any) -> Answer:
        given = {
            name: [_storable(each) for each in value]
            if isinstance(value, list | tuple)
            else _storable(value)
            for name, value in query.items()
            if value is not None
        }
        return self._checked(shape, self._server.get(path, given))

    def _checked(self, shape: Shape, answer: Any) -> Answer:
        if wrong := shape(answer):
            self._server.strange(wrong)
        found: Answer = answer
        return found

    def _further(self, cursor: Any, before: str | None) -> str:
        """The cursor of a next page that does not lead back to where it came from."""
        if not isinstance(cursor, str) or cursor == before:
            self._server.strange("its pages have no end")
        return cursor

    def _named(self, run: str, project: str | None) -> str:
        """A run as part of a path; one of a project by its full id, which needs none."""
        return _run(run if project is None else self.run_id(run, project))

    def _project(self, project: str) -> str:
        """A project as part of a path."""
        if project and "/" not in project and project.strip("."):
            return quote(_storable(project), safe="")
        # A title that no path can carry.
        ids = [each["id"] for each in self.projects()["projects"] if each["title"] == project]
        if len(ids) > 1:
            raise Ambiguous(f"several projects are titled “{clean(project)}”: give the id")
        if not ids:
            raise NotFound(f"there is no project “{clean(project)}”")
        return quote(ids[0], safe="")

    def _only(self, project: str | None) -> str:
        if project is not None:
            return self._project(project)
        found = self.projects()["projects"]
        if not found:
            raise NotFound("there is no project yet: make one with `crucible test-run`")
        if len(found) > 1:
            raise Ambiguous("there are several projects: name one with --project-id")
        return quote(found[0]["id"], safe="")


def _run(run: str) -> str:
    """A run as part of a path. No run has such a name; a path with it is of something else."""
    if not run or "/" in run or not run.strip(".") or run == "summary":
        raise NotFound(f"there is no run “{clean(run)}”")
    return quote(_storable(run), safe="")


def _storable(value: Any) -> Any:
    # A word of a command line that is not UTF-8 arrives with halves of surrogate pairs.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
