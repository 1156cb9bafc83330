"""What a tool works with, and how it says what went wrong."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from mcp.server.mcpserver.exceptions import ToolError

from crucible.errors import Ambiguous, CrucibleError, Invalid
from crucible.scrub import Scrubber

Answer = dict[str, Any]


class Source(Protocol):
    """Where answers come from: the database here, or a server. Each gives what the API sends."""

    def runs(self, project: str | None = None, **query: Any) -> Answer: ...

    def run_id(self, run: str, project: str | None = None) -> str: ...

    def run(self, run: str, project: str | None = None) -> Answer: ...

    def calls(self, run: str, project: str | None = None, **query: Any) -> Answer: ...

    def compare(self, base: str, head: str, project: str | None = None) -> Answer: ...

    def health(self, project: str | None = None) -> Answer: ...

    def start(self, project: str | None, request: Answer, key: str | None = None) -> Answer: ...

    def cancel(self, run: str, project: str | None = None) -> Answer: ...

    def resume(
        self, run: str, project: str | None = None, budget: Answer | None = None
    ) -> Answer: ...


@dataclass(frozen=True)
class House:
    """`opened` gives a source for one call, in the thread that calls."""

    opened: Callable[[], AbstractContextManager[Source]]
    scrub: Scrubber

    @contextmanager
    def asked(self) -> Iterator[Source]:
        """What cannot be answered is said in words; the library masks and logs all else."""
        try:
            with self.opened() as source:
                yield source
        except CrucibleError as error:
            raise ToolError(self.scrub(_said(error))) from error


@contextmanager
def one_project(ref: str | None) -> Iterator[None]:
    """Says how to name a project, where one has to be named."""
    try:
        yield
    except Ambiguous as error:
        if ref is not None:
            raise
        hint = "Every run that list_runs shows has its project_id."
        raise Ambiguous("there are several projects: give project_id", hint=hint) from error


def _said(error: CrucibleError) -> str:
    said = f"{error.code}: {error.message}"
    if isinstance(error, Invalid):
        fields = [f"{name}: {' '.join(words)}" for name, words in error.errors.items()]
        said = "; ".join([said, *(field for field in fields if field not in said)])
    return f"{said}. {error.hint}" if error.hint else said
