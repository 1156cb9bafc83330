"""A project's runs over time: the last ones, sums by day, and which failures come again.

Every question walks a stretch of an index of its project; none reads the whole history.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    cast,
    extract,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from crucible.clock import rfc3339
from crucible.errors import Invalid
from crucible.models import Project, Run
from crucible.models.values import Status
from crucible.services.failure_patterns import failure_patterns
from crucible.services.lost import overlaid
from crucible.services.summary import RUN_COLUMNS, phases_of, plain, summarize
from crucible.services.usage import PICO, usd

MAX_RUNS = 200
MAX_DAYS = 90
DAY = timedelta(days=1)
Row = Mapping[str, Any]
# An outer join, so that the database cannot choose to walk over projects first.
_ROWS = select(*RUN_COLUMNS).join(Project, Project.id == Run.project_id, isouter=True)
_PLAIN = "id number status mode created_at completed_at duration_seconds".split()
# Neither the engine nor the zone of its session has a say in where a day begins.
_SECONDS = extract("epoch", Run.created_at)
_DAY = cast(_SECONDS - _SECONDS % literal_column("86400", Integer), BigInteger)


def trends(
    session: Session, project_id: str, now: datetime, limit: int = 50, days: int = 14
) -> dict[str, Any]:
    """The last `limit` runs (1-200) and the last `days` days (1-90, today included):
    `{project_id, generated_at, runs, days, failures}`.

    A day is a calendar day in UTC, and a run belongs to the day it was created, also with what it
    failed of later. `runs` and `days` are in order of time, oldest first; every day is there.
    `failures` are the ten most frequent patterns among runs of these days that failed. Raises
    Invalid naming what is wrong.
    """
    for name, value, most in (("limit", limit, MAX_RUNS), ("days", days, MAX_DAYS)):
        if not 1 <= value <= most:
            raise Invalid.field(name, f"takes a whole number from 1 to {most}")
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    dates = [today - DAY * back for back in reversed(range(days))]
    these: tuple[ColumnElement[bool], ...] = (
        Run.project_id == project_id,
        Run.created_at >= dates[0],
        Run.created_at < today + DAY,
    )
    lost = _lost(session, these)
    return {
        "project_id": project_id,
        "generated_at": rfc3339(now),
        "runs": _runs(session, project_id, limit, now),
        "days": _days(session, these, dates, lost),
        "failures": failure_patterns(
            session, project_id, these, [run for run in lost if _is_failed(run)]
        ),
    }


def _lost(session: Session, these: Sequence[ColumnElement[bool]]) -> list[Row]:
    """Runs whose end is known but could not be written down yet, as they would be if it had."""
    live = plain(session.execute(_ROWS.where(*these, Run.status == Status.RUNNING)))
    phases = phases_of(session, [row["id"] for row in live])
    shown = [overlaid(session, row, phases.get(row["id"], []))[0] for row in live]
    return [row for row in shown if row["status"] != Status.RUNNING]


def _is_failed(run: Row) -> bool:
    return bool(run["status"] == Status.FAILED)


def _runs(session: Session, project_id: str, limit: int, now: datetime) -> list[dict[str, Any]]:
    newest = (
        _ROWS.where(Run.project_id == project_id)
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(limit)
    )
    rows = plain(session.execute(newest))
    # Phases are not asked for: of what is shown here nothing depends on them.
    return [_point(summarize(*overlaid(session, row, []), now)) for row in reversed(rows)]


def _point(run: Row) -> dict[str, Any]:
    total = run["llm_usage"]["total"] if run["llm_usage"] else {}
    return {
        **{name: run[name] for name in _PLAIN},
        "cost_usd": total.get("cost_usd"),
        "unpriced_call_count": total.get("unpriced_call_count", 0),
        "total_tokens": total.get("total_tokens"),
        "evaluation_count": run["evaluation_count"],
        "error_kind": run["error"]["kind"] if run["error"] else None,
    }


def _days(
    session: Session,
    these: Sequence[ColumnElement[bool]],
    dates: Sequence[datetime],
    lost: Sequence[Row],
) -> list[dict[str, Any]]:
    found: dict[int, list[dict[str, Any]]] = {int(date.timestamp()): [] for date in dates}
    rows = session.execute(
        select(
            _DAY.label("day"),
            Run.status,
            Run.error_kind,
            func.count().label("runs"),
            *_sums(Run.cost_pico),
            *_sums(Run.unpriced_call_count),
            *_sums(Run.total_tokens),
        )
        .where(*these)
        .group_by(_DAY, Run.status, Run.error_kind)
    )
    for row in rows:
        found[int(row.day)].append(row._asdict())
    for run in lost:
        _move(found[_day_of(run["created_at"])], run)
    return [_day(date, found[int(date.timestamp())]) for date in dates]


def _sums(column: InstrumentedAttribute[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """A sum in two parts, so that neither can leave 64 bits."""
    return (
        func.sum(column.op("/")(PICO)).label(f"{column.key}_whole"),
        func.sum(column % PICO).label(f"{column.key}_rest"),
    )


def _day_of(moment: datetime) -> int:
    seconds = int(moment.timestamp())
    return seconds - seconds % 86_400


def _move(groups: list[dict[str, Any]], run: Row) -> None:
    """Counts a lost run as what it ended as; what it used stays where it is."""
    still = next(group for group in groups if group["status"] == Status.RUNNING)
    still["runs"] -= 1
    groups.append({"status": run["status"], "error_kind": run["error_kind"], "runs": 1})


def _day(date: datetime, groups: Sequence[Row]) -> dict[str, Any]:
    runs = sum(group["runs"] for group in groups)
    return {
        "date": date.date().isoformat(),
        "run_count": runs,
        "by_status": {
            status.value: count
            for status in Status
            if (count := sum(group["runs"] for group in groups if group["status"] == status))
        },
        "failures_by_kind": _by_kind([group for group in groups if _is_failed(group)]),
        # Without a run nothing was spent; with runs that tell nothing, it is not known.
        "cost_usd": usd(_total(groups, "cost_pico") if runs else 0),
        "unpriced_call_count": _total(groups, "unpriced_call_count") or 0,
        "total_tokens": _total(groups, "total_tokens") if runs else 0,
    }


def _by_kind(failed: Sequence[Row]) -> dict[str, int]:
    """Most frequent first. A kind that imported history does not tell is left out."""
    counts: dict[str, int] = {}
    for group in failed:
        if group["error_kind"] is not None:
            kind = str(group["error_kind"])
            counts[kind] = counts.get(kind, 0) + group["runs"]
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _total(groups: Sequence[Row], name: str) -> int | None:
    known = [
        int(group[f"{name}_whole"]) * PICO + int(group[f"{name}_rest"])
        for group in groups
        if group.get(f"{name}_whole") is not None
    ]
    return sum(known) if known else None
