"""What a check found."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


_WORST_FIRST = (State.FAILED, State.WARNING, State.OK, State.SKIPPED)


@dataclass(frozen=True)
class Finding:
    status: State
    said: str
    """A sentence without its full stop."""
    fix: str | None = None
    """What to do, with the very command."""


def ok(said: str) -> Finding:
    return Finding(State.OK, said)


def warning(said: str, fix: str | None = None) -> Finding:
    return Finding(State.WARNING, said, fix)


def failed(said: str, fix: str | None = None) -> Finding:
    return Finding(State.FAILED, said, fix)


def skipped(said: str) -> Finding:
    return Finding(State.SKIPPED, said)


def worst(states: Sequence[str]) -> str:
    """`skipped` only where nothing else was found."""
    return next((state for state in _WORST_FIRST if state in states), State.SKIPPED)
