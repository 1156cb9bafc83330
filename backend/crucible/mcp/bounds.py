"""Keeps an answer within a size that an agent can read."""

import json
from collections.abc import Callable, Mapping
from typing import Any

MAX_BYTES = 64 * 1024
"""Of the structured answer, as JSON."""
DEFAULT_ITEMS, MAX_ITEMS = 50, 500
SHORTEST_TEXT = 100
_NAMED = frozenset(("models", "providers", "constraint_satisfaction"))
"""Objects whose keys are data, and may be as many as a list's items."""
_ROOM = 512
"""For `truncated` and `next`."""

Page = Callable[[int], dict[str, Any]]


def encoded(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def bounded(answer: Mapping[str, Any], max_items: int) -> tuple[dict[str, Any], bool, bool]:
    """The answer with every list of at most `max_items` items, and fewer where it is too large;
    then with its texts cut. Also: whether anything was left out, and whether that was for the
    size alone."""
    items, shown = max_items, _cut(answer, max_items, None)
    by_items = shown != answer
    while not _fits(shown) and items > 1:
        items //= 2
        shown = _cut(answer, items, None)
    length = 8_192
    while not _fits(shown) and length > SHORTEST_TEXT:
        length = max(SHORTEST_TEXT, length // 2)
        shown = _cut(answer, items, length)
    by_size = items != max_items or length != 8_192
    return shown, by_items or by_size, by_size


def page_within(page: Page, limit: int, max_items: int) -> tuple[dict[str, Any], bool]:
    """A page of at most `limit` rows, asked for anew with fewer where it is too large, so that
    its cursor goes on from the last row that is shown. Also: whether rows were cut in themselves.
    """
    while True:
        found = page(limit)
        shown = _cut(found, max_items, None, whole=True)
        if _fits(shown) or limit == 1:
            break
        limit = max(1, min(limit - 1, limit * MAX_BYTES // len(_bytes(shown))))
    shown, cut, _ = bounded(shown, max_items) if not _fits(shown) else (shown, False, False)
    return shown, cut or shown != found


def _fits(answer: Any) -> bool:
    return len(_bytes(answer)) <= MAX_BYTES - _ROOM


def _bytes(answer: Any) -> bytes:
    return encoded(answer).encode("utf-8", "replace")


def _cut(value: Any, items: int, length: int | None, *, whole: bool = False) -> Any:
    """`whole` spares the lists of the object itself: these are the rows of a page."""
    if isinstance(value, Mapping):
        return {
            key: [_cut(each, items, length) for each in inner]
            if whole and isinstance(inner, list)
            else _cut(_first(key, inner, items), items, length)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_cut(each, items, length) for each in value[:items]]
    if isinstance(value, str) and length is not None and len(value) > length:
        return value[: length - 1] + "…"
    return value


def _first(key: str, inner: Any, items: int) -> Any:
    if key in _NAMED and isinstance(inner, Mapping) and len(inner) > items:
        return dict(list(inner.items())[:items])
    return inner
