"""Keeps what Kosmos and its libraries print out of a command's answer."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast


class Stdout:
    """Stands in for stdout: what threads inside Kosmos write goes to stderr, all else through.

    Python's stdout belongs to every thread, and the answer of a command may be on its way through
    it. The file descriptor below is left alone: it cannot be told apart by thread.
    """

    def __init__(self, real: Any) -> None:
        self.real = real

    def _target(self) -> Any:
        # Kosmos's modules may have taken hold of this one at import; a call is inside again.
        return (sys.stderr or self.real) if threading.get_ident() in _inside else self.real

    def write(self, text: str) -> int:
        return int(self._target().write(text))

    def flush(self) -> None:
        self._target().flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


_inside: set[int] = set()
_guard = threading.Lock()


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """What this thread prints goes to stderr: stdout carries the answer of a command alone."""
    mine = threading.get_ident()
    with _guard:
        _inside.add(mine)
        if not isinstance(sys.stdout, Stdout):
            sys.stdout = cast(TextIO, Stdout(sys.stdout))
    try:
        yield
    finally:
        with _guard:
            _inside.discard(mine)
            if not _inside and isinstance(sys.stdout, Stdout):
                sys.stdout = sys.stdout.real
