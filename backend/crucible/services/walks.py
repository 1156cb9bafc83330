"""How the runs of a page are found, so that what it costs does not grow with history.

By time a page is a short walk over an index that leads by project, mode and status. By another
order a filter could have a walk pass by any number of runs. So it is counted first, no further
than COUNT_LIMIT: what few it selects are found over its own index and then sorted; of many,
some are met soon on a walk in the order asked for. The indexes of those orders also hold status
and mode, so that runs which are passed by are not read. Text is looked for in an index that holds
nothing but the texts of runs that have any.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from crucible.models import Project, Run
from crucible.services.run_query import SORT_COLUMNS, RunQuery, position
from crucible.services.summary import RUN_COLUMNS

COUNT_LIMIT = 1_000
Condition = ColumnElement[bool]
# An outer join, so that the database cannot choose to walk over projects first. Made once: to name
# sixty columns takes longer than to read a row.
_ROWS = select(*RUN_COLUMNS, Run.sort_duration, Run.sort_cost, Run.sort_tokens).join(
    Project, Project.id == Run.project_id, isouter=True
)
# In the words of the index of texts, which the database would not recognise in others.
_HAS_TEXT = or_(Run.label.is_not(None), Run.error_summary.is_not(None))


def found(session: Session, query: RunQuery) -> tuple[Select[Any], Select[Any]]:
    """The statement that gives the rows of a page, one more than asked for, and the one that
    gives how many runs match, counted no further than one beyond COUNT_LIMIT.

    One statement is sent before for sorts other than by time with a filter, and for changes.
    """
    if query.updated_since is not None and _few_changed(session, query):
        matches = _matches(query, changed=True)
        return _sorted(query, matches), _bounded(matches)
    matches = _matches(query)
    if query.key == "created_at" or not _filters(query):
        return _walk(query), _bounded(matches)
    count = session.scalar(_bounded(matches)) or 0
    rows = _sorted(query, matches) if count <= COUNT_LIMIT else _walk(query)
    return rows, select(literal(count))


def _few_changed(session: Session, query: RunQuery) -> bool:
    """Whether so little changed since `updated_since` that it is sooner found by its changes."""
    changed = _bounded(select(Run.id).where(Run.updated_at >= query.updated_since))
    return (session.scalar(changed) or 0) <= COUNT_LIMIT


def _filters(query: RunQuery) -> bool:
    return bool(query.statuses or query.mode or query.since or query.until or query.q)


def _bounded(matches: Select[Any]) -> Select[Any]:
    bounded = matches.limit(COUNT_LIMIT + 1).subquery()
    return select(func.count()).select_from(bounded)


def _matches(query: RunQuery, *, changed: bool = False) -> Select[Any]:
    """Ids of the runs that match, found over the index of what selects them: of changes where it
    is said that these are few, of texts where there is one to look for, else of the filter."""
    own = changed or bool(query.q)
    return select(Run.id).where(
        *_project(query, own), *_kind(query, own), *_time(query, changed), *_rest(query)
    )


def _sorted(query: RunQuery, matches: Select[Any]) -> Select[Any]:
    return _in_order(_ROWS.where(Run.id.in_(matches), *_after(query)), query)


def _walk(query: RunQuery) -> Select[Any]:
    by_time = query.key == "created_at"
    if by_time and query.q:
        texts = _in_order(_matches(query).where(*_after(query)), query)
        return _in_order(_ROWS.where(Run.id.in_(texts)), query)
    same = [*_project(query), *_time(query, not by_time), *_rest(query), *_after(query)]
    if not by_time:
        return _in_order(_ROWS.where(*_kind(query, True), *same), query)
    if len(query.within) < 2:
        return _in_order(_ROWS.where(*_kind(query), *same), query)
    # One short walk over the index for each status. Asked for all of them at once, the database
    # would read every run in these states and sort them.
    walks = [
        _in_order(select(Run.id).where(*_mode(query), Run.status == status, *same), query)
        for status in query.within
    ]
    ids = union_all(*(select(walk.subquery().c.id) for walk in walks))
    return _in_order(_ROWS.where(Run.id.in_(ids)), query)


def _in_order(rows: Select[Any], query: RunQuery) -> Select[Any]:
    keys = (SORT_COLUMNS[query.key], Run.id)
    ordered = rows.order_by(*(key.desc() if query.descending else key.asc() for key in keys))
    return ordered.limit(query.limit + 1)


# Conditions. What is "kept off" is an expression of its column, not the column: it keeps the
# database off the indexes that lead by it, over which it would walk past, or have to sort, runs
# without bound.


def _project(query: RunQuery, kept_off: bool = False) -> list[Condition]:
    if query.project_id is None:
        return []
    return [_off(Run.project_id, kept_off) == query.project_id]


def _kind(query: RunQuery, kept_off: bool = False) -> list[Condition]:
    within: Sequence[str] = query.statuses if kept_off else query.within
    if not within:
        return _mode(query, kept_off)
    status = _off(Run.status, kept_off)
    states = sorted(set(within))
    return [
        *_mode(query, kept_off),
        status.in_(states) if len(states) > 1 else status == states[0],
    ]


def _mode(query: RunQuery, kept_off: bool = False) -> list[Condition]:
    return [] if query.mode is None else [_off(Run.mode, kept_off) == query.mode]


def _time(query: RunQuery, kept_off: bool = False) -> list[Condition]:
    created: Any = func.coalesce(Run.created_at, Run.updated_at) if kept_off else Run.created_at
    return [
        *([created >= query.since] if query.since is not None else []),
        *([created < query.until] if query.until is not None else []),
    ]


def _rest(query: RunQuery) -> list[Condition]:
    conditions: list[Condition] = []
    if query.updated_since is not None:
        conditions.append(Run.updated_at >= query.updated_since)
    if query.q:
        within = (Run.label, Run.error_summary)
        conditions.append(_HAS_TEXT)
        conditions.append(or_(*(column.icontains(query.q, autoescape=True) for column in within)))
    return conditions


def _after(query: RunQuery) -> list[Condition]:
    last = position(query)
    if last is None:
        return []
    column = SORT_COLUMNS[query.key]
    behind = tuple_(literal(last[0], column.type), literal(last[1]))
    here = tuple_(column, Run.id)
    return [here < behind if query.descending else here > behind]


def _off(column: InstrumentedAttribute[str], kept_off: bool) -> Any:
    return column.concat("") if kept_off else column
