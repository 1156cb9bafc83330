"""Which failures come again: failed runs grouped by what went wrong, and where."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from crucible.clock import rfc3339
from crucible.models import Run
from crucible.models.values import Status

TOP_FAILURES = 10
Row = Mapping[str, Any]
Pattern = tuple[str | None, str | None, str | None]
"""Fingerprint, kind and phase of a failure; each may be unknown in imported history."""

_PATTERN = (Run.error_fingerprint, Run.error_kind, Run.error_phase)
# Spelled out in the statement: with a parameter the database could not tell that the index of
# failed runs has all of these.
_FAILED = Run.status == literal(Status.FAILED.value, literal_execute=True)


def failure_patterns(
    session: Session, project_id: str, these: Sequence[ColumnElement[bool]], lost: Sequence[Row]
) -> list[dict[str, Any]]:
    """The ten most frequent patterns among the failed runs of a project that meet `these`
    conditions, then newest first: `[{fingerprint, kind, phase, error_summary, count, first_run,
    last_run}]`. `lost` are rows of runs that failed too, though it could not be written yet.
    """
    counts, first, last = func.count(), func.min(Run.created_at), func.max(Run.created_at)
    groups = (
        select(*_PATTERN, counts.label("count"), first.label("first"), last.label("last"))
        .where(*these, _FAILED)
        .group_by(*_PATTERN)
        .order_by(counts.desc(), last.desc(), Run.error_fingerprint)
        # A lost run may lift any pattern among the first.
        .limit(None if lost else TOP_FAILURES)
    )
    found: dict[Pattern, dict[str, Any]] = {
        _pattern(row): row for row in map(_plain, session.execute(groups))
    }
    for run in lost:
        made = run["created_at"]
        group = found.setdefault(_pattern(run), {"count": 0, "first": made, "last": made})
        group["count"] += 1
        group["first"], group["last"] = min(group["first"], made), max(group["last"], made)
    top = sorted(found, key=lambda key: (found[key]["count"], found[key]["last"]), reverse=True)
    return _shown(session, project_id, {key: found[key] for key in top[:TOP_FAILURES]}, lost)


def _plain(row: Any) -> dict[str, Any]:
    return dict(row._asdict())


def _pattern(row: Row) -> Pattern:
    return row["error_fingerprint"], row["error_kind"], row["error_phase"]


def _shown(
    session: Session,
    project_id: str,
    top: Mapping[Pattern, Row],
    lost: Sequence[Row],
) -> list[dict[str, Any]]:
    """The patterns, each with its first and its last run, found by their moments."""
    moments = {group[edge] for group in top.values() for edge in ("first", "last")}
    rows = session.execute(
        select(Run.id, Run.created_at, *_PATTERN).where(
            Run.project_id == project_id, _FAILED, Run.created_at.in_(moments)
        )
    )
    members: dict[Pattern, list[tuple[datetime, str]]] = {key: [] for key in top}
    for row in (*map(_plain, rows), *lost):
        if _pattern(row) in members:
            members[_pattern(row)].append((row["created_at"], row["id"]))
    edges = {key: (min(runs)[1], max(runs)[1]) for key, runs in members.items()}
    runs = _named(session, {run_id for pair in edges.values() for run_id in pair}, lost)
    return [
        {
            "fingerprint": key[0],
            "kind": key[1],
            "phase": key[2],
            "error_summary": runs[edges[key][1]]["error_summary"],
            "count": group["count"],
            "first_run": _brief(runs[edges[key][0]], "created_at"),
            "last_run": _brief(runs[edges[key][1]], "completed_at", "created_at"),
        }
        for key, group in top.items()
    ]


def _named(session: Session, ids: set[str], lost: Sequence[Row]) -> dict[str, Row]:
    columns = (Run.id, Run.number, Run.created_at, Run.completed_at, Run.error_summary)
    rows = session.execute(select(*columns).where(Run.id.in_(ids)))
    return {row.id: _plain(row) for row in rows} | {run["id"]: run for run in lost}


def _brief(run: Row, *moments: str) -> dict[str, Any]:
    return {
        "id": run["id"],
        "number": run["number"],
        **{name: rfc3339(run[name]) for name in moments},
    }
