"""History as one object a run: its summary, and what an import needs beyond it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import rfc3339
from crucible.models import LLMCall, Project, Run, RunAttempt
from crucible.services import usage
from crucible.services.history.record import CHUNK, PARTS, columns, shown, table
from crucible.services.listing import MAX_LIMIT, RunQuery, list_runs
from crucible.services.summary import phases_of

_WHOLE_PAGE = 20
_ATTEMPT = (
    RunAttempt.run_id,
    RunAttempt.attempt,
    RunAttempt.status,
    RunAttempt.started_at,
    RunAttempt.completed_at,
    RunAttempt.duration_seconds,
    RunAttempt.error_kind,
    RunAttempt.error_summary,
)


def export_runs(session: Session, query: RunQuery, now: datetime) -> Iterator[list[dict[str, Any]]]:
    """Pages of runs that match `query`, oldest first: each a run summary with `config`, `budget`,
    `estimate`, `attempts` and `phases` as they are stored. Costs the memory of one page.

    `phases` is null where the summary says it all: for a run of one attempt.

    Limit, cursor and sort of the query are not looked at. Raises Invalid.
    """
    page = replace(query, sort="created_at", limit=MAX_LIMIT, cursor=None)
    while True:
        found = list_runs(session, page, now)
        yield _with_more(session, found["runs"])
        if not found["has_more"]:
            return
        page = replace(page, cursor=found["next_cursor"])


def export_whole(
    session: Session, query: RunQuery, now: datetime
) -> Iterator[list[dict[str, Any]]]:
    """The same with all that is on record, calls and results included (`record` says how), and
    each project in a line of its own before its first run. Where a query names nothing but a
    project, or nothing at all, projects without runs come last."""
    told: set[str] = set()
    page = replace(query, sort="created_at", limit=_WHOLE_PAGE, cursor=None)
    while True:
        found = list_runs(session, page, now)
        of = {run["project_id"] for run in found["runs"]} - told
        told |= of
        yield [*_projects(session, Project.id.in_(of)), *_whole(session, found["runs"])]
        if not found["has_more"]:
            break
        page = replace(page, cursor=found["next_cursor"])
    if query == replace(RunQuery(), project_id=query.project_id, limit=query.limit):
        of_query = [Project.id == query.project_id] if query.project_id else []
        rest = _projects(session, *of_query)
        yield [each for each in rest if each["project"]["id"] not in told]


def _projects(session: Session, *where: Any) -> list[dict[str, Any]]:
    of = table(Project).c
    names = columns(Project)
    asked = select(*(of[name] for name in names)).where(*where).order_by(of.id)
    return [{"project": shown(row)} for row in session.execute(asked).mappings()]


def _whole(session: Session, runs: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    ids = [run["id"] for run in runs]
    stored = {row["id"]: row for row in _rows(session, Run, ids, "id")}
    parts: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name, model in PARTS.items():
        parts[name] = defaultdict(list)
        if name != "calls":
            for row in _rows(session, model, ids):
                parts[name][row["run_id"]].append(row)
    for run in _with_more(session, runs):
        record: dict[str, Any] = {"run": stored[run["id"]]}
        record |= {name: parts[name][run["id"]] for name in PARTS}
        calls = _chunks(_rows(session, LLMCall, [run["id"]]))
        evaluations = _chunks(iter(record["evaluations"]))
        record |= {"evaluations": next(evaluations, []), "calls": next(calls, [])}
        yield {**run, "record": record}
        for name, more in (("evaluations", evaluations), ("calls", calls)):
            for chunk in more:
                yield {"continues": run["id"], "record": {name: chunk}}


def _rows(
    session: Session, model: Any, run_ids: Sequence[str], key: str = "run_id"
) -> Iterator[dict[str, Any]]:
    of = table(model).c
    order = list(table(model).primary_key.columns)
    asked = select(*(of[name] for name in columns(model))).where(of[key].in_(run_ids))
    for row in session.execute(
        asked.order_by(*order).execution_options(yield_per=CHUNK)
    ).mappings():
        yield shown(row)


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _with_more(session: Session, runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = [run["id"] for run in runs]
    asked = session.execute(
        select(Run.id, Run.config, Run.budget, Run.estimate).where(Run.id.in_(ids))
    )
    more = {row.id: row for row in asked}
    attempts = _attempts(session, ids)
    phases = phases_of(session, [run["id"] for run in runs if run["attempt"] > 1])
    return [
        {
            **run,
            "config": more[run["id"]].config or None,
            "budget": more[run["id"]].budget,
            "estimate": more[run["id"]].estimate,
            "attempts": attempts[run["id"]],
            "phases": [_phase(row) for row in phases[run["id"]]] if run["id"] in phases else None,
        }
        for run in runs
    ]


def _attempts(session: Session, run_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = session.execute(
        select(*_ATTEMPT)
        .where(RunAttempt.run_id.in_(run_ids))
        .order_by(RunAttempt.run_id, RunAttempt.attempt)
    )
    for row in rows:
        attempt = row._asdict()
        attempt |= {name: rfc3339(attempt[name]) for name in ("started_at", "completed_at")}
        found[attempt.pop("run_id")].append(attempt)
    return found


def _phase(row: Any) -> dict[str, Any]:
    names = "attempt name status started_at completed_at duration_seconds expected produced".split()
    return {
        **{name: row[name] for name in names},
        "started_at": rfc3339(row["started_at"]),
        "completed_at": rfc3339(row["completed_at"]),
        # What the phase has wasted by itself, where a summary looks at all of its attempts.
        "usage": usage.shown(row) | {"wasted_cost_usd": usage.usd(row["wasted_cost_pico"])},
    }
