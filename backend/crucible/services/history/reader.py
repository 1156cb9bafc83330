"""Lines of an import as rows: of a summary what it tells, of a whole record the rows themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from crucible.errors import ErrorKind, RunFailure
from crucible.models.values import LIVE, PHASES, PhaseName
from crucible.scrub import Scrubber
from crucible.services.history.checks import Wrong
from crucible.services.history.record import (
    CHILDREN,
    CONTINUED,
    RECORD,
    Links,
    refuse_strangers,
)
from crucible.services.history.rows import (
    Fields,
    attempts_of,
    end,
    phases_by_attempt,
    phases_of_line,
    refuse_twice,
    run_of,
)
from crucible.services.history.shape import LINE

# Both are true of a run that was live where its line was written: this product did not see it
# end, and nobody here can go on with it.
_WAS_LIVE = RunFailure(
    ErrorKind.WORKER_LOST,
    "it was live where its history was copied from, and cannot go on here",
    hint="Look where it came from for how it ended; here, start a new run.",
)
_WAS_LIVE_WHOLE = RunFailure(
    ErrorKind.WORKER_LOST,
    "it was live where its history was copied from",
    hint="If nobody works on it there any more, resume the run: all that had settled is kept.",
)
_TOLD = {"title", "name", "description", "explanation", "reason", "prompt", "answer"} | {
    "subject",
    "error_detail",
}


@dataclass(frozen=True)
class Rows:
    """Rows by column name; of the project what is needed to make it."""

    run: Fields
    phases: Sequence[Fields]
    attempts: Sequence[Fields]
    project_title: str | None
    problem: Mapping[str, Any] | None
    was_live: bool
    children: Mapping[str, Sequence[Fields]] = field(default_factory=dict)
    """Rows of its calls and results by the names of `record.CHILDREN`, of a run that came whole."""


class Reader:
    """Turns JSON objects into rows. Texts are scrubbed of secrets on their way in."""

    def __init__(self, scrub: Scrubber) -> None:
        # Reasons and hints repeat from run to run; scrubbing each once is ten times as fast.
        self._scrub: Callable[[str], str] = lru_cache(4096)(scrub)
        self._known = scrub.known
        self._open: tuple[str, Links] | None = None

    def rows(self, found: Mapping[str, Any]) -> Rows:
        """Raises Wrong, naming the field and what it takes."""
        line = LINE(found)
        self._open = None
        if found.get("record") is not None:
            return self._whole(line, found["record"])
        phases = list(phases_by_attempt(line) if line["phases"] else phases_of_line(line))
        attempts = attempts_of(line)
        run = run_of(line)
        live = line["status"] in LIVE
        if live:
            end(run, phases, attempts, _WAS_LIVE)
        self._clean(run, attempts)
        problem = (line["config"] or {}).get("problem")
        return Rows(run, phases, attempts, line["project_title"], problem, live)

    def _whole(self, line: Fields, given: Any) -> Rows:
        """Of a line that holds the rows themselves, these."""
        try:
            found = RECORD(given)
            run, phases, attempts = found["run"], found["phases"] or [], found["attempts"] or []
            for name in ("id", "project_id"):
                if run[name] != line[name]:
                    raise Wrong(f"takes what the line says, {line[name]}").under(name).under("run")
            refuse_twice(found, "phases", ("attempt", "name"))
            refuse_twice(found, "attempts", ("attempt",))
            refuse_strangers(run["id"], found)
            links = Links(found)
            links.refuse_loose(found)
        except Wrong as wrong:
            raise wrong.under("record") from None
        for phase in phases:
            phase["position"] = PHASES.index(PhaseName(phase["name"]))
        live = run["status"] in LIVE
        if live:
            end(run, phases, attempts, _WAS_LIVE_WHOLE)
        self._clean(run, attempts)
        self._open = run["id"], links
        problem = (run["config"] or {}).get("problem")
        children = self._children(found)
        return Rows(run, phases, attempts, line["project_title"], problem, live, children)

    def continued(self, given: Mapping[str, Any]) -> Mapping[str, Sequence[Fields]]:
        """More calls and results of the run before. Raises Wrong."""
        found = CONTINUED(given)
        if self._open is None or self._open[0] != found["continues"]:
            raise Wrong("takes the id of the run in the lines before").under("continues")
        run_id, links = self._open
        try:
            refuse_strangers(run_id, found["record"])
            links.refuse_loose(found["record"])
        except Wrong as wrong:
            raise wrong.under("record") from None
        return self._children(found["record"])

    def _clean(self, run: Fields, attempts: Sequence[Fields]) -> None:
        for row in (run, *attempts):
            for name in ("error_summary", "error_message", "error_hint"):
                if row.get(name):
                    row[name] = self._scrub(row[name])
        run["notes"] = [self._scrub(note) for note in run["notes"] or []]

    def _children(self, found: Mapping[str, Any]) -> Mapping[str, Sequence[Fields]]:
        children = {name: found.get(name) or [] for name in CHILDREN}
        for row in (row for rows in children.values() for row in rows):
            for name in _TOLD & row.keys():
                if row[name]:
                    row[name] = self._known(row[name])
        return children
