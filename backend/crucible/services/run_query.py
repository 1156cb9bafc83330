"""What to ask of the list of runs, and where a page of it begins."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from crucible.errors import Invalid
from crucible.models import Run
from crucible.models.values import Mode, Status
from crucible.services.query import decode_cursor, encode_cursor

MAX_LIMIT = 200
SORT_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "created_at": Run.created_at,
    "duration_seconds": Run.sort_duration,
    "cost_usd": Run.sort_cost,
    "total_tokens": Run.sort_tokens,
}


@dataclass(frozen=True)
class RunQuery:
    """What to list. `since` (inclusive) and `until` (exclusive) are about `created_at`; `sort` is
    a key of SORT_COLUMNS, with `-` before it for descending."""

    project_id: str | None = None
    limit: int = 20
    cursor: str | None = None
    statuses: Sequence[str] = ()
    mode: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    updated_since: datetime | None = None
    sort: str = "-created_at"
    q: str | None = None

    @property
    def key(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def within(self) -> Sequence[str]:
        """The states to look in: those asked for, and all where a mode is asked for alone, since
        the index of modes leads on by states."""
        asked = self.statuses or (Status if self.mode is not None else ())
        return sorted({str(status) for status in asked})


def check(query: RunQuery) -> None:
    """Raises Invalid naming what is wrong."""
    if query.key not in SORT_COLUMNS:
        raise Invalid.field("sort", "takes one of " + ", ".join(SORT_COLUMNS) + ", or - before it")
    if not 1 <= query.limit <= MAX_LIMIT:
        raise Invalid.field("limit", f"takes a whole number from 1 to {MAX_LIMIT}")
    if not set(query.statuses) <= set(Status):
        raise Invalid.field("status", "takes one of " + ", ".join(Status))
    if query.mode is not None and query.mode not in set(Mode):
        raise Invalid.field("mode", "takes one of " + ", ".join(Mode))
    if query.q is not None and query.q.encode("utf-8", "replace").decode() != query.q:
        raise Invalid.field("q", "takes text in UTF-8")


def cursor_after(query: RunQuery, row: Any) -> str:
    """Where the page behind `row` begins."""
    value = row[SORT_COLUMNS[query.key].key]
    if isinstance(value, datetime):
        value = value.isoformat()
    return encode_cursor(query.sort, value, row["id"])


def position(query: RunQuery) -> tuple[Any, str] | None:
    """The value sorted by and the id of the last run before this page; None on the first. Raises
    Invalid naming `cursor`."""
    if query.cursor is None:
        return None
    kind = str if query.key == "created_at" else (int, float)
    sort, value, run_id = decode_cursor(query.cursor, (str, kind, str))
    if sort != query.sort:
        raise Invalid.field("cursor", f"belongs to sort={sort[:32]}: keep the sort while paging")
    return _value(query, value), run_id


def _value(query: RunQuery, value: Any) -> Any:
    takes = "takes `next_cursor` of the page before"
    if query.key != "created_at":
        # Ahead of `isfinite`, which turns whole numbers into floats and has a limit.
        if abs(value) >= 2**63 or not math.isfinite(value):
            raise Invalid.field("cursor", takes)
        return float(value) if query.key == "duration_seconds" else int(value)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.field("cursor", takes) from None
