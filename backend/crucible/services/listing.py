"""Pages of runs, read by key over indexes: what a page costs does not grow with history."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from crucible.clock import rfc3339
from crucible.errors import Invalid
from crucible.models import Project, Run
from crucible.models.values import Mode, Status
from crucible.services.lost import overlaid
from crucible.services.query import decode_cursor, encode_cursor
from crucible.services.summary import RUN_COLUMNS, phases_of, summarize

COUNT_LIMIT = 1_000
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


def list_runs(session: Session, query: RunQuery, now: datetime) -> dict[str, Any]:
    """A page of run summaries: `{project_id, generated_at, runs, total, has_more, next_cursor}`.

    `total` is exact up to 1,000 matches, None beyond. Raises Invalid naming what is wrong.
    """
    _check(query)
    rows = [row._asdict() for row in session.execute(_page(query))]
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    phases = phases_of(session, [row["id"] for row in rows])
    return {
        "project_id": query.project_id,
        "generated_at": rfc3339(now),
        "runs": [
            summarize(*overlaid(session, row, phases.get(row["id"], [])), now) for row in rows
        ],
        "total": _total(session, query),
        "has_more": more,
        "next_cursor": _cursor(query, rows[-1]) if more else None,
    }


def _check(query: RunQuery) -> None:
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


def _page(query: RunQuery) -> Select[Any]:
    statuses = sorted(set(query.statuses))
    if len(statuses) > 1 and query.key == "created_at":
        # One short walk over the index for each status. Asked for all of them at once, the
        # database would read every run in these states and sort them.
        walks = [_ordered(select(Run.id), query, [status]).subquery() for status in statuses]
        ids = union_all(*(select(walk.c.id) for walk in walks))
        return _in_order(_rows().where(Run.id.in_(ids)), query)
    return _ordered(_rows(), query, statuses)


def _rows() -> Select[Any]:
    # An outer join, so that the database cannot choose to walk over projects first.
    return select(*RUN_COLUMNS, SORT_COLUMNS["duration_seconds"], Run.sort_cost, Run.sort_tokens)\
        .join(Project, Project.id == Run.project_id, isouter=True)  # fmt: skip


def _ordered(rows: Select[Any], query: RunQuery, statuses: Sequence[str]) -> Select[Any]:
    conditions = [*_conditions(query), *_status_condition(query, statuses), *_after(query)]
    return _in_order(rows.where(*conditions), query)


def _in_order(rows: Select[Any], query: RunQuery) -> Select[Any]:
    keys = (SORT_COLUMNS[query.key], Run.id)
    ordered = rows.order_by(*(key.desc() if query.descending else key.asc() for key in keys))
    return ordered.limit(query.limit + 1)


def _conditions(query: RunQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.project_id is not None:
        found.append(Run.project_id == query.project_id)
    if query.mode is not None:
        found.append(Run.mode == query.mode)
    if query.since is not None:
        found.append(Run.created_at >= query.since)
    if query.until is not None:
        found.append(Run.created_at < query.until)
    if query.updated_since is not None:
        found.append(Run.updated_at >= query.updated_since)
    if query.q:
        within = (Run.label, Run.error_summary)
        found.append(or_(*(column.icontains(query.q, autoescape=True) for column in within)))
    return found


def _status_condition(query: RunQuery, statuses: Sequence[str]) -> list[ColumnElement[bool]]:
    if not statuses:
        return []
    if query.key == "created_at":
        return [Run.status.in_(statuses)] if len(statuses) > 1 else [Run.status == statuses[0]]
    # An expression keeps the database on the index of the sort: the one of the status would have
    # it sort every run in this state.
    return [Run.status.concat("").in_(statuses)]


def _after(query: RunQuery) -> list[ColumnElement[bool]]:
    if query.cursor is None:
        return []
    column = SORT_COLUMNS[query.key]
    last = tuple_(literal(_position(query), column.type), literal(_cursor_parts(query)[2]))
    here = tuple_(column, Run.id)
    return [here < last if query.descending else here > last]


def _cursor(query: RunQuery, row: Any) -> str:
    value = row[SORT_COLUMNS[query.key].key]
    if isinstance(value, datetime):
        value = value.isoformat()
    return encode_cursor(query.sort, value, row["id"])


def _cursor_parts(query: RunQuery) -> list[Any]:
    kind = str if query.key == "created_at" else (int, float)
    return decode_cursor(query.cursor or "", (str, kind, str))


def _position(query: RunQuery) -> Any:
    sort, value, _ = _cursor_parts(query)
    if sort != query.sort:
        raise Invalid.field("cursor", f"belongs to sort={sort[:32]}: keep the sort while paging")
    if query.key != "created_at":
        if not math.isfinite(value) or abs(value) >= 2**63:
            raise Invalid.field("cursor", "takes `next_cursor` of the page before")
        return float(value) if query.key == "duration_seconds" else int(value)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.field("cursor", "takes `next_cursor` of the page before") from None


def _total(session: Session, query: RunQuery) -> int | None:
    matches = select(literal(1)).where(*_conditions(query))
    if query.statuses:
        matches = matches.where(Run.status.in_(sorted(set(query.statuses))))
    bounded = matches.select_from(Run).limit(COUNT_LIMIT + 1).subquery()
    count = session.scalar(select(func.count()).select_from(bounded)) or 0
    return count if count <= COUNT_LIMIT else None
