"""What an answer must have before it is shown: a server may be of another version, or none.

A shape says what is wrong with a value, or None. Not a schema: fields that later versions add are
kept, and only what the views rest on is looked at.
"""

from collections.abc import Callable
from typing import Any

Shape = Callable[[Any], str | None]


def has(*names: str, **inner: Shape) -> Shape:
    """An object with these fields."""

    def wrong(value: Any) -> str | None:
        if not isinstance(value, dict):
            return "its answer is no object"
        for name in (*names, *inner):
            if name not in value:
                return f"its answer lacks {name}; is it of another version?"
        return next(filter(None, (shape(value[name]) for name, shape in inner.items())), None)

    return wrong


def each(shape: Shape) -> Shape:
    def wrong(value: Any) -> str | None:
        if not isinstance(value, list):
            return "its answer has something else where a list belongs"
        return next(filter(None, map(shape, value)), None)

    return wrong


def text(value: Any) -> str | None:
    return None if isinstance(value, str) else "its answer has something else where text belongs"


def word(value: Any) -> str | None:
    """Text that is shown as it is: nothing that a terminal would obey."""
    fits = isinstance(value, str) and value.isascii() and value.isprintable()
    return None if fits else "its answer has something else where an id or a status belongs"


def whole(value: Any) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool)
    return None if fits else "its answer has something else where a number belongs"


RUN = has("metrics", "llm_usage", "error", "links", id=word, status=word, number=whole)
RUN_DETAIL = has("config", "attempts", "top_candidates", id=word, status=word, number=whole)
RUN_PAGE = has("total", "has_more", "next_cursor", runs=each(RUN))
CALL_PAGE = has("has_more", "next_cursor", calls=each(has(id=word, outcome=word, phase=word)))
RESULTS = has("candidates", "scenarios", "missing")
COMPARISON = has("base", "head", "duration_seconds", "cost_usd", "counts")
VERDICT = has("verdict", "reasons", "window", "anomalies")
TRENDS = has("runs", "days", "failures")
ESTIMATE = has("calls", "tokens", "cost_usd", "duration_seconds", "basis")
PROJECT = has("goals", "constraints", id=word, title=text)
PROJECTS = has(projects=each(PROJECT))
